//! What can go wrong between an image and its file.

use std::path::{Path, PathBuf};

/// An image that could not be written or read. Where there is a [`source`](std::error::Error::source), its text is not
/// part of the message: whoever prints the error prints its sources after it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The output exists and may not be replaced.
    #[error("{} exists already\n  try: --overwrite, or another --out", .path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// The output's name is that of a directory, or names nothing.
    #[error("{} is not a name for a file: {reason}\n  try: another --out", .path.display())]
    NotAFile {
        /// What was given.
        path: PathBuf,
        /// Why it cannot be a file.
        reason: &'static str,
    },
    /// The directory of the output is missing or cannot be written.
    #[error("cannot write into the directory {} ; make it, or name another with --out", .directory.display())]
    Directory {
        /// The directory.
        directory: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// The system refused an operation on a file.
    #[error("cannot {action} {}", .path.display())]
    Io {
        /// What was tried: `write`, `read`, `rename`.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// CFITSIO refused an operation on a file.
    #[error("CFITSIO cannot {action} {}: {message}\n  is the disk full, or the file not a plain FITS image?", .path.display())]
    Cfitsio {
        /// What was tried: `open`, `write`, `read`.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// CFITSIO's reason.
        message: String,
    },
    /// A path with characters that CFITSIO gives a meaning, on a system where they cannot be hidden from it.
    #[error(
        "CFITSIO cannot take the path {}: characters other than letters, digits and ._-/ have a meaning to it\n  \
         try: a directory with a plain name", .path.display()
    )]
    Name {
        /// The path.
        path: PathBuf,
    },
    /// The written file is shorter than its header says: mostly a full disk or a quota.
    #[error("{} came out with {got} bytes, expected {expected}: is the disk full?\n  try: --out on another disk", .path.display())]
    Short {
        /// The file.
        path: PathBuf,
        /// Bytes that header and pixels need.
        expected: u64,
        /// Bytes found.
        got: u64,
    },
    /// Pixels and geometry disagree, or there are no pixels.
    #[error("pixels of shape [{got_ny}, {got_nx}] for an image of [{ny}, {nx}] (ny, nx; at least 1 pixel)")]
    Shape {
        /// Columns of the geometry.
        nx: usize,
        /// Rows of the geometry.
        ny: usize,
        /// Columns of the pixels.
        got_nx: usize,
        /// Rows of the pixels.
        got_ny: usize,
    },
    /// A number of the header is not finite, or out of its range.
    #[error("{what} is {value}: the header of a FITS image needs {expected}")]
    Value {
        /// The quantity.
        what: &'static str,
        /// Its value.
        value: f64,
        /// What it should have been.
        expected: &'static str,
    },
    /// Not a FITS image, or not one that this crate understands.
    #[error("{}: {reason}", .path.display())]
    Format {
        /// The file.
        path: PathBuf,
        /// What was found and what was expected.
        reason: String,
    },
}

/// Turns what `fitsio` reports into our words.
pub(crate) fn refused(action: &'static str, path: &Path) -> impl Fn(fitsio::errors::Error) -> Error {
    move |error| {
        let message = match error {
            fitsio::errors::Error::Fits(e) => format!("{} (status {})", e.message, e.status),
            other => other.to_string(),
        };
        Error::Cfitsio { action, path: path.to_owned(), message }
    }
}
