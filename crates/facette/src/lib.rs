//! Facette, a radio interferometry imager: facade over the crates and the runner of the modes.
//!
//! [`image`](run::image) makes a dirty image or a PSF from MeasurementSets, [`demo`](demo::demo) simulates an
//! observation and images it, [`simulate`](simulation::simulate) writes one into a MeasurementSet, [`info`](info::info) says what a MeasurementSet holds, and [`outlook`](outlook::outlook)
//! what a run would take. Most of the crates below are re-exported under their short names.
//!
//! Invariant: nothing is printed here; what there is to say goes to a [`Screen`].
#![forbid(unsafe_code)]

mod check;
pub mod copy;
pub mod demo;
mod error;
mod execute;
mod guess;
mod header;
pub mod info;
mod open;
pub mod outlook;
mod plan;
mod request;
pub mod resources;
pub mod run;
mod screen;
pub mod simulation;
mod staged_ms;
mod staging;
mod summary;
pub mod telescope;
mod watch;

pub use ::image::peak_near;
pub use error::Error;
pub use request::{Pipeline, Product, Request};
pub use screen::{Screen, Session, Silent};
pub use staging::Scratch;
pub use summary::{BeamSummary, GridderSummary, ImageSummary, PipelineSummary, Summary, TaskSummary};
pub use {export, fits, flow, kernels, modes, ms, report, sim, tables, tasks, types};
