//! The w-gridder and its adjoint: visibilities ⇄ image to a requested accuracy, over the whole field, for any w.
//!
//! Idea: spread each visibility over a few cells of a 3-D grid (u, v and planes of w) with a short taper evaluated at
//! the true offsets; Fourier transform each plane; undo the w of the plane by a phase screen on the image; sum; divide
//! by the taper's transform. Because the taper is nearly band limited, what is left out is an error of at most ε.
//!
//! ```text
//! D(l, m) = Σ weight Re[V exp(−2πi (u l + v m + w (n − 1)))]                                           (1)
//!         ≈ 1/(φ̂(ξ_l) φ̂(ξ_m) φ̂(ξ_n)) Σ_p Re[exp(−2πi w_p n') FFT(Σ weight V' φ(u) φ(v) φ(w − w_p))]   (2)
//! V' = V exp(−2πi w n₀),   n' = n − 1 − n₀
//! ```
//!
//! ```text
//! plan:     choose taper, grid, planes
//! grid:     sort runs of channels by tile of (u, v, w); for each tile, in parallel:
//!             for each sample: taper values by Horner; add W × W × W cells of the tile
//!             add the tile to the planes
//! image:    for each plane: FFT rows, FFT columns; image += Re[screen · column];  image /= correction
//! degrid:   the same lines backwards, each one the adjoint of its twin
//! ```
//!
//! Optimisations, and why:
//! 1. V(−u) = V*(u) for a real sky: samples are folded to w ≥ 0, half as many planes.
//! 2. n − 1 is centred (n₀): the planes may be twice as far apart (Arras et al. 2021, §3.4).
//! 3. Samples are sorted into tiles whose cells stay in the L1 or L2 cache, and a tile is added to the planes once.
//! 4. A sample visits all its planes at once: coordinates, phase and taper are computed once, not once per plane.
//! 5. Consecutive channels of a row in one tile form a run; its ends are found by bisection.
//! 6. Coordinates and phases of up to 32 samples are computed in loops that vectorise; the rest vectorises over taps,
//!    real and imaginary parts interleaved.
//! 7. Strips of rows are written by one thread each, first the even then the odd ones, so that footprints over a
//!    strip's edge meet nobody: no locks, and the same order of sums for any number of threads.
//! 8. Planes are sums: when they do not all fit in memory the visibilities are read once per slab of them.
//!
//! References: Arras, Reinecke, Westermann & Enßlin 2021, A&A 646 A58 (eq. 8–17: improved w-stacking); Ye, Gull, Tan &
//! Nikolic 2022, MNRAS 510, 4110 (w as a third gridded axis, least-misfit tapers); Barnett, Magland & af Klinteberg 2019,
//! SIAM J. Sci. Comput. 41, C479 (taper and its error). Written from the equations.
//!
//! | symbol | code |
//! | --- | --- |
//! | φ, W, σ | `taper`, `support`, `oversampling` |
//! | w_p, distance of planes | `first_w_lambda + p · dw_lambda` |
//! | n₀ | `center_n_minus_1` |
//! | ξ = X/nu, Y/nv, n' dw | arguments of `Taper::transform` |
//!
//! Invariant: everything that can fail happens in [`GridPlan::new`].

mod batch;
mod correction;
mod error;
mod footprint;
mod gather;
mod planes;
mod recipe;
mod runs;
mod scatter;
mod screen;
mod taper;
mod taper_table;
#[cfg(test)]
mod tests;

pub use error::PlanError;
pub(crate) use footprint::TileLoops;
pub use planes::Planes;
pub use recipe::Recipe;

use crate::fft::Fft2;
use crate::{Real, SimdLevel};
use batch::Frame;
use correction::Correction;
use footprint::TaperCoefficients;
use ndarray::Array2;
use taper::{Entry, Taper};
use types::{ImageGeometry, StokesVis};

/// What a gridder is planned from.
#[derive(Clone, Debug, PartialEq)]
pub struct GridderSpec {
    /// Size and cell of the image; any size, also beyond the edge of the sphere, where pixels are zero. The reference
    /// pixel is always on the sphere, so no image is wholly beyond it.
    pub geometry: ImageGeometry,
    /// Relative rms error wanted for a source at any position of the field, from 1e-1 down to
    /// [`Real::MIN_EPSILON`].
    pub epsilon: f64,
    /// Smallest and largest |w| ν/c over the data, wavelengths; (0, 0) for no data.
    pub w_abs_lambda: (f64, f64),
    /// Whether w counts; false (2-D gridding) only to show what goes wrong without.
    pub w_correction: bool,
    /// Limit for what a pass takes (image, planes, a block of visibilities, scratch of all threads); none = one pass,
    /// but for what cannot be addressed.
    pub memory_bytes: Option<u64>,
    /// Threads of the pool that will run the plan, to count their scratch; 0 counts as 1. Where `memory_bytes` does
    /// not bind, all else of the plan is the same for any number.
    pub threads: usize,
    /// Most samples given to one call of [`GridPlan::grid`] or [`GridPlan::degrid`], to count what a block takes: at
    /// most 156 bytes a sample in single and 176 in double precision. Like `threads`, no part of the choice.
    pub block_samples: u64,
}

/// A planned gridder and degridder: an adjoint pair.
#[derive(Clone)]
pub struct GridPlan<T: Real> {
    recipe: Recipe,
    geometry: ImageGeometry,
    frame: Frame,
    taper: TaperCoefficients<T>,
    correction: Correction,
    fft: Fft2<T>,
    level: SimdLevel,
}

impl<T: Real> GridPlan<T> {
    /// Plans for as many samples as the image has pixels, a million at least.
    ///
    /// # Errors
    /// See [`PlanError`].
    pub fn new(spec: &GridderSpec) -> Result<Self, PlanError> {
        Self::for_samples(spec, (spec.geometry.n_pixels() as u64).max(1_000_000))
    }

    /// Plans for about `n_samples` visibilities: the more, the narrower the taper and the finer the grid.
    ///
    /// # Errors
    /// See [`PlanError`].
    pub fn for_samples(spec: &GridderSpec, n_samples: u64) -> Result<Self, PlanError> {
        let (recipe, entry) = Recipe::choose::<T>(spec, n_samples)?;
        Ok(Self::from_recipe(spec, recipe, &entry))
    }

    fn from_recipe(spec: &GridderSpec, recipe: Recipe, entry: &Entry) -> Self {
        let geometry = spec.geometry;
        let taper = Taper::new(entry);
        GridPlan {
            frame: Frame::new(&recipe, &geometry, spec.w_correction),
            correction: Correction::new(&recipe, &geometry, &taper),
            fft: Fft2::new([recipe.nu, recipe.nv], [geometry.nx, geometry.ny]),
            taper: TaperCoefficients::new(&taper, recipe.n_planes == 1),
            level: SimdLevel::detect(),
            geometry,
            recipe,
        }
    }

    /// The same plan with the loops compiled for another instruction set (to compare them).
    #[must_use]
    pub fn with_simd_level(self, level: SimdLevel) -> Self {
        GridPlan { level, ..self }
    }

    /// What was decided.
    pub fn recipe(&self) -> &Recipe {
        &self.recipe
    }

    /// The image planned for.
    pub fn geometry(&self) -> &ImageGeometry {
        &self.geometry
    }

    /// Times that the visibilities have to be read.
    pub fn n_passes(&self) -> usize {
        self.recipe.n_passes
    }

    /// Zeroed planes of one pass, from 0 to `n_passes() - 1`.
    ///
    /// # Panics
    /// When there is no such pass.
    pub fn new_planes(&self, i_pass: usize) -> Planes<T> {
        Planes::new(&self.recipe, i_pass)
    }

    /// Adds the visibilities times their weights to the planes they touch.
    ///
    /// Samples of weight zero contribute nothing, whatever they hold; nor do rows whose uvw is not finite. Blocks of a
    /// million samples or more are fastest.
    ///
    /// # Panics
    /// When a sample of non-zero weight has |w| outside the range that was planned for.
    pub fn grid(&self, vis: &StokesVis<T>, planes: &mut Planes<T>) {
        scatter::grid(self, vis, planes);
    }

    /// Adds the predicted visibilities of this slab of planes, unweighted: the adjoint of [`Self::grid`].
    ///
    /// Samples of weight zero are predicted too where the planes reach them.
    ///
    /// # Panics
    /// When a sample of non-zero weight has |w| outside the range that was planned for.
    pub fn degrid(&self, planes: &Planes<T>, vis: &mut StokesVis<T>) {
        gather::degrid(self, planes, vis);
    }

    /// Transforms the planes and adds them to the image, shape `[ny, nx]`.
    ///
    /// # Panics
    /// When the image has another shape.
    pub fn add_to_image(&self, planes: Planes<T>, image: &mut Array2<T>) {
        self.check_shape(image);
        screen::add_to_image(self, planes, image);
    }

    /// Divides by the taper's transform: the image now is the dirty image D, not normalised.
    ///
    /// # Panics
    /// When the image has another shape.
    pub fn finish_image(&self, image: &mut Array2<T>) {
        self.check_shape(image);
        self.correction.divide(self.level, image);
    }

    /// The adjoint of [`Self::finish_image`]: pixel fluxes divided by the taper's transform.
    ///
    /// # Panics
    /// When the image has another shape.
    pub fn prepare_model(&self, image: &Array2<T>) -> Array2<T> {
        let mut prepared = image.clone();
        self.finish_image(&mut prepared);
        prepared
    }

    /// The adjoint of [`Self::add_to_image`]: planes from a prepared model.
    ///
    /// # Panics
    /// When the image has another shape or there is no such pass.
    pub fn planes_of_model(&self, prepared: &Array2<T>, i_pass: usize) -> Planes<T> {
        self.check_shape(prepared);
        screen::planes_of_model(self, prepared, i_pass)
    }

    fn check_shape(&self, image: &Array2<T>) {
        assert_eq!(image.dim(), (self.geometry.ny, self.geometry.nx), "image and plan differ in shape");
    }
}

impl<T: Real> std::fmt::Debug for GridPlan<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("GridPlan").field("recipe", &self.recipe).field("level", &self.level).finish()
    }
}
