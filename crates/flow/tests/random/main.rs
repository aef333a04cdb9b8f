//! Graphs made at random against a model that knows nothing of threads, and failures in every place.
//!
//! `FLOW_CASES` says how many cases, `FLOW_SEED` from which on; a case that fails is made as small as possible, and
//! its seed is printed. `FLOW_ROUNDS` says how often each failure is tried.

mod case;
mod check;
mod declare;
mod generate;
mod model;
mod program;
mod random;
mod regressions;
mod tape;
mod values;
mod work;
