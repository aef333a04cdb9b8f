//! The thread that watches a deadline.

use std::{
    sync::{
        OnceLock,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, Thread},
    time::Instant,
};

use super::engine::Shared;

/// Wakes up at a deadline, unless the run is over before.
#[derive(Default)]
pub(crate) struct Alarm {
    thread: OnceLock<Thread>,
    is_over: AtomicBool,
}

impl Alarm {
    pub(crate) fn watch(&self, deadline: Instant, shared: &Shared) {
        while !self.is_over.load(Ordering::Acquire) {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                shared.expired.store(true, Ordering::Relaxed);
                return;
            }
            thread::park_timeout(left);
        }
    }

    pub(crate) fn set(&self, thread: &Thread) {
        let _ = self.thread.set(thread.clone());
    }

    pub(crate) fn stop(&self) {
        self.is_over.store(true, Ordering::Release);
        self.thread.get().into_iter().for_each(Thread::unpark);
    }
}
