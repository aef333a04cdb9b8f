//! Around every call of user code: the pool it may use, who looks on, and what becomes of errors and panics.

use std::{
    any::Any,
    panic::{AssertUnwindSafe, catch_unwind},
};

use rayon::ThreadPool;

use crate::{BoxError, CancelToken, Error, Observer};

/// What every call of a task may use.
#[derive(Clone, Copy)]
pub(crate) struct Env<'a> {
    pub(crate) pool: Option<&'a ThreadPool>,
    pub(crate) observer: Option<&'a dyn Observer>,
    pub(crate) cancel: &'a CancelToken,
}

impl Env<'_> {
    /// Runs `work` in the pool if it is parallel inside.
    pub(crate) fn within<T: Send>(&self, is_parallel: bool, work: impl FnOnce() -> T + Send) -> T {
        match self.pool.filter(|_| is_parallel) {
            Some(pool) => pool.install(work),
            None => work(),
        }
    }

    /// Tells the observer.
    pub(crate) fn task_done(&self, task: &str, chunk: Option<u64>, seconds: f64) {
        if let Some(observer) = self.observer {
            observer.task_done(task, chunk, seconds);
        }
    }

    /// Fails if the run was cancelled.
    pub(crate) fn check(&self) -> Result<(), Error> {
        if self.cancel.is_cancelled() { Err(Error::Cancelled) } else { Ok(()) }
    }
}

/// Runs user code: errors get the task's name, panics become errors.
pub(crate) fn guard<T>(
    task: &str,
    chunk: Option<u64>,
    work: impl FnOnce() -> Result<T, BoxError>,
) -> Result<T, Error> {
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(source)) => Err(task_error(task, chunk, source)),
        Err(payload) => Err(panic_error(task, chunk, &*payload)),
    }
}

/// What a task's own error becomes.
pub(crate) fn task_error(task: &str, chunk: Option<u64>, source: BoxError) -> Error {
    match source.downcast_ref() {
        Some(Error::Cancelled) => Error::Cancelled,
        _ => Error::Task { task: task.to_owned(), chunk, source },
    }
}

/// What a panic becomes.
pub(crate) fn panic_error(task: &str, chunk: Option<u64>, payload: &(dyn Any + Send)) -> Error {
    let text = payload.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let text = text.or_else(|| payload.downcast_ref::<String>().cloned());
    let message = text.unwrap_or_else(|| "a panic without a message".to_owned());
    Error::Panic { task: task.to_owned(), chunk, message }
}
