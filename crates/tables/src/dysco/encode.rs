//! From values to the bytes of a block.
//!
//! A part x of a sample over its factor lies between two values of the dictionary, d ≤ x ≤ e, and becomes e with the
//! probability (x − d)/(e − d): so its mean is kept (subtractive dither is what the format has no room for). The
//! chance is a hash of seed, block, column and place: the same bytes in every order of work.

use super::dictionary::Dictionary;
use super::layout::{Geometry, Part};
use super::normalize::Samples;
use super::settings::DyscoNormalization;
use super::symbols::pack;
use crate::Error;

/// One column's values for a block of rows.
#[derive(Clone, Copy)]
pub(crate) struct BlockColumn<'a> {
    /// Complex [row, channel, correlation, (re, im)], weights [row, channel, correlation].
    pub(crate) values: &'a [f32],
    /// Flagged samples of [row, channel, correlation] are stored as not finite; empty: none is.
    pub(crate) flags: &'a [bool],
}

/// Makes blocks of one geometry.
pub(crate) struct Encoder {
    pub(super) geometry: Geometry,
    pub(super) parts: Vec<Part>,
    dictionary: Dictionary,
    seed: u64,
    /// The samples with flagged ones not finite.
    samples: Vec<f32>,
    symbols: Vec<u16>,
}

impl Encoder {
    pub(super) fn new(geometry: Geometry, parts: Vec<Part>, dictionary: Dictionary, seed: u64) -> Self {
        let dictionary = dictionary.with_cells();
        Encoder { geometry, parts, dictionary, seed, samples: Vec::new(), symbols: Vec::new() }
    }

    pub(super) fn rows_per_block(&self) -> usize {
        self.geometry.rows_per_block
    }

    /// Appends the bytes of block `i_block`: `pairs` are the antennas of its rows.
    ///
    /// # Errors
    /// When there are too many or too few values, or an antenna is beyond the geometry's.
    pub(crate) fn block(
        &mut self,
        i_block: u64,
        pairs: &[(usize, usize)],
        columns: &[BlockColumn<'_>],
        out: &mut Vec<u8>,
    ) -> Result<(), Error> {
        self.check(pairs, columns)?;
        for (i, column) in columns.iter().enumerate() {
            let part = self.parts[i].clone();
            if part.is_weight {
                self.weights(&part, column, out);
            } else {
                let stream = mix(self.seed ^ mix(i_block.wrapping_mul(0x1_0001).wrapping_add(i as u64)));
                self.data(&part, column, (pairs, stream), out);
            }
        }
        Ok(())
    }

    fn check(&self, pairs: &[(usize, usize)], columns: &[BlockColumn<'_>]) -> Result<(), Error> {
        let Geometry { rows_per_block, n_antenna, .. } = self.geometry;
        let fits = |(part, column): (&Part, &BlockColumn<'_>)| {
            let n_sample = rows_per_block * part.n_value();
            let n_value = if part.is_weight { n_sample } else { 2 * n_sample };
            column.values.len() == n_value && (column.flags.is_empty() || column.flags.len() == n_sample)
        };
        let by_antenna = self.geometry.normalization == DyscoNormalization::AntennaFrequency;
        let what = if columns.len() != self.parts.len() || !self.parts.iter().zip(columns).all(fits) {
            format!("values and flags of {} columns do not fill {rows_per_block} rows", self.parts.len())
        } else if by_antenna && pairs.len() != rows_per_block {
            format!("antennas of {} rows instead of {rows_per_block}", pairs.len())
        } else if by_antenna && pairs.iter().any(|&(a, b)| a.max(b) >= n_antenna) {
            format!("antennas beyond the {n_antenna} of the table")
        } else {
            return Ok(());
        };
        Err(Error::Compression { what })
    }

    fn data(
        &mut self,
        part: &Part,
        column: &BlockColumn<'_>,
        (pairs, stream): (&[(usize, usize)], u64),
        out: &mut Vec<u8>,
    ) {
        self.samples.clear();
        self.samples.extend_from_slice(column.values);
        for (sample, _) in
            self.samples.as_chunks_mut::<2>().0.iter_mut().zip(column.flags).filter(|(_, f)| **f)
        {
            *sample = [f32::NAN; 2];
        }
        let Geometry { n_antenna, normalization, .. } = self.geometry;
        let (n_value, n_corr, limit) = (part.n_value(), part.n_corr, self.dictionary.largest());
        let samples = Samples { values: &self.samples, n_value, n_corr, pairs, n_antenna, limit };
        let factors = self.best(samples.factors(normalization), (part, pairs));
        out.extend(factors.iter().flat_map(|f| f.to_le_bytes()));
        self.symbols.clear();
        let mut symbols = std::mem::take(&mut self.symbols);
        self.each_row(&factors, (part, pairs), |row, values, of_row| {
            for (j, (&[re, im], factor)) in values.iter().zip(of_row).enumerate() {
                let chance = mix(stream.wrapping_add((row * n_value + j) as u64));
                symbols.push(self.symbol(re, *factor, chance as u32));
                symbols.push(self.symbol(im, *factor, (chance >> 32) as u32));
            }
        });
        pack(part.bits, symbols.iter().copied(), out);
        self.symbols = symbols;
    }

    /// Hands over each row's samples with their factors, as a reader will make them.
    fn each_row(
        &self,
        factors: &[f32],
        (part, pairs): (&Part, &[(usize, usize)]),
        mut each: impl FnMut(usize, &[[f32; 2]], &[f64]),
    ) {
        let mut of_row = vec![0.0; part.n_value()];
        for (row, values) in self.samples.chunks_exact(2 * part.n_value()).enumerate() {
            let pair = pairs.get(row).copied().unwrap_or_default();
            row_factors(factors, (part, &self.geometry), (row, pair), &mut of_row);
            each(row, values.as_chunks().0, &of_row);
        }
    }

    /// The choice of factors with the smallest mean error.
    fn best(&self, mut choices: Vec<Vec<f32>>, of: (&Part, &[(usize, usize)])) -> Vec<f32> {
        let mut best = choices.pop().unwrap_or_default();
        if choices.is_empty() {
            return best;
        }
        let mut least = self.variance(&best, of);
        for choice in choices {
            let variance = self.variance(&choice, of);
            if variance < least {
                (best, least) = (choice, variance);
            }
        }
        best
    }

    /// The sum of the squared errors of a block's samples that dither makes on average with some factors.
    #[cfg(test)]
    pub(super) fn expected(&mut self, values: &[f32], factors: &[f32], pairs: &[(usize, usize)]) -> f64 {
        self.samples = values.to_vec();
        self.variance(factors, (&self.parts[0], pairs))
    }

    /// The sum of the squared errors that dither will make on average.
    fn variance(&self, factors: &[f32], of: (&Part, &[(usize, usize)])) -> f64 {
        let mut sum = 0.0;
        self.each_row(factors, of, |_, values, of_row| {
            for (value, factor) in values.iter().zip(of_row) {
                let per_factor = 1.0 / factor;
                for x in value.map(|v| f64::from(v) * per_factor).into_iter().filter(|x| x.is_finite()) {
                    let below = self.dictionary.below(x);
                    let (low, high) = (self.dictionary.values[below], self.dictionary.values[below + 1]);
                    let square = if x > high { (x - high).powi(2) } else { (x - low) * (high - x) };
                    sum += square.abs() * factor * factor;
                }
            }
        });
        sum
    }

    fn symbol(&self, value: f32, factor: f64, chance: u32) -> u16 {
        if !value.is_finite() {
            return self.dictionary.not_finite();
        }
        if factor == 0.0 {
            return self.dictionary.not_finite() / 2;
        }
        let x = f64::from(value) / factor;
        let below = self.dictionary.below(x);
        let (low, high) = (self.dictionary.values[below], self.dictionary.values[below + 1]);
        let above = f64::from(chance) * 2_f64.powi(-32) < (x - low) / (high - low);
        below as u16 + u16::from(above)
    }

    /// The smallest weight of each channel's correlations, in equal steps up to the largest of all.
    fn weights(&mut self, part: &Part, column: &BlockColumn<'_>, out: &mut Vec<u8>) {
        let mut flags = column.flags.chunks_exact(part.n_corr);
        let least = column.values.chunks_exact(part.n_corr).map(|weights| {
            let flags = flags.next().unwrap_or_default();
            let unflagged = |i: usize| !flags.get(i).copied().unwrap_or(false);
            let valid = |w: f32| if w.is_finite() { w.max(0.0) } else { 0.0 };
            let kept = weights.iter().enumerate().filter(|(i, _)| unflagged(*i)).map(|(_, &w)| valid(w));
            kept.reduce(f32::min).unwrap_or(0.0)
        });
        let least: Vec<f32> = least.collect();
        let most = least.iter().copied().fold(0.0, f32::max);
        out.extend(most.to_le_bytes());
        let n_step = f64::from((1_u32 << part.bits) - 1);
        let per_weight = if most > 0.0 { n_step / f64::from(most) } else { 0.0 };
        pack(part.bits, least.iter().map(|&w| (f64::from(w) * per_weight).round().min(n_step) as u16), out);
    }
}

/// Factors of one row's values, as a reader will make them.
fn row_factors(
    factors: &[f32],
    (part, of): (&Part, &Geometry),
    (row, (a, b)): (usize, (usize, usize)),
    out: &mut [f64],
) {
    let (by_chan, rest) = factors.split_at(part.n_value().min(factors.len()));
    let wide = |i: usize| f64::from(rest[i]);
    let mut of_corr = [0.0; 16];
    let of_corr = &mut of_corr[..part.n_corr];
    for (corr, of_corr) in of_corr.iter_mut().enumerate() {
        *of_corr = match of.normalization {
            DyscoNormalization::Row => return out.fill(f64::from(factors[row])),
            DyscoNormalization::RowFrequency => wide(row * part.n_corr + corr),
            DyscoNormalization::AntennaFrequency => {
                let antennas = corr * of.n_antenna;
                wide(antennas + a) * wide(antennas + b)
            }
        };
    }
    for (out, by_chan) in out.chunks_exact_mut(part.n_corr).zip(by_chan.chunks_exact(part.n_corr)) {
        for ((out, &chan), corr) in out.iter_mut().zip(by_chan).zip(&*of_corr) {
            *out = f64::from(chan) * corr;
        }
    }
}

/// SplitMix64's output function: neighbouring numbers give unrelated ones.
fn mix(n: u64) -> u64 {
    let mut z = n.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
