//! Precision as a type parameter.

/// `f32` or `f64`: the precision of grids and images. Coordinates and phases are `f64` in either case.
///
/// The conversions are not called `from_f64`/`to_f64` because `num_traits` has methods of those names in scope.
pub trait Real:
    rustfft::FftNum
    + num_traits::Float
    + num_traits::NumAssignOps
    + std::iter::Sum
    + std::fmt::Display
    + Default
    + crate::gridder::TileLoops
{
    /// Smallest accuracy ε that a gridder of this precision can promise.
    const MIN_EPSILON: f64;
    /// Half a unit in the last place of 1.
    const UNIT_ROUNDING: f64;
    /// Name of the precision as users write it.
    const NAME: &'static str;
    /// (−1)^k π^(2k+1)/(2k+1)!, the series of sin πx in x^(2k+1), as far as the precision needs on |x| ≤ 1/2.
    const SIN_PI: &'static [Self];
    /// (−1)^k π^(2k)/(2k)!, the series of cos πx in x^(2k).
    const COS_PI: &'static [Self];

    /// The nearest number of this precision.
    fn from_double(x: f64) -> Self;
    /// The same number in double precision.
    fn to_double(self) -> f64;
}

/// (−1)^k π^n/n! for n = first, first + 2, …
const fn series<const N: usize>(first: usize) -> [f64; N] {
    let mut out = [0.0; N];
    let mut k = 0;
    while k < N {
        let mut term = if k % 2 == 0 { 1.0 } else { -1.0 };
        let mut i = 1;
        while i <= first + 2 * k {
            term *= std::f64::consts::PI / i as f64;
            i += 1;
        }
        out[k] = term;
        k += 1;
    }
    out
}

const fn single<const N: usize>(from: [f64; N]) -> [f32; N] {
    let mut out = [0.0; N];
    let mut i = 0;
    while i < N {
        out[i] = from[i] as f32;
        i += 1;
    }
    out
}

impl Real for f32 {
    const MIN_EPSILON: f64 = 2e-6;
    const UNIT_ROUNDING: f64 = f32::EPSILON as f64 / 2.0;
    const NAME: &'static str = "single";
    const SIN_PI: &'static [f32] = &single(series::<7>(1));
    const COS_PI: &'static [f32] = &single(series::<7>(0));

    #[inline(always)]
    fn from_double(x: f64) -> Self {
        x as f32
    }
    #[inline(always)]
    fn to_double(self) -> f64 {
        self as f64
    }
}

impl Real for f64 {
    const MIN_EPSILON: f64 = 1e-12;
    const UNIT_ROUNDING: f64 = f64::EPSILON / 2.0;
    const NAME: &'static str = "double";
    const SIN_PI: &'static [f64] = &series::<11>(1);
    const COS_PI: &'static [f64] = &series::<12>(0);

    #[inline(always)]
    fn from_double(x: f64) -> Self {
        x
    }
    #[inline(always)]
    fn to_double(self) -> f64 {
        self
    }
}
