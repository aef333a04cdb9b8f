//! The modes: each a short file that declares a chain of tasks.
//!
//! Invariant: a mode file contains no arithmetic on visibilities or pixels. It says which data flow where, and at which
//! rate: inside `per_chunk` once a chunk, outside once a pass.
#![forbid(unsafe_code)]

mod demo;
mod dirty;
mod psf;
mod rehearse;
mod survey;
mod weights;

pub use demo::{Demo, Demonstrated, demo};
pub use dirty::{Dirty, dirty};
pub use psf::{Psf, psf};
pub use rehearse::{Rehearse, rehearse};
pub use survey::survey;
