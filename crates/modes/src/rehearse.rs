//! `Rehearse`: what a dirty image or a PSF does for every chunk, without making an image of it. For a sample of the data
//! whose costs are wanted.
//!
//! ```text
//! first pass    read → to_stokes → sum_density ⇒ weights            (uniform and Briggs weights only)
//! one pass      read → to_stokes (→ unit_source) → weigh(weights) → grid ⇒ nothing
//! ```

use crate::weights::weights;
use flow::{BoxError, Chain};
use std::sync::Arc;
use tasks::*;
use types::{Stokes, Weighting};

/// What the mode needs to know.
pub struct Rehearse<T: Real> {
    /// The visibilities.
    pub data: Data,
    /// The Stokes parameter to image.
    pub stokes: Stokes,
    /// Imaging weights.
    pub weighting: Weighting,
    /// How to grid.
    pub plan: Arc<GridPlan<T>>,
    /// Whether a unit source at the phase center is gridded, as for a PSF.
    pub is_psf: bool,
}

/// Declares the chain.
///
/// # Errors
/// When the data cannot be opened.
pub fn rehearse<T: Real>(chain: &mut Chain, cfg: &Rehearse<T>) -> Result<(), BoxError> {
    let weights = weights::<T>(chain, &cfg.data, cfg.stokes, cfg.weighting, cfg.plan.geometry())?;
    chain.per_chunk(cfg.data.read()?, |c, vis| {
        let vis = c.then(vis, ToStokes::new(cfg.stokes));
        let vis = if cfg.is_psf { c.then(vis, UnitSource::new()) } else { vis };
        let weights = c.hold(weights);
        let vis = c.then((vis, weights), Weigh::new());
        let _ = c.accumulate(vis, Grid::new(&cfg.plan, 0));
    });
    Ok(())
}
