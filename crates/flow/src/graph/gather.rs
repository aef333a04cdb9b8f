//! Where the replicas of a stage leave what they have accumulated, for the first of them to put together.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use super::layout::Kit;

/// The kits of all replicas but the first.
pub(crate) struct Gathering {
    inner: Mutex<Left>,
    changed: Condvar,
}

struct Left {
    kits: Vec<Option<Kit>>,
    /// Replicas that are still at work.
    n_working: usize,
}

impl Gathering {
    /// For a stage of so many replicas.
    pub(crate) fn new(replicas: usize) -> Self {
        let kits = (0..replicas).map(|_| None).collect();
        Gathering { inner: Mutex::new(Left { kits, n_working: replicas - 1 }), changed: Condvar::new() }
    }

    fn lock(&self) -> MutexGuard<'_, Left> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A replica other than the first has ended; it leaves its kit unless it failed.
    pub(crate) fn leave(&self, replica: usize, kit: Option<Kit>) {
        let mut left = self.lock();
        left.kits[replica] = kit;
        left.n_working -= 1;
        self.changed.notify_all();
    }

    /// Waits for all, then visits their kits in the order of replicas.
    pub(crate) fn visit(&self, take_over: impl FnMut(&mut Kit)) {
        let waiting = self.changed.wait_while(self.lock(), |left| left.n_working > 0);
        let mut left = waiting.unwrap_or_else(PoisonError::into_inner);
        left.kits.iter_mut().flatten().for_each(take_over);
    }

    /// The kit that a replica left.
    pub(crate) fn take(&self, replica: usize) -> Option<Kit> {
        self.lock().kits[replica].take()
    }
}
