//! The layer below the chain: sequences, loops, pipelines, and what goes wrong in them.

mod build;
mod control;
mod failures;
mod pipeline;
mod rates;
mod seeing;
mod sequence;
mod stepping;
mod support;
mod trace;
