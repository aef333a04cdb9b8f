//! Tables made of a fuzzer's bytes, and a reading of all that is in them.
//!
//! A target takes one of the small tables below `templates/` (casacore made them, see `make_templates.py`), puts the
//! fuzzer's bytes in the place of one of its files, opens it and reads every column. So each manager's file is met by
//! a description that is sound. `whole` replaces several files at once. Other targets take the tables of all kinds that
//! the tests have (see [`fixtures`]).
//!
//! Wrong is a panic, a hang, or more memory than is in proportion to the files (see [`memory`]). Errors are right.
#![forbid(unsafe_code)]

pub mod fixtures;
pub mod memory;
mod scratch;

use std::fs;
use std::path::{Path, PathBuf};

use arrow_array::Array;
use facette_tables::{Column, Table};

/// Elements of a read that may be asked for: what is asked for must be delivered, whatever the size of the files.
const MOST_ELEMENTS: u64 = 1 << 14;

/// A file of a table: its name and contents.
pub type File = (&'static str, &'static [u8]);

macro_rules! template {
    ($name:literal: $($file:literal),*) => {
        ($name, &[$(($file, include_bytes!(concat!("../templates/", $name, "/", $file)))),*])
    };
}

/// Names of the tables and their files.
pub const TEMPLATES: &[(&str, &[File])] = &[
    template!("ssm": "table.dat", "table.f0", "table.f0i"),
    template!("ism": "table.dat", "table.f0", "table.f0i"),
    template!("aipsio": "table.dat", "table.f0", "table.f0i"),
    template!("tiled_shape": "table.dat", "table.f0", "table.f0_TSM1", "table.f1", "table.f1_TSM1", "table.f2"),
    template!("tiled_column": "table.dat", "table.f0", "table.f0_TSM0", "table.f1", "table.f1_TSM0", "table.f2"),
    template!("dysco_af": "table.dat", "table.f0", "table.f1", "table.f2"),
    template!("dysco_rf": "table.dat", "table.f0", "table.f1", "table.f2"),
    template!("dysco_row": "table.dat", "table.f0", "table.f1", "table.f2"),
];

/// Reads the template with one file replaced, which may be one that it has not.
pub fn replace(template: &str, file: &str, bytes: &[u8]) {
    let folder = copy_of(template);
    let path = folder.join(file);
    fs::write(&path, bytes).expect("the scratch folder is writable");
    read(&folder, fixtures::size(&folder));
    match files(template).iter().find(|f| f.0 == file) {
        Some((_, sound)) => fs::write(&path, sound).expect("the scratch folder is writable"),
        None => fs::remove_file(&path).expect("the scratch folder is writable"),
    }
}

/// Reads a template of which several files are replaced: `bytes` are its number, then per file a number, a length
/// (u16, little-endian) and contents.
pub fn replace_many(bytes: &[u8]) {
    let Some((&number, mut rest)) = bytes.split_first() else { return };
    let (name, files) = TEMPLATES[usize::from(number) % TEMPLATES.len()];
    let folder = copy_of(name);
    while let Some((&[file, low, high], after)) = rest.split_first_chunk::<3>() {
        let n = usize::from(u16::from_le_bytes([low, high])).min(after.len());
        let (name, _) = files[usize::from(file) % files.len()];
        fs::write(folder.join(name), &after[..n]).expect("the scratch folder is writable");
        rest = &after[n..];
    }
    read(&folder, fixtures::size(&folder));
    fill(name, &folder);
}

fn copy_of(template: &str) -> PathBuf {
    scratch::folder(template, |folder| fill(template, folder))
}

fn fill(template: &str, folder: &Path) {
    for (file, bytes) in files(template) {
        fs::write(folder.join(file), bytes).expect("the scratch folder is writable");
    }
}

/// Files of a template.
///
/// # Panics
/// When there is none of this name.
pub fn files(template: &str) -> &'static [File] {
    TEMPLATES.iter().find(|t| t.0 == template).expect("a template of this name").1
}

/// Opens a table whose files have so many bytes, and reads what can be read: all kinds of reading of the first rows, one
/// of rows in the middle and at the end.
pub fn read(folder: &Path, n_byte: usize) {
    let Ok(table) = memory::limited(n_byte, || Table::open(folder)) else { return };
    let names: Vec<String> = table.column_names().map(str::to_owned).collect();
    let _ = table.keywords().iter().count();
    let n_row = table.n_row();
    let (middle, end) = (n_row / 2..n_row / 2 + n_row.min(1), n_row.saturating_sub(3)..n_row);
    for name in names {
        let Ok(column) = table.column(&name) else { continue };
        let first = 0..n_row.min(16);
        for (i, rows) in [first, middle.clone(), end.clone()].into_iter().enumerate() {
            let n_element = memory::limited(n_byte, || asked(&column, rows.clone()));
            let Some(n_element) = n_element.filter(|&n| n <= MOST_ELEMENTS) else { continue };
            memory::limited(n_byte + n_element as usize, || {
                if i == 0 { read_all_ways(&column, rows) } else { read_arrow(&column, rows) }
            });
        }
    }
}

/// Elements of some rows, those without a value counted as one.
fn asked(column: &Column, rows: std::ops::Range<u64>) -> Option<u64> {
    let mut n_element = 0_u64;
    for row in rows {
        let shape = column.cell_shape(row).ok()?;
        let cell = shape.unwrap_or_default().iter().fold(1_u64, |n, &axis| n.saturating_mul(axis as u64));
        n_element = cell.saturating_add(n_element);
    }
    Some(n_element)
}

fn read_arrow(column: &Column, rows: std::ops::Range<u64>) {
    if let Ok(array) = column.read(rows.clone()) {
        assert_eq!(array.len() as u64, rows.end - rows.start);
    }
}

fn read_all_ways(column: &Column, rows: std::ops::Range<u64>) {
    read_arrow(column, rows.clone());
    if !rows.is_empty() {
        let _ = column.record(rows.start);
    }
    let (mut numbers, mut strings) = (Vec::<f64>::new(), Vec::<String>::new());
    if let Ok(shape) = column.read_flat(rows.clone(), &mut numbers) {
        assert_eq!(numbers.len() as u64, shape.iter().product::<usize>() as u64 * (rows.end - rows.start));
        let mut floats = vec![0_f32; numbers.len()];
        let _ = column.read_into(rows.clone(), &mut floats);
    }
    let _ = column.read_flat(rows, &mut strings);
}
