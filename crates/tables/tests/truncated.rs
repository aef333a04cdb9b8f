//! A table of which one file was cut short tells so, or gives what is right: never a wrong value.
//!
//! Every file of small tables of every storage manager is cut at 200 lengths (at each if it is shorter). Then the table
//! is opened and every column read: an error must name a file of the table, and what is read must equal the sound
//! table's cells, as many of its rows as are left.

use std::path::{Path, PathBuf};

use arrow_array::{Array, ArrayRef};
use facette_tables::{
    ColumnSpec, DataType, DyscoNormalization, DyscoSettings, Error, StorageKind, Table, TableSpec,
};

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
fn a_compressed_table() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("dysco.tab");
    dysco(&path);
    let cells = sound(&path);
    assert!(cut_in_place(&path, &cells) > 300);
    // Also where whole blocks are lost, and nothing else.
    let table = Table::open(&path).unwrap();
    let data = path.join(format!("table.f{}", number_of(&table, "DyscoStMan")));
    let whole = std::fs::read(&data).unwrap();
    let header = u32::from_le_bytes(whole[..4].try_into().unwrap()) as usize;
    for n_block in 0..4 {
        std::fs::write(&data, &whole[..header + (whole.len() - header) / 4 * n_block]).unwrap();
        let read = |rows| Table::open(&path).unwrap().column("DATA").unwrap().read(rows);
        let n_row = 6 * n_block as u64;
        assert_eq!(read(0..n_row).unwrap().len(), 6 * n_block);
        let stored_rows = match read(0..24).unwrap_err() {
            Error::MissingRows { stored, .. } => stored,
            other => panic!("{other}"),
        };
        assert_eq!(stored_rows, n_row);
    }
}

fn number_of(table: &Table, kind: &str) -> u32 {
    table.storages().find(|s| s.kind == kind).unwrap().number
}

/// Four times of six baselines, so four blocks.
fn dysco(path: &Path) {
    let settings = DyscoSettings { normalization: DyscoNormalization::Row, ..DyscoSettings::default() };
    let data = ColumnSpec::array("DATA", DataType::Complex).shape(&[4, 2]);
    let mut spec = TableSpec::new()
        .column(ColumnSpec::scalar("TIME", DataType::Double))
        .column(data.storage(StorageKind::Dysco(settings)));
    let ids = ["ANTENNA1", "ANTENNA2", "FIELD_ID", "DATA_DESC_ID"];
    spec = ids.into_iter().fold(spec, |spec, id| spec.column(ColumnSpec::scalar(id, DataType::Int)));
    let mut editor = Table::create(path, &spec).unwrap();
    editor.add_rows(24);
    editor
        .write("TIME", 0..24, |rows, cells| {
            rows.into_iter().try_for_each(|i| cells.push(&[], &[(i / 6) as f64]))
        })
        .unwrap();
    for (id, of) in ids.into_iter().zip([[0, 0, 0, 1, 1, 2], [1, 2, 3, 2, 3, 3], [0; 6], [0; 6]]) {
        editor
            .write(id, 0..24, move |rows, cells| {
                rows.into_iter().try_for_each(|i| cells.push(&[], &[of[(i % 6) as usize]]))
            })
            .unwrap();
    }
    editor
        .write("DATA", 0..24, |rows, cells| {
            rows.into_iter().try_for_each(|i| cells.push(&[4, 2], &[[1.0 + i as f32, 0.5_f32]; 8]))
        })
        .unwrap();
    editor.commit().unwrap();
}

#[test]
fn views_of_other_tables() {
    // Their roots are found from where the copies are.
    let folder = tempfile::tempdir().unwrap();
    testkit::copy_tree(&testkit::fixture("managers"), folder.path());
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
    // A compressed file may end between two blocks; then it is rows that are missing, and the column is named.
    if matches!(error, Error::MissingRows { table, .. } if table.ends_with("dysco.tab")) {
        return;
    }
    let message = error.to_string();
    assert!(message.contains("table."), "{} cut: {message}", cut.display());
}
