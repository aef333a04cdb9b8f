//! Counters that each replica keeps while it works, and that anybody may read meanwhile.
//!
//! A counter has one writer, so it is a load and a store without a lock prefix: as cheap as a plain field. It lies on a
//! cache line that nobody else touches until somebody looks, which is rare.

use std::sync::{
    Arc, Mutex, MutexGuard, PoisonError,
    atomic::{AtomicU64, AtomicUsize, Ordering},
};

use super::report::{Clock, TimerStats};

/// How often and how long, written by one thread.
#[derive(Debug)]
#[repr(align(128))]
pub(crate) struct Tally {
    /// Calls that were not timed.
    untimed: AtomicU64,
    timed: AtomicU64,
    total: AtomicU64,
    min: AtomicU64,
    max: AtomicU64,
}

impl Default for Tally {
    fn default() -> Self {
        let zero = || AtomicU64::new(0);
        Tally { untimed: zero(), timed: zero(), total: zero(), min: AtomicU64::new(u64::MAX), max: zero() }
    }
}

#[inline]
fn add(counter: &AtomicU64, n: u64) {
    counter.store(counter.load(Ordering::Relaxed).wrapping_add(n), Ordering::Relaxed);
}

impl Tally {
    fn reset(&self) {
        for counter in [&self.untimed, &self.timed, &self.total, &self.max] {
            counter.store(0, Ordering::Relaxed);
        }
        self.min.store(u64::MAX, Ordering::Relaxed);
    }

    /// One more call, which is not timed.
    #[inline]
    pub(crate) fn count(&self) {
        add(&self.untimed, 1);
    }

    /// What was counted was none.
    pub(crate) fn discount(&self) {
        add(&self.untimed, u64::MAX);
    }

    /// One more call, of so many nanoseconds, or another measured value.
    #[inline]
    pub(crate) fn time(&self, value: u64) {
        add(&self.timed, 1);
        add(&self.total, value);
        if value < self.min.load(Ordering::Relaxed) {
            self.min.store(value, Ordering::Relaxed);
        }
        if value > self.max.load(Ordering::Relaxed) {
            self.max.store(value, Ordering::Relaxed);
        }
    }

    /// Work that belongs to no call: at the end of a stream.
    pub(crate) fn extend(&self, nanoseconds: u64) {
        add(&self.total, nanoseconds);
        self.max.fetch_max(nanoseconds, Ordering::Relaxed);
    }

    /// Adds values that were measured elsewhere.
    pub(crate) fn absorb(&self, sum: &Sum) {
        add(&self.timed, sum.n);
        add(&self.total, sum.total);
        self.min.fetch_min(sum.min, Ordering::Relaxed);
        self.max.fetch_max(sum.max, Ordering::Relaxed);
    }

    pub(crate) fn calls(&self) -> u64 {
        // Below zero for a moment where a call that was timed is taken back.
        self.untimed.load(Ordering::Relaxed).wrapping_add(self.timed.load(Ordering::Relaxed))
    }

    /// What was measured.
    pub(crate) fn sum(&self) -> Sum {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Sum { n: read(&self.timed), total: read(&self.total), min: read(&self.min), max: read(&self.max) }
    }

    /// What was measured, as times.
    pub(crate) fn clock(&self) -> Clock {
        self.sum().into()
    }
}

/// Measured values, added up.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sum {
    pub(crate) n: u64,
    pub(crate) total: u64,
    pub(crate) min: u64,
    pub(crate) max: u64,
}

impl Default for Sum {
    fn default() -> Self {
        Sum { n: 0, total: 0, min: u64::MAX, max: 0 }
    }
}

impl Sum {
    pub(crate) fn add(&mut self, value: u64) {
        self.merge(&Sum { n: 1, total: value, min: value, max: value });
    }

    pub(crate) fn merge(&mut self, other: &Sum) {
        self.n += other.n;
        self.total += other.total;
        self.min = self.min.min(other.min);
        self.max = self.max.max(other.max);
    }
}

/// What a replica does when it runs no task.
pub(crate) mod doing {
    /// Not begun.
    pub(crate) const STARTS: usize = usize::MAX;
    /// Waits for a frame of the stage in front.
    pub(crate) const FRAME: usize = usize::MAX - 1;
    /// Waits for room behind it.
    pub(crate) const ROOM: usize = usize::MAX - 2;
    /// Waits until a frame has left the stages behind it.
    pub(crate) const TOKEN: usize = usize::MAX - 3;
    /// Waits for the other replicas to end.
    pub(crate) const OTHERS: usize = usize::MAX - 4;
    /// Has ended.
    pub(crate) const OVER: usize = usize::MAX - 5;
}

/// A timer of a task's own.
struct Timer {
    step: usize,
    name: &'static str,
    tally: Arc<Tally>,
}

/// Where one replica of one stage keeps its counters.
#[repr(align(128))]
pub(crate) struct Desk {
    /// The op at work, or one of [`doing`].
    doing: AtomicUsize,
    /// The frame at work.
    frame: AtomicU64,
    /// Frames that came in; at a first stage those that are done.
    taken: AtomicU64,
    /// Frames that were put into the ring behind.
    given: AtomicU64,
    pub(crate) stage: usize,
    pub(crate) replica: usize,
    /// By step.
    pub(crate) tallies: Box<[Arc<Tally>]>,
    /// Frames at the boundary behind it, where that was looked at.
    pub(crate) crowd: Tally,
    timers: Mutex<Vec<Timer>>,
    /// The thread, as the operating system calls it; 0 if that is not known.
    thread: AtomicU64,
}

impl Desk {
    pub(crate) fn new(stage: usize, replica: usize, n_steps: usize) -> Self {
        let zero = || AtomicU64::new(0);
        Desk {
            doing: AtomicUsize::new(doing::STARTS),
            frame: zero(),
            taken: zero(),
            given: zero(),
            stage,
            replica,
            tallies: (0..n_steps).map(|_| Arc::default()).collect(),
            crowd: Tally::default(),
            timers: Mutex::default(),
            thread: zero(),
        }
    }

    /// Begins anew, for the next run.
    fn reset(&self) {
        for counter in [&self.frame, &self.taken, &self.given, &self.thread] {
            counter.store(0, Ordering::Relaxed);
        }
        self.set_doing(doing::STARTS);
        self.tallies.iter().for_each(|tally| tally.reset());
        self.crowd.reset();
        self.timers().clear();
    }

    /// The thread that works here, unless its work is done by others.
    pub(crate) fn sit_down(&self, has_pool: bool) {
        #[cfg(target_os = "linux")]
        if !has_pool {
            let thread = rustix::thread::gettid().as_raw_nonzero().get();
            self.thread.store(u64::try_from(thread).unwrap_or(0), Ordering::Relaxed);
        }
        #[cfg(not(target_os = "linux"))]
        let _ = has_pool;
    }

    /// The thread by its number, if that is known and says anything.
    pub(crate) fn thread(&self) -> Option<u64> {
        Some(self.thread.load(Ordering::Relaxed)).filter(|&thread| thread > 0)
    }

    #[inline]
    pub(crate) fn set_doing(&self, doing: usize) {
        self.doing.store(doing, Ordering::Relaxed);
    }

    #[inline]
    pub(crate) fn doing(&self) -> usize {
        self.doing.load(Ordering::Relaxed)
    }

    #[inline]
    pub(crate) fn set_frame(&self, frame: u64) {
        self.frame.store(frame, Ordering::Relaxed);
    }

    pub(crate) fn frame(&self) -> u64 {
        self.frame.load(Ordering::Relaxed)
    }

    #[inline]
    pub(crate) fn set_taken(&self, taken: u64) {
        self.taken.store(taken, Ordering::Relaxed);
    }

    pub(crate) fn taken(&self) -> u64 {
        self.taken.load(Ordering::Relaxed)
    }

    /// One more frame was put into the ring.
    #[inline]
    pub(crate) fn give(&self) {
        add(&self.given, 1);
    }

    pub(crate) fn given(&self) -> u64 {
        self.given.load(Ordering::Relaxed)
    }

    /// Calls of all tasks.
    pub(crate) fn calls(&self) -> u64 {
        self.tallies.iter().map(|tally| tally.calls()).fold(0, u64::wrapping_add)
    }

    /// Adds a timer for a step.
    pub(crate) fn add_timer(&self, step: usize, name: &'static str) -> Arc<Tally> {
        let tally = Arc::<Tally>::default();
        self.timers().push(Timer { step, name, tally: tally.clone() });
        tally
    }

    /// Adds what the timers of a step have measured.
    pub(crate) fn add_timers(&self, step: usize, all: &mut Vec<TimerStats>) {
        for Timer { name, tally, .. } in self.timers().iter().filter(|timer| timer.step == step) {
            match all.iter_mut().find(|known| known.name == *name) {
                Some(known) => known.clock.merge(&tally.clock()),
                None => all.push(TimerStats { name, clock: tally.clock() }),
            }
        }
    }

    fn timers(&self) -> MutexGuard<'_, Vec<Timer>> {
        self.timers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The counters of a run, by stage and replica.
pub(crate) struct Board {
    pub(crate) stages: Vec<Vec<Arc<Desk>>>,
}

impl Board {
    /// For stages of so many steps and replicas.
    pub(crate) fn new(shape: impl Iterator<Item = (usize, usize)>) -> Self {
        let desks = |(stage, (n_steps, replicas)): (usize, (usize, usize))| {
            (0..replicas).map(|replica| Arc::new(Desk::new(stage, replica, n_steps))).collect()
        };
        Board { stages: shape.enumerate().map(desks).collect() }
    }

    /// Begins anew, for the next run.
    pub(crate) fn reset(&self) {
        self.desks().for_each(|desk| desk.reset());
    }

    pub(crate) fn desks(&self) -> impl Iterator<Item = &Arc<Desk>> {
        self.stages.iter().flatten()
    }

    /// Frames that lie at the boundary behind a stage, more or less: both sides go on while they are counted.
    pub(crate) fn waiting(&self, stage: usize, capacity: usize) -> u64 {
        let sum = |stage: usize, part: fn(&Desk) -> u64| -> u64 {
            self.stages[stage].iter().map(|desk| part(desk)).sum()
        };
        let given = sum(stage, Desk::given);
        given.saturating_sub(sum(stage + 1, Desk::taken)).min(capacity as u64)
    }

    /// Frames that have come into a stage, or through it if it is the first.
    pub(crate) fn frames(&self, stage: usize) -> u64 {
        self.stages.get(stage).map_or(0, |desks| desks.iter().map(|desk| desk.taken()).sum())
    }
}
