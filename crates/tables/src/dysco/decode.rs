//! From symbols and factors to values, some rows of a block at a time.

use super::dictionary::Dictionary;
use super::layout::{Geometry, Part};
use super::settings::DyscoNormalization;
use super::symbols::unpack;
use crate::bytes::Order;

/// Decodes rows of one column; its buffers are kept from block to block.
pub(super) struct Decoder<'a> {
    part: &'a Part,
    geometry: &'a Geometry,
    dictionary: &'a [f64],
    is_big: bool,
    /// The floats of the block, as stored.
    pub(super) raw_factors: Vec<u8>,
    /// The symbols of the rows, the first from bit `first_bit` on.
    pub(super) packed: Vec<u8>,
    pub(super) first_bit: usize,
    /// Antennas of the rows, where factors go by them.
    pub(super) pairs: Vec<(usize, usize)>,
    /// The block's row that `packed` begins with.
    first_row: usize,
    factors: Vec<f64>,
    /// Factors of one row's values.
    row: Vec<f64>,
    symbols: Vec<u16>,
    out: Vec<u8>,
}

impl<'a> Decoder<'a> {
    pub(super) fn new(
        part: &'a Part,
        geometry: &'a Geometry,
        dictionary: Option<&'a Dictionary>,
        order: Order,
    ) -> Self {
        Decoder {
            part,
            geometry,
            dictionary: dictionary.map_or(&[], |d| &d.values),
            is_big: order == Order::Big,
            raw_factors: Vec::new(),
            packed: Vec::new(),
            first_bit: 0,
            pairs: Vec::new(),
            first_row: 0,
            factors: Vec::new(),
            row: vec![0.0; if part.is_weight { 0 } else { part.n_value() }],
            symbols: Vec::new(),
            out: Vec::new(),
        }
    }

    /// Takes up what was read of a block: rows from `first_row` of it on.
    pub(super) fn begin(&mut self, first_row: usize) {
        self.first_row = first_row;
        let floats = self.raw_factors.as_chunks().0.iter();
        self.factors.clear();
        self.factors.extend(floats.map(|&b| f64::from(f32::from_le_bytes(b))));
    }

    /// The bytes of `n_cell` cells from the `start`th of those read on, in the table's byte order.
    pub(super) fn cells(&mut self, start: usize, n_cell: usize) -> &[u8] {
        let per_row = self.part.symbols_per_row;
        let first = self.first_bit + start * per_row * usize::from(self.part.bits);
        unpack(self.part.bits, &self.packed, first, n_cell * per_row, &mut self.symbols);
        let size = if self.part.is_weight { 4 } else { 8 };
        self.out.resize(n_cell * self.part.n_value() * size, 0);
        match (self.part.is_weight, self.is_big) {
            (true, false) => self.weights::<false>(),
            (true, true) => self.weights::<true>(),
            (false, false) => self.values::<false>(start),
            (false, true) => self.values::<true>(start),
        }
        &self.out
    }

    fn weights<const BIG: bool>(&mut self) {
        let step = self.factors[0] / f64::from((1_u32 << self.part.bits) - 1);
        for (out, &symbol) in self.out.chunks_exact_mut(4 * self.part.n_corr).zip(&self.symbols) {
            let weight = bytes::<BIG>((f64::from(symbol) * step) as f32);
            out.as_chunks_mut().0.fill(weight);
        }
    }

    fn values<const BIG: bool>(&mut self, start: usize) {
        let per_row = self.part.symbols_per_row;
        for i in 0..self.symbols.len() / per_row {
            self.row_factors(start + i);
            let symbols = self.symbols[i * per_row..(i + 1) * per_row].as_chunks::<2>().0;
            let out = self.out[i * per_row * 4..(i + 1) * per_row * 4].as_chunks_mut::<8>().0;
            // Both parts side by side, so that they are multiplied and rounded as one vector.
            for ((out, &[re, im]), &factor) in out.iter_mut().zip(symbols).zip(&self.row) {
                let wide = [self.dictionary[usize::from(re)], self.dictionary[usize::from(im)]];
                let value = wide.map(|d| (d * factor) as f32).map(f32::to_bits);
                let [re, im] = if BIG { value.map(u32::swap_bytes) } else { value };
                *out = (u64::from(re) | u64::from(im) << 32).to_le_bytes();
            }
        }
    }

    /// Makes `row` the factors of the `i`th row of those read.
    fn row_factors(&mut self, i: usize) {
        let n_corr = self.part.n_corr;
        let (by_chan, rest) = self.factors.split_at(self.part.n_value().min(self.factors.len()));
        let mut of_corr = [0.0; 16];
        let of_corr = &mut of_corr[..n_corr];
        match self.geometry.normalization {
            DyscoNormalization::Row => return self.row.fill(self.factors[self.first_row + i]),
            DyscoNormalization::RowFrequency => {
                of_corr.copy_from_slice(&rest[(self.first_row + i) * n_corr..][..n_corr]);
            }
            DyscoNormalization::AntennaFrequency => {
                let (a, b) = self.pairs[i];
                let by_antenna = rest.chunks_exact(self.geometry.n_antenna);
                of_corr.iter_mut().zip(by_antenna).for_each(|(out, of)| *out = of[a] * of[b]);
            }
        }
        for (row, chan) in self.row.chunks_exact_mut(n_corr).zip(by_chan.chunks_exact(n_corr)) {
            row.iter_mut().zip(chan).zip(&*of_corr).for_each(|((out, chan), corr)| *out = chan * corr);
        }
    }
}

fn bytes<const BIG: bool>(value: f32) -> [u8; 4] {
    if BIG { value.to_be_bytes() } else { value.to_le_bytes() }
}
