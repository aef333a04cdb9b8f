//! `PREFIX.<mode>.summary.json`: what a run did, for programs. Stable and versioned: fields are only ever added.

use crate::{plan::Planned, request::Resolved};
use flow::RunReport;
use serde::Serialize;
use std::collections::BTreeMap;
use tasks::{Imaged, Real};
use types::{ARCSEC_RAD, Beam, ImageGeometry};

/// Version of the layout.
pub(crate) const FORMAT: u32 = 1;

/// What a run did.
#[derive(Clone, Debug, Serialize)]
pub struct Summary {
    /// Version of this layout: 1.
    pub format: u32,
    /// Program and version.
    pub program: String,
    /// `dirty`, `psf` or `demo`.
    pub mode: String,
    /// The options as resolved.
    pub options: Resolved,
    /// Rows looked at, of all kinds.
    pub rows_read: u64,
    /// Rows of cross-correlations of the selection.
    pub rows_selected: u64,
    /// Visibilities (rows × channels) that went into the image.
    pub visibilities_used: u64,
    /// Visibilities flagged, not finite or without weight.
    pub visibilities_flagged: u64,
    /// Visibilities read, used or not, per second of processing.
    pub visibilities_per_s: f64,
    /// INTERVAL summed over the distinct TIMEs of the selected rows, seconds.
    pub observed_s: f64,
    /// Seconds from the start of the run to its last product.
    pub wall_s: f64,
    /// wall_s / observed_s: at most 1 keeps up with the telescope.
    pub real_time_ratio: f64,
    /// Largest resident set of the process, bytes.
    pub peak_memory_bytes: Option<u64>,
    /// Memory the plan asked for, bytes.
    pub planned_memory_bytes: u64,
    /// How the visibilities were gridded.
    pub gridder: GridderSummary,
    /// The image.
    pub image: ImageSummary,
    /// The stages of every pass over the data.
    pub pipelines: Vec<PipelineSummary>,
    /// Time per task.
    pub tasks: Vec<TaskSummary>,
    /// Files written, by kind.
    pub outputs: BTreeMap<String, String>,
}

/// How visibilities were gridded.
#[derive(Clone, Debug, Serialize)]
pub struct GridderSummary {
    /// Requested accuracy, relative rms.
    pub epsilon: f64,
    /// Kernel support, cells.
    pub support: usize,
    /// Grid size (u, v), cells.
    pub grid_size: (usize, usize),
    /// Number of w planes.
    pub n_planes: usize,
    /// How often the data were read for gridding.
    pub n_passes: usize,
    /// Threads.
    pub threads: usize,
}

/// What the image shows.
#[derive(Clone, Debug, Serialize)]
pub struct ImageSummary {
    /// Size (x, y), pixels.
    pub npix: (usize, usize),
    /// Side of a pixel, arcseconds.
    pub cell_arcsec: f64,
    /// Largest pixel, Jy/beam.
    pub max_jy_per_beam: f64,
    /// Smallest pixel, Jy/beam.
    pub min_jy_per_beam: f64,
    /// Root mean square of all pixels, Jy/beam.
    pub rms_jy_per_beam: f64,
    /// Noise from the median absolute deviation, Jy/beam.
    pub robust_rms_jy_per_beam: f64,
    /// Sum of the imaging weights.
    pub sum_weights: f64,
    /// Fitted beam.
    pub beam: Option<BeamSummary>,
}

/// A beam: full widths at half maximum and position angle from North through East.
#[derive(Clone, Debug, Serialize)]
#[allow(missing_docs, reason = "the names are the header's")]
pub struct BeamSummary {
    pub bmaj_arcsec: f64,
    pub bmin_arcsec: f64,
    pub bpa_deg: f64,
}

/// How one pass over the data was run.
#[derive(Clone, Debug, Serialize)]
pub struct PipelineSummary {
    /// Its stages, such as `ReadChunks | ToStokes → Weigh ×2 | Grid (2 threads)`.
    pub stages: String,
    /// Chunks.
    pub chunks: u64,
    /// Seconds of the pass.
    pub wall_s: f64,
    /// Seconds from chunk to chunk that the costs of the first chunks promised; null where they did not decide.
    pub predicted_period_s: Option<f64>,
    /// Seconds from chunk to chunk as they came, behind the first chunks.
    pub achieved_period_s: Option<f64>,
    /// How often it was cut anew between two turns, because costs had moved.
    pub n_replanned: usize,
    /// Why the two differ by more than 15 %.
    pub why: Option<String>,
}

pub(crate) fn pipeline_summaries(report: &RunReport) -> Vec<PipelineSummary> {
    let summary = |(pass, plan): (&flow::PassReport, &flow::PassPlan)| PipelineSummary {
        stages: plan.to_string(),
        chunks: pass.chunks,
        wall_s: pass.wall_s,
        predicted_period_s: pass.forecast.as_ref().map(|forecast| forecast.predicted_s),
        achieved_period_s: pass.forecast.as_ref().map(|forecast| forecast.achieved_s),
        n_replanned: pass.n_replanned,
        why: pass.forecast.as_ref().and_then(|forecast| forecast.why.clone()),
    };
    report.passes.iter().zip(&report.plan.passes).map(summary).collect()
}

/// Time of one task, summed over its replicas.
#[derive(Clone, Debug, Serialize)]
pub struct TaskSummary {
    /// Task.
    pub name: String,
    /// Calls.
    pub calls: u64,
    /// Seconds at work.
    pub busy_s: f64,
    /// Replicas.
    pub replicas: usize,
    /// Seconds waiting for input.
    pub wait_input_s: f64,
    /// Seconds waiting to hand on.
    pub wait_output_s: f64,
}

pub(crate) fn gridder_summary<T: Real>(planned: &Planned<T>, epsilon: f64, threads: usize) -> GridderSummary {
    let r = planned.plan.recipe();
    GridderSummary {
        epsilon,
        support: r.support,
        grid_size: (r.nu, r.nv),
        n_planes: r.n_planes,
        n_passes: r.n_passes,
        threads,
    }
}

pub(crate) fn image_summary<T: Real>(image: &Imaged<T>, geometry: &ImageGeometry) -> ImageSummary {
    let stats = ::image::statistics(&image.pixels);
    ImageSummary {
        npix: (geometry.nx, geometry.ny),
        cell_arcsec: geometry.cell_rad / ARCSEC_RAD,
        max_jy_per_beam: stats.max,
        min_jy_per_beam: stats.min,
        rms_jy_per_beam: stats.rms,
        robust_rms_jy_per_beam: stats.robust_rms,
        sum_weights: image.sum_weights,
        beam: beam_of(image).map(|b| BeamSummary {
            bmaj_arcsec: b.bmaj_rad / ARCSEC_RAD,
            bmin_arcsec: b.bmin_rad / ARCSEC_RAD,
            bpa_deg: b.bpa_rad.to_degrees(),
        }),
    }
}

/// The beam, where one was fitted.
pub(crate) fn beam_of<T>(image: &Imaged<T>) -> Option<Beam> {
    image.beam.as_ref().and_then(|b| b.as_ref().ok()).copied()
}

pub(crate) fn task_summaries(report: &RunReport) -> Vec<TaskSummary> {
    let summary = |t: &flow::TaskReport| TaskSummary {
        name: t.name.clone(),
        calls: t.calls,
        busy_s: t.busy_s,
        replicas: t.replicas,
        wait_input_s: t.waited_input_s,
        wait_output_s: t.waited_output_s,
    };
    report.tasks.iter().map(summary).collect()
}
