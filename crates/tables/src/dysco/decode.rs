//! From symbols and factors to values, some rows of a block at a time.

use super::dictionary::Dictionary;
use super::groups::{Factors, Row, row_of};
use super::layout::{Geometry, Part};
use super::settings::DyscoNormalization;
use super::symbols::unpack;

/// Decodes rows of one column; its buffers are kept from block to block.
pub(super) struct Decoder<'a> {
    part: &'a Part,
    geometry: &'a Geometry,
    dictionary: &'a [f64],
    /// Where groups of samples can be decoded together.
    row: Option<Row>,
    /// The floats of the block, as stored.
    pub(super) raw_factors: Vec<u8>,
    /// The symbols of some rows, the first from bit `first_bit` on.
    pub(super) packed: Vec<u8>,
    pub(super) first_bit: usize,
    /// Antennas of the rows that are read of the block, where factors go by them.
    pub(super) pairs: Vec<(usize, usize)>,
    /// The block's row that these begin with.
    first_row: usize,
    factors: Vec<f64>,
    symbols: Vec<u16>,
    is_swapped: bool,
    /// For cells that are not wanted in the memory of others.
    pub(super) out: Vec<u8>,
}

impl<'a> Decoder<'a> {
    pub(super) fn new(
        part: &'a Part,
        geometry: &'a Geometry,
        dictionary: Option<&'a Dictionary>,
        is_swapped: bool,
    ) -> Self {
        let by_fours = part.n_value().is_multiple_of(4) && matches!(part.n_corr, 1 | 2 | 4);
        Decoder {
            part,
            geometry,
            dictionary: dictionary.map_or(&[], |d| &d.values),
            row: (by_fours && !part.is_weight).then(|| row_of(part.bits)),
            raw_factors: Vec::new(),
            packed: Vec::new(),
            first_bit: 0,
            pairs: Vec::new(),
            first_row: 0,
            factors: Vec::new(),
            symbols: Vec::new(),
            is_swapped,
            out: Vec::new(),
        }
    }

    /// As `new`, but each sample by itself: what is fast must give the same.
    #[cfg(test)]
    pub(super) fn naive(self) -> Self {
        Decoder { row: None, ..self }
    }

    /// Takes up the factors that were read of a block: rows from `first_row` of it on are to come.
    pub(super) fn begin(&mut self, first_row: usize) {
        self.first_row = first_row;
        let floats = self.raw_factors.as_chunks().0.iter();
        self.factors.clear();
        self.factors.extend(floats.map(|&b| f64::from(f32::from_le_bytes(b))));
        if self.part.is_weight {
            return;
        }
        // As in RF, though not in the file: channels first, and correlations together.
        match self.geometry.normalization {
            DyscoNormalization::RowFrequency => {}
            DyscoNormalization::Row => drop(self.factors.splice(0..0, vec![1.0; self.part.n_value()])),
            DyscoNormalization::AntennaFrequency => {
                let by_corr = self.factors.split_off(self.part.n_value());
                let n_antenna = self.geometry.n_antenna;
                let antennas = 0..n_antenna;
                self.factors.extend(antennas.flat_map(|i| by_corr[i..].iter().step_by(n_antenna)));
            }
        }
    }

    /// Makes `out` the cells of the rows whose symbols were read, the first of them the `start`th since `begin`, in the
    /// table's byte order.
    pub(super) fn cells(&mut self, start: usize, out: &mut [u8]) {
        match (self.part.is_weight, self.row) {
            (true, _) => self.weights(out),
            (false, Some(row)) => self.groups(row, start, out),
            (false, None) => self.samples(start, out),
        }
        if self.is_swapped {
            out.as_chunks_mut::<4>().0.iter_mut().for_each(|value| value.reverse());
        }
    }

    fn weights(&mut self, out: &mut [u8]) {
        let step = self.factors[0] / f64::from((1_u32 << self.part.bits) - 1);
        let n = out.len() / (4 * self.part.n_corr);
        unpack(self.part.bits, &self.packed, self.first_bit, n, &mut self.symbols);
        let weights = self.symbols.iter().map(|&symbol| ((f64::from(symbol) * step) as f32).to_le_bytes());
        match self.part.n_corr {
            // So many are written at once.
            4 => {
                let cells = out.as_chunks_mut::<16>().0.iter_mut().map(|cell| cell.as_chunks_mut().0);
                cells.zip(weights).for_each(|(out, weight)| out.copy_from_slice(&[weight; 4]));
            }
            n_corr => {
                let cells = out.chunks_exact_mut(4 * n_corr).map(|cell| cell.as_chunks_mut().0);
                cells.zip(weights).for_each(|(out, weight)| out.fill(weight));
            }
        }
    }

    /// Samples four at a time; a row begins with a byte.
    fn groups(&self, row: Row, start: usize, out: &mut [u8]) {
        match self.part.n_corr {
            1 => self.groups_of::<1>(row, start, out),
            2 => self.groups_of::<2>(row, start, out),
            _ => self.groups_of::<4>(row, start, out),
        }
    }

    fn groups_of<const N_CORR: usize>(&self, row: Row, start: usize, out: &mut [u8]) {
        let n_value = self.part.n_value();
        let (by_chan, rest) = self.factors.split_at(n_value);
        let packed = self.packed.chunks_exact(n_value / 4 * usize::from(self.part.bits));
        for (i, (packed, out)) in packed.zip(out.chunks_exact_mut(8 * n_value)).enumerate() {
            let mut of_corr = [0.0; N_CORR];
            self.of_corr(rest, start + i, &mut of_corr);
            let of_corr = std::array::from_fn(|j| of_corr[j % N_CORR]);
            row(self.dictionary, packed, &Factors { by_chan, of_corr }, out);
        }
    }

    /// As `groups`, for any number of samples.
    fn samples(&mut self, start: usize, out: &mut [u8]) {
        let (n_value, n_corr) = (self.part.n_value(), self.part.n_corr);
        unpack(self.part.bits, &self.packed, self.first_bit, out.len() / 4, &mut self.symbols);
        let (by_chan, rest) = self.factors.split_at(n_value);
        let mut of_corr = vec![0.0; n_corr];
        let symbols = self.symbols.chunks_exact(2 * n_value);
        for (i, (symbols, out)) in symbols.zip(out.chunks_exact_mut(8 * n_value)).enumerate() {
            self.of_corr(rest, start + i, &mut of_corr);
            let values = out.as_chunks_mut::<4>().0.iter_mut().zip(symbols).enumerate();
            for (j, (out, &symbol)) in values {
                let factor = by_chan[j / 2] * of_corr[j / 2 % n_corr];
                *out = ((self.dictionary[usize::from(symbol)] * factor) as f32).to_le_bytes();
            }
        }
    }

    /// What the correlations of the `i`th row since `begin` are multiplied by, besides what their channels are.
    #[inline(always)]
    fn of_corr(&self, rest: &[f64], i: usize, out: &mut [f64]) {
        let n_corr = out.len();
        match self.geometry.normalization {
            DyscoNormalization::Row => out.fill(rest[self.first_row + i]),
            DyscoNormalization::RowFrequency => {
                out.copy_from_slice(&rest[(self.first_row + i) * n_corr..][..n_corr]);
            }
            DyscoNormalization::AntennaFrequency => {
                let (a, b) = self.pairs[i];
                let (a, b) = (&rest[a * n_corr..][..n_corr], &rest[b * n_corr..][..n_corr]);
                out.iter_mut().zip(a.iter().zip(b)).for_each(|(out, (a, b))| *out = a * b);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::layout::parts;
    use super::super::settings::{BITS, DyscoDistribution};
    use super::*;

    const N_ROW: usize = 9;
    const N_ANTENNA: usize = 5;

    /// Decodes all rows from the `first`th on of a block of noise.
    fn decoded(decoder: Decoder<'_>, part: &Part, block: &[u8], first: usize) -> Vec<u8> {
        let mut decoder = decoder;
        let (factors, symbols) = block.split_at(part.factor_bytes());
        decoder.raw_factors = factors.to_vec();
        decoder.pairs = (first..N_ROW).map(|row| (row % N_ANTENNA, row * 3 % N_ANTENNA)).collect();
        decoder.begin(first);
        // One row by itself, then the others.
        let mut out = vec![0; (N_ROW - first) * part.cell_bytes()];
        let (one, others) = out.split_at_mut(part.cell_bytes());
        for (rows, out) in [(first..first + 1, one), (first + 1..N_ROW, others)] {
            let bits = part.symbol_bits(rows.start)..part.symbol_bits(rows.end);
            decoder.packed = symbols[bits.start / 8..bits.end.div_ceil(8)].to_vec();
            decoder.first_bit = bits.start % 8;
            decoder.cells(rows.start - first, out);
        }
        out
    }

    fn noise(n: usize) -> Vec<u8> {
        (0..n as u32).map(|i| (i.wrapping_mul(0x9e37_79b9) >> 13) as u8).collect()
    }

    #[test]
    fn groups_equal_single_samples() {
        use DyscoNormalization::{AntennaFrequency, Row, RowFrequency};
        for (normalization, bits) in
            [AntennaFrequency, RowFrequency, Row].into_iter().flat_map(|n| BITS.map(|b| (n, b)))
        {
            let dictionary = Dictionary::new(DyscoDistribution::Uniform, bits);
            for (n_chan, n_corr) in [(4, 1), (6, 2), (3, 4), (16, 4), (5, 2), (4, 3)] {
                let geometry = Geometry {
                    rows_per_block: N_ROW,
                    n_antenna: N_ANTENNA,
                    normalization,
                    data_bits: bits,
                    weight_bits: bits,
                };
                let part = &parts(geometry, &[(false, n_chan, n_corr)]).unwrap()[0];
                // Floats of about 1 in front.
                let mut block: Vec<u8> =
                    (0..part.n_factor).flat_map(|i| (1.0 + i as f32 / 7.0).to_le_bytes()).collect();
                block.extend(noise(part.symbol_bits(N_ROW).div_ceil(8)));
                for is_swapped in [false, true] {
                    let new = || Decoder::new(part, &geometry, Some(&dictionary), is_swapped);
                    assert_eq!(new().row.is_some(), n_chan * n_corr % 4 == 0 && n_corr != 3);
                    for first in [0, 1, 5] {
                        let (fast, naive) = (
                            decoded(new(), part, &block, first),
                            decoded(new().naive(), part, &block, first),
                        );
                        assert!(
                            fast == naive,
                            "{normalization:?} {bits} bits, {n_chan} x {n_corr} from row {first}"
                        );
                    }
                }
            }
        }
    }
}
