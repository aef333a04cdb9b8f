//! `PREFIX.<mode>.summary.json`: what a run did, for programs. Stable and versioned: fields are only ever added.

use crate::request::Resolved;
use serde::Serialize;
use std::collections::BTreeMap;

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
    /// Fitted beam: major, minor axis (arcsec, full width at half maximum), position angle (degrees, N through E).
    pub beam: Option<(f64, f64, f64)>,
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
