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
        /// Position of the chunk in its stream, from 0, as it came into the stage: behind a splitter in the same stage,
        /// that of the frame that was split. `None` outside a stream.
        chunk: Option<u64>,
        /// What the task said.
        source: BoxError,
    },
    /// A task panicked; the panic went no further.
    #[error("task {task} panicked{}: {message}", place(*chunk))]
    Panic {
        /// Name of the task.
        task: String,
        /// Position of the chunk in its stream, from 0, as it came into the stage: behind a splitter in the same stage,
        /// that of the frame that was split. `None` outside a stream.
        chunk: Option<u64>,
        /// The text of the panic.
        message: String,
    },
    /// The run's [`crate::CancelToken`] was cancelled: no further chunk was begun.
    #[error("cancelled")]
    Cancelled,
    /// The run's deadline has passed: no further frame was begun.
    #[error("the deadline has passed; allow more time, or give fewer frames")]
    Deadline,
    /// Nothing moved for [`crate::graph::Settings::stall_after`], and the run was to end then.
    #[error("{stall}")]
    Stalled {
        /// Who waited for what, and which tasks were at work.
        stall: Box<crate::graph::Stall>,
    },
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
    #[error("input {input} of task {task} comes from another chain or graph; bind sockets of the task's own")]
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
    /// An input that was declared open was never bound.
    #[error("{socket} of task {task} is not bound; bind it to the task that feeds it")]
    UnboundInput {
        /// Name of the input.
        socket: String,
        /// Name of the task that reads it.
        task: String,
    },
    /// Tasks wait for each other, or for a path that never leads to them.
    #[error(
        "no order of execution for {}: they wait for each other; close a loop with a select and a branch",
        tasks.join(", ")
    )]
    Cycle {
        /// Names of the tasks.
        tasks: Vec<String>,
    },
    /// A task reads from two paths of which a frame takes only one.
    #[error(
        "task {task} reads from {one} and from {other}, but a frame takes only one of the paths of {branch}; \
         join exclusive paths by a `select`"
    )]
    ExclusivePaths {
        /// Name of the task.
        task: String,
        /// What gives one input: a task, or a path of the branch.
        one: String,
        /// What gives the other.
        other: String,
        /// Name of the branch or commute where the paths part.
        branch: String,
    },
    /// A task reads from a later stage.
    #[error(
        "task {task} reads from {producer} in a later stage; keep a loop in one stage, or make it a `Graph::feedback`"
    )]
    Backward {
        /// Name of the task.
        task: String,
        /// Name of the task that it reads from.
        producer: String,
    },
    /// A later stage reads what only some paths of a branch give.
    #[error(
        "task {task} reads from {producer}, which not every path gives; join the paths by a select first"
    )]
    PathCut {
        /// Name of the task.
        task: String,
        /// Name of the task that it reads from.
        producer: String,
    },
    /// A task reads frames of two rates.
    #[error(
        "task {task} reads frames of {one} and of {other}, of which there are different numbers; \
         batch or accumulate the one, or let the splitter hand on what is needed"
    )]
    TwoRates {
        /// Name of the task.
        task: String,
        /// What gives the frames of one input: a splitter, or the sources.
        one: String,
        /// What gives the frames of the other.
        other: String,
    },
    /// Frames of two rates would cross one boundary.
    #[error(
        "frames of {one} and of {other}, of which there are different numbers, are needed in stage {stage} or behind it; \
         let the readers of one of them lie in front of the boundary"
    )]
    RatesCross {
        /// The stage behind the boundary, from 0.
        stage: usize,
        /// What gives the frames of one rate: a splitter, or the sources.
        one: String,
        /// What gives the frames of the other.
        other: String,
    },
    /// A task was named that the graph does not have.
    #[error("there is no task {task}; the tasks are {}", known.join(", "))]
    NoTask {
        /// The name.
        task: String,
        /// Names of the tasks.
        known: Vec<String>,
    },
    /// A source that does not lie in the first stage.
    #[error(
        "source {source_task} lies in stage {stage}; sources give in step, so declare them first, in stage 0"
    )]
    LateSource {
        /// Name of the source.
        source_task: String,
        /// Its stage, from 0.
        stage: usize,
    },
    /// A loop around stages with a stage that lets frames overtake each other.
    #[error(
        "stage {stage} is unordered and lies in a feedback, in which frames go around in order; take `unordered` away"
    )]
    UnorderedLoop {
        /// The stage, from 0.
        stage: usize,
    },
    /// A run before has lost a thread, and its tasks with it.
    #[error("a run before has lost the tasks of a thread; build the pipeline anew")]
    Broken,
    /// A limit in bytes of frames that nobody weighs.
    #[error("bytes are limited{}, but no socket there is weighed; say how heavy its frames are with `Graph::weigh`", behind(*stage))]
    Unweighed {
        /// The stage in front of the boundary, from 0; `None` for the whole pipeline.
        stage: Option<usize>,
    },
    /// A limit in bytes of what lies behind the last stage.
    #[error(
        "bytes are limited behind stage {stage}, which is the last: there is no boundary behind it; limit those of the \
         stage in front of it, or of the whole pipeline with `Pipeline::memory`"
    )]
    NoBoundary {
        /// The stage, from 0.
        stage: usize,
    },
    /// A filter in the body of a loop around several stages.
    #[error(
        "{task} stands in the body of a feedback, which every frame must pass; filter in front of the loop or behind it"
    )]
    FilterInFeedback {
        /// Name of the filter.
        task: String,
    },
    /// A source inside a `repeat` that cannot be read again.
    #[error(
        "source {source_task} is read in every turn of a repeat; implement `again`, or read it in front of the repeat"
    )]
    Repeated {
        /// Name of the source.
        source_task: String,
    },
    /// A frame has more readers than there are clones.
    #[error("task {task} reads what {producer} gives more than once, or besides others; clone the socket")]
    NeedsClone {
        /// Name of the reader.
        task: String,
        /// Name of the task that it reads from.
        producer: String,
    },
    /// The stages do not add up to the graph.
    #[error(
        "the stages count {got} tasks, the graph has {expected}; `Graph::n_tasks` counts them while they are declared"
    )]
    StageTasks {
        /// Tasks of the graph.
        expected: usize,
        /// Tasks of all stages.
        got: usize,
    },
    /// A task was to be replicated that makes no replicas.
    #[error("task {task} makes no replicas; give its stage one replica, or implement `replica`")]
    NotReplicable {
        /// Name of the task.
        task: String,
    },
    /// Tasks of one module lie in two stages.
    #[error("tasks {task} and {other} share a module and must lie in one stage")]
    SplitModule {
        /// Name of one task.
        task: String,
        /// Name of the other.
        other: String,
    },
    /// A core that this process may not use.
    #[error("core {core} was asked for; this process may use {allowed:?}")]
    Core {
        /// The core.
        core: usize,
        /// Cores that are allowed.
        allowed: Vec<usize>,
    },
    /// A placement of threads that cannot be read, or does not suit the machine or the stages.
    #[error(transparent)]
    Placement(#[from] crate::graph::PlacementError),
    /// A schedule file that cannot be read, or does not suit the machine.
    #[error(transparent)]
    Schedule(#[from] crate::graph::ScheduleError),
    /// A file that is no plan.
    #[error("not a plan of a pipeline: {what}")]
    PlanFile {
        /// What is wrong with it.
        what: String,
    },
    /// A plan of another chain.
    #[error(
        "the plan has no stages for the stream of {source_task}, whose tasks are {}; it plans {}",
        tasks.join(", "), list(planned)
    )]
    NoPlan {
        /// Name of the source.
        source_task: String,
        /// Names of the tasks of the stream, source included.
        tasks: Vec<String>,
        /// The streams that it plans.
        planned: Vec<String>,
    },
    /// A setting of the run is zero that must be at least one.
    #[error("{setting} is 0; it must be at least 1")]
    Zero {
        /// `threads`, `depth`, `replicas`, `tasks` or `stages`.
        setting: &'static str,
    },
}

fn list(names: &[String]) -> String {
    if names.is_empty() { "nothing".to_owned() } else { names.join("; ") }
}

fn behind(stage: Option<usize>) -> String {
    stage.map_or_else(String::new, |stage| format!(" behind stage {stage}"))
}

fn place(chunk: Option<u64>) -> String {
    chunk.map_or_else(String::new, |chunk| format!(" at chunk {chunk}"))
}
