//! Tolerances and fixtures for tests; never a dependency of a release.
#![forbid(unsafe_code)]

mod copy;
mod data;
mod python;
mod tolerance;

pub use copy::copy_tree;
pub use data::{fixture, real_data};
pub use python::{peer_python, python};
pub use tolerance::{IntoComplex, max_rel_err, median, rms_rel_err};
