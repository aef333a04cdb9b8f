//! How a stage waits at a boundary.

use std::time::{Duration, Instant};

/// Looks at the other side before anything else is done: a frame that is on its way takes less than a microsecond.
const PAUSES: usize = if cfg!(all(test, loom)) { 0 } else { 64 };
/// The longest that [`Waiting::SpinThenPark`] spins.
const SPIN: Duration = Duration::from_micros(20);

/// How a stage waits for frames, and for room.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Waiting {
    /// Looks again and again: quickest, but a core is busy while nothing happens. Between looks it lets other threads
    /// run, so that more threads than cores make progress.
    Spin,
    /// Looks for at most 20 µs, then sleeps.
    #[default]
    SpinThenPark,
    /// Sleeps at once.
    Park,
}

impl Waiting {
    pub(crate) fn never_parks(self) -> bool {
        self == Waiting::Spin
    }

    pub(crate) fn parks_at_once(self) -> bool {
        self == Waiting::Park
    }

    pub(crate) fn pauses(self) -> usize {
        PAUSES
    }

    /// Whether to go on looking.
    pub(crate) fn is_patient(self, started: Instant) -> bool {
        match self {
            Waiting::Spin => true,
            Waiting::SpinThenPark => started.elapsed() < SPIN,
            Waiting::Park => false,
        }
    }
}
