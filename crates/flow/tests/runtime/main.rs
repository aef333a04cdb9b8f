//! The runtime as its users meet it: results, order, memory, failures, cancellation, reports.

mod auto;
mod bounded;
mod build;
mod cancel;
mod failures;
mod random_graphs;
mod repeat;
mod report;
mod results;
mod support;
