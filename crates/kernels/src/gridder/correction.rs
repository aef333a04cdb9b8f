//! Division of the image by the taper's transform.

use super::recipe::Recipe;
use super::taper::{EvenSeries, Taper};
use crate::Real;
use ndarray::Array2;
use rayon::prelude::*;
use types::{ImageGeometry, Lmn};

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
        let axis = |n: usize, n_grid: usize| {
            let xi = move |i: usize| (i as f64 - (n / 2) as f64) / n_grid as f64;
            (0..n).map(|i| 1.0 / taper.transform(xi(i))).collect::<Vec<_>>()
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
    pub(super) fn divide<T: Real>(&self, image: &mut Array2<T>) {
        let geometry = &self.geometry;
        let mut rows: Vec<_> = image.outer_iter_mut().collect();
        rows.par_iter_mut().enumerate().for_each(|(y, row)| {
            let m = geometry.m(y as f64);
            for (x, pixel) in row.iter_mut().enumerate() {
                let factor = Lmn::new(geometry.l(x as f64), m)
                    .map_or(0.0, |lmn| self.of_x[x] * self.of_y[y] / self.w_transform(lmn.n_minus_1));
                *pixel = if factor == 0.0 { T::zero() } else { T::from_double(pixel.to_double() * factor) };
            }
        });
    }

    fn w_transform(&self, n_minus_1: f64) -> f64 {
        let xi = |w: &AlongW| (n_minus_1 - w.center_n_minus_1) * w.dw_lambda;
        self.of_w.as_ref().map_or(1.0, |w| w.transform.at(xi(w)))
    }
}
