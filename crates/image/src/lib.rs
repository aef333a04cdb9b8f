//! The image plane: beam fits and source fits.
//!
//! Images are arrays of the shape `[ny, nx]` with the orientation of [`types::ImageGeometry`]: x to the West, y to
//! the North, pixels counted from 0.
#![forbid(unsafe_code)]

mod beam;
mod error;
mod joint;
mod noise;
mod peak;
mod shift;
mod sources;
mod stats;

pub use beam::fit_beam;
pub use error::Error;
pub use peak::peak_near;
pub use sources::{FittedSource, Response, fit_sources};
pub use stats::{Stats, statistics};
