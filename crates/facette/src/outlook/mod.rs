//! What a run would take: measured on a small part of the data, scheduled, and played through on other cores.
//!
//! ```text
//! look       open → survey some rows → image, number of chunks
//! measure    rehearse some chunks; a small image once               → Costs
//! predict    costs, cores → schedule → simulate                     → Prediction, for many numbers of cores
//! advise     what takes the time, what would help, cores for a target, a telescope's hour
//! ```

mod advice;
mod extrapolate;
mod kinds;
mod measure;
mod part;
mod pictures;
mod predict;

pub use advice::{Bottleneck, Remedy, Target};
pub use extrapolate::Extrapolation;
pub use kinds::{CoreKind, parse_kinds};
pub use measure::OnceCost;
pub use predict::{Prediction, play};

use crate::{
    Error, Request, Session, check, guess,
    open::{Opened, Sets},
    plan::{self, Spec},
    request::Resolved,
    resources,
    staging::Staging,
    telescope::Telescope,
    watch::Watch,
};
use flow::{Computer, Execution, Plan, Profile, StreamProfile};
use measure::Costs;
use ms::Selected;
use predict::{Predicted, predict};
use serde::Serialize;
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    time::Instant,
};
use tasks::chunk_rows;
use types::{ImageGeometry, Precision};

/// Version of the layout of [`Outlook`].
const FORMAT: u32 = 1;

/// More memory than any computer has.
const NO_LIMIT_BYTES: u64 = 1 << 50;

/// What is asked.
#[derive(Clone, Debug)]
pub struct OutlookRequest {
    /// The run; its prefix names the products, its threads are those that are measured with.
    pub request: Request,
    /// Cores to plan for; `None`: as many as are measured with.
    pub cores: Option<Vec<CoreKind>>,
    /// The ratio of processing to observed time that is to be reached.
    pub target_ratio: f64,
    /// A telescope whose hour is to be extrapolated to.
    pub telescope: Option<&'static Telescope>,
    /// File for a trace of the simulated pipeline, for Perfetto.
    pub trace: Option<PathBuf>,
}

/// What was found: `PREFIX.plan.json`. Fields are only ever added.
#[derive(Clone, Debug, Serialize)]
pub struct Outlook {
    /// Version of this layout: 1.
    pub format: u32,
    /// Program and version.
    pub program: String,
    /// `dirty` or `psf`.
    pub mode: String,
    /// The options as resolved.
    pub options: Resolved,
    /// Where costs were measured.
    pub measured_on: Computer,
    /// Threads that were measured with, besides one alone.
    pub measured_with: usize,
    /// Rows that were read.
    pub rows_read: u64,
    /// Rows there are.
    pub rows_total: u64,
    /// Seconds that looking and measuring took.
    pub took_s: f64,
    /// Observed time, estimated from the rows that were read, seconds.
    pub observed_s: f64,
    /// Visibilities of the selection, estimated.
    pub visibilities: u64,
    /// Costs of what is done for every chunk, pass by pass.
    pub streams: Vec<StreamProfile>,
    /// Costs of what is done once.
    pub once: Vec<OnceCost>,
    /// The run on the cores that were asked for.
    pub prediction: Prediction,
    /// Memory that the run plans with, bytes.
    pub memory_bytes: u64,
    /// What takes the time.
    pub bottleneck: Bottleneck,
    /// Cores for the target.
    pub target: Target,
    /// Number of cores and ratio.
    pub curve: Vec<(usize, f64)>,
    /// A telescope's hour.
    pub telescope: Option<Extrapolation>,
    /// Files written, by kind.
    pub outputs: BTreeMap<String, String>,
}

/// The data as far as they have been looked at.
struct Looked {
    /// The rows that were read.
    opened: Opened,
    geometry: ImageGeometry,
    rows_read: u64,
    rows_total: u64,
    /// Selected rows, estimated.
    n_row: u64,
    /// Seconds to open the data.
    open_s: f64,
    /// Seconds to survey all rows, estimated.
    survey_s: f64,
    /// Observed time, estimated, seconds.
    observed_s: f64,
}

/// A product `PREFIX.ending`.
fn product(out: &Path, ending: &str) -> PathBuf {
    let mut name = out.to_path_buf().into_os_string();
    name.push(format!(".{ending}"));
    PathBuf::from(name)
}

/// Products by kind.
fn products(asked: &OutlookRequest) -> Vec<(&'static str, PathBuf)> {
    let endings = [
        ("json", "plan.json"),
        ("ratio", "plan.png"),
        ("gantt", "plan.gantt.png"),
        ("pipeline", "pipeline.json"),
        ("profile", "profile.json"),
    ];
    let own = endings.map(|(kind, ending)| (kind, product(&asked.request.out, ending)));
    own.into_iter().chain(asked.trace.iter().map(|path| ("trace", path.clone()))).collect()
}

/// Measures, schedules and simulates; writes `PREFIX.plan.json`, its pictures, and `PREFIX.pipeline.json`.
///
/// # Errors
/// When an option is wrong, the data cannot be read or imaged, or a product cannot be written. No image is made, and the
/// MeasurementSets are only read.
pub fn outlook(asked: &OutlookRequest, session: &Session) -> Result<Outlook, Error> {
    let (started, request) = (Instant::now(), &asked.request);
    check::request(request)?;
    if !(asked.target_ratio > 0.0 && asked.target_ratio.is_finite()) {
        let problem = format!("{} is not a number above 0", asked.target_ratio);
        return Err(Error::Option {
            option: "target-ratio",
            problem,
            way_out: "--target-ratio 1".to_owned(),
        });
    }
    let here = request.threads.unwrap_or_else(resources::n_threads);
    let kinds = asked.cores.clone().unwrap_or_else(|| kinds::uniform(here));
    if let [CoreKind { count, .. }] = kinds[..] {
        kinds::check_cores(count)?;
    }
    if let Some(trace) = &asked.trace {
        let others = products(asked).into_iter().filter(|(kind, _)| *kind != "trace");
        check::trace(trace, &others.map(|(_, path)| path).collect::<Vec<_>>())?;
    }
    let named =
        products(asked).into_iter().map(|(kind, path)| (if kind == "trace" { kind } else { "out" }, path));
    let probe = ("out", measure::probe_path(&request.out));
    let probe_staging = Staging::new(vec![probe], true, &session.scratch)?;
    let staging = Staging::new(named.collect(), request.overwrite, &session.scratch)?;
    let looked = look(request, session, here)?;
    let costs = match request.precision {
        Precision::Single => measure::measure::<f32>(request, session, &looked, here, &probe_staging)?,
        Precision::Double => measure::measure::<f64>(request, session, &looked, here, &probe_staging)?,
    };
    drop(probe_staging);
    let took_s = started.elapsed().as_secs_f64();
    session.still_wanted()?;
    let predicted = predict(&looked, &costs, &kinds)?;
    let outlook = advise(asked, &looked, (&costs, &predicted), &kinds, (here, took_s))?;
    write(asked, &outlook, &predicted, &staging)?;
    staging.commit(request.overwrite)?;
    Ok(outlook)
}

/// Opens the data and surveys a part of the rows.
fn look(request: &Request, session: &Session, here: usize) -> Result<Looked, Error> {
    let started = Instant::now();
    let sets = Sets::open(request, session)?;
    let open_s = started.elapsed().as_secs_f64();
    let (mut parts, mut rows_read) = (Vec::new(), 0);
    for selected in &sets.selected {
        let rows = chunk_rows(selected.setup().freq_hz.len()) as u64;
        let windows = part::windows(selected.n_row_total(), rows, selected.is_mixed());
        rows_read += part::n_row(&windows);
        parts.push(selected.part(&windows));
    }
    let rows_total: u64 = sets.selected.iter().map(Selected::n_row_total).sum();
    let share = rows_read as f64 / rows_total.max(1) as f64;
    let surveying = Instant::now();
    let opened = sets.survey(parts, request, session, (here, &Watch::default()))?;
    let survey_s = surveying.elapsed().as_secs_f64() / share;
    if opened.n_row() == 0 {
        return Err(Error::Option {
            option: "field",
            problem: format!("none of the {rows_read} rows that were looked at belong to the selection"),
            way_out: "another --field or --ddid (facette info lists them with their rows)".to_owned(),
        });
    }
    let n_row = (opened.n_row() as f64 / share).round() as u64;
    let (geometry, notes) = guess::geometry(request.npix, request.cell_rad, &opened.reach);
    notes.iter().for_each(|note| session.screen.note(note));
    let observed_s = observed_s(&sets, &opened, n_row);
    if !(observed_s > 0.0 && observed_s.is_finite()) {
        return Err(Error::Option {
            option: "ms",
            problem: "TIME and INTERVAL do not say how long was observed, so there is no real-time ratio"
                .to_owned(),
            way_out: "facette dirty, which needs neither".to_owned(),
        });
    }
    Ok(Looked { opened, geometry, rows_read, rows_total, n_row, open_s, survey_s, observed_s })
}

/// As observed where all rows were read. Otherwise most times of a window are whole ones if it holds several; if not, the
/// antennas tell how many rows a time has.
fn observed_s(sets: &Sets, opened: &Opened, n_row: u64) -> f64 {
    let surveyed = &opened.surveyed;
    if n_row == opened.n_row() {
        return surveyed.observed_s;
    }
    let antennas = sets.sets.iter().map(|ms| ms.antennas().len() as u64).max().unwrap_or(2);
    let is_whole = surveyed.n_time > 2 * opened.selected.len() as u64 * part::MOST_WINDOWS;
    let baselines = antennas * antennas.saturating_sub(1) / 2;
    let rows_per_time = if is_whole { surveyed.rows_per_time } else { baselines };
    let interval_s = surveyed.observed_s / surveyed.n_time.max(1) as f64;
    (n_row as f64 / rows_per_time.max(1) as f64).max(1.0) * interval_s
}

impl Looked {
    /// Chunks of so many rows.
    fn chunks_in(&self, n_row: u64) -> u64 {
        let rows = self.opened.selected.iter().map(|s| chunk_rows(s.setup().freq_hz.len()) as u64);
        n_row.div_ceil(rows.min().unwrap_or(1)).max(1)
    }

    fn spec(&self, request: &Request, geometry: ImageGeometry, cores: usize) -> Spec {
        let spec = self.opened.spec(request, geometry, cores, &Execution::Auto);
        Spec { n_row: self.n_row, ..spec }
    }

    /// Memory with all planes at once, unless the request limits it: what there is here says nothing of another computer.
    fn memory_bytes(&self, request: &Request, cores: usize) -> Result<u64, Error> {
        let spec = self.spec(request, self.geometry, cores);
        let spec = Spec { memory_bytes: request.memory_bytes.or(Some(NO_LIMIT_BYTES)), ..spec };
        Ok(match request.precision {
            Precision::Single => plan::plan::<f32>(&spec)?.memory_bytes,
            Precision::Double => plan::plan::<f64>(&spec)?.memory_bytes,
        })
    }
}

fn advise(
    asked: &OutlookRequest,
    looked: &Looked,
    (costs, predicted): (&Costs, &Predicted),
    kinds: &[CoreKind],
    (here, took_s): (usize, f64),
) -> Result<Outlook, Error> {
    let request = &asked.request;
    let cores = kinds::equivalent(kinds);
    let (needed, reached_ratio) = advice::cores_for(looked, costs, asked.target_ratio)?;
    let target = Target {
        real_time_ratio: asked.target_ratio,
        cores: needed,
        reached_ratio,
        memory_bytes: needed.map(|cores| looked.memory_bytes(request, cores)).transpose()?,
    };
    let goal = (cores, asked.target_ratio);
    let telescope = asked.telescope.map(|t| extrapolate::extrapolate(t, request, looked, costs, goal));
    let n_chan = looked.opened.selected.iter().map(|s| s.setup().freq_hz.len() as u64).max().unwrap_or(1);
    let outputs =
        products(asked).into_iter().map(|(kind, path)| (kind.to_owned(), path.display().to_string()));
    Ok(Outlook {
        format: FORMAT,
        program: concat!("facette ", env!("CARGO_PKG_VERSION")).to_owned(),
        mode: request.product.name().to_owned(),
        options: request.resolved(&looked.opened.selected[0], &looked.geometry, here),
        measured_on: resources::computer(),
        measured_with: here,
        rows_read: looked.rows_read,
        rows_total: looked.rows_total,
        took_s,
        observed_s: looked.observed_s,
        visibilities: looked.n_row * n_chan,
        streams: costs.streams.clone(),
        once: costs.once.clone(),
        prediction: predicted.prediction.clone(),
        memory_bytes: looked.memory_bytes(request, cores)?,
        bottleneck: advice::bottleneck(looked, costs, kinds, predicted),
        target,
        curve: advice::curve(looked, costs, cores)?,
        telescope: telescope.transpose()?,
        outputs: outputs.collect(),
    })
}

fn write(
    asked: &OutlookRequest,
    outlook: &Outlook,
    predicted: &Predicted,
    staging: &Staging,
) -> Result<(), Error> {
    let out = &asked.request.out;
    let at = |ending: &str| staging.path(&product(out, ending));
    pictures::ratio(&at("plan.png"), outlook)?;
    pictures::gantt(&at("plan.gantt.png"), outlook, &predicted.outcome)?;
    let mut pipeline = Plan::default();
    pipeline.passes.clone_from(&predicted.plans);
    let profile = Profile::of(resources::computer(), outlook.streams.clone());
    let text = |path: PathBuf, text: String| {
        std::fs::write(&path, text).map_err(|source| Error::Folder { path, option: "out", source })
    };
    text(at("pipeline.json"), pipeline.to_json())?;
    text(at("profile.json"), profile.to_json())?;
    if let Some(trace) = &asked.trace {
        text(staging.path(trace), predicted.outcome.trace_json())?;
    }
    Ok(report::write_json(&at("plan.json"), outlook, false)?)
}
