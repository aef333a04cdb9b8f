//! How a graph is run, and what the run says about itself: plain data.

use std::{
    fmt,
    sync::Arc,
    time::{Duration, Instant},
};

use serde::{Serialize, Serializer};

use super::board::Sum;
use crate::{CancelToken, Observer};

/// The version of the names and meanings in the JSON of [`StreamReport`] and [`super::Snapshot`]: a reader that knows a
/// version understands all files of that version, in which fields may be added, but none removed or changed.
pub const SCHEMA: u32 = 1;

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
    /// Is told of every call that is timed, of snapshots and of stalls.
    pub observer: Option<Arc<dyn Observer>>,
    /// How often the observer gets a [`super::Snapshot`]; the last one, when the run has ended, is final.
    pub snapshot_every: Option<Duration>,
    /// The observer is told ([`super::Stall`]) if no call has ended and no frame has moved anywhere for so long.
    pub stall_after: Option<Duration>,
    /// What else is to happen then.
    pub on_stall: OnStall,
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("frames", &self.frames)
            .field("cancel", &self.cancel)
            .field("deadline", &self.deadline)
            .field("sampling", &self.sampling)
            .field("snapshot_every", &self.snapshot_every)
            .field("stall_after", &self.stall_after)
            .field("on_stall", &self.on_stall)
            .finish_non_exhaustive()
    }
}

/// What happens when nothing moves for [`Settings::stall_after`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum OnStall {
    /// The observer is told, once for each stall.
    #[default]
    Tell,
    /// The run ends with [`crate::Error::Stalled`] as soon as the calls at work return: no further frame is begun, and
    /// [`Settings::cancel`] is cancelled, so that a task that looks at its clone of the token knows.
    End,
}

/// Which frames are timed; calls are always counted. A timed frame reads the clock at every task boundary.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Sampling {
    /// None.
    #[default]
    Off,
    /// One frame in so many, near enough: the first and others by their number, spread so that a graph that does
    /// something at every k-th frame is seen doing it.
    OneIn(u64),
    /// All.
    Every,
}

impl Sampling {
    #[inline]
    pub(crate) fn is_due(self, frame: u64) -> bool {
        match self {
            Sampling::Off => false,
            // Multiples of the golden ratio are spread evenly, and so are those of any step.
            Sampling::OneIn(n) => {
                let spread = frame.wrapping_mul(0x9e37_79b9_7f4a_7c15);
                (u128::from(spread) * u128::from(n)) >> 64 == 0
            }
            Sampling::Every => true,
        }
    }
}

/// How a run went.
///
/// ```
/// use facette_flow::{closures::{iterate, map}, graph::{Graph, Sampling, Sequence, Settings}};
///
/// let mut graph = Graph::new();
/// let number = graph.source(iterate("Count", 0..100_u64));
/// graph.task(number, map("Check", |n: u64| if n < 100 { Ok(()) } else { Err("large".into()) }));
/// let settings = Settings { sampling: Sampling::OneIn(10), ..Settings::default() };
/// let report = Sequence::new(graph, 1)?.run(&settings)?;
/// assert_eq!((report.tasks[1].calls, report.tasks[1].clock.calls), (100, 11));
/// assert!(report.to_json().starts_with("{\"schema\":1,\"frames\":100,"));
/// assert!(report.table().contains("Check"));
/// # Ok::<(), facette_flow::Error>(())
/// ```
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct StreamReport {
    /// [`SCHEMA`].
    pub schema: u32,
    /// Frames that came to the end, those that a filter dropped included.
    pub frames: u64,
    /// Seconds from start to end.
    pub wall_s: f64,
    /// Every task, stage by stage.
    pub tasks: Vec<TaskStats>,
    /// Every boundary between stages.
    pub boundaries: Vec<BoundaryStats>,
}

impl StreamReport {
    /// The report as one line of JSON: the fields of this type by their names, see [`SCHEMA`].
    pub fn to_json(&self) -> String {
        json(self)
    }
}

/// JSON of plain data.
pub(crate) fn json(data: &impl Serialize) -> String {
    // Invariant: names are text, and numbers that JSON cannot say become null.
    serde_json::to_string(data).expect("plain data can be written")
}

/// How one task went, over all replicas.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct TaskStats {
    /// Name of the task.
    #[serde(serialize_with = "text")]
    pub name: Arc<str>,
    /// Its stage, from 0.
    pub stage: usize,
    /// Copies that worked side by side.
    pub replicas: usize,
    /// Calls made.
    pub calls: u64,
    /// What was measured of them; of fewer calls than were made if not all frames were timed ([`Sampling`]).
    pub clock: Clock,
    /// Seconds inside the task, over all replicas: what was measured, or as much for each call where it is a sample.
    /// `None` where no call was timed.
    pub busy_s: Option<f64>,
    /// Frames per second that its replicas can work on together, when they neither wait nor do anything else. `None`
    /// where no call was timed.
    pub throughput_per_s: Option<f64>,
    /// Timers of its own ([`super::timed`]), in the order in which they were first met.
    pub timers: Vec<TimerStats>,
    /// The same, replica by replica.
    pub per_replica: Vec<ReplicaStats>,
}

impl TaskStats {
    pub(crate) fn new(name: Arc<str>, stage: usize, per_replica: Vec<ReplicaStats>) -> Self {
        let (mut calls, mut clock) = (0, Clock::default());
        for replica in &per_replica {
            calls += replica.calls;
            clock.merge(&replica.clock);
        }
        let mean_s = clock.mean_s();
        let replicas = per_replica.len();
        TaskStats {
            name,
            stage,
            replicas,
            calls,
            clock,
            busy_s: mean_s.map(|mean_s| mean_s * calls as f64),
            throughput_per_s: mean_s.filter(|&mean_s| mean_s > 0.0).map(|mean_s| replicas as f64 / mean_s),
            timers: Vec::new(),
            per_replica,
        }
    }

    /// Whether the times are those of a sample of the calls.
    pub fn is_sampled(&self) -> bool {
        0 < self.clock.calls && self.clock.calls < self.calls
    }
}

/// How a task went in one replica of its stage.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ReplicaStats {
    /// Calls made.
    pub calls: u64,
    /// What was measured of them.
    pub clock: Clock,
}

/// A timer of a task's own; counts only in frames that are timed.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct TimerStats {
    /// Its name.
    pub name: &'static str,
    /// What was measured, over all replicas.
    pub clock: Clock,
}

/// The times of the calls that were timed.
///
/// In JSON it has `mean_s`, too, and what is not known is null.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(into = "KnownTimes")]
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

/// A [`Clock`] in JSON.
#[derive(Serialize)]
struct KnownTimes {
    calls: u64,
    total_s: f64,
    mean_s: Option<f64>,
    min_s: Option<f64>,
    max_s: Option<f64>,
}

impl From<Clock> for KnownTimes {
    fn from(clock: Clock) -> Self {
        let Clock { calls, total_s, min_s, max_s } = clock;
        let known = |seconds| (calls > 0).then_some(seconds);
        KnownTimes { calls, total_s, mean_s: clock.mean_s(), min_s: known(min_s), max_s: known(max_s) }
    }
}

impl Default for Clock {
    fn default() -> Self {
        Clock { calls: 0, total_s: 0.0, min_s: f64::INFINITY, max_s: 0.0 }
    }
}

impl From<Sum> for Clock {
    fn from(Sum { n, total, min, max }: Sum) -> Self {
        let seconds = |nanoseconds: u64| nanoseconds as f64 / 1e9;
        let min_s = if n == 0 { f64::INFINITY } else { seconds(min) };
        Clock { calls: n, total_s: seconds(total), min_s, max_s: seconds(max) }
    }
}

impl Clock {
    /// The mean in seconds, which is the latency of the task; `None` where no call was timed.
    pub fn mean_s(&self) -> Option<f64> {
        (self.calls > 0).then(|| self.total_s / self.calls as f64)
    }

    pub(crate) fn merge(&mut self, other: &Clock) {
        self.calls += other.calls;
        self.total_s += other.total_s;
        self.min_s = self.min_s.min(other.min_s);
        self.max_s = self.max_s.max(other.max_s);
    }
}

/// How full a boundary was, and how long stages waited there. Waits of less than a microsecond are not counted.
#[derive(Clone, Debug, Default, Serialize)]
#[non_exhaustive]
pub struct BoundaryStats {
    /// Frames that there is room for.
    pub capacity: u64,
    /// Frames that lay there when one had just been put there.
    pub occupancy: Occupancy,
    /// Seconds that the stage in front waited for room, over its replicas.
    pub waited_room_s: f64,
    /// Seconds that the stage behind waited for frames, over its replicas.
    pub waited_frame_s: f64,
    /// Seconds that each replica of the stage in front waited for room.
    pub replicas_waited_room_s: Vec<f64>,
    /// Seconds that each replica of the stage behind waited for frames.
    pub replicas_waited_frame_s: Vec<f64>,
}

impl BoundaryStats {
    /// Adds another run of the same graph.
    pub(crate) fn add(&mut self, turn: &BoundaryStats) {
        let add = |all: &mut Vec<f64>, turn: &[f64]| {
            all.resize(all.len().max(turn.len()), 0.0);
            all.iter_mut().zip(turn).for_each(|(all, turn)| *all += turn);
        };
        self.capacity = self.capacity.max(turn.capacity);
        self.occupancy = self.occupancy.and(turn.occupancy);
        self.waited_room_s += turn.waited_room_s;
        self.waited_frame_s += turn.waited_frame_s;
        add(&mut self.replicas_waited_room_s, &turn.replicas_waited_room_s);
        add(&mut self.replicas_waited_frame_s, &turn.replicas_waited_frame_s);
    }
}

/// How many frames lay at a boundary: looked at when a timed frame had been put there, so a sample ([`Sampling`]), and
/// none where nothing is timed. Both sides go on meanwhile, so each look may be wrong by the frames on the move.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Occupancy {
    /// How often it was looked at.
    pub samples: u64,
    /// Frames on average; `None` where it was not looked at.
    pub mean: Option<f64>,
    /// Frames at most.
    pub max: u64,
}

impl Occupancy {
    /// What both looks together say.
    fn and(self, other: Occupancy) -> Self {
        let samples = self.samples + other.samples;
        let total = |o: Occupancy| o.mean.unwrap_or(0.0) * o.samples as f64;
        let mean = (samples > 0).then(|| (total(self) + total(other)) / samples as f64);
        Occupancy { samples, mean, max: self.max.max(other.max) }
    }
}

impl From<Sum> for Occupancy {
    fn from(Sum { n, total, max, .. }: Sum) -> Self {
        Occupancy { samples: n, mean: (n > 0).then(|| total as f64 / n as f64), max }
    }
}

fn text<S: Serializer>(name: &Arc<str>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(name)
}
