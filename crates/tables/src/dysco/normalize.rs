//! The factors that a block's samples are divided by.
//!
//! They are to be small, for the error of a sample is in proportion to its factor, and yet leave no sample beyond the
//! largest value of the dictionary. First they follow the rms of what they stand for (Offringa 2016, sect. 3), then
//! each is set to where the largest of its samples just fits. What is not finite counts for nothing, and in AF
//! auto-correlations do so neither: where there are others they would make those much coarser.

use super::settings::DyscoNormalization;

/// Steps of the fixed point of the antennas' rms; a few suffice.
const STEPS: usize = 50;

/// Complex samples of a block.
pub(super) struct Samples<'a> {
    /// [row, channel, correlation, (re, im)].
    pub(super) values: &'a [f32],
    pub(super) n_value: usize,
    pub(super) n_corr: usize,
    /// Antennas of each row.
    pub(super) pairs: &'a [(usize, usize)],
    pub(super) n_antenna: usize,
    /// Largest value of the dictionary.
    pub(super) limit: f64,
}

impl Samples<'_> {
    /// Good choices of factors, each in the order of the file and rounded as there.
    ///
    /// Rows and antennas can be fitted before or after channels were brought to one rms; which is better depends on how
    /// the data and the dictionary are distributed, most where the largest values are far apart.
    pub(super) fn factors(&self, normalization: DyscoNormalization) -> Vec<Vec<f32>> {
        let firsts = |rows: &[usize]| [vec![1.0; self.n_value], self.rms(rows)];
        let choices: Vec<Vec<f64>> = match normalization {
            DyscoNormalization::Row => vec![self.by_row()],
            DyscoNormalization::RowFrequency => {
                let rows: Vec<usize> = (0..self.n_row()).collect();
                firsts(&rows).map(|first| self.by_row_and_channel(&rows, first)).into()
            }
            DyscoNormalization::AntennaFrequency => {
                let rows = self.baselines();
                firsts(&rows).map(|first| self.by_antenna_and_channel(&rows, first)).into()
            }
        };
        let round =
            |factors: Vec<f64>| factors.into_iter().map(|f| f.min(f64::from(f32::MAX)) as f32).collect();
        choices.into_iter().map(round).collect()
    }

    fn n_row(&self) -> usize {
        self.values.len() / (2 * self.n_value)
    }

    /// The finite samples of a row: their place in it and the sample.
    fn row(&self, row: usize) -> impl Iterator<Item = (usize, [f64; 2])> {
        let values = self.values[row * 2 * self.n_value..(row + 1) * 2 * self.n_value].as_chunks::<2>().0;
        let wide = values.iter().map(|&[re, im]| [f64::from(re), f64::from(im)]).enumerate();
        wide.filter(|(_, [re, im])| re.is_finite() && im.is_finite())
    }

    fn by_row(&self) -> Vec<f64> {
        let largest = |row| self.row(row).fold(0.0, |most: f64, (_, v)| most.max(size(v)));
        (0..self.n_row()).map(|row| largest(row) / self.limit).collect()
    }

    fn by_row_and_channel(&self, rows: &[usize], mut by_chan: Vec<f64>) -> Vec<f64> {
        let by_row = self.row_largest(rows, &by_chan);
        let mut largest = vec![0.0_f64; self.n_value];
        for (&row, by_corr) in rows.iter().zip(by_row.chunks_exact(self.n_corr)) {
            for (j, v) in self.row(row) {
                let scaled = size(v) / (by_chan[j] * by_corr[j % self.n_corr]);
                largest[j] = largest[j].max(if scaled.is_finite() { scaled } else { 0.0 });
            }
        }
        // Each row has a sample at 1 by now, so each channel is at most 1.
        by_chan.iter_mut().zip(&largest).filter(|(_, most)| **most > 0.0).for_each(|(f, most)| *f *= most);
        by_chan.extend(by_row.iter().map(|most| most / self.limit));
        by_chan
    }

    /// The rows that factors of antennas follow: auto-correlations only where there is nothing else.
    fn baselines(&self) -> Vec<usize> {
        let all = 0..self.n_row();
        let (cross, auto): (Vec<usize>, Vec<usize>) =
            all.partition(|&row| self.pairs[row].0 != self.pairs[row].1);
        if cross.is_empty() { auto } else { cross }
    }

    fn by_antenna_and_channel(&self, rows: &[usize], mut by_chan: Vec<f64>) -> Vec<f64> {
        let by_antenna = self.antenna_rms(rows, &by_chan);
        self.fit_channels(rows, &mut by_chan, &by_antenna);
        let by_row = self.row_largest(rows, &by_chan);
        for corr in 0..self.n_corr {
            let of_corr: Vec<f64> = by_row.iter().skip(corr).step_by(self.n_corr).copied().collect();
            let mut antennas = by_antenna[corr * self.n_antenna..(corr + 1) * self.n_antenna].to_vec();
            self.fit_antennas(rows, &of_corr, &mut antennas);
            by_chan.extend(antennas);
        }
        by_chan
    }

    /// Rms of each channel and correlation, 1 where there is nothing.
    fn rms(&self, rows: &[usize]) -> Vec<f64> {
        let (mut sum, mut n) = (vec![0.0; self.n_value], vec![0_u32; self.n_value]);
        for &row in rows {
            for (j, [re, im]) in self.row(row) {
                sum[j] += re * re + im * im;
                n[j] += 1;
            }
        }
        let rms = |(sum, n): (f64, u32)| if sum > 0.0 { (sum / f64::from(n)).sqrt() } else { 1.0 };
        sum.into_iter().zip(n).map(rms).collect()
    }

    /// Largest sample of each row and correlation over its channel's factor.
    fn row_largest(&self, rows: &[usize], by_chan: &[f64]) -> Vec<f64> {
        let mut largest = vec![0.0_f64; rows.len() * self.n_corr];
        for (&row, largest) in rows.iter().zip(largest.chunks_exact_mut(self.n_corr)) {
            for (j, v) in self.row(row) {
                let most = &mut largest[j % self.n_corr];
                *most = most.max(size(v) / by_chan[j]);
            }
        }
        largest
    }

    /// Rms of each correlation and antenna such that that of a baseline is the product of two.
    fn antenna_rms(&self, rows: &[usize], by_chan: &[f64]) -> Vec<f64> {
        let n_antenna = self.n_antenna;
        let mut power = vec![(0.0, 0_u32); rows.len() * self.n_corr];
        for (&row, power) in rows.iter().zip(power.chunks_exact_mut(self.n_corr)) {
            for (j, [re, im]) in self.row(row) {
                let (sum, n) = &mut power[j % self.n_corr];
                *sum += (re * re + im * im) / (by_chan[j] * by_chan[j]);
                *n += 1;
            }
        }
        let mut out = Vec::with_capacity(self.n_corr * n_antenna);
        for corr in 0..self.n_corr {
            let of_corr: Vec<(f64, u32)> = power.iter().skip(corr).step_by(self.n_corr).copied().collect();
            out.extend(self.fixed_point(rows, &of_corr));
        }
        out
    }

    /// Solves mean power(p, q) = a_p² a_q² for a, each row weighted by its samples.
    fn fixed_point(&self, rows: &[usize], power: &[(f64, u32)]) -> Vec<f64> {
        let mut square = vec![1.0; self.n_antenna];
        for _ in 0..STEPS {
            let (mut sum, mut of) = (vec![0.0; self.n_antenna], vec![0.0; self.n_antenna]);
            for (&row, &(p, n)) in rows.iter().zip(power) {
                let (a, b) = self.pairs[row];
                for (a, b) in [(a, b), (b, a)] {
                    sum[a] += p;
                    of[a] += square[b] * f64::from(n);
                }
            }
            for ((square, sum), of) in square.iter_mut().zip(sum).zip(of) {
                if sum > 0.0 && of > 0.0 {
                    // Half a step in the logarithm: two antennas alone would swap for ever.
                    *square = f64::sqrt(*square * sum / of);
                }
            }
        }
        square.into_iter().map(f64::sqrt).collect()
    }

    /// Sets each channel's factor to where its largest sample just fits.
    fn fit_channels(&self, rows: &[usize], by_chan: &mut [f64], by_antenna: &[f64]) {
        let mut largest = vec![0.0_f64; self.n_value];
        for &row in rows {
            let (a, b) = self.pairs[row];
            let of = |corr: usize, i: usize| by_antenna[corr * self.n_antenna + i];
            let by_corr: Vec<f64> = (0..self.n_corr).map(|corr| of(corr, a) * of(corr, b)).collect();
            for (j, v) in self.row(row) {
                largest[j] = largest[j].max(size(v) / by_corr[j % self.n_corr]);
            }
        }
        let fit = |(f, most): (&mut f64, f64)| *f = if most > 0.0 { most / self.limit } else { *f };
        by_chan.iter_mut().zip(largest).for_each(fit);
    }

    /// Lowers each antenna's factor to where its largest sample just fits.
    fn fit_antennas(&self, rows: &[usize], largest: &[f64], by_antenna: &mut [f64]) {
        for i in 0..self.n_antenna {
            let mut most = 0.0_f64;
            for (&row, largest) in rows.iter().zip(largest) {
                let (a, b) = self.pairs[row];
                if a == i || b == i {
                    most = most.max(largest / (by_antenna[a] * by_antenna[b] * self.limit));
                }
            }
            if most > 0.0 && most < 1.0 {
                by_antenna[i] *= most;
            }
        }
    }
}

/// The larger of the parts' sizes: each is rounded by itself.
fn size([re, im]: [f64; 2]) -> f64 {
    re.abs().max(im.abs())
}
