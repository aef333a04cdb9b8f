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
