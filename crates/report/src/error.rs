//! What can go wrong when a run leaves its pictures and summaries.

use std::path::PathBuf;

/// Why a file was not written. The file is then as it was before. Where there is a
/// [`source`](std::error::Error::source), its text is not part of the message: whoever prints the error prints its sources
/// after it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The output is there already.
    #[error("{} exists already; choose another name, or allow overwriting", path.display())]
    Exists {
        /// The output.
        path: PathBuf,
    },
    /// The file system refused.
    #[error("cannot write {} (check the directory, its permissions and the free space)", path.display())]
    Write {
        /// The output.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The value has no JSON form.
    #[error("cannot write {} as JSON", path.display())]
    Json {
        /// The output.
        path: PathBuf,
        /// What the serializer said.
        source: serde_json::Error,
    },
    /// The pixels are not those of the geometry, or there are none.
    #[error(
        "cannot draw {}: expected {} × {} pixels, at least one, got an array of {} rows of {}",
        path.display(), expected.0, expected.1, got.1, got.0
    )]
    Shape {
        /// The output.
        path: PathBuf,
        /// (nx, ny) of the geometry.
        expected: (usize, usize),
        /// (columns, rows) of the array.
        got: (usize, usize),
    },
    /// A value of a chart is not a number, or infinite.
    #[error("cannot draw {}: {what} is {value}, expected a finite number", path.display())]
    NotFinite {
        /// The output.
        path: PathBuf,
        /// Which value, such as `x of point 3 of "measured"`.
        what: String,
        /// What it is.
        value: f64,
    },
    /// A value that a logarithmic axis cannot show.
    #[error(
        "cannot draw {}: {what} is {value}, and a logarithmic axis shows positive values only; \
         leave it out or take a linear axis", path.display()
    )]
    NotPositive {
        /// The output.
        path: PathBuf,
        /// Which value.
        what: String,
        /// What it is.
        value: f64,
    },
    /// An index into a list that is shorter.
    #[error("cannot draw {}: {what} is number {index}, counted from 0, and there are {count}", path.display())]
    NoSuch {
        /// The output.
        path: PathBuf,
        /// Which index, such as `the lane of span 3`.
        what: String,
        /// What it is.
        index: usize,
        /// How many there are.
        count: usize,
    },
    /// A time span that ends before it starts, or a window without extent.
    #[error("cannot draw {}: {what} goes from {from_s} s to {to_s} s, expected the end after the start", path.display())]
    Backward {
        /// The output.
        path: PathBuf,
        /// Which span.
        what: String,
        /// Its start, seconds.
        from_s: f64,
        /// Its end, seconds.
        to_s: f64,
    },
}
