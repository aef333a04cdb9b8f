//! The values that symbols stand for: quantiles of a distribution, and one symbol for what is not finite.
//!
//! With b bits there are q = 2^b − 1 values; symbol i < q is the quantile at p = (i + ½)/q, rounded to f32, and symbol
//! q is NaN. Gaussian and Uniform are scaled by √3 (as f32): Uniform then has the variance 1.

use super::quantile::{Student, normal, normal_tail};
use super::settings::DyscoDistribution;

/// Values by symbol, ascending, NaN last.
pub(super) struct Dictionary {
    /// f32 values, wide because they are multiplied as such.
    pub(super) values: Vec<f64>,
    /// For each cell of equal width between the first and the last value, the last symbol not above its start.
    cells: Vec<u16>,
    per_unit: f64,
}

impl Dictionary {
    pub(super) fn new(distribution: DyscoDistribution, bits: u8) -> Self {
        let n = (1_usize << bits) - 1;
        let quantile = quantile_of(distribution);
        let value = |i: usize| f64::from(quantile((i as f64 + 0.5) / n as f64) as f32);
        let mut values: Vec<f64> = (0..n).map(value).collect();
        values.push(f64::NAN);
        Dictionary { values, cells: Vec::new(), per_unit: 0.0 }
    }

    /// With what [`Dictionary::below`] needs.
    pub(super) fn with_cells(mut self) -> Self {
        let (first, last, n) = (self.values[0], self.largest(), 4 * self.values.len());
        self.per_unit = n as f64 / (last - first);
        let mut at = 0;
        for i in 0..=n {
            let start = first + i as f64 / self.per_unit;
            while at + 3 < self.values.len() && self.values[at + 1] <= start {
                at += 1;
            }
            self.cells.push(at as u16);
        }
        self
    }

    /// The largest value; the smallest is its negative.
    pub(super) fn largest(&self) -> f64 {
        self.values[self.values.len() - 2]
    }

    /// The symbol of a value that is not finite.
    pub(super) fn not_finite(&self) -> u16 {
        (self.values.len() - 1) as u16
    }

    /// The last symbol whose value is not above `x`, but one that has a finite one above it.
    #[inline]
    pub(super) fn below(&self, x: f64) -> usize {
        let cell = ((x - self.values[0]) * self.per_unit).max(0.0) as usize;
        let mut at = usize::from(self.cells[cell.min(self.cells.len() - 1)]);
        while at > 0 && self.values[at] > x {
            at -= 1;
        }
        while at + 3 < self.values.len() && self.values[at + 1] <= x {
            at += 1;
        }
        at
    }
}

fn quantile_of(distribution: DyscoDistribution) -> Box<dyn Fn(f64) -> f64> {
    let root = f64::from(3_f32.sqrt());
    match distribution {
        DyscoDistribution::Gaussian => Box::new(move |p| root * normal(p)),
        DyscoDistribution::Uniform => Box::new(move |p| root * (2.0 * p - 1.0)),
        DyscoDistribution::StudentT { nu } => {
            let student = Student::new(nu);
            Box::new(move |p| student.quantile(p))
        }
        DyscoDistribution::TruncatedGaussian { truncation } => {
            let cut = normal_tail(truncation);
            Box::new(move |p| normal(p * (1.0 - 2.0 * cut) + cut))
        }
    }
}

#[cfg(test)]
pub(super) const ALL: [DyscoDistribution; 4] = [
    DyscoDistribution::Gaussian,
    DyscoDistribution::Uniform,
    DyscoDistribution::StudentT { nu: 5.0 },
    DyscoDistribution::TruncatedGaussian { truncation: 2.5 },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_ascend_are_odd_about_zero_and_end_in_nan() {
        for distribution in ALL {
            for bits in super::super::settings::BITS {
                let values = Dictionary::new(distribution, bits).values;
                let (nan, finite) = values.split_last().unwrap();
                assert!(nan.is_nan() && finite.is_sorted_by(|a, b| a < b), "{distribution:?} {bits}");
                assert!(finite[finite.len() / 2].abs() < 1e-7, "{distribution:?} {bits}");
                let odd = finite
                    .iter()
                    .zip(finite.iter().rev())
                    .all(|(a, b)| (a + b).abs() < 1e-6 * (1.0 + a.abs()));
                assert!(odd, "{distribution:?} {bits}");
            }
        }
    }

    #[test]
    fn the_neighbour_below_equals_a_search() {
        for distribution in ALL {
            for bits in [2, 3, 8, 12] {
                let dictionary = Dictionary::new(distribution, bits).with_cells();
                let finite = &dictionary.values[..dictionary.values.len() - 1];
                for i in -2000..2000 {
                    let x = f64::from(i) * 0.005;
                    let want = finite.partition_point(|&v| v <= x).saturating_sub(1).min(finite.len() - 2);
                    assert_eq!(dictionary.below(x), want, "{distribution:?} {bits} {x}");
                }
            }
        }
    }
}
