//! Everything that can go wrong, and what to do about it.

use std::path::PathBuf;
use types::format_bytes;

/// Why there is no image. The first line says what and where; the following lines, indented, what was expected and the
/// way out.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// An option has a value that cannot be.
    #[error("--{option}: {problem}\n  try: {way_out}")]
    Option {
        /// The option's name, without dashes.
        option: &'static str,
        /// What is wrong with its value.
        problem: String,
        /// What to give instead.
        way_out: String,
    },
    /// The image does not fit in memory.
    #[error(
        "{what} needs {}, {limit_is} {}\n  {details}\n  try: {way_out}",
        format_bytes(*needed_bytes), format_bytes(*limit_bytes)
    )]
    Memory {
        /// What does not fit.
        what: String,
        /// Bytes it needs.
        needed_bytes: u64,
        /// "this machine has" or "--memory allows".
        limit_is: &'static str,
        /// Bytes there are.
        limit_bytes: u64,
        /// Where the need comes from.
        details: String,
        /// The options to change.
        way_out: String,
    },
    /// Several MeasurementSets do not share phase centre and frames.
    #[error(
        "several MeasurementSets need one phase center and frame: {} is at {}, {} at {}\n  try: image them one at a time",
        first.0.display(), first.1, other.0.display(), other.1
    )]
    Frames {
        /// The first MeasurementSet and where it looks.
        first: Box<(PathBuf, String)>,
        /// One that differs.
        other: Box<(PathBuf, String)>,
    },
    /// There is nothing under the name of a MeasurementSet.
    #[error("there is no {}\n  try: the folder of a MeasurementSet", path.display())]
    Missing {
        /// What was given.
        path: PathBuf,
    },
    /// The correlations of a MeasurementSet do not give the Stokes parameter.
    #[error("{source} of {}\n  try: another --stokes or --ddid (facette info lists them)", path.display())]
    Stokes {
        /// The MeasurementSet.
        path: PathBuf,
        /// What is missing.
        source: types::StokesError,
    },
    /// A MeasurementSet cannot be read or does not hold what was asked for.
    #[error(transparent)]
    Ms(#[from] ms::Error),
    /// A table cannot be exported.
    #[error(transparent)]
    Export(#[from] export::Error),
    /// An image cannot be written.
    #[error(transparent)]
    Fits(#[from] fits::Error),
    /// A picture or summary cannot be written.
    #[error(transparent)]
    Report(#[from] report::Error),
    /// The gridder cannot be planned.
    #[error(transparent)]
    Plan(#[from] kernels::PlanError),
    /// A task of the chain failed, or the run was cancelled.
    #[error("{}", explain(.0))]
    Run(#[from] flow::Error),
    /// A folder or file cannot be made under the name of a product.
    #[error("{} cannot be written: {source}\n  try: a folder you may write to with --{option}", path.display())]
    Folder {
        /// The folder or file.
        path: PathBuf,
        /// The option that names it, without dashes.
        option: &'static str,
        /// Why.
        source: std::io::Error,
    },
    /// The file of a pipeline cannot be read, or is one for another run.
    #[error("--pipeline: {} cannot be used: {source}\n  try: --pipeline auto, or a file that facette plan wrote for these options", path.display())]
    PipelineFile {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: flow::BoxError,
    },
    /// A file that an option names cannot be read or understood.
    #[error("--{option}: {} cannot be used: {problem}", path.display())]
    Input {
        /// The option's name, without dashes.
        option: &'static str,
        /// The file.
        path: PathBuf,
        /// What is wrong, and what was expected.
        problem: String,
    },
    /// A product cannot be written.
    #[error("{0}")]
    Product(String),
    /// A chain could not be declared.
    #[error("{0}")]
    Declare(flow::BoxError),
}

/// The cause first, then where it happened.
fn explain(error: &flow::Error) -> String {
    let (task, chunk, source) = match error {
        flow::Error::Task { task, chunk, source } => (task, chunk, source),
        flow::Error::Panic { .. } => return format!("{error}\n  this is a bug of facette: please report it"),
        _ => return error.to_string(),
    };
    let cause = chain_text(source.as_ref());
    match chunk {
        Some(chunk) => format!("{cause}\n  in task {task}, chunk {chunk}"),
        None => format!("{cause}\n  in task {task}"),
    }
}

/// A message and those of its sources, leaving out what was said already.
fn chain_text(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut below = error.source();
    while let Some(e) = below {
        let cause = e.to_string();
        if !text.contains(&cause) {
            text = format!("{text}: {cause}");
        }
        below = e.source();
    }
    text
}

impl Error {
    /// The message with everything that its causes add.
    pub fn full_text(&self) -> String {
        // The cause of a run's failure stands first in its message already.
        if let Error::Run(_) = self { self.to_string() } else { chain_text(self) }
    }

    /// Exit code of a program that ends with this error: 1 the work failed, 2 an option was wrong, 130 interrupted.
    pub fn exit_code(&self) -> u8 {
        match self {
            Error::Option { .. } | Error::PipelineFile { .. } | Error::Input { .. } => 2,
            Error::Run(flow::Error::Cancelled)
            | Error::Ms(ms::Error::Table(tables::Error::Cancelled { .. })) => 130,
            _ => 1,
        }
    }
}
