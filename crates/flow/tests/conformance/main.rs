//! StreamPU's test programs, one by one, with the results that they expect; `docs/flow/streampu.md` names them.

mod batches;
mod builder;
mod chains;
mod complex;
mod double_chain;
mod feedback;
mod generic;
mod loops;
mod page;
mod paths;
mod pool;
mod probes;
mod simple_pipeline;
mod support;
