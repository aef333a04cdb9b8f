//! What a profile is made of: the time of every call of a sample, and the sizes of its frames.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::{BoxError, Call, Observer, Source};

/// One call of a task.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Timing {
    pub(crate) task: String,
    /// Threads that tasks that are parallel inside had.
    pub(crate) threads: usize,
    pub(crate) frame: u64,
    pub(crate) seconds: f64,
}

/// Notes every call.
pub(crate) struct Recorder {
    pub(crate) threads: usize,
    /// Frames before this one warm up.
    pub(crate) from: u64,
    pub(crate) timings: Mutex<Vec<Timing>>,
}

impl Observer for Recorder {
    fn called(&self, call: &Call<'_>) {
        let Some(frame) = call.frame.filter(|&frame| frame >= self.from) else { return };
        let timing =
            Timing { task: call.task.to_owned(), threads: self.threads, frame, seconds: call.seconds() };
        self.timings.lock().unwrap_or_else(PoisonError::into_inner).push(timing);
    }
}

/// Sizes of the first frames of a stream.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sizes(Arc<Mutex<Vec<u64>>>);

/// Frames whose sizes are kept: more than a sample has.
const MOST_SIZES: usize = 1 << 12;

impl Sizes {
    pub(crate) fn lock(&self) -> MutexGuard<'_, Vec<u64>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A source whose frames are weighed on their way.
pub(crate) struct Weighed<S> {
    pub(crate) source: S,
    pub(crate) sizes: Sizes,
}

impl<S: Source> Source for Weighed<S> {
    type Out = S::Out;

    fn name(&self) -> String {
        self.source.name()
    }

    fn next(&mut self) -> Result<Option<S::Out>, BoxError> {
        let frame = self.source.next()?;
        if let Some(frame) = &frame {
            let mut sizes = self.sizes.lock();
            if sizes.len() < MOST_SIZES {
                sizes.push(self.source.size(frame));
            }
        }
        Ok(frame)
    }
}
