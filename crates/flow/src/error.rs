//! What can go wrong: in the declaration, in a task, from outside.

/// What a task may return as its error: any error type converts into it with `?`.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Why a run did not complete. Every thread of the run has been joined by the time this is seen.
///
/// The messages name the place; the cause of [`Error::Task`] is in `source()`, so print the whole chain.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A task returned an error.
    #[error("task {task} failed{}", place(*chunk))]
    Task {
        /// Name of the task.
        task: String,
        /// Position of the chunk in its stream, from 0; `None` outside a stream.
        chunk: Option<u64>,
        /// What the task said.
        source: BoxError,
    },
    /// A task panicked; the panic went no further.
    #[error("task {task} panicked{}: {message}", place(*chunk))]
    Panic {
        /// Name of the task.
        task: String,
        /// Position of the chunk in its stream, from 0; `None` outside a stream.
        chunk: Option<u64>,
        /// The text of the panic.
        message: String,
    },
    /// The run's [`crate::CancelToken`] was cancelled: no further chunk was begun.
    #[error("cancelled")]
    Cancelled,
    /// The declaration or the run's settings cannot be executed; nothing was started.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// The operating system refused a thread.
    #[error("a thread could not be started; ask for fewer threads")]
    Threads {
        /// What the system said.
        source: BoxError,
    },
}

/// What is wrong in a declaration or in the settings of a run.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// A task was bound to a socket of another chain.
    #[error("input {input} of task {task} comes from another chain; bind sockets of the task's own chain")]
    ForeignSocket {
        /// Name of the task.
        task: String,
        /// Which input, from 0.
        input: usize,
    },
    /// A task inside a stream holds what only the end of the same stream produces.
    #[error(
        "input {input} of task {task} holds the result of {producer}, which closes the same stream; \
         read the data in a second `per_chunk`"
    )]
    HeldTooEarly {
        /// Name of the task.
        task: String,
        /// Which input, from 0.
        input: usize,
        /// Name of the accumulator.
        producer: String,
    },
    /// A setting of the run is zero that must be at least one.
    #[error("{setting} is 0; it must be at least 1")]
    Zero {
        /// `threads` or `depth`.
        setting: &'static str,
    },
}

fn place(chunk: Option<u64>) -> String {
    chunk.map_or_else(String::new, |chunk| format!(" at chunk {chunk}"))
}
