//! The position of a maximum between pixels.

use ndarray::Array2;

/// The largest pixel within `radius` pixels of (x, y), refined by the quadratic surface through it and its eight
/// neighbors: position (x, y), counted from 0, and value there.
///
/// The refinement moves by less than a pixel; it is left out where a neighbor is missing or not finite, or where the
/// surface has no maximum near. Without any finite pixel in reach the value is NaN and the position as given.
pub fn peak_near<T: Into<f64> + Copy>(image: &Array2<T>, x: f64, y: f64, radius: f64) -> (f64, f64, f64) {
    let at = |ix: usize, iy: usize| -> f64 { image[[iy, ix]].into() };
    let (ny, nx) = image.dim();
    let mut best: Option<(usize, usize, f64)> = None;
    for iy in reach(y, radius, ny) {
        for ix in reach(x, radius, nx) {
            let value = at(ix, iy);
            let near = (ix as f64 - x).hypot(iy as f64 - y) <= radius.max(0.5_f64.sqrt());
            if near && value.is_finite() && best.is_none_or(|b| value > b.2) {
                best = Some((ix, iy, value));
            }
        }
    }
    let Some((ix, iy, value)) = best else { return (x, y, f64::NAN) };
    let inside = ix > 0 && iy > 0 && ix + 1 < nx && iy + 1 < ny;
    let (dx, dy, more) =
        if inside { summit(|i, j| at(ix + i - 1, iy + j - 1)).unwrap_or_default() } else { (0.0, 0.0, 0.0) };
    (ix as f64 + dx, iy as f64 + dy, value + more)
}

/// Pixels of an axis of `n` within `radius` (at least the nearest one) of `center`.
fn reach(center: f64, radius: f64, n: usize) -> std::ops::Range<usize> {
    let radius = radius.max(0.5);
    // Casts saturate, and NaN becomes 0: an empty or harmless range.
    let first = (center - radius).ceil().max(0.0) as usize;
    let end = ((center + radius).floor() + 1.0).max(0.0) as usize;
    first.min(n)..end.min(n)
}

/// Offset and gain of the summit of the surface v = v₀ + gx x + gy y + (hxx x² + 2 hxy x y + hyy y²)/2, from central
/// differences of the nine values `at(column, row)` around the middle one at (1, 1).
fn summit(at: impl Fn(usize, usize) -> f64) -> Option<(f64, f64, f64)> {
    let (gx, gy) = ((at(2, 1) - at(0, 1)) / 2.0, (at(1, 2) - at(1, 0)) / 2.0);
    let hxx = at(2, 1) - 2.0 * at(1, 1) + at(0, 1);
    let hyy = at(1, 2) - 2.0 * at(1, 1) + at(1, 0);
    let hxy = (at(2, 2) - at(2, 0) - at(0, 2) + at(0, 0)) / 4.0;
    let det = hxx * hyy - hxy * hxy;
    let (dx, dy) = ((hxy * gy - hyy * gx) / det, (hxy * gx - hxx * gy) / det);
    let maximum = hxx < 0.0 && det > 0.0 && dx.abs() < 1.0 && dy.abs() < 1.0;
    maximum.then_some((dx, dy, (gx * dx + gy * dy) / 2.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quadratic_summit_is_found_exactly() {
        let (x0, y0) = (10.3, 7.8);
        let image = Array2::from_shape_fn((20, 24), |(y, x)| {
            let (dx, dy) = (x as f64 - x0, y as f64 - y0);
            5.0 - 0.3 * dx * dx - 0.2 * dy * dy + 0.1 * dx * dy
        });
        let (x, y, value) = peak_near(&image, 11.0, 7.0, 3.0);
        assert!(
            (x - x0).abs() < 1e-12 && (y - y0).abs() < 1e-12 && (value - 5.0).abs() < 1e-12,
            "{x} {y} {value}"
        );
    }

    #[test]
    fn the_search_keeps_to_its_radius_and_passes_over_nan() {
        let mut image = Array2::<f32>::zeros((32, 32));
        image[[5, 5]] = 9.0;
        image[[20, 20]] = 1.0;
        image[[21, 20]] = f32::NAN;
        assert_eq!(peak_near(&image, 20.4, 19.6, 2.0), (20.0, 20.0, 1.0));
    }

    #[test]
    fn edges_and_outsides_do_no_harm() {
        let mut image = Array2::<f64>::zeros((4, 4));
        image[[0, 0]] = 2.0;
        assert_eq!(peak_near(&image, 0.4, 0.2, 1.0), (0.0, 0.0, 2.0));
        for (x, y) in [(-50.0, 0.0), (1e300, 1e300), (f64::NAN, 0.0)] {
            assert!(peak_near(&image, x, y, 2.0).2.is_nan(), "{x}");
        }
        assert!(peak_near(&Array2::<f64>::zeros((0, 0)), 0.0, 0.0, 2.0).2.is_nan());
    }
}
