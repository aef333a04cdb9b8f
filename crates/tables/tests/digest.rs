//! Every cell and keyword of real tables equals what casacore reads.
//!
//! `ms.digest.json` holds, for each table, SHA-256 digests that python-casacore made. A column's is over its cells:
//! `U` for one without a value, else `D`, the number of axes (u32), each axis slowest first (u64) and the elements,
//! all little-endian: Bool one byte, String u32 length and bytes. Keywords and records are digested as JSON text
//! with sorted keys, floats in C99 hexadecimal. Columns of storage managers that are not supported are counted and
//! named.

mod canonical;

use std::collections::BTreeMap;
use std::path::Path;

use arrow_array::cast::AsArray;
use arrow_array::types::{
    Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, UInt8Type, UInt16Type, UInt32Type,
};
use arrow_array::{Array, ArrayRef};
use arrow_schema::DataType as Arrow;
use facette_tables::{Column, DataType, Error, Table};
use serde_json::Value as Json;
use sha2::{Digest, Sha256};

const ROWS_PER_READ: u64 = 4096;

#[derive(Default)]
struct Tally {
    tables: usize,
    columns: usize,
    wrong: Vec<String>,
    unsupported: BTreeMap<String, usize>,
}

#[test]
fn all_tables_equal_casacore() {
    let Some(file) = testkit::real_data("all_tables_equal_casacore", "ms.digest.json") else { return };
    let want: Json = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    let root = file.with_file_name("ms");
    let mut tally = Tally::default();
    for (name, want) in want.as_object().unwrap() {
        check_table(&root.join(name), name, want, &mut tally);
    }
    report(&tally);
    assert!(tally.wrong.is_empty(), "{}", tally.wrong.join("\n"));
    assert!(tally.columns > 2500, "only {} columns were there", tally.columns);
}

#[expect(clippy::print_stderr, reason = "what was left out is said aloud")]
fn report(tally: &Tally) {
    eprintln!("{} tables, {} columns compared", tally.tables, tally.columns);
    for (what, n) in &tally.unsupported {
        eprintln!("{n} left out: {what}");
    }
}

fn check_table(path: &Path, name: &str, want: &Json, tally: &mut Tally) {
    let table = match Table::open(path) {
        Ok(table) => table,
        Err(Error::UnsupportedTable { kind, .. }) => {
            *tally.unsupported.entry(format!("table of kind {kind}")).or_default() += 1;
            return;
        }
        Err(error) => {
            tally.wrong.push(format!("{name}: {error}"));
            return;
        }
    };
    tally.tables += 1;
    let mut expect = |what: &str, got: Json, want: &Json| {
        if got != *want {
            tally.wrong.push(format!("{name} {what}: {got} instead of {want}"));
        }
    };
    expect("rows", table.n_row().into(), &want["nrow"]);
    expect("keywords", hex(canonical::record_text(table.keywords()).as_bytes()).into(), &want["keywords"]);
    let wanted = want["columns"].as_object().unwrap();
    let mut names: Vec<&str> = table.column_names().collect();
    names.sort_unstable();
    expect("columns", names.clone().into(), &wanted.keys().cloned().collect::<Vec<_>>().into());
    for column in names {
        check_column(&table.column(column).unwrap(), name, &wanted[column], table.n_row(), tally);
    }
}

fn check_column(column: &Column, table: &str, want: &Json, n_row: u64, tally: &mut Tally) {
    let name = &column.info().name;
    let got = match digest(column, n_row) {
        Ok(got) => got,
        Err(Error::UnsupportedStorage { storage_manager, .. }) => {
            *tally.unsupported.entry(format!("column of {storage_manager}")).or_default() += 1;
            return;
        }
        Err(error) => {
            tally.wrong.push(format!("{table} {name}: {error}"));
            return;
        }
    };
    tally.columns += 1;
    if got != *want {
        tally
            .wrong
            .push(format!("{table} {name} ({}): {got} instead of {want}", column.info().storage_manager));
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
