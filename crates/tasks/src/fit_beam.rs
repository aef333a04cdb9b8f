//! `FitBeam`: the Gaussian that fits the main lobe of the PSF.

use crate::Imaged;
use crate::Real;
use flow::{BoxError, Task};
use std::marker::PhantomData;
use types::ImageGeometry;

/// Fits the restoring beam; a PSF that no Gaussian fits (an East-West array's, say) stays without.
///
/// # Inputs
/// The PSF.
/// # Outputs
/// The PSF with its beam.
/// # State
/// None.
/// # Replicable?
/// No.
pub struct FitBeam<T> {
    geometry: ImageGeometry,
    precision: PhantomData<T>,
}

impl<T> FitBeam<T> {
    /// For a PSF of `geometry`.
    pub fn new(geometry: ImageGeometry) -> Self {
        FitBeam { geometry, precision: PhantomData }
    }
}

impl<T: Real> Task for FitBeam<T> {
    type In = Imaged<T>;
    type Out = Imaged<T>;

    fn run(&mut self, psf: Imaged<T>) -> Result<Imaged<T>, BoxError> {
        let beam = image::fit_beam(&psf.pixels, &self.geometry).map_err(|e| e.to_string());
        Ok(Imaged { beam: Some(beam), ..psf })
    }
}
