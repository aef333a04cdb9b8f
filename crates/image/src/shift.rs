//! Images between pixels: windowed sinc interpolation along both axes.
//!
//! A dirty image is band-limited, so the sinc of all its pixels would give it at any point. Here the sinc is cut to
//! ±16 pixels by the window exp(β (√(1 − (t/16)²) − 1)) with β = 12. Spatial frequencies up to 0.38 cycles a pixel are
//! reproduced to about exp(−β); the PSF of a beam of three pixels has its energy below that. Close to the edge of an
//! image the window narrows to what is there, down to ±4 pixels.

use ndarray::{Array2, ArrayView1};

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

    fn range(&self) -> std::ops::Range<usize> {
        self.first..self.first + self.value.len()
    }
}

/// Values of an image and its slopes along x and y on the grid of points `x` × `y`, the points of a row together.
pub(crate) fn interpolate(image: &Array2<f64>, x: &[Taps], y: &[Taps]) -> Vec<[f64; 3]> {
    let rows = y.iter().map(|t| t.range().start).min().unwrap_or(0)
        ..y.iter().map(|t| t.range().end).max().unwrap_or(0);
    // Along x first, for all rows that the second step needs.
    let along_x: Vec<(f64, f64)> = rows
        .clone()
        .flat_map(|iy| {
            let row = image.row(iy);
            x.iter().map(move |t| (dot(&t.value, t, &row), dot(&t.slope, t, &row)))
        })
        .collect();
    let at = |tap: &Taps, i_x: usize| {
        let mut sum = [0.0; 3];
        for ((iy, weight), slope) in tap.range().zip(&tap.value).zip(&tap.slope) {
            let (value, slope_x) = along_x[(iy - rows.start) * x.len() + i_x];
            sum[0] += weight * value;
            sum[1] += weight * slope_x;
            sum[2] += slope * value;
        }
        sum
    };
    y.iter().flat_map(|tap| (0..x.len()).map(move |i_x| (tap, i_x))).map(|(tap, i_x)| at(tap, i_x)).collect()
}

fn dot(weights: &[f64], taps: &Taps, row: &ArrayView1<'_, f64>) -> f64 {
    taps.range().zip(weights).map(|(i, w)| w * row[i]).sum()
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
