//! `Respond`: visibilities of one source of 1 Jy, for the response of the imager to it.

use crate::Real;
use flow::{BoxError, Task};
use kernels::direct;
use std::{marker::PhantomData, sync::Arc};
use types::{Complex, SkySource, StokesVis};

/// Replaces the visibilities by those of source `i_source` with a flux of 1 Jy, exactly (direct sum).
///
/// # Inputs
/// [`StokesVis`]; the sources, held.
/// # Outputs
/// [`StokesVis`] with the same weights.
/// # State
/// None.
/// # Replicable?
/// Yes.
pub struct Respond<T> {
    i_source: usize,
    precision: PhantomData<T>,
}

impl<T> Respond<T> {
    /// For the source of index `i_source`.
    pub fn new(i_source: usize) -> Self {
        Respond { i_source, precision: PhantomData }
    }
}

impl<T: Real> Task for Respond<T> {
    type In = (StokesVis<T>, Arc<Vec<SkySource>>);
    type Out = StokesVis<T>;

    fn run(&mut self, (mut vis, sources): Self::In) -> Result<StokesVis<T>, BoxError> {
        let source = sources.get(self.i_source).ok_or_else(|| format!("no source {}", self.i_source))?;
        let unit = SkySource { flux_jy: 1.0, ..*source };
        let predicted = direct::predict_sources(&[unit], &vis.uvw_m, &vis.freq_hz);
        for (vis, p) in vis.vis_rf.iter_mut().zip(predicted) {
            *vis = Complex::new(T::from_double(p.re), T::from_double(p.im));
        }
        Ok(vis)
    }

    fn replica(&self) -> Option<Self> {
        Some(Respond::new(self.i_source))
    }
}
