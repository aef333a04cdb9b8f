//! `ReadChunks`: visibilities in chunks of a fixed number of rows.

use crate::{Data, chunk_rows};
use flow::{BoxError, Source};
use sim::Simulation;
use std::{collections::VecDeque, sync::Arc};
use types::VisChunk;

/// Streams the visibilities of [`Data`].
///
/// # Outputs
/// [`VisChunk`]: cross-correlations with flags and weights; chunks never span two MeasurementSets and are numbered
/// over all of them.
/// # State
/// The position in the stream.
/// # Replicable?
/// No.
pub struct ReadChunks {
    parts: VecDeque<Part>,
    i_chunk: usize,
}

enum Part {
    Ms(Box<ms::Chunks>),
    Simulated { simulation: Arc<Simulation>, rows: usize, next: usize },
}

impl ReadChunks {
    pub(crate) fn open(data: &Data) -> Result<Self, BoxError> {
        let parts = match data {
            Data::MeasurementSets { selected, read_rows } => {
                selected.iter().map(|s| open_ms(s, *read_rows)).collect::<Result<_, _>>()?
            }
            Data::Simulated(simulation) => {
                let rows = chunk_rows(simulation.setup().freq_hz.len());
                [Part::Simulated { simulation: simulation.clone(), rows, next: 0 }].into()
            }
        };
        Ok(ReadChunks { parts, i_chunk: 0 })
    }
}

fn open_ms(selected: &ms::Selected, read_rows: usize) -> Result<Part, BoxError> {
    let chunk_rows = chunk_rows(selected.setup().freq_hz.len());
    let read = ms::Read { chunk_rows, read_rows, data: true, flags_and_weights: true };
    Ok(Part::Ms(Box::new(selected.chunks(read)?)))
}

impl Part {
    fn next(&mut self) -> Result<Option<VisChunk>, BoxError> {
        match self {
            Part::Ms(chunks) => Ok(chunks.next()?),
            Part::Simulated { simulation, rows, next } => {
                *next += 1;
                Ok(simulation.chunk(*next - 1, *rows))
            }
        }
    }
}

impl Source for ReadChunks {
    type Out = VisChunk;

    fn next(&mut self) -> Result<Option<VisChunk>, BoxError> {
        while let Some(part) = self.parts.front_mut() {
            if let Some(mut chunk) = part.next()? {
                chunk.i_chunk = self.i_chunk;
                self.i_chunk += 1;
                return Ok(Some(chunk));
            }
            self.parts.pop_front();
        }
        Ok(None)
    }

    /// Visibilities: rows × channels.
    fn size(&self, chunk: &VisChunk) -> u64 {
        (chunk.n_row() * chunk.setup.freq_hz.len()) as u64
    }
}
