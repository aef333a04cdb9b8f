//! Compares every cell and keyword of the tables below a folder with digests that casacore made of them.
//!
//! `DIR.digest.json` beside the folder `DIR` holds, for each table, SHA-256 digests that python-casacore made. A
//! column's is over its cells: `U` for one without a value, else `D`, the number of axes (u32), each axis slowest
//! first (u64) and the elements, all little-endian: Bool one byte, String u32 length and bytes. Keywords and records
//! are digested as JSON text with sorted keys, floats in C99 hexadecimal.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use arrow_array::cast::AsArray;
use arrow_array::types::{
    Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, UInt8Type, UInt16Type, UInt32Type,
};
use arrow_array::{Array, ArrayRef};
use arrow_schema::DataType as Arrow;
use facette_tables::{Column, DataType, Error, Table};
use serde_json::Value as Json;
use sha2::{Digest, Sha256};

use crate::canonical;

const ROWS_PER_READ: u64 = 4096;

/// Root tables of reference tables that have another name below the folder than where the digests were made: the end
/// of their path there and their path below the folder.
const MOVED: &[(&str, &str)] = &[("dp3_tNDPPP.in_MS/tNDPPP_tmp.MS", "wsrt_ndppp.ms")];

/// What a comparison found.
#[derive(Default)]
pub(crate) struct Tally {
    /// Tables that were read.
    pub(crate) tables: usize,
    /// Tables of a kind that is not supported, by name.
    pub(crate) skipped: Vec<String>,
    /// Columns that were compared.
    pub(crate) columns: usize,
    /// Columns that were read, but that casacore could not read when the digests were made.
    pub(crate) only_here: usize,
    /// Columns of storage managers that are not supported.
    pub(crate) unsupported: BTreeMap<String, usize>,
    /// Every difference.
    pub(crate) wrong: Vec<String>,
}

/// Compares the tables below `folder` with the digests in `FOLDER.digest.json`.
///
/// # Errors
/// When the digests cannot be read or the folder cannot be listed.
pub(crate) fn compare(folder: &Path) -> std::io::Result<Tally> {
    let mut name = folder.as_os_str().to_owned();
    name.push(".digest.json");
    let want: Json = serde_json::from_slice(&std::fs::read(PathBuf::from(name))?)?;
    let mut paths = Vec::new();
    find_tables(folder, &mut paths)?;
    let mut tally = Tally::default();
    let mut names = Vec::new();
    for path in &paths {
        let name = path.strip_prefix(folder).unwrap_or(path).to_string_lossy().into_owned();
        check_table(folder, &name, &want[&name], &mut tally);
        names.push(name);
    }
    for name in want.as_object().into_iter().flatten().map(|(name, _)| name) {
        if !names.contains(name) {
            tally.wrong.push(format!("{name}: is not there"));
        }
    }
    Ok(tally)
}

fn find_tables(folder: &Path, found: &mut Vec<PathBuf>) -> std::io::Result<()> {
    if folder.join("table.dat").is_file() {
        found.push(folder.to_owned());
    }
    let mut entries = std::fs::read_dir(folder)?.collect::<Result<Vec<_>, _>>()?;
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        // A link leads to a table that is found where it is.
        if entry.file_type()?.is_dir() {
            find_tables(&entry.path(), found)?;
        }
    }
    Ok(())
}

fn check_table(folder: &Path, name: &str, want: &Json, tally: &mut Tally) {
    let scratch = match tempfile::tempdir() {
        Ok(scratch) => scratch,
        Err(error) => return tally.wrong.push(format!("{name}: no temporary folder: {error}")),
    };
    let table = match open(folder, name, scratch.path()) {
        Ok(table) => table,
        Err(Error::UnsupportedTable { kind, .. }) => return tally.skipped.push(format!("{name}, a {kind}")),
        Err(error) => return tally.wrong.push(format!("{name}: {error}")),
    };
    tally.tables += 1;
    let mut expect = |what: &str, got: Json, want: &Json| {
        if got != *want {
            tally.wrong.push(format!("{name} {what}: {got} instead of {want}"));
        }
    };
    expect("rows", table.n_row().into(), &want["nrow"]);
    expect("keywords", hex(canonical::record_text(table.keywords()).as_bytes()).into(), &want["keywords"]);
    let mut names: Vec<&str> = table.column_names().collect();
    names.sort_unstable();
    let wanted: Vec<&String> =
        want["columns"].as_object().into_iter().flatten().map(|(name, _)| name).collect();
    expect("columns", names.clone().into(), &serde_json::json!(wanted));
    for column in names {
        match table.column(column) {
            Ok(found) => check_column(&found, name, &want["columns"][column], table.n_row(), tally),
            Err(error) => tally.wrong.push(format!("{name}: {error}")),
        }
    }
}

/// Opens a table; a reference table whose root was moved is opened as a copy that knows.
fn open(folder: &Path, name: &str, scratch: &Path) -> Result<Table, Error> {
    let path = folder.join(name);
    match Table::open(&path) {
        Err(Error::Reference { .. }) => {
            for (tail, there) in MOVED {
                let root = std::path::absolute(folder.join(there)).unwrap_or_else(|_| folder.join(there));
                let bytes = std::fs::read(path.join("table.dat")).unwrap_or_default();
                if let Some(bytes) = renamed(&bytes, tail, &root.to_string_lossy()) {
                    std::fs::write(scratch.join("table.dat"), bytes)
                        .map_err(|source| Error::Io { file: scratch.to_owned(), source })?;
                    return Table::open(scratch);
                }
            }
            Table::open(&path)
        }
        opened => opened,
    }
}

/// table.dat with the string that ends in `tail` (its length in four bytes before it) replaced.
fn renamed(bytes: &[u8], tail: &str, name: &str) -> Option<Vec<u8>> {
    let end = bytes.windows(tail.len()).position(|w| w == tail.as_bytes())? + tail.len();
    let has_length = |&start: &usize| bytes[start - 4..start] == ((end - start) as u32).to_be_bytes();
    let start = (4..=end - tail.len()).rev().find(has_length)?;
    let length = (name.len() as u32).to_be_bytes();
    Some([&bytes[..start - 4], &length, name.as_bytes(), &bytes[end..]].concat())
}

fn check_column(column: &Column, table: &str, want: &Json, n_row: u64, tally: &mut Tally) {
    let name = &column.info().name;
    match digest(column, n_row) {
        Ok(_) if want["error"] == true => tally.only_here += 1,
        Ok(got) => {
            tally.columns += 1;
            if got != *want {
                let manager = &column.info().storage_manager;
                tally.wrong.push(format!("{table} {name} ({manager}): {got} instead of {want}"));
            }
        }
        Err(Error::UnsupportedStorage { storage_manager, .. }) => {
            *tally.unsupported.entry(storage_manager).or_default() += 1;
        }
        Err(error) => tally.wrong.push(format!("{table} {name}: {error}")),
    }
}

fn digest(column: &Column, n_row: u64) -> Result<Json, Error> {
    let (mut hash, mut undefined) = (Sha256::new(), 0);
    let mut row = 0;
    // An unsupported storage manager must say so for an empty table too.
    column.read(0..0)?;
    while row < n_row {
        let end = n_row.min(row + ROWS_PER_READ);
        let cells = column.read(row..end)?;
        assert_eq!(cells.len() as u64, end - row);
        for (i, row) in (row..end).enumerate() {
            undefined += digest_cell(column, row, &cells.slice(i, 1), &mut hash)?;
        }
        row = end;
    }
    let info = column.info();
    let kind = type_name(info.data_type).to_owned() + if info.is_array { "[]" } else { "" };
    Ok(serde_json::json!({
        "type": kind,
        "undefined": undefined,
        "sha256": hex_of(hash),
        "keywords": hex(canonical::record_text(&info.keywords).as_bytes()),
    }))
}

/// Adds one cell; 1 if it has no value.
fn digest_cell(column: &Column, row: u64, cell: &ArrayRef, hash: &mut Sha256) -> Result<u64, Error> {
    let shape = column.cell_shape(row)?;
    assert_eq!(shape.is_none(), cell.is_null(0), "row {row} of {}", column.info().name);
    assert_eq!(shape.is_some(), column.is_defined(row)?);
    let Some(shape) = shape else {
        hash.update(b"U");
        return Ok(1);
    };
    hash.update(b"D");
    if column.info().data_type == DataType::Record {
        let record = column.record(row)?.unwrap();
        hash_string(hash, canonical::record_text(&record).as_bytes());
        return Ok(0);
    }
    hash.update((shape.len() as u32).to_le_bytes());
    for n in &shape {
        hash.update((*n as u64).to_le_bytes());
    }
    hash_elements(cell, hash);
    Ok(0)
}

fn hash_elements(array: &ArrayRef, hash: &mut Sha256) {
    macro_rules! numbers {
        ($t:ty) => {
            for v in array.as_primitive::<$t>().values() {
                hash.update(v.to_le_bytes());
            }
        };
    }
    match array.data_type() {
        Arrow::FixedSizeList(..) => {
            let list = array.as_fixed_size_list();
            (0..list.len()).for_each(|i| hash_elements(&list.value(i), hash));
        }
        Arrow::List(..) => {
            let list = array.as_list::<i32>();
            (0..list.len()).for_each(|i| hash_elements(&list.value(i), hash));
        }
        Arrow::Boolean => array.as_boolean().values().iter().for_each(|b| hash.update([u8::from(b)])),
        Arrow::Utf8 => {
            array.as_string::<i32>().iter().flatten().for_each(|s| hash_string(hash, s.as_bytes()))
        }
        Arrow::Binary => array.as_binary::<i32>().iter().flatten().for_each(|s| hash_string(hash, s)),
        Arrow::Int8 => numbers!(Int8Type),
        // Python has them as uint16, so that is what was digested.
        Arrow::UInt8 => {
            for v in array.as_primitive::<UInt8Type>().values() {
                hash.update(u16::from(*v).to_le_bytes());
            }
        }
        Arrow::Int16 => numbers!(Int16Type),
        Arrow::UInt16 => numbers!(UInt16Type),
        Arrow::Int32 => numbers!(Int32Type),
        Arrow::UInt32 => numbers!(UInt32Type),
        Arrow::Int64 => numbers!(Int64Type),
        Arrow::Float32 => numbers!(Float32Type),
        Arrow::Float64 => numbers!(Float64Type),
        other => panic!("no column gives {other}"),
    }
}

/// Digest of bytes as hexadecimal text.
fn hex(bytes: &[u8]) -> String {
    let mut hash = Sha256::new();
    hash.update(bytes);
    hex_of(hash)
}

fn hex_of(hash: Sha256) -> String {
    hash.finalize().iter().map(|b| format!("{b:02x}")).collect()
}

fn hash_string(hash: &mut Sha256, bytes: &[u8]) {
    hash.update((bytes.len() as u32).to_le_bytes());
    hash.update(bytes);
}

fn type_name(data_type: DataType) -> &'static str {
    match data_type {
        DataType::Bool => "boolean",
        DataType::Char => "char",
        DataType::UChar => "uchar",
        DataType::Short => "short",
        DataType::UShort => "ushort",
        DataType::Int => "int",
        DataType::UInt => "uint",
        DataType::Int64 => "int64",
        DataType::Float => "float",
        DataType::Double => "double",
        DataType::Complex => "complex",
        DataType::DComplex => "dcomplex",
        DataType::String => "string",
        DataType::Record => "record",
    }
}
