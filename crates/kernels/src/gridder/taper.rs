//! The gridding function: exponential of a (generalised) semicircle as a piecewise polynomial, and its transform.
//!
//! ```text
//! φ(x) = exp(β ((1 − x²)^e − 1)),  |x| ≤ 1                                                            (1)
//! ```
//!
//! with x the distance from a sample to a cell in half supports (Barnett, Magland & af Klinteberg 2019, eq. 1.8, has
//! e = 1/2; Arras et al. 2021, eq. 29, the free exponent). The taper *is* the piecewise polynomial that interpolates
//! (1) at Chebyshev nodes, one piece for each tap; its transform is the integral of the pieces by Gauss–Legendre
//! quadrature, so that the polynomial's deviation from (1) costs no accuracy.
//!
//! A sample at distance t from a cell leaves in pixel X, at frequency ξ = X/(σ n) cycles per cell, besides the wanted
//! term the aliases φ̂(ξ + k). Their rms over positions of the sample relative to the wanted term is
//!
//! ```text
//! error²(ξ) = Σ_{k≠0} φ̂(ξ + k)² / φ̂(ξ)²,   |ξ| ≤ 1/(2σ)                                              (2)
//! ```
//!
//! (the "map error" of Ye, Gull, Tan & Nikolic 2020). The plan promises ε for the worst position in the field, so a
//! single source anywhere is as accurate as a whole image.

use super::taper_table::{DEGREES, MIN_SUPPORT, OVERSAMPLINGS, SHAPES, Shape};
use crate::arch::Isa;
use std::f64::consts::{PI, TAU};

/// Nodes of the quadrature on each tap.
const NODES_PER_TAP: usize = 24;

/// A gridding function of compact support, and what its transform needs.
#[derive(Clone, Debug)]
pub(super) struct Taper {
    /// Full width in cells.
    pub(super) support: usize,
    /// Coefficients `[degree, highest first][tap]` in ξ = 2t − 1, t the fraction of a cell.
    pub(super) coefficients: Vec<Vec<f64>>,
    /// Quadrature of the transform: distance from the centre in cells, weight times value.
    quadrature: Vec<(f64, f64)>,
}

/// A candidate of the table.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Entry {
    pub(super) support: usize,
    pub(super) oversampling: f64,
    pub(super) shape: Shape,
}

/// All candidates.
pub(super) fn entries() -> impl Iterator<Item = Entry> {
    SHAPES.iter().enumerate().flat_map(|(row, shapes)| {
        let pair = OVERSAMPLINGS.iter().zip(shapes);
        pair.map(move |(&oversampling, &shape)| Entry { support: row + MIN_SUPPORT, oversampling, shape })
    })
}

impl Entry {
    /// β of equation (1).
    pub(super) fn beta(&self) -> f64 {
        self.shape.gamma * PI * self.support as f64 * (1.0 - 0.5 / self.oversampling)
    }

    /// Degree of the polynomials.
    pub(super) fn degree(&self) -> usize {
        DEGREES[self.support - MIN_SUPPORT]
    }
}

impl Taper {
    pub(super) fn new(entry: &Entry) -> Self {
        let (support, degree) = (entry.support, entry.degree());
        let (beta, exponent) = (entry.beta(), entry.shape.exponent);
        let half = support as f64 / 2.0;
        let value = |x: f64| (beta * ((1.0 - x * x).max(0.0).powf(exponent) - 1.0)).exp();
        let taps: Vec<Vec<f64>> = (0..support)
            .map(|tap| interpolate(degree, |xi| value((tap as f64 + (xi + 1.0) / 2.0) / half - 1.0)))
            .collect();
        let coefficients =
            (0..=degree).map(|d| taps.iter().map(|c| c[degree - d]).collect()).collect::<Vec<Vec<f64>>>();
        let nodes = gauss_legendre(NODES_PER_TAP);
        let on_tap = |(tap, c): (usize, &Vec<f64>)| {
            let c = c.clone();
            let node = move |&(x, weight): &(f64, f64)| {
                let value = c.iter().rev().fold(0.0, |sum, &a| sum * x + a);
                (tap as f64 + (x + 1.0) / 2.0 - half, weight / 2.0 * value)
            };
            nodes.iter().map(node).collect::<Vec<_>>()
        };
        let quadrature = taps.iter().enumerate().flat_map(on_tap).collect();
        Taper { support, coefficients, quadrature }
    }

    /// φ̂(ξ) = ∫ φ cos(2π ξ t) dt, t in cells.
    pub(super) fn transform(&self, xi: f64) -> f64 {
        self.quadrature.iter().map(|&(t, value)| value * (TAU * xi * t).cos()).sum()
    }

    /// How much more the correction multiplies at frequency ξ than in the middle of the field, one axis.
    ///
    /// Rounding errors of the grid are spread evenly over the image before the correction, so at its edges they come
    /// out this much larger for every axis.
    pub(super) fn amplification(&self, xi: f64) -> f64 {
        self.transform(0.0) / self.transform(xi)
    }

    /// φ̂ for many arguments |ξ| ≤ `limit`, by interpolation in ξ².
    pub(super) fn transform_series(&self, limit: f64) -> EvenSeries {
        EvenSeries::new(limit, |xi| self.transform(xi))
    }
}

/// An even function on |x| ≤ limit as a polynomial in 2 (x/limit)² − 1.
#[derive(Clone, Debug)]
pub(super) struct EvenSeries {
    per_limit2: f64,
    /// Highest power first.
    coefficients: Vec<f64>,
}

impl EvenSeries {
    /// Degree in x²: the widest taper at the least oversampling needs 21 for rounding accuracy, most need ten.
    const MAX_DEGREE: usize = 24;

    fn new(limit: f64, value: impl Fn(f64) -> f64) -> Self {
        let at = |y: f64| value(limit * ((y + 1.0) / 2.0).sqrt());
        let mut coefficients = interpolate(Self::MAX_DEGREE, at);
        // What is below rounding at the edge, where the function is smallest, need not be evaluated.
        let negligible = 1e-17 * at(1.0).abs();
        while coefficients.len() > 1 && coefficients.last().is_some_and(|c| c.abs() < negligible) {
            coefficients.pop();
        }
        coefficients.reverse();
        EvenSeries { per_limit2: if limit > 0.0 { 1.0 / (limit * limit) } else { 0.0 }, coefficients }
    }

    /// Replaces each x by the function's value; compiled for each instruction set by its caller.
    #[inline(always)]
    pub(super) fn apply<I: Isa>(&self, x: &mut [f64]) {
        for x in x.chunks_mut(64) {
            let (mut y, mut sum) = ([0.0; 64], [self.coefficients[0]; 64]);
            for (y, x) in y.iter_mut().zip(&*x) {
                *y = 2.0 * x * x * self.per_limit2 - 1.0;
            }
            for &c in &self.coefficients[1..] {
                for (sum, &y) in sum.iter_mut().zip(&y) {
                    *sum = I::mul_add(*sum, y, c);
                }
            }
            x.iter_mut().zip(&sum).for_each(|(x, sum)| *x = *sum);
        }
    }
}

/// Coefficients, lowest first, of the polynomial on [−1, 1] that interpolates at the Chebyshev nodes.
fn interpolate(degree: usize, value: impl Fn(f64) -> f64) -> Vec<f64> {
    let n = degree + 1;
    let angle = |i: usize| PI * (i as f64 + 0.5) / n as f64;
    let values: Vec<f64> = (0..n).map(|i| value(angle(i).cos())).collect();
    let mut out = vec![0.0; n];
    // T_0 and T_1 as polynomials; T_{k+1} = 2x T_k − T_{k−1}.
    let (mut previous, mut current) = (vec![0.0; n], vec![0.0; n]);
    current[0] = 1.0;
    for k in 0..n {
        let sum: f64 = values.iter().enumerate().map(|(i, f)| f * (k as f64 * angle(i)).cos()).sum();
        let c = sum * if k == 0 { 1.0 } else { 2.0 } / n as f64;
        out.iter_mut().zip(&current).for_each(|(o, t)| *o += c * t);
        let factor = if k == 0 { 1.0 } else { 2.0 };
        let next = (0..n).map(|d| factor * if d > 0 { current[d - 1] } else { 0.0 } - previous[d]).collect();
        previous = std::mem::replace(&mut current, next);
    }
    out
}

/// Nodes and weights on [−1, 1], by Newton's method on the Legendre polynomial.
fn gauss_legendre(n: usize) -> Vec<(f64, f64)> {
    let node = |i: usize| {
        let mut x = (PI * (i as f64 + 0.75) / (n as f64 + 0.5)).cos();
        let mut slope = 1.0;
        for _ in 0..100 {
            let (mut p0, mut p1) = (1.0, x);
            for k in 2..=n {
                (p0, p1) = (p1, ((2 * k - 1) as f64 * x * p1 - (k - 1) as f64 * p0) / k as f64);
            }
            slope = n as f64 * (x * p1 - p0) / (x * x - 1.0);
            let step = p1 / slope;
            x -= step;
            if step.abs() < 1e-16 {
                break;
            }
        }
        (x, 2.0 / ((1.0 - x * x) * slope * slope))
    };
    (0..n).map(node).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arch::Portable;

    impl Taper {
        /// Equation (2) at its largest over the field of oversampling σ.
        fn worst_error(&self, oversampling: f64) -> f64 {
            let error2 = |xi: f64| {
                let alias: f64 = (1..=6)
                    .map(|k| k as f64)
                    .map(|k| self.transform(xi + k).powi(2) + self.transform(xi - k).powi(2))
                    .sum();
                alias / self.transform(xi).powi(2)
            };
            let n = 48;
            let at = |i: usize| i as f64 / n as f64 / (2.0 * oversampling);
            (0..=n).map(|i| error2(at(i))).fold(0.0, f64::max).sqrt()
        }
    }

    #[test]
    fn every_entry_of_the_table_has_the_error_it_claims() {
        for entry in entries() {
            let error = Taper::new(&entry).worst_error(entry.oversampling);
            assert!(error <= entry.shape.error, "{entry:?} has {error:e}");
            assert!(error > 0.8 * entry.shape.error || entry.shape.error <= 1e-13, "{entry:?} has {error:e}");
        }
    }

    #[test]
    fn entries_are_minima_of_the_error() {
        for entry in entries().filter(|e| e.support % 3 == 0 && e.shape.error > 1e-12) {
            for (d_gamma, d_exponent) in [(0.01, 0.0), (-0.01, 0.0), (0.0, 0.003), (0.0, -0.003)] {
                let mut other = entry;
                other.shape.gamma += d_gamma;
                other.shape.exponent += d_exponent;
                let error = Taper::new(&other).worst_error(entry.oversampling);
                assert!(error > 0.95 * entry.shape.error, "{entry:?} is beaten by {other:?}: {error:e}");
            }
        }
    }

    #[test]
    fn more_support_and_more_oversampling_are_more_accurate() {
        for rows in SHAPES.windows(2) {
            for (a, b) in rows[0].iter().zip(&rows[1]) {
                assert!(b.error < a.error || a.error <= 1e-13);
            }
            assert!(rows[0].windows(2).all(|p| p[1].error <= p[0].error));
        }
    }

    #[test]
    fn polynomials_follow_the_function() {
        let entry = entries().find(|e| e.support == 8 && e.oversampling == 2.0).unwrap();
        let taper = Taper::new(&entry);
        for i in 0..800 {
            let (tap, t) = (i / 100, (i % 100) as f64 / 100.0);
            let value = taper.coefficients.iter().fold(0.0, |sum, c| sum * (2.0 * t - 1.0) + c[tap]);
            let x = (tap as f64 + t) / 4.0 - 1.0;
            let exact = (entry.beta() * ((1.0 - x * x).powf(entry.shape.exponent) - 1.0)).exp();
            assert!((value - exact).abs() < 2e-6, "{x}: {value} {exact}");
        }
    }

    #[test]
    fn series_follow_the_transforms_of_all_tapers() {
        for entry in entries() {
            let (taper, limit) = (Taper::new(&entry), 0.5 / entry.oversampling);
            let xi: Vec<f64> = (-50..=50).map(|i| i as f64 / 50.0 * limit).collect();
            let mut values = xi.clone();
            taper.transform_series(limit).apply::<Portable>(&mut values);
            for (value, &xi) in values.iter().zip(&xi) {
                let error = (value / taper.transform(xi) - 1.0).abs();
                assert!(error < 1e-12 + 1e-3 * entry.shape.error, "{entry:?} at {xi}: {error:e}");
            }
        }
    }

    #[test]
    fn quadrature_integrates_polynomials_exactly() {
        let integral = |power: i32| -> f64 { gauss_legendre(6).iter().map(|(x, w)| w * x.powi(power)).sum() };
        assert!((integral(0) - 2.0).abs() < 1e-15 && (integral(10) - 2.0 / 11.0).abs() < 1e-15);
    }
}
