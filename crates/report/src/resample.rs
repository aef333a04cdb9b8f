//! An image brought to the size it is shown at, by averages over areas.
//!
//! A pixel shown is the mean of what it covers: a box average where the image is larger, the pixel itself with smooth
//! borders where it is smaller. Pixels that are not finite do not count; where nothing counts the result is NaN.

use ndarray::Array2;
use std::ops::Range;

/// The pixels along one axis that one shown pixel covers.
struct Cover {
    covered: Range<usize>,
    n_shown: usize,
    n_from: usize,
    i_shown: usize,
}

impl Cover {
    fn new(i_shown: usize, n_shown: usize, n_from: usize) -> Self {
        let start = i_shown * n_from / n_shown;
        let end = ((i_shown + 1) * n_from).div_ceil(n_shown);
        Cover { covered: start..end, n_shown, n_from, i_shown }
    }

    /// Length of pixel `i` inside the shown pixel, in units of 1 / n_shown of a pixel: whole numbers, so exact.
    fn overlap(&self, i: usize) -> f64 {
        let end = ((i + 1) * self.n_shown).min((self.i_shown + 1) * self.n_from);
        let start = (i * self.n_shown).max(self.i_shown * self.n_from);
        (end - start) as f64
    }
}

/// `pixels` [ny, nx] averaged to [height, width]; row 0 stays row 0.
pub(crate) fn resample<T: Into<f64> + Copy>(pixels: &Array2<T>, width: usize, height: usize) -> Array2<f64> {
    let (ny, nx) = pixels.dim();
    let columns: Vec<Cover> = (0..width).map(|i| Cover::new(i, width, nx)).collect();
    let mut shown = Array2::zeros((height, width));
    for (i_row, mut out) in shown.rows_mut().into_iter().enumerate() {
        let rows = Cover::new(i_row, height, ny);
        for (cell, columns) in out.iter_mut().zip(&columns) {
            *cell = mean(pixels, &rows, columns);
        }
    }
    shown
}

fn mean<T: Into<f64> + Copy>(pixels: &Array2<T>, rows: &Cover, columns: &Cover) -> f64 {
    let (mut sum, mut area) = (0.0, 0.0);
    for y in rows.covered.clone() {
        for x in columns.covered.clone() {
            let value: f64 = pixels[[y, x]].into();
            if value.is_finite() {
                let part = rows.overlap(y) * columns.overlap(x);
                sum += part * value;
                area += part;
            }
        }
    }
    sum / area
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn larger_images_are_averaged_and_smaller_ones_repeated() {
        let image = array![[1.0_f64, 2.0, 3.0, 4.0], [5.0, 6.0, 7.0, 8.0]];
        assert_eq!(resample(&image, 2, 1), array![[3.5, 5.5]]);
        assert_eq!(
            resample(&array![[1.0_f32, 2.0]], 4, 2),
            array![[1.0, 1.0, 2.0, 2.0], [1.0, 1.0, 2.0, 2.0]]
        );
        // Three shown pixels over two: the middle one covers half of each.
        assert_eq!(resample(&array![[1.0_f64, 2.0]], 3, 1), array![[1.0, 1.5, 2.0]]);
    }

    #[test]
    fn the_mean_is_kept_for_any_sizes() {
        let image = Array2::from_shape_fn((13, 37), |(y, x)| ((y * 31 + x * 17) % 23) as f64);
        let want = image.mean().unwrap();
        for (width, height) in [(37, 13), (1, 1), (5, 50), (100, 7)] {
            let got = resample(&image, width, height).mean().unwrap();
            assert!((got - want).abs() < 1e-12, "{width} × {height}: {got}");
        }
    }

    #[test]
    fn blank_pixels_do_not_count() {
        let image = array![[f64::NAN, 4.0, f64::INFINITY, f64::NAN]];
        let shown = resample(&image, 2, 1);
        assert_eq!(shown[[0, 0]], 4.0);
        assert!(shown[[0, 1]].is_nan());
    }
}
