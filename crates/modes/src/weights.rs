//! Imaging weights: the pass over the data that several modes begin with.
//!
//! ```text
//! read → to_stokes → sum_density ⇒ weights            (uniform and Briggs weights only)
//! ```

use flow::{BoxError, Chain, Once, Socket};
use std::sync::Arc;
use tasks::*;
use types::{ImageGeometry, Stokes, Weighting};

/// Declares the pass; natural weights need none.
///
/// # Errors
/// When the data cannot be opened.
pub(crate) fn weights<T: Real>(
    chain: &mut Chain,
    data: &Data,
    stokes: Stokes,
    weighting: Weighting,
    geometry: &ImageGeometry,
) -> Result<Socket<Once, Arc<ImagingWeights>>, BoxError> {
    let weights = if weighting.needs_density() {
        chain.per_chunk(data.read()?, |c, vis| {
            let vis = c.then(vis, ToStokes::<T>::new(stokes));
            c.accumulate(vis, SumDensity::new(geometry, weighting))
        })
    } else {
        chain.constant(ImagingWeights::natural())
    };
    Ok(chain.share(weights))
}
