//! Rounding, and sine and cosine of turns, without branches, so that loops over them vectorise.

use super::{Isa, Real};

/// 1.5 × 2⁵²: adding it to a double of magnitude below 2⁵¹ leaves the nearest integer in the low mantissa bits.
const MAGIC: f64 = 6_755_399_441_055_744.0;

/// The nearest integer, ties to even; exact for |x| < 2⁵¹, which is also where it returns x itself or near.
#[inline(always)]
pub(crate) fn round_even(x: f64) -> f64 {
    (x + MAGIC) - MAGIC
}

/// The value of an integer-valued double of magnitude below 2³¹.
#[inline(always)]
pub(crate) fn small_int(x: f64) -> i32 {
    (x + MAGIC).to_bits() as u32 as i32
}

/// (sin 2πt, cos 2πt) of t turns, by the series of the half angle: sin 2a = 2 sin a cos a, cos 2a = (cos a − sin a)(cos a + sin a).
///
/// Reduction to |t| ≤ 1/2 happens in double precision; the absolute error is a few units of `T`'s last place.
#[inline(always)]
pub(crate) fn sin_cos_turns<I: Isa, T: Real>(turns: f64) -> (T, T) {
    let x = T::from_double(turns - round_even(turns));
    let x2 = x * x;
    let horner = |series: &[T]| {
        let mut sum = series[series.len() - 1];
        for &c in series[..series.len() - 1].iter().rev() {
            sum = I::mul_add(sum, x2, c);
        }
        sum
    };
    let (sin, cos) = (x * horner(T::SIN_PI), horner(T::COS_PI));
    ((sin + sin) * cos, (cos - sin) * (cos + sin))
}

#[cfg(test)]
mod tests {
    use super::super::Portable;
    use super::*;

    #[test]
    fn sine_and_cosine_match_the_standard_library_over_many_turns() {
        for i in -5000..5000 {
            let turns = i as f64 * 0.013_7 + 1e-4;
            let exact = ((turns - turns.round()) * std::f64::consts::TAU).sin_cos();
            let (s, c) = sin_cos_turns::<Portable, f64>(turns);
            let error = (s - exact.0).abs().max((c - exact.1).abs());
            assert!(error < 2e-15, "{turns}: {error:e}");
            let (s, c) = sin_cos_turns::<Portable, f32>(turns);
            let error = (s as f64 - exact.0).abs().max((c as f64 - exact.1).abs());
            assert!(error < 5e-7, "{turns}: {error:e}");
        }
    }

    #[test]
    fn rounding_is_to_nearest_even_and_small_integers_survive() {
        for (x, want) in [(0.5, 0.0), (1.5, 2.0), (-2.5, -2.0), (7.49, 7.0), (-7.51, -8.0)] {
            assert_eq!(round_even(x), want);
            assert_eq!(small_int(want), want as i32);
        }
    }
}
