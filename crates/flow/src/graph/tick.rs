//! The clock of the statistics: nanoseconds as one number.
//!
//! `Instant` checks and normalizes what it reads, and again when two are subtracted; at every task boundary that is a
//! seventh of the cost. On Linux the clock behind `Instant` is read directly, elsewhere it is `Instant` itself.

use std::{
    sync::OnceLock,
    time::{Duration, Instant},
};

/// Pairs of readings of which the closest ties the two clocks together.
#[cfg(target_os = "linux")]
const PAIRS: usize = 16;

/// A moment, in nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Tick(u64);

impl Tick {
    /// Now; never less than it was on the same thread.
    #[inline]
    pub(crate) fn now() -> Self {
        Tick(nanoseconds())
    }

    /// Nanoseconds from `self` to `later`.
    #[inline]
    pub(crate) fn until(self, later: Tick) -> u64 {
        later.0.saturating_sub(self.0)
    }

    /// The same moment for those who want an `Instant`, within some tens of nanoseconds, which are the same for all.
    pub(crate) fn instant(self) -> Instant {
        let &(instant, Tick(tick)) = ORIGIN.get_or_init(origin);
        let away = Duration::from_nanos(self.0.abs_diff(tick));
        let moment = if self.0 < tick { instant.checked_sub(away) } else { instant.checked_add(away) };
        moment.unwrap_or(instant)
    }
}

static ORIGIN: OnceLock<(Instant, Tick)> = OnceLock::new();

#[cfg(target_os = "linux")]
#[inline]
fn nanoseconds() -> u64 {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    // Invariant: this clock counts up from the start of the system.
    (now.tv_sec as u64).wrapping_mul(1_000_000_000).wrapping_add(now.tv_nsec as u64)
}

#[cfg(target_os = "linux")]
fn origin() -> (Instant, Tick) {
    let pair = |_| {
        let (before, instant, after) = (nanoseconds(), Instant::now(), nanoseconds());
        (after - before, instant, Tick(before + (after - before) / 2))
    };
    let closest = (1..PAIRS).map(pair).fold(pair(0), |best, pair| if pair.0 < best.0 { pair } else { best });
    (closest.1, closest.2)
}

#[cfg(not(target_os = "linux"))]
fn nanoseconds() -> u64 {
    let (origin, _) = ORIGIN.get_or_init(origin);
    u64::try_from(origin.elapsed().as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(not(target_os = "linux"))]
fn origin() -> (Instant, Tick) {
    (Instant::now(), Tick(0))
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::Tick;

    #[test]
    fn ticks_are_instants() {
        // Between two readings it must lie; a millisecond is left for a thread that was held up when they were tied.
        let slack = Duration::from_millis(1);
        for _ in 0..100 {
            let (before, tick, after) = (Instant::now(), Tick::now(), Instant::now());
            assert!(before <= tick.instant() + slack && tick.instant() <= after + slack);
            let later = Tick::now();
            assert!(
                tick <= later && tick.until(later) < 60_000_000_000 && later.until(tick) <= tick.until(later)
            );
            assert_eq!(later.instant() - tick.instant(), Duration::from_nanos(tick.until(later)));
        }
    }
}
