//! The tasks of the runtime's own with which a chain ties its streams to what runs once.
//!
//! A stream is a graph of its own. Values pass between it and the chain through [`Place`]s: a held value is laid down
//! before the stream starts and read for every chunk, a result is laid down when the stream ends.

use std::{
    marker::PhantomData,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use crate::{BoxError, Source, Task};

/// Where a value lies between a stream and its chain.
pub(crate) struct Place<T>(Arc<Mutex<Option<T>>>);

impl<T> Clone for Place<T> {
    fn clone(&self) -> Self {
        Place(self.0.clone())
    }
}

impl<T> Place<T> {
    pub(crate) fn new() -> Self {
        Place(Arc::new(Mutex::new(None)))
    }

    /// The place of an [`crate::Output`].
    pub(crate) fn of(cell: Arc<Mutex<Option<T>>>) -> Self {
        Place(cell)
    }

    fn lock(&self) -> MutexGuard<'_, Option<T>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn clear(&self) {
        let value = self.lock().take();
        drop(value);
    }
}

/// Lays a value down.
pub(crate) struct Lay<T>(pub(crate) Place<T>);

impl<T: Send + 'static> Task for Lay<T> {
    type In = T;
    type Out = ();

    fn run(&mut self, value: T) -> Result<(), BoxError> {
        let before = self.0.lock().replace(value);
        drop(before);
        Ok(())
    }
}

/// Takes a value up, for good.
pub(crate) struct TakeUp<T>(pub(crate) Place<T>);

impl<T: Send + 'static> Task for TakeUp<T> {
    type In = ();
    type Out = T;

    fn run(&mut self, (): ()) -> Result<T, BoxError> {
        // Invariant: the order of tasks lets whoever lays it down run before.
        self.0.lock().take().ok_or_else(|| "the value has been taken already".into())
    }
}

/// A value of the chain, read for every chunk.
pub(crate) struct Held<T>(pub(crate) Place<T>);

impl<T: Clone + Send + 'static> Task for Held<T> {
    type In = ();
    type Out = T;

    fn run(&mut self, (): ()) -> Result<T, BoxError> {
        self.0.lock().clone().ok_or_else(|| "the held value is not there yet".into())
    }

    fn replica(&self) -> Option<Self> {
        Some(Held(self.0.clone()))
    }
}

/// Puts a value into an `Arc`.
pub(crate) struct Share<T>(pub(crate) PhantomData<fn(T)>);

impl<T: Send + Sync + 'static> Task for Share<T> {
    type In = T;
    type Out = Arc<T>;

    fn run(&mut self, value: T) -> Result<Arc<T>, BoxError> {
        Ok(Arc::new(value))
    }

    fn replica(&self) -> Option<Self> {
        Some(Share(PhantomData))
    }
}

/// Marks a turn of a `repeat`: what is bound to nothing else runs once a turn because it waits for this.
#[derive(Clone)]
pub(crate) struct Turn;

/// A source that begins anew when it has ended, for the next turn of a `repeat`.
pub(crate) struct Again<S> {
    pub(crate) now: S,
    pub(crate) fresh: S,
}

impl<S: Source> Source for Again<S> {
    type Out = S::Out;

    fn name(&self) -> String {
        self.fresh.name()
    }

    fn next(&mut self) -> Result<Option<S::Out>, BoxError> {
        let chunk = self.now.next()?;
        if chunk.is_none() {
            self.now = self.fresh.again().ok_or("the source cannot be read again")?;
        }
        Ok(chunk)
    }

    fn n_chunks(&self) -> Option<u64> {
        self.fresh.n_chunks()
    }

    fn size(&self, chunk: &S::Out) -> u64 {
        self.fresh.size(chunk)
    }
}
