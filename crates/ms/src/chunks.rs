//! Visibilities with flags and weights, a fixed number of selected rows at a time.

use crate::{
    Error,
    cells::Cells,
    scan::Scan,
    selected::Resolved,
    spans::Span,
    visibilities::{Visibilities, into_complex},
    weights::Weights,
};
use std::{collections::VecDeque, sync::Arc};
use types::VisChunk;

/// What to read of every selected row, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Read {
    /// Selected rows in a chunk; the last chunk has what is left. 0 counts as 1.
    pub chunk_rows: usize,
    /// Rows asked from disk at a time, at most: fewer where their cells would take more than 16 MiB. Never changes the
    /// chunks. 0 counts as 1.
    pub read_rows: usize,
    /// Whether to read the data column; without it `vis_rfc` is empty.
    pub data: bool,
    /// Whether to read flags and weights; without them `flag_rfc` and `weight_rfc` are empty.
    pub flags_and_weights: bool,
}

/// A stream of [`VisChunk`]s in the order of the main table.
pub struct Chunks {
    selected: Arc<Resolved>,
    chunk_rows: usize,
    scan: Scan,
    uvw: Cells<f64>,
    vis: Option<Visibilities>,
    flags: Option<Flags>,
    weights: Option<Weights>,
    pending: Pending,
    i_chunk: usize,
}

struct Flags {
    flag_row: Cells<bool>,
    flag: Cells<bool>,
}

/// Selected rows of the current block that no chunk has taken yet.
#[derive(Default)]
struct Pending {
    spans: VecDeque<Span>,
    uvw_m: VecDeque<[f64; 3]>,
    flag_row: VecDeque<bool>,
}

/// A chunk on its way; complex numbers still stand as pairs.
struct Growing {
    uvw_m: Vec<[f64; 3]>,
    vis: Vec<f32>,
    flag_rfc: Vec<bool>,
    weight_rfc: Vec<f32>,
}

impl Chunks {
    pub(crate) fn open(selected: &Arc<Resolved>, read: Read) -> Result<Self, Error> {
        let (ms, column) = (&selected.ms, |name| selected.ms.main().column(name));
        let flags = || -> Result<_, Error> {
            let flag = Cells::whole(ms, column("FLAG")?, &selected.cell_shape, 1).part(selected.chan.clone());
            Ok(Flags { flag_row: Cells::whole(ms, column("FLAG_ROW")?, &[], 1), flag })
        };
        let wants_flags = read.flags_and_weights;
        Ok(Chunks {
            chunk_rows: read.chunk_rows.max(1),
            scan: Scan::open(
                ms,
                selected.filter.clone(),
                selected.rows.as_deref(),
                selected.rows_at_a_time(read.read_rows),
            )?,
            uvw: Cells::whole(ms, column("UVW")?, &[3], 1),
            vis: read.data.then(|| Visibilities::open(selected)).transpose()?,
            flags: wants_flags.then(flags).transpose()?,
            weights: wants_flags.then(|| Weights::open(selected)).transpose()?,
            pending: Pending::default(),
            i_chunk: 0,
            selected: selected.clone(),
        })
    }

    /// The next chunk; `None` behind the last selected row.
    ///
    /// Weights come as they stand in the MeasurementSet: negative, infinite and NaN ones too, and those of flagged
    /// samples. Whoever uses them must treat a weight that is not a positive number as a flag.
    ///
    /// # Errors
    /// When a cell is undefined, does not fit its data description, or cannot be read. The stream is then useless.
    #[expect(
        clippy::should_implement_trait,
        reason = "an iterator over results would hide that an error ends it"
    )]
    pub fn next(&mut self) -> Result<Option<VisChunk>, Error> {
        let mut chunk = self.start();
        while chunk.uvw_m.len() < self.chunk_rows {
            if self.pending.spans.is_empty() && !self.load_block()? {
                break;
            }
            if let Some(span) = self.pending.take(self.chunk_rows - chunk.uvw_m.len()) {
                self.read_into(&span, &mut chunk)?;
            }
        }
        Ok((!chunk.uvw_m.is_empty()).then(|| self.finish(chunk)))
    }

    /// Room for a whole chunk, or for the rest of the table: growing would copy.
    fn start(&self) -> Growing {
        let n_left = self.scan.n_left().saturating_add(self.pending.uvw_m.len() as u64);
        let n_row = self.chunk_rows.min(usize::try_from(n_left).unwrap_or(usize::MAX));
        let n_sample = n_row * self.selected.chan.len() * self.selected.cell_shape[1];
        Growing {
            uvw_m: Vec::with_capacity(n_row),
            vis: Vec::with_capacity(if self.vis.is_some() { 2 * n_sample } else { 0 }),
            flag_rfc: Vec::with_capacity(if self.flags.is_some() { n_sample } else { 0 }),
            weight_rfc: Vec::with_capacity(if self.flags.is_some() { n_sample } else { 0 }),
        }
    }

    /// Looks at the next block of rows; false at the end of the table.
    fn load_block(&mut self) -> Result<bool, Error> {
        let Some(block) = self.scan.next()? else { return Ok(false) };
        if block.spans.is_empty() {
            return Ok(true);
        }
        let mut uvw = Vec::new();
        self.uvw.read(&block.all, &mut uvw)?;
        self.pending.uvw_m.extend(uvw.as_chunks().0);
        if let Some(flags) = &mut self.flags {
            let mut flag_row = Vec::new();
            flags.flag_row.read(&block.all, &mut flag_row)?;
            self.pending.flag_row.extend(flag_row);
        }
        self.pending.spans.extend(block.spans);
        Ok(true)
    }

    fn read_into(&mut self, span: &Span, chunk: &mut Growing) -> Result<(), Error> {
        let n_row = span.n_wanted();
        chunk.uvw_m.extend(self.pending.uvw_m.drain(..n_row));
        if let Some(vis) = &mut self.vis {
            vis.read(span, &mut chunk.vis)?;
        }
        if let Some(flags) = &mut self.flags {
            let first = chunk.flag_rfc.len();
            flags.flag.read(span, &mut chunk.flag_rfc)?;
            let n_sample = (chunk.flag_rfc.len() - first) / n_row;
            let rows = chunk.flag_rfc[first..].chunks_exact_mut(n_sample);
            for (flag_fc, _) in rows.zip(self.pending.flag_row.drain(..n_row)).filter(|(_, whole)| *whole) {
                flag_fc.fill(true);
            }
        }
        if let Some(weights) = &mut self.weights {
            weights.read(span, &mut chunk.weight_rfc)?;
        }
        Ok(())
    }

    fn finish(&mut self, chunk: Growing) -> VisChunk {
        self.i_chunk += 1;
        VisChunk {
            i_chunk: self.i_chunk - 1,
            setup: self.selected.setup.clone(),
            uvw_m: chunk.uvw_m,
            vis_rfc: into_complex(chunk.vis),
            flag_rfc: chunk.flag_rfc,
            weight_rfc: chunk.weight_rfc,
        }
    }
}

impl Pending {
    /// The next span, cut to `n_row` rows.
    fn take(&mut self, n_row: usize) -> Option<Span> {
        let span = self.spans.front_mut()?;
        if span.n_wanted() > n_row { Some(span.split_first(n_row)) } else { self.spans.pop_front() }
    }
}
