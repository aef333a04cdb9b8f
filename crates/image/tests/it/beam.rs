//! The beam fit against ellipses made in (l, m) and against PSFs of synthetic arrays.

use crate::array::{Array, CELL, psf};
use facette_image::{Error, fit_beam};
use ndarray::Array2;
use std::f64::consts::{LN_2, PI};
use types::{Beam, ImageGeometry};

fn geometry(nx: usize, ny: usize) -> ImageGeometry {
    ImageGeometry { nx, ny, cell_rad: CELL }
}

/// An elliptical Gaussian in direction cosines: its major axis points to (l, m) = (sin bpa, cos bpa).
fn ellipse(beam: Beam, g: &ImageGeometry) -> Array2<f64> {
    let (sin, cos) = beam.bpa_rad.sin_cos();
    Array2::from_shape_fn((g.ny, g.nx), |(y, x)| {
        let (l, m) = (g.l(x as f64), g.m(y as f64));
        let (major, minor) = (l * sin + m * cos, l * cos - m * sin);
        (-4.0 * LN_2 * ((major / beam.bmaj_rad).powi(2) + (minor / beam.bmin_rad).powi(2))).exp()
    })
}

fn angle_between(a: f64, b: f64) -> f64 {
    ((a - b + PI / 2.0).rem_euclid(PI) - PI / 2.0).abs()
}

#[test]
fn ellipses_come_back_at_every_angle_and_width() {
    for (nx, ny) in [(64, 64), (65, 63), (64, 41)] {
        let g = geometry(nx, ny);
        for (major, minor) in [(12.0, 4.0), (5.0, 3.5), (2.5, 2.0), (2.0, 1.5), (1.3, 1.1)] {
            for degrees in [0.0_f64, 1.0, 30.0, 45.0, 89.0, 90.0, 120.0, 135.0, 179.0] {
                let bpa_rad = degrees.to_radians();
                let want = Beam { bmaj_rad: major * CELL, bmin_rad: minor * CELL, bpa_rad };
                let got = fit_beam(&ellipse(want, &g), &g).unwrap();
                assert!((got.bmaj_rad - want.bmaj_rad).abs() < 1e-6 * CELL, "{want:?} {got:?}");
                assert!((got.bmin_rad - want.bmin_rad).abs() < 1e-6 * CELL, "{want:?} {got:?}");
                assert!(angle_between(got.bpa_rad, bpa_rad) < 1e-6, "{want:?} {got:?}");
                assert!((0.0..PI).contains(&got.bpa_rad));
            }
        }
    }
}

#[test]
fn a_lobe_that_leans_to_the_east_has_a_positive_angle() {
    // x grows to the West: North-East is up and to the left.
    let g = geometry(33, 33);
    let mut image = Array2::<f32>::zeros((33, 33));
    for i in -2_i32..=2 {
        let value = (-0.15 * f64::from(i * i)).exp() as f32;
        image[[(16 + i) as usize, (16 - i) as usize]] = value;
        for (dx, dy) in [(1, 0), (0, 1), (-1, 0), (0, -1)] {
            let p = &mut image[[(16 + i + dy) as usize, (16 - i + dx) as usize]];
            *p = p.max(0.3 * value);
        }
    }
    let beam = fit_beam(&image, &g).unwrap();
    assert!(angle_between(beam.bpa_rad, PI / 4.0) < 0.02 && beam.bmaj_rad > 1.3 * beam.bmin_rad, "{beam:?}");
}

#[test]
fn psf_of_an_array_gives_its_beam_in_single_precision_too() {
    for fwhm in [2.0, 3.0, 6.0] {
        let g = geometry(64, 64);
        let image = psf(&Array::gaussian(20_000, fwhm, 5), &g);
        for beam in [fit_beam(&image, &g).unwrap(), fit_beam(&image.mapv(|v| v as f32), &g).unwrap()] {
            for width in [beam.bmaj_rad, beam.bmin_rad] {
                // The narrowest is widened by what lies outside the Nyquist band.
                assert!((width / CELL / fwhm - 1.0).abs() < 0.08, "{fwhm}: {beam:?}");
            }
        }
    }
}

#[test]
fn sidelobes_above_the_threshold_do_not_count() {
    let g = geometry(64, 64);
    let want = Beam { bmaj_rad: 5.0 * CELL, bmin_rad: 4.0 * CELL, bpa_rad: 0.5 };
    let mut image = ellipse(want, &g);
    let lobe = image.clone();
    // The valley between the lobes lies above the threshold, too.
    let shift = 7;
    for y in 0..64 - shift {
        for x in 0..64 {
            image[[y + shift, x]] += 0.8 * lobe[[y, x]];
        }
    }
    assert!((32..=39).all(|y| image[[y, 32]] > 0.35));
    let got = fit_beam(&image, &g).unwrap();
    assert!((got.bmaj_rad / want.bmaj_rad - 1.0).abs() < 0.25, "{got:?}");
}

#[test]
fn a_beam_of_many_pixels_is_fitted_on_a_raster() {
    let g = geometry(1200, 1200);
    let want = Beam { bmaj_rad: 500.0 * CELL, bmin_rad: 300.0 * CELL, bpa_rad: 2.0 };
    let got = fit_beam(&ellipse(want, &g), &g).unwrap();
    assert!(
        (got.bmaj_rad / want.bmaj_rad - 1.0).abs() < 1e-6 && angle_between(got.bpa_rad, 2.0) < 1e-6,
        "{got:?}"
    );
}

#[test]
fn what_has_no_beam_is_refused() {
    let g = geometry(32, 32);
    let beam = Beam { bmaj_rad: 4.0 * CELL, bmin_rad: 3.0 * CELL, bpa_rad: 0.0 };
    let good = ellipse(beam, &g);
    let change = |at: [usize; 2], value: f64| {
        let mut image = good.clone();
        image[at] = value;
        fit_beam(&image, &g).unwrap_err()
    };
    assert!(matches!(fit_beam(&Array2::<f32>::zeros((32, 32)), &g).unwrap_err(), Error::NoPeak { .. }));
    assert!(matches!(change([16, 16], f64::NAN), Error::NoPeak { .. }));
    assert!(matches!(change([16, 17], f64::NAN), Error::NoPeak { .. }));
    assert!(matches!(change([17, 17], 1.5), Error::NoPeak { .. }));
    assert!(matches!(fit_beam(&good, &geometry(32, 33)).unwrap_err(), Error::Shape { .. }));
    for (nx, ny) in [(1, 1), (2, 32), (32, 2)] {
        let error = fit_beam(&Array2::from_elem((ny, nx), 1.0), &geometry(nx, ny)).unwrap_err();
        assert!(matches!(error, Error::TooSmall { .. }), "{error:?}");
        assert!(error.to_string().starts_with(&format!("the PSF has {nx} × {ny} pixels")), "{error}");
    }
    assert!(matches!(fit_beam(&Array2::from_elem((32, 32), 1.0), &g).unwrap_err(), Error::OpenLobe));
    let mut spike = Array2::<f64>::zeros((32, 32));
    spike[[16, 16]] = 1.0;
    let coarse = fit_beam(&spike, &g).unwrap_err();
    assert!(matches!(coarse, Error::CellTooCoarse { .. }), "{coarse}");
    assert!(coarse.to_string().contains("a cell of a third"));
    // A ridge through the image, as one baseline gives.
    let ridge = Array2::from_shape_fn((32, 32), |(y, _)| (0.3 * (y as f64 - 16.0)).cos());
    assert!(matches!(fit_beam(&ridge, &g).unwrap_err(), Error::OpenLobe));
}
