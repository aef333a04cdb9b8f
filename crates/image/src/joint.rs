//! The least-squares problem of the joint source fit.
//!
//! Unknowns per source: flux S and two numbers p with shift δ = D tanh(p/D), D = 2 pixels, which keeps the shift
//! inside the pixels that were set aside for it without a constraint. Data: the pixels of boxes around the sources; a
//! pixel in several boxes belongs to the first.

use crate::{
    Error, Response,
    shift::{Taps, half_width, interpolate},
};
use levenberg_marquardt::{LeastSquaresProblem, LevenbergMarquardt};
use nalgebra::{DMatrix, DVector, Dyn};
use ndarray::Array2;
use std::collections::HashSet;
use types::ImageGeometry;

/// Bound of a shift along one axis.
pub(crate) const MAX_SHIFT_PX: usize = 2;
// A hair inside: a shift of exactly two pixels would need one tap more.
const BOUND: f64 = MAX_SHIFT_PX as f64 - 1e-6;

/// A rectangle of pixels and which of them are data.
pub(crate) struct PixelBox {
    x: Vec<usize>,
    y: Vec<usize>,
    /// Positions in the rectangle, row by row.
    used: Vec<usize>,
}

impl PixelBox {
    /// The data pixels (x, y) in the order of the residuals.
    pub(crate) fn pixels(&self) -> impl Iterator<Item = (usize, usize)> {
        self.used.iter().map(|&i| (self.x[i % self.x.len()], self.y[i / self.x.len()]))
    }
}

/// The problem and its present solution.
pub(crate) struct Joint<'a> {
    pub(crate) responses: &'a [Response<'a>],
    pub(crate) boxes: Vec<PixelBox>,
    shape: (usize, usize),
    data: DVector<f64>,
    params: DVector<f64>,
    /// Value and slopes of every shifted response at every data pixel: `[source][pixel]`.
    shifted: Vec<Vec<[f64; 3]>>,
}

impl<'a> Joint<'a> {
    /// With fluxes still zero and positions at the starts.
    pub(crate) fn new<T: Into<f64> + Copy>(
        dirty: &Array2<T>,
        geometry: &ImageGeometry,
        responses: &'a [Response<'a>],
        half_box_px: usize,
    ) -> Self {
        let boxes = boxes(dirty, geometry, responses, half_box_px);
        let data: Vec<f64> =
            boxes.iter().flat_map(PixelBox::pixels).map(|(x, y)| dirty[[y, x]].into()).collect();
        Joint {
            responses,
            boxes,
            shape: dirty.dim(),
            data: DVector::from_vec(data),
            params: DVector::zeros(3 * responses.len()),
            shifted: Vec::new(),
        }
    }

    pub(crate) fn n_pixel(&self) -> usize {
        self.data.len()
    }

    /// Flux and shift along x and y of source `k`.
    pub(crate) fn estimate(&self, k: usize) -> [f64; 3] {
        let shift = |p: f64| BOUND * (p / BOUND).tanh();
        [self.params[3 * k], shift(self.params[3 * k + 1]), shift(self.params[3 * k + 2])]
    }

    /// Finds the fluxes at the starts, then fluxes and shifts.
    pub(crate) fn solve(&mut self) -> Result<(), Error> {
        self.shift_responses();
        let fluxes = self.linear_fluxes()?;
        for (k, flux) in fluxes.iter().enumerate() {
            self.params[3 * k] = *flux;
        }
        // Far below any noise; the last digits of a fit cost as many steps as all the others.
        let solver = LevenbergMarquardt::new().with_ftol(1e-12).with_xtol(1e-9);
        let (solved, report) = solver.minimize(Borrowed(self));
        solved.0.shift_responses();
        let end = report.termination;
        // Data of zero, and data fitted to the last bit, end as usage issues: no improvement was possible.
        if end.was_successful() || end.was_usage_issue() {
            return Ok(());
        }
        Err(Error::NotConverged { what: "the sources", reason: format!("{end:?}") })
    }

    /// Model − data.
    pub(crate) fn residuals(&self) -> DVector<f64> {
        let mut sum = -&self.data;
        for (k, shifted) in self.shifted.iter().enumerate() {
            let flux = self.params[3 * k];
            sum.iter_mut().zip(shifted).for_each(|(s, v)| *s += flux * v[0]);
        }
        sum
    }

    /// Derivatives of the model to flux, δx, δy of every source; a column a pixel.
    pub(crate) fn slopes(&self) -> DMatrix<f64> {
        DMatrix::from_fn(3 * self.responses.len(), self.n_pixel(), |row, pixel| {
            let (k, part) = (row / 3, row % 3);
            let value = self.shifted[k][pixel][part];
            if part == 0 { value } else { -self.params[3 * k] * value }
        })
    }

    fn linear_fluxes(&self) -> Result<DVector<f64>, Error> {
        let rows = self.responses.len();
        let table = DMatrix::from_fn(rows, self.n_pixel(), |k, pixel| self.shifted[k][pixel][0]);
        let normal = &table * table.transpose();
        if normal.iter().any(|v| !v.is_finite()) {
            let reason = "a response is not finite everywhere".to_owned();
            return Err(Error::NotConverged { what: "the sources", reason });
        }
        // A pivot that is all rounding means two equal columns.
        let least = 1e-12 * normal.diagonal().max();
        let cholesky = normal.cholesky().ok_or(Error::Degenerate)?;
        if cholesky.l_dirty().diagonal().iter().any(|d| d * d < least) {
            return Err(Error::Degenerate);
        }
        Ok(cholesky.solve(&(table * &self.data)))
    }

    fn shift_responses(&mut self) {
        self.shifted = (0..self.responses.len()).map(|k| self.shifted_response(k)).collect();
    }

    fn shifted_response(&self, k: usize) -> Vec<[f64; 3]> {
        let [_, dx, dy] = self.estimate(k);
        let (ny, nx) = self.shape;
        let taps = |pixels: &[usize], shift: f64, n: usize| -> Vec<Taps> {
            let half = |i| half_width(i, n, MAX_SHIFT_PX);
            pixels.iter().filter_map(|&i| Some(Taps::new(i as f64 - shift, half(i)?))).collect()
        };
        let of_box = |b: &PixelBox| {
            let values = interpolate(self.responses[k].image, &taps(&b.x, dx, nx), &taps(&b.y, dy, ny));
            b.used.iter().map(|&i| values[i]).collect::<Vec<_>>()
        };
        self.boxes.iter().flat_map(of_box).collect()
    }
}

/// One box a source: clipped where responses cannot be shifted, without the pixels of the boxes before.
fn boxes<T: Into<f64> + Copy>(
    dirty: &Array2<T>,
    geometry: &ImageGeometry,
    responses: &[Response<'_>],
    half_box_px: usize,
) -> Vec<PixelBox> {
    let mut taken = HashSet::new();
    let side = |center: f64, n: usize| -> Vec<usize> {
        let (first, end) = ((center.round() as usize).saturating_sub(half_box_px), center.round() as usize);
        (first..=end.saturating_add(half_box_px).min(n - 1))
            .filter(|&i| half_width(i, n, MAX_SHIFT_PX).is_some())
            .collect()
    };
    let mut one = |response: &Response<'_>| {
        let (cx, cy) = geometry.xy(response.start.l, response.start.m);
        let (x, y) = (side(cx, geometry.nx), side(cy, geometry.ny));
        let mut used = Vec::new();
        for (i, (&iy, &ix)) in y.iter().flat_map(|iy| x.iter().map(move |ix| (iy, ix))).enumerate() {
            let value: f64 = dirty[[iy, ix]].into();
            if value.is_finite() && taken.insert((ix, iy)) {
                used.push(i);
            }
        }
        PixelBox { x, y, used }
    };
    responses.iter().map(&mut one).collect()
}

/// The solver takes the problem by value.
struct Borrowed<'b, 'a>(&'b mut Joint<'a>);

impl LeastSquaresProblem<f64, Dyn, Dyn> for Borrowed<'_, '_> {
    type ResidualStorage = nalgebra::storage::Owned<f64, Dyn>;
    type JacobianStorage = nalgebra::storage::Owned<f64, Dyn, Dyn>;
    type ParameterStorage = nalgebra::storage::Owned<f64, Dyn>;

    fn set_params(&mut self, params: &DVector<f64>) {
        self.0.params.copy_from(params);
        self.0.shift_responses();
    }

    fn params(&self) -> DVector<f64> {
        self.0.params.clone()
    }

    fn residuals(&self) -> Option<DVector<f64>> {
        Some(self.0.residuals())
    }

    fn jacobian(&self) -> Option<DMatrix<f64>> {
        let mut table = self.0.slopes().transpose();
        for k in 0..self.0.responses.len() {
            let [_, dx, dy] = self.0.estimate(k);
            for (part, shift) in [(1, dx), (2, dy)] {
                // dδ/dp of the bound.
                table.column_mut(3 * k + part).scale_mut(1.0 - (shift / BOUND).powi(2));
            }
        }
        Some(table)
    }
}
