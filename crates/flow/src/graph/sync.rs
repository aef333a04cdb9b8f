//! What the ring synchronizes with: the standard library, or loom's model of it when the ring is model-checked.

#[cfg(not(all(test, loom)))]
pub(crate) use std::{
    hint::spin_loop as pause,
    sync::{
        Condvar, Mutex, MutexGuard,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    thread::yield_now,
};

#[cfg(all(test, loom))]
pub(crate) use loom::{
    hint::spin_loop as pause,
    sync::{
        Condvar, Mutex, MutexGuard,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    thread::yield_now,
};
