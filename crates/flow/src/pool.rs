//! Pools: buffers that a task is done with are used again instead of going back to the allocator.
//!
//! A [`Pooled`] value is an owned frame like any other: it moves through sockets, is worked on in place, and when
//! somebody drops it, on whatever thread, the buffer lies idle in its [`Pool`] until the next frame takes it. So a
//! pipeline makes as many buffers as are in flight at once, and no more, however long the stream is.
//!
//! ```
//! use facette_flow::{closures::{iterate, map}, graph::{Graph, Sequence, Settings}, pool::{Pool, Pooled}};
//!
//! let pool = Pool::new(4);
//! let buffers = pool.clone();
//! let mut graph = Graph::new();
//! let number = graph.source(iterate("Count", 0..1000_usize));
//! let block = graph.task(number, map("Fill", move |n| {
//!     let mut block = buffers.take_or(|| Vec::with_capacity(64));
//!     block.clear();
//!     block.resize(64, n);
//!     Ok(block)
//! }));
//! graph.task(block, map("Sum", |block: Pooled<Vec<usize>>| Ok(block.iter().sum::<usize>())));
//! Sequence::new(graph, 1)?.run(&Settings::default())?;
//! let stats = pool.stats();
//! assert_eq!((stats.made, stats.reused, stats.idle), (1, 999, 1));
//! # Ok::<(), facette_flow::Error>(())
//! ```

use std::{
    fmt,
    ops::{Deref, DerefMut},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// Where buffers lie between two uses. Clones share the buffers.
///
/// When the last clone is gone, idle buffers are freed at once, and the others when they are dropped.
pub struct Pool<T> {
    owner: Arc<Owner<T>>,
}

/// What the clones of a pool hold; the last one closes the shelf, which buffers may hold for longer.
struct Owner<T>(Arc<Shelf<T>>);

impl<T> Drop for Owner<T> {
    fn drop(&mut self) {
        let mut stock = self.0.stock();
        stock.keep = 0;
        let idle = std::mem::take(&mut stock.idle);
        drop(stock);
        drop(idle);
    }
}

/// How a pool was used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct PoolStats {
    /// Buffers that had to be made.
    pub made: u64,
    /// Times that a buffer was used again.
    pub reused: u64,
    /// Buffers that lie idle now.
    pub idle: usize,
}

struct Shelf<T>(Mutex<Stock<T>>);

struct Stock<T> {
    /// The last one back is the first one out: its memory is still in a cache.
    idle: Vec<T>,
    keep: usize,
    made: u64,
    reused: u64,
}

impl<T> Shelf<T> {
    /// Nothing but moves happens under the lock, so poison means nothing.
    fn stock(&self) -> MutexGuard<'_, Stock<T>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self) -> Option<T> {
        let mut stock = self.stock();
        let value = stock.idle.pop();
        let count = if value.is_some() { &mut stock.reused } else { &mut stock.made };
        *count += 1;
        value
    }

    /// A buffer that finds no room is dropped, but not under the lock.
    fn put(&self, value: T) {
        let mut stock = self.stock();
        if stock.idle.len() < stock.keep {
            stock.idle.push(value);
        } else {
            drop(stock);
            drop(value);
        }
    }
}

impl<T> Pool<T> {
    /// A pool that keeps at most so many idle buffers; with 0 it keeps none, and every buffer is made.
    pub fn new(keep: usize) -> Self {
        let stock = Stock { idle: Vec::new(), keep, made: 0, reused: 0 };
        Pool { owner: Arc::new(Owner(Arc::new(Shelf(Mutex::new(stock))))) }
    }

    /// An idle buffer as its last user left it, or one that `make` makes.
    pub fn take_or(&self, make: impl FnOnce() -> T) -> Pooled<T> {
        let shelf = &self.owner.0;
        let value = shelf.take().unwrap_or_else(make);
        Pooled { value: Some(value), home: Some(shelf.clone()) }
    }

    /// How it was used so far.
    pub fn stats(&self) -> PoolStats {
        let stock = self.owner.0.stock();
        PoolStats { made: stock.made, reused: stock.reused, idle: stock.idle.len() }
    }
}

impl<T> Clone for Pool<T> {
    fn clone(&self) -> Self {
        Pool { owner: self.owner.clone() }
    }
}

impl<T> fmt::Debug for Pool<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool").field("stats", &self.stats()).finish_non_exhaustive()
    }
}

/// A buffer that goes back to its pool when it is dropped, on any thread.
pub struct Pooled<T> {
    /// Invariant: `None` only while it is dropped or taken apart.
    value: Option<T>,
    /// `None` for a buffer without a pool.
    home: Option<Arc<Shelf<T>>>,
}

impl<T> Pooled<T> {
    /// The buffer itself, which does not go back.
    pub fn into_inner(mut self) -> T {
        self.value.take().expect("it has its value until it is dropped")
    }
}

/// A buffer without a pool: it is freed when it is dropped.
impl<T> From<T> for Pooled<T> {
    fn from(value: T) -> Self {
        Pooled { value: Some(value), home: None }
    }
}

impl<T> Drop for Pooled<T> {
    fn drop(&mut self) {
        if let (Some(value), Some(shelf)) = (self.value.take(), &self.home) {
            shelf.put(value);
        }
    }
}

impl<T> Deref for Pooled<T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.value.as_ref().expect("it has its value until it is dropped")
    }
}

impl<T> DerefMut for Pooled<T> {
    fn deref_mut(&mut self) -> &mut T {
        self.value.as_mut().expect("it has its value until it is dropped")
    }
}

/// The copy lies in a buffer of the same pool: an idle one if there is one.
impl<T: Clone> Clone for Pooled<T> {
    fn clone(&self) -> Self {
        let idle = self.home.as_ref().and_then(|shelf| shelf.take());
        let copy = |mut buffer: T| {
            buffer.clone_from(self);
            buffer
        };
        Pooled { value: Some(idle.map_or_else(|| T::clone(self), copy)), home: self.home.clone() }
    }
}

impl<T: AsRef<U>, U: ?Sized> AsRef<U> for Pooled<T> {
    fn as_ref(&self) -> &U {
        T::as_ref(self)
    }
}

impl<T: AsMut<U>, U: ?Sized> AsMut<U> for Pooled<T> {
    fn as_mut(&mut self) -> &mut U {
        T::as_mut(self)
    }
}

impl<T: fmt::Debug> fmt::Debug for Pooled<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        T::fmt(self, f)
    }
}

impl<T: PartialEq> PartialEq for Pooled<T> {
    fn eq(&self, other: &Self) -> bool {
        T::eq(self, other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stats(made: u64, reused: u64, idle: usize) -> PoolStats {
        PoolStats { made, reused, idle }
    }

    #[test]
    fn a_buffer_comes_back_from_another_thread_as_it_was_left() {
        let pool = Pool::new(2);
        let mut buffer = pool.take_or(Vec::new);
        let at = {
            buffer.extend([1, 2, 3]);
            buffer.as_ptr() as usize
        };
        std::thread::spawn(move || drop(buffer)).join().unwrap();
        assert_eq!(pool.stats(), stats(1, 0, 1));
        let again = pool.take_or(Vec::new);
        assert_eq!((&**again, again.as_ptr() as usize), (&[1, 2, 3][..], at));
        assert_eq!(pool.stats(), stats(1, 1, 0));
    }

    #[test]
    fn no_more_are_kept_than_asked_for() {
        let counter = Arc::new(());
        let pool = Pool::new(2);
        let five: Vec<_> = (0..5).map(|_| pool.take_or(|| counter.clone())).collect();
        assert_eq!((pool.stats(), Arc::strong_count(&counter)), (stats(5, 0, 0), 6));
        drop(five);
        assert_eq!((pool.stats(), Arc::strong_count(&counter)), (stats(5, 0, 2), 3));
        let none = Pool::new(0);
        drop(none.take_or(|| counter.clone()));
        assert_eq!((none.stats(), Arc::strong_count(&counter)), (stats(1, 0, 0), 3));
    }

    #[test]
    fn buffers_outlive_their_pool() {
        let counter = Arc::new(());
        let pool = Pool::new(4);
        let (buffer, idle) = (pool.take_or(|| counter.clone()), pool.take_or(|| counter.clone()));
        drop(idle);
        drop(pool);
        assert_eq!(Arc::strong_count(&counter), 2, "the idle one is freed with the pool");
        drop(buffer);
        assert_eq!(Arc::strong_count(&counter), 1);
    }

    #[test]
    fn clones_use_idle_buffers_and_what_is_taken_out_stays_out() {
        let pool = Pool::new(4);
        let spare = pool.take_or(|| Vec::with_capacity(100));
        let buffer = pool.take_or(|| vec![7_u8; 3]);
        drop(spare);
        let copy = buffer.clone();
        assert_eq!((&*copy, copy.capacity()), (&vec![7, 7, 7], 100));
        assert_eq!(pool.stats(), stats(2, 1, 0));
        assert_eq!(buffer.into_inner(), [7, 7, 7]);
        drop(copy);
        assert_eq!(pool.stats(), stats(2, 1, 1));
        drop(Pooled::from(vec![1_u8]));
        assert_eq!(pool.stats(), stats(2, 1, 1));
    }
}
