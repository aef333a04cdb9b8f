//! What the ring synchronizes with: the standard library, or loom's model of it when the ring is model-checked.

#[cfg(not(all(test, loom)))]
pub(crate) use std::{
    hint::spin_loop as pause,
    sync::{
        Condvar, Mutex,
        atomic::{AtomicU64, AtomicUsize, Ordering, fence},
    },
    thread::yield_now,
};

#[cfg(all(test, loom))]
pub(crate) use loom::{
    cell::UnsafeCell,
    hint::spin_loop as pause,
    sync::{
        Condvar, Mutex,
        atomic::{AtomicU64, AtomicUsize, Ordering, fence},
    },
    thread::yield_now,
};

/// A place that several threads reach, with loom's interface.
#[cfg(not(all(test, loom)))]
#[derive(Debug)]
pub(crate) struct UnsafeCell<T>(std::cell::UnsafeCell<T>);

#[cfg(not(all(test, loom)))]
impl<T> UnsafeCell<T> {
    pub(crate) fn new(value: T) -> Self {
        UnsafeCell(std::cell::UnsafeCell::new(value))
    }

    /// Gives a pointer to write through: nobody else may read or write meanwhile.
    #[inline]
    pub(crate) fn with_mut<R>(&self, work: impl FnOnce(*mut T) -> R) -> R {
        work(self.0.get())
    }
}

/// After a race that somebody else won. In the model it says that others must go on before the next try, for there an
/// old value may be read again and again.
#[inline]
pub(crate) fn lost_race() {
    #[cfg(all(test, loom))]
    yield_now();
}
