//! From a request and the data's extent to a gridding plan that fits in memory.

use crate::{Error, resources};
use kernels::{GridPlan, GridderSpec, PlanError, weighting::UvDensity};
use std::sync::Arc;
use tasks::{Real, chunk_rows};
use types::{ImageGeometry, Weighting, format_angle, format_bytes};

/// Share of the machine's memory that a run may plan with; the rest is the system's.
const USABLE_SHARE: f64 = 0.9;
/// Program, libraries, FFT plans, picture.
const BASE_BYTES: u64 = 48 << 20;

/// Half width of the largest image, direction cosine: an all-sky image with a margin, whose corners are empty.
const MAX_HALF_WIDTH: f64 = 1.25;

/// The axes that decide how large a chunk is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ChunkShape {
    pub n_chan: usize,
    pub n_corr: usize,
}

/// What is to be gridded, how, and within which memory.
#[derive(Clone, Debug)]
pub(crate) struct Spec {
    pub geometry: ImageGeometry,
    pub epsilon: f64,
    pub w_abs_lambda: (f64, f64),
    pub w_correction: bool,
    pub weighting: Weighting,
    pub chunk: ChunkShape,
    /// Rows of the selection.
    pub n_row: u64,
    /// Bytes that the reader holds besides its chunks.
    pub read_bytes: u64,
    /// Bytes that a trace holds.
    pub trace_bytes: u64,
    pub memory_bytes: Option<u64>,
    pub threads: usize,
    /// Most chunks that exist at the same time.
    pub in_flight: u64,
}

impl Spec {
    /// Rows of the largest chunk.
    fn chunk_rows(&self) -> u64 {
        (chunk_rows(self.chunk.n_chan) as u64).min(self.n_row)
    }
}

/// A plan and the memory it needs.
pub(crate) struct Planned<T: Real> {
    pub plan: Arc<GridPlan<T>>,
    pub memory_bytes: u64,
    limit: Limit,
}

/// How much memory there is, and who says so.
#[derive(Clone, Copy)]
struct Limit {
    bytes: u64,
    is: &'static str,
}

impl Limit {
    fn new(asked: Option<u64>) -> Self {
        match (asked, resources::memory_bytes()) {
            (Some(bytes), _) => Limit { bytes, is: "--memory allows" },
            (None, Some(bytes)) => Limit { bytes, is: "this machine has" },
            (None, None) => Limit { bytes: u64::MAX, is: "this machine has" },
        }
    }

    fn usable_bytes(self) -> u64 {
        if self.is == "this machine has" { (self.bytes as f64 * USABLE_SHARE) as u64 } else { self.bytes }
    }
}

/// Bytes needed besides grids and image: chunks in flight, the uv density, the program.
fn fixed_bytes(spec: &Spec) -> u64 {
    let ChunkShape { n_chan, n_corr } = spec.chunk;
    // Complex32, flag and weight a correlation; then visibility and weight a sample, in double precision.
    let sample_bytes = 13 * n_corr + 24;
    let chunk_bytes = spec.chunk_rows() * (n_chan * sample_bytes + 24) as u64;
    let n_chunk = spec.n_row.div_ceil(spec.chunk_rows().max(1));
    let in_flight = spec.in_flight.min(n_chunk);
    BASE_BYTES + in_flight * chunk_bytes + spec.read_bytes + spec.trace_bytes + density_bytes(spec)
}

/// Bytes of the uv density, which grows with the image.
fn density_bytes(spec: &Spec) -> u64 {
    if spec.weighting.needs_density() { UvDensity::memory_bytes(&spec.geometry) } else { 0 }
}

/// Plans gridding within the memory there is.
pub(crate) fn plan<T: Real>(spec: &Spec) -> Result<Planned<T>, Error> {
    check_options(spec)?;
    let limit = Limit::new(spec.memory_bytes);
    let fixed = fixed_bytes(spec);
    let gridder = GridderSpec {
        geometry: spec.geometry,
        epsilon: spec.epsilon,
        w_abs_lambda: spec.w_abs_lambda,
        w_correction: spec.w_correction,
        memory_bytes: Some(limit.usable_bytes().saturating_sub(fixed)),
        threads: spec.threads,
        block_samples: spec.chunk_rows() * spec.chunk.n_chan as u64,
    };
    // Not `for_samples`: a plan that follows the number of visibilities would make memory follow the data's size.
    let plan = GridPlan::new(&gridder).map_err(|e| explain(e, spec, limit, fixed))?;
    let memory_bytes = plan.recipe().memory_bytes + fixed;
    Ok(Planned { plan: Arc::new(plan), memory_bytes, limit })
}

fn check_options(spec: &Spec) -> Result<(), Error> {
    let g = &spec.geometry;
    let option = |option, problem: String, way_out: &str| {
        Err(Error::Option { option, problem, way_out: way_out.to_owned() })
    };
    if g.nx == 0 || g.ny == 0 {
        return option("npix", "an image needs at least one pixel".to_owned(), "--npix 1024");
    }
    if !(g.cell_rad > 0.0 && g.cell_rad.is_finite()) {
        return option("cell", "the cell must be larger than zero".to_owned(), "--cell 2arcsec");
    }
    if g.nx.max(g.ny) as f64 * g.cell_rad > 2.0 * MAX_HALF_WIDTH {
        let width = format_angle(g.nx.max(g.ny) as f64 * g.cell_rad);
        return option(
            "npix",
            format!(
                "an image of {} × {} pixels of {} ({width}) is larger than the sky",
                g.nx,
                g.ny,
                format_angle(g.cell_rad)
            ),
            "a smaller --npix or --cell",
        );
    }
    Ok(())
}

/// Says a planning error in the words of the options.
fn explain(error: PlanError, spec: &Spec, limit: Limit, fixed: u64) -> Error {
    let PlanError::Memory { needed_bytes, plane_bytes, image_bytes, .. } = error else {
        return Error::Plan(error);
    };
    let (g, density) = (&spec.geometry, density_bytes(spec));
    Error::Memory {
        what: format!("an image of {} × {}", g.nx, g.ny),
        needed_bytes: needed_bytes + fixed,
        limit_is: limit.is,
        limit_bytes: limit.bytes,
        details: format!(
            "one w plane: {}; the image: {}; chunks, weights and program: {}; the rest is scratch of gridding",
            format_bytes(plane_bytes),
            format_bytes(image_bytes),
            format_bytes(fixed)
        ),
        way_out: match smaller_npix(
            g,
            needed_bytes + density,
            limit.usable_bytes().saturating_sub(fixed - density),
        ) {
            Some(npix) => format!("--npix {npix}, or more --memory"),
            None => format!("--memory {}MiB or more", (needed_bytes + fixed).div_ceil(1 << 20)),
        },
    }
}

/// A size of image that should fit, as memory grows with the number of pixels; `None` if hardly any would.
fn smaller_npix(g: &ImageGeometry, needed: u64, usable: u64) -> Option<usize> {
    let scale = (usable as f64 / needed as f64).sqrt().min(1.0) * 0.9;
    let npix = (g.nx.max(g.ny) as f64 * scale) as usize / 16 * 16;
    (npix >= 16).then_some(npix)
}

impl<T: Real> Planned<T> {
    /// Planes, grid, accuracy and memory in one line.
    pub(crate) fn describe(&self, epsilon: f64, threads: usize) -> String {
        let r = self.plan.recipe();
        let passes = match r.n_passes {
            1 => String::new(),
            n => format!(" in {n} passes over the data"),
        };
        format!(
            "w-gridding, {} planes of {} × {}{passes}, error ≤ {epsilon:e} · read → stokes → weigh → grid \
             ({threads} threads) · memory {} of {}",
            r.n_planes,
            r.nu,
            r.nv,
            format_bytes(self.memory_bytes),
            format_bytes(self.limit.bytes)
        )
    }
}
