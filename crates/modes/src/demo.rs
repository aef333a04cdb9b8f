//! `Demo`: a simulated sky imaged, and its sources measured in the image.
//!
//! ```text
//! dirty, psf          the modes of the same names, on a simulated observation
//! find_sources        the peak near each source of the catalogue
//! for each source     read → to_stokes → respond → weigh → grid ⇒ response of the array to a source there
//! at the end          dirty, found, responses → fit_sources
//! ```
//! The response to a source depends a little on where it is (w × (n − 1) is not linear), so each source is fitted
//! against the response at its own place: a fit against the PSF of the phase centre would miss fluxes by more than the
//! imager does.

use crate::{Dirty, Psf, dirty, psf};
use flow::{BoxError, Chain, Output};
use std::sync::Arc;
use tasks::*;
use types::Stokes;

/// What the mode needs to know. Weights are natural: those of the simulation are all one.
pub struct Demo<T: Real> {
    /// The dirty image, of [`Data::Simulated`] data.
    pub dirty: Dirty<T>,
    /// The PSF of the same data.
    pub psf: Psf<T>,
    /// The observation.
    pub simulation: Arc<Simulation>,
    /// How the responses that sources are fitted against are gridded.
    pub response_plan: Arc<GridPlan<T>>,
}

/// What comes out besides the files.
pub struct Demonstrated<T> {
    /// The dirty image.
    pub dirty: Output<Imaged<T>>,
    /// The PSF with its beam.
    pub psf: Output<Imaged<T>>,
    /// The sources as measured, in the order of the simulation's.
    pub fitted: Output<Vec<FittedSource>>,
}

/// Declares the chain.
///
/// # Errors
/// When the data cannot be opened.
pub fn demo<T: Real>(chain: &mut Chain, cfg: Demo<T>) -> Result<Demonstrated<T>, BoxError> {
    let catalog = cfg.simulation.sources.clone();
    let plan = cfg.response_plan;
    let (dirty, psf) = (dirty(chain, cfg.dirty)?, psf(chain, cfg.psf)?);
    let found = chain.then(dirty.clone(), FindSources::new(catalog.clone(), *plan.geometry()));
    let found = chain.share(found);
    let weights = chain.constant(Arc::new(ImagingWeights::natural()));

    // The same rows and weights, without sky and noise: only `Respond` puts visibilities in.
    let empty = Data::Simulated(Arc::new(cfg.simulation.without_sky()));
    let mut responses = chain.constant(Vec::new());
    for i_source in 0..catalog.len() {
        let mut response = chain.constant(PartialImage::new(&plan));
        for i_pass in 0..plan.n_passes() {
            let gridded = chain.per_chunk(empty.read()?, |c, vis| {
                let vis = c.then(vis, ToStokes::new(Stokes::I));
                let found = c.hold(found.clone());
                let vis = c.then((vis, found), Respond::new(i_source));
                let weights = c.hold(weights.clone());
                let vis = c.then((vis, weights), Weigh::new());
                c.accumulate(vis, Grid::new(&plan, i_pass))
            });
            response = chain.then((response, gridded), AddPlanes::new(&plan));
        }
        let response = chain.then(response, FinishImage::new(&plan));
        responses = chain.then((responses, response), Collect::new());
    }
    let fitted = chain.then((dirty.clone(), found, responses), FitSources::new(*plan.geometry()));
    Ok(Demonstrated { dirty: chain.output(dirty), psf: chain.output(psf), fitted: chain.output(fitted) })
}
