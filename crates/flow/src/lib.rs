//! A typed dataflow runtime: tasks, the sockets between them, sequences and pipelines with replicated stages.
//!
//! A [`Chain`] declares tasks and binds them by sockets; nothing runs until [`Chain::run`], and the declaration does
//! not say how: on one thread or on many, the results are the same. There are two rates. A value that exists once is a
//! `Socket<Once, T>`; a value that exists for every chunk of a stream is a `Socket<PerChunk, T>`, and in the text it
//! stands one indentation deeper.
//!
//! | word | meaning |
//! | --- | --- |
//! | [`constant`](Chain::constant) | a value that is there from the start |
//! | [`per_chunk`](Chain::per_chunk) | opens a stream of chunks out of a [`Source`] |
//! | [`then`](Chain::then) | a [`Task`]: takes values, gives a value |
//! | [`accumulate`](PerChunkScope::accumulate) | an [`Accumulator`]: folds a stream, in order, into one value |
//! | [`hold`](PerChunkScope::hold) | a value of the chain, read by every chunk |
//! | [`share`](Chain::share) | the same value in an `Arc`, for many readers |
//! | [`sink`](Chain::sink) | a task for its effect |
//! | [`output`](Chain::output) | hands a value to the caller |
//!
//! # Example
//!
//! The standard deviation of a stream of numbers in two passes, the second of which holds the result of the first:
//!
//! ```
//! use facette_flow::{Accumulator, BoxError, Chain, Run, Source, Task};
//! use std::sync::Arc;
//!
//! /// Gives 0 to 999 in blocks of ten.
//! struct Count(u32);
//!
//! impl Source for Count {
//!     type Out = Vec<f64>;
//!     fn next(&mut self) -> Result<Option<Vec<f64>>, BoxError> {
//!         let first = self.0;
//!         self.0 += 10;
//!         Ok((first < 1000).then(|| (first..self.0).map(f64::from).collect()))
//!     }
//! }
//!
//! /// Squares the distance from a mean. Stateless, so the runtime may copy it.
//! struct Distance;
//!
//! impl Task for Distance {
//!     type In = (Vec<f64>, Arc<f64>);
//!     type Out = Vec<f64>;
//!     fn run(&mut self, (mut block, mean): Self::In) -> Result<Vec<f64>, BoxError> {
//!         block.iter_mut().for_each(|x| *x = (*x - *mean).powi(2));
//!         Ok(block)
//!     }
//!     fn replica(&self) -> Option<Self> {
//!         Some(Distance)
//!     }
//! }
//!
//! /// The mean of all numbers. Sees the blocks in order, so its rounding never changes.
//! #[derive(Default)]
//! struct Mean(f64, usize);
//!
//! impl Accumulator for Mean {
//!     type In = Vec<f64>;
//!     type Out = f64;
//!     fn add(&mut self, block: Vec<f64>) -> Result<(), BoxError> {
//!         self.0 += block.iter().sum::<f64>();
//!         self.1 += block.len();
//!         Ok(())
//!     }
//!     fn finish(&mut self) -> Result<f64, BoxError> {
//!         if self.1 == 0 { Err("the mean of nothing".into()) } else { Ok(self.0 / self.1 as f64) }
//!     }
//! }
//!
//! let mut chain = Chain::new();
//! let mean = chain.per_chunk(Count(0), |c, block| c.accumulate(block, Mean::default()));
//! let mean = chain.share(mean);
//! let variance = chain.per_chunk(Count(0), |c, block| {
//!     let distance = c.then((block, c.hold(mean)), Distance);
//!     c.accumulate(distance, Mean::default())
//! });
//! let variance = chain.output(variance);
//!
//! let report = chain.run(&Run::pipeline(4))?;
//! assert_eq!(variance.take(), Some(83_333.25));
//! assert_eq!(report.passes[1].chunks, 100);
//! # Ok::<(), facette_flow::Error>(())
//! ```
//!
//! # What cannot be written
//!
//! A task bound to a value of another type (*type mismatch: expected `i32`, found `Vec<f64>`*):
//!
//! ```compile_fail,E0271
//! # use facette_flow::{closures::map, Chain};
//! let mut chain = Chain::new();
//! let number = chain.constant(1_i32);
//! chain.then(number, map("Sum", |block: Vec<f64>| Ok(block.iter().sum::<f64>())));
//! ```
//!
//! A value of the chain read by every chunk without `hold` (*`Socket<Once, f64>` cannot be read at the rate
//! `PerChunk`*):
//!
//! ```compile_fail,E0277
//! # use facette_flow::{closures::{iterate, map}, Chain};
//! let mut chain = Chain::new();
//! let factor = chain.constant(2.0_f64);
//! chain.per_chunk(iterate("Count", 0..10), |c, _number| {
//!     c.then(factor, map("Twice", |x: f64| Ok(2.0 * x)));
//! });
//! ```
//!
//! A value of a chunk outside its stream:
//!
//! ```compile_fail
//! # use facette_flow::{closures::iterate, Chain};
//! let mut chain = Chain::new();
//! let number = chain.per_chunk(iterate("Count", 0..10), |_, number| number);
//! ```
//!
//! Two readers of a value that cannot be cloned:
//!
//! ```compile_fail,E0382
//! # use facette_flow::{closures::map, Chain};
//! struct Big;
//! let mut chain = Chain::new();
//! let big = chain.constant(Big);
//! chain.sink(big, map("One", |_: Big| Ok(())));
//! chain.sink(big, map("Other", |_: Big| Ok(())));
//! ```
//!
//! # Execution
//!
//! Steps at the rate `Once` run in the order of declaration on the calling thread. A stream runs there too when the
//! execution is sequential. In a pipeline the source has a thread, and so has each stage, as [`Chain::plan`] tells;
//! tasks that allow replicas work on several chunks at the same time, and order is restored behind them. Chunks in
//! memory are bounded ([`PassPlan::window`]). An error or a panic in a task stops the run; it comes back with the name
//! of the task and the chunk, always that of the earliest chunk, when all threads have been joined and all values
//! dropped.
//!
//! # Below the chain
//!
//! [`graph`] is the layer of modules, tasks and sockets: sequences, pipelines with stages of any width, loops and
//! branches, chosen and bound task by task.
#![deny(unsafe_code)]

mod chain;
pub mod closures;
mod computer;
mod env;
mod error;
mod forecast;
pub mod graph;
mod link;
pub mod modules;
mod pass;
mod plan;
mod planner;
pub mod pool;
mod profile;
mod recorder;
mod repeat;
mod report;
mod run;
mod scope;
mod socket;
mod stream;
mod table;
mod task;
pub mod testing;

pub use chain::Chain;
pub use computer::Computer;
pub use error::{BoxError, BuildError, Error};
pub use forecast::Forecast;
pub use plan::{PassPlan, Plan, StagePlan};
pub use planner::Promise;
pub use profile::{BySize, Cost, Profile, ProfileError, StreamProfile, TaskKind, TaskProfile};
pub use repeat::State;
pub use report::{PassReport, RunReport, TaskRate, TaskReport};
pub use run::{Call, CancelToken, Crowd, Execution, Leg, Observer, Run, Sample};
pub use scope::PerChunkScope;
pub use socket::{Once, Output, PerChunk, Socket, Sockets, Unzip};
pub use task::{Accumulator, Source, Task};

/// The examples of the page for newcomers are run, too.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
