//! Division of the image by the taper's transform.

use super::recipe::Recipe;
use super::taper::{EvenSeries, Taper};
use crate::Real;
use crate::arch::{Isa, Job, SimdLevel, dispatch};
use ndarray::Array2;
use rayon::prelude::*;
use types::ImageGeometry;

/// The factors of every pixel: separable in x and y, and a function of n.
#[derive(Clone, Debug)]
pub(super) struct Correction {
    geometry: ImageGeometry,
    of_x: Vec<f64>,
    of_y: Vec<f64>,
    of_w: Option<AlongW>,
}

/// The taper along w, for more than one plane.
#[derive(Clone, Debug)]
struct AlongW {
    transform: EvenSeries,
    dw_lambda: f64,
    center_n_minus_1: f64,
}

impl Correction {
    pub(super) fn new(recipe: &Recipe, geometry: &ImageGeometry, taper: &Taper) -> Self {
        // The transform is even: half an axis is computed.
        let axis = |n: usize, n_grid: usize| {
            let half: Vec<f64> =
                (0..=n / 2).map(|i| 1.0 / taper.transform(i as f64 / n_grid as f64)).collect();
            (0..n).map(|i| half[i.abs_diff(n / 2)]).collect::<Vec<_>>()
        };
        let along_w = || AlongW {
            transform: taper.transform_series(recipe.center_n_minus_1.abs() * recipe.dw_lambda),
            dw_lambda: recipe.dw_lambda,
            center_n_minus_1: recipe.center_n_minus_1,
        };
        Correction {
            geometry: *geometry,
            of_x: axis(geometry.nx, recipe.nu),
            of_y: axis(geometry.ny, recipe.nv),
            of_w: (recipe.n_planes > 1).then(along_w),
        }
    }

    /// Divides; pixels beyond the edge of the sphere become zero.
    pub(super) fn divide<T: Real>(&self, level: SimdLevel, image: &mut Array2<T>) {
        let mut rows: Vec<_> = image.outer_iter_mut().collect();
        let n_half = self.geometry.nx / 2 + 1;
        rows.par_iter_mut().enumerate().for_each_init(
            || vec![0.0; n_half],
            |of_half, (y, row)| {
                dispatch(level, HalfRow { correction: self, y, factors: of_half });
                for (x, pixel) in row.iter_mut().enumerate() {
                    let factor = of_half[x.abs_diff(self.geometry.nx / 2)] * self.of_x[x];
                    // Not a product with zero: beyond the edge a pixel may hold anything.
                    *pixel =
                        if factor == 0.0 { T::zero() } else { T::from_double(pixel.to_double() * factor) };
                }
            },
        );
    }
}

/// Factors along y and n of a row, from the centre to its edge; zero beyond the sphere.
struct HalfRow<'a> {
    correction: &'a Correction,
    y: usize,
    factors: &'a mut [f64],
}

impl Job for HalfRow<'_> {
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(self) {
        let HalfRow { correction, y, factors } = self;
        let (cell_rad, of_y) = (correction.geometry.cell_rad, correction.of_y[y]);
        let m2 = correction.geometry.m(y as f64).powi(2);
        let r2 = |x: usize| (x as f64 * cell_rad).powi(2) + m2;
        if let Some(w) = &correction.of_w {
            for (x, factor) in factors.iter_mut().enumerate() {
                let r2 = r2(x).min(1.0);
                let n_minus_1 = -r2 / ((1.0 - r2).sqrt() + 1.0);
                *factor = (n_minus_1 - w.center_n_minus_1) * w.dw_lambda;
            }
            w.transform.apply::<I>(factors);
        } else {
            factors.fill(1.0);
        }
        for (x, factor) in factors.iter_mut().enumerate() {
            *factor = if r2(x) <= 1.0 { of_y / *factor } else { 0.0 };
        }
    }
}
