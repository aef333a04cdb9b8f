//! Columns of IncrementalStMan over many buckets.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use facette_tables::{ColumnSpec, DataType, DiskCall, StorageKind, Table, TableSpec};

fn spec() -> TableSpec {
    let columns = [
        ColumnSpec::scalar("TIME", DataType::Double),
        ColumnSpec::array("WEIGHT", DataType::Float).axes(1),
        ColumnSpec::array("FLAG", DataType::Bool).axes(2),
        ColumnSpec::scalar("NOTE", DataType::String),
    ];
    columns.into_iter().fold(TableSpec::new(), |spec, c| spec.column(c.storage(StorageKind::Incremental)))
}

/// A text of some rows is longer than the buckets are then, and each time more so.
fn note(row: u64) -> String {
    match row {
        300 => "a".repeat(40_000),
        2000 => "b".repeat(150_000),
        2001 => "c".repeat(151_000),
        _ => format!("{row}"),
    }
}

fn make(path: &Path, n_row: u64, is_long: bool) {
    let mut editor = Table::create(path, &spec()).unwrap();
    editor.add_rows(n_row);
    editor
        .write("TIME", 0..n_row, |rows, cells| {
            rows.into_iter().try_for_each(|r| cells.push(&[], &[r as f64]))
        })
        .unwrap();
    editor
        .write("WEIGHT", 0..n_row, |rows, cells| {
            // Of two rows each, so that many a bucket begins with an array of its first row and the one before.
            rows.into_iter().try_for_each(|row| cells.push(&[3], &[row.div_ceil(2) as f32, 2.5, 3.5]))
        })
        .unwrap();
    editor
        .write("FLAG", 0..n_row, |rows, cells| {
            rows.into_iter().try_for_each(|_| cells.push(&[2, 3], &[false, false, true, false, true, false]))
        })
        .unwrap();
    editor
        .write("NOTE", 0..n_row, |rows, cells| {
            let text = |row| if is_long { note(row) } else { "short".to_owned() };
            rows.into_iter().try_for_each(|row| cells.push(&[], &[text(row)]))
        })
        .unwrap();
    editor.commit().unwrap();
}

fn run(test: &str, script: &str, table: &Path, args: &[&str]) {
    let Some(mut python) = testkit::peer_python(test) else { return };
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/written").join(script);
    let output = python.arg(script).arg(table).args(args).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// Casacore changes an array where it stands if it counts one value only.
#[test]
fn an_array_that_buckets_share_changes_in_one_row_only() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("t");
    make(&path, 7000, false);
    run("an_array_that_buckets_share_changes_in_one_row_only", "shared_array.py", &path, &["WEIGHT"]);
}

#[test]
fn rows_that_need_larger_buckets_move_those_before_them() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("t");
    make(&path, 6000, true);
    let table = Table::open(&path).unwrap();
    let (mut notes, mut time) = (Vec::<String>::new(), Vec::<f64>::new());
    table.column("NOTE").unwrap().read_flat(0..6000, &mut notes).unwrap();
    table.column("TIME").unwrap().read_flat(0..6000, &mut time).unwrap();
    for row in 0..6000 {
        assert_eq!(time[row], row as f64);
        assert!(notes[row] == note(row as u64), "{row}");
    }
    run("rows_that_need_larger_buckets_move_those_before_them", "long_notes.py", &path, &[]);
}

/// Memory does not grow with the table: while a source is called for the last rows, the buckets of the first are
/// written.
#[test]
fn buckets_are_written_as_they_are_complete() {
    let dir = tempfile::tempdir().unwrap();
    let n_write = Arc::new(AtomicUsize::new(0));
    let (counter, n_row) = (Arc::clone(&n_write), 200_000);
    let hook = move |call, file: &Path| {
        let is_bucket = file.file_name().is_some_and(|name| name.to_string_lossy().starts_with(".new-"));
        if call == DiskCall::Write && is_bucket {
            counter.fetch_add(1, Ordering::Relaxed);
        }
        Ok(())
    };
    let spec = TableSpec::new()
        .column(ColumnSpec::scalar("TIME", DataType::Double).storage(StorageKind::Incremental));
    let mut editor = Table::create_hooked(dir.path().join("t"), &spec, Arc::new(hook)).unwrap();
    editor.add_rows(n_row);
    editor
        .write("TIME", 0..n_row, |rows, cells| {
            // 16 bytes a row in buckets of 32 KiB.
            let least = (rows.start / 2100) as usize;
            assert!(n_write.load(Ordering::Relaxed) >= least, "{least} buckets before row {}", rows.start);
            rows.into_iter().try_for_each(|row| cells.push(&[], &[row as f64]))
        })
        .unwrap();
    let table = editor.commit().unwrap();
    let mut time = Vec::<f64>::new();
    table.column("TIME").unwrap().read_flat(0..n_row, &mut time).unwrap();
    assert!(time.iter().enumerate().all(|(row, &t)| t == row as f64));
}
