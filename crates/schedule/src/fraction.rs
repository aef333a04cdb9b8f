//! Exact periods: fractions that never overflow when they are compared.

use std::cmp::Ordering;
use std::fmt;

/// A fraction in lowest terms, exact. Periods are such fractions of the unit in which the costs were given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fraction {
    num: u128,
    den: u128,
}

impl Fraction {
    /// Zero.
    pub const ZERO: Self = Self { num: 0, den: 1 };

    /// `num / den` in lowest terms; `None` for a denominator of 0.
    #[must_use]
    pub fn new(num: u128, den: u128) -> Option<Self> {
        if den == 0 {
            return None;
        }
        let divisor = gcd(num, den);
        Some(Self { num: num / divisor, den: den / divisor })
    }

    /// The numerator in lowest terms.
    #[must_use]
    pub fn num(self) -> u128 {
        self.num
    }

    /// The denominator in lowest terms, never 0.
    #[must_use]
    pub fn den(self) -> u128 {
        self.den
    }

    /// The nearest number, within two roundings.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "the point of the conversion")]
    pub fn to_f64(self) -> f64 {
        self.num as f64 / self.den as f64
    }
}

impl From<u64> for Fraction {
    fn from(num: u64) -> Self {
        Self { num: num.into(), den: 1 }
    }
}

impl Ord for Fraction {
    /// Whole parts first, then the inverted rests, as in Euclid's algorithm: no product, so no overflow.
    fn cmp(&self, other: &Self) -> Ordering {
        let (mut a, mut b) = ((self.num, self.den), (other.num, other.den));
        loop {
            let whole = (a.0 / a.1).cmp(&(b.0 / b.1));
            let rests = (a.0 % a.1, b.0 % b.1);
            match (whole, rests) {
                (Ordering::Equal, (0, 0)) => return Ordering::Equal,
                (Ordering::Equal, (0, _)) => return Ordering::Less,
                (Ordering::Equal, (_, 0)) => return Ordering::Greater,
                // x/a < y/b exactly when b/y < a/x: the sides change places.
                (Ordering::Equal, (x, y)) => (a, b) = ((b.1, y), (a.1, x)),
                (unequal, _) => return unequal,
            }
        }
    }
}

impl PartialOrd for Fraction {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for Fraction {
    /// A whole number as such, a short fraction as `a/b`, anything else as a decimal number.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.den {
            1 => write!(f, "{}", self.num),
            2..=99_999 if self.num < 1_000_000_000 => write!(f, "{}/{}", self.num, self.den),
            _ => write!(f, "{}", self.to_f64()),
        }
    }
}

fn gcd(mut a: u128, mut b: u128) -> u128 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

/// A period in ticks while a search runs: not reduced, so that making one costs nothing.
///
/// Invariant: numerators stay below 2^86 and denominators below 2^34 (ticks are below 2^52, cores of a plan below
/// 2^17, and [`Ratio::middle`] rounds), so that a product of one side with the other fits 128 bits.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ratio {
    pub(crate) num: u128,
    pub(crate) den: u128,
}

/// Denominators that [`Ratio::middle`] keeps exact; longer ones are rounded to this one.
const GRID_BITS: u32 = 34;

impl Ratio {
    pub(crate) const ZERO: Self = Self { num: 0, den: 1 };

    /// `ticks` shared by `cores`, of which there is at least one.
    pub(crate) fn new(ticks: u64, cores: usize) -> Self {
        Self { num: ticks.into(), den: cores as u128 }
    }

    pub(crate) fn plus(self, ticks: u64) -> Self {
        Self { num: self.num + u128::from(ticks) * self.den, den: self.den }
    }

    pub(crate) fn double(self) -> Self {
        Self { num: self.num * 2, den: self.den }
    }

    #[expect(clippy::cast_precision_loss, reason = "an estimate")]
    pub(crate) fn to_f64(self) -> f64 {
        self.num as f64 / self.den as f64
    }

    /// Half way between two periods: exact for two periods of plans, else down to the next multiple of 2^-34.
    pub(crate) fn middle(self, other: Self) -> Self {
        let (num, den) = (self.num * other.den + other.num * self.den, 2 * self.den * other.den);
        if den <= 1 << GRID_BITS {
            return Self { num, den };
        }
        let (whole, rest) = (num / den, num % den);
        Self { num: (whole << GRID_BITS) + (rest << GRID_BITS) / den, den: 1 << GRID_BITS }
    }
}

impl PartialEq for Ratio {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Ratio {}

impl PartialOrd for Ratio {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Ratio {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.num * other.den).cmp(&(other.num * self.den))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fraction(num: u128, den: u128) -> Fraction {
        Fraction::new(num, den).unwrap()
    }

    #[test]
    fn fractions_are_reduced_and_ordered_without_overflow() {
        assert_eq!((fraction(84, 36).num(), fraction(84, 36).den()), (7, 3));
        assert_eq!(Fraction::new(1, 0), None);
        assert_eq!(fraction(0, 5), Fraction::ZERO);
        let big = u128::MAX;
        assert!(fraction(big, big - 1) < fraction(big - 1, big - 2));
        assert!(fraction(big - 1, big) < fraction(1, 1));
        assert!(fraction(1, big) > Fraction::ZERO);
        let mut all: Vec<_> = (0..60).flat_map(|n| (1..60).map(move |d| fraction(n, d))).collect();
        all.sort();
        assert!(all.windows(2).all(|w| w[0].num * w[1].den <= w[1].num * w[0].den));
    }

    #[test]
    fn a_middle_lies_between_and_stays_short() {
        let (mut low, high) = (Ratio::new(1, 65_535), Ratio::new((1 << 52) - 1, 65_534));
        for _ in 0..100 {
            let middle = low.middle(high);
            assert!(low <= middle && middle < high && middle.den <= 1 << GRID_BITS);
            low = middle;
        }
        assert_eq!(Ratio::new(1, 2).middle(Ratio::new(1, 3)), Ratio::new(5, 12));
    }

    #[test]
    fn a_period_is_written_as_short_as_it_is() {
        assert_eq!(fraction(14, 7).to_string(), "2");
        assert_eq!(fraction(5, 3).to_string(), "5/3");
        assert_eq!(fraction(1, 1 << 40).to_string(), format!("{}", 1.0 / (1u64 << 40) as f64));
    }
}
