//! Tables made of a fuzzer's bytes, and a reading of all that is in them.
//!
//! A target takes one of the small tables below `templates/` (casacore made them, see `make_templates.py`), puts the
//! fuzzer's bytes in the place of one of its files, opens it and reads every column. So each manager's file is met by
//! a description that is sound. `whole` replaces several files at once.
//!
//! Wrong is a panic, more memory than libFuzzer's limits allow, or a hang. Errors are right.
#![forbid(unsafe_code)]

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use arrow_array::Array;
use facette_tables::{Column, Table};

/// Elements of a read that may be asked for: what is asked for must be delivered, whatever the size of the files.
const MOST_ELEMENTS: u64 = 1 << 18;

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

/// Reads the template with one file replaced.
pub fn replace(template: &str, file: &str, bytes: &[u8]) {
    SCRATCH.with_borrow_mut(|scratch| {
        let folder = scratch.template(template);
        let path = folder.join(file);
        fs::write(&path, bytes).expect("the scratch folder is writable");
        read(&folder);
        let (_, sound) = files(template).iter().find(|f| f.0 == file).copied().unwrap_or(("", &[]));
        fs::write(&path, sound).expect("the scratch folder is writable");
    });
}

/// Reads a template of which several files are replaced: `bytes` are its number, then per file a number, a length
/// (u16, little-endian) and contents.
pub fn replace_many(bytes: &[u8]) {
    let Some((&number, mut rest)) = bytes.split_first() else { return };
    let (name, files) = TEMPLATES[usize::from(number) % TEMPLATES.len()];
    SCRATCH.with_borrow_mut(|scratch| {
        let folder = scratch.template(name);
        while let Some((&[file, low, high], after)) = rest.split_first_chunk::<3>() {
            let n = usize::from(u16::from_le_bytes([low, high])).min(after.len());
            let (name, _) = files[usize::from(file) % files.len()];
            fs::write(folder.join(name), &after[..n]).expect("the scratch folder is writable");
            rest = &after[n..];
        }
        read(&folder);
        for (name, sound) in files {
            fs::write(folder.join(name), sound).expect("the scratch folder is writable");
        }
    });
}

/// Files of a template.
///
/// # Panics
/// When there is none of this name.
pub fn files(template: &str) -> &'static [File] {
    TEMPLATES.iter().find(|t| t.0 == template).expect("a template of this name").1
}

/// Opens a table and reads what can be read.
pub fn read(folder: &Path) {
    let Ok(table) = Table::open(folder) else { return };
    let names: Vec<String> = table.column_names().map(str::to_owned).collect();
    let _ = table.keywords().iter().count();
    for name in names {
        let Ok(column) = table.column(&name) else { continue };
        let n_row = table.n_row();
        for rows in [0..n_row.min(16), n_row / 2..n_row / 2 + n_row.min(1), n_row.saturating_sub(3)..n_row] {
            read_column(&column, rows);
        }
    }
}

fn read_column(column: &Column, rows: std::ops::Range<u64>) {
    let mut n_element = 0;
    for row in rows.clone() {
        let Ok(shape) = column.cell_shape(row) else { return };
        let cell = shape.unwrap_or_default().iter().fold(1_u64, |n, &axis| n.saturating_mul(axis as u64));
        n_element = cell.saturating_add(n_element);
    }
    if n_element > MOST_ELEMENTS {
        return;
    }
    if let Ok(array) = column.read(rows.clone()) {
        assert_eq!(array.len() as u64, rows.end - rows.start);
    }
    if !rows.is_empty() {
        let _ = column.record(rows.start);
    }
    let (mut numbers, mut strings) = (Vec::<f64>::new(), Vec::<String>::new());
    if let Ok(shape) = column.read_flat(rows.clone(), &mut numbers) {
        assert_eq!(numbers.len() as u64, shape.iter().product::<usize>() as u64 * (rows.end - rows.start));
    }
    let _ = column.read_flat(rows, &mut strings);
}

thread_local! {
    static SCRATCH: RefCell<Scratch> = RefCell::default();
}

/// A folder in memory where there is one, with a copy of each template that was asked for.
#[derive(Default)]
struct Scratch {
    made: BTreeMap<String, PathBuf>,
}

impl Scratch {
    fn template(&mut self, name: &str) -> PathBuf {
        if let Some(made) = self.made.get(name) {
            return made.clone();
        }
        let memory = PathBuf::from("/dev/shm");
        let root = if memory.is_dir() { memory } else { std::env::temp_dir() };
        let folder = root.join(format!("facette-fuzz-{}", std::process::id())).join(name);
        fs::create_dir_all(&folder).expect("a scratch folder can be made");
        for (file, bytes) in files(name) {
            fs::write(folder.join(file), bytes).expect("the scratch folder is writable");
        }
        self.made.insert(name.to_owned(), folder.clone());
        folder
    }
}
