//! Parallel 2-D Fourier transforms between a large uv grid and the smaller image cut out of its transform.
//!
//! Idea: transform along rows, keep only the columns that the image has, transform those along columns.
//!
//! ```text
//! to the image:  F(X, Y) = Σ_v exp(−2πi v Y/nv) Σ_u exp(−2πi u X/nu) G(u, v)
//! to the grid:   G(u, v) = Σ_Y exp(+2πi v Y/nv) Σ_X exp(+2πi u X/nu) F(X, Y)       (the exact adjoint)
//! ```
//!
//! for pixels X = x − nx/2, Y = y − ny/2 (integer division), unnormalised both ways.
//!
//! ```text
//! rows, in parallel:      if any sample touched the row: FFT; keep nx bins, in the order of the image
//! columns, in parallel:   16 at a time: copy to a buffer `[column][v]`, FFT each, hand the buffer to the caller
//! ```
//!
//! Optimisations: 1. rows that no sample touched are neither transformed nor read; 2. of a row's transform only the
//! image's columns are kept, which saves the second pass the share 1 − 1/σ; 3. columns are gathered 16 at a time, so
//! that every cache line fetched is used whole; 4. all planes of a strip of columns are visited by one thread, so the
//! caller can sum them without touching the image once per plane.
//!
//! References: Cooley & Tukey 1965; the 1-D transforms are RustFFT's.
//!
//! | symbol | code |
//! | --- | --- |
//! | nu, nv | `n_grid` |
//! | nx, ny | `n_image` |

use crate::Real;
use ndarray::{ArrayViewMut3, Axis};
use num_complex::Complex;
use rayon::prelude::*;
use rustfft::{Fft, FftPlanner};
use std::sync::Arc;

/// Columns transformed together.
pub const STRIP: usize = 16;

/// Plans of the transforms between one grid and one image.
#[derive(Clone)]
pub struct Fft2<T: Real> {
    n_grid: [usize; 2],
    n_image: [usize; 2],
    to_image: [Arc<dyn Fft<T>>; 2],
    to_grid: [Arc<dyn Fft<T>>; 2],
}

/// Some columns of one plane and the scratch of their transforms.
///
/// Columns lie a little more than nv apart: sizes of transforms have many factors of two, and columns at a multiple of
/// the cache's period would push each other out while rows are copied to them.
#[derive(Debug)]
pub struct Columns<T> {
    values: Vec<Complex<T>>,
    scratch: Vec<Complex<T>>,
    len: usize,
}

/// Complex numbers between the end of a column and the next.
const COLUMN_GAP: usize = 8;

impl<T: Real> Columns<T> {
    fn new(fft: &Arc<dyn Fft<T>>, n: usize) -> Self {
        let zero = Complex::new(T::zero(), T::zero());
        let len = fft.len();
        let scratch = vec![zero; fft.get_inplace_scratch_len()];
        Columns { values: vec![zero; n * (len + COLUMN_GAP)], scratch, len }
    }

    /// Column `c` in the order of the transform's bins.
    pub fn column(&self, c: usize) -> &[Complex<T>] {
        &self.values[c * (self.len + COLUMN_GAP)..][..self.len]
    }

    /// Column `c`, to be written.
    pub fn column_mut(&mut self, c: usize) -> &mut [Complex<T>] {
        &mut self.values[c * (self.len + COLUMN_GAP)..][..self.len]
    }

    fn transform(&mut self, fft: &Arc<dyn Fft<T>>, n_columns: usize) {
        if self.scratch.len() < fft.get_inplace_scratch_len() {
            self.scratch.resize(fft.get_inplace_scratch_len(), Complex::default());
        }
        for column in self.values.chunks_exact_mut(self.len + COLUMN_GAP).take(n_columns) {
            fft.process_with_scratch(&mut column[..self.len], &mut self.scratch);
        }
    }
}

impl<T: Real> Fft2<T> {
    /// Plans for a grid `[nu, nv]` and an image `[nx, ny]`.
    ///
    /// # Panics
    /// When the image is larger than the grid.
    pub fn new(n_grid: [usize; 2], n_image: [usize; 2]) -> Self {
        assert!(
            n_image[0] <= n_grid[0] && n_image[1] <= n_grid[1],
            "an image {n_image:?} of a grid {n_grid:?}"
        );
        let mut planner = FftPlanner::new();
        Fft2 {
            n_grid,
            n_image,
            to_image: n_grid.map(|n| planner.plan_fft_forward(n)),
            to_grid: n_grid.map(|n| planner.plan_fft_inverse(n)),
        }
    }

    /// Values of type `T` in one row of `n_planes` planes: complex numbers as pairs.
    pub fn row_len(&self, n_planes: usize) -> usize {
        2 * self.n_grid[0] * n_planes
    }

    /// Bytes of scratch that one thread needs in the worst of the passes.
    pub fn scratch_bytes(n_grid: [usize; 2], n_image: [usize; 2]) -> u64 {
        let complex = 2 * size_of::<T>();
        let columns = STRIP * (n_grid[1] * complex + n_image[1] * (size_of::<T>() + size_of::<f64>()));
        (columns + 2 * n_grid[0].max(n_grid[1]) * complex) as u64
    }

    /// Transforms the used rows of `[v][plane][u]` along u; the first nx values of each then are the image's columns.
    pub fn rows_to_image(&self, rows: &mut [T], n_planes: usize, used: &[bool]) {
        let fft = &self.to_image[0];
        let row_len = self.row_len(n_planes);
        let (n_center, first_bin) = (self.n_image[0] / 2, self.n_grid[0] - self.n_image[0] / 2);
        rows.par_chunks_mut(row_len).zip(used).filter(|(_, used)| **used).for_each_init(
            || Columns::new(fft, 1),
            |line, (row, _)| {
                for row in row.chunks_exact_mut(2 * self.n_grid[0]) {
                    unpack(row, line.column_mut(0));
                    line.transform(fft, 1);
                    let (west, east) = row[..2 * self.n_image[0]].split_at_mut(2 * n_center);
                    pack(&line.column(0)[first_bin..], west);
                    pack(line.column(0), east);
                }
            },
        );
    }

    /// The adjoint of [`Self::rows_to_image`], for all rows.
    pub fn rows_to_grid(&self, rows: &mut [T], n_planes: usize) {
        let fft = &self.to_grid[0];
        let row_len = self.row_len(n_planes);
        let (n_center, first_bin) = (self.n_image[0] / 2, self.n_grid[0] - self.n_image[0] / 2);
        rows.par_chunks_mut(row_len).for_each_init(
            || Columns::new(fft, 1),
            |line, row| {
                for row in row.chunks_exact_mut(2 * self.n_grid[0]) {
                    let (west, east) = row[..2 * self.n_image[0]].split_at(2 * n_center);
                    let values = line.column_mut(0);
                    unpack(east, values);
                    values[east.len() / 2..first_bin].fill(Complex::default());
                    unpack(west, &mut values[first_bin..]);
                    line.transform(fft, 1);
                    pack(line.column(0), row);
                }
            },
        );
    }

    /// A buffer for columns.
    pub fn new_columns(&self) -> Columns<T> {
        Columns::new(&self.to_image[1], STRIP)
    }

    /// Gathers columns `x0..x0 + n` of plane `i_plane` after the row pass and transforms them along v.
    pub fn columns_to_image(&self, rows: &GridRows<'_, T>, at: StripAt, columns: &mut Columns<T>) {
        let (nu, nv) = (self.n_grid[0], self.n_grid[1]);
        let row_len = self.row_len(rows.n_planes);
        let start = 2 * (at.i_plane * nu + at.x0);
        let stride = nv + COLUMN_GAP;
        for (v, (row, used)) in rows.values.chunks_exact(row_len).zip(rows.used).take(nv).enumerate() {
            let cells = columns.values[v..].iter_mut().step_by(stride);
            if *used {
                let pairs = row[start..start + 2 * at.n].chunks_exact(2);
                cells.zip(pairs).for_each(|(cell, pair)| *cell = Complex::new(pair[0], pair[1]));
            } else {
                cells.take(at.n).for_each(|cell| *cell = Complex::default());
            }
        }
        columns.transform(&self.to_image[1], at.n);
    }

    /// Transforms columns along v towards the grid and scatters them into a strip of planes, `[v][plane][2 x]`,
    /// whose rows are contiguous.
    pub fn columns_to_grid(
        &self,
        columns: &mut Columns<T>,
        i_plane: usize,
        strip: &mut ArrayViewMut3<'_, T>,
    ) {
        let stride = self.n_grid[1] + COLUMN_GAP;
        columns.transform(&self.to_grid[1], strip.dim().2 / 2);
        let mut plane = strip.index_axis_mut(Axis(1), i_plane);
        for (v, row) in plane.outer_iter_mut().enumerate() {
            let Some(row) = row.into_slice() else { continue };
            let cells = columns.values[v..].iter().step_by(stride);
            row.chunks_exact_mut(2)
                .zip(cells)
                .for_each(|(pair, cell)| pair.copy_from_slice(&[cell.re, cell.im]));
        }
    }
}

/// Planes `[v][plane][u]` after the row pass, to be read.
#[derive(Clone, Copy, Debug)]
pub struct GridRows<'a, T> {
    /// Complex numbers as pairs; at least nv rows.
    pub values: &'a [T],
    /// Which rows are not zero.
    pub used: &'a [bool],
    /// Planes in each row.
    pub n_planes: usize,
}

/// Which columns of which plane.
#[derive(Clone, Copy, Debug)]
pub struct StripAt {
    /// Plane within the slab.
    pub i_plane: usize,
    /// First column of the image.
    pub x0: usize,
    /// Number of columns, at most [`STRIP`].
    pub n: usize,
}

fn unpack<T: Real>(pairs: &[T], out: &mut [Complex<T>]) {
    for (pair, value) in pairs.chunks_exact(2).zip(out) {
        *value = Complex::new(pair[0], pair[1]);
    }
}

fn pack<T: Real>(values: &[Complex<T>], pairs: &mut [T]) {
    for (pair, value) in pairs.chunks_exact_mut(2).zip(values) {
        pair.copy_from_slice(&[value.re, value.im]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::{Array3, s};
    use num_complex::Complex64;
    use std::f64::consts::TAU;

    /// (grid, image): even, odd and rectangular, more than one strip of columns.
    const SHAPES: [([usize; 2], [usize; 2]); 4] =
        [([48, 20], [37, 13]), ([10, 12], [4, 6]), ([6, 4], [1, 1]), ([36, 40], [35, 40])];

    fn value(i: usize) -> Complex64 {
        Complex64::new((i * i % 17) as f64 - 8.0, (i * 7 % 13) as f64 - 6.0)
    }

    /// exp(±2πi (u X/nu + v Y/nv)).
    fn phase(sign: f64, n_grid: [usize; 2], uv: [usize; 2], xy: [f64; 2]) -> Complex64 {
        let turns = uv[0] as f64 * xy[0] / n_grid[0] as f64 + uv[1] as f64 * xy[1] / n_grid[1] as f64;
        Complex64::from_polar(1.0, sign * TAU * turns)
    }

    fn pixel(n_image: [usize; 2], x: usize, y: usize) -> [f64; 2] {
        [x as f64 - (n_image[0] / 2) as f64, y as f64 - (n_image[1] / 2) as f64]
    }

    #[test]
    fn a_grid_transforms_to_the_image_like_the_double_sum() {
        for (n_grid, n_image) in SHAPES {
            let fft = Fft2::<f64>::new(n_grid, n_image);
            let [nu, nv] = n_grid;
            let used: Vec<bool> = (0..nv).map(|v| v % 3 != 1).collect();
            let at = |v: usize, p: usize, u: usize| {
                if used[v] { value((v * 2 + p) * nu + u) } else { Complex64::ZERO }
            };
            let mut rows: Vec<f64> = (0..nv * 2 * nu)
                .map(|i| at(i / (2 * nu), i / nu % 2, i % nu))
                .flat_map(|z| [z.re, z.im])
                .collect();
            fft.rows_to_image(&mut rows, 2, &used);
            let rows = GridRows { values: &rows, used: &used, n_planes: 2 };
            let mut columns = fft.new_columns();
            for (i_plane, x0) in (0..n_image[0]).step_by(STRIP).flat_map(|x0| [(0, x0), (1, x0)]) {
                let n = STRIP.min(n_image[0] - x0);
                fft.columns_to_image(&rows, StripAt { i_plane, x0, n }, &mut columns);
                for (c, y) in (0..n).flat_map(|c| (0..n_image[1]).map(move |y| (c, y))) {
                    let xy = pixel(n_image, x0 + c, y);
                    let want: Complex64 = (0..nv)
                        .flat_map(|v| (0..nu).map(move |u| (u, v)))
                        .map(|(u, v)| at(v, i_plane, u) * phase(-1.0, n_grid, [u, v], xy))
                        .sum();
                    let got = columns.column(c)[(y + nv - n_image[1] / 2) % nv];
                    assert!(
                        (got - want).norm() < 1e-10,
                        "{n_grid:?} {n_image:?} ({x0} + {c}, {y}): {got} {want}"
                    );
                }
            }
        }
    }

    #[test]
    fn an_image_transforms_to_the_grid_like_the_double_sum() {
        for (n_grid, n_image) in SHAPES {
            let fft = Fft2::<f64>::new(n_grid, n_image);
            let ([nu, nv], [nx, ny]) = (n_grid, n_image);
            let mut grid = Array3::<f64>::zeros((nv, 1, 2 * nu));
            let mut columns = fft.new_columns();
            let mut kept = grid.slice_mut(s![.., .., ..2 * nx]);
            for (i, mut strip) in kept.axis_chunks_iter_mut(Axis(2), 2 * STRIP).enumerate() {
                (0..STRIP).for_each(|c| columns.column_mut(c).fill(Complex64::ZERO));
                for (c, y) in (0..strip.dim().2 / 2).flat_map(|c| (0..ny).map(move |y| (c, y))) {
                    columns.column_mut(c)[(y + nv - ny / 2) % nv] = value(y * nx + i * STRIP + c);
                }
                fft.columns_to_grid(&mut columns, 0, &mut strip);
            }
            let rows = grid.as_slice_mut().unwrap();
            fft.rows_to_grid(rows, 1);
            for (u, v) in (0..nv).flat_map(|v| (0..nu).map(move |u| (u, v))) {
                let pixels = (0..ny).flat_map(|y| (0..nx).map(move |x| (x, y)));
                let term = |(x, y)| value(y * nx + x) * phase(1.0, n_grid, [u, v], pixel(n_image, x, y));
                let want: Complex64 = pixels.map(term).sum();
                let got = Complex64::new(rows[2 * (v * nu + u)], rows[2 * (v * nu + u) + 1]);
                assert!((got - want).norm() < 1e-10, "{n_grid:?} {n_image:?} ({u}, {v}): {got} {want}");
            }
        }
    }
}
