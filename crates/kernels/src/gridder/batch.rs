//! Coordinates, phases and weights of a few samples of one row at a time.

use super::recipe::Recipe;
use crate::Real;
use crate::arch::{Isa, round_even, sin_cos_turns, small_int};
use num_complex::Complex;
use types::{ImageGeometry, SPEED_OF_LIGHT_M_S};

/// Samples in a batch.
pub(super) const BATCH: usize = 32;

/// How uvw in metres become grid coordinates, the same for all rows.
#[derive(Clone, Copy, Debug)]
pub(super) struct Frame {
    /// Grid steps per metre and hertz.
    per_m_hz: [f64; 3],
    /// Added to the coordinate so that its nearest integer is the first tap.
    pub(super) bias: [f64; 3],
    /// −n₀ in turns per metre and hertz.
    turns_per_m_hz: f64,
    pub(super) nu: usize,
    pub(super) nv: usize,
    /// Number of planes that can be the first of a footprint.
    pub(super) n_first_planes: usize,
    /// Planes that a footprint spans: W, or 1.
    pub(super) n_w_taps: usize,
}

/// A row folded to w ≥ 0.
#[derive(Clone, Copy, Debug)]
pub(super) struct RowFrame {
    /// Grid steps per hertz.
    pub(super) per_hz: [f64; 3],
    pub(super) bias: [f64; 3],
    turns_per_hz: f64,
    /// Whether the row was folded: its visibilities count conjugate.
    conjugate: bool,
}

impl Frame {
    pub(super) fn new(recipe: &Recipe, geometry: &ImageGeometry, w_correction: bool) -> Self {
        let half = 0.5 - recipe.support as f64 / 2.0;
        let cells = |n: usize| n as f64 * geometry.cell_rad / SPEED_OF_LIGHT_M_S;
        let single = recipe.n_planes == 1;
        let per_dw = if single { 0.0 } else { 1.0 / recipe.dw_lambda };
        let center = if w_correction { recipe.center_n_minus_1 } else { 0.0 };
        Frame {
            // l falls with x: u counts backwards.
            per_m_hz: [-cells(recipe.nu), cells(recipe.nv), per_dw / SPEED_OF_LIGHT_M_S],
            bias: [half, half, if single { 0.0 } else { half - recipe.first_w_lambda * per_dw }],
            turns_per_m_hz: -center / SPEED_OF_LIGHT_M_S,
            nu: recipe.nu,
            nv: recipe.nv,
            n_first_planes: if single { 1 } else { recipe.n_planes + 1 - recipe.support },
            n_w_taps: if single { 1 } else { recipe.support },
        }
    }

    /// The row's coordinates; `None` when its uvw is not finite.
    pub(super) fn row(&self, uvw_m: &[f64; 3]) -> Option<RowFrame> {
        if !uvw_m.iter().all(|x| x.is_finite()) {
            return None;
        }
        let conjugate = uvw_m[2] < 0.0;
        let sign = if conjugate { -1.0 } else { 1.0 };
        let per_hz = std::array::from_fn(|i| sign * uvw_m[i] * self.per_m_hz[i]);
        let turns_per_hz = sign * uvw_m[2] * self.turns_per_m_hz;
        Some(RowFrame { per_hz, bias: self.bias, turns_per_hz, conjugate })
    }
}

impl RowFrame {
    /// Coordinate of the first tap plus a half, before rounding.
    #[inline(always)]
    fn place(&self, axis: usize, freq_hz: f64) -> f64 {
        self.per_hz[axis] * freq_hz + self.bias[axis]
    }

    /// First taps along u, v, w on the infinite grid.
    #[inline(always)]
    pub(super) fn taps(&self, freq_hz: f64) -> [f64; 3] {
        std::array::from_fn(|axis| round_even(self.place(axis, freq_hz)))
    }
}

/// Samples ready for the inner loops.
pub(super) struct Batch<T> {
    /// Offsets within a cell, −1 to 1, along u, v, w.
    pub(super) offset: [[T; BATCH]; 3],
    /// First taps within the tile along u, v, w.
    pub(super) tap: [[i32; BATCH]; 3],
    /// (sin, cos) of the phase that centres n.
    phase: [[T; BATCH]; 2],
    /// Weighted and rotated visibilities (gridding), or sums to be rotated (degridding).
    pub(super) re: [T; BATCH],
    pub(super) im: [T; BATCH],
    /// Samples in use.
    pub(super) n: usize,
}

impl<T: Real> Batch<T> {
    pub(super) fn new() -> Self {
        let zero = [T::zero(); BATCH];
        Batch { offset: [zero; 3], tap: [[0; BATCH]; 3], phase: [zero; 2], re: zero, im: zero, n: 0 }
    }

    /// Places samples of a row relative to the tile's `origin` and computes their phases.
    #[inline(always)]
    pub(super) fn place<I: Isa>(&mut self, row: &RowFrame, origin: [f64; 3], freq_hz: &[f64]) {
        self.n = freq_hz.len();
        for (axis, (offsets, taps)) in self.offset.iter_mut().zip(&mut self.tap).enumerate() {
            for ((offset, tap), &freq_hz) in offsets.iter_mut().zip(taps).zip(freq_hz) {
                let place = row.place(axis, freq_hz);
                let first = round_even(place);
                *offset = T::from_double(2.0 * (first - place));
                *tap = small_int(first - origin[axis]);
            }
        }
        let [sin, cos] = &mut self.phase;
        for ((sin, cos), &freq_hz) in sin.iter_mut().zip(cos).zip(freq_hz) {
            (*sin, *cos) = sin_cos_turns::<I, T>(row.turns_per_hz * freq_hz);
        }
    }

    /// Weighted visibilities, folded and centred; zero where the weight is.
    #[inline(always)]
    pub(super) fn load(&mut self, row: &RowFrame, vis: &[Complex<T>], weight: &[T]) {
        let sign = if row.conjugate { -T::one() } else { T::one() };
        for i in 0..self.n.min(BATCH) {
            let (v, w) = (vis[i], weight[i]);
            let (sin, cos) = (self.phase[0][i], self.phase[1][i]);
            let (re, im) = (v.re * w, sign * v.im * w);
            let used = w != T::zero();
            self.re[i] = if used { re * cos - im * sin } else { T::zero() };
            self.im[i] = if used { re * sin + im * cos } else { T::zero() };
        }
    }

    /// Predicted visibilities, the centring and folding undone: the adjoint of [`Self::load`] at weight 1.
    #[inline(always)]
    pub(super) fn store(&self, row: &RowFrame, out: &mut [Complex<T>]) {
        let sign = if row.conjugate { -T::one() } else { T::one() };
        for (i, out) in out.iter_mut().enumerate().take(self.n) {
            let (re, im, sin, cos) = (self.re[i], self.im[i], self.phase[0][i], self.phase[1][i]);
            *out = Complex::new(re * cos + im * sin, sign * (im * cos - re * sin));
        }
    }
}
