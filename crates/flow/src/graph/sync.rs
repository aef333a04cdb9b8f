//! What rings and limits synchronize with: the standard library, or loom's model of it when they are model-checked.

use std::sync::PoisonError;

#[cfg(not(all(test, loom)))]
pub(crate) use std::{
    hint::spin_loop as pause,
    sync::{
        Condvar, Mutex, MutexGuard,
        atomic::{AtomicU64, AtomicUsize, Ordering, fence},
    },
    thread::yield_now,
};

#[cfg(all(test, loom))]
pub(crate) use loom::{
    cell::UnsafeCell,
    hint::spin_loop as pause,
    sync::{
        Condvar, Mutex, MutexGuard,
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

/// Locks; what another thread has panicked over is still whole, as user code never runs under these locks.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Sleeps as long as the state is not the right one; loom's condition variable has no such method.
pub(crate) fn wait_while<'a, T>(
    changed: &Condvar,
    mut state: MutexGuard<'a, T>,
    must_wait: impl Fn(&T) -> bool,
) -> MutexGuard<'a, T> {
    while must_wait(&state) {
        state = changed.wait(state).unwrap_or_else(PoisonError::into_inner);
    }
    state
}

/// After a race that somebody else won. In the model it says that others must go on before the next try, for there an
/// old value may be read again and again.
#[inline]
pub(crate) fn lost_race() {
    #[cfg(all(test, loom))]
    yield_now();
}
