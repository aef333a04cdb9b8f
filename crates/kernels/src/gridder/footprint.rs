//! The inner loops: adding a sample's footprint to a tile's buffer, and reading it back.
//!
//! The buffer of a tile is `[v][plane][u]`, complex numbers as pairs. All strides are known when the loops are compiled
//! for a support, so a footprint's bounds are checked once. Rows are padded to a multiple of four numbers: the taps
//! beyond the support are zero.

use super::batch::{BATCH, Batch, Frame};
use super::runs::{TILE, TILE_W, TileRuns};
use super::taper::Taper;
use crate::Real;
use crate::arch::{Isa, Job, SimdLevel, dispatch};
use num_complex::Complex;
use std::ops::Range;
use types::StokesVis;

/// The taper's polynomials laid out for the inner loops.
#[derive(Clone, Debug)]
pub(super) struct TaperCoefficients<T> {
    pub(super) support: usize,
    /// `[degree, highest first][2 tap + part]`: each tap twice, for the real and the imaginary part.
    u: Vec<T>,
    /// `[degree, highest first][taps of v, taps of w]`.
    vw: Vec<T>,
}

impl<T: Real> TaperCoefficients<T> {
    /// With a single plane the taper along w is 1 at the first tap.
    pub(super) fn new(taper: &Taper, single_plane: bool) -> Self {
        let row_len = row_len(taper.support);
        let last = taper.coefficients.len() - 1;
        let mut u = vec![T::zero(); row_len * (last + 1)];
        let mut vw = u.clone();
        for (i, taps) in taper.coefficients.iter().enumerate() {
            let (u, vw) = (&mut u[i * row_len..], &mut vw[i * row_len..]);
            for (tap, &c) in taps.iter().enumerate() {
                let c = T::from_double(c);
                let one = if tap == 0 && i == last { T::one() } else { T::zero() };
                (u[2 * tap], u[2 * tap + 1], vw[tap]) = (c, c, c);
                vw[row_len / 2 + tap] = if single_plane { one } else { c };
            }
        }
        TaperCoefficients { support: taper.support, u, vw }
    }

    /// A buffer for one tile, zero.
    pub(super) fn new_buffer(&self) -> Vec<T> {
        let [v, w, u] = buffer_shape(self.support);
        vec![T::zero(); v * w * u]
    }

    /// Where the numbers of cells `u` of row `v`, plane `w` lie in the buffer.
    pub(super) fn buffer_row(&self, v: usize, w: usize, u: &Range<usize>) -> Range<usize> {
        let [_, n_w, len] = buffer_shape(self.support);
        let start = (v * n_w + w) * len;
        start + 2 * u.start..start + 2 * u.end
    }
}

/// Shape `[v][plane][2 u]` of a tile's buffer.
pub(super) const fn buffer_shape(support: usize) -> [usize; 3] {
    [TILE + support - 1, TILE_W + support - 1, 2 * TILE + row_len(support)]
}

/// Numbers in a row of a footprint: pairs, padded to a multiple of four.
const fn row_len(support: usize) -> usize {
    (2 * support).next_multiple_of(4)
}

/// Numbers from a row of the buffer to the same place in the next plane.
const fn plane_stride(row_len: usize) -> usize {
    2 * TILE + row_len
}

/// Numbers from a row of the buffer to the same place in the next row along v.
const fn row_stride(support: usize, row_len: usize) -> usize {
    (TILE_W + support - 1) * plane_stride(row_len)
}

/// Polynomials of R taps at once.
#[inline(always)]
fn horner<I: Isa, T: Real, const R: usize>(coefficients: &[[T; R]], x: &[T; R]) -> [T; R] {
    let mut sum = coefficients[0];
    for c in &coefficients[1..] {
        for r in 0..R {
            sum[r] = I::mul_add(sum[r], x[r], c[r]);
        }
    }
    sum
}

/// Taper values of one sample: along u (each twice), and along v and w (half of the array each).
#[inline(always)]
fn taps<I: Isa, T: Real, const R: usize, const N: usize>(
    taper: &TaperCoefficients<T>,
    batch: &Batch<T>,
    i: usize,
) -> ([T; R], [T; R]) {
    let (u, vw) = (taper.u.as_chunks::<R>().0, taper.vw.as_chunks::<R>().0);
    let mut at_vw = [batch.offset[2][i]; R];
    at_vw[..R / 2].fill(batch.offset[1][i]);
    (horner::<I, T, R>(&u[..N], &[batch.offset[0][i]; R]), horner::<I, T, R>(&vw[..N], &at_vw))
}

/// Where a sample's footprint begins in the buffer.
#[inline(always)]
fn start<T: Real, const W: usize, const R: usize>(batch: &Batch<T>, i: usize) -> usize {
    let tap = |axis: usize| batch.tap[axis][i] as usize;
    tap(1) * row_stride(W, R) + tap(2) * plane_stride(R) + 2 * tap(0)
}

/// Adds the batch to the buffer.
#[inline(always)]
fn scatter<I: Isa, T: Real, const W: usize, const R: usize, const N: usize>(
    taper: &TaperCoefficients<T>,
    n_w_taps: usize,
    batch: &Batch<T>,
    buffer: &mut [T],
) {
    for i in 0..batch.n {
        if batch.re[i] == T::zero() && batch.im[i] == T::zero() {
            continue;
        }
        let (u, vw) = taps::<I, T, R, N>(taper, batch, i);
        let value = [batch.re[i], batch.im[i]];
        let row: [T; R] = std::array::from_fn(|r| u[r] * value[r % 2]);
        let start = start::<T, W, R>(batch, i);
        for p in 0..n_w_taps {
            let row = row.map(|x| x * vw[R / 2 + p]);
            let from = start + p * plane_stride(R);
            let plane = &mut buffer[from..from + (W - 1) * row_stride(W, R) + R];
            for j in 0..W {
                let cells = &mut plane[j * row_stride(W, R)..][..R];
                for r in 0..R {
                    cells[r] = I::mul_add(row[r], vw[j], cells[r]);
                }
            }
        }
    }
}

/// Reads the batch's samples from the buffer: the adjoint of [`scatter`].
#[inline(always)]
fn gather<I: Isa, T: Real, const W: usize, const R: usize, const N: usize>(
    taper: &TaperCoefficients<T>,
    n_w_taps: usize,
    batch: &mut Batch<T>,
    buffer: &[T],
) {
    for i in 0..batch.n {
        let (u, vw) = taps::<I, T, R, N>(taper, batch, i);
        let start = start::<T, W, R>(batch, i);
        let mut sum = [T::zero(); R];
        for p in 0..n_w_taps {
            let from = start + p * plane_stride(R);
            let plane = &buffer[from..from + (W - 1) * row_stride(W, R) + R];
            let mut of_plane = [T::zero(); R];
            for j in 0..W {
                let cells = &plane[j * row_stride(W, R)..][..R];
                for r in 0..R {
                    of_plane[r] = I::mul_add(cells[r], vw[j], of_plane[r]);
                }
            }
            for r in 0..R {
                sum[r] = I::mul_add(of_plane[r], vw[R / 2 + p], sum[r]);
            }
        }
        let (mut re, mut im) = (T::zero(), T::zero());
        for tap in 0..W {
            re = I::mul_add(sum[2 * tap], u[2 * tap], re);
            im = I::mul_add(sum[2 * tap + 1], u[2 * tap + 1], im);
        }
        (batch.re[i], batch.im[i]) = (re, im);
    }
}

/// Calls a function generic over instruction set, precision, support, row length and number of coefficients.
macro_rules! by_support {
    ($support:expr, $function:ident($($argument:expr),*)) => {
        match $support {
            2 => $function::<I, T, 2, 4, 4>($($argument),*),
            3 => $function::<I, T, 3, 8, 5>($($argument),*),
            4 => $function::<I, T, 4, 8, 6>($($argument),*),
            5 => $function::<I, T, 5, 12, 7>($($argument),*),
            6 => $function::<I, T, 6, 12, 7>($($argument),*),
            7 => $function::<I, T, 7, 16, 8>($($argument),*),
            8 => $function::<I, T, 8, 16, 8>($($argument),*),
            9 => $function::<I, T, 9, 20, 9>($($argument),*),
            10 => $function::<I, T, 10, 20, 10>($($argument),*),
            11 => $function::<I, T, 11, 24, 10>($($argument),*),
            12 => $function::<I, T, 12, 24, 11>($($argument),*),
            13 => $function::<I, T, 13, 28, 12>($($argument),*),
            14 => $function::<I, T, 14, 28, 12>($($argument),*),
            15 => $function::<I, T, 15, 32, 13>($($argument),*),
            16 => $function::<I, T, 16, 32, 13>($($argument),*),
            other => unreachable!("no taper has support {other}"),
        }
    };
}

/// What the samples of a tile are placed with.
#[derive(Clone, Copy)]
pub(super) struct TileInput<'a, T> {
    pub(super) frame: &'a Frame,
    pub(super) taper: &'a TaperCoefficients<T>,
    pub(super) vis: &'a StokesVis<T>,
    pub(super) runs: TileRuns<'a>,
}

/// Adds all samples of a tile to its buffer.
pub struct GridTile<'a, T> {
    pub(super) input: TileInput<'a, T>,
    pub(super) buffer: &'a mut [T],
}

/// Predicts all samples of a tile, in the order of its runs.
pub struct DegridTile<'a, T> {
    pub(super) input: TileInput<'a, T>,
    pub(super) buffer: &'a [T],
    pub(super) out: &'a mut [Complex<T>],
}

/// The inner loops of one precision, compiled in this crate once rather than wherever a plan is used.
pub trait TileLoops: Sized {
    /// Runs [`GridTile`].
    fn grid_tile(level: SimdLevel, tile: GridTile<'_, Self>);
    /// Runs [`DegridTile`].
    fn degrid_tile(level: SimdLevel, tile: DegridTile<'_, Self>);
}

impl TileLoops for f32 {
    fn grid_tile(level: SimdLevel, tile: GridTile<'_, f32>) {
        dispatch(level, tile);
    }
    fn degrid_tile(level: SimdLevel, tile: DegridTile<'_, f32>) {
        dispatch(level, tile);
    }
}

impl TileLoops for f64 {
    fn grid_tile(level: SimdLevel, tile: GridTile<'_, f64>) {
        dispatch(level, tile);
    }
    fn degrid_tile(level: SimdLevel, tile: DegridTile<'_, f64>) {
        dispatch(level, tile);
    }
}

impl<T: Real> Job for GridTile<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(self) {
        by_support!(self.input.taper.support, grid_tile(&self.input, self.buffer));
    }
}

impl<T: Real> Job for DegridTile<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(self) {
        by_support!(self.input.taper.support, degrid_tile(&self.input, self.buffer, self.out));
    }
}

#[inline(always)]
fn grid_tile<I: Isa, T: Real, const W: usize, const R: usize, const N: usize>(
    input: &TileInput<'_, T>,
    buffer: &mut [T],
) {
    let TileInput { frame, taper, vis, runs } = *input;
    let n_chan = vis.freq_hz.len();
    let mut batch = Batch::new();
    for run in runs.iter() {
        let Some(row) = frame.row(&vis.uvw_m[run.row as usize]) else { continue };
        let (start, first, len) = (run.start(n_chan), run.chan as usize, run.len as usize);
        for i in (0..len).step_by(BATCH) {
            let n = BATCH.min(len - i);
            let samples = start + i..start + i + n;
            batch.place::<I>(&row, run.corner(), &vis.freq_hz[first + i..first + i + n]);
            batch.load(&row, &vis.vis_rf[samples.clone()], &vis.weight_rf[samples]);
            scatter::<I, T, W, R, N>(taper, frame.n_w_taps, &batch, buffer);
        }
    }
}

#[inline(always)]
fn degrid_tile<I: Isa, T: Real, const W: usize, const R: usize, const N: usize>(
    input: &TileInput<'_, T>,
    buffer: &[T],
    mut out: &mut [Complex<T>],
) {
    let TileInput { frame, taper, vis, runs } = *input;
    let mut batch = Batch::new();
    for run in runs.iter() {
        let (now, rest) = out.split_at_mut(run.len as usize);
        out = rest;
        let Some(row) = frame.row(&vis.uvw_m[run.row as usize]) else { continue };
        let freq_hz = &vis.freq_hz[run.chan as usize..];
        for (freq_hz, out) in freq_hz.chunks(BATCH).zip(now.chunks_mut(BATCH)) {
            batch.place::<I>(&row, run.corner(), &freq_hz[..out.len()]);
            gather::<I, T, W, R, N>(taper, frame.n_w_taps, &mut batch, buffer);
            batch.store(&row, out);
        }
    }
}
