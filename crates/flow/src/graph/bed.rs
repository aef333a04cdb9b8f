//! Where threads sleep until another one has done what they wait for.
//!
//! Who is to sleep says so first and looks once more afterwards; who has done something does it first and looks for
//! sleepers afterwards. With a fence in between on both sides at least one of them sees the other, so no wake-up is
//! lost, and a thread that nobody sleeps for pays one fence and one load of a line that hardly ever changes.

use std::sync::PoisonError;

use super::sync::{AtomicUsize, Condvar, Mutex, Ordering, fence};

/// A place for any number of sleepers, on a cache line of its own.
#[repr(align(128))]
pub(super) struct Bed {
    /// Those that sleep and have not been called; changes only under the lock.
    sleepers: AtomicUsize,
    calls: Mutex<Calls>,
    called: Condvar,
}

#[derive(Default)]
struct Calls {
    /// Calls for one that no sleeper has heard yet.
    single: usize,
    /// How often all were called.
    general: u64,
}

impl Bed {
    pub(super) fn new() -> Self {
        Bed { sleepers: AtomicUsize::new(0), calls: Mutex::default(), called: Condvar::new() }
    }

    /// Sleeps until called, unless `is_done` once the sleeper can be seen. It may have been called for nothing.
    #[cold]
    pub(super) fn sleep_unless(&self, is_done: impl FnOnce() -> bool) {
        let mut calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        self.sleepers.fetch_add(1, Ordering::Relaxed);
        fence(Ordering::SeqCst);
        if is_done() {
            self.sleepers.fetch_sub(1, Ordering::Relaxed);
            return;
        }
        let general = calls.general;
        while calls.single == 0 && calls.general == general {
            calls = self.called.wait(calls).unwrap_or_else(PoisonError::into_inner);
        }
        if calls.general == general {
            calls.single -= 1;
        }
    }

    /// Whether somebody sleeps; after [`publish`].
    #[inline]
    pub(super) fn is_taken(&self) -> bool {
        self.sleepers.load(Ordering::Relaxed) > 0
    }

    /// Calls one sleeper: for a bed whose sleepers all wait for the same. One that comes later may hear the call
    /// instead, which is as good.
    #[cold]
    pub(super) fn call_one(&self) {
        let mut calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        if self.sleepers.load(Ordering::Relaxed) > 0 {
            self.sleepers.fetch_sub(1, Ordering::Relaxed);
            calls.single += 1;
            drop(calls);
            self.called.notify_one();
        }
    }

    /// Calls all sleepers, and nobody that comes later.
    #[cold]
    pub(super) fn call_all(&self) {
        let mut calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        if self.sleepers.load(Ordering::Relaxed) > 0 || calls.single > 0 {
            self.sleepers.store(0, Ordering::Relaxed);
            *calls = Calls { single: 0, general: calls.general + 1 };
            drop(calls);
            self.called.notify_all();
        }
    }
}

/// Between what was done and the look for sleepers.
#[inline]
pub(super) fn publish() {
    fence(Ordering::SeqCst);
}
