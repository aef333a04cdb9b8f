//! The plan of a gridder as plain data, and how it is chosen.
//!
//! The narrower the taper, the less a visibility costs and the finer the grid must be. Every entry of the taper's
//! table that is accurate enough is a candidate; a model of the time on one processor core picks one. The choice does
//! not depend on the number of threads, so that results do not either.

use super::GridderSpec;
use super::error::PlanError;
use super::footprint::buffer_shape;
use super::runs::INDEX_BYTES_PER_SAMPLE;
use super::taper::{Entry, Taper, entries};
use crate::Real;
use crate::fft::Fft2;
use types::ImageGeometry;

/// Periods of the screen over the image, |w| times the range of n − 1, beyond which |w| can only be wrong: there would
/// be some ten million planes, and phases would begin to lose digits.
const MAX_PERIODS: f64 = (1u64 << 24) as f64;

/// What a plan has decided.
#[derive(Clone, Debug, PartialEq)]
pub struct Recipe {
    /// Full width of the taper in cells, along u, v and w.
    pub support: usize,
    /// Oversampling that the taper is made for; the grid's own is at least this.
    pub oversampling: f64,
    /// Degree of the taper's polynomials.
    pub degree: usize,
    /// Error expected for a source at the worst position of the field, relative rms: taper and rounding.
    pub expected_error: f64,
    /// The share of rounding in it.
    pub rounding_error: f64,
    /// Cells of the grid along u.
    pub nu: usize,
    /// Cells of the grid along v.
    pub nv: usize,
    /// Number of w planes, all passes together.
    pub n_planes: usize,
    /// Distance of the w planes, wavelengths; 0 for a single plane.
    pub dw_lambda: f64,
    /// |w| of the first plane, wavelengths.
    pub first_w_lambda: f64,
    /// Middle of the range of n − 1 over the image, taken out of the visibilities' phase.
    pub center_n_minus_1: f64,
    /// Times that the visibilities are read.
    pub n_passes: usize,
    /// Planes held in memory in each pass (the last may have fewer).
    pub planes_per_pass: usize,
    /// Bytes of one plane.
    pub bytes_per_plane: u64,
    /// Bytes of the image.
    pub image_bytes: u64,
    /// Peak bytes of a pass: image, planes, a block of visibilities and scratch of all threads.
    pub memory_bytes: u64,
    /// Seconds on one core that the cost model expects, for the assumed number of visibilities.
    pub expected_s: f64,
}

/// The w range once centred and folded.
#[derive(Clone, Copy, Debug)]
pub(super) struct WAxis {
    /// Range of n − 1 over the image, at most 0 and at least −1; 0 turns w-correction off.
    n_range: f64,
    min_lambda: f64,
    max_lambda: f64,
}

impl Recipe {
    /// Chooses the cheapest candidate for about `n_samples` visibilities.
    pub(super) fn choose<T: Real>(spec: &GridderSpec, n_samples: u64) -> Result<(Self, Entry), PlanError> {
        check::<T>(spec)?;
        let w_axis = WAxis::new(spec);
        w_axis.check()?;
        let candidates: Vec<(Recipe, Entry)> = entries()
            .filter(|e| e.shape.error <= spec.epsilon)
            .filter_map(|e| Some((Self::of_entry::<T>(spec, &w_axis, &e)?, e)))
            .filter(|(recipe, _)| recipe.expected_error <= spec.epsilon)
            .collect();
        let too_large = PlanError::TooLarge { nx: spec.geometry.nx, ny: spec.geometry.ny };
        let smallest = candidates.iter().map(|c| &c.0).min_by_key(|r| r.memory_with(1)).ok_or(too_large)?;
        let memory = PlanError::Memory {
            plane_bytes: smallest.bytes_per_plane,
            image_bytes: smallest.image_bytes,
            needed_bytes: smallest.memory_with(1),
            limit_bytes: spec.memory_bytes.unwrap_or(u64::MAX),
        };
        let fitting = candidates.into_iter().filter_map(|(r, e)| Some((r.within(spec.memory_bytes)?, e)));
        let costed = fitting.map(|(r, e)| (Recipe { expected_s: r.cost_s::<T>(n_samples as f64), ..r }, e));
        costed.min_by(|a, b| a.0.expected_s.total_cmp(&b.0.expected_s)).ok_or(memory)
    }

    /// The recipe of one taper with all planes in one pass; `None` where sizes overflow.
    pub(super) fn of_entry<T: Real>(spec: &GridderSpec, w_axis: &WAxis, entry: &Entry) -> Option<Self> {
        let ImageGeometry { nx, ny, .. } = spec.geometry;
        let size = |n: usize| smooth_size((n as f64 * entry.oversampling).ceil(), entry.support);
        let (nu, nv) = (size(nx)?, size(ny)?);
        let complex = 2 * size_of::<T>() as u64;
        // Guard rows: see `Planes`.
        let rows = nv.checked_add(2 * super::runs::TILE)? as u64;
        let bytes_per_plane = rows.checked_mul(nu as u64)?.checked_mul(complex)?;
        isize::try_from(bytes_per_plane).ok()?;
        let (n_planes, dw_lambda, first_w_lambda) = w_axis.planes(spec.epsilon, entry);
        let n_axes = if n_planes == 1 { 2 } else { 3 };
        let taper = Taper::new(entry);
        let half = |n: usize, n_grid: usize| taper.amplification(n as f64 / 2.0 / n_grid as f64);
        let along_w = taper.amplification(w_axis.n_range / 2.0 * dw_lambda);
        let rounding_error = rounding_error(T::UNIT_ROUNDING, half(nx, nu) * half(ny, nv) * along_w);
        let taper_error = entry.shape.error * f64::from(n_axes).sqrt();
        Some(Recipe {
            support: entry.support,
            oversampling: entry.oversampling,
            degree: entry.degree(),
            expected_error: taper_error.hypot(rounding_error),
            rounding_error,
            nu,
            nv,
            n_planes,
            dw_lambda,
            first_w_lambda,
            center_n_minus_1: w_axis.n_range / 2.0,
            n_passes: 1,
            planes_per_pass: n_planes,
            bytes_per_plane,
            image_bytes: (nx as u64).checked_mul(ny as u64)?.checked_mul(complex / 2)?,
            memory_bytes: scratch_bytes::<T>(spec, [nu, nv], entry.support),
            expected_s: 0.0,
        })
    }

    /// Peak memory with so many planes at a time, where `memory_bytes` still is the scratch alone.
    fn memory_with(&self, planes: u64) -> u64 {
        let planes = self.bytes_per_plane.saturating_mul(planes);
        planes.saturating_add(self.image_bytes).saturating_add(self.memory_bytes)
    }

    /// Cuts the planes into as few even passes as the limit allows; `None` if not even one plane fits.
    fn within(mut self, limit: Option<u64>) -> Option<Self> {
        // No allocation can be larger than this, limit or not.
        let limit = limit.unwrap_or(u64::MAX).min(isize::MAX as u64);
        let for_planes = limit.checked_sub(self.memory_with(0))?;
        let fit = usize::try_from(for_planes / self.bytes_per_plane).ok()?.min(self.n_planes);
        self.n_passes = self.n_planes.div_ceil((fit > 0).then_some(fit)?);
        self.planes_per_pass = self.n_planes.div_ceil(self.n_passes);
        self.n_passes = self.n_planes.div_ceil(self.planes_per_pass);
        self.memory_bytes = self.memory_with(self.planes_per_pass as u64);
        Some(self)
    }

    /// Seconds on one core: a part per visibility and tap, one per plane, and reading the data once per pass.
    ///
    /// The numbers are fits to `examples/speed` on MeerKAT-like data (AVX2); only their ratios matter.
    fn cost_s<T: Real>(&self, n_samples: f64) -> f64 {
        let precision = size_of::<T>() as f64 / 4.0;
        let w_taps = self.support.min(self.n_planes) as f64;
        let numbers = self.support as f64 * w_taps * (2 * self.support).next_multiple_of(4) as f64;
        let sample_ns = 35.0 + 0.055 * precision * numbers;
        let (nu, nv) = (self.nu as f64, self.nv as f64);
        let fft_flop = 5.0 * nv * (nu * nu.log2() + nu / self.oversampling * nv.log2());
        let plane_ns = precision * (fft_flop / 20.0 + nu * nv);
        let pass_ns = 20.0 * n_samples * self.n_passes as f64;
        1e-9 * (n_samples * sample_ns + self.n_planes as f64 * plane_ns + pass_ns)
    }
}

impl WAxis {
    pub(super) fn new(spec: &GridderSpec) -> Self {
        let r2 = spec.geometry.max_r2().min(1.0);
        let n_range = if spec.w_correction { -r2 / ((1.0 - r2).sqrt() + 1.0) } else { 0.0 };
        let (min_lambda, max_lambda) = spec.w_abs_lambda;
        WAxis { n_range, min_lambda, max_lambda }
    }

    /// Refuses a |w| that no observation of this field can have, so that the planes can be counted.
    fn check(&self) -> Result<(), PlanError> {
        let limit_lambda = MAX_PERIODS / self.n_range.abs();
        if self.max_lambda <= limit_lambda {
            return Ok(());
        }
        Err(PlanError::WTooLarge { max_lambda: self.max_lambda, limit_lambda })
    }

    /// Whether one plane in the middle is as good as many: the phase left over is a tenth of ε at most.
    fn is_single_plane(&self, epsilon: f64) -> bool {
        let half = (self.max_lambda - self.min_lambda) / 2.0;
        std::f64::consts::PI * (half * self.n_range.abs()) <= 0.1 * epsilon
    }

    /// Number of planes, their distance and the first one's |w|.
    ///
    /// The w axis is sampled like u and v: n − 1 − centre lies within half its range, so planes may be
    /// 1/(σ · range) apart. The spacing is then shrunk until the steps fill the range, which costs nothing.
    fn planes(&self, epsilon: f64, entry: &Entry) -> (usize, f64, f64) {
        let range = self.max_lambda - self.min_lambda;
        if self.is_single_plane(epsilon) {
            return (1, 0.0, (self.min_lambda + self.max_lambda) / 2.0);
        }
        let widest = 1.0 / (entry.oversampling * self.n_range.abs());
        // The slack keeps rounding of w from reaching beyond the last plane.
        let slack = 1e-3;
        // Small, because of `check`.
        let steps = (range / widest + 2.0 * slack).floor();
        let dw = range / (steps + 1.0 - 2.0 * slack);
        let first = self.min_lambda - (entry.support as f64 / 2.0 - 1.0 + slack) * dw;
        (steps as usize + entry.support, dw, first)
    }
}

/// Bytes beside image and planes: a block of visibilities as given and as predicted, with its index, and what each
/// thread needs to grid and to transform.
fn scratch_bytes<T: Real>(spec: &GridderSpec, n_grid: [usize; 2], support: usize) -> u64 {
    let real = size_of::<T>();
    // Two visibilities, a weight, and uvw as if each row had a single channel.
    let per_sample = 5 * real + size_of::<[f64; 3]>() + INDEX_BYTES_PER_SAMPLE;
    let transform = Fft2::<T>::scratch_bytes(n_grid, [spec.geometry.nx, spec.geometry.ny]);
    let per_thread = transform + (buffer_shape(support).iter().product::<usize>() * real) as u64;
    let of_threads = per_thread.saturating_mul(spec.threads.max(1) as u64);
    spec.block_samples.saturating_mul(per_sample as u64).saturating_add(of_threads)
}

/// Relative rms error from rounding alone at the corners of the field, for noise-like data.
///
/// Coordinates, phases and sums round once each (eight units together); what rounding leaves on the grid is amplified by
/// the correction. The exponent is a fit to single against double precision over the whole table of tapers (the test
/// `rounding_is_what_the_plan_expects` repeats it): part of the noise on the grid falls outside the image.
fn rounding_error(unit: f64, amplification: f64) -> f64 {
    (8.0 * unit).hypot(2.0 * unit * amplification.powf(0.75))
}

fn check<T: Real>(spec: &GridderSpec) -> Result<(), PlanError> {
    let ImageGeometry { nx, ny, cell_rad } = spec.geometry;
    let (min, max) = spec.w_abs_lambda;
    if !(T::MIN_EPSILON..=1e-1).contains(&spec.epsilon) {
        return Err(PlanError::Epsilon { epsilon: spec.epsilon, min: T::MIN_EPSILON, precision: T::NAME });
    }
    if nx == 0 || ny == 0 || !(cell_rad.is_finite() && cell_rad > 0.0) {
        return Err(PlanError::Geometry { nx, ny, cell_rad });
    }
    if !(max.is_finite() && 0.0 <= min && min <= max) {
        return Err(PlanError::WRange { min, max });
    }
    Ok(())
}

/// The smallest even number without prime factors above 7 that is at least `at_least` and twice the support.
fn smooth_size(at_least: f64, support: usize) -> Option<usize> {
    if at_least > (1u64 << 31) as f64 {
        return None;
    }
    let mut n = (at_least as usize).max(2 * support).next_multiple_of(2);
    while !is_smooth(n) {
        n += 2;
    }
    Some(n)
}

fn is_smooth(mut n: usize) -> bool {
    for prime in [2, 3, 5, 7] {
        while n.is_multiple_of(prime) {
            n /= prime;
        }
    }
    n == 1
}
