//! Extremes and noise of an image.

use ndarray::Array2;

/// Values above which the median is taken from a regular sample of the pixels.
const MEDIAN_SAMPLE: usize = 1 << 22;
/// Standard deviation of a normal distribution over its median absolute deviation, 1/Φ⁻¹(3/4).
const SIGMA_OVER_MAD: f64 = 1.482_602_218_505_602;

/// Numbers that sum an image up, in the unit of its pixels; all NaN where no pixel is finite.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stats {
    /// Largest value.
    pub max: f64,
    /// Smallest value.
    pub min: f64,
    /// Root of the mean square, about zero.
    pub rms: f64,
    /// Noise that sources hardly touch: 1.4826 × the median of |pixel − median|. Of images with more than four
    /// million pixels every k-th pixel counts, which costs less than 0.1 % of accuracy.
    pub robust_rms: f64,
}

/// Statistics of the finite pixels of an image of any shape.
pub fn statistics<T: Into<f64> + Copy>(image: &Array2<T>) -> Stats {
    let (mut max, mut min, mut sum2, mut n) = (f64::NAN, f64::NAN, 0.0, 0_u64);
    // Odd, so that a sample does not walk along columns of images with even sides.
    let stride = (image.len().div_ceil(MEDIAN_SAMPLE).max(1)) | 1;
    let mut sample = Vec::with_capacity(image.len() / stride + 1);
    for (i, &pixel) in image.iter().enumerate() {
        let value: f64 = pixel.into();
        if value.is_finite() {
            max = max.max(value);
            min = min.min(value);
            sum2 += value * value;
            n += 1;
            if i % stride == 0 {
                sample.push(value);
            }
        }
    }
    let rms = if n == 0 { f64::NAN } else { (sum2 / n as f64).sqrt() };
    Stats { max, min, rms, robust_rms: robust_rms(sample) }
}

fn robust_rms(mut values: Vec<f64>) -> f64 {
    let center = median(&mut values);
    values.iter_mut().for_each(|v| *v = (*v - center).abs());
    SIGMA_OVER_MAD * median(&mut values)
}

/// Upper median; NaN of nothing.
fn median(values: &mut [f64]) -> f64 {
    let half = values.len() / 2;
    if values.is_empty() { f64::NAN } else { *values.select_nth_unstable_by(half, f64::total_cmp).1 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use rand_distr::{Distribution, Normal};

    #[test]
    fn noise_is_measured_beside_sources_and_nans() {
        let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(1);
        let noise = Normal::new(0.0, 2.0).unwrap();
        let mut image = Array2::from_shape_fn((300, 301), |_| noise.sample(&mut rng));
        image[[3, 4]] = f64::NAN;
        image[[5, 4]] = f64::NEG_INFINITY;
        image[[100, 100]] = 1e6;
        image[[7, 7]] = -1e3;
        let stats = statistics(&image);
        assert_eq!((stats.max, stats.min), (1e6, -1e3));
        assert!((stats.robust_rms - 2.0).abs() < 0.03, "{stats:?}");
        assert!((stats.rms - (4.0 + (1e12 + 1e6) / 90298.0_f64).sqrt()).abs() < 1e-3, "{stats:?}");
    }

    #[test]
    fn images_without_values_have_no_statistics() {
        for image in [Array2::from_elem((2, 3), f32::NAN), Array2::zeros((0, 5))] {
            let s = statistics(&image);
            assert!([s.max, s.min, s.rms, s.robust_rms].iter().all(|v| v.is_nan()));
        }
    }

    #[test]
    fn large_images_are_sampled_to_the_same_noise() {
        let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(2);
        let noise = Normal::new(1.0_f32, 0.5).unwrap();
        let image = Array2::from_shape_fn((2200, 2200), |_| noise.sample(&mut rng));
        assert!((statistics(&image).robust_rms - 0.5).abs() < 1e-3);
    }
}
