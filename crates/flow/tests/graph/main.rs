//! The layer below the chain: sequences, loops, pipelines, and what goes wrong in them.

mod build;
mod control;
mod failures;
mod feedback;
mod pipeline;
mod rates;
mod sequence;
mod support;
