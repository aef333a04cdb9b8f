//! How a stage waits at a boundary.

use std::time::{Duration, Instant};

use super::{
    bed::Bed,
    sync::{lost_race, pause, yield_now},
};

const IS_MODEL: bool = cfg!(all(test, loom));
/// First looks, one after the other: what the other side has just done arrives within 100 ns.
const LOOKS: usize = if IS_MODEL { 0 } else { 50 };
/// Looks after that, with a pause between them.
const PAUSES: usize = if IS_MODEL { 0 } else { 16 };
/// Looks after that, with other threads at work between them, before the clock is read again.
const TURNS: usize = if IS_MODEL { 1 } else { 4 };
/// The longest that [`Waiting::SpinThenPark`] spins.
const SPIN: Duration = Duration::from_micros(if IS_MODEL { 0 } else { 20 });

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

/// How long a side has waited.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Waited {
    pub(crate) seconds: f64,
}

impl Waiting {
    pub(crate) fn never_parks(self) -> bool {
        self == Waiting::Spin
    }

    /// Waits until `look` gives something. Who changes what it looks at is to call the bed.
    #[cold]
    #[inline(never)]
    pub(super) fn until<R>(self, bed: &Bed, waited: &mut Waited, look: impl Fn() -> Option<R>) -> R {
        if self != Waiting::Park
            && let Some(found) = look_for_a_moment(&look)
        {
            return found;
        }
        lost_race();
        let started = Instant::now();
        let found = loop {
            if let Some(found) = self.look_for_a_while(started, &look) {
                break found;
            }
            bed.sleep_unless(|| look().is_some());
        };
        waited.seconds += started.elapsed().as_secs_f64();
        found
    }

    /// Looks, with other threads at work between the looks; `None` when it is time to sleep.
    fn look_for_a_while<R>(self, started: Instant, look: impl Fn() -> Option<R>) -> Option<R> {
        loop {
            for _ in 0..TURNS {
                let found = look();
                if found.is_some() || self == Waiting::Park {
                    return found;
                }
                yield_now();
            }
            if self == Waiting::SpinThenPark && started.elapsed() >= SPIN {
                return look();
            }
        }
    }
}

fn look_for_a_moment<R>(look: impl Fn() -> Option<R>) -> Option<R> {
    let at_once = (0..LOOKS).find_map(|_| look());
    at_once.or_else(|| {
        (0..PAUSES).find_map(|_| {
            pause();
            look()
        })
    })
}
