//! A simulator of pipelines, for computers that one does not own.
//!
//! A plan of [`schedule`] says what a pipeline should reach. This crate runs it, event by event, with what a plan leaves
//! out: times that vary, buffers of finite depth, waiting and waking, cores that more threads share than there are, a
//! memory whose bandwidth all tasks compete for, nodes and the network between them. What can be simulated is what
//! `flow::graph` executes, and it is executed by the same rules: bounded buffers, frames taken by need, order restored
//! in front of a stage of one replica, tokens where frames could overtake each other, a window over all.
//!
//! ```
//! use facette_simulate::{Cluster, Pipeline, Run, Service, Sharing, Stage, Task, simulate};
//!
//! let task = |name: &str, time_s| Task::new(name, Service::LogNormal { mean_s: time_s, cv: 0.3 });
//! let stages = vec![
//!     Stage::new(vec![task("read", 1e-3)]),
//!     Stage::new(vec![task("filter", 7e-3)]).replicas(8),
//!     Stage::new(vec![task("write", 1e-3)]),
//! ];
//! // Ten threads, on ten cores and on four.
//! let own = simulate(&Cluster::uniform(10), &Pipeline::new(stages.clone()), &Run::new(5000))?;
//! let shared = Pipeline { sharing: Sharing::Shared, ..Pipeline::new(stages) };
//! let four = simulate(&Cluster::uniform(4), &shared, &Run::new(5000))?;
//! assert!(own.period_s < 1.1e-3, "{}", own.period_s);
//! // Nine milliseconds of work on four cores.
//! assert!((four.period_s / (9e-3 / 4.0) - 1.0).abs() < 0.02, "{}", four.period_s);
//! assert!(four.cores.iter().all(|core| core.busy > 0.95));
//! # Ok::<(), facette_simulate::Error>(())
//! ```
//!
//! A plan is simulated in one call: [`simulate_plan`]. The same pipeline on many nodes, with a reduction at the end, is
//! [`simulate_copies`]. Everything goes in as plain data that can be read from JSON, and comes out as such: [`Outcome`],
//! with the bars of a Gantt chart ([`Span`]) and a trace for Perfetto ([`Outcome::trace_json`]).
//!
//! # What is left out
//!
//! Caches, except as memory traffic that is given; the scheduler of the operating system, except as equal shares;
//! disks, except as tasks that need only time; replicas of one stage on several nodes.
//!
//! The crate has no threads, no clocks and no files; the same input gives the same outcome everywhere.
#![forbid(unsafe_code)]

mod boundary;
mod check;
mod clock;
mod cluster;
mod copies;
mod engine;
mod error;
mod layout;
mod ledger;
mod links;
mod outcome;
mod pipeline;
mod plan;
mod pools;
mod report;
mod run;
mod service;
mod trace;
mod wait;

pub use cluster::{Cluster, Cores, Network, Node};
pub use copies::{Copies, CopiesOutcome, Merge, simulate_copies};
pub use error::Error;
pub use outcome::{BoundaryUse, CoreUse, Latency, NodeUse, Occupancy, Outcome, Passage, StageUse};
pub use pipeline::{Needs, Order, Pipeline, Sharing, Stage, Task, Waiting, Wake};
pub use plan::simulate_plan;
pub use run::{Run, simulate};
pub use service::Service;
pub use trace::{Activity, Lane, Span};
