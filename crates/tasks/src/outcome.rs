//! What a mode has made, besides files.

use crate::Real;
use ndarray::Array2;
use std::sync::Arc;
use types::{Beam, StokesVis};

/// Samples of one stream, rows × channels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Rows of cross-correlations.
    pub n_row: u64,
    /// Samples used.
    pub n_used: u64,
    /// Samples flagged, not finite or without weight.
    pub n_flagged: u64,
}

impl Counts {
    /// Counts the samples of a chunk.
    pub fn add<T: Real>(&mut self, vis: &StokesVis<T>) {
        let n_flagged = vis.weight_rf.iter().filter(|w| w.is_zero()).count() as u64;
        self.n_row += vis.n_row() as u64;
        self.n_used += vis.n_sample() as u64 - n_flagged;
        self.n_flagged += n_flagged;
    }
}

/// An image and what went into it; cheap to clone.
#[derive(Clone)]
pub struct Imaged<T> {
    /// Pixels of shape `[ny, nx]`, Jy/beam.
    pub pixels: Arc<Array2<T>>,
    /// Sum of the imaging weights, by which the pixels were divided.
    pub sum_weights: f64,
    /// Samples read.
    pub counts: Counts,
    /// The beam fitted to it, if it is a PSF, or why none could be fitted.
    pub beam: Option<Result<Beam, String>>,
}
