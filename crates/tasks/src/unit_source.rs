//! `UnitSource`: visibilities of 1 Jy at the phase centre, for the PSF.

use crate::Real;
use flow::{BoxError, Task};
use std::marker::PhantomData;
use types::{Complex, StokesVis};

/// Replaces every visibility by 1.
///
/// # Inputs
/// [`StokesVis`].
/// # Outputs
/// [`StokesVis`] with the same weights.
/// # State
/// None.
/// # Replicable?
/// Yes.
pub struct UnitSource<T>(PhantomData<T>);

impl<T> UnitSource<T> {
    /// The task.
    pub fn new() -> Self {
        UnitSource(PhantomData)
    }
}

impl<T> Default for UnitSource<T> {
    fn default() -> Self {
        UnitSource::new()
    }
}

impl<T: Real> Task for UnitSource<T> {
    type In = StokesVis<T>;
    type Out = StokesVis<T>;

    fn run(&mut self, mut vis: StokesVis<T>) -> Result<StokesVis<T>, BoxError> {
        vis.vis_rf.fill(Complex::new(T::one(), T::zero()));
        Ok(vis)
    }

    fn replica(&self) -> Option<Self> {
        Some(UnitSource::new())
    }
}
