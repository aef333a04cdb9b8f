//! The nouns of radio interferometry as plain data: visibilities, directions, images, units.
//!
//! Invariant: no files, threads, options or SIMD here; only data, their conversions and the checks that make
//! wrong values impossible. Conventions (signs, axes, pixel centres) are written down in `docs/conventions/`.
#![forbid(unsafe_code)]

mod beam;
mod correlation;
mod direction;
mod geometry;
mod header;
mod sexagesimal;
mod source;
mod units;
mod vis;
mod weighting;

pub use beam::Beam;
pub use correlation::{Correlation, Stokes, StokesError, StokesTerm};
pub use direction::{Lmn, RaDec};
pub use geometry::ImageGeometry;
pub use header::{ImageHeader, SkyFrame, SpectralFrame};
pub use num_complex::{Complex, Complex32, Complex64};
pub use sexagesimal::{parse_dec_rad, parse_ra_rad, parse_radec};
pub use source::{Gaussian, SkySource};
pub use units::{
    UnitError, format_angle, format_bytes, format_count, format_freq, parse_angle_rad, parse_bytes,
    parse_flux_jy, parse_freq_hz, parse_time_s,
};
pub use vis::{Setup, StokesVis, VisChunk};
pub use weighting::{Precision, Weighting};

/// Speed of light in m/s, exact by definition.
pub const SPEED_OF_LIGHT_M_S: f64 = 299_792_458.0;
/// One arcsecond in radians.
pub const ARCSEC_RAD: f64 = std::f64::consts::PI / (180.0 * 3600.0);
