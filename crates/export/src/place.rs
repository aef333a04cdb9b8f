//! Where an export may go: never over the table, nor over anything that no export made.

use crate::{Error, Format, Request};
use std::{
    fs,
    path::{Path, PathBuf},
};
use tables::{Table, Value};

/// Whether `out` may be written, and what is there be replaced.
pub(crate) fn replaceable(request: &Request<'_>) -> Result<(), Error> {
    let out = request.out;
    let mut tables = Vec::new();
    collect(request.table, &mut tables);
    let place = real(out);
    if let Some(table) = tables.iter().find(|table| place.starts_with(table) || table.starts_with(&place)) {
        return Err(not_ours(out, format!("it is, holds or lies in the table {}", table.display())));
    }
    if out.symlink_metadata().is_err() {
        return Ok(());
    }
    if !request.overwrite {
        return Err(Error::Exists { path: out.to_owned() });
    }
    match foreign(out).map_err(|source| Error::Io { path: out.to_owned(), source })? {
        Some(other) => Err(not_ours(out, format!("it holds {}, which no export made", other.display()))),
        None => Ok(()),
    }
}

fn not_ours(out: &Path, why: String) -> Error {
    Error::NotOurs { path: out.to_owned(), why }
}

/// The table and all that its keywords refer to, as far as they are there.
fn collect(table: &Table, out: &mut Vec<PathBuf>) {
    let path = real(table.path());
    if out.contains(&path) {
        return;
    }
    out.push(path);
    let keywords = table.keywords().iter().filter(|(_, value)| matches!(value, Value::Table(_)));
    keywords.filter_map(|(name, _)| table.subtable(name).ok()).for_each(|subtable| collect(&subtable, out));
}

/// The path without links; of what is not there yet, that of the folder that it will be in.
fn real(path: &Path) -> PathBuf {
    if let Ok(real) = path.canonicalize() {
        return real;
    }
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let folder = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
    folder.join(path.file_name().unwrap_or_default())
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
