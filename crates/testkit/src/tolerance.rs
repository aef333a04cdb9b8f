//! Relative errors of arrays.

use types::{Complex, Complex64};

/// √(Σ|a − b|² / Σ|b|²), the rms error of `got` relative to `want`; 0 for two empty or two zero arrays.
///
/// # Panics
/// When the lengths differ.
pub fn rms_rel_err<A: IntoComplex, B: IntoComplex>(got: &[A], want: &[B]) -> f64 {
    assert_eq!(got.len(), want.len(), "arrays of different lengths");
    let (mut diff2, mut want2) = (0.0, 0.0);
    for (g, w) in got.iter().zip(want) {
        diff2 += (g.into_complex() - w.into_complex()).norm_sqr();
        want2 += w.into_complex().norm_sqr();
    }
    if diff2 == 0.0 { 0.0 } else { (diff2 / want2).sqrt() }
}

/// max|a − b| / max|b|, the largest error relative to the peak; 0 for two empty or two zero arrays.
///
/// # Panics
/// When the lengths differ.
pub fn max_rel_err<A: IntoComplex, B: IntoComplex>(got: &[A], want: &[B]) -> f64 {
    assert_eq!(got.len(), want.len(), "arrays of different lengths");
    let (mut diff, mut peak) = (0.0_f64, 0.0_f64);
    for (g, w) in got.iter().zip(want) {
        let d = (g.into_complex() - w.into_complex()).norm();
        // A NaN must not slip through a maximum.
        diff = if d.is_nan() { f64::INFINITY } else { diff.max(d) };
        peak = peak.max(w.into_complex().norm());
    }
    if diff == 0.0 { 0.0 } else { diff / peak }
}

/// Numbers that errors are measured on.
pub trait IntoComplex: Copy {
    /// The number as a complex one in double precision.
    fn into_complex(self) -> Complex64;
}

impl IntoComplex for f32 {
    fn into_complex(self) -> Complex64 {
        Complex64::new(self.into(), 0.0)
    }
}

impl IntoComplex for f64 {
    fn into_complex(self) -> Complex64 {
        Complex64::new(self, 0.0)
    }
}

impl<T: Into<f64> + Copy> IntoComplex for Complex<T> {
    fn into_complex(self) -> Complex64 {
        Complex64::new(self.re.into(), self.im.into())
    }
}
/// The middle value, or the mean of the two middle ones; NaN of nothing.
pub fn median(values: &[f64]) -> f64 {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    let n = values.len();
    if n == 0 { f64::NAN } else { f64::midpoint(values[(n - 1) / 2], values[n / 2]) }
}
