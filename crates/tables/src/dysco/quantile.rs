//! Inverses of cumulative distributions: of the normal one and of Student's t.
//!
//! Normal: the rational approximations AS 241 (Wichura 1988, Applied Statistics 37, 477), good to 1e-16.
//! Student's t with ν degrees of freedom, by its incomplete beta functions (DLMF 8.17):
//!
//! ```text
//! P(0 < T < t) = ½ I_{t²/(ν+t²)}(½, ν/2)        P(T > t) = ½ I_{ν/(ν+t²)}(ν/2, ½)
//! ```
//! The first is concave in t, so that Newton's steps from 0 never pass the root; the logarithm of the second is
//! concave in ln t, so that from the first step on they stay beyond it and fall. Both therefore converge from
//! anywhere.

use std::f64::consts::PI;

/// Steps that no root takes.
const MOST_STEPS: usize = 200;

/// The x below which a standard normal number falls with probability `p`, 0 < p < 1.
pub(super) fn normal(p: f64) -> f64 {
    let q = p - 0.5;
    if q.abs() <= 0.425 {
        let r = 0.180_625 - q * q;
        return q * ratio(&CENTRE, r);
    }
    let tail = if q < 0.0 { p } else { 1.0 - p };
    let r = (-tail.ln()).sqrt();
    let x = if r <= 5.0 { ratio(&MIDDLE, r - 1.6) } else { ratio(&FAR, r - 5.0) };
    x.copysign(q)
}

/// The probability that a standard normal number is below `-x`, x ≥ 0.
pub(super) fn normal_tail(x: f64) -> f64 {
    let density = (-0.5 * x * x).exp() / (2.0 * PI).sqrt();
    if x > 3.0 {
        // Laplace's continued fraction, from its far end.
        return density / (1..=200).rev().fold(x, |f, k| x + f64::from(k) / f);
    }
    let (mut sum, mut term) = (x, x);
    for k in 1..MOST_STEPS {
        term *= x * x / (2 * k + 1) as f64;
        sum += term;
    }
    0.5 - density * sum
}

/// Student's t distribution with ν degrees of freedom.
pub(super) struct Student {
    nu: f64,
    /// Its density at 0.
    peak: f64,
    /// 1 / B(ν/2, ½).
    per_beta: f64,
}

impl Student {
    pub(super) fn new(nu: f64) -> Self {
        let per_beta = (ln_gamma(0.5 * (nu + 1.0)) - ln_gamma(0.5 * nu)).exp() / PI.sqrt();
        Student { nu, peak: per_beta / nu.sqrt(), per_beta }
    }

    /// The t below which a number falls with probability `p`, 0 < p < 1.
    pub(super) fn quantile(&self, p: f64) -> f64 {
        let q = p - 0.5;
        let t = if q.abs() < 0.25 { self.near(q.abs()) } else { self.far(p.min(1.0 - p)) };
        t.copysign(q)
    }

    /// The t > 0 with P(0 < T < t) = q.
    fn near(&self, q: f64) -> f64 {
        let mut t = 0.0;
        for _ in 0..MOST_STEPS {
            let x = t * t / (self.nu + t * t);
            let step = (q - 0.5 * self.beta_ratio(0.5, 0.5 * self.nu, x)) / self.density(t);
            t += step;
            if step.abs() <= 1e-15 * t {
                break;
            }
        }
        t
    }

    /// The t > 0 with P(T > t) = tail.
    fn far(&self, tail: f64) -> f64 {
        let mut t = -normal(tail);
        for _ in 0..MOST_STEPS {
            let here = 0.5 * self.beta_ratio(0.5 * self.nu, 0.5, self.nu / (self.nu + t * t));
            let step = (here / tail).ln() * here / (self.density(t) * t);
            t *= step.exp();
            if step.abs() <= 1e-15 || !t.is_finite() {
                break;
            }
        }
        t
    }

    fn density(&self, t: f64) -> f64 {
        self.peak * (-0.5 * (self.nu + 1.0) * (t * t / self.nu).ln_1p()).exp()
    }

    /// The regularised incomplete beta function I_x(a, b), where a and b are ν/2 and ½ or the reverse.
    fn beta_ratio(&self, a: f64, b: f64, x: f64) -> f64 {
        if x <= 0.0 || x >= 1.0 {
            return x.clamp(0.0, 1.0);
        }
        if x > (a + 1.0) / (a + b + 2.0) {
            return 1.0 - self.beta_ratio_small(b, a, 1.0 - x);
        }
        self.beta_ratio_small(a, b, x)
    }

    /// I_x(a, b) by its continued fraction (DLMF 8.17.22), evaluated forwards.
    fn beta_ratio_small(&self, a: f64, b: f64, x: f64) -> f64 {
        let (mut f, mut c, mut d) = (1.0, 1.0, 0.0);
        for k in 1..20_000 {
            let m = f64::from(k / 2);
            let coefficient = if k % 2 == 0 {
                m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m))
            } else {
                -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0))
            };
            d = 1.0 / (1.0 + coefficient * d);
            c = 1.0 + coefficient / c;
            f *= c * d;
            if (c * d - 1.0).abs() <= f64::EPSILON {
                break;
            }
        }
        self.per_beta * (a * x.ln() + b * (-x).ln_1p()).exp() / (a * f)
    }
}

/// ln Γ(x) for x > 0: Stirling's series where it is exact, brought there by Γ(x + 1) = x Γ(x).
fn ln_gamma(x: f64) -> f64 {
    let (mut x, mut product) = (x, 1.0);
    while x < 16.0 {
        product *= x;
        x += 1.0;
    }
    let y = 1.0 / (x * x);
    let series = 1.0 / 12.0
        - y * (1.0 / 360.0
            - y * (1.0 / 1260.0 - y * (1.0 / 1680.0 - y * (1.0 / 1188.0 - y * 691.0 / 360_360.0))));
    (x - 0.5) * x.ln() - x + 0.5 * (2.0 * PI).ln() + series / x - f64::ln(product)
}

/// Coefficients of numerator and denominator, highest power first.
type Ratio = [[f64; 8]; 2];

fn ratio(of: &Ratio, x: f64) -> f64 {
    let [above, below] = of.map(|c| c.iter().fold(0.0, |sum, c| sum * x + c));
    above / below
}

const CENTRE: Ratio = [
    [
        2_509.080_928_730_122_7,
        33_430.575_583_588_13,
        67_265.770_927_008_7,
        45_921.953_931_549_87,
        13_731.693_765_509_46,
        1_971.590_950_306_551_3,
        133.141_667_891_784_38,
        3.387_132_872_796_366_5,
    ],
    [
        5_226.495_278_852_854,
        28_729.085_735_721_943,
        39_307.895_800_092_71,
        21_213.794_301_586_597,
        5_394.196_021_424_751,
        687.187_007_492_057_9,
        42.313_330_701_600_91,
        1.0,
    ],
];
const MIDDLE: Ratio = [
    [
        0.000_774_545_014_278_341_4,
        0.022_723_844_989_269_184,
        0.241_780_725_177_450_6,
        1.270_458_252_452_368_4,
        3.647_848_324_763_204_5,
        5.769_497_221_460_691,
        4.630_337_846_156_546,
        1.423_437_110_749_683_5,
    ],
    [
        1.050_750_071_644_416_9e-09,
        0.000_547_593_808_499_534_5,
        0.015_198_666_563_616_457,
        0.148_103_976_427_480_08,
        0.689_767_334_985_1,
        1.676_384_830_183_803_8,
        2.053_191_626_637_759,
        1.0,
    ],
];
const FAR: Ratio = [
    [
        2.010_334_399_292_288_1e-07,
        2.711_555_568_743_487_6e-05,
        0.001_242_660_947_388_078_4,
        0.026_532_189_526_576_124,
        0.296_560_571_828_504_87,
        1.784_826_539_917_291_3,
        5.463_784_911_164_114,
        6.657_904_643_501_103,
    ],
    [
        2.044_263_103_389_939_7e-15,
        1.421_511_758_316_446e-07,
        1.846_318_317_510_054_8e-05,
        0.000_786_869_131_145_613_3,
        0.014_875_361_290_850_615,
        0.136_929_880_922_735_8,
        0.599_832_206_555_888,
        1.0,
    ],
];

#[cfg(test)]
mod tests {
    use super::*;

    fn close(got: f64, want: f64, tolerance: f64) {
        assert!((got - want).abs() <= tolerance * want.abs(), "{got} instead of {want}");
    }

    /// Values to 16 digits of Abramowitz & Stegun 26.2 and 26.7 and of closed forms.
    #[test]
    fn known_quantiles() {
        close(normal(0.975), 1.959_963_984_540_054, 1e-15);
        close(normal(1e-10), -6.361_340_902_404_056, 1e-15);
        assert_eq!(normal(0.5), 0.0);
        close(normal_tail(2.5), 0.006_209_665_325_776_132, 1e-13);
        close(normal_tail(10.0), 7.619_853_024_160_527e-24, 1e-13);
        let student = |p, nu| Student::new(nu).quantile(p);
        assert_eq!(student(0.5, 3.0), 0.0);
        for p in [1e-5, 0.01, 0.3, 0.499_99, 0.6, 0.999] {
            close(student(p, 1.0), -1.0 / (PI * p).tan(), 1e-11);
            close(student(p, 2.0), (2.0 * p - 1.0) / (2.0 * p * (1.0 - p)).sqrt(), 1e-11);
            close(student(p, 1e6), normal(p), 1e-5);
        }
    }

    #[test]
    fn the_tail_is_the_inverse_of_the_quantile() {
        for x in [0.1, 1.0, 2.5, 4.9, 5.1, 8.0] {
            close(normal(normal_tail(x)), -x, 1e-12);
        }
    }

    #[test]
    fn gamma_of_halves_and_wholes() {
        close(ln_gamma(0.5), 0.5 * PI.ln(), 1e-14);
        close(ln_gamma(11.0), 3_628_800_f64.ln(), 1e-14);
        close(ln_gamma(171.0), 706.573_062_245_787_4, 1e-14);
    }
}
