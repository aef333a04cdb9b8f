//! What a user asks for, parsed but not yet compared with the data.

use crate::Error;
use flow::Execution;
use ms::FieldRef;
use serde::Serialize;
use std::{
    collections::BTreeMap,
    fs::File,
    io::Read,
    path::{Path, PathBuf},
    time::Duration,
};
use types::{ImageGeometry, Precision, Stokes, Weighting};

/// A file that is longer is no plan, which says so itself.
const MOST_PLAN_BYTES: u64 = 2 << 20;
/// Longer than any call takes that makes progress on common data.
pub(crate) const STALL_AFTER: Duration = Duration::from_secs(60);

/// Which image to make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Product {
    /// The dirty image.
    Dirty,
    /// The point spread function.
    Psf,
}

impl Product {
    /// What a picture of it is called.
    pub fn title(self) -> &'static str {
        match self {
            Product::Dirty => "Dirty image",
            Product::Psf => "Point spread function",
        }
    }

    /// The word in file names and messages.
    pub fn name(self) -> &'static str {
        match self {
            Product::Dirty => "dirty",
            Product::Psf => "psf",
        }
    }
}

/// A dirty image or PSF to be made. `None` means: guess it, and say what was guessed.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    /// Which image.
    pub product: Product,
    /// The MeasurementSets; several need one phase centre.
    pub ms: Vec<PathBuf>,
    /// Prefix of the output files.
    pub out: PathBuf,
    /// Whether existing outputs may be replaced.
    pub overwrite: bool,
    /// Data column.
    pub column: String,
    /// Field, by number or name.
    pub field: FieldRef,
    /// Data description.
    pub ddid: usize,
    /// First channel.
    pub chan_start: usize,
    /// One past the last channel.
    pub chan_end: Option<usize>,
    /// Stokes parameter.
    pub stokes: Stokes,
    /// Image size (x, y), pixels.
    pub npix: Option<(usize, usize)>,
    /// Side of a pixel, radians.
    pub cell_rad: Option<f64>,
    /// Imaging weights.
    pub weighting: Weighting,
    /// Accuracy of gridding, relative rms.
    pub epsilon: f64,
    /// Precision of grids and image.
    pub precision: Precision,
    /// Threads; `None`: as many as the process may use.
    pub threads: Option<usize>,
    /// Memory, bytes; `None`: what the machine or its cgroup allows.
    pub memory_bytes: Option<u64>,
    /// Rows read from disk at a time; does not change the image.
    pub read_rows: Option<usize>,
    /// Which stages the tasks run in; does not change the image.
    pub pipeline: Pipeline,
    /// File for a trace of every call of every task, in the trace event format (Perfetto); `None`: none.
    pub trace: Option<PathBuf>,
    /// The screen is told when nothing has moved in a pass over the data for so long; `None` or zero: never.
    pub stall_after: Option<Duration>,
}

impl Default for Request {
    fn default() -> Self {
        Request {
            product: Product::Dirty,
            ms: Vec::new(),
            out: PathBuf::from("image"),
            overwrite: false,
            column: "DATA".to_owned(),
            field: FieldRef::Id(0),
            ddid: 0,
            chan_start: 0,
            chan_end: None,
            stokes: Stokes::I,
            npix: None,
            cell_rad: None,
            weighting: Weighting::Briggs { robust: 0.0 },
            epsilon: 1e-4,
            precision: Precision::Single,
            threads: None,
            memory_bytes: None,
            read_rows: None,
            pipeline: Pipeline::Auto,
            trace: None,
            stall_after: Some(STALL_AFTER),
        }
    }
}

/// Which stages the tasks run in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Pipeline {
    /// Those that the costs of the first chunks ask for.
    #[default]
    Auto,
    /// One after the other on one thread, for debugging.
    Sequential,
    /// Those of a file ([`flow::Plan::to_json`]), such as `facette plan` writes.
    File(PathBuf),
}

impl std::fmt::Display for Pipeline {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Pipeline::Auto => f.write_str("auto"),
            Pipeline::Sequential => f.write_str("sequential"),
            Pipeline::File(path) => write!(f, "{}", path.display()),
        }
    }
}

impl Pipeline {
    /// The same for the runtime.
    pub(crate) fn execution(&self) -> Result<Execution, Error> {
        match self {
            Pipeline::Auto => Ok(Execution::Auto),
            Pipeline::Sequential => Ok(Execution::Sequential),
            Pipeline::File(path) => {
                let text = read_text(path).map_err(|source| self.refuse(source.into()))?;
                let plan = flow::Plan::from_json(&text).map_err(|source| self.refuse(source.into()))?;
                Ok(Execution::Planned(plan.into()))
            }
        }
    }

    /// The same error, told of the file if it is one of the file.
    pub(crate) fn blame(&self, error: Error) -> Error {
        match (self, error) {
            (Pipeline::File(_), Error::Run(flow::Error::Build(source))) => self.refuse(source.into()),
            (_, error) => error,
        }
    }

    fn refuse(&self, source: flow::BoxError) -> Error {
        Error::PipelineFile { path: PathBuf::from(self.to_string()), source }
    }
}

/// The text of a file, of which no more is read than a plan may have.
fn read_text(path: &Path) -> std::io::Result<String> {
    let mut text = String::new();
    File::open(path)?.take(MOST_PLAN_BYTES).read_to_string(&mut text)?;
    Ok(text)
}

/// The options as resolved, by their names on the command line.
#[derive(Clone, Debug, Serialize)]
pub struct Resolved {
    /// Those that decide the image; one a line in the HISTORY of the FITS header.
    #[serde(flatten)]
    pub image: BTreeMap<&'static str, String>,
    /// Those that decide how it is made.
    #[serde(flatten)]
    pub run: BTreeMap<&'static str, String>,
}

impl Request {
    /// The file of this product with the given ending, such as `fits`.
    pub fn output(&self, ending: &str) -> PathBuf {
        let mut name = self.out.clone().into_os_string();
        name.push(format!(".{}.{ending}", self.product.name()));
        PathBuf::from(name)
    }

    /// The files of this product by their endings, without a trace.
    pub fn outputs(&self) -> [(&'static str, PathBuf); 3] {
        ["fits", "png", "summary.json"].map(|ending| (ending, self.output(ending)))
    }

    /// All options with the values that hold, guesses included.
    pub(crate) fn resolved(
        &self,
        selected: &ms::Selected,
        geometry: &ImageGeometry,
        threads: usize,
    ) -> Resolved {
        let ms: Vec<_> = self.ms.iter().map(|p| p.display().to_string()).collect();
        let chan = selected.chan();
        let (weight, robust) = match self.weighting {
            Weighting::Natural => ("natural", None),
            Weighting::Uniform => ("uniform", None),
            Weighting::Briggs { robust } => ("briggs", Some(("robust", robust.to_string()))),
        };
        let image = [
            ("ms", ms.join(" ")),
            ("column", self.column.clone()),
            ("field", selected.field_id().to_string()),
            ("ddid", self.ddid.to_string()),
            ("chan-start", chan.start.to_string()),
            ("chan-end", chan.end.to_string()),
            ("stokes", self.stokes.name().to_owned()),
            ("npix", format!("{},{}", geometry.nx, geometry.ny)),
            ("cell", format!("{}arcsec", geometry.cell_rad / types::ARCSEC_RAD)),
            ("weight", weight.to_owned()),
            ("epsilon", format!("{:e}", self.epsilon)),
            ("precision", if self.precision == Precision::Single { "single" } else { "double" }.to_owned()),
        ];
        let run = [
            ("out", self.out.display().to_string()),
            ("overwrite", self.overwrite.to_string()),
            ("threads", threads.to_string()),
            ("memory", self.memory_bytes.map_or("all".to_owned(), |b| format!("{b}B"))),
            ("chunk-rows", self.read_rows.unwrap_or(crate::open::READ_ROWS).to_string()),
            ("pipeline", self.pipeline.to_string()),
        ];
        let trace = self.trace.iter().map(|path| ("trace", path.display().to_string()));
        let stall_after = ("stall-after", format!("{}s", self.stall_after.unwrap_or_default().as_secs_f64()));
        Resolved {
            image: image.into_iter().chain(robust).collect(),
            run: run.into_iter().chain(trace).chain([stall_after]).collect(),
        }
    }
}
