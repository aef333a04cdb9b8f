//! Around every call of user code: what becomes of errors and panics.

use std::{
    any::Any,
    panic::{AssertUnwindSafe, catch_unwind},
};

use crate::{BoxError, Error};

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

/// An error of a run inside a task of the runtime's own; it comes out as it is.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub(crate) struct Nested(pub(crate) Error);

/// What a task's own error becomes.
pub(crate) fn task_error(task: &str, chunk: Option<u64>, source: BoxError) -> Error {
    let source = match source.downcast::<Nested>() {
        Ok(nested) => return nested.0,
        Err(source) => source,
    };
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
