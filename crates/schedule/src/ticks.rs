//! From costs in any unit to whole ticks, so that all further arithmetic is exact.
//!
//! A tick is a power of two of the caller's unit. Whole costs keep the unit itself (tick = 1), costs with few binary
//! digits after the point get a tick in which they are whole, and anything else is rounded to 52 binary digits of
//! the largest sum, which is what the costs themselves have.

use crate::fraction::{Fraction, Ratio};

/// Sums of ticks stay below this, so they are exact as `f64` and a product with a core count fits 128 bits.
pub(crate) const TICKS_LIMIT: f64 = (1u64 << 52) as f64;
/// Ticks of 2^-80 to 2^70 units: a [`Fraction`] of them stays within 128 bits.
const EXPONENTS: std::ops::RangeInclusive<i32> = -80..=70;
/// Largest sum of costs in the caller's unit.
pub(crate) const SUM_LIMIT: f64 = TICKS_LIMIT * (1u128 << 70) as f64;
/// Bits after the point of a target period in ticks; a target need not be whole.
const TARGET_BITS: u32 = 20;

/// The length of a tick: `2^exponent` units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Tick {
    exponent: i32,
}

impl Tick {
    /// The coarsest tick in which all costs are whole, else the finest with which `sum` fits.
    ///
    /// `divided` costs are to be divided further, so they get the finest tick. `sum` is at most [`SUM_LIMIT`].
    pub(crate) fn choose(costs: impl Iterator<Item = f64> + Clone, sum: f64, divided: bool) -> Self {
        let fits = |exponent: &i32| sum * 2f64.powi(-exponent) < TICKS_LIMIT;
        let finest = EXPONENTS.clone().find(fits).unwrap_or(*EXPONENTS.end());
        let whole = |exponent: &i32| costs.clone().all(|c| (c * 2f64.powi(-exponent)).fract() == 0.0);
        let exponent =
            if divided || finest > 0 { finest } else { (finest..=0).rev().find(whole).unwrap_or(finest) };
        Self { exponent }
    }

    /// The nearest number of ticks.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "checked: 0 ≤ cost < 2^52 ticks"
    )]
    pub(crate) fn count(self, cost: f64) -> u64 {
        (cost * 2f64.powi(-self.exponent)).round() as u64
    }

    /// A target period in ticks, to 2^-20 of a tick; periods beyond every plan are as good as the longest.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 < target ≤ 2^54 ticks")]
    pub(crate) fn target(self, period: f64) -> Ratio {
        let den = 1u64 << TARGET_BITS;
        let ticks = (period * 2f64.powi(-self.exponent)).min(4.0 * TICKS_LIMIT);
        Ratio { num: (ticks * den as f64).round() as u128, den: den.into() }
    }

    /// Ticks over cores in the caller's unit.
    pub(crate) fn period(self, ticks: Ratio) -> Fraction {
        let shift = self.exponent.unsigned_abs();
        let (num, den) =
            if self.exponent < 0 { (ticks.num, ticks.den << shift) } else { (ticks.num << shift, ticks.den) };
        Fraction::new(num, den).unwrap_or(Fraction::ZERO)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tick(costs: &[f64]) -> Tick {
        Tick::choose(costs.iter().copied(), costs.iter().sum(), false)
    }

    #[test]
    fn whole_costs_keep_their_unit_and_binary_fractions_are_exact() {
        assert_eq!(tick(&[3.0, 0.0, 4e15]).exponent, 0);
        assert_eq!(tick(&[3.0, 0.25]).exponent, -2);
        let half = tick(&[1.5, 2.0]);
        assert_eq!((half.count(1.5), half.period(Ratio::new(3, 2))), (3, Fraction::new(3, 4).unwrap()));
    }

    #[test]
    fn other_costs_keep_their_digits_at_any_size() {
        for size in [1e-20, 1e-9, 0.1, 1e3, 1e18, 1e30] {
            let tick = tick(&[size, 0.3 * size]);
            let back = tick.period(Ratio::new(tick.count(size), 1)).to_f64();
            assert!((back / size - 1.0).abs() < 1e-3 * f64::from(size < 1e-15) + 1e-15, "{size}: {back}");
            assert!(((tick.count(size) + tick.count(0.3 * size)) as f64) <= TICKS_LIMIT);
        }
    }

    #[test]
    fn a_target_may_lie_between_ticks() {
        let tick = tick(&[3.0, 4.0]);
        assert_eq!(tick.target(2.5), Ratio { num: 5, den: 2 });
        assert_eq!(tick.period(tick.target(0.5)), Fraction::new(1, 2).unwrap());
    }
}
