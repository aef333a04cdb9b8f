//! FITS images with their world coordinates, in and out.
//!
//! Invariant: a file of the final name is always whole. Images are written under a temporary name in the same
//! directory, flushed to the disk, and renamed (see [`write_image`]).
//!
//! Headers follow the FITS standard 4.0 (Pence et al. 2010 and its 2018 update) and the world coordinate papers:
//! Greisen & Calabretta 2002 (I), Calabretta & Greisen 2002 (II, celestial), Greisen et al. 2006 (III, spectral)
//! and Rots et al. 2015 (IV, time). Pixels go through CFITSIO; cards are laid out here (docs of `cards`).
#![forbid(unsafe_code)]

mod cards;
mod error;
mod header;
mod part;
mod read;
mod time;
mod wcs;
mod write;

pub use error::Error;
pub use part::check_writable;
pub use read::{FitsImage, read_image};
pub use time::iso_date;
pub use write::{Pixel, write_image};
