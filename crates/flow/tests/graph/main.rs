//! The layer below the chain: sequences, loops, pipelines, and what goes wrong in them.

mod build;
mod control;
mod dot;
mod failures;
mod feedback;
mod left;
mod limits;
mod machines;
mod pipeline;
mod placement;
mod rates;
mod recut;
mod schedule_file;
mod seeing;
mod sequence;
mod stepping;
mod support;
mod trace;
