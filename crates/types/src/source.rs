//! Sources on the sky, as simulated or as fitted.

/// Shape of an extended source: an elliptical Gaussian.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Gaussian {
    /// Full width at half maximum along the major axis, radians.
    pub fwhm_major_rad: f64,
    /// Full width at half maximum along the minor axis, radians.
    pub fwhm_minor_rad: f64,
    /// Position angle of the major axis, radians, from North through East.
    pub pa_rad: f64,
}

/// A point or Gaussian source at direction cosines about the phase centre.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SkySource {
    /// Direction cosine to the East.
    pub l: f64,
    /// Direction cosine to the North.
    pub m: f64,
    /// Integrated flux density, Jy.
    pub flux_jy: f64,
    /// `None` for a point source.
    pub gaussian: Option<Gaussian>,
}
