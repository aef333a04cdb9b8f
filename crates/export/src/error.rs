//! What can go wrong with an export.

use std::{io, path::PathBuf};

/// Why a table was not exported.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The table cannot be read.
    #[error(transparent)]
    Table(#[from] tables::Error),
    /// The folder exists already.
    #[error("{} exists already\n  try: --overwrite, or another --out", path.display())]
    Exists {
        /// The folder.
        path: PathBuf,
    },
    /// The folder may not be taken, also not with the user's leave.
    #[error("{} is not written: {why}\n  try: another --out", path.display())]
    NotOurs {
        /// The folder.
        path: PathBuf,
        /// What is in the way.
        why: String,
    },
    /// A file or folder cannot be written.
    #[error("{} cannot be written: {source}\n  try: a folder you may write to with --out", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The new folder did not get its name, and neither did the one that had it before.
    #[error("{} cannot be replaced ({why}); the old one is {} now\n  try: mv {} {}", path.display(), old.display(), old.display(), path.display())]
    SetAside {
        /// The folder.
        path: PathBuf,
        /// Where the old one is.
        old: PathBuf,
        /// Why.
        why: String,
    },
    /// The rows of a table cannot be read or encoded.
    #[error("{} cannot be written: {problem}", path.display())]
    Encode {
        /// The file.
        path: PathBuf,
        /// What went wrong.
        problem: String,
    },
}
