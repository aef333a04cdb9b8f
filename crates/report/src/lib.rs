//! What a run leaves for people and programs: pictures, charts and JSON summaries.
//!
//! Invariant: no arithmetic on visibilities and no FITS; pixels and values come in, files go out.
#![forbid(unsafe_code)]

mod canvas;
pub mod chart;
mod error;
mod font;
mod json;
mod labels;
mod part_file;
mod picture;
mod png_file;
mod resample;
mod scale;
mod sky_axes;

pub use error::Error;
pub use json::write_json;
pub use picture::{Mark, Picture, write_png};
