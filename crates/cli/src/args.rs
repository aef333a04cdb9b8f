//! The command line, and how it becomes a request.

use crate::lock_args::LockArgs;
use crate::ms::{InfoArgs, MsCommand};
use crate::simulate_args::{self, SimulateArgs};
use clap::{Args, Parser, Subcommand, ValueEnum};
use facette::{
    Error, Pipeline, Product, Request,
    demo::DemoRequest,
    ms::FieldRef,
    outlook::{CoreKind, OutlookRequest, parse_kinds},
    telescope::{self, Telescope},
    types::{
        Precision, Stokes, UnitError, Weighting, parse_angle_rad, parse_bytes, parse_flux_jy, parse_time_s,
    },
};
use std::{path::PathBuf, time::Duration};

/// Facette images radio interferometer data: MeasurementSets in, FITS images and pictures out.
#[derive(Parser)]
#[command(name = "facette", version, about = ABOUT, after_help = EXAMPLES)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub command: Command,
}

const ABOUT: &str =
    "Facette images radio interferometer data: MeasurementSets in, FITS images and pictures out.";

const EXAMPLES: &str = "Examples:
  facette demo                      simulate an observation, image it, measure its sources (needs no data)
  facette info my.ms                what a MeasurementSet holds, and a suggested cell and size
  facette dirty my.ms --npix 2048 --cell 2arcsec --out image
  facette psf my.ms --npix 2048 --cell 2arcsec --weight uniform --out image
  facette plan my.ms --npix 2048 --cell 2arcsec --cores 16    what it would take on 16 cores
  facette ms show my.ms UVW[0:3]    rows of a column; facette ms --help has more
  facette simulate obs.ms --telescope vla-c --dec 40deg       an observation of a catalogue, for any imager
  facette demo --live               the same, with a table of which task takes the time

Exit codes: 0 done, 1 the work failed, 2 the command line was wrong, 130 interrupted.";

const IMAGE_EXAMPLE: &str = "Example:
  facette dirty my.ms --npix 4096 --cell 1.5arcsec --weight briggs --robust -0.5 --out m
writes m.dirty.fits, m.dirty.png and m.dirty.summary.json (facette psf: m.psf.*). The MeasurementSet is only read.
DDFacet's names work where they mean the same: --Data-ColName, --Output-Name, --Image-NPix, --Image-Cell (arcsec),
--Weight-Mode, --Weight-Robust, --Selection-Field, --Selection-DDID, --Selection-ChanStart, --Parallel-NCPU.";

const PLAN_EXAMPLE: &str = "Example:
  facette plan my.ms --npix 4096 --cell 1.5arcsec --cores 16 --out night
reads at most 5 % of the rows, and writes night.plan.json, night.plan.png (ratio over cores), night.plan.gantt.png (who
works when), night.pipeline.json and night.profile.json. Then
  facette dirty my.ms --npix 4096 --cell 1.5arcsec --pipeline night.pipeline.json";

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Make a dirty image
    #[command(after_help = IMAGE_EXAMPLE)]
    Dirty(ImageArgs),
    /// Make the point spread function and fit the beam
    #[command(after_help = IMAGE_EXAMPLE)]
    Psf(ImageArgs),
    /// Say what it would take: recommended pipeline, real-time ratio, cores and memory for a target
    #[command(after_help = PLAN_EXAMPLE)]
    Plan(PlanArgs),
    /// Say what a MeasurementSet holds (short for `facette ms info`)
    Info(InfoArgs),
    /// Look into MeasurementSets and other tables: info, columns, show, check, diff, export, copy
    #[command(subcommand)]
    Ms(MsCommand),
    /// Simulate an observation of a catalogue into a MeasurementSet
    #[command(after_help = simulate_args::EXAMPLE)]
    Simulate(SimulateArgs),
    /// Simulate a small MeerKAT-like observation, image it and measure its sources
    Demo(DemoArgs),
}

impl Command {
    /// Whether tables are to be shown of stages and tasks.
    pub(crate) fn live(&self) -> bool {
        match self {
            Command::Dirty(args) | Command::Psf(args) => args.watch.live,
            Command::Demo(args) => args.watch.live,
            Command::Info(_) | Command::Ms(_) | Command::Plan(_) | Command::Simulate(_) => false,
        }
    }

    pub(crate) fn quiet(&self) -> bool {
        match self {
            Command::Dirty(args) | Command::Psf(args) => args.quiet,
            Command::Demo(args) => args.quiet,
            Command::Plan(args) => args.image.quiet,
            Command::Simulate(args) => args.quiet,
            Command::Info(_) | Command::Ms(_) => false,
        }
    }

    pub(crate) fn product(&self) -> Product {
        if matches!(self, Command::Psf(_)) { Product::Psf } else { Product::Dirty }
    }
}

#[derive(Args)]
pub(crate) struct ImageArgs {
    /// MeasurementSets; several need one phase center
    #[arg(required = true, value_name = "MS")]
    ms: Vec<PathBuf>,

    /// Data column
    #[arg(long, alias = "Data-ColName", default_value = "DATA", help_heading = "Data")]
    column: String,
    /// Field, by number or name
    #[arg(
        long,
        alias = "Selection-Field",
        default_value = "0",
        value_name = "N|NAME",
        help_heading = "Data"
    )]
    field: String,
    /// Data description: spectral window and correlations
    #[arg(long, alias = "Selection-DDID", default_value_t = 0, value_name = "N", help_heading = "Data")]
    ddid: usize,
    /// First channel
    #[arg(long, alias = "Selection-ChanStart", default_value_t = 0, value_name = "N", help_heading = "Data")]
    chan_start: usize,
    /// One past the last channel [default: all]
    #[arg(long, value_name = "N", help_heading = "Data")]
    chan_end: Option<usize>,
    #[command(flatten, next_help_heading = "Data")]
    pub lock: LockArgs,

    /// Image size in pixels, N or NX,NY, used exactly [default: from primary beam and cell]
    #[arg(long, alias = "Image-NPix", value_name = "N|NX,NY", value_parser = npix, help_heading = "Image")]
    npix: Option<(usize, usize)>,
    /// Side of a pixel with its unit, such as 2arcsec [default: a third of the resolution]
    #[arg(long, value_parser = parse_angle_rad, value_name = "ANGLE", allow_hyphen_values = true, help_heading = "Image")]
    cell: Option<f64>,
    /// DDFacet's cell, in arcseconds without unit
    #[arg(long = "Image-Cell", hide = true, conflicts_with = "cell", value_name = "ARCSEC")]
    ddfacet_cell: Option<f64>,
    /// Stokes parameter
    #[arg(long, value_enum, default_value = "i", ignore_case = true, help_heading = "Image")]
    stokes: StokesArg,

    /// Imaging weights
    #[arg(
        long,
        alias = "Weight-Mode",
        value_enum,
        default_value = "briggs",
        ignore_case = true,
        help_heading = "Weights"
    )]
    weight: WeightArg,
    /// Briggs robustness: -2 near uniform, 2 near natural
    #[arg(
        long,
        alias = "Weight-Robust",
        default_value_t = 0.0,
        allow_negative_numbers = true,
        help_heading = "Weights"
    )]
    robust: f64,

    /// Accuracy of gridding: relative rms error against the direct Fourier sum
    #[arg(long, default_value_t = 1e-4, help_heading = "Performance")]
    epsilon: f64,
    /// Precision of grids and image
    #[arg(long, value_enum, default_value = "single", help_heading = "Performance")]
    precision: PrecisionArg,
    /// Threads [default: all this process may use]
    #[arg(long, alias = "Parallel-NCPU", value_name = "N", help_heading = "Performance")]
    threads: Option<usize>,
    /// Memory to stay within, such as 16GiB; where it is short, data are read several times and the image may differ
    /// within the accuracy [default: what the machine or its cgroup allows]
    #[arg(long, value_parser = parse_bytes, value_name = "SIZE", help_heading = "Performance")]
    memory: Option<u64>,
    /// Rows read from disk at a time; does not change the image [default: 16384]
    #[arg(long, value_name = "N", help_heading = "Performance")]
    chunk_rows: Option<usize>,
    /// Stages that tasks run in: auto (by what the first chunks cost), sequential (for debugging), or a file that
    /// `facette plan` wrote; does not change the image
    #[arg(long, value_parser = pipeline, default_value = "auto", value_name = "auto|sequential|FILE.json", help_heading = "Performance")]
    pipeline: Pipeline,

    /// Prefix of the output files
    #[arg(
        long,
        short,
        alias = "Output-Name",
        default_value = "image",
        value_name = "PREFIX",
        help_heading = "Output"
    )]
    out: PathBuf,
    /// Replace outputs that exist
    #[arg(long, help_heading = "Output")]
    overwrite: bool,
    /// Print nothing but errors
    #[arg(long, short, help_heading = "Output")]
    quiet: bool,

    #[command(flatten)]
    watch: WatchArgs,
}

#[derive(Args)]
pub(crate) struct WatchArgs {
    /// Show which task takes the time and which waits: a table of stages and tasks, every second on a terminal, and one
    /// of the whole run at the end, on standard error
    #[arg(long, help_heading = "Watching")]
    live: bool,
    /// Write a trace of every call of every task, for Perfetto (ui.perfetto.dev) or chrome://tracing; holds the newest
    /// million calls
    #[arg(long, value_name = "FILE.json", help_heading = "Watching")]
    trace: Option<PathBuf>,
    /// Warn when no task has ended and no chunk has moved for so long, such as 60s or 5min: names the task at work and
    /// the boundary where others wait; 0 never warns
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = patience, allow_hyphen_values = true, help_heading = "Watching")]
    stall_after: Duration,
}

#[derive(Args)]
pub(crate) struct PlanArgs {
    #[command(flatten)]
    pub image: ImageArgs,

    /// What would be made
    #[arg(long, value_enum, default_value = "dirty", help_heading = "Planning")]
    mode: ModeArg,
    /// Cores to plan for, as fast as these [default: those that are measured with, see --threads]
    #[arg(long, value_name = "N", conflicts_with = "machine", help_heading = "Planning")]
    cores: Option<usize>,
    /// Cores of several kinds, with their speed relative to these cores where it is not 1 (0.5 for kinds called little),
    /// such as big:8,little:8@0.4
    #[arg(long, value_name = "KIND:N[@SPEED],…", help_heading = "Planning")]
    machine: Option<String>,
    /// Real-time ratio (processing / observed time) that is to be reached
    #[arg(
        long,
        value_name = "R",
        default_value_t = 1.0,
        allow_negative_numbers = true,
        help_heading = "Planning"
    )]
    target_ratio: f64,
    /// Also say what an hour of a telescope would take: ska-low, ska-mid, meerkat or lofar
    #[arg(long, value_name = "NAME", value_parser = telescope, help_heading = "Planning")]
    telescope: Option<&'static Telescope>,
}

#[derive(Clone, Copy, ValueEnum)]
enum ModeArg {
    /// The dirty image
    Dirty,
    /// The point spread function
    Psf,
}

#[derive(Args)]
pub(crate) struct DemoArgs {
    /// Folder for pictures, images and summary; its demo.* files are replaced
    #[arg(long, short, default_value = "demo", value_name = "FOLDER", help_heading = "Output")]
    out: PathBuf,
    /// Seed of sky and noise
    #[arg(long, default_value_t = 1, value_name = "N", help_heading = "Simulation")]
    seed: u64,
    /// Noise per visibility and correlation, with its unit; 0Jy for none
    #[arg(long, value_parser = parse_flux_jy, default_value = "0.1Jy", value_name = "FLUX", help_heading = "Simulation")]
    noise: f64,
    /// Accuracy of gridding: relative rms error against the direct Fourier sum
    #[arg(long, default_value_t = 1e-4, help_heading = "Performance")]
    epsilon: f64,
    /// Threads [default: all this process may use]
    #[arg(long, value_name = "N", help_heading = "Performance")]
    threads: Option<usize>,
    /// Print nothing but errors
    #[arg(long, short, help_heading = "Output")]
    quiet: bool,

    #[command(flatten)]
    watch: WatchArgs,
}

#[derive(Clone, Copy, ValueEnum)]
enum StokesArg {
    I,
    Q,
    U,
    V,
}

#[derive(Clone, Copy, ValueEnum)]
enum WeightArg {
    /// The data's weights: best sensitivity
    Natural,
    /// Every uv cell alike: best resolution
    Uniform,
    /// Between the two, by --robust
    #[value(alias = "robust")]
    Briggs,
}

#[derive(Clone, Copy, ValueEnum)]
enum PrecisionArg {
    /// 32 bit
    #[value(alias = "s")]
    Single,
    /// 64 bit
    #[value(alias = "d")]
    Double,
}

fn npix(text: &str) -> Result<(usize, usize), String> {
    let side =
        |t: &str| t.trim().parse().map_err(|_| format!("`{text}` is not a size such as 1024 or 2048,1024"));
    match text.split_once(',') {
        Some((nx, ny)) => Ok((side(nx)?, side(ny)?)),
        None => side(text).map(|n| (n, n)),
    }
}

/// A word, or the name of a file, which has a dot or a slash in it.
fn pipeline(text: &str) -> Result<Pipeline, String> {
    match text {
        "auto" => Ok(Pipeline::Auto),
        "sequential" => Ok(Pipeline::Sequential),
        file if file.contains(['.', std::path::MAIN_SEPARATOR]) => Ok(Pipeline::File(PathBuf::from(file))),
        _ => Err(format!(
            "`{text}` is neither auto, sequential nor the name of a file such as image.pipeline.json"
        )),
    }
}

fn telescope(text: &str) -> Result<&'static Telescope, String> {
    let names = || telescope::ALL.iter().map(|t| t.name).collect::<Vec<_>>().join(", ");
    telescope::find(text).ok_or_else(|| format!("there is no telescope `{text}`; there are {}", names()))
}

/// A duration with its unit; zero needs none.
fn patience(text: &str) -> Result<Duration, UnitError> {
    let seconds = if text.trim() == "0" { 0.0 } else { parse_time_s(text)? };
    let refused =
        |_| UnitError { text: text.to_owned(), expected: "a time from 0 on (60s, 5min, or 0 for never)" };
    Duration::try_from_secs_f64(seconds).map_err(refused)
}

impl ImageArgs {
    /// The request in the library's words.
    pub(crate) fn request(&self, product: Product) -> Result<Request, Error> {
        let field = self.field.parse().map_or_else(|_| FieldRef::Name(self.field.clone()), FieldRef::Id);
        let ddfacet_cell_rad = self.ddfacet_cell.map(|arcsec| arcsec * facette::types::ARCSEC_RAD);
        Ok(Request {
            product,
            ms: self.ms.clone(),
            out: self.out.clone(),
            overwrite: self.overwrite,
            column: self.column.clone(),
            field,
            ddid: self.ddid,
            chan_start: self.chan_start,
            chan_end: self.chan_end,
            stokes: self.stokes.into(),
            npix: self.npix,
            cell_rad: self.cell.or(ddfacet_cell_rad),
            weighting: self.weighting()?,
            epsilon: self.epsilon,
            precision: self.precision.into(),
            threads: self.threads,
            memory_bytes: self.memory,
            read_rows: self.chunk_rows,
            pipeline: self.pipeline.clone(),
            trace: self.watch.trace.clone(),
            stall_after: Some(self.watch.stall_after),
        })
    }

    fn weighting(&self) -> Result<Weighting, Error> {
        match self.weight {
            WeightArg::Natural => Ok(Weighting::Natural),
            WeightArg::Uniform => Ok(Weighting::Uniform),
            WeightArg::Briggs if self.robust.is_finite() => Ok(Weighting::Briggs { robust: self.robust }),
            WeightArg::Briggs => Err(Error::Option {
                option: "robust",
                problem: format!("{} is not a number", self.robust),
                way_out: "--robust 0".to_owned(),
            }),
        }
    }
}

impl PlanArgs {
    /// The request in the library's words.
    pub(crate) fn request(&self) -> Result<OutlookRequest, Error> {
        let product = match self.mode {
            ModeArg::Dirty => Product::Dirty,
            ModeArg::Psf => Product::Psf,
        };
        let uniform = |count| vec![CoreKind { name: "core".to_owned(), count, speed: 1.0 }];
        let kinds = self.machine.as_deref().map(parse_kinds).transpose()?;
        // The trace is that of the simulated pipeline.
        let request = Request { trace: None, ..self.image.request(product)? };
        Ok(OutlookRequest {
            request,
            cores: kinds.or(self.cores.map(uniform)),
            target_ratio: self.target_ratio,
            telescope: self.telescope,
            trace: self.image.watch.trace.clone(),
        })
    }
}

impl DemoArgs {
    /// The request in the library's words.
    pub(crate) fn request(&self) -> Result<DemoRequest, Error> {
        Ok(DemoRequest {
            out: self.out.clone(),
            seed: self.seed,
            noise_jy: self.noise,
            epsilon: self.epsilon,
            threads: self.threads,
            w_correction: true,
            trace: self.watch.trace.clone(),
            stall_after: Some(self.watch.stall_after),
        })
    }
}

impl From<StokesArg> for Stokes {
    fn from(arg: StokesArg) -> Self {
        match arg {
            StokesArg::I => Stokes::I,
            StokesArg::Q => Stokes::Q,
            StokesArg::U => Stokes::U,
            StokesArg::V => Stokes::V,
        }
    }
}

impl From<PrecisionArg> for Precision {
    fn from(arg: PrecisionArg) -> Self {
        match arg {
            PrecisionArg::Single => Precision::Single,
            PrecisionArg::Double => Precision::Double,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn ddfacet_names_are_understood() {
        let cli = Cli::try_parse_from([
            "facette",
            "dirty",
            "x.ms",
            "--Image-NPix",
            "512,256",
            "--Image-Cell",
            "2",
            "--Weight-Mode",
            "Natural",
            "--Selection-Field",
            "3C286",
            "--Data-ColName",
            "CORRECTED_DATA",
        ]);
        let Ok(Cli { command: Command::Dirty(args) }) = cli else { panic!("not parsed") };
        let request = args.request(Product::Dirty).unwrap();
        assert_eq!(request.npix, Some((512, 256)));
        assert_eq!(request.cell_rad, Some(2.0 * facette::types::ARCSEC_RAD));
        assert_eq!(request.field, FieldRef::Name("3C286".to_owned()));
        assert_eq!((request.weighting, request.column.as_str()), (Weighting::Natural, "CORRECTED_DATA"));
    }
}
