//! The main job without data: a simulated sky is observed, imaged and measured.

use crate::{
    Error, Session, execute,
    plan::{self, ChunkShape, Spec},
    resources,
    run::{beam_of, gridder_summary, image_summary, task_summaries},
    summary::{GridderSummary, ImageSummary, TaskSummary},
};
use flow::{Chain, Execution};
use modes::{Demo, Dirty, Psf};
use serde::Serialize;
use std::{fs, path::PathBuf, sync::Arc, time::Instant};
use tasks::{Data, FittedSource, GridPlan, Real, Simulation, WriteFits, chunk_rows};
use types::{Beam, ImageGeometry, ImageHeader, SPEED_OF_LIGHT_M_S, SkySource, Stokes, Weighting};

/// Accuracy of the responses that sources are fitted against: well below that of the image under test.
const RESPONSE_EPSILON: f64 = 1e-5;

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
    /// Simulated observing time, seconds.
    pub observed_s: f64,
    /// Seconds from start to end, simulation and all responses included.
    pub wall_s: f64,
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
    check(request)?;
    fs::create_dir_all(&request.out).map_err(|e| Error::Option {
        option: "out",
        problem: format!("{} cannot be made: {e}", request.out.display()),
        way_out: "a folder you may write to".to_owned(),
    })?;
    let threads = request.threads.unwrap_or_else(resources::n_threads);
    let stage = Stage::new(request, session, threads);
    for path in [stage.path("dirty.fits"), stage.path("psf.fits"), stage.path("summary.json")] {
        fits::check_writable(&path, true)?;
    }
    stage.run::<f32>(started)
}

fn check(request: &DemoRequest) -> Result<(), Error> {
    let wrong = |option, problem: &str, way_out: &str| {
        Err(Error::Option { option, problem: problem.to_owned(), way_out: way_out.to_owned() })
    };
    if !(request.noise_jy >= 0.0 && request.noise_jy.is_finite()) {
        return wrong("noise", "noise cannot be negative", "--noise 0.1Jy");
    }
    if request.threads == Some(0) {
        return wrong("threads", "at least one thread is needed", "--threads 1");
    }
    Ok(())
}

/// The simulated observation and the image that suits it.
struct Stage<'a> {
    request: &'a DemoRequest,
    session: &'a Session,
    threads: usize,
    simulation: Arc<Simulation>,
    geometry: ImageGeometry,
}

impl<'a> Stage<'a> {
    fn new(request: &'a DemoRequest, session: &'a Session, threads: usize) -> Self {
        let simulation = Arc::new(Simulation::demo(request.seed, request.noise_jy));
        Stage { request, session, threads, simulation, geometry: sim::demo_geometry() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.request.out.join(format!("demo.{name}"))
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
        let (dirty, psf) = (made.dirty.take().ok_or_else(missing)?, made.psf.take().ok_or_else(missing)?);
        let fitted = made.fitted.take().ok_or_else(missing)?;
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
            observed_s: self.simulation.observation.observed_s(),
            wall_s: started.elapsed().as_secs_f64(),
            peak_memory_bytes: resources::peak_memory_bytes(),
            planned_memory_bytes: planned.memory_bytes.max(response.memory_bytes),
            outputs: self.outputs(),
        };
        report::write_json(&self.path("summary.json"), &summary, true)?;
        Ok(summary)
    }

    fn outputs(&self) -> Vec<String> {
        let names = ["dirty.fits", "dirty.png", "psf.fits", "psf.png", "summary.json"];
        names.iter().map(|n| self.path(n).display().to_string()).collect()
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
            memory_bytes: None,
            threads: self.threads,
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
        let fits = |name: &str| WriteFits::new(self.path(name), self.header(), self.geometry, true);
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
        let n_chan = self.simulation.observation.freq_hz.len();
        execute::How {
            threads: self.threads,
            execution: Execution::Pipeline,
            pass_visibilities: (self.simulation.observation.n_row() * n_chan) as u64,
            chunk_visibilities: (chunk_rows(n_chan) * n_chan) as u64,
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
