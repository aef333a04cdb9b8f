//! Everything that can go wrong, and what to do about it.

use std::path::PathBuf;
use types::{RaDec, format_bytes};

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
    /// Several MeasurementSets do not share a phase centre.
    #[error(
        "several MeasurementSets need one phase center: {} is at {}, {} at {}\n  try: image them one at a time",
        first.0.display(), first.1.sexagesimal(), other.0.display(), other.1.sexagesimal()
    )]
    PhaseCenters {
        /// The first MeasurementSet.
        first: Box<(PathBuf, RaDec)>,
        /// One whose phase centre differs.
        other: Box<(PathBuf, RaDec)>,
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
    /// A chain could not be declared.
    #[error("{0}")]
    Declare(flow::BoxError),
}

/// The cause first, then where it happened.
fn explain(error: &flow::Error) -> String {
    let flow::Error::Task { task, chunk, source } = error else { return error.to_string() };
    let mut cause = source.to_string();
    let mut below = source.source();
    while let Some(e) = below {
        cause = format!("{cause}: {e}");
        below = e.source();
    }
    match chunk {
        Some(chunk) => format!("{cause}\n  in task {task}, chunk {chunk}"),
        None => format!("{cause}\n  in task {task}"),
    }
}

impl Error {
    /// Exit code of a program that ends with this error: 1 the work failed, 2 an option was wrong, 130 interrupted.
    pub fn exit_code(&self) -> u8 {
        match self {
            Error::Option { .. } => 2,
            Error::Run(flow::Error::Cancelled) => 130,
            _ => 1,
        }
    }
}
