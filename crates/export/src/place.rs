//! Where an export may go: never over the table, nor over anything that no export made.

use crate::{Error, Format, Request};
use std::{
    fs,
    path::{Path, PathBuf},
};

/// Whether `out` may be written, and what is there be replaced.
pub(crate) fn replaceable(request: &Request<'_>) -> Result<(), Error> {
    let out = request.out;
    if let Some(table) = request.table.overlapping(out) {
        return Err(not_ours(out, format!("it is, holds or lies in the table {}", table.display())));
    }
    if out.symlink_metadata().is_err() {
        return Ok(());
    }
    if !request.overwrite {
        return Err(Error::Exists { path: out.to_owned() });
    }
    only_exported(out, out)
}

/// Whether `folder` holds nothing but what an export made; the error names it `out`.
pub(crate) fn only_exported(folder: &Path, out: &Path) -> Result<(), Error> {
    match foreign(folder).map_err(|source| Error::Io { path: out.to_owned(), source })? {
        Some(other) => {
            let name = other.file_name().unwrap_or_default().display();
            Err(not_ours(out, format!("it holds {name}, which no export made")))
        }
        None => Ok(()),
    }
}

fn not_ours(out: &Path, why: String) -> Error {
    Error::NotOurs { path: out.to_owned(), why }
}

/// Something in a folder, or the path itself, that no export makes.
fn foreign(out: &Path) -> std::io::Result<Option<PathBuf>> {
    if !out.symlink_metadata()?.is_dir() {
        return Ok(Some(out.to_owned()));
    }
    for entry in fs::read_dir(out)? {
        let entry = entry?;
        let path = entry.path();
        let extension = path.extension().and_then(|e| e.to_str());
        let known = [Format::Ipc, Format::Parquet].iter().any(|f| Some(f.extension()) == extension);
        if !known || !entry.file_type()?.is_file() {
            return Ok(Some(path));
        }
    }
    Ok(None)
}
