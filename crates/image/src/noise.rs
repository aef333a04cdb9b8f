//! Standard errors of a least-squares fit to an image with correlated noise.
//!
//! The noise of a dirty image is the transform of the noise of its visibilities. For natural weights its correlation
//! between two pixels is the PSF at their distance: C = σ² ρ. A fit with the table of derivatives J that takes all
//! pixels alike has then the covariance (G = JᵀJ)
//!
//! cov = σ² G⁻¹ (Jᵀ ρ J) G⁻¹, and its residuals r have the mean square sum ⟨rᵀr⟩ = σ² (n − tr(G⁻¹ Jᵀ ρ J)),
//!
//! from which σ follows. For a point source and a Gaussian beam this is close to σ_S = σ. Correlations are followed as
//! far as a box is wide.

use crate::{
    Error,
    joint::{Joint, PixelBox},
    shift::{Taps, half_width, interpolate},
};
use nalgebra::DMatrix;
use ndarray::Array2;
use types::ImageGeometry;

/// Standard errors (flux, x, y) of every source of a solved problem; infinite for a parameter without effect.
///
/// # Errors
/// When two parameters cannot be told apart.
pub(crate) fn covariance(joint: &Joint<'_>, geometry: &ImageGeometry) -> Result<Vec<[f64; 3]>, Error> {
    let mut slopes = joint.slopes();
    // Unit rows make the inverse safe whatever the units; a row of zeros has no error to speak of.
    let norms: Vec<f64> = slopes.row_iter().map(|row| row.norm()).collect();
    let alive: Vec<usize> = (0..norms.len()).filter(|&i| norms[i] > 0.0).collect();
    slopes = slopes.select_rows(&alive);
    for (mut row, &i) in slopes.row_iter_mut().zip(&alive) {
        row.unscale_mut(norms[i]);
    }
    let normal = &slopes * slopes.transpose();
    let inverse = normal.cholesky().ok_or(Error::Degenerate)?.inverse();
    let mixed = correlated(&slopes, joint, &Correlation::of(joint, geometry));
    let spread = &inverse * mixed;
    let n = joint.n_pixel() as f64;
    let sigma2 = joint.residuals().norm_squared() / (n - spread.trace()).max(1.0);
    let variance = (spread * inverse).diagonal() * sigma2;
    let mut errors = vec![[f64::INFINITY; 3]; joint.responses.len()];
    for (v, &i) in variance.iter().zip(&alive) {
        errors[i / 3][i % 3] = v.max(0.0).sqrt() / norms[i];
    }
    Ok(errors)
}

/// Jᵀ ρ J; `slopes` is Jᵀ.
fn correlated(slopes: &DMatrix<f64>, joint: &Joint<'_>, rho: &Correlation) -> DMatrix<f64> {
    let boxes: Vec<Vec<(usize, usize)>> = joint.boxes.iter().map(|b| PixelBox::pixels(b).collect()).collect();
    let starts: Vec<usize> = boxes.iter().scan(0, |n, b| Some(std::mem::replace(n, *n + b.len()))).collect();
    let mut smooth = DMatrix::zeros(slopes.nrows(), slopes.ncols());
    for (a, from) in boxes.iter().zip(&starts).filter(|b| !b.0.is_empty()) {
        for (b, to) in boxes.iter().zip(&starts).filter(|b| rho.reaches(a, b.0)) {
            for (i, &p) in a.iter().enumerate() {
                let mut sum = smooth.column_mut(from + i);
                for (j, &q) in b.iter().enumerate() {
                    let r = rho.between(p, q);
                    if r != 0.0 {
                        sum.axpy(r, &slopes.column(to + j), 1.0);
                    }
                }
            }
        }
    }
    slopes * smooth.transpose()
}

/// The noise correlation of two pixels by their distance.
struct Correlation {
    reach: usize,
    /// Lags from 0 along y and −reach..=reach along x.
    lags: Array2<f64>,
}

impl Correlation {
    /// From the response with the highest value at its source: that of a point, if there is one.
    fn of(joint: &Joint<'_>, geometry: &ImageGeometry) -> Correlation {
        let extent = |b: &PixelBox| {
            let (first, last) = bounds(b.pixels());
            (last.0.saturating_sub(first.0)).max(last.1.saturating_sub(first.1))
        };
        let reach = joint.boxes.iter().map(extent).max().unwrap_or(0);
        let peak = |image: &Array2<f64>, x: f64, y: f64| value_at(image, x, y).unwrap_or(0.0);
        let candidates = joint.responses.iter().map(|r| {
            let (x, y) = geometry.xy(r.start.l, r.start.m);
            (r.image, x, y, peak(r.image, x, y))
        });
        let best = candidates.max_by(|a, b| a.3.total_cmp(&b.3)).filter(|b| b.3 > 0.0);
        let lag = |(j, i): (usize, usize)| {
            let (dx, dy) = (i as f64 - reach as f64, j as f64);
            let identity = if dx == 0.0 && dy == 0.0 { 1.0 } else { 0.0 };
            let Some((image, x, y, peak)) = best else { return identity };
            // Near an edge one of the two sides may be missing; they are equal but for rounding and smearing.
            let sides = [value_at(image, x + dx, y + dy), value_at(image, x - dx, y - dy)];
            let n = sides.iter().flatten().count().max(1) as f64;
            sides.iter().flatten().sum::<f64>() / (n * peak)
        };
        Correlation { reach, lags: Array2::from_shape_fn((reach + 1, 2 * reach + 1), lag) }
    }

    fn between(&self, p: (usize, usize), q: (usize, usize)) -> f64 {
        let (p, q) = if p.1 <= q.1 { (p, q) } else { (q, p) };
        // Wraps to something huge, and so outside, for lags below −reach.
        let i = (q.0 + self.reach).wrapping_sub(p.0);
        self.lags.get([q.1 - p.1, i]).copied().unwrap_or(0.0)
    }

    fn reaches(&self, a: &[(usize, usize)], b: &[(usize, usize)]) -> bool {
        let (a, b) = (bounds(a.iter().copied()), bounds(b.iter().copied()));
        let near =
            |a0: usize, a1: usize, b0: usize, b1: usize| a0 <= b1 + self.reach && b0 <= a1 + self.reach;
        near(a.0.0, a.1.0, b.0.0, b.1.0) && near(a.0.1, a.1.1, b.0.1, b.1.1)
    }
}

/// Least and greatest x and y; crossed for no pixels.
fn bounds(pixels: impl Iterator<Item = (usize, usize)>) -> ((usize, usize), (usize, usize)) {
    pixels.fold(((usize::MAX / 2, usize::MAX / 2), (0, 0)), |(lo, hi), p| {
        ((lo.0.min(p.0), lo.1.min(p.1)), (hi.0.max(p.0), hi.1.max(p.1)))
    })
}

/// A response between its pixels; `None` outside and at the edge.
fn value_at(image: &Array2<f64>, x: f64, y: f64) -> Option<f64> {
    let (ny, nx) = image.dim();
    let taps = |at: f64, n: usize| {
        let inside = at >= 0.0 && at < n as f64;
        let half = if inside { half_width(at as usize, n, 1)? } else { return None };
        Some([Taps::new(at, half)])
    };
    Some(interpolate(image, &taps(x, nx)?, &taps(y, ny)?)[0][0]).filter(|v| v.is_finite())
}
