//! Opening MeasurementSets and looking at what was selected of them.

use crate::{
    Error, Request, Session,
    guess::Reach,
    plan::{ChunkShape, Spec},
    watch::Watch,
};
use flow::Execution;
use ms::{Ms, Selected, Selection};
use std::path::{Path, PathBuf};
use tasks::{Data, Surveyed};
use types::{ImageGeometry, format_count};

/// Rows read at a time where the user does not say: a few MB of visibilities.
pub(crate) const READ_ROWS: usize = 16_384;
/// Phase centres closer than this are the same, radians (a milliarcsecond).
const SAME_PHASE_CENTER_RAD: f64 = 5e-9;

/// The selected data and what is known of them before they are read.
pub(crate) struct Opened {
    pub data: Data,
    pub selected: Vec<Selected>,
    pub reach: Reach,
    pub w_abs_lambda: (f64, f64),
    pub surveyed: Surveyed,
    pub rows_total: u64,
    /// Bytes that the reader holds besides its chunks.
    pub read_bytes: u64,
}

impl Opened {
    /// Rows selected, of all MeasurementSets.
    pub(crate) fn n_row(&self) -> u64 {
        self.surveyed.extents.iter().map(|e| e.n_row).sum()
    }

    /// The question to the planner of gridding.
    pub(crate) fn spec(
        &self,
        request: &Request,
        geometry: ImageGeometry,
        threads: usize,
        execution: &Execution,
    ) -> Spec {
        // The largest chunks of all MeasurementSets decide.
        let size = |c: &ChunkShape| c.n_chan * c.n_corr;
        let shapes = self.selected.iter().map(|s| s.setup());
        let shapes = shapes.map(|s| ChunkShape { n_chan: s.freq_hz.len(), n_corr: s.correlations.len() });
        Spec {
            geometry,
            epsilon: request.epsilon,
            w_abs_lambda: self.w_abs_lambda,
            w_correction: true,
            weighting: request.weighting,
            chunk: shapes.max_by_key(size).unwrap_or(ChunkShape { n_chan: 1, n_corr: 1 }),
            n_row: self.n_row(),
            read_bytes: self.read_bytes,
            trace_bytes: 0,
            memory_bytes: request.memory_bytes,
            threads,
            in_flight: crate::execute::in_flight(execution, threads),
        }
    }
}

/// MeasurementSets with what was selected of each; no row has been looked at but the first.
pub(crate) struct Sets {
    pub sets: Vec<Ms>,
    pub selected: Vec<Selected>,
}

impl Sets {
    /// Opens all MeasurementSets of a request.
    pub(crate) fn open(request: &Request, session: &Session) -> Result<Self, Error> {
        if request.ms.is_empty() {
            return Err(Error::Option {
                option: "ms",
                problem: "no MeasurementSet is given".to_owned(),
                way_out: "name at least one".to_owned(),
            });
        }
        let sets = request.ms.iter().map(|path| open_ms(path, session)).collect::<Result<Vec<_>, _>>()?;
        let selection = selection(request);
        let selected = sets.iter().map(|ms| ms.select(&selection)).collect::<Result<Vec<_>, _>>()?;
        same_frame(&request.ms, &selected)?;
        form_stokes(request, &selected, session)?;
        Ok(Sets { sets, selected })
    }

    /// Surveys what `selected` has of the same MeasurementSets: all rows, or some.
    pub(crate) fn survey(
        &self,
        selected: Vec<Selected>,
        request: &Request,
        session: &Session,
        (threads, watch): (usize, &Watch),
    ) -> Result<Opened, Error> {
        let read_rows = request.read_rows.unwrap_or(READ_ROWS);
        let data = Data::MeasurementSets { selected: selected.clone(), read_rows };
        let surveyed = crate::execute::survey(&data, selected.len(), session, threads, watch)?;
        let diameters = self.sets.iter().flat_map(|ms| ms.antennas()).map(|a| a.diameter_m);
        let diameter_m = diameters.filter(|d| *d > 0.0).reduce(f64::min);
        let (reach, w_abs_lambda) = reach(&selected, &surveyed, diameter_m);
        let rows_total = self.sets.iter().map(Ms::n_row).sum();
        let read_bytes = selected.iter().map(|s| s.read_bytes(read_rows)).max().unwrap_or(0);
        Ok(Opened { data, selected, reach, w_abs_lambda, surveyed, rows_total, read_bytes })
    }
}

/// Opens all MeasurementSets of a request, surveys them, and says what they hold.
pub(crate) fn open(
    request: &Request,
    session: &Session,
    threads: usize,
    watch: &Watch,
) -> Result<Opened, Error> {
    let sets = Sets::open(request, session)?;
    let opened = sets.survey(sets.selected.clone(), request, session, (threads, watch))?;
    for ((ms, selected), i_ms) in sets.sets.iter().zip(&sets.selected).zip(0..) {
        let text = describe(selected, ms.antennas().len(), &opened.surveyed, i_ms);
        session.screen.fact(&file_name(ms.path()), &text);
    }
    Ok(opened)
}

/// Refuses correlations that do not give the Stokes parameter; says so when one hand has to stand for both.
fn form_stokes(request: &Request, selected: &[Selected], session: &Session) -> Result<(), Error> {
    for (path, selected) in request.ms.iter().zip(selected) {
        let correlations = &selected.setup().correlations;
        let terms = request.stokes.terms(correlations);
        let terms = terms.map_err(|source| Error::Stokes { path: path.clone(), source })?;
        let names = terms.iter().map(|t| correlations[t.i_corr].name()).collect::<Vec<_>>();
        if names.len() == 1 && names[0] != request.stokes.name() {
            let text = format!(
                "Stokes {} from {} alone: the other hand is not there",
                request.stokes.name(),
                names[0]
            );
            session.screen.note(&text);
        }
    }
    Ok(())
}

/// Opens one MeasurementSet; a path that is not there is said as such.
pub(crate) fn open_ms(path: &Path, session: &Session) -> Result<Ms, Error> {
    if path.exists() {
        Ok(Ms::open_with(path, &session.open_options())?)
    } else {
        Err(Error::Missing { path: path.to_owned() })
    }
}

fn selection(request: &Request) -> Selection {
    Selection {
        field: request.field.clone(),
        ddid: request.ddid,
        column: request.column.clone(),
        chan: (request.chan_start, request.chan_end),
    }
}

/// Images are made of one phase centre, in one frame.
fn same_frame(paths: &[PathBuf], selected: &[Selected]) -> Result<(), Error> {
    let first = &selected[0];
    let differs = |s: &Selected| {
        s.phase_center().separation_rad(first.phase_center()) > SAME_PHASE_CENTER_RAD
            || s.frame() != first.frame()
            || s.spectral_frame() != first.spectral_frame()
    };
    let place = |s: &Selected| {
        format!("{} {:?}, frequencies {:?}", s.phase_center().sexagesimal(), s.frame(), s.spectral_frame())
    };
    match selected.iter().position(differs) {
        None => Ok(()),
        Some(i) => Err(Error::Frames {
            first: Box::new((paths[0].clone(), place(first))),
            other: Box::new((paths[i].clone(), place(&selected[i]))),
        }),
    }
}

fn file_name(path: &std::path::Path) -> String {
    path.file_name().map_or_else(|| path.display().to_string(), |n| n.to_string_lossy().into_owned())
}

/// One line: telescope, antennas, time, rows, channels, correlations.
fn describe(selected: &Selected, n_antenna: usize, surveyed: &Surveyed, i_ms: usize) -> String {
    let setup = selected.setup();
    let (low, high) = freq_range(&setup.freq_hz);
    let corrs: Vec<_> = setup.correlations.iter().map(|c| c.name()).collect();
    format!(
        "{} · {n_antenna} antennas · {} · {} rows × {} channels ({:.1}–{:.1} MHz) × {} · field {}",
        selected.telescope(),
        duration(surveyed.observed_s),
        format_count(surveyed.extents[i_ms].n_row),
        setup.freq_hz.len(),
        low / 1e6,
        high / 1e6,
        corrs.join(" "),
        selected.field_name(),
    )
}

/// A duration as people say it: `12.5 s`, `3.2 min`, `1.00 h`.
pub fn duration(seconds: f64) -> String {
    match seconds {
        s if s < 120.0 => format!("{s:.1} s"),
        s if s < 7200.0 => format!("{:.1} min", s / 60.0),
        s => format!("{:.2} h", s / 3600.0),
    }
}

/// The lowest and the highest of some frequencies.
pub fn freq_range(freq_hz: &[f64]) -> (f64, f64) {
    freq_hz.iter().fold((f64::INFINITY, 0.0), |(low, high), &f| (low.min(f), high.max(f)))
}

fn reach(selected: &[Selected], surveyed: &Surveyed, diameter_m: Option<f64>) -> (Reach, (f64, f64)) {
    let mut reach = Reach { max_uv_m: 0.0, max_freq_hz: 0.0, min_freq_hz: f64::INFINITY, diameter_m };
    let mut w_abs_lambda = (f64::INFINITY, 0.0_f64);
    for (selected, extent) in selected.iter().zip(&surveyed.extents) {
        let (low, high) = freq_range(&selected.setup().freq_hz);
        reach.max_uv_m = reach.max_uv_m.max(extent.max_uv_m);
        reach.max_freq_hz = reach.max_freq_hz.max(high);
        reach.min_freq_hz = reach.min_freq_hz.min(low);
        w_abs_lambda.0 = w_abs_lambda.0.min(extent.min_w_m * low / types::SPEED_OF_LIGHT_M_S);
        w_abs_lambda.1 = w_abs_lambda.1.max(extent.max_w_m * high / types::SPEED_OF_LIGHT_M_S);
    }
    // Nothing but flagged rows: the run will say so.
    (reach, if w_abs_lambda.0.is_finite() { w_abs_lambda } else { (0.0, 0.0) })
}
