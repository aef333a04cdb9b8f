//! `Dirty`: the image as the array saw it.
//!
//! ```text
//! first pass    read → to_stokes → sum_density ⇒ weights            (uniform and Briggs weights only)
//! each slab     read → to_stokes → weigh(weights) → grid ⇒ add_planes
//! at the end    finish_image → FITS, PNG
//! ```
//! `⇒` closes a stream of chunks; before it tasks run once per chunk, after it once per pass. One slab holds all
//! w planes unless memory is short.

use crate::weights::weights;
use flow::{BoxError, Chain, Once, Socket};
use std::sync::Arc;
use tasks::*;
use types::{Stokes, Weighting};

/// What the mode needs to know.
pub struct Dirty<T: Real> {
    /// The visibilities.
    pub data: Data,
    /// The Stokes parameter to image.
    pub stokes: Stokes,
    /// Imaging weights.
    pub weighting: Weighting,
    /// How to grid.
    pub plan: Arc<GridPlan<T>>,
    /// Where the image goes.
    pub fits: WriteFits<T>,
    /// Where its picture goes.
    pub picture: WritePicture<T>,
}

/// Declares the chain; the socket gives the dirty image.
///
/// # Errors
/// When the data cannot be opened.
pub fn dirty<T: Real>(chain: &mut Chain, cfg: Dirty<T>) -> Result<Socket<Once, Imaged<T>>, BoxError> {
    let weights = weights::<T>(chain, &cfg.data, cfg.stokes, cfg.weighting, cfg.plan.geometry())?;

    let mut image = chain.constant(PartialImage::new(&cfg.plan));
    for i_pass in 0..cfg.plan.n_passes() {
        let gridded = chain.per_chunk(cfg.data.read()?, |c, vis| {
            let vis = c.then(vis, ToStokes::new(cfg.stokes));
            let weights = c.hold(weights.clone());
            let vis = c.then((vis, weights), Weigh::new());
            c.accumulate(vis, Grid::new(&cfg.plan, i_pass))
        });
        image = chain.then((image, gridded), AddPlanes::new(&cfg.plan));
    }
    let image = chain.then(image, FinishImage::new(&cfg.plan));

    chain.sink(image.clone(), cfg.fits);
    chain.sink(image.clone(), cfg.picture);
    Ok(image)
}
