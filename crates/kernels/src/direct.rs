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

/// Visibilities of equation (1) of an image of pixel fluxes, shape `[ny, nx]`; returns [row][frequency].
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

/// Visibilities of point and Gaussian sources; returns [row][frequency].
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
