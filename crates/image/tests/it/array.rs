//! A synthetic array: uv points whose inverse DFT is an exact, band-limited PSF at any position.

use ndarray::Array2;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, Normal, UnitDisc};
use std::f64::consts::{LN_2, PI, TAU};
use types::{Complex64, Gaussian, ImageGeometry};

/// The cell of all synthetic images, radians.
pub(crate) const CELL: f64 = 2e-5;

/// uv points in cycles per pixel along x and y.
#[derive(Clone)]
pub(crate) struct Array {
    uv: Vec<[f64; 2]>,
}

impl Array {
    /// Points spread evenly over a disc, which gives a beam of 0.514/`radius` pixels and strong sidelobes.
    pub(crate) fn disc(n: usize, radius: f64, seed: u64) -> Array {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let uv = (0..n).map(|_| UnitDisc.sample(&mut rng)).map(|p: [f64; 2]| [p[0] * radius, p[1] * radius]);
        Array { uv: uv.collect() }
    }

    /// Points of a normal distribution within the Nyquist band, for a Gaussian beam of `fwhm_px`.
    pub(crate) fn gaussian(n: usize, fwhm_px: f64, seed: u64) -> Array {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let normal = Normal::new(0.0, (2.0 * LN_2).sqrt() / (PI * fwhm_px)).unwrap();
        let mut draw = || [normal.sample(&mut rng), normal.sample(&mut rng)];
        let uv = std::iter::repeat_with(&mut draw).filter(|p| p[0].hypot(p[1]) < 0.45).take(n).collect();
        Array { uv }
    }

    /// Adds the dirty image of a source at pixel position `at`.
    pub(crate) fn add(&self, image: &mut Array2<f64>, at: (f64, f64), flux: f64, shape: Option<Gaussian>) {
        let amplitude = |uv: &[f64; 2]| Complex64::from(flux * visibility(uv, shape) / self.uv.len() as f64);
        self.transform(image, at, &self.uv.iter().map(amplitude).collect::<Vec<_>>());
    }

    /// Adds noise of the given rms, correlated as the PSF is.
    pub(crate) fn add_noise(&self, image: &mut Array2<f64>, rms: f64, seed: u64) {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let normal = Normal::new(0.0, rms / (self.uv.len() as f64).sqrt()).unwrap();
        let noise: Vec<_> = self
            .uv
            .iter()
            .map(|_| Complex64::new(normal.sample(&mut rng), normal.sample(&mut rng)))
            .collect();
        self.transform(image, (0.0, 0.0), &noise);
    }

    /// Adds Re Σ amplitude exp(2πi (u (x − x0) + v (y − y0))).
    fn transform(&self, image: &mut Array2<f64>, (x0, y0): (f64, f64), amplitude: &[Complex64]) {
        let (ny, nx) = image.dim();
        for (uv, a) in self.uv.iter().zip(amplitude) {
            let row: Vec<_> = (0..nx).map(|x| Complex64::cis(TAU * uv[0] * (x as f64 - x0))).collect();
            for y in 0..ny {
                let column = a * Complex64::cis(TAU * uv[1] * (y as f64 - y0));
                image.row_mut(y).iter_mut().zip(&row).for_each(|(p, r)| *p += (column * r).re);
            }
        }
    }
}

/// Visibility of a centered source of 1 Jy: 1, or that of a Gaussian, whose angle runs from North (y) through East (−x).
fn visibility(uv: &[f64; 2], shape: Option<Gaussian>) -> f64 {
    let Some(g) = shape else { return 1.0 };
    let (sin, cos) = g.pa_rad.sin_cos();
    let (major, minor) = (-uv[0] * sin + uv[1] * cos, uv[0] * cos + uv[1] * sin);
    let f2 = (major * g.fwhm_major_rad / CELL).powi(2) + (minor * g.fwhm_minor_rad / CELL).powi(2);
    (-PI * PI * f2 / (4.0 * LN_2)).exp()
}

/// The PSF at the center of `geometry`.
pub(crate) fn psf(array: &Array, geometry: &ImageGeometry) -> Array2<f64> {
    let mut image = Array2::zeros((geometry.ny, geometry.nx));
    let (x, y) = geometry.center();
    array.add(&mut image, (x as f64, y as f64), 1.0, None);
    image
}
