//! The joint source fit on synthetic dirty images, whose truth is exact at any sub-pixel position.

use crate::array::{Array, CELL};
use facette_image::{Error, FittedSource, Response, fit_sources};
use ndarray::Array2;
use types::{Gaussian, ImageGeometry, SkySource};

/// A sky: true position in pixels, flux, shape.
type Truth = ((f64, f64), f64, Option<Gaussian>);

struct Case {
    array: Array,
    geometry: ImageGeometry,
    truth: Vec<Truth>,
    /// Positions from which the fit starts, pixels.
    starts: Vec<(f64, f64)>,
    responses: Vec<Array2<f64>>,
}

impl Case {
    /// With starts off the truth by `offset`, of alternating sign, so that neighbors start wrong differently.
    fn new(array: Array, truth: Vec<Truth>, offset: (f64, f64)) -> Case {
        let sign = |k: usize| if k.is_multiple_of(2) { 1.0 } else { -1.0 };
        let start = |(k, t): (usize, &Truth)| (t.0.0 + sign(k) * offset.0, t.0.1 + sign(k) * offset.1);
        let starts = truth.iter().enumerate().map(start).collect();
        let geometry = ImageGeometry { nx: 128, ny: 121, cell_rad: CELL };
        let mut case = Case { array, geometry, truth, starts, responses: Vec::new() };
        let unit =
            case.starts.iter().zip(&case.truth).map(|(&at, t)| case.image(std::iter::once((at, 1.0, t.2))));
        case.responses = unit.collect();
        case
    }

    fn image(&self, parts: impl Iterator<Item = Truth>) -> Array2<f64> {
        let mut image = Array2::zeros((self.geometry.ny, self.geometry.nx));
        parts.for_each(|(at, flux, shape)| self.array.add(&mut image, at, flux, shape));
        image
    }

    fn fit(&self, dirty: &Array2<f64>) -> Vec<FittedSource> {
        let start = |(&(x, y), t): (&(f64, f64), &Truth)| {
            let (l, m) = (self.geometry.l(x), self.geometry.m(y));
            SkySource { l, m, flux_jy: 0.0, gaussian: t.2 }
        };
        let starts = self.starts.iter().zip(&self.truth).map(start);
        let responses: Vec<_> =
            starts.zip(&self.responses).map(|(start, image)| Response { start, image }).collect();
        fit_sources(dirty, &self.geometry, &responses, 6).unwrap()
    }

    fn dirty(&self) -> Array2<f64> {
        self.image(self.truth.iter().copied())
    }

    /// Largest relative flux error and largest position error in pixels.
    fn worst(&self, fitted: &[FittedSource]) -> (f64, f64) {
        self.truth.iter().zip(fitted).fold((0.0, 0.0), |worst: (f64, f64), (t, f)| {
            let (x, y) = self.geometry.xy(f.source.l, f.source.m);
            assert!((x - f.x).abs() < 1e-9 && (y - f.y).abs() < 1e-9 && f.source.gaussian == t.2);
            let position = (f.x - t.0.0).hypot(f.y - t.0.1);
            ((f.source.flux_jy / t.1 - 1.0).abs().max(worst.0), position.max(worst.1))
        })
    }
}

fn overlapping() -> Vec<Truth> {
    let shape = Gaussian { fwhm_major_rad: 6.0 * CELL, fwhm_minor_rad: 2.5 * CELL, pa_rad: 0.7 };
    vec![
        ((60.3, 58.8), 1.0, None),
        ((63.9, 60.1), 0.4, None),
        ((58.2, 64.6), 0.7, Some(shape)),
        ((30.5, 90.5), 0.02, None),
        ((100.0, 20.0), 3.0, None),
    ]
}

#[test]
fn overlapping_sources_off_the_grid_come_back_without_noise() {
    for (name, array) in [
        ("disc, 3.4 pixels", Array::disc(400, 0.15, 1)),
        ("disc, 6 pixels", Array::disc(400, 0.085, 2)),
        ("Gaussian, 3 pixels", Array::gaussian(1500, 3.0, 3)),
        ("Gaussian, 4 pixels", Array::gaussian(1500, 4.0, 4)),
    ] {
        for offset in [(0.02, -0.03), (0.3, 0.45), (-0.8, 0.6)] {
            let array = array.clone();
            let case = Case::new(array, overlapping(), offset);
            let (flux, position) = case.worst(&case.fit(&case.dirty()));
            assert!(
                flux < 1e-4 && position < 1e-3,
                "{name}, starts off by {offset:?}: {flux:.1e} {position:.1e} px"
            );
        }
    }
}

#[test]
fn a_start_off_by_a_pixel_and_a_half_still_arrives() {
    let truth = vec![((64.2, 60.7), 1.0, None), ((40.1, 33.3), -0.5, None)];
    let case = Case::new(Array::gaussian(1500, 4.0, 6), truth, (1.5, -1.5));
    let (flux, position) = case.worst(&case.fit(&case.dirty()));
    assert!(flux < 1e-4 && position < 1e-3, "{flux:.1e} {position:.1e}");
}

#[test]
fn sources_at_the_edge_use_what_is_there() {
    let truth = vec![((5.3, 60.2), 1.0, None), ((120.6, 114.4), 1.0, None), ((64.0, 60.0), 1.0, None)];
    let case = Case::new(Array::gaussian(1500, 4.0, 7), truth, (0.05, 0.05));
    let (flux, position) = case.worst(&case.fit(&case.dirty()));
    assert!(flux < 2e-3 && position < 5e-3, "{flux:.1e} {position:.1e}");
}

#[test]
fn standard_errors_are_those_of_many_fits() {
    let truth = vec![((60.3, 58.8), 1.0, None), ((66.1, 60.1), 0.5, None), ((30.5, 80.5), 0.2, None)];
    let case = Case::new(Array::gaussian(600, 3.5, 8), truth, (0.1, -0.1));
    let clean = case.dirty();
    let (rms, n_run) = (0.01, 40);
    let mut pulls = [0.0; 3];
    let mut flux_err = 0.0;
    for seed in 0..n_run {
        let mut dirty = clean.clone();
        case.array.add_noise(&mut dirty, rms, 100 + seed);
        for (t, f) in case.truth.iter().zip(case.fit(&dirty)) {
            assert!(f.flux_err_jy > 0.0 && f.pos_err_px > 0.0);
            pulls[0] += ((f.source.flux_jy - t.1) / f.flux_err_jy).powi(2);
            pulls[1] += ((f.x - t.0.0) / f.pos_err_px).powi(2);
            pulls[2] += ((f.y - t.0.1) / f.pos_err_px).powi(2);
            flux_err += f.flux_err_jy;
        }
    }
    let n = 3.0 * n_run as f64;
    // 120 squared pulls of mean 1 scatter by 0.13; pos_err is the worse of the two axes, hence the lower floor.
    let mean = pulls.map(|p| p / n);
    assert!((0.6..1.5).contains(&mean[0]), "flux {mean:?}");
    assert!((0.45..1.5).contains(&mean[1]) && (0.45..1.5).contains(&mean[2]), "position {mean:?}");
    assert!((0.8..1.6).contains(&(flux_err / n / rms)), "flux error over rms {}", flux_err / n / rms);
}

#[test]
fn pixels_that_are_not_finite_do_not_count() {
    let case = Case::new(Array::gaussian(800, 4.0, 9), vec![((60.3, 58.8), 1.0, None)], (0.1, 0.2));
    let mut dirty = case.dirty();
    dirty[[58, 61]] = f64::NAN;
    dirty[[60, 58]] = f64::INFINITY;
    let (flux, position) = case.worst(&case.fit(&dirty));
    assert!(flux < 1e-4 && position < 1e-3, "{flux:.1e} {position:.1e}");
}

#[test]
fn an_empty_sky_has_no_flux_and_says_nothing_of_positions() {
    let case = Case::new(Array::gaussian(800, 4.0, 10), vec![((60.3, 58.8), 1.0, None)], (0.0, 0.0));
    let f = case.fit(&Array2::zeros((121, 128)))[0];
    assert_eq!(f.source.flux_jy, 0.0);
    assert!(f.pos_err_px.is_infinite());
}

#[test]
fn impossible_fits_are_refused() {
    let g = ImageGeometry { nx: 64, ny: 64, cell_rad: CELL };
    let mut image = Array2::zeros((64, 64));
    Array::gaussian(800, 4.0, 11).add(&mut image, (32.0, 32.0), 1.0, None);
    let at = |l: f64, m: f64| SkySource { l, m, flux_jy: 1.0, gaussian: None };
    let fit = |dirty: &Array2<f64>, starts: &[SkySource], half: usize| {
        let responses: Vec<_> = starts.iter().map(|&start| Response { start, image: &image }).collect();
        fit_sources(dirty, &g, &responses, half)
    };
    let one = [at(0.0, 0.0)];
    assert_eq!(fit(&image, &[], 6), Ok(Vec::new()));
    assert!(matches!(fit(&Array2::zeros((64, 63)), &one, 6), Err(Error::Shape { .. })));
    assert!(matches!(fit(&image, &[at(0.5, 0.0)], 6), Err(Error::Response { .. })));
    assert!(matches!(fit(&image, &[at(f64::NAN, 0.0)], 6), Err(Error::Response { .. })));
    assert!(matches!(fit(&image, &one, 0), Err(Error::TooFewPixels { .. })));
    assert!(matches!(fit(&Array2::from_elem((64, 64), f64::NAN), &one, 6), Err(Error::TooFewPixels { .. })));
    assert!(matches!(fit(&image, &[one[0], one[0]], 6), Err(Error::Degenerate)));
}
