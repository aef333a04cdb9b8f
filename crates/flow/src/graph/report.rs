//! How a graph is run, and what the run says about itself: plain data.

use std::{
    fmt,
    sync::Arc,
    time::{Duration, Instant},
};

use crate::{CancelToken, Observer};

/// How a sequence or a pipeline is to be run.
#[derive(Clone, Default)]
pub struct Settings {
    /// Most frames to begin; `None` goes on until a source ends. Of a sequence each copy begins as many.
    pub frames: Option<u64>,
    /// Stops the run from outside: frames in flight are finished, then it ends with [`crate::Error::Cancelled`].
    pub cancel: CancelToken,
    /// When to stop in the same way, with [`crate::Error::Deadline`].
    pub deadline: Option<Instant>,
    /// Which frames are timed.
    pub sampling: Sampling,
    /// Is told of every call that is timed.
    pub observer: Option<Arc<dyn Observer>>,
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("frames", &self.frames)
            .field("cancel", &self.cancel)
            .field("deadline", &self.deadline)
            .field("sampling", &self.sampling)
            .finish_non_exhaustive()
    }
}

/// Which frames are timed; calls are always counted. A timed frame reads the clock at every task boundary.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Sampling {
    /// None.
    #[default]
    Off,
    /// One frame in so many.
    OneIn(u64),
    /// All.
    Every,
}

impl Sampling {
    pub(crate) fn is_due(self, frame: u64) -> bool {
        match self {
            Sampling::Off => false,
            Sampling::OneIn(n) => frame.is_multiple_of(n.max(1)),
            Sampling::Every => true,
        }
    }
}

/// How a run went.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct StreamReport {
    /// Frames that came to the end, those that a filter dropped included.
    pub frames: u64,
    /// Seconds from start to end.
    pub wall_s: f64,
    /// Every task, stage by stage.
    pub tasks: Vec<TaskStats>,
    /// Every boundary between stages.
    pub boundaries: Vec<BoundaryStats>,
}

/// How one task went, over all replicas.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct TaskStats {
    /// Name of the task.
    pub name: Arc<str>,
    /// Its stage, from 0.
    pub stage: usize,
    /// Copies that worked side by side.
    pub replicas: usize,
    /// Calls made.
    pub calls: u64,
    /// What was measured.
    pub clock: Clock,
}

/// The times of the calls that were timed.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Clock {
    /// Calls that were timed.
    pub calls: u64,
    /// Their sum in seconds.
    pub total_s: f64,
    /// The shortest in seconds; infinite where none was timed.
    pub min_s: f64,
    /// The longest in seconds.
    pub max_s: f64,
}

impl Default for Clock {
    fn default() -> Self {
        Clock { calls: 0, total_s: 0.0, min_s: f64::INFINITY, max_s: 0.0 }
    }
}

impl Clock {
    /// The mean in seconds; `None` where no call was timed.
    pub fn mean_s(&self) -> Option<f64> {
        (self.calls > 0).then(|| self.total_s / self.calls as f64)
    }

    pub(crate) fn add(&mut self, time: Duration) {
        let seconds = time.as_secs_f64();
        self.calls += 1;
        self.total_s += seconds;
        self.min_s = self.min_s.min(seconds);
        self.max_s = self.max_s.max(seconds);
    }

    pub(crate) fn merge(&mut self, other: &Clock) {
        self.calls += other.calls;
        self.total_s += other.total_s;
        self.min_s = self.min_s.min(other.min_s);
        self.max_s = self.max_s.max(other.max_s);
    }
}

/// How long stages waited at one boundary, summed over replicas. Waits of less than a microsecond are not counted.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct BoundaryStats {
    /// Seconds that the stage in front waited for room.
    pub waited_room_s: f64,
    /// Seconds that the stage behind waited for frames.
    pub waited_frame_s: f64,
}
