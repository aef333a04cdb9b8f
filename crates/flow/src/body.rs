//! Tasks and accumulators without their types: what a step calls.

use std::{
    marker::PhantomData,
    sync::{Arc, Mutex},
};

use crate::{
    Accumulator, BoxError, Task,
    value::{Reads, Value},
};

/// A task or accumulator without its types.
pub(crate) trait Body: Send {
    /// One call; gives `()` for an accumulator.
    fn call(&mut self, reads: &mut Reads<'_>) -> Result<Value, BoxError>;

    /// A copy that may work at the same time, if the task allows it.
    fn replica(&self) -> Option<Box<dyn Body>> {
        None
    }

    /// The result of an accumulator.
    fn finish(&mut self) -> Result<Value, BoxError> {
        Ok(Box::new(()))
    }
}

/// How the values of the sockets become the input of a task.
pub(crate) type Unpack<T> = fn(&mut Reads<'_>) -> T;

/// A task.
pub(crate) struct TaskBody<K: Task> {
    pub(crate) task: K,
    pub(crate) unpack: Unpack<K::In>,
}

impl<K: Task> Body for TaskBody<K> {
    fn call(&mut self, reads: &mut Reads<'_>) -> Result<Value, BoxError> {
        Ok(Box::new(self.task.run((self.unpack)(reads))?))
    }

    fn replica(&self) -> Option<Box<dyn Body>> {
        Some(Box::new(TaskBody { task: self.task.replica()?, unpack: self.unpack }))
    }
}

/// An accumulator.
pub(crate) struct AccumulatorBody<A: Accumulator> {
    pub(crate) accumulator: A,
    pub(crate) unpack: Unpack<A::In>,
}

impl<A: Accumulator> Body for AccumulatorBody<A> {
    fn call(&mut self, reads: &mut Reads<'_>) -> Result<Value, BoxError> {
        self.accumulator.add((self.unpack)(reads))?;
        Ok(Box::new(()))
    }

    fn finish(&mut self) -> Result<Value, BoxError> {
        Ok(Box::new(self.accumulator.finish()?))
    }
}

/// Puts a value into an `Arc`.
pub(crate) struct ShareBody<T>(pub(crate) PhantomData<fn(T)>);

impl<T: Send + Sync + 'static> Body for ShareBody<T> {
    fn call(&mut self, reads: &mut Reads<'_>) -> Result<Value, BoxError> {
        Ok(Box::new(Arc::new(reads.next::<T>())))
    }

    fn replica(&self) -> Option<Box<dyn Body>> {
        Some(Box::new(ShareBody(self.0)))
    }
}

/// Hands a value to the caller.
pub(crate) struct OutputBody<T>(pub(crate) Arc<Mutex<Option<T>>>);

impl<T: Send + 'static> Body for OutputBody<T> {
    fn call(&mut self, reads: &mut Reads<'_>) -> Result<Value, BoxError> {
        *self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(reads.next());
        Ok(Box::new(()))
    }
}
