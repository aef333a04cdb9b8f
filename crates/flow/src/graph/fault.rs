//! The earliest failure of a run.

use std::sync::{
    Mutex, PoisonError,
    atomic::{AtomicU64, Ordering},
};

use crate::Error;

/// What a failure counts as that is told only if there is no other.
pub(crate) const LAST: u64 = u64::MAX - 1;

/// What the failure of a frame counts as, where the rate has changed so often in front of it.
pub(crate) fn key(n_changes: u64, frame: u64) -> u64 {
    (0xff - n_changes.min(0xff)) << 56 | frame
}

/// The earliest failure: the one that a sequential run would have met.
///
/// A failure has a key, smaller for an earlier frame. Behind a splitter frames are counted anew, and whatever fails
/// there was given before anything that is still in front of the splitter, so the keys behind it are the smaller ones.
pub(crate) struct Fault {
    /// `u64::MAX` for none: frames from here on are given up.
    key: AtomicU64,
    error: Mutex<Option<Error>>,
}

impl Default for Fault {
    fn default() -> Self {
        Fault { key: AtomicU64::new(u64::MAX), error: Mutex::new(None) }
    }
}

impl Fault {
    pub(crate) fn record(&self, key: u64, error: Error) {
        let mut first = self.error.lock().unwrap_or_else(PoisonError::into_inner);
        if first.is_none() || key < self.key.load(Ordering::Acquire) {
            self.key.store(key, Ordering::Release);
            *first = Some(error);
        }
    }

    pub(crate) fn is_before(&self, key: u64) -> bool {
        self.key.load(Ordering::Acquire) <= key
    }

    /// Whether anything has failed.
    pub(crate) fn is_any(&self) -> bool {
        self.key.load(Ordering::Acquire) < u64::MAX
    }

    /// Takes the error out.
    pub(crate) fn result(&self) -> Result<(), Error> {
        self.error.lock().unwrap_or_else(PoisonError::into_inner).take().map_or(Ok(()), Err)
    }
}
