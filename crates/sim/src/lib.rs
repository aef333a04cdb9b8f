//! Simulated observations: antenna layouts, skies, noise.
//!
//! A [`Simulation`] is computed while it is read: chunk by chunk, the exact direct sum over its sources plus noise,
//! the same numbers for any size of chunks and any number of threads. Conventions are those of a MeasurementSet
//! (docs/conventions/uvw.md): V = Σ I exp(+2πi ν/c (u l + v m + w (n − 1))), l to the East, m to the North.
#![forbid(unsafe_code)]

mod demo;
mod layout;
mod observation;
mod simulation;

pub use demo::demo_geometry;
pub use layout::{Antenna, Layout};
pub use observation::Observation;
pub use simulation::Simulation;
