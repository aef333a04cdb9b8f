//! A table of which one file was cut short tells so, or gives what is right: never a wrong value.
//!
//! Every file of small tables of every storage manager is cut at 200 lengths (at each if it is shorter). Then the table
//! is opened and every column read: an error must name a file of the table, and what is read must equal the sound
//! table's cells, as many of its rows as are left.

use std::path::{Path, PathBuf};

use arrow_array::{Array, ArrayRef};
use facette_tables::{Error, Table};

const CUTS: usize = 200;

#[test]
fn committed_tables_of_every_manager() {
    let mut n = 0;
    for name in ["engines_big.tab", "aips_little.tab", "aips_big.tab", "tiles_little.tab", "tiles_big.tab"] {
        n += cut_files(&testkit::fixture("managers").join(name));
    }
    n += cut_files(&testkit::fixture("byhand/scaled.tab"));
    assert!(n > 5000, "{n} cuts only");
}

#[test]
fn views_of_other_tables() {
    // Their roots are found from where the copies are.
    let folder = tempfile::tempdir().unwrap();
    copy(&testkit::fixture("managers"), folder.path());
    for name in ["selected.tab", "sorted.tab", "forward.tab", "multi.mms"] {
        let table = folder.path().join(name);
        assert!(cut_in_place(&table, &sound(&table)) > 100);
    }
}

#[test]
fn committed_subtables() {
    for name in ["tiny.ms/ANTENNA", "tiny.ms/SPECTRAL_WINDOW", "tiny.ms/POINTING", "mixed.ms/FIELD"] {
        cut_files(&testkit::fixture(name));
    }
}

#[test]
fn real_tables_of_old_managers() {
    let test = "real_tables_of_old_managers";
    for name in ["ms/casacore_old_tables/tables/Tables/test/tTable_2.data_v0", "ms/writers/engines.tab"] {
        let Some(path) = testkit::real_data(test, name) else { return };
        cut_files(&path);
    }
}

fn cut_files(table: &Path) -> usize {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path().join("t");
    std::fs::create_dir(&here).unwrap();
    for entry in std::fs::read_dir(table).unwrap() {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_file() {
            let bytes = std::fs::read(entry.path()).unwrap();
            std::fs::write(here.join(entry.file_name()), bytes).unwrap();
        }
    }
    cut_in_place(&here, &sound(&here))
}

/// Names and cells of all columns.
fn sound(table: &Path) -> Vec<(String, ArrayRef)> {
    let table = Table::open(table).unwrap();
    let read = |name: &str| (name.to_owned(), table.column(name).unwrap().read(0..table.n_row()).unwrap());
    table.column_names().map(read).collect()
}

fn cut_in_place(table: &Path, sound: &[(String, ArrayRef)]) -> usize {
    let mut files: Vec<PathBuf> = std::fs::read_dir(table).unwrap().map(|e| e.unwrap().path()).collect();
    files.retain(|file| file.is_file());
    files.sort();
    let mut n = 0;
    for file in files {
        let whole = std::fs::read(&file).unwrap();
        let cuts = whole.len().min(CUTS);
        for i in 0..cuts {
            std::fs::write(&file, &whole[..i * whole.len() / cuts]).unwrap();
            check(table, &file, sound);
        }
        n += cuts;
        std::fs::write(&file, &whole).unwrap();
    }
    n
}

fn check(path: &Path, cut: &Path, sound: &[(String, ArrayRef)]) {
    let table = match Table::open(path) {
        Ok(table) => table,
        Err(error) => return must_name(&error, cut),
    };
    for (name, cells) in sound {
        match table.column(name).and_then(|column| column.read(0..table.n_row())) {
            Ok(got) => {
                assert!(got.len() <= cells.len(), "{name} with {} cut", cut.display());
                let want = cells.slice(0, got.len());
                assert!(same(&got, &want), "{name} with {} cut: {got:?} for {want:?}", cut.display());
            }
            Err(error) => must_name(&error, cut),
        }
    }
}

/// Fewer rows may have another type: lists of one length for lists of several.
fn same(got: &ArrayRef, want: &ArrayRef) -> bool {
    got.is_empty() || got.to_data() == want.to_data()
}

fn must_name(error: &Error, cut: &Path) {
    let message = error.to_string();
    assert!(message.contains("table."), "{} cut: {message}", cut.display());
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::write(&target, std::fs::read(entry.path()).unwrap()).unwrap();
        }
    }
}
