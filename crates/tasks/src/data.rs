//! Where visibilities come from: MeasurementSets or a simulation.

use crate::{ReadChunks, ReadGeometry};
use flow::BoxError;
use ms::Selected;
use sim::Simulation;
use std::sync::Arc;

/// Visibilities of a fixed number per chunk: large enough to sort well into uv tiles, small enough to stream.
const CHUNK_VISIBILITIES: usize = 1 << 17;

/// Rows of a chunk. Depends on the number of channels alone, never on how the data are read, so that sums taken chunk
/// by chunk give the same bytes for any size of reads.
pub fn chunk_rows(n_chan: usize) -> usize {
    (CHUNK_VISIBILITIES / n_chan.max(1)).max(1)
}

/// Visibilities that can be streamed as often as a mode needs passes.
#[derive(Clone)]
pub enum Data {
    /// Selections of MeasurementSets, one after the other.
    MeasurementSets {
        /// What to read of each.
        selected: Vec<Selected>,
        /// Rows read from disk at a time.
        read_rows: usize,
    },
    /// An observation computed while it is read.
    Simulated(Arc<Simulation>),
}

impl Data {
    /// A source of all chunks: visibilities, flags and weights.
    ///
    /// # Errors
    /// When a MeasurementSet cannot be read.
    pub fn read(&self) -> Result<ReadChunks, BoxError> {
        ReadChunks::open(self)
    }

    /// A source of the baseline coordinates and times alone.
    ///
    /// # Errors
    /// When a MeasurementSet cannot be read.
    pub fn read_geometry(&self) -> Result<ReadGeometry, BoxError> {
        ReadGeometry::open(self)
    }
}
