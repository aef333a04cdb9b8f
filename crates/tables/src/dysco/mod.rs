//! DyscoStMan: visibilities and weights compressed block by block (Offringa 2016, A&A 595, A99).
//!
//! ```text
//! table.fN: a header (see `header`), then blocks; block k has the rows from k·rowsPerBlock on (see `layout`)
//! complex value = f32(d[symbol] · factor), weight = f32(symbol · largest / (2^bits − 1)) for all correlations
//! factor: AF chan[chan, corr] · (ant[corr, a1] · ant[corr, a2])   RF chan[chan, corr] · row[row, corr]   Row row[row]
//! ```
//! d are quantiles of a distribution (see `dictionary`); factors are floats and multiplied as doubles. In a file without
//! any block rows are zeros; where there are blocks, rows behind the last are missing. Any row can be read by its block's factors and its own symbols.

mod antennas;
mod decode;
mod dictionary;
mod encode;
mod groups;
mod header;
mod layout;
mod normalize;
mod quantile;
mod settings;
mod symbols;
pub(crate) mod write;

#[cfg(test)]
mod peer_tests;

use std::ops::Range;

use antennas::Antennas;
use decode::Decoder;
use dictionary::Dictionary;
use header::Header;
use layout::Part;
pub use settings::{DyscoDistribution, DyscoNormalization, DyscoSettings};

use crate::Error;
use crate::bytes::Order;
use crate::cells::{Data, Run, Sink};
use crate::file::DataFile;
use crate::storage::{Place, Storage, StoredColumn};

/// The name of the storage manager.
pub(crate) const KIND: &str = "DyscoStMan";
/// Decoded bytes that are handed on at once: they stay in cache.
const BLOCK: usize = 256 << 10;
/// Elements of a cell that no block has: nothing in the file bounds it, but no sound table has more.
const MOST_ZEROS: usize = 1 << 22;

/// An open Dysco file.
pub(crate) struct Dysco {
    file: DataFile,
    header: Header,
    columns: Vec<StoredColumn>,
    dictionary: Option<Dictionary>,
    antennas: Option<Antennas>,
    order: Order,
}

impl Dysco {
    pub(crate) fn open(place: Place<'_>) -> Result<Self, Error> {
        let file = DataFile::open(place.path(""))?;
        let kinds: Vec<_> = place.columns.iter().map(|c| layout::kind(c, &file)).collect::<Result<_, _>>()?;
        let header = Header::read(&file, &kinds)?;
        let has_data = header.parts.iter().any(|part| !part.is_weight);
        let by_antenna = header.geometry.normalization == DyscoNormalization::AntennaFrequency;
        let dictionary = has_data.then(|| Dictionary::new(header.distribution, header.geometry.data_bits));
        let antennas = if has_data && by_antenna { Some(Antennas::open(&place)?) } else { None };
        Ok(Dysco { file, header, columns: place.columns, dictionary, antennas, order: place.order })
    }

    /// Hands on some rows of one block.
    fn read_block(
        &self,
        part: &Part,
        rows: Range<u64>,
        decoder: &mut Decoder<'_>,
        sink: &mut dyn Sink,
    ) -> Result<(), Error> {
        let geometry = &self.header.geometry;
        let per_block = geometry.rows_per_block as u64;
        let block = rows.start / per_block;
        let start = self.header.size + block * self.header.block_size + part.offset;
        let first = (rows.start - block * per_block) as usize;
        let n_row = (rows.end - rows.start) as usize;
        self.file.read(start, part.factor_bytes(), &mut decoder.raw_factors)?;
        decoder.pairs = match &self.antennas {
            Some(antennas) if !part.is_weight => antennas.read(rows, geometry.n_antenna)?,
            _ => Vec::new(),
        };
        decoder.begin(first);
        let together = (BLOCK / part.cell_bytes()).max(1);
        for done in (0..n_row).step_by(together) {
            let n_cell = together.min(n_row - done);
            let bits = part.symbol_bits(first + done)..part.symbol_bits(first + done + n_cell);
            let bytes = bits.start / 8..bits.end.div_ceil(8);
            let symbols = start + (part.factor_bytes() + bytes.start) as u64;
            self.file.read(symbols, bytes.len(), &mut decoder.packed)?;
            decoder.first_bit = bits.start % 8;
            hand_on(part, decoder, done..done + n_cell, sink)?;
        }
        Ok(())
    }

    /// Rows that no block has.
    fn zeros(&self, i_column: usize, n: u64, sink: &mut dyn Sink) -> Result<(), Error> {
        let column = &self.columns[i_column];
        let (shape, n_element) = column.direct_shape(&self.file)?;
        if n_element > MOST_ZEROS {
            return Err(self.file.fail(0, "a cell that no block has", format!("shape {shape:?}")));
        }
        let cell = vec![0; n_element * column.data_type.size().unwrap_or(8)];
        sink.defined(Run { shape, n_cell: 1, repeat: n as usize, data: Data::Fixed(&cell) })
    }
}

impl Storage for Dysco {
    fn n_row(&self, _i_column: usize) -> u64 {
        // Before the first block there are no rows a block, and the table alone knows how many rows are zeros.
        let per_block = self.header.geometry.rows_per_block as u64;
        if per_block == 0 {
            return u64::MAX;
        }
        let (n_block, piece) = self.header.n_block(self.file.len());
        (n_block + u64::from(piece)).saturating_mul(per_block)
    }

    fn read(&self, i_column: usize, rows: Range<u64>, sink: &mut dyn Sink) -> Result<(), Error> {
        if rows.is_empty() {
            return Ok(());
        }
        let (n_block, piece) = self.header.n_block(self.file.len());
        let per_block = self.header.geometry.rows_per_block as u64;
        let end = rows.end.min((n_block + u64::from(piece)).saturating_mul(per_block));
        let mut start = rows.start;
        if start < end && !sink.shape_only() {
            let part = &self.header.parts[i_column];
            let is_swapped = self.order == Order::Big;
            let mut decoder = Decoder::new(part, &self.header.geometry, self.dictionary.as_ref(), is_swapped);
            while start < end {
                let stop = end.min((start / per_block + 1) * per_block);
                self.read_block(part, start..stop, &mut decoder, sink)?;
                start = stop;
            }
        }
        if start < rows.end { self.zeros(i_column, rows.end - start, sink) } else { Ok(()) }
    }
}

/// Decodes rows, counted from the first that is read of the block: straight to where they are wanted, or by way of a
/// buffer.
fn hand_on(
    part: &Part,
    decoder: &mut Decoder<'_>,
    rows: Range<usize>,
    sink: &mut dyn Sink,
) -> Result<(), Error> {
    let (shape, n_cell) = ([part.n_chan, part.n_corr], rows.len());
    if let Some(room) = sink.room(&shape, n_cell)? {
        decoder.cells(rows.start, room);
        sink.placed();
        return Ok(());
    }
    let mut bytes = std::mem::take(&mut decoder.out);
    bytes.resize(n_cell * part.cell_bytes(), 0);
    decoder.cells(rows.start, &mut bytes);
    let handed = sink.defined(Run { shape: &shape, n_cell, repeat: 1, data: Data::Fixed(&bytes) });
    decoder.out = bytes;
    handed
}
