//! Imaging weights: natural, uniform and Briggs, from the density of weights on the uv grid.
//!
//! Idea: sum the natural weights of all samples that fall in one uv cell of the image's field, then divide each
//! sample's weight by (a function of) that sum.
//!
//! ```text
//! W_k = Σ w_i over samples i in cell k
//! uniform:  w_i / W_k
//! Briggs:   w_i / (1 + W_k f²),   f² = (5 · 10^−R)² / (Σ_k W_k² / Σ_k W_k)
//! ```
//!
//! ```text
//! first pass:   for each sample: W[cell(u, v)] += w
//! second pass:  for each sample: w = w / (a + b W[cell(u, v)])
//! ```
//!
//! Cells are 1/(n · cell) wide; a sample with v < 0 counts at (−u, −v); the index is the nearest integer, ties to even,
//! in the order of operations ((u ν/c · s) n) cell, so that it agrees with other implementations to the last sample.
//!
//! Optimisations: 1. cells within the image's Nyquist range live in a dense half plane, the few beyond in an ordered
//! map; 2. natural weights need neither.
//!
//! Invariant: sums run in stream order and in index order: the same bytes for any number of threads.
//!
//! References: Briggs 1995 (PhD thesis, New Mexico Tech, §3); normalisation of f² as in CASA and WSClean.
//!
//! | symbol | code |
//! | --- | --- |
//! | W_k | `sums`, `beyond` |
//! | R | `robust` |
//! | a, b | `ImagingWeights::{offset, slope}` |

use crate::Real;
use crate::arch::round_even;
use rayon::prelude::*;
use std::collections::BTreeMap;
use types::{ImageGeometry, SPEED_OF_LIGHT_M_S, StokesVis, Weighting};

/// Sums of natural weights per uv cell.
#[derive(Clone, Debug)]
pub struct UvDensity {
    cells: Cells,
    sums: Vec<f64>,
    beyond: BTreeMap<(i64, i64), f64>,
}

/// How uv coordinates fall into cells.
#[derive(Clone, Copy, Debug)]
struct Cells {
    nx: f64,
    ny: f64,
    cell_rad: f64,
    /// Largest |index| along u of the dense half plane; it has 2 half_u + 1 columns.
    half_u: i64,
    /// Largest index along v of the dense half plane; it has half_v + 1 rows.
    half_v: i64,
}

/// Where a sample falls.
#[derive(Clone, Copy)]
enum Cell {
    Dense(usize),
    Beyond((i64, i64)),
    /// uvw not finite.
    Nowhere,
}

impl Cells {
    fn new(geometry: &ImageGeometry) -> Self {
        let (nx, ny) = (geometry.nx, geometry.ny);
        let half = |n: usize| (n / 2 + 1) as i64;
        Cells {
            nx: nx as f64,
            ny: ny as f64,
            cell_rad: geometry.cell_rad,
            half_u: half(nx),
            half_v: half(ny),
        }
    }

    fn width(&self) -> usize {
        (2 * self.half_u + 1) as usize
    }

    fn len(&self) -> usize {
        self.width() * (self.half_v + 1) as usize
    }

    /// The cell of a baseline at `scale` = ν/c.
    #[inline(always)]
    fn at(&self, uvw_m: &[f64; 3], scale: f64) -> Cell {
        let (u, v) = (uvw_m[0] * scale, uvw_m[1] * scale);
        let s = if v < 0.0 { -1.0 } else { 1.0 };
        let (fu, fv) = (u * s * self.nx * self.cell_rad, v * s * self.ny * self.cell_rad);
        if !(fu.is_finite() && fv.is_finite()) {
            return Cell::Nowhere;
        }
        let (iu, iv) = (round_even(fu) as i64, round_even(fv) as i64);
        if iu.abs() <= self.half_u && iv <= self.half_v {
            Cell::Dense((iv * (2 * self.half_u + 1) + iu + self.half_u) as usize)
        } else {
            Cell::Beyond((iv, iu))
        }
    }
}

impl UvDensity {
    /// An empty density on the uv cells of an image.
    pub fn new(geometry: &ImageGeometry) -> Self {
        let cells = Cells::new(geometry);
        UvDensity { cells, sums: vec![0.0; cells.len()], beyond: BTreeMap::new() }
    }

    /// Bytes that the density of an image takes (cells beyond its Nyquist range come on top, 40 bytes each).
    pub fn memory_bytes(geometry: &ImageGeometry) -> u64 {
        Cells::new(geometry).len() as u64 * size_of::<f64>() as u64
    }

    /// Adds the weights of a block of visibilities; samples whose uvw is not finite are left out.
    pub fn add<T: Real>(&mut self, vis: &StokesVis<T>) {
        let scales = scales(&vis.freq_hz);
        if scales.is_empty() {
            return;
        }
        for (uvw_m, weights) in vis.uvw_m.iter().zip(vis.weight_rf.chunks_exact(scales.len())) {
            for (&scale, &weight) in scales.iter().zip(weights).filter(|(_, w)| **w != T::zero()) {
                match self.cells.at(uvw_m, scale) {
                    Cell::Dense(i) => self.sums[i] += weight.to_double(),
                    Cell::Beyond(key) => *self.beyond.entry(key).or_default() += weight.to_double(),
                    Cell::Nowhere => {}
                }
            }
        }
    }

    /// The imaging weights that follow from the whole density.
    pub fn finish(self, weighting: Weighting) -> ImagingWeights {
        let (offset, slope) = match weighting {
            Weighting::Natural => return ImagingWeights::natural(),
            Weighting::Uniform => (0.0, 1.0),
            Weighting::Briggs { robust } => (1.0, self.briggs_f2(robust)),
        };
        ImagingWeights { density: Some(self), offset, slope }
    }

    /// f² of Briggs' weights; 0 (natural weights) where there is no weight at all.
    fn briggs_f2(&self, robust: f64) -> f64 {
        let all = || self.sums.iter().chain(self.beyond.values());
        let (sum, sum2): (f64, f64) = (all().sum(), all().map(|w| w * w).sum());
        if sum2 > 0.0 { (5.0 * 10f64.powf(-robust)).powi(2) / (sum2 / sum) } else { 0.0 }
    }

    fn at(&self, uvw_m: &[f64; 3], scale: f64) -> Option<f64> {
        match self.cells.at(uvw_m, scale) {
            Cell::Dense(i) => Some(self.sums[i]),
            Cell::Beyond(key) => Some(self.beyond.get(&key).copied().unwrap_or(0.0)),
            Cell::Nowhere => None,
        }
    }
}

/// Turns natural weights into imaging weights.
#[derive(Clone, Debug)]
pub struct ImagingWeights {
    density: Option<UvDensity>,
    offset: f64,
    slope: f64,
}

impl ImagingWeights {
    /// Leaves the weights as they are.
    pub fn natural() -> Self {
        ImagingWeights { density: None, offset: 1.0, slope: 0.0 }
    }

    /// Replaces the weights of a block by imaging weights; zero stays zero, and so become samples whose uvw is not
    /// finite.
    pub fn apply<T: Real>(&self, vis: &mut StokesVis<T>) {
        let Some(density) = &self.density else { return };
        let scales = scales(&vis.freq_hz);
        if scales.is_empty() {
            return;
        }
        let rows = vis.weight_rf.par_chunks_exact_mut(scales.len()).zip(&vis.uvw_m);
        rows.for_each(|(weights, uvw_m)| {
            for (&scale, weight) in scales.iter().zip(weights).filter(|(_, w)| **w != T::zero()) {
                let factor = density.at(uvw_m, scale).map_or(0.0, |sum| self.factor(sum));
                *weight = T::from_double(weight.to_double() * factor);
            }
        });
    }

    fn factor(&self, sum: f64) -> f64 {
        let divisor = self.offset + self.slope * sum;
        if divisor > 0.0 { 1.0 / divisor } else { 0.0 }
    }
}

fn scales(freq_hz: &[f64]) -> Vec<f64> {
    freq_hz.iter().map(|f| f / SPEED_OF_LIGHT_M_S).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use num_complex::Complex;
    use rand::{RngExt, SeedableRng};

    const GEOMETRY: ImageGeometry = ImageGeometry { nx: 20, ny: 12, cell_rad: 1e-3 };

    /// Samples within and beyond the Nyquist range, some flagged, some on ties and on v = 0.
    fn observation() -> StokesVis<f64> {
        let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(5);
        let freq_hz: Vec<f64> = (0..3).map(|c| 1.2e9 - 1e8 * c as f64).collect();
        let mut uvw_m: Vec<[f64; 3]> =
            (0..400).map(|_| std::array::from_fn(|_| 300.0 * (rng.random::<f64>() - 0.5))).collect();
        let tie = 2.5 / (20.0 * 1e-3) * SPEED_OF_LIGHT_M_S / 1.2e9;
        uvw_m.extend([[tie, 0.0, 0.0], [-tie, 0.0, 1.0], [3.0, -0.0, 0.0], [9e9, 1.0, 0.0]]);
        let n = uvw_m.len() * 3;
        let weight_rf = (0..n).map(|i| if i % 7 == 3 { 0.0 } else { 0.5 + (i % 11) as f64 }).collect();
        StokesVis { i_chunk: 0, freq_hz: freq_hz.into(), uvw_m, vis_rf: vec![Complex::ONE; n], weight_rf }
    }

    /// The definition in the words of the module's header, cell by cell in one map.
    fn naive(vis: &StokesVis<f64>, weighting: Weighting) -> Vec<f64> {
        let key = |uvw: &[f64; 3], f: &f64| {
            let scale = f / SPEED_OF_LIGHT_M_S;
            let (u, v) = (uvw[0] * scale, uvw[1] * scale);
            let s = if v < 0.0 { -1.0 } else { 1.0 };
            let index = |x: f64, n: f64| (x * s * n * 1e-3).round_ties_even() as i64;
            (index(u, 20.0), index(v, 12.0))
        };
        let keys: Vec<_> =
            vis.uvw_m.iter().flat_map(|r| vis.freq_hz.iter().map(move |f| key(r, f))).collect();
        let mut sums = BTreeMap::<_, f64>::new();
        for (key, w) in keys.iter().zip(&vis.weight_rf) {
            *sums.entry(key).or_default() += w;
        }
        let mean = sums.values().map(|w| w * w).sum::<f64>() / sums.values().sum::<f64>();
        let imaging = |(key, &w): (&(i64, i64), &f64)| match weighting {
            Weighting::Natural => w,
            _ if w == 0.0 => 0.0,
            Weighting::Uniform => w / sums[key],
            Weighting::Briggs { robust } => {
                w / (1.0 + sums[key] * (5.0 * 10f64.powf(-robust)).powi(2) / mean)
            }
        };
        keys.iter().zip(&vis.weight_rf).map(imaging).collect()
    }

    #[test]
    fn weights_follow_their_definition_within_and_beyond_the_nyquist_range() {
        let briggs = |robust| Weighting::Briggs { robust };
        for weighting in [Weighting::Natural, Weighting::Uniform, briggs(0.0), briggs(-2.0), briggs(1.5)] {
            let mut vis = observation();
            let want = naive(&vis, weighting);
            let mut density = UvDensity::new(&GEOMETRY);
            density.add(&vis);
            assert!(!density.beyond.is_empty() && density.sums.iter().any(|w| *w > 0.0));
            density.finish(weighting).apply(&mut vis);
            for (got, want) in vis.weight_rf.iter().zip(&want) {
                assert!((got - want).abs() <= 1e-12 * want, "{weighting:?}: {got} {want}");
            }
        }
    }

    #[test]
    fn blocks_add_up_to_the_whole() {
        let whole = observation();
        let mut parts = [whole.clone(), whole.clone()];
        parts[0].uvw_m.truncate(100);
        parts[0].weight_rf.truncate(300);
        parts[1].uvw_m.drain(..100);
        parts[1].weight_rf.drain(..300);
        let (mut one, mut two) = (UvDensity::new(&GEOMETRY), UvDensity::new(&GEOMETRY));
        one.add(&whole);
        parts.iter().for_each(|part| two.add(part));
        assert!(one.sums == two.sums && one.beyond == two.beyond);
    }

    #[test]
    fn robustness_runs_from_uniform_to_natural() {
        let weights = |weighting| {
            let mut vis = observation();
            let mut density = UvDensity::new(&GEOMETRY);
            density.add(&vis);
            density.finish(weighting).apply(&mut vis);
            let sum: f64 = vis.weight_rf.iter().sum();
            vis.weight_rf.iter().map(|w| w / sum).collect::<Vec<_>>()
        };
        for (robust, limit) in [(-6.0, Weighting::Uniform), (6.0, Weighting::Natural)] {
            let (got, want) = (weights(Weighting::Briggs { robust }), weights(limit));
            assert!(got.iter().zip(&want).all(|(a, b)| (a - b).abs() < 1e-6 * b.max(1e-9)));
        }
    }

    #[test]
    fn empty_flagged_and_undefined_data_do_no_harm() {
        let mut vis = observation();
        vis.weight_rf.fill(0.0);
        let mut density = UvDensity::new(&GEOMETRY);
        density.add(&vis);
        density.clone().finish(Weighting::Briggs { robust: 0.0 }).apply(&mut vis);
        assert!(vis.weight_rf.iter().all(|w| *w == 0.0));
        let mut vis = observation();
        vis.uvw_m[0] = [f64::NAN, 0.0, 0.0];
        density.add(&vis);
        density.finish(Weighting::Uniform).apply(&mut vis);
        assert!(vis.weight_rf[..3] == [0.0; 3] && vis.weight_rf.iter().all(|w| w.is_finite()));
        let mut none = StokesVis::<f32> {
            i_chunk: 0,
            freq_hz: [].into(),
            uvw_m: vec![],
            vis_rf: vec![],
            weight_rf: vec![],
        };
        let mut density = UvDensity::new(&GEOMETRY);
        density.add(&none);
        density.finish(Weighting::Uniform).apply(&mut none);
        assert_eq!(UvDensity::memory_bytes(&GEOMETRY), 8 * 23 * 8);
    }
}
