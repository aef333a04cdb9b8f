//! The tasks of the imaging chains: one task, one file.
//!
//! A task adapts a kernel or an input/output call to the sockets of `flow`.
//!
//! Invariant: a task holds no loop over chunks and knows no option names; modes declare which tasks there are and how
//! data flow between them.
#![forbid(unsafe_code)]

mod add_planes;
mod data;
mod finish_image;
mod fit_beam;
mod fit_sources;
mod grid;
mod outcome;
mod read_chunks;
mod real;
mod respond;
mod sum_density;
mod survey;
mod to_stokes;
mod unit_source;
mod weigh;
mod write_image;

pub use add_planes::{AddPlanes, PartialImage};
pub use data::{Data, chunk_rows};
pub use finish_image::FinishImage;
pub use fit_beam::FitBeam;
pub use fit_sources::{Collect, FindSources, FitSources};
pub use grid::{Grid, Gridded};
pub use image::FittedSource;
pub use kernels::{GridPlan, weighting::ImagingWeights};
pub use outcome::{Counts, Imaged};
pub use read_chunks::ReadChunks;
pub use real::Real;
pub use respond::Respond;
pub use sim::Simulation;
pub use sum_density::SumDensity;
pub use survey::{Extent, ReadGeometry, Survey, Surveyed};
pub use to_stokes::ToStokes;
pub use unit_source::UnitSource;
pub use weigh::Weigh;
pub use write_image::{WriteFits, WritePicture};
