//! What an image says about its origin: frames, frequencies, telescope, times.

use crate::{Beam, RaDec, Stokes};

/// Celestial reference frame of a direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SkyFrame {
    /// Mean equator and equinox of J2000 (FK5).
    J2000,
    /// Mean equator and equinox of B1950 (FK4).
    B1950,
    /// International Celestial Reference System.
    Icrs,
}

/// Rest frame of frequencies, in the order of casacore's `MFrequency::Types`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are casacore's")]
pub enum SpectralFrame {
    Rest,
    LsrK,
    LsrD,
    Bary,
    Geo,
    Topo,
    Galacto,
    Lgroup,
    Cmb,
    Undefined,
}

/// Description of an image besides its pixels: everything a FITS header needs.
#[derive(Clone, Debug, PartialEq)]
pub struct ImageHeader {
    /// Name of the field.
    pub object: String,
    /// Name of the telescope.
    pub telescope: String,
    /// Name of the observer.
    pub observer: String,
    /// Direction of the reference pixel.
    pub phase_center: RaDec,
    /// Frame of `phase_center`.
    pub frame: SkyFrame,
    /// Effective frequency of the selection, Hz.
    pub freq_hz: f64,
    /// Bandwidth of the selection, Hz.
    pub bandwidth_hz: f64,
    /// Rest frequency of the observed line, Hz, if the data name one.
    pub rest_freq_hz: Option<f64>,
    /// Frame of `freq_hz`.
    pub spectral_frame: SpectralFrame,
    /// Start of the selection, seconds of modified Julian date, UTC.
    pub start_mjd_s: f64,
    /// End of the selection, seconds of modified Julian date, UTC.
    pub end_mjd_s: f64,
    /// Stokes parameter.
    pub stokes: Stokes,
    /// Unit of the pixels, such as `Jy/beam`.
    pub unit: String,
    /// The beam fitted to the PSF, where known.
    pub beam: Option<Beam>,
    /// Resolved options and program version, one line each.
    pub history: Vec<String>,
}
