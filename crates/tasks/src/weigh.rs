//! `Weigh`: natural weights become imaging weights.

use crate::Real;
use flow::{BoxError, Task};
use kernels::weighting::ImagingWeights;
use std::{marker::PhantomData, sync::Arc};
use types::StokesVis;

/// Applies imaging weights (docs/conventions/weights.md).
///
/// # Inputs
/// [`StokesVis`] with natural weights; the [`ImagingWeights`] of the whole selection, held.
/// # Outputs
/// [`StokesVis`] with imaging weights.
/// # State
/// None.
/// # Replicable?
/// Yes.
pub struct Weigh<T>(PhantomData<T>);

impl<T> Weigh<T> {
    /// The task.
    pub fn new() -> Self {
        Weigh(PhantomData)
    }
}

impl<T> Default for Weigh<T> {
    fn default() -> Self {
        Weigh::new()
    }
}

impl<T: Real> Task for Weigh<T> {
    type In = (StokesVis<T>, Arc<ImagingWeights>);
    type Out = StokesVis<T>;

    fn run(&mut self, (mut vis, weights): Self::In) -> Result<StokesVis<T>, BoxError> {
        weights.apply(&mut vis);
        Ok(vis)
    }

    fn replica(&self) -> Option<Self> {
        Some(Weigh::new())
    }
}
