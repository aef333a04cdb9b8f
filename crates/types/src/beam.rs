//! The restoring beam: an elliptical Gaussian.

/// An elliptical Gaussian beam, full widths at half maximum.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Beam {
    /// Full width at half maximum along the major axis, radians.
    pub bmaj_rad: f64,
    /// Full width at half maximum along the minor axis, radians.
    pub bmin_rad: f64,
    /// Position angle of the major axis, radians, from North through East.
    pub bpa_rad: f64,
}

impl Beam {
    /// Solid angle in steradians: π bmaj bmin / (4 ln 2).
    pub fn solid_angle_sr(&self) -> f64 {
        std::f64::consts::PI * self.bmaj_rad * self.bmin_rad / (4.0 * std::f64::consts::LN_2)
    }
}
