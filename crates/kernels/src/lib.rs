//! Numerical kernels of imaging: gridding, degridding, FFT, w-correction, weighting.
//!
//! Invariant: no files, options or threads of its own: slices in, numbers out. Loops run in parallel on whatever
//! rayon pool the caller has installed, and the same input gives the same bytes for any number of threads.
//!
//! Start reading at [`direct`], the sums that everything else reproduces faster, then [`gridder`].
#![deny(unsafe_code)]

pub mod arch;
pub mod direct;
pub mod fft;
pub mod gridder;
pub mod weighting;

pub use arch::{Real, SimdLevel};
pub use gridder::{GridPlan, GridderSpec, PlanError, Planes, Recipe};
