//! Visibilities as they stream through a chain.
//!
//! Axes stand in the names: `vis_rfc` is row, frequency, correlation, the last fastest. V = Σ I exp(+2πi ν/c (u l +
//! v m + w (n − 1))) with uvw as stored in the MeasurementSet (docs/conventions/uvw.md).

use crate::Correlation;
use num_complex::{Complex, Complex32};
use std::sync::Arc;

/// The axes that all rows of a data description share.
#[derive(Clone, Debug, PartialEq)]
pub struct Setup {
    /// Channel frequencies of the selection, Hz, in the order of the data (which may descend).
    pub freq_hz: Arc<[f64]>,
    /// Correlations in the order of the data.
    pub correlations: Vec<Correlation>,
}

/// Some rows of a MeasurementSet, cross-correlations only.
#[derive(Clone, Debug)]
pub struct VisChunk {
    /// Position in the stream, from 0.
    pub i_chunk: usize,
    /// Frequency and correlation axes.
    pub setup: Arc<Setup>,
    /// Baseline coordinates, metres, one triple a row.
    pub uvw_m: Vec<[f64; 3]>,
    /// Visibilities `[row][frequency][correlation]`, Jy; empty when the reader was asked for none.
    pub vis_rfc: Vec<Complex32>,
    /// Flags `[row][frequency][correlation]`, FLAG or FLAG_ROW; true = not to be used.
    pub flag_rfc: Vec<bool>,
    /// Weights `[row][frequency][correlation]`: WEIGHT_SPECTRUM, or WEIGHT repeated over channels.
    pub weight_rfc: Vec<f32>,
}

impl VisChunk {
    /// Number of rows.
    pub fn n_row(&self) -> usize {
        self.uvw_m.len()
    }

    /// Number of samples: rows × channels × correlations.
    pub fn n_sample(&self) -> usize {
        self.n_row() * self.setup.freq_hz.len() * self.setup.correlations.len()
    }
}

/// Visibilities of one Stokes parameter with their weights, ready for gridding.
#[derive(Clone, Debug)]
pub struct StokesVis<T> {
    /// Position in the stream, from 0.
    pub i_chunk: usize,
    /// Channel frequencies, Hz; any order.
    pub freq_hz: Arc<[f64]>,
    /// Baseline coordinates, metres, one triple a row.
    pub uvw_m: Vec<[f64; 3]>,
    /// Visibilities `[row][frequency]`, Jy; finite wherever the weight is not zero.
    pub vis_rf: Vec<Complex<T>>,
    /// Weights `[row][frequency]`; zero = flagged, not to be used.
    pub weight_rf: Vec<T>,
}

impl<T> StokesVis<T> {
    /// Number of rows.
    pub fn n_row(&self) -> usize {
        self.uvw_m.len()
    }

    /// Number of samples: rows × channels, flagged ones included.
    pub fn n_sample(&self) -> usize {
        self.n_row() * self.freq_hz.len()
    }
}
