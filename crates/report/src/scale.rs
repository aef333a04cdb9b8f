//! From values to colors: robust limits, the unit they are read in, round values for the bar.

use crate::canvas::Rgb;
use ndarray::Array2;

/// Values that order statistics are taken from, at most; larger images are sampled evenly.
const MAX_SAMPLED: usize = 1 << 20;
/// Standard deviation of a Gaussian over its median absolute deviation.
const SIGMA_PER_MAD: f64 = 1.482_602_218_505_602;
/// Blank pixels.
const BLANK: Rgb = [190, 190, 190];

/// What a look at the pixels tells.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Statistics {
    /// Value of the darkest color.
    pub(crate) low: f64,
    /// Value of the brightest color, above `low`.
    pub(crate) high: f64,
    /// Largest value; NaN where all pixels are blank.
    pub(crate) peak: f64,
    /// Standard deviation by the median absolute deviation, so that sources do not count; NaN where all are blank.
    pub(crate) robust_rms: f64,
}

/// From median − 3 σ to the larger of median + 10 σ and the 99.9th percentile, within the range of the values.
pub(crate) fn statistics<T: Into<f64> + Copy>(pixels: &Array2<T>) -> Statistics {
    let stride = pixels.len().div_ceil(MAX_SAMPLED).max(1) | 1;
    let finite = |value: f64| value.is_finite();
    let all = || pixels.iter().map(|&p| p.into()).filter(|&v| finite(v));
    let mut sampled: Vec<f64> =
        pixels.iter().step_by(stride).map(|&p| p.into()).filter(|&v| finite(v)).collect();
    if sampled.is_empty() {
        return Statistics { low: 0.0, high: 1.0, peak: f64::NAN, robust_rms: f64::NAN };
    }
    let (lowest, peak) = all().fold((f64::MAX, f64::MIN), |(lo, hi), v| (lo.min(v), hi.max(v)));
    let bright = quantile(&mut sampled, 0.999);
    let median = quantile(&mut sampled, 0.5);
    let mut deviations: Vec<f64> = sampled.iter().map(|v| (v - median).abs()).collect();
    let sigma = SIGMA_PER_MAD * quantile(&mut deviations, 0.5);
    let low = (median - 3.0 * sigma).max(lowest);
    let high = (median + 10.0 * sigma).max(bright).min(peak);
    let (low, high) = apart(low, high, peak);
    Statistics { low, high, peak, robust_rms: sigma }
}

/// Limits that differ: those of the values where the robust ones coincide, else an interval about the one value.
fn apart(low: f64, high: f64, peak: f64) -> (f64, f64) {
    let room = (1e-6 * low.abs().max(high.abs())).max(f64::MIN_POSITIVE);
    if high - low > room {
        return (low, high);
    }
    if peak - low > room {
        return (low, peak);
    }
    let half = if low == 0.0 { 1.0 } else { 0.1 * low.abs() };
    (low - half, low + half)
}

fn quantile(values: &mut [f64], share: f64) -> f64 {
    let at = (share * (values.len() - 1) as f64).round() as usize;
    *values.select_nth_unstable_by(at, f64::total_cmp).1
}

impl Statistics {
    /// Place on the scale, 0 to 1; `None` for values that are not numbers.
    fn place(&self, value: f64) -> Option<f64> {
        // Halves, so that the difference of two huge values stays finite.
        let place = (value / 2.0 - self.low / 2.0) / (self.high / 2.0 - self.low / 2.0);
        (!place.is_nan()).then(|| place.clamp(0.0, 1.0))
    }

    /// The color of a value.
    pub(crate) fn color(&self, value: f64) -> Rgb {
        self.place(value).map_or(BLANK, shade)
    }
}

/// The color at a place on the scale, 0 (darkest) to 1.
pub(crate) fn shade(place: f64) -> Rgb {
    colorous::VIRIDIS.eval_continuous(place).as_array()
}

/// How values are written beside the bar.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Reading {
    /// One of the unit, in the header's unit.
    pub(crate) scale: f64,
    /// Name of the unit; may be empty.
    pub(crate) unit: String,
}

impl Reading {
    /// The unit in which `largest`, a value in `unit`, reads best: Jy, mJy, µJy MJy, kJy or nJy, or a power of ten.
    pub(crate) fn new(largest: f64, unit: &str) -> Self {
        let largest = if largest.is_finite() { largest.abs() } else { 1.0 };
        if let Some(rest) = unit.strip_prefix("Jy") {
            const JANSKYS: [(f64, &str); 6] =
                [(1e6, "MJy"), (1e3, "kJy"), (1.0, "Jy"), (1e-3, "mJy"), (1e-6, "µJy"), (1e-9, "nJy")];
            if let Some((scale, name)) = JANSKYS.iter().find(|j| largest >= j.0 && largest < 1e4 * j.0) {
                return Reading { scale: *scale, unit: format!("{name}{rest}") };
            }
        }
        let exponent = if largest > 0.0 { (largest.log10().floor() as i32).div_euclid(3) * 3 } else { 0 };
        if (-3..=3).contains(&exponent) || (exponent < 0 && largest < f64::MIN_POSITIVE) {
            return Reading { scale: 1.0, unit: unit.to_owned() };
        }
        Reading { scale: 10_f64.powi(exponent), unit: format!("1e{exponent} {unit}").trim_end().to_owned() }
    }

    /// A value with three or four digits and its unit, such as `1.02 Jy/beam`.
    pub(crate) fn text(value: f64, unit: &str) -> String {
        if !value.is_finite() {
            return "undefined".into();
        }
        if value == 0.0 {
            return format!("0 {unit}").trim_end().to_owned();
        }
        let reading = Reading::new(value, unit);
        let scaled = value / reading.scale;
        let after = (2 - scaled.abs().max(1e-12).log10().floor() as i32).clamp(0, 6) as usize;
        format!("{scaled:.after$} {}", reading.unit).trim_end().to_owned()
    }
}

/// A round value of the bar: its place from 0 to 1, and its text.
pub(crate) type BarTick = (f64, String);

/// Round values between the limits, with as many decimals as tell them apart; at most about eight.
pub(crate) fn bar_ticks(stats: &Statistics, reading: &Reading) -> Vec<BarTick> {
    let (low, high) = (stats.low / reading.scale, stats.high / reading.scale);
    let rough = (high / 8.0 - low / 8.0).max(f64::MIN_POSITIVE);
    let decade = 10_f64.powf(rough.log10().floor());
    let step =
        [1.0, 2.0, 5.0, 10.0].map(|s| s * decade).into_iter().find(|&s| s >= rough * 0.999).unwrap_or(rough);
    let decimals = (-(step * 1.001).log10().floor()).clamp(0.0, 12.0) as usize;
    let (first, last) = ((low / step).ceil(), (high / step).floor());
    // Values too close for their size to be told apart in double precision have no round values between them.
    let count = if last - first < 20.0 { (last - first + 1.0).max(0.0) as usize } else { 0 };
    let tick = |i: usize| {
        let value = (first + i as f64) * step;
        Some((stats.place(value * reading.scale)?, format!("{:.decimals$}", value + 0.0)))
    };
    (0..count).filter_map(tick).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noise(n: usize) -> Array2<f64> {
        // A fixed spread of values between −1 and 1, median 0.
        Array2::from_shape_fn((n, n), |(y, x)| ((y * n + x) * 7919 % 2001) as f64 / 1000.0 - 1.0)
    }

    #[test]
    fn limits_ignore_a_few_bright_pixels_but_not_many() {
        let mut image = noise(100);
        image[[3, 4]] = 1e6;
        let stats = statistics(&image);
        assert!((stats.robust_rms - 0.5 * SIGMA_PER_MAD).abs() < 0.01, "{stats:?}");
        assert!(stats.high < 10.0 && stats.low >= -1.0 && stats.peak == 1e6, "{stats:?}");
        (0..100).for_each(|i| image[[50 + i / 10, 50 + i % 10]] = 500.0);
        assert_eq!(statistics(&image).high, 500.0);
    }

    #[test]
    fn limits_of_odd_images_are_finite_and_apart() {
        for (value, n) in [(0.0, 9), (7.5, 1), (-3e-30, 4), (f64::NAN, 5), (f64::INFINITY, 2), (1e308, 3)] {
            let stats = statistics(&Array2::from_elem((n, n), value));
            assert!(
                stats.low < stats.high && stats.low.is_finite() && stats.high.is_finite(),
                "{value}: {stats:?}"
            );
            assert!(bar_ticks(&stats, &Reading::new(stats.high, "Jy/beam")).len() < 21);
        }
        let mut delta = Array2::zeros((64, 64));
        delta[[32, 32]] = 1.0_f32;
        let stats = statistics(&delta);
        assert_eq!((stats.low, stats.high), (0.0, 1.0));
    }

    #[test]
    fn units_suit_the_largest_value() {
        let unit = |v: f64| Reading::new(v, "Jy/beam").unit;
        assert_eq!(
            [unit(2.0), unit(0.02), unit(2e-5), unit(3e-8)],
            ["Jy/beam", "mJy/beam", "µJy/beam", "nJy/beam"]
        );
        assert_eq!(Reading::new(3e7, "Jy/beam"), Reading { scale: 1e6, unit: "MJy/beam".into() });
        assert_eq!(Reading::new(0.5, "").unit, "");
        assert_eq!(Reading::text(1.0234, "Jy/beam"), "1.02 Jy/beam");
        assert_eq!(Reading::text(-1.04e-4, "Jy/beam"), "-104 µJy/beam");
        assert_eq!(Reading::text(f64::NAN, "Jy"), "undefined");
        assert_eq!([Reading::text(0.0, "Jy"), Reading::text(1.0, "")], ["0 Jy", "1.00"]);
    }

    #[test]
    fn bar_ticks_are_round_distinct_and_rising() {
        for (low, high) in [(-0.0031, 0.0244), (0.0, 1.0), (-1e-5, 3e-5), (999.0, 1001.0), (-5.0, -4.0)] {
            let stats = Statistics { low, high, peak: high, robust_rms: 0.1 };
            let ticks = bar_ticks(&stats, &Reading::new(high, "Jy/beam"));
            assert!((3..=10).contains(&ticks.len()), "{low} {high}: {ticks:?}");
            assert!(ticks.windows(2).all(|w| w[0].0 < w[1].0 && w[0].1 != w[1].1), "{ticks:?}");
        }
        let stats = Statistics { low: -0.003, high: 0.02, peak: 0.02, robust_rms: 0.1 };
        let texts: Vec<_> =
            bar_ticks(&stats, &Reading::new(0.02, "Jy/beam")).into_iter().map(|t| t.1).collect();
        assert_eq!(texts, ["0", "5", "10", "15", "20"]);
    }
}
