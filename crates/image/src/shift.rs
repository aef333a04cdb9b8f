//! Images between pixels: windowed sinc interpolation along both axes.
//!
//! A dirty image is band-limited, so the sinc of all its pixels would give it at any point. Here the sinc is cut to
//! ±16 pixels by the window exp(β (√(1 − (t/16)²) − 1)) with β = 12. Spatial frequencies up to 0.38 cycles a pixel are
//! reproduced to about exp(−β); the PSF of a beam of three pixels has its energy below that. Close to the edge of an
//! image the window narrows to what is there, down to ±4 pixels.

use ndarray::{Array1, Array2, ArrayView2, Axis, Slice};

/// Half width of the window, pixels.
const HALF: usize = 16;
/// Half width below which an interpolation is not worth having.
const LEAST_HALF: usize = 4;
/// Steepness of the window; exp(−β) is its accuracy.
const BETA: f64 = 12.0;

/// Weights of the pixels `first..first + value.len()` of an axis for one position on it.
pub(crate) struct Taps {
    first: usize,
    value: Vec<f64>,
    slope: Vec<f64>,
}

/// Half width of the window for points up to `reach` pixels from pixel `i` of an axis of `n`; `None` too close to the
/// edge. One width for all these points, so that a shift within them is smooth.
pub(crate) fn half_width(i: usize, n: usize, reach: usize) -> Option<usize> {
    let room = i.min(n.checked_sub(1 + i)?);
    let half = HALF.min((room + 1).checked_sub(reach)?);
    (half >= LEAST_HALF).then_some(half)
}

impl Taps {
    /// For position `at`; the caller has `half` from [`half_width`] of a pixel near.
    ///
    /// # Panics
    /// In [`interpolate`], when the taps reach outside the image.
    pub(crate) fn new(at: f64, half: usize) -> Taps {
        let floor = at.floor();
        let first = (floor as usize + 1).saturating_sub(half);
        let weights = (first..floor as usize + half + 1).map(|i| weight(at - i as f64, half as f64));
        let (value, slope) = weights.unzip();
        Taps { first, value, slope }
    }
}

/// Values of an image and its slopes along x and y on the grid of points `x` × `y`, the points of a row together.
pub(crate) fn interpolate(image: &Array2<f64>, x: &[Taps], y: &[Taps]) -> Vec<[f64; 3]> {
    let first = x.iter().map(|t| t.first).min().unwrap_or(0);
    let end = x.iter().map(|t| t.first + t.value.len()).max().unwrap_or(0);
    let columns = image.slice_axis(Axis(1), Slice::from(first..end));
    let mut out = Vec::with_capacity(x.len() * y.len());
    // Along y first, whole rows at a time; then along x within the one row that came out.
    for tap in y {
        let (value, slope) = (blend(&columns, tap.first, &tap.value), blend(&columns, tap.first, &tap.slope));
        for t in x {
            let range = t.first - first..t.first - first + t.value.len();
            let (mut sum, row, row_slope) = ([0.0; 3], &value[range.clone()], &slope[range]);
            for (((wx, sx), v), dy) in t.value.iter().zip(&t.slope).zip(row).zip(row_slope) {
                sum[0] += wx * v;
                sum[1] += sx * v;
                sum[2] += wx * dy;
            }
            out.push(sum);
        }
    }
    out
}

/// The sum of the rows from `first` on, each times its weight.
fn blend(rows: &ArrayView2<'_, f64>, first: usize, weights: &[f64]) -> Vec<f64> {
    let mut sum = Array1::zeros(rows.ncols());
    for (i, &w) in weights.iter().enumerate() {
        sum.scaled_add(w, &rows.row(first + i));
    }
    sum.into_raw_vec_and_offset().0
}

/// The windowed sinc at `t` pixels and its derivative.
fn weight(t: f64, half: f64) -> (f64, f64) {
    let s = t / half;
    if s.abs() >= 1.0 {
        return (0.0, 0.0);
    }
    let root = (1.0 - s * s).sqrt();
    let window = (BETA * (root - 1.0)).exp();
    let window_slope = -window * BETA * s / (root * half);
    let (sinc, sinc_slope) = sinc(std::f64::consts::PI * t);
    (sinc * window, sinc_slope * std::f64::consts::PI * window + sinc * window_slope)
}

/// sin z / z and its derivative, by series near zero where the quotients cancel.
fn sinc(z: f64) -> (f64, f64) {
    if z.abs() < 1e-2 {
        let z2 = z * z;
        return (1.0 - z2 / 6.0 + z2 * z2 / 120.0, -z / 3.0 + z * z2 / 30.0);
    }
    let (sin, cos) = z.sin_cos();
    (sin / z, (cos - sin / z) / z)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::f64::consts::TAU;

    /// Largest errors (value, slopes) for a wave of unit amplitude shifted by (dx, dy), around pixel (i, j).
    fn errors(frequency: f64, shift: (f64, f64), at: (usize, usize)) -> (f64, f64) {
        let n = 64;
        let phase = |x: f64, y: f64| TAU * (frequency * x - 0.7 * frequency * y) + 0.3;
        let image = Array2::from_shape_fn((n, n), |(y, x)| phase(x as f64, y as f64).cos());
        let half = |i| half_width(i, n, 2).unwrap();
        let (x, y) = (at.0 as f64 - shift.0, at.1 as f64 - shift.1);
        let got = interpolate(&image, &[Taps::new(x, half(at.0))], &[Taps::new(y, half(at.1))])[0];
        let slope = -TAU * frequency * phase(x, y).sin();
        ((got[0] - phase(x, y).cos()).abs(), (got[1] - slope).abs().max((got[2] + 0.7 * slope).abs()))
    }

    #[test]
    fn waves_within_the_band_are_shifted_exactly() {
        for frequency in [0.0, 0.01, 0.1, 0.2, 0.3, 0.37] {
            for shift in [(0.0, 0.0), (0.5, -0.5), (0.1, 1.7), (-1.999, 1.3), (1e-9, -1e-3)] {
                let (value, slope) = errors(frequency, shift, (30, 33));
                assert!(value < 2e-5 && slope < 2e-4, "{frequency} {shift:?}: {value:.1e} {slope:.1e}");
            }
        }
    }

    #[test]
    fn the_window_narrows_at_the_edge_and_stays_inside() {
        assert_eq!((half_width(4, 64, 2), half_width(59, 64, 2)), (None, None));
        assert_eq!((half_width(5, 64, 2), half_width(58, 64, 2)), (Some(4), Some(4)));
        assert_eq!((half_width(3, 5, 2), half_width(9, 5, 2), half_width(0, 0, 2)), (None, None, None));
        for at in [5, 58] {
            for shift in [-1.999_999, 0.0, 1.999_999] {
                let (value, slope) = errors(0.1, (shift, shift), (at, at));
                assert!(value < 0.01 && slope < 0.05, "{at} {shift}: {value:.1e} {slope:.1e}");
            }
        }
    }
}
