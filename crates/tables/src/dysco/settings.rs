//! How Dysco compresses: what the caller chooses.

use super::dictionary::Dictionary;
use crate::Error;

/// The distribution whose quantiles are the values that samples are rounded to.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum DyscoDistribution {
    /// The normal distribution.
    Gaussian,
    /// Equal steps.
    Uniform,
    /// Student's t with `nu` degrees of freedom, 0.01 to 1e6.
    StudentT {
        /// Degrees of freedom ν.
        nu: f64,
    },
    /// The normal distribution between −`truncation` and `truncation` standard deviations, more than 0.
    TruncatedGaussian {
        /// Where it ends.
        truncation: f64,
    },
}

/// What samples are divided by before they are rounded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DyscoNormalization {
    /// A factor per channel and correlation times one for each of the two antennas and the correlation.
    ///
    /// Auto-correlations have no say in the factors and are clipped where they are larger than those allow.
    AntennaFrequency,
    /// A factor per channel and correlation times one per row and correlation.
    RowFrequency,
    /// A factor per row.
    Row,
}

/// How complex and weight columns are compressed to Dysco blocks (Offringa 2016, A&A 595, A99).
///
/// The default is what LOFAR's pipelines use: 10 bits for data, 12 for weights, quantiles of the normal distribution
/// truncated at 2.5σ, antennas and frequencies normalized.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DyscoSettings {
    /// Bits for a real or imaginary part: 2, 3, 4, 6, 8, 10, 12 or 16.
    pub data_bits: u8,
    /// Bits for the weight of a channel: 2, 3, 4, 6, 8, 10, 12 or 16.
    pub weight_bits: u8,
    /// What samples are rounded to.
    pub distribution: DyscoDistribution,
    /// What samples are divided by.
    pub normalization: DyscoNormalization,
    /// Seed of the dither; the same seed gives the same bytes.
    pub seed: u64,
}

impl Default for DyscoSettings {
    fn default() -> Self {
        DyscoSettings {
            data_bits: 10,
            weight_bits: 12,
            distribution: DyscoDistribution::TruncatedGaussian { truncation: 2.5 },
            normalization: DyscoNormalization::AntennaFrequency,
            seed: 0x0d75_c0de,
        }
    }
}

/// The bit counts that the format knows.
pub(super) const BITS: [u8; 8] = [2, 3, 4, 6, 8, 10, 12, 16];
/// Student's distribution has quantiles that fit a float for these degrees of freedom.
pub(super) const NU: std::ops::RangeInclusive<f64> = 0.01..=1e6;

impl DyscoSettings {
    /// Checks the numbers.
    ///
    /// # Errors
    /// The one that is wrong, and what it may be.
    pub fn check(&self) -> Result<(), Error> {
        for (what, bits) in [("data", self.data_bits), ("weights", self.weight_bits)] {
            if !BITS.contains(&bits) {
                return Err(Error::Compression {
                    what: format!("{bits} bits for {what}; it may be {BITS:?}"),
                });
            }
        }
        if !self.distribution.is_valid() {
            return Err(Error::Compression {
                what: format!(
                    "{:?}; nu is 0.01 to 1e6, truncation more than 0 and finite",
                    self.distribution
                ),
            });
        }
        let dictionary = Dictionary::new(self.distribution, self.data_bits);
        match dictionary.largest().is_finite() {
            true => Ok(()),
            false => Err(Error::Compression {
                what: format!(
                    "{:?} with {} bits: its quantiles do not fit a float",
                    self.distribution, self.data_bits
                ),
            }),
        }
    }
}

impl DyscoDistribution {
    pub(super) fn is_valid(self) -> bool {
        match self {
            DyscoDistribution::Gaussian | DyscoDistribution::Uniform => true,
            DyscoDistribution::StudentT { nu } => NU.contains(&nu),
            DyscoDistribution::TruncatedGaussian { truncation } => truncation > 0.0 && truncation.is_finite(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_valid_and_wrong_numbers_are_named() {
        DyscoSettings::default().check().unwrap();
        let message = |settings: DyscoSettings| settings.check().unwrap_err().to_string();
        let text = message(DyscoSettings { data_bits: 5, ..DyscoSettings::default() });
        assert!(text.contains("5 bits for data") && text.contains("16]"), "{text}");
        let distribution = DyscoDistribution::StudentT { nu: f64::NAN };
        assert!(message(DyscoSettings { distribution, ..DyscoSettings::default() }).contains("NaN"));
        let distribution = DyscoDistribution::TruncatedGaussian { truncation: 0.0 };
        assert!(message(DyscoSettings { distribution, ..DyscoSettings::default() }).contains("truncation"));
        let distribution = DyscoDistribution::StudentT { nu: 0.01 };
        let text = message(DyscoSettings { distribution, ..DyscoSettings::default() });
        assert!(text.contains("do not fit a float"), "{text}");
    }
}
