//! The main job without data: a simulated sky is observed, imaged and measured.

use crate::{
    Error, Session, check, execute,
    plan::{self, ChunkShape, Spec},
    resources,
    staging::Staging,
    summary::{
        GridderSummary, ImageSummary, TaskSummary, beam_of, gridder_summary, image_summary, task_summaries,
    },
    watch::Watch,
};
use flow::{Chain, Execution};
use modes::{Demo, Dirty, Psf};
use serde::Serialize;
use std::{
    fs,
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};
use tasks::{Data, FittedSource, GridPlan, Real, Simulation, WriteFits};
use types::{Beam, ImageGeometry, ImageHeader, SPEED_OF_LIGHT_M_S, SkySource, Stokes, Weighting};

/// Accuracy of the responses that sources are fitted against: well below that of the image under test.
const RESPONSE_EPSILON: f64 = 1e-5;

/// Files that a demonstration writes.
pub(crate) const PRODUCTS: [&str; 5] =
    ["demo.dirty.fits", "demo.dirty.png", "demo.psf.fits", "demo.psf.png", "demo.summary.json"];

/// Several times the noise of a real MeerKAT visibility of 2 MHz and 150 s.
pub const DEFAULT_NOISE_JY: f64 = 0.1;

/// What to simulate and how to image it.
#[derive(Clone, Debug)]
pub struct DemoRequest {
    /// Folder for pictures, images and summary; its files of earlier runs are replaced.
    pub out: PathBuf,
    /// Seed of the sky and of the noise.
    pub seed: u64,
    /// Noise: rms of real and imaginary part of every visibility and correlation, Jy.
    pub noise_jy: f64,
    /// Accuracy of the images, relative rms.
    pub epsilon: f64,
    /// Threads; `None`: as many as the process may use.
    pub threads: Option<usize>,
    /// Whether the dirty image and PSF are corrected for w. Off only to show that it matters.
    pub w_correction: bool,
    /// File for a trace of every call of every task, in the trace event format (Perfetto); `None`: none. One that
    /// exists is replaced.
    pub trace: Option<PathBuf>,
    /// The screen is told when nothing has moved in a pass over the data for so long; `None` or zero: never.
    pub stall_after: Option<Duration>,
}

impl Default for DemoRequest {
    fn default() -> Self {
        DemoRequest {
            out: PathBuf::from("demo"),
            seed: 1,
            noise_jy: DEFAULT_NOISE_JY,
            epsilon: 1e-4,
            threads: None,
            w_correction: true,
            trace: None,
            stall_after: Some(crate::request::STALL_AFTER),
        }
    }
}

/// One source as it went in and as it came out.
#[derive(Clone, Debug, Serialize)]
pub struct Recovered {
    /// Flux that went in, Jy.
    pub flux_in_jy: f64,
    /// Flux that came out, Jy.
    pub flux_out_jy: f64,
    /// Its standard error, Jy.
    pub flux_err_jy: f64,
    /// Position that went in (x, y), pixels from 0.
    pub xy_in_px: (f64, f64),
    /// Position that came out (x, y), pixels from 0.
    pub xy_out_px: (f64, f64),
    /// Full width at half maximum of an extended source along its major axis, arcseconds.
    pub extended_arcsec: Option<f64>,
    /// Allowed error of the flux, Jy: the larger of 1 % and three standard errors.
    pub flux_tolerance_jy: f64,
    /// Allowed error of the position, pixels: the larger of 0.1 and 1.5 beams over the signal to noise ratio.
    pub position_tolerance_px: f64,
}

impl Recovered {
    /// Distance between the positions, pixels.
    pub fn position_error_px(&self) -> f64 {
        (self.xy_out_px.0 - self.xy_in_px.0).hypot(self.xy_out_px.1 - self.xy_in_px.1)
    }

    /// Whether flux and position came back within their tolerances.
    pub fn is_good(&self) -> bool {
        (self.flux_out_jy - self.flux_in_jy).abs() <= self.flux_tolerance_jy
            && self.position_error_px() <= self.position_tolerance_px
    }
}

/// What the demonstration did.
#[derive(Clone, Debug, Serialize)]
pub struct DemoSummary {
    /// Version of this layout: 1.
    pub format: u32,
    /// Program and version.
    pub program: String,
    /// `demo`.
    pub mode: String,
    /// Seed.
    pub seed: u64,
    /// Noise per visibility and correlation, Jy.
    pub noise_jy: f64,
    /// Sources in and out.
    pub sources: Vec<Recovered>,
    /// The dirty image.
    pub dirty: ImageSummary,
    /// The PSF.
    pub psf: ImageSummary,
    /// How visibilities were gridded.
    pub gridder: GridderSummary,
    /// Time per task.
    pub tasks: Vec<TaskSummary>,
    /// Rows simulated.
    pub rows_selected: u64,
    /// Visibilities (rows × channels) in the dirty image.
    pub visibilities_used: u64,
    /// Visibilities flagged: none.
    pub visibilities_flagged: u64,
    /// Visibilities simulated and gridded, in all passes, per second.
    pub visibilities_per_s: f64,
    /// Simulated observing time, seconds.
    pub observed_s: f64,
    /// Seconds from start to end, simulation and all responses included.
    pub wall_s: f64,
    /// wall_s / observed_s.
    pub real_time_ratio: f64,
    /// Largest resident set of the process, bytes.
    pub peak_memory_bytes: Option<u64>,
    /// Memory the plan asked for, bytes.
    pub planned_memory_bytes: u64,
    /// Files written.
    pub outputs: Vec<String>,
}

/// Simulates, images and measures; writes `demo.dirty.fits`, `demo.psf.fits`, their pictures and `demo.summary.json`.
///
/// # Errors
/// When an option is wrong, the folder cannot be written, or the session was cancelled.
pub fn demo(request: &DemoRequest, session: &Session) -> Result<DemoSummary, Error> {
    let started = Instant::now();
    check::demo(request)?;
    fs::create_dir_all(&request.out).map_err(|source| Error::Folder {
        path: request.out.clone(),
        option: "out",
        source,
    })?;
    let threads = request.threads.unwrap_or_else(resources::n_threads);
    let watch = Watch::new(request.stall_after, request.trace.clone(), threads);
    let products = PRODUCTS.map(|name| ("out", request.out.join(name))).into_iter().chain(watch.product());
    let staging = Staging::new(products.collect(), true, &session.scratch)?;
    let summary = Stage::new(request, session, threads, &staging, watch).run::<f32>(started);
    let summary = summary.map_err(|e| staging.name_products(e))?;
    session.still_wanted()?;
    staging.commit(true)?;
    Ok(summary)
}

/// The simulated observation and the image that suits it.
struct Stage<'a> {
    request: &'a DemoRequest,
    session: &'a Session,
    threads: usize,
    simulation: Arc<Simulation>,
    geometry: ImageGeometry,
    staging: &'a Staging,
    watch: Watch,
}

impl<'a> Stage<'a> {
    fn new(
        request: &'a DemoRequest,
        session: &'a Session,
        threads: usize,
        staging: &'a Staging,
        watch: Watch,
    ) -> Self {
        let simulation = Arc::new(Simulation::demo(request.seed, request.noise_jy));
        Stage { request, session, threads, simulation, geometry: sim::demo_geometry(), staging, watch }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.staging.path(&self.request.out.join(format!("demo.{name}")))
    }

    fn run<T: Real>(&self, started: Instant) -> Result<DemoSummary, Error> {
        let planned = plan::plan::<T>(&self.spec(self.request.epsilon, self.request.w_correction))?;
        let response = plan::plan::<T>(&self.spec(RESPONSE_EPSILON, true))?;
        self.announce(&planned.describe(self.request.epsilon, self.threads));
        let mut chain = Chain::new();
        let made =
            modes::demo(&mut chain, self.mode(&planned.plan, &response.plan)).map_err(Error::Declare)?;
        let report = execute::run(chain, self.session, self.how())?;
        let missing = || Error::Declare("the chain gave no result".into());
        self.watch.write(self.staging, &*self.session.screen)?;
        let (dirty, psf) = (made.dirty.take().ok_or_else(missing)?, made.psf.take().ok_or_else(missing)?);
        let fitted = made.fitted.take().ok_or_else(missing)?;
        let (wall_s, observed_s) =
            (started.elapsed().as_secs_f64(), self.simulation.observation.observed_s());
        let summary = DemoSummary {
            format: crate::summary::FORMAT,
            program: concat!("facette ", env!("CARGO_PKG_VERSION")).to_owned(),
            mode: "demo".to_owned(),
            seed: self.request.seed,
            noise_jy: self.request.noise_jy,
            sources: self.recovered(&fitted, beam_of(&psf)),
            dirty: image_summary(&dirty, &self.geometry),
            psf: image_summary(&psf, &self.geometry),
            gridder: gridder_summary(&planned, self.request.epsilon, self.threads),
            tasks: task_summaries(&report),
            rows_selected: dirty.counts.n_row,
            visibilities_used: dirty.counts.n_used,
            visibilities_flagged: dirty.counts.n_flagged,
            visibilities_per_s: (dirty.counts.n_used as usize * (2 + fitted.len())) as f64 / wall_s,
            observed_s,
            wall_s,
            real_time_ratio: wall_s / observed_s,
            peak_memory_bytes: resources::peak_memory_bytes(),
            planned_memory_bytes: planned.memory_bytes.max(response.memory_bytes + self.response_bytes()),
            outputs: self.outputs(),
        };
        report::write_json(&self.path("summary.json"), &summary, false)?;
        Ok(summary)
    }

    fn outputs(&self) -> Vec<String> {
        let products = PRODUCTS.map(|name| self.request.out.join(name)).into_iter();
        let trace = self.watch.product().map(|(_, path)| path);
        products.chain(trace).map(|path| path.display().to_string()).collect()
    }

    /// The responses of all sources, kept in double precision until the fit.
    fn response_bytes(&self) -> u64 {
        (self.simulation.sources.len() * self.geometry.n_pixels() * size_of::<f64>()) as u64
    }

    fn spec(&self, epsilon: f64, w_correction: bool) -> Spec {
        let setup = self.simulation.setup();
        let w_m = (0..self.simulation.observation.n_time).flat_map(|t| self.simulation.observation.uvw_m(t));
        let (min_w_m, max_w_m) = w_m.fold((f64::INFINITY, 0.0_f64), |(low, high), uvw| {
            (low.min(uvw[2].abs()), high.max(uvw[2].abs()))
        });
        let (low, high) = crate::open::freq_range(&setup.freq_hz);
        Spec {
            geometry: self.geometry,
            epsilon,
            w_abs_lambda: (min_w_m * low / SPEED_OF_LIGHT_M_S, max_w_m * high / SPEED_OF_LIGHT_M_S),
            w_correction,
            weighting: Weighting::Natural,
            chunk: ChunkShape { n_chan: setup.freq_hz.len(), n_corr: setup.correlations.len() },
            n_row: self.simulation.observation.n_row() as u64,
            read_bytes: 0,
            trace_bytes: self.watch.memory_bytes(),
            memory_bytes: None,
            threads: self.threads,
            in_flight: execute::in_flight(&Execution::Auto, self.threads),
        }
    }

    fn announce(&self, plan: &str) {
        let observation = &self.simulation.observation;
        self.session.screen.fact(
            "simulated",
            &format!(
                "{} · {} antennas · {} · {} rows × {} channels · {} sources · noise {} Jy per visibility",
                observation.layout.name,
                observation.layout.antennas.len(),
                crate::open::duration(observation.observed_s()),
                types::format_count(observation.n_row() as u64),
                observation.freq_hz.len(),
                self.simulation.sources.len(),
                self.request.noise_jy,
            ),
        );
        self.session.screen.fact("plan", plan);
    }

    fn mode<T: Real>(&self, plan: &Arc<GridPlan<T>>, response_plan: &Arc<GridPlan<T>>) -> Demo<T> {
        let data = Data::Simulated(self.simulation.clone());
        let (stokes, weighting) = (Stokes::I, Weighting::Natural);
        let fits = |name: &str| WriteFits::new(self.path(name), self.header(), self.geometry, false);
        let (dirty, psf) = (fits("dirty.fits"), fits("psf.fits"));
        let picture = dirty.picture("Dirty image");
        Demo {
            dirty: Dirty { data: data.clone(), stokes, weighting, plan: plan.clone(), fits: dirty, picture },
            psf: Psf {
                data,
                stokes,
                weighting,
                plan: plan.clone(),
                picture: psf.picture("Point spread function"),
                fits: psf,
            },
            simulation: self.simulation.clone(),
            response_plan: response_plan.clone(),
        }
    }

    fn header(&self) -> ImageHeader {
        let program = concat!("facette ", env!("CARGO_PKG_VERSION"), " demo");
        let options = format!("seed = {}, noise = {} Jy", self.request.seed, self.request.noise_jy);
        ImageHeader { history: vec![program.to_owned(), options], ..self.simulation.header(Stokes::I) }
    }

    /// Passes over the data differ in what they do but not in their length.
    fn how(&self) -> execute::How {
        let observation = &self.simulation.observation;
        let sets = [(observation.n_row() as u64, observation.freq_hz.len())];
        let chunks = execute::visibilities_by_chunk(sets.into_iter());
        // Dirty image, PSF and one response a source.
        let n_passes = 2 + self.simulation.sources.len();
        execute::How {
            threads: self.threads,
            execution: Execution::Auto,
            chunks,
            n_passes,
            watch: self.watch.clone(),
        }
    }

    fn recovered(&self, fitted: &[FittedSource], beam: Option<Beam>) -> Vec<Recovered> {
        let beam_px = beam.map_or(1.0, |b| b.bmaj_rad / self.geometry.cell_rad);
        self.simulation
            .sources
            .iter()
            .zip(fitted)
            .map(|(t, f)| recover(t, f, beam_px, &self.geometry))
            .collect()
    }
}

fn recover(truth: &SkySource, fit: &FittedSource, beam_px: f64, geometry: &ImageGeometry) -> Recovered {
    let snr = fit.source.flux_jy.abs() / fit.flux_err_jy.max(f64::MIN_POSITIVE);
    Recovered {
        flux_in_jy: truth.flux_jy,
        flux_out_jy: fit.source.flux_jy,
        flux_err_jy: fit.flux_err_jy,
        xy_in_px: geometry.xy(truth.l, truth.m),
        xy_out_px: (fit.x, fit.y),
        extended_arcsec: truth.gaussian.map(|g| g.fwhm_major_rad / types::ARCSEC_RAD),
        flux_tolerance_jy: (0.01 * truth.flux_jy).max(3.0 * fit.flux_err_jy),
        position_tolerance_px: (1.5 * beam_px / snr).max(0.1),
    }
}
