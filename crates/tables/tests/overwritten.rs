//! Cells that are overwritten where they stand, in tables that others wrote: casacore reads them, and all others are as
//! they were.

use std::path::Path;
use std::sync::{Arc, Mutex};

use facette_tables::{Column, DataType, DiskCall, Editor, Table, Value};

const REAL: [&str; 9] = [
    "askap_csimulator.ms",
    "evla_day2.ms",
    "vla_casa_simulated.ms",
    "oskar_ska_low.ms",
    "ovro_lwa.ms",
    "wsrt_ndppp_bda.ms",
    "mwa_birli.ms",
    "paper_zen.ms",
    "atca_tiled_data/atca.ms",
];

/// Files that were made, copied or renamed.
type Calls = Arc<Mutex<Vec<(DiskCall, String)>>>;

fn editor<'a>(path: &Path) -> (Editor<'a>, Calls) {
    let calls = Calls::default();
    let kept = Arc::clone(&calls);
    let hook = move |call, file: &Path| {
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        kept.lock().unwrap().push((call, name));
        Ok(())
    };
    (Editor::open_hooked(path, Arc::new(hook)).unwrap(), calls)
}

/// Other values for the cell of a row, of the same shape; whether the column holds such.
fn put_other(editor: &mut Editor<'_>, column: &Column, row: u64) -> bool {
    let (name, info) = (column.info().name.clone(), column.info());
    let Some(mut shape) = column.cell_shape(row).unwrap() else { return false };
    let n: usize = shape.iter().product();
    let at = |i: usize| row as f64 * 3.0 + i as f64;
    match info.data_type {
        DataType::Bool => editor.put(&name, row, &shape, &(0..n).map(|i| i % 3 == 1).collect::<Vec<_>>()),
        DataType::Int => editor.put(&name, row, &shape, &(0..n).map(|i| at(i) as i32).collect::<Vec<_>>()),
        DataType::Float => editor.put(&name, row, &shape, &(0..n).map(|i| at(i) as f32).collect::<Vec<_>>()),
        DataType::Double => editor.put(&name, row, &shape, &(0..n).map(at).collect::<Vec<_>>()),
        DataType::Complex => {
            shape.push(2);
            editor.put(&name, row, &shape, &(0..2 * n).map(|i| at(i) as f32).collect::<Vec<_>>())
        }
        _ => return false,
    }
    .unwrap();
    true
}

#[test]
fn cells_of_real_tables_change_where_they_are_and_no_others_do() {
    let test = "cells_of_real_tables_change_where_they_are_and_no_others_do";
    let dir = tempfile::tempdir().unwrap();
    let mut n_overwritten = 0;
    for name in REAL {
        let Some(real) = testkit::real_data(test, &format!("ms/{name}")) else { continue };
        let path = dir.path().join(name);
        testkit::copy_tree(&real, &path);
        let old = Table::open(&path).unwrap();
        // One row has no others in which cells may stay as they are.
        if old.n_row() < 2 {
            continue;
        }
        let rows = [old.n_row() / 3, old.n_row() - 1];
        let mut lines = Vec::new();
        for column in old.column_names().map(|n| old.column(n).unwrap()) {
            let is_id = column.info().name.ends_with("_HYPERCUBE_ID");
            let in_place = !is_id && !column.info().storage_manager.starts_with("Incremental");
            let (mut editor, calls) = editor(&path);
            if !in_place || !rows.iter().all(|&row| put_other(&mut editor, &column, row)) {
                continue;
            }
            editor.commit().unwrap();
            let calls = calls.lock().unwrap();
            let renamed: Vec<_> =
                calls.iter().filter(|c| c.0 == DiskCall::Rename && c.1 == "table.dat").collect();
            assert!(renamed.is_empty(), "{name} {}: {calls:?}", column.info().name);
            n_overwritten += 1;
            lines.push(column.info().name.clone());
        }
        let Some(mut python) = testkit::peer_python(test) else { continue };
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/written/overwritten.py");
        let rows = rows.iter().map(u64::to_string).collect::<Vec<_>>().join(",");
        let output = python.arg(script).arg(real).arg(path).arg(rows).args(lines).output().unwrap();
        assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
    }
    assert!(n_overwritten == 0 || n_overwritten > 40, "{n_overwritten} columns");
}

#[test]
fn what_cannot_be_overwritten_becomes_new_files_and_keywords_go_along() {
    let test = "what_cannot_be_overwritten_becomes_new_files_and_keywords_go_along";
    let Some(real) = testkit::real_data(test, "ms/evla_day2.ms") else { return };
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("t.ms");
    testkit::copy_tree(&real, &path);
    // Cells of UVW and numbers in one page, with a keyword: the description is renamed, no data file is.
    let (mut change, calls) = editor(&path);
    change.put("ANTENNA1", 3, &[], &[77_i32]).unwrap();
    change.set_keyword("NOTE", Value::Int(5));
    let table = change.commit().unwrap();
    assert_eq!(table.keywords().int("NOTE"), Some(5));
    let of = |calls: &Calls, call| calls.lock().unwrap().iter().filter(|c| c.0 == call).count();
    assert_eq!(of(&calls, DiskCall::Rename), 1);
    // A cell of 3488 bytes is in two pages: its file is copied.
    let Some(real) = testkit::real_data(test, "ms/ovro_lwa.ms") else { return };
    let other = dir.path().join("other.ms");
    testkit::copy_tree(&real, &other);
    let table = Table::open(&other).unwrap();
    let shape = table.column("DATA").unwrap().cell_shape(9).unwrap().unwrap();
    let n = shape.iter().product();
    let (mut change, calls) = editor(&other);
    change.put("DATA", 9, &shape, &vec![[4.0_f32, -1.0]; n]).unwrap();
    change.commit().unwrap();
    assert_eq!((of(&calls, DiskCall::Copy), of(&calls, DiskCall::Rename)), (1, 1));
    let mut cell = Vec::<f32>::new();
    let table = table.refresh().unwrap();
    table.column("DATA").unwrap().read_flat(9..10, &mut cell).unwrap();
    assert!(cell.chunks(2).all(|v| v == [4.0, -1.0]));
    // Another shape, and a column of incremental storage: new files.
    for column in ["DATA", "TIME"] {
        let (mut change, calls) = editor(&path);
        match column {
            "DATA" => change.put("DATA", 9, &[2, 4], &[[1.0_f32, 1.0]; 8]).unwrap(),
            _ => change.put("TIME", 9, &[], &[5.0]).unwrap(),
        }
        change.commit().unwrap();
        assert!(of(&calls, DiskCall::Create) > 1, "{column}");
    }
}
