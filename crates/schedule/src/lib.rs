//! Optimal pipelines: from what the tasks of a chain cost to stages, core types and replicas.
//!
//! A chain of tasks handles one frame after the other. Cut into *stages* of neighboring tasks, each with cores of its
//! own, it handles several frames at once; a stage of stateless tasks can be replicated, so that its replicas take
//! frames in turn. The slowest stage sets the *period*, the time between two frames. Which cut, which core type and how
//! many replicas make it shortest?
//!
//! ```
//! use facette_schedule::{CoreType, Kind, Problem, Task, algorithm, explain};
//!
//! let tasks = vec![
//!     Task::new("read", [2.0, 3.0], Kind::Sequential),
//!     Task::new("filter", [9.0, 15.0], Kind::Replicable),
//!     Task::new("write", [2.0, 3.0], Kind::Sequential),
//! ];
//! let cores = vec![CoreType::new("big", 3), CoreType::new("little", 2)];
//! let problem = Problem::new(tasks, cores)?;
//! let plan = algorithm("exact").expect("it is in the list").solve(&problem)?;
//! assert_eq!((plan.period.to_f64(), plan.cores.as_slice()), (3.0, &[3, 2][..]));
//! let text = explain(&problem, &plan)?.to_string();
//! assert!(text.contains("read"), "{text}");
//! # Ok::<(), facette_schedule::Error>(())
//! ```
//!
//! | algorithm | core types | period | cores |
//! | --- | --- | --- | --- |
//! | `otac` | one | optimal | fewest |
//! | `fertac` | any | good, at once | |
//! | `2catac` | two | better than `fertac` | |
//! | `herad` | two | optimal, slow | |
//! | `exact` | any; crossing, teams, memory | optimal | all that none can be taken from |
//! | `nicol`, `one-stage`, `one-per-task` | baselines | | |
//!
//! Periods are exact fractions: costs become whole ticks at the door, and no arithmetic rounds afterwards. The crate
//! has no threads, no clocks and no files; the same problem gives the same plan everywhere.
#![forbid(unsafe_code)]

mod algorithm;
mod cells;
mod check;
mod error;
mod exact;
mod explain;
mod fertac;
mod fraction;
mod greedy;
mod herad;
mod nicol;
mod one_per_task;
mod one_stage;
mod order;
mod otac;
mod plan;
mod problem;
mod search;
mod table;
mod task;
#[cfg(test)]
mod testing;
mod ticks;
mod twocatac;

pub use algorithm::{Algorithm, Optimal};
pub use check::{Flaw, check};
pub use error::Error;
pub use exact::{Frontier, frontier};
pub use explain::{Bottleneck, Change, Reason, Remedy, explain};
pub use fraction::Fraction;
pub use order::topological_order;
pub use plan::{Plan, Stage};
pub use problem::{MAX_CORES, Problem};
pub use task::{CoreType, Kind, Task};
pub use twocatac::NODE_LIMIT;

/// All algorithms; a new one is a file and a line here.
pub const ALL: &[Algorithm] = &[
    otac::ALGORITHM,
    fertac::ALGORITHM,
    twocatac::ALGORITHM,
    herad::ALGORITHM,
    exact::ALGORITHM,
    nicol::ALGORITHM,
    one_stage::ALGORITHM,
    one_per_task::ALGORITHM,
];

/// The algorithm of that name.
#[must_use]
pub fn algorithm(name: &str) -> Option<&'static Algorithm> {
    ALL.iter().find(|a| a.name == name)
}
