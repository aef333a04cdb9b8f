//! The restoring beam: an elliptical Gaussian fitted to the main lobe of the PSF.
//!
//! With x and y in pixels from the center, the lobe is modelled as exp(−(a x² + 2 b x y + c y²)), of value 1 at the
//! center pixel; a, b and c follow by least squares (Levenberg–Marquardt as in Moré 1978) over the pixels of the
//! lobe. In direction cosines (l = −x, m = y) the quadratic form has −b in place of b; its eigenvalue λ belongs to an
//! axis of full width at half maximum 2 √(ln 2 / λ), and the smaller one's eigenvector is the major axis.

use crate::Error;
use levenberg_marquardt::{LeastSquaresProblem, LevenbergMarquardt};
use nalgebra::{Dyn, Matrix3, OMatrix, OVector, U3, Vector3};
use ndarray::Array2;
use std::{
    collections::VecDeque,
    f64::consts::{LN_2, PI},
};
use types::{Beam, ImageGeometry};

/// Lobe pixels lie above this fraction of the peak.
const THRESHOLD: f64 = 0.35;
/// Narrowest beam that is accepted, pixels: below, the pixels beside the center hold less than 6 % of the peak.
const LEAST_FWHM_PX: f64 = 1.0;
/// Lobes of more pixels are fitted on a coarser raster.
const MANY_PIXELS: usize = 100_000;

/// Fits the restoring beam to a PSF `[ny, nx]` whose peak is the center pixel of `geometry`.
///
/// The fit takes the pixels above 0.35 of the peak that a descending path connects to it, and the eight neighbors of
/// the center in any case, so that beams of two pixels, or of one, still have data. Center and height are held. The
/// axes are in radians with `bmaj_rad ≥ bmin_rad`, the angle from North through East with 0 ≤ `bpa_rad` < π.
///
/// # Errors
/// When shapes disagree, the PSF has no peak at its center, the beam is narrower than a pixel, or the main lobe does
/// not fall off on all sides.
pub fn fit_beam<T: Into<f64> + Copy>(psf: &Array2<T>, geometry: &ImageGeometry) -> Result<Beam, Error> {
    let (got_ny, got_nx) = psf.dim();
    let (nx, ny) = (geometry.nx, geometry.ny);
    if (got_nx, got_ny) != (nx, ny) {
        return Err(Error::Shape { what: "the PSF".to_owned(), nx, ny, got_nx, got_ny });
    }
    if nx < 3 || ny < 3 {
        return Err(Error::TooSmall { nx, ny });
    }
    let lobe = lobe(psf, geometry)?;
    let start = log_fit(&lobe).ok_or(Error::OpenLobe)?;
    let (fitted, report) = LevenbergMarquardt::new().minimize(LobeFit { lobe: &lobe, form: start });
    if !report.termination.was_successful() && !report.termination.was_usage_issue() {
        let reason = format!("{:?}", report.termination);
        return Err(Error::NotConverged { what: "the beam", reason });
    }
    let beam = beam_of(fitted.form, geometry.cell_rad)?;
    let closed = beam.bmaj_rad < nx.max(ny) as f64 * geometry.cell_rad;
    if closed { Ok(beam) } else { Err(Error::OpenLobe) }
}

/// A pixel of the lobe: offset from the center in pixels, value over the peak.
struct LobePixel {
    x: f64,
    y: f64,
    value: f64,
}

fn lobe<T: Into<f64> + Copy>(psf: &Array2<T>, geometry: &ImageGeometry) -> Result<Vec<LobePixel>, Error> {
    let (cx, cy) = geometry.center();
    let peak: f64 = psf[[cy, cx]].into();
    let ring: Vec<f64> = neighbors((cx, cy), psf.dim()).map(|(x, y)| psf[[y, x]].into()).collect();
    let neighbor = ring.iter().copied().fold(f64::NEG_INFINITY, |a, b| if b.is_nan() { b } else { a.max(b) });
    if !(peak > 0.0 && peak.is_finite() && ring.iter().all(|&v| v.is_finite() && v <= peak)) {
        return Err(Error::NoPeak { x: cx, y: cy, value: peak, neighbor });
    }
    for opposite in [[psf[[cy, cx - 1]], psf[[cy, cx + 1]]], [psf[[cy - 1, cx]], psf[[cy + 1, cx]]]] {
        check_width(opposite.map(|v| v.into() / peak))?;
    }
    let members = flood(psf, (cx, cy), THRESHOLD * peak);
    // A coarser raster through the center keeps the shape of a lobe that has pixels to spare.
    let step = (members.len() as f64 / MANY_PIXELS as f64).sqrt().ceil().max(1.0) as usize;
    let on_raster = |&(x, y): &(usize, usize)| x.abs_diff(cx) % step == 0 && y.abs_diff(cy) % step == 0;
    let pixel = |(x, y): (usize, usize)| LobePixel {
        x: x as f64 - cx as f64,
        y: y as f64 - cy as f64,
        value: psf[[y, x]].into() / peak,
    };
    Ok(members.into_iter().filter(on_raster).map(pixel).collect())
}

/// Refuses a lobe that has fallen off within a pixel: what is left beside the center are sidelobes.
fn check_width(opposite: [f64; 2]) -> Result<(), Error> {
    let beside = opposite[0].max(opposite[1]).max(0.0);
    // ln 0 gives a width of 0; the peak itself, ln 1, any width.
    let fwhm_px = 2.0 * (LN_2 / -beside.ln()).sqrt();
    let narrow = fwhm_px < LEAST_FWHM_PX;
    if narrow { Err(Error::CellTooCoarse { fwhm_px, least_px: LEAST_FWHM_PX }) } else { Ok(()) }
}

/// The pixels above `threshold` that descending steps reach from the center, and the center's neighbors.
fn flood<T: Into<f64> + Copy>(
    psf: &Array2<T>,
    center: (usize, usize),
    threshold: f64,
) -> Vec<(usize, usize)> {
    let value = |(x, y): (usize, usize)| -> f64 { psf[[y, x]].into() };
    let mut seen = std::collections::HashSet::from([center]);
    let mut members = vec![center];
    let mut queue = VecDeque::from([center]);
    while let Some(from) = queue.pop_front() {
        for to in neighbors(from, psf.dim()) {
            let down = value(to) > threshold && value(to) <= value(from);
            if (down || from == center) && seen.insert(to) {
                members.push(to);
                if down {
                    queue.push_back(to);
                }
            }
        }
    }
    members
}

fn neighbors((x, y): (usize, usize), (ny, nx): (usize, usize)) -> impl Iterator<Item = (usize, usize)> {
    let around = |i: usize, n: usize| i.saturating_sub(1)..(i + 2).min(n);
    around(y, ny).flat_map(move |j| around(x, nx).map(move |i| (i, j))).filter(move |&p| p != (x, y))
}

/// Start values (a, b, c): the linear fit of −ln value, weighted by value² to undo what the logarithm does to errors.
fn log_fit(lobe: &[LobePixel]) -> Option<Vector3<f64>> {
    let (mut normal, mut right) = (Matrix3::zeros(), Vector3::zeros());
    for p in lobe.iter().filter(|p| p.value > 1e-6) {
        let row = p.quadratic();
        let weight = p.value * p.value;
        normal += weight * row * row.transpose();
        right -= weight * p.value.ln() * row;
    }
    let form = normal.lu().solve(&right).filter(positive_definite);
    // Too few positive pixels, or a lobe like a roof: a round start with the lobe's number of pixels above one half.
    let above = lobe.iter().filter(|p| p.value >= 0.5).count() as f64;
    form.or_else(|| Some(Vector3::new(PI * LN_2 / above, 0.0, PI * LN_2 / above)))
}

fn positive_definite(form: &Vector3<f64>) -> bool {
    form[0] > 0.0
        && form[2] > 0.0
        && form[0] * form[2] > form[1] * form[1]
        && form.iter().all(|v| v.is_finite())
}

impl LobePixel {
    /// Factors of (a, b, c) in the exponent.
    fn quadratic(&self) -> Vector3<f64> {
        Vector3::new(self.x * self.x, 2.0 * self.x * self.y, self.y * self.y)
    }

    fn model(&self, form: &Vector3<f64>) -> f64 {
        (-self.quadratic().dot(form)).exp()
    }
}

struct LobeFit<'a> {
    lobe: &'a [LobePixel],
    form: Vector3<f64>,
}

impl LeastSquaresProblem<f64, Dyn, U3> for LobeFit<'_> {
    type ResidualStorage = nalgebra::storage::Owned<f64, Dyn>;
    type JacobianStorage = nalgebra::storage::Owned<f64, Dyn, U3>;
    type ParameterStorage = nalgebra::storage::Owned<f64, U3>;

    fn set_params(&mut self, form: &Vector3<f64>) {
        self.form = *form;
    }

    fn params(&self) -> Vector3<f64> {
        self.form
    }

    fn residuals(&self) -> Option<OVector<f64, Dyn>> {
        let residual = |p: &LobePixel| p.model(&self.form) - p.value;
        Some(OVector::<f64, Dyn>::from_iterator(self.lobe.len(), self.lobe.iter().map(residual)))
    }

    fn jacobian(&self) -> Option<OMatrix<f64, Dyn, U3>> {
        let rows = self.lobe.iter().map(|p| (p.quadratic() * -p.model(&self.form)).transpose());
        Some(OMatrix::<f64, Dyn, U3>::from_rows(&rows.collect::<Vec<_>>()))
    }
}

fn beam_of(form: Vector3<f64>, cell_rad: f64) -> Result<Beam, Error> {
    if !positive_definite(&form) {
        return Err(Error::OpenLobe);
    }
    let (ll, lm, mm) = (form[0], -form[1], form[2]);
    let (mean, spread) = ((ll + mm) / 2.0, ((ll - mm) / 2.0).hypot(lm));
    let fwhm_px = |lambda: f64| 2.0 * (LN_2 / lambda).sqrt();
    let least = fwhm_px(mean + spread);
    if least < LEAST_FWHM_PX {
        return Err(Error::CellTooCoarse { fwhm_px: least, least_px: LEAST_FWHM_PX });
    }
    // (l, m) = (sin bpa, cos bpa) makes the form smallest: tan 2 bpa = −2 lm / (ll − mm) in the right quadrant.
    let bpa_rad = 0.5 * (-2.0 * lm).atan2(ll - mm);
    let bpa_rad = if bpa_rad < 0.0 { bpa_rad + PI } else { bpa_rad };
    Ok(Beam {
        // The determinant over the large eigenvalue: no cancellation for elongated beams.
        bmaj_rad: fwhm_px((ll * mm - lm * lm) / (mean + spread)) * cell_rad,
        bmin_rad: least * cell_rad,
        bpa_rad: if bpa_rad >= PI { 0.0 } else { bpa_rad },
    })
}
