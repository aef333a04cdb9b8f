//! Tasks under test without a runtime: no threads, no chain.

use crate::{Accumulator, BoxError, Source, Task};

/// What `task` makes of `input`.
///
/// # Errors
/// The task's own.
pub fn run_task<K: Task>(mut task: K, input: K::In) -> Result<K::Out, BoxError> {
    task.run(input)
}

/// What `accumulator` makes of the chunks `inputs`.
///
/// # Errors
/// The accumulator's own.
pub fn run_accumulator<A: Accumulator>(
    mut accumulator: A,
    inputs: impl IntoIterator<Item = A::In>,
) -> Result<A::Out, BoxError> {
    inputs.into_iter().try_for_each(|input| accumulator.add(input))?;
    accumulator.finish()
}

/// All chunks of `source`.
///
/// # Errors
/// The source's own.
pub fn run_source<S: Source>(mut source: S) -> Result<Vec<S::Out>, BoxError> {
    std::iter::from_fn(|| source.next().transpose()).collect()
}
