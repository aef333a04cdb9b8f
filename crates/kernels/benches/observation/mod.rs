//! The observation that the benchmarks share: 64 antennas within 4 km, one block of 65,000 samples.
#![allow(dead_code, reason = "each benchmark uses a part")]

use facette_kernels::Real;
use num_complex::Complex;
use rand::{RngExt, SeedableRng};
use types::{ARCSEC_RAD, ImageGeometry, SPEED_OF_LIGHT_M_S, StokesVis};

pub(crate) fn geometry() -> ImageGeometry {
    ImageGeometry { nx: 1024, ny: 1024, cell_rad: 2.0 * ARCSEC_RAD }
}

pub(crate) fn observation<T: Real>() -> StokesVis<T> {
    let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(7);
    let mut place = || 4000.0 * (2.0 * rng.random::<f64>() - 1.0).powi(3);
    let antennas: Vec<[f64; 3]> = (0..64).map(|_| [place(), place(), place() / 4.0]).collect();
    let pairs = (0..64).flat_map(|a| (a + 1..64).map(move |b| (a, b)));
    let uvw_m: Vec<[f64; 3]> =
        pairs.map(|(a, b)| std::array::from_fn(|i| antennas[b][i] - antennas[a][i])).collect();
    let freq_hz: Vec<f64> = (0..32).map(|c| 1.3e9 + 8e5 * c as f64).collect();
    let n = uvw_m.len() * freq_hz.len();
    StokesVis {
        i_chunk: 0,
        freq_hz: freq_hz.into(),
        uvw_m,
        vis_rf: vec![Complex::new(T::one(), T::zero()); n],
        weight_rf: vec![T::one(); n],
    }
}

pub(crate) fn w_range<T>(vis: &StokesVis<T>) -> (f64, f64) {
    let w = vis.uvw_m.iter().flat_map(|r| vis.freq_hz.iter().map(|f| r[2].abs() * f / SPEED_OF_LIGHT_M_S));
    w.fold((f64::INFINITY, 0.0), |range, w| (range.0.min(w), range.1.max(w)))
}
