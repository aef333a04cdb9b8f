//! How a block is divided: per column some floats, then symbols.
//!
//! ```text
//! complex, AF:  factors [chan, corr], then [corr, antenna];  symbols [row, chan, corr, (re, im)]
//! complex, RF:  factors [chan, corr], then [row, corr];      symbols as above
//! complex, Row: factors [row];                               symbols as above
//! weights:      the largest weight;                          symbols [row, chan]
//! ```

use super::settings::DyscoNormalization;
use crate::storage::StoredColumn;
use crate::{DataType, Error, file::DataFile};

/// What all blocks of a file share.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Geometry {
    pub(crate) rows_per_block: usize,
    pub(crate) n_antenna: usize,
    pub(super) normalization: DyscoNormalization,
    pub(super) data_bits: u8,
    pub(super) weight_bits: u8,
}

/// One column's part of a block.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Part {
    pub(crate) is_weight: bool,
    pub(crate) n_chan: usize,
    pub(crate) n_corr: usize,
    pub(super) bits: u8,
    /// Bytes before it in the block.
    pub(super) offset: u64,
    /// Floats it begins with.
    pub(super) n_factor: usize,
    pub(super) symbols_per_row: usize,
    /// Of floats and symbols.
    pub(super) n_byte: u64,
}

impl Part {
    /// `None` when the sizes are beyond all files.
    fn new(of: Geometry, (is_weight, n_chan, n_corr): (bool, usize, usize), offset: u64) -> Option<Part> {
        let n_value = n_chan.checked_mul(n_corr)?;
        let per_row = of.rows_per_block.checked_mul(n_corr)?;
        let per_antenna = of.n_antenna.checked_mul(n_corr)?;
        let n_factor = match (is_weight, of.normalization) {
            (true, _) => 1,
            (false, DyscoNormalization::AntennaFrequency) => n_value.checked_add(per_antenna)?,
            (false, DyscoNormalization::RowFrequency) => n_value.checked_add(per_row)?,
            (false, DyscoNormalization::Row) => of.rows_per_block,
        };
        let bits = if is_weight { of.weight_bits } else { of.data_bits };
        let symbols_per_row = if is_weight { n_chan } else { n_value.checked_mul(2)? };
        let n_bit = symbols_per_row.checked_mul(of.rows_per_block)?.checked_mul(usize::from(bits))?;
        let n_byte = (n_factor as u64).checked_mul(4)?.checked_add(n_bit.div_ceil(8) as u64)?;
        offset.checked_add(n_byte)?;
        Some(Part { is_weight, n_chan, n_corr, bits, offset, n_factor, symbols_per_row, n_byte })
    }

    /// Elements of a cell, a complex number being one.
    pub(super) fn n_value(&self) -> usize {
        self.n_chan * self.n_corr
    }

    /// Bytes of a cell in memory.
    pub(super) fn cell_bytes(&self) -> usize {
        self.n_value() * if self.is_weight { 4 } else { 8 }
    }

    /// Bits of the symbols of so many rows.
    pub(super) fn symbol_bits(&self, n_row: usize) -> usize {
        n_row * self.symbols_per_row * usize::from(self.bits)
    }

    /// Bytes of the floats.
    pub(super) fn factor_bytes(&self) -> usize {
        4 * self.n_factor
    }
}

/// The parts of a block in the order of the columns, given as weights or data with channels and correlations.
pub(crate) fn parts(of: Geometry, columns: &[(bool, usize, usize)]) -> Option<Vec<Part>> {
    let mut offset = 0;
    let mut parts = Vec::with_capacity(columns.len());
    for &column in columns {
        let part = Part::new(of, column, offset)?;
        offset += part.n_byte;
        parts.push(part);
    }
    Some(parts)
}

/// Bytes of a block.
pub(super) fn block_bytes(parts: &[Part]) -> u64 {
    parts.last().map_or(0, |part| part.offset + part.n_byte)
}

/// Whether a column is one of weights, its channels and its correlations.
///
/// Correlations are replicated from a file that does not hold each; no telescope has more than 16.
pub(super) fn kind(column: &StoredColumn, file: &DataFile) -> Result<(bool, usize, usize), Error> {
    let is_weight = column.data_type == DataType::Float && column.name == "WEIGHT_SPECTRUM";
    match column.shape.as_deref() {
        Some(&[n_chan, n_corr])
            if (is_weight || column.data_type == DataType::Complex)
                && (1..=16).contains(&n_corr)
                && (1..=1 << 24).contains(&n_chan) =>
        {
            Ok((is_weight, n_chan, n_corr))
        }
        shape => {
            let expected =
                "complex columns or a WEIGHT_SPECTRUM of floats, each with one shape [channel, correlation]";
            Err(file.fail(0, expected, format!("{} of {} {shape:?}", column.name, column.data_type)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_those_of_files_of_casacore() {
        let geometry = |normalization, data_bits, weight_bits| Geometry {
            rows_per_block: 28,
            n_antenna: 8,
            normalization,
            data_bits,
            weight_bits,
        };
        let bytes = |of, is_weight| block_bytes(&parts(of, &[(is_weight, 8, 4)]).unwrap());
        assert_eq!(bytes(geometry(DyscoNormalization::AntennaFrequency, 10, 12), false), 2496);
        assert_eq!(bytes(geometry(DyscoNormalization::RowFrequency, 8, 8), false), 2368);
        assert_eq!(bytes(geometry(DyscoNormalization::Row, 6, 12), false), 1456);
        assert_eq!(bytes(geometry(DyscoNormalization::Row, 6, 12), true), 340);
        assert_eq!(bytes(geometry(DyscoNormalization::Row, 6, 8), true), 228);
    }

    #[test]
    fn sizes_beyond_counting_are_none() {
        let of = Geometry {
            rows_per_block: usize::MAX / 2,
            n_antenna: 1,
            normalization: DyscoNormalization::Row,
            data_bits: 8,
            weight_bits: 8,
        };
        assert_eq!(parts(of, &[(false, 8, 4)]), None);
    }
}
