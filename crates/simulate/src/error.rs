//! What can be wrong with what is to be simulated.

use schedule::Flaw;

/// Why nothing was simulated.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No frames.
    #[error("there are no frames to simulate; give at least one")]
    NoFrames,
    /// The warm-up leaves nothing to measure.
    #[error("the first {warm_up} of {frames} frames are warm-up, so none is left to measure; give fewer")]
    WarmUp {
        /// Frames of the warm-up.
        warm_up: u64,
        /// All frames.
        frames: u64,
    },
    /// More of something than can be simulated.
    #[error("{got} {setting} are too many; the limit is {limit}")]
    TooMany {
        /// Of what.
        setting: &'static str,
        /// How many there are.
        got: u64,
        /// How many there may be.
        limit: u64,
    },
    /// A pipeline without stages.
    #[error("the pipeline has no stages; it needs at least one")]
    NoStages,
    /// A stage without tasks.
    #[error("stage {stage} has no tasks; a stage needs at least one")]
    NoTasks {
        /// Position of the stage.
        stage: usize,
    },
    /// A count that must be at least 1 is 0.
    #[error("stage {stage} ({name}) has {setting} 0; give at least 1")]
    Zero {
        /// Position of the stage.
        stage: usize,
        /// Name of its tasks.
        name: String,
        /// What is 0: `replicas`, `team` or `depth`.
        setting: &'static str,
    },
    /// No frame may be between source and end.
    #[error("the window is 0 frames; give at least 1, or none to have no limit")]
    ZeroWindow,
    /// A task has replicas that may have none.
    #[error("stage {stage} has {replicas} replicas, which task {task} does not allow: it is {kind}")]
    Replicas {
        /// Position of the stage.
        stage: usize,
        /// Its replicas.
        replicas: u32,
        /// The task that forbids them.
        task: String,
        /// What the task is.
        kind: &'static str,
    },
    /// A figure of a task or stage is not a finite number from 0 on.
    #[error("task {task} has {what} {value}; give a finite number, 0 or more")]
    BadTask {
        /// Name of the task.
        task: String,
        /// Which figure.
        what: &'static str,
        /// What it is.
        value: f64,
    },
    /// A distribution without values.
    #[error("task {task} has a list of times that is empty; give at least one")]
    NoTimes {
        /// Name of the task.
        task: String,
    },
    /// The efficiencies of a task that is parallel inside make no sense.
    #[error(
        "task {task}: efficiency {efficiency} on {cores} cores; counts rise from 1, efficiencies are above 0"
    )]
    BadEfficiency {
        /// Name of the task.
        task: String,
        /// Core count of the entry.
        cores: u32,
        /// Efficiency of the entry.
        efficiency: f64,
    },
    /// A time of a boundary is not a finite number from 0 on.
    #[error("stage {stage} ({name}) has {what} {value}; give a finite number, 0 or more")]
    BadStage {
        /// Position of the stage.
        stage: usize,
        /// Name of its tasks.
        name: String,
        /// Which figure.
        what: &'static str,
        /// What it is.
        value: f64,
    },
    /// A stage is on a node that does not exist.
    #[error("stage {stage} ({name}) is on node {node}, there are {nodes}, numbered from 0")]
    UnknownNode {
        /// Position of the stage.
        stage: usize,
        /// Name of its tasks.
        name: String,
        /// Its node.
        node: usize,
        /// How many there are.
        nodes: usize,
    },
    /// A stage is on a core type that its node does not have.
    #[error(
        "stage {stage} ({name}) is on core type {core_type} of node {node}, which has {types}, numbered from 0"
    )]
    UnknownCoreType {
        /// Position of the stage.
        stage: usize,
        /// Name of its tasks.
        name: String,
        /// Its core type.
        core_type: usize,
        /// Name of the node.
        node: String,
        /// How many it has.
        types: usize,
    },
    /// A stage is on a core type of which its node has no core.
    #[error("stage {stage} ({name}) is on core type {core_type} of node {node}, of which there are no cores")]
    NoCores {
        /// Position of the stage.
        stage: usize,
        /// Name of its tasks.
        name: String,
        /// Name of the core type.
        core_type: String,
        /// Name of the node.
        node: String,
    },
    /// Workers with cores of their own need more of them than there are.
    #[error(
        "the stages need {needed} cores of type {core_type} on node {node}, there are {there}; \
         give more cores, fewer replicas, or let them share"
    )]
    TooManyWorkers {
        /// Name of the core type.
        core_type: String,
        /// Name of the node.
        node: String,
        /// Cores needed.
        needed: u64,
        /// Cores there are.
        there: u32,
    },
    /// A figure of a node makes no sense.
    #[error("node {node} has {what} {value}; give {expected}")]
    BadNode {
        /// Name of the node.
        node: String,
        /// Which figure.
        what: &'static str,
        /// What it is.
        value: f64,
        /// What it may be.
        expected: &'static str,
    },
    /// A figure of the network makes no sense.
    #[error("the network has {what} {value}; give {expected}")]
    BadNetwork {
        /// Which figure.
        what: &'static str,
        /// What it is.
        value: f64,
        /// What it may be.
        expected: &'static str,
    },
    /// The plan is not one of the problem.
    #[error("the plan does not belong to the problem")]
    Plan {
        /// What is wrong with it.
        #[from]
        source: Flaw,
    },
    /// The unit of the costs is no time.
    #[error("a unit of cost is {unit_s} s; give a finite number above 0")]
    BadUnit {
        /// The unit.
        unit_s: f64,
    },
    /// No copies.
    #[error("there are no copies to run; give at least one")]
    NoCopies,
    /// Copies of a pipeline that is not on the first node alone.
    #[error("stage {stage} is on node {node}; copies run on one node each, so all stages must be on node 0")]
    CopiesOnNodes {
        /// Position of the stage.
        stage: usize,
        /// Its node.
        node: usize,
    },
    /// A figure of what copies do together makes no sense.
    #[error("the copies have {what} {value}; give a finite number, 0 or more")]
    BadCopies {
        /// Which figure.
        what: &'static str,
        /// What it is.
        value: f64,
    },
    /// Nothing can happen any more, and frames are left: a bug of the simulator.
    #[error("after {at_s} s nothing moves, and {left} frames have not arrived; please report this")]
    Stuck {
        /// When.
        at_s: f64,
        /// Frames that are left.
        left: u64,
    },
}
