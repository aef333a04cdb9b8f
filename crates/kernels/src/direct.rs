//! Direct Fourier sums in double precision: the naive twins that every gridder is checked against.
//!
//! Idea: write the measurement equation and its adjoint as they stand, one sine and cosine per visibility and pixel.
//!
//! ```text
//! V(u, v, w) = Σ I(l, m) exp(+2πi ν/c (u l + v m + w (n − 1)))                                       (1)
//! D(l, m)    = Σ weight · Re[V exp(−2πi ν/c (u l + v m + w (n − 1)))]                                 (2)
//! ```
//!
//! (Thompson, Moran & Swenson 2017, eq. 3.7; no division by n, no normalisation.) Pixels lie at
//! [`ImageGeometry::l`], [`ImageGeometry::m`]; pixels outside the unit circle are zero and ignored.
//!
//! ```text
//! for each pixel:  for each row, channel:  D += weight · (Re V · cos φ + Im V · sin φ)
//! ```
//!
//! Optimisations: 1. none in [`image`], [`image_at`] and [`predict_image`] but parallel pixels or rows, each summed in
//! a fixed order; 2. [`predict_sources`], which also serves the simulator, takes sine and cosine from the vectorised
//! series of `arch` (absolute error below 1e-15).
//!
//! | symbol | code |
//! | --- | --- |
//! | φ / 2π | `delay_s · freq_hz`, turns |
//! | (u l + v m + w (n − 1)) / c | `delay_s` |

use crate::Real;
use crate::arch::{Isa, Job, SimdLevel, dispatch, sin_cos_turns};
use ndarray::Array2;
use rayon::prelude::*;
use std::f64::consts::{LN_2, PI, TAU};
use types::{Complex64, Gaussian, ImageGeometry, Lmn, SPEED_OF_LIGHT_M_S, SkySource, StokesVis};

/// Dirty image D of equation (2), shape `[ny, nx]`, not normalised; samples of weight zero are not looked at.
pub fn image<T: Real>(vis: &StokesVis<T>, geometry: &ImageGeometry) -> Array2<f64> {
    let lm: Vec<_> = (0..geometry.ny).flat_map(|y| (0..geometry.nx).map(move |x| (x, y))).collect();
    let lm: Vec<_> = lm.iter().map(|&(x, y)| (geometry.l(x as f64), geometry.m(y as f64))).collect();
    let pixels = image_at(vis, &lm);
    Array2::from_shape_vec((geometry.ny, geometry.nx), pixels).unwrap_or_default()
}

/// Dirty image D of equation (2) at the directions `lm`; zero outside the unit circle.
pub fn image_at<T: Real>(vis: &StokesVis<T>, lm: &[(f64, f64)]) -> Vec<f64> {
    lm.par_iter().map(|&(l, m)| Lmn::new(l, m).map_or(0.0, |lmn| pixel(vis, lmn))).collect()
}

fn pixel<T: Real>(vis: &StokesVis<T>, lmn: Lmn) -> f64 {
    let n_chan = vis.freq_hz.len();
    let mut sum = 0.0;
    for (row, uvw) in vis.uvw_m.iter().enumerate() {
        let delay_s = delay_s(uvw, lmn);
        for (chan, freq_hz) in vis.freq_hz.iter().enumerate() {
            let (weight, v) = (vis.weight_rf[row * n_chan + chan], vis.vis_rf[row * n_chan + chan]);
            if weight != T::zero() {
                let (sin, cos) = (TAU * (delay_s * freq_hz).fract()).sin_cos();
                sum += weight.to_double() * (v.re.to_double() * cos + v.im.to_double() * sin);
            }
        }
    }
    sum
}

/// (u l + v m + w (n − 1)) / c in seconds.
fn delay_s(uvw_m: &[f64; 3], lmn: Lmn) -> f64 {
    (uvw_m[0] * lmn.l + uvw_m[1] * lmn.m + uvw_m[2] * lmn.n_minus_1) / SPEED_OF_LIGHT_M_S
}

/// Visibilities of equation (1) of an image of pixel fluxes, shape `[ny, nx]`; returns `[row][frequency]`.
///
/// # Panics
/// When the image's shape is not that of `geometry`.
pub fn predict_image(
    image: &Array2<f64>,
    geometry: &ImageGeometry,
    uvw_m: &[[f64; 3]],
    freq_hz: &[f64],
) -> Vec<Complex64> {
    assert_eq!(image.dim(), (geometry.ny, geometry.nx), "image and geometry differ");
    let pixels: Vec<(Lmn, f64)> = (image.indexed_iter().filter(|(_, flux)| **flux != 0.0))
        .filter_map(|((y, x), &flux)| Some((Lmn::new(geometry.l(x as f64), geometry.m(y as f64))?, flux)))
        .collect();
    let sample = |uvw: &[f64; 3], freq_hz: f64| -> Complex64 {
        let turns = |lmn| (delay_s(uvw, lmn) * freq_hz).fract();
        pixels.iter().map(|&(lmn, flux)| Complex64::from_polar(flux, TAU * turns(lmn))).sum()
    };
    let row = |uvw| freq_hz.iter().map(move |&f| sample(uvw, f));
    uvw_m.par_iter().flat_map_iter(row).collect()
}

/// Visibilities of point and Gaussian sources; returns `[row][frequency]`.
///
/// A Gaussian is an elliptical Gaussian in (l, m); its transform is the source's phase at the centre times the
/// transform of the envelope at the local frequency (u − w l/n, v − w m/n), the gradient of the phase in (l, m).
/// What is neglected is the curvature of n over the source, of relative size π w θ²/4 for a width θ. Sources
/// outside the unit circle give nothing.
pub fn predict_sources(sources: &[SkySource], uvw_m: &[[f64; 3]], freq_hz: &[f64]) -> Vec<Complex64> {
    let n_chan = freq_hz.len();
    let mut vis = vec![Complex64::ZERO; uvw_m.len() * n_chan];
    if vis.is_empty() {
        return vis;
    }
    let sources: Vec<(SkySource, Lmn)> =
        sources.iter().filter_map(|s| Some((*s, Lmn::new(s.l, s.m)?))).collect();
    let level = SimdLevel::detect();
    vis.par_chunks_mut(n_chan).zip(uvw_m).for_each(|(row, uvw_m)| {
        dispatch(level, AddSources { sources: &sources, uvw_m, freq_hz, row });
    });
    vis
}

/// Visibilities of polarised sources with spectra, in Stokes parameters; returns `[row][stokes][frequency]`.
///
/// `flux_jy` holds each source's flux density, Jy, `[source][stokes][frequency]` with `n_stokes` parameters; the flux
/// density within `sources` is not looked at. Otherwise as [`predict_sources`].
///
/// # Panics
/// When `flux_jy` has not `sources × n_stokes × frequencies` values.
pub fn predict_stokes(
    sources: &[SkySource],
    flux_jy: &[f64],
    n_stokes: usize,
    uvw_m: &[[f64; 3]],
    freq_hz: &[f64],
) -> Vec<Complex64> {
    let n = n_stokes * freq_hz.len();
    assert_eq!(
        flux_jy.len(),
        sources.len() * n,
        "as many flux densities as sources, parameters and channels"
    );
    let mut vis = vec![Complex64::ZERO; uvw_m.len() * n];
    if vis.is_empty() {
        return vis;
    }
    let spectra = sources.iter().zip(flux_jy.chunks_exact(n));
    let sources: Vec<(SkySource, Lmn, &[f64])> =
        spectra.filter_map(|(s, flux)| Some((*s, Lmn::new(s.l, s.m)?, flux))).collect();
    let level = SimdLevel::detect();
    vis.par_chunks_mut(n).zip(uvw_m).for_each(|(row, uvw_m)| {
        dispatch(level, AddStokes { sources: &sources, uvw_m, freq_hz, row });
    });
    vis
}

/// Adds sources with spectra to one row of visibilities.
struct AddStokes<'a> {
    sources: &'a [(SkySource, Lmn, &'a [f64])],
    uvw_m: &'a [f64; 3],
    freq_hz: &'a [f64],
    row: &'a mut [Complex64],
}

impl Job for AddStokes<'_> {
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(self) {
        let n_chan = self.freq_hz.len();
        let mut phasor = vec![Complex64::ZERO; n_chan];
        for (source, lmn, flux) in self.sources {
            let delay_s = delay_s(self.uvw_m, *lmn);
            let decay_s2 = source.gaussian.map_or(0.0, |g| envelope_decay_s2(&g, *lmn, self.uvw_m));
            for (p, &freq_hz) in phasor.iter_mut().zip(self.freq_hz) {
                let (sin, cos) = sin_cos_turns::<I, f64>(delay_s * freq_hz);
                let height = envelope(decay_s2, freq_hz);
                *p = Complex64::new(cos * height, sin * height);
            }
            for (vis_f, flux_f) in self.row.chunks_exact_mut(n_chan).zip(flux.chunks_exact(n_chan)) {
                for ((v, p), flux_jy) in vis_f.iter_mut().zip(&phasor).zip(flux_f) {
                    v.re += flux_jy * p.re;
                    v.im += flux_jy * p.im;
                }
            }
        }
    }
}

/// Adds the sources to one row of visibilities.
struct AddSources<'a> {
    sources: &'a [(SkySource, Lmn)],
    uvw_m: &'a [f64; 3],
    freq_hz: &'a [f64],
    row: &'a mut [Complex64],
}

impl Job for AddSources<'_> {
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(self) {
        for (source, lmn) in self.sources {
            let delay_s = delay_s(self.uvw_m, *lmn);
            let decay_s2 = source.gaussian.map_or(0.0, |g| envelope_decay_s2(&g, *lmn, self.uvw_m));
            for (v, &freq_hz) in self.row.iter_mut().zip(self.freq_hz) {
                let (sin, cos) = sin_cos_turns::<I, f64>(delay_s * freq_hz);
                v.re += source.flux_jy * cos * envelope(decay_s2, freq_hz);
                v.im += source.flux_jy * sin * envelope(decay_s2, freq_hz);
            }
        }
    }
}

#[inline(always)]
fn envelope(decay_s2: f64, freq_hz: f64) -> f64 {
    if decay_s2 == 0.0 { 1.0 } else { (-decay_s2 * freq_hz * freq_hz).exp() }
}

/// k of the envelope exp(−k ν²): the transform of exp(−4 ln 2 r²/θ²), normalised, is exp(−π² θ² q²/(4 ln 2)).
fn envelope_decay_s2(gaussian: &Gaussian, lmn: Lmn, uvw_m: &[f64; 3]) -> f64 {
    // On the horizon the gradient diverges: such a source is resolved out by any w.
    let n = (1.0 + lmn.n_minus_1).max(1e-9);
    let (u, v) = (uvw_m[0] - uvw_m[2] * lmn.l / n, uvw_m[1] - uvw_m[2] * lmn.m / n);
    let (sin, cos) = gaussian.pa_rad.sin_cos();
    let along = (u * sin + v * cos) * gaussian.fwhm_major_rad;
    let across = (u * cos - v * sin) * gaussian.fwhm_minor_rad;
    PI * PI / (4.0 * LN_2) * (along * along + across * across) / SPEED_OF_LIGHT_M_S.powi(2)
}

#[cfg(test)]
mod tests {
    use super::*;
    use num_complex::Complex;
    use testkit::rms_rel_err;

    const GEOMETRY: ImageGeometry = ImageGeometry { nx: 9, ny: 6, cell_rad: 2e-3 };
    const UVW_M: [[f64; 3]; 3] = [[100.0, -30.0, 44.0], [-61.0, 7.0, -250.0], [0.0, 0.0, 0.0]];
    const FREQ_HZ: [f64; 2] = [1.0e9, 1.3e9];

    fn source(l: f64, m: f64, flux_jy: f64) -> SkySource {
        SkySource { l, m, flux_jy, gaussian: None }
    }

    fn vis_of(vis_rf: Vec<Complex64>) -> StokesVis<f64> {
        let weight_rf = (0..vis_rf.len()).map(|i| 1.0 + i as f64 / 4.0).collect();
        StokesVis { i_chunk: 0, freq_hz: FREQ_HZ.into(), uvw_m: UVW_M.to_vec(), vis_rf, weight_rf }
    }

    #[test]
    fn a_source_at_the_center_is_its_flux_everywhere() {
        for v in predict_sources(&[source(0.0, 0.0, 2.5)], &UVW_M, &FREQ_HZ) {
            assert_eq!(v, Complex64::new(2.5, 0.0));
        }
    }

    #[test]
    fn the_sign_is_that_of_the_convention() {
        // u = 1/4 turn per unit of l: V = exp(+2πi/4) = i.
        let uvw_m = [[SPEED_OF_LIGHT_M_S / 1e9 / 0.2 / 4.0, 0.0, 0.0]];
        let v = predict_sources(&[source(0.2, 0.0, 1.0)], &uvw_m, &[1e9])[0];
        assert!((v - Complex64::I).norm() < 1e-14, "{v}");
        // w = −1/4 turn per unit of n − 1 = −0.4 (l = 0.8): V = exp(2πi · 0.25 · 0.4 / 0.4) = i.
        let uvw_m = [[0.0, 0.0, -SPEED_OF_LIGHT_M_S / 1e9 / 0.4 / 4.0]];
        let v = predict_sources(&[source(0.8, 0.0, 1.0)], &uvw_m, &[1e9])[0];
        assert!((v - Complex64::I).norm() < 1e-14, "{v}");
    }

    #[test]
    fn a_visibility_makes_a_cosine_on_the_image() {
        let mut vis = vis_of(vec![Complex64::ZERO; 6]);
        vis.vis_rf[0] = Complex64::new(0.6, -0.8);
        vis.weight_rf[0] = 3.0;
        let image = image(&vis, &GEOMETRY);
        for ((y, x), &pixel) in image.indexed_iter() {
            let lmn = Lmn::new(GEOMETRY.l(x as f64), GEOMETRY.m(y as f64)).unwrap();
            let phase =
                TAU * FREQ_HZ[0] / SPEED_OF_LIGHT_M_S * (100.0 * lmn.l - 30.0 * lmn.m + 44.0 * lmn.n_minus_1);
            let want = 3.0 * (phase.cos() * 0.6 - 0.8 * phase.sin());
            assert!((pixel - want).abs() < 1e-12, "({x}, {y}): {pixel} {want}");
        }
        assert!((image[[3, 4]] - 1.8).abs() < 1e-15);
    }

    #[test]
    fn pixels_and_points_predict_the_same_and_are_adjoint_to_the_image() {
        let mut model = Array2::zeros((6, 9));
        (model[[0, 0]], model[[5, 2]], model[[3, 8]]) = (1.0, -0.5, 2.0);
        let at = |y: usize, x: usize| source(GEOMETRY.l(x as f64), GEOMETRY.m(y as f64), model[[y, x]]);
        let pixels = predict_image(&model, &GEOMETRY, &UVW_M, &FREQ_HZ);
        let points = predict_sources(&[at(0, 0), at(5, 2), at(3, 8)], &UVW_M, &FREQ_HZ);
        assert!(rms_rel_err(&pixels, &points) < 1e-12);
        let vis = vis_of((0..6).map(|i| Complex::new(i as f64 - 2.5, 0.3 * i as f64)).collect());
        let in_image: f64 = image(&vis, &GEOMETRY).iter().zip(&model).map(|(a, b)| a * b).sum();
        let samples = vis.vis_rf.iter().zip(&vis.weight_rf).zip(&pixels);
        let in_vis: f64 = samples.map(|((a, w), b)| w * (a * b.conj()).re).sum();
        assert!((in_image - in_vis).abs() < 1e-12 * in_vis.abs());
    }

    #[test]
    fn a_gaussian_predicts_what_its_pixels_do() {
        // Off centre and with w, so that the gradient of n counts.
        let (l0, m0) = (0.05, -0.03);
        let gaussian = Gaussian { fwhm_major_rad: 2.4e-3, fwhm_minor_rad: 1.2e-3, pa_rad: 0.6 };
        let uvw_m = [[20.0, -30.0, 44.0], [-61.0, 7.0, -90.0], [0.0, 0.0, 0.0], [0.0, 0.0, 300.0]];
        let sampled: Vec<SkySource> = (-40..=40)
            .flat_map(|i| (-40..=40).map(move |j| (i as f64 * 1.2e-4, j as f64 * 1.2e-4)))
            .map(|(dl, dm)| {
                let (sin, cos) = gaussian.pa_rad.sin_cos();
                let (along, across) = (dl * sin + dm * cos, dl * cos - dm * sin);
                let r2 =
                    (along / gaussian.fwhm_major_rad).powi(2) + (across / gaussian.fwhm_minor_rad).powi(2);
                source(l0 + dl, m0 + dm, (-4.0 * LN_2 * r2).exp())
            })
            .collect();
        let sum: f64 = sampled.iter().map(|s| s.flux_jy).sum();
        let exact = predict_sources(&sampled, &uvw_m, &FREQ_HZ);
        let got = predict_sources(
            &[SkySource { l: l0, m: m0, flux_jy: sum, gaussian: Some(gaussian) }],
            &uvw_m,
            &FREQ_HZ,
        );
        // π w θ²/4 is 6e-3 for the longest w.
        assert!(rms_rel_err(&got, &exact) < 4e-3, "{got:?}\n{exact:?}");
        assert!(got[7].norm() < 0.98 * sum, "w alone resolves the source: {}", got[7].norm() / sum);
    }

    #[test]
    fn nothing_comes_from_beyond_the_sphere_or_from_flagged_samples() {
        let vis = vis_of(vec![Complex64::ONE; 6]);
        assert_eq!(image_at(&vis, &[(0.9, 0.9), (0.0, 0.0)])[0], 0.0);
        assert!(predict_sources(&[source(0.9, 0.9, 1.0)], &UVW_M, &FREQ_HZ).iter().all(|v| v.norm() == 0.0));
        let mut flagged = vis.clone();
        (flagged.weight_rf[1], flagged.vis_rf[1]) = (0.0, Complex64::new(f64::NAN, 0.0));
        let mut without = vis;
        without.weight_rf[1] = 0.0;
        assert_eq!(image(&flagged, &GEOMETRY), image(&without, &GEOMETRY));
        assert!(predict_sources(&[], &UVW_M, &FREQ_HZ).iter().all(|v| v.norm() == 0.0));
        assert!(predict_sources(&[source(0.0, 0.0, 1.0)], &[], &FREQ_HZ).is_empty());
    }

    #[test]
    fn stokes_parameters_are_sources_of_their_own() {
        let gaussian = Gaussian { fwhm_major_rad: 2.4e-3, fwhm_minor_rad: 1.2e-3, pa_rad: 0.6 };
        let sources = [
            source(0.05, -0.03, 9.0),
            SkySource { gaussian: Some(gaussian), ..source(-0.01, 0.02, 9.0) },
            source(0.9, 0.9, 9.0),
        ];
        // Two parameters, two channels.
        let flux_jy = [1.0, 2.0, -0.5, 0.25, 3.0, 3.0, 0.0, 1.0, 7.0, 7.0, 7.0, 7.0];
        let got = predict_stokes(&sources, &flux_jy, 2, &UVW_M, &FREQ_HZ);
        for i_stokes in 0..2 {
            for i_chan in 0..2 {
                let at = |i: usize| flux_jy[(i * 2 + i_stokes) * 2 + i_chan];
                let here: Vec<SkySource> =
                    sources.iter().enumerate().map(|(i, s)| SkySource { flux_jy: at(i), ..*s }).collect();
                let want = predict_sources(&here, &UVW_M, &FREQ_HZ[i_chan..=i_chan]);
                for row in 0..3 {
                    let v = got[(row * 2 + i_stokes) * 2 + i_chan];
                    assert!((v - want[row]).norm() < 1e-13, "{v} {}", want[row]);
                }
            }
        }
    }
}
