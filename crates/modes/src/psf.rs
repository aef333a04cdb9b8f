//! `Psf`: the response to a point source of 1 Jy at the phase centre, and the beam that fits it.
//!
//! ```text
//! first pass    read → to_stokes → sum_density ⇒ weights            (uniform and Briggs weights only)
//! each slab     read → to_stokes → unit_source → weigh(weights) → grid ⇒ add_planes
//! at the end    finish_image → fit_beam → FITS, PNG
//! ```
//! `⇒` closes a stream of chunks. Visibilities are read although their values do not matter: a sample that is not
//! finite must not count here either.

use crate::weights::weights;
use flow::{BoxError, Chain, Once, Socket};
use std::sync::Arc;
use tasks::*;
use types::{Stokes, Weighting};

/// What the mode needs to know.
pub struct Psf<T: Real> {
    /// The visibilities.
    pub data: Data,
    /// The Stokes parameter whose weights count.
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

/// Declares the chain; the socket gives the PSF with its beam.
///
/// # Errors
/// When the data cannot be opened.
pub fn psf<T: Real>(chain: &mut Chain, cfg: Psf<T>) -> Result<Socket<Once, Imaged<T>>, BoxError> {
    let weights = weights::<T>(chain, &cfg.data, cfg.stokes, cfg.weighting, cfg.plan.geometry())?;

    let mut psf = chain.constant(PartialImage::new(&cfg.plan));
    for i_pass in 0..cfg.plan.n_passes() {
        let gridded = chain.per_chunk(cfg.data.read()?, |c, vis| {
            let vis = c.then(vis, ToStokes::new(cfg.stokes));
            let vis = c.then(vis, UnitSource::new());
            let weights = c.hold(weights.clone());
            let vis = c.then((vis, weights), Weigh::new());
            c.accumulate(vis, Grid::new(&cfg.plan, i_pass))
        });
        psf = chain.then((psf, gridded), AddPlanes::new(&cfg.plan));
    }
    let psf = chain.then(psf, FinishImage::new(&cfg.plan));

    let psf = chain.then(psf, FitBeam::new(*cfg.plan.geometry()));

    chain.sink(psf.clone(), cfg.fits);
    chain.sink(psf.clone(), cfg.picture);
    Ok(psf)
}
