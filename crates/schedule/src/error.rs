//! What can be wrong with a problem, and when there is no plan.

/// Why there is no plan.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The chain is empty.
    #[error("the chain has no tasks; a plan needs at least one")]
    NoTasks,
    /// There is no core to run on.
    #[error("there are no cores: {types} core types, none of them with a core; give at least one core")]
    NoCores {
        /// How many core types were given.
        types: usize,
    },
    /// More cores of a type than a plan can number.
    #[error("core type {core_type} has {count} cores, the limit is {limit}")]
    TooManyCores {
        /// Name of the core type.
        core_type: String,
        /// How many were given.
        count: u32,
        /// How many are allowed.
        limit: u32,
    },
    /// A cost is no time.
    #[error("task {task} costs {cost} on core type {core_type}; a cost is a finite number, 0 or more")]
    BadCost {
        /// Name of the task.
        task: String,
        /// Name of the core type.
        core_type: String,
        /// The cost.
        cost: f64,
    },
    /// A task was not measured on a core type.
    #[error("task {task} has no cost for core type {core_type}; measure it there, or leave the type out")]
    MissingCost {
        /// Name of the task.
        task: String,
        /// Name of the core type.
        core_type: String,
    },
    /// A task has costs for core types that do not exist.
    #[error("task {task} has {got} costs, but there are {expected} core types")]
    ExtraCosts {
        /// Name of the task.
        task: String,
        /// Number of core types.
        expected: usize,
        /// Number of costs.
        got: usize,
    },
    /// The costs exceed what can be added up.
    #[error(
        "the costs on core type {core_type} sum up to {sum:e}, the limit is {limit:e}; use a larger unit"
    )]
    TooExpensive {
        /// Name of the core type.
        core_type: String,
        /// The sum.
        sum: f64,
        /// The limit.
        limit: f64,
    },
    /// The measured efficiencies of a task that is parallel inside make no sense.
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
    /// The cost of handing a task's output over is no time.
    #[error("crossing a boundary after task {task} costs {cost}; a cost is a finite number, 0 or more")]
    BadCrossing {
        /// Name of the task before the boundary.
        task: String,
        /// The cost.
        cost: f64,
    },
    /// The list of costs of crossing has the wrong length.
    #[error("{got} costs of crossing a boundary for {expected} tasks; give one for each task")]
    CrossingCount {
        /// Number of tasks.
        expected: usize,
        /// Number of costs.
        got: usize,
    },
    /// The target period is no time.
    #[error("the target period is {target}; it is a finite number above 0")]
    BadTarget {
        /// The target.
        target: f64,
    },
    /// The target period cannot be met with these cores.
    #[error(
        "{algorithm} reaches a period of {reached}, not the target of {target}; \
         give more cores, a longer period, or see what the bottleneck says"
    )]
    Target {
        /// Name of the algorithm.
        algorithm: &'static str,
        /// The target.
        target: f64,
        /// The shortest period that was found.
        reached: f64,
    },
    /// Not even one replica of everything fits into the memory.
    #[error(
        "one replica of every task keeps {needed_bytes} bytes, the cap is {cap_bytes} bytes; \
         the largest is task {task} with {task_bytes} bytes"
    )]
    MemoryCap {
        /// The cap.
        cap_bytes: u64,
        /// What one replica of every task keeps.
        needed_bytes: u64,
        /// Name of the task that keeps most.
        task: String,
        /// What it keeps.
        task_bytes: u64,
    },
    /// An algorithm that does not know of memory made a plan that is too large.
    #[error(
        "the plan of {algorithm}, which does not know of memory, keeps {needed_bytes} bytes, \
         the cap is {cap_bytes} bytes; `exact` plans within the cap"
    )]
    MemoryUnknown {
        /// Name of the algorithm.
        algorithm: &'static str,
        /// The cap.
        cap_bytes: u64,
        /// What the plan keeps.
        needed_bytes: u64,
    },
    /// An algorithm needs a core for every stage, and there are fewer.
    #[error(
        "{algorithm} needs {needed} cores, one for every task, there are {cores}; choose another algorithm"
    )]
    TooFewCores {
        /// Name of the algorithm.
        algorithm: &'static str,
        /// Cores that it needs.
        needed: usize,
        /// Cores there are.
        cores: usize,
    },
    /// An algorithm is defined for fewer core types.
    #[error(
        "{algorithm} is defined for at most {limit} core types, there are {got}; `exact` takes any number"
    )]
    CoreTypes {
        /// Name of the algorithm.
        algorithm: &'static str,
        /// How many it takes.
        limit: usize,
        /// How many have cores.
        got: usize,
    },
    /// The table of an exact algorithm would not fit into memory.
    #[error(
        "{algorithm} would need a table of {cells} cells, the limit is {limit}; \
         give fewer cores or core types, or lift the memory cap"
    )]
    TooLarge {
        /// Name of the algorithm.
        algorithm: &'static str,
        /// Cells of the table.
        cells: u128,
        /// How many are allowed.
        limit: u128,
    },
    /// An edge of a graph names a task that is not there.
    #[error("an edge goes from task {from} to task {to}, but there are {tasks} tasks, numbered from 0")]
    BadEdge {
        /// Where it starts.
        from: usize,
        /// Where it ends.
        to: usize,
        /// Number of tasks.
        tasks: usize,
    },
    /// The graph has a cycle, so no order of its tasks is right.
    #[error("tasks {tasks:?} wait for each other in a circle; a plan needs a graph without cycles")]
    Cycle {
        /// Tasks of which none can come first.
        tasks: Vec<usize>,
    },
}
