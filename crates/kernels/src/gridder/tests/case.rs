//! Random observations from a seed.

use crate::{GridPlan, GridderSpec, PlanError, Real};
use num_complex::Complex;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use types::{ImageGeometry, SPEED_OF_LIGHT_M_S, StokesVis};

/// A field and an array.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    /// Side of the image along x.
    pub(crate) fov_deg: f64,
    /// Instead of `fov_deg`.
    pub(crate) cell_rad: Option<f64>,
    pub(crate) nx: usize,
    pub(crate) ny: usize,
    /// Largest |u|, |v| and |w|.
    pub(crate) baseline_m: f64,
    /// The same w for all rows.
    pub(crate) w_m: Option<f64>,
    pub(crate) n_row: usize,
    pub(crate) freq_hz: Option<Vec<f64>>,
    pub(crate) epsilon: f64,
    /// How much larger than ε an error may be, where positions between cells are not evenly met.
    pub(crate) slack: f64,
    pub(crate) seed: u64,
}

/// 0.3 degrees, baselines of 3 km.
pub(crate) const NARROW: Case = Case {
    fov_deg: 0.3,
    cell_rad: None,
    nx: 32,
    ny: 32,
    baseline_m: 3000.0,
    w_m: None,
    n_row: 120,
    freq_hz: None,
    epsilon: 1e-4,
    slack: 1.0,
    seed: 1,
};

/// 4 degrees, w up to the length of the baselines.
pub(crate) const WIDE: Case = Case { fov_deg: 4.0, nx: 40, ny: 36, baseline_m: 300.0, seed: 2, ..NARROW };

impl Case {
    pub(crate) fn geometry(&self) -> ImageGeometry {
        let side = 2.0 * (self.fov_deg.to_radians() / 2.0).sin();
        ImageGeometry { nx: self.nx, ny: self.ny, cell_rad: self.cell_rad.unwrap_or(side / self.nx as f64) }
    }

    fn freq_hz(&self) -> Vec<f64> {
        self.freq_hz.clone().unwrap_or_else(|| (0..5).map(|c| 1e9 + 2e7 * c as f64).collect())
    }

    fn uvw_m(&self) -> Vec<[f64; 3]> {
        let mut rng = ChaCha8Rng::seed_from_u64(self.seed);
        let mut side = || self.baseline_m * (2.0 * rng.random::<f64>() - 1.0);
        (0..self.n_row).map(|_| [side(), side(), self.w_m.unwrap_or(side())]).collect()
    }

    pub(crate) fn spec(&self, memory_bytes: Option<u64>) -> GridderSpec {
        let (uvw_m, freq_hz) = (self.uvw_m(), self.freq_hz());
        let w = uvw_m.iter().flat_map(|r| freq_hz.iter().map(|f| r[2].abs() * (f / SPEED_OF_LIGHT_M_S)));
        let range = w.fold((f64::INFINITY, 0.0f64), |range, w| (range.0.min(w), range.1.max(w)));
        GridderSpec {
            geometry: self.geometry(),
            epsilon: self.epsilon,
            w_abs_lambda: (range.0.min(range.1), range.1),
            w_correction: true,
            memory_bytes,
            threads: 4,
            block_samples: (uvw_m.len() * freq_hz.len()) as u64,
        }
    }

    pub(crate) fn plan<T: Real>(&self, memory_bytes: Option<u64>) -> Result<GridPlan<T>, PlanError> {
        GridPlan::new(&self.spec(memory_bytes))
    }

    /// Visibilities and weights at random.
    pub(crate) fn vis<T: Real>(&self) -> StokesVis<T> {
        let (uvw_m, freq_hz) = (self.uvw_m(), self.freq_hz());
        let mut rng = ChaCha8Rng::seed_from_u64(self.seed + 1000);
        let n = uvw_m.len() * freq_hz.len();
        let mut real = || T::from_double(2.0 * rng.random::<f64>() - 1.0);
        StokesVis {
            i_chunk: 0,
            freq_hz: freq_hz.into(),
            uvw_m,
            vis_rf: (0..n).map(|_| Complex::new(real(), real())).collect(),
            weight_rf: (0..n).map(|_| num_traits::Float::abs(real())).collect(),
        }
    }
}
