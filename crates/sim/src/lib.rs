//! Simulated observations: antenna layouts, skies, noise.
//!
//! A [`Simulation`] is computed while it is read: chunk by chunk, the exact direct sum over its sources plus noise,
//! the same numbers for any size of chunks and any number of threads. Conventions are those of a MeasurementSet
//! (docs/conventions/uvw.md): V = Σ I exp(+2πi ν/c (u l + v m + w (n − 1))), l to the East, m to the North.
#![forbid(unsafe_code)]

mod array_file;
mod arrays;
mod catalogue;
mod catalogue_line;
mod corruptions;
mod demo;
mod earth;
mod geodesy;
mod layout;
mod observation;
mod sight;
mod simulation;
mod spectrum;
mod time;

pub use array_file::LayoutError;
pub use arrays::{ARRAYS, KnownArray};
pub use catalogue::{Catalogue, CatalogueError, Component, Sky, parse_catalogue};
pub use corruptions::Corruptions;
pub use demo::demo_geometry;
pub use earth::{Doubt, EMBEDDED_DATE, EarthTable, EarthTableError, Orientation};
pub use geodesy::Site;
pub use layout::{Antenna, Layout};
pub use observation::{Observation, RowId, Turning};
pub use sight::EarthModel;
pub use simulation::{Rows, Simulation};
pub use spectrum::Spectrum;
pub use time::{TimeError, format_utc, parse_utc_mjd_s};
