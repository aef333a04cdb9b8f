//! Planes to the image and back: Fourier transforms and the phase screen of each plane.
//!
//! The screen exp(−2πi w_p n') depends on |x| and |y| from the centre only. A strip of columns keeps n' of half a
//! column and reuses it for all planes; sine and cosine are computed for that half and used for both.

use super::GridPlan;
use super::planes::Planes;
use crate::Real;
use crate::arch::{Isa, Job, dispatch, sin_cos_turns};
use crate::fft::{Columns, GridRows, STRIP, StripAt};
use ndarray::{Array2, ArrayViewMut2, ArrayViewMut3, Axis, s};
use num_complex::Complex;
use rayon::prelude::*;
use std::ops::Range;

/// Transforms the planes and adds the real part, screened, to the image.
pub(super) fn add_to_image<T: Real>(plan: &GridPlan<T>, mut planes: Planes<T>, image: &mut Array2<T>) {
    planes.fold_guard();
    let n_planes = planes.range.len();
    let row_len = planes.row_len();
    plan.fft.rows_to_image(&mut planes.values[..planes.nv * row_len], n_planes, &planes.used);
    let rows = GridRows { values: &planes.values, used: &planes.used, n_planes };
    let mut strips: Vec<ArrayViewMut2<'_, T>> = image.axis_chunks_iter_mut(Axis(1), STRIP).collect();
    strips.par_iter_mut().enumerate().for_each_init(
        || (plan.fft.new_columns(), Screen::new(plan), Vec::new()),
        |(columns, screen, sums), (i, strip)| {
            let n = strip.dim().1;
            screen.set_columns(plan, i * STRIP..i * STRIP + n);
            sums.clear();
            sums.resize(n * plan.geometry.ny, T::zero());
            for i_plane in 0..n_planes {
                plan.fft.columns_to_image(&rows, StripAt { i_plane, x0: i * STRIP, n }, columns);
                screen.w_lambda = plan.w_lambda(planes.range.start + i_plane);
                dispatch(plan.level, AddScreened { screen, columns, sums });
            }
            for ((y, c), pixel) in strip.indexed_iter_mut() {
                *pixel += sums[c * plan.geometry.ny + y];
            }
        },
    );
}

/// The adjoint of [`add_to_image`].
pub(super) fn planes_of_model<T: Real>(plan: &GridPlan<T>, image: &Array2<T>, i_pass: usize) -> Planes<T> {
    let mut planes = Planes::new(&plan.recipe, i_pass);
    let (range, nu, nv) = (planes.range.clone(), planes.nu, planes.nv);
    let row_len = planes.row_len();
    let values = &mut planes.values[..nv * row_len];
    let model = ModelColumns { plan, image, range };
    if let Ok(mut grid) = ArrayViewMut3::from_shape((nv, model.range.len(), 2 * nu), &mut *values) {
        let mut kept = grid.slice_mut(s![.., .., ..2 * plan.geometry.nx]);
        let mut strips: Vec<ArrayViewMut3<'_, T>> = kept.axis_chunks_iter_mut(Axis(2), 2 * STRIP).collect();
        strips.par_iter_mut().enumerate().for_each_init(
            || (plan.fft.new_columns(), Screen::new(plan)),
            |(columns, screen), (i, strip)| model.fill(i * STRIP, strip, columns, screen),
        );
    }
    plan.fft.rows_to_grid(values, model.range.len());
    planes.used[..nv].fill(true);
    planes
}

/// Writes the screened columns of a model to planes.
struct ModelColumns<'a, T: Real> {
    plan: &'a GridPlan<T>,
    image: &'a Array2<T>,
    range: Range<usize>,
}

impl<T: Real> ModelColumns<'_, T> {
    fn fill(
        &self,
        x0: usize,
        strip: &mut ArrayViewMut3<'_, T>,
        columns: &mut Columns<T>,
        screen: &mut Screen<T>,
    ) {
        let n = strip.dim().2 / 2;
        screen.set_columns(self.plan, x0..x0 + n);
        let pixels: Vec<T> = self.image.slice(s![.., x0..x0 + n]).t().iter().copied().collect();
        for (i, i_plane) in self.range.clone().enumerate() {
            screen.w_lambda = self.plan.w_lambda(i_plane);
            dispatch(self.plan.level, FillScreened { screen, columns, pixels: &pixels });
            self.plan.fft.columns_to_grid(columns, i, strip);
        }
    }
}

impl<T: Real> GridPlan<T> {
    /// |w| of a plane, wavelengths.
    fn w_lambda(&self, i_plane: usize) -> f64 {
        self.recipe.first_w_lambda + i_plane as f64 * self.recipe.dw_lambda
    }
}

/// n' of half of each column of a strip, and the screen of one column and plane.
struct Screen<T> {
    ny: usize,
    /// Rows from the centre to the farther edge.
    n_half: usize,
    /// n' `[column][|Y|]`.
    centered_n: Vec<f64>,
    w_lambda: f64,
    cos: Vec<T>,
    sin: Vec<T>,
}

impl<T: Real> Screen<T> {
    fn new(plan: &GridPlan<T>) -> Self {
        let ny = plan.geometry.ny;
        let n_half = (ny / 2).max(ny - 1 - ny / 2) + 1;
        let zeros = vec![T::zero(); n_half];
        let centered_n = Vec::with_capacity(STRIP * n_half);
        Screen { ny, n_half, centered_n, w_lambda: 0.0, cos: zeros.clone(), sin: zeros }
    }

    fn set_columns(&mut self, plan: &GridPlan<T>, columns: Range<usize>) {
        let cell2 = plan.geometry.cell_rad.powi(2);
        // Without w-correction n is 1 everywhere; beyond the edge of the sphere pixels are zeroed later.
        let flat = plan.recipe.center_n_minus_1 == 0.0;
        self.centered_n.clear();
        for x in columns {
            let l2 = plan.geometry.l(x as f64).powi(2);
            self.centered_n.extend((0..self.n_half).map(|y| {
                let r2 = (l2 + (y * y) as f64 * cell2).min(1.0);
                let n_minus_1 = -r2 / ((1.0 - r2).sqrt() + 1.0);
                if flat { 0.0 } else { n_minus_1 - plan.recipe.center_n_minus_1 }
            }));
        }
    }

    /// cos and sin of 2π w_p n' for half of column `c`.
    #[inline(always)]
    fn compute<I: Isa>(&mut self, c: usize) {
        let column = &self.centered_n[c * self.n_half..(c + 1) * self.n_half];
        for ((cos, sin), &n) in self.cos.iter_mut().zip(&mut self.sin).zip(column) {
            (*sin, *cos) = sin_cos_turns::<I, T>(self.w_lambda * n);
        }
    }

    fn n_columns(&self) -> usize {
        self.centered_n.len() / self.n_half
    }
}

/// sums += Re[screen · column], for all columns of a strip.
struct AddScreened<'a, T> {
    screen: &'a mut Screen<T>,
    columns: &'a Columns<T>,
    sums: &'a mut [T],
}

impl<T: Real> Job for AddScreened<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(self) {
        let AddScreened { screen, columns, sums } = self;
        let (ny, center) = (screen.ny, screen.ny / 2);
        for c in 0..screen.n_columns() {
            screen.compute::<I>(c);
            let column = columns.column(c);
            let (south, north) = sums[c * ny..(c + 1) * ny].split_at_mut(center);
            let part = |v: &Complex<T>, cos: T, sin: T| v.re * cos + v.im * sin;
            for (((sum, v), &cos), &sin) in north.iter_mut().zip(column).zip(&screen.cos).zip(&screen.sin) {
                *sum += part(v, cos, sin);
            }
            let (cos, sin) = (&screen.cos[1..], &screen.sin[1..]);
            for (((sum, v), &cos), &sin) in south.iter_mut().rev().zip(column.iter().rev()).zip(cos).zip(sin)
            {
                *sum += part(v, cos, sin);
            }
        }
    }
}

/// column = conj(screen) · pixels, zero outside the image: the adjoint of [`AddScreened`].
struct FillScreened<'a, T> {
    screen: &'a mut Screen<T>,
    columns: &'a mut Columns<T>,
    /// `[column][y]`.
    pixels: &'a [T],
}

impl<T: Real> Job for FillScreened<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(self) {
        let FillScreened { screen, columns, pixels } = self;
        let (ny, center) = (screen.ny, screen.ny / 2);
        for c in 0..screen.n_columns() {
            screen.compute::<I>(c);
            let column = columns.column_mut(c);
            column.fill(Complex::default());
            let (south, north) = pixels[c * ny..(c + 1) * ny].split_at(center);
            for (((&pixel, v), &cos), &sin) in
                north.iter().zip(&mut *column).zip(&screen.cos).zip(&screen.sin)
            {
                *v = Complex::new(pixel * cos, pixel * sin);
            }
            let (cos, sin) = (&screen.cos[1..], &screen.sin[1..]);
            for (((&pixel, v), &cos), &sin) in
                south.iter().rev().zip(column.iter_mut().rev()).zip(cos).zip(sin)
            {
                *v = Complex::new(pixel * cos, pixel * sin);
            }
        }
    }
}
