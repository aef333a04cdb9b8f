//! `SumDensity`: the sum of weights in every uv cell.

use crate::Real;
use flow::{Accumulator, BoxError};
use kernels::weighting::{ImagingWeights, UvDensity};
use std::marker::PhantomData;
use types::{ImageGeometry, StokesVis, Weighting};

/// Sums natural weights over uv cells and turns them into imaging weights.
///
/// # Inputs
/// [`StokesVis`] with natural weights, in stream order.
/// # Outputs
/// [`ImagingWeights`].
/// # State
/// The uv density, one double a cell.
/// # Replicable?
/// No: the order of a sum decides its last bits.
pub struct SumDensity<T> {
    density: Option<UvDensity>,
    weighting: Weighting,
    precision: PhantomData<T>,
}

impl<T> SumDensity<T> {
    /// For an image of `geometry`, whose size sets the uv cell.
    pub fn new(geometry: &ImageGeometry, weighting: Weighting) -> Self {
        SumDensity { density: Some(UvDensity::new(geometry)), weighting, precision: PhantomData }
    }
}

impl<T: Real> Accumulator for SumDensity<T> {
    type In = StokesVis<T>;
    type Out = ImagingWeights;

    fn add(&mut self, vis: StokesVis<T>) -> Result<(), BoxError> {
        if let Some(density) = &mut self.density {
            density.add(&vis);
        }
        Ok(())
    }

    fn finish(&mut self) -> Result<ImagingWeights, BoxError> {
        let density = self.density.take().ok_or("the density was already taken")?;
        Ok(density.finish(self.weighting))
    }
}
