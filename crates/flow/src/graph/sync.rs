//! What the ring synchronizes with: the standard library, or loom's model of it.

#[cfg(not(loom))]
pub(crate) use std::{
    hint::spin_loop as pause,
    sync::{
        Condvar, Mutex, MutexGuard,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    thread::yield_now,
};
