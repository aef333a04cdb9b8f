//! A disk that is full at any of the calls gives an error that names the file, and the table is as it was.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use facette_tables::{ColumnSpec, DataType, DiskCall, Editor, Error, StorageKind, Table, TableSpec, Value};

/// Fails from call `first` on, but for removing.
fn full_from(first: usize) -> facette_tables::DiskHook {
    let calls = AtomicUsize::new(0);
    Arc::new(move |call, _: &Path| {
        let late = calls.fetch_add(1, Ordering::Relaxed) >= first;
        if late && call != DiskCall::Remove {
            Err(io::Error::from(io::ErrorKind::StorageFull))
        } else {
            Ok(())
        }
    })
}

fn spec() -> TableSpec {
    let tiled = StorageKind::Tiled { tile_rows: None };
    TableSpec::new()
        .column(ColumnSpec::array("DATA", DataType::Complex).axes(1).storage(tiled))
        .column(ColumnSpec::scalar("TIME", DataType::Double).storage(StorageKind::Incremental))
        .column(ColumnSpec::scalar("NAME", DataType::String))
}

fn fill(editor: &mut Editor<'_>, n: u64) {
    let first = editor.n_row();
    editor.add_rows(n);
    for row in first..first + n {
        editor.put("DATA", row, &[2], &[[row as f32, 1.0]; 2]).unwrap();
        editor.put("TIME", row, &[], &[row as f64]).unwrap();
        editor.put("NAME", row, &[], &[format!("row number {row}")]).unwrap();
    }
}

fn check(path: &Path, n_row: u64) {
    let table = Table::open(path).unwrap();
    assert_eq!(table.n_row(), n_row);
    let (mut names, mut data, mut time) = (Vec::<String>::new(), Vec::<f32>::new(), Vec::<f64>::new());
    table.column("NAME").unwrap().read_flat(0..n_row, &mut names).unwrap();
    table.column("DATA").unwrap().read_flat(0..n_row, &mut data).unwrap();
    table.column("TIME").unwrap().read_flat(0..n_row, &mut time).unwrap();
    for row in 0..n_row as usize {
        assert_eq!(names[row], format!("row number {row}"));
        assert_eq!(data[4 * row..4 * row + 4], [row as f32, 1.0, row as f32, 1.0]);
        assert_eq!(time[row], row as f64);
    }
}

#[test]
fn an_append_to_a_full_disk_leaves_the_table_as_it_was() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("t");
    let mut editor = Table::create(&path, &spec()).unwrap();
    fill(&mut editor, 20);
    editor.commit().unwrap();
    for first in 0.. {
        let mut editor = Editor::open_hooked(&path, full_from(first)).unwrap();
        fill(&mut editor, 15);
        match editor.commit() {
            Ok(_) => {
                assert!(first > 10, "{first} calls only");
                check(&path, 35);
                break;
            }
            Err(error) => {
                let message = error.to_string();
                assert!(matches!(error, Error::Write { .. }), "{message}");
                assert!(message.starts_with("cannot write ") && message.contains("/t"), "{message}");
                let n_row = Table::open(&path).unwrap().n_row();
                check(&path, n_row);
                if n_row == 35 {
                    // The rename had been made; only what follows it failed.
                    break;
                }
                assert_eq!(n_row, 20);
            }
        }
    }
}

/// Fails from call `first` on of those that need space: all but what changes bytes, names and locks that are there.
fn no_space_from(first: usize) -> facette_tables::DiskHook {
    let calls = AtomicUsize::new(0);
    Arc::new(move |call, file: &Path| {
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        let is_new = name.starts_with('.') || name.ends_with("_tmp");
        let needs_space = is_new && matches!(call, DiskCall::Create | DiskCall::Copy | DiskCall::Write);
        if needs_space && calls.fetch_add(1, Ordering::Relaxed) >= first {
            return Err(io::Error::from(io::ErrorKind::StorageFull));
        }
        Ok(())
    })
}

/// Elements of a cell that is in two pages.
const LARGE: usize = 1500;

/// The numbers of cells 3 that stand where they stand and by way of a copy, and the keyword; of a sound table.
fn cells_and_keyword(path: &Path) -> (i32, f32, i64) {
    let table = Table::open(path).unwrap();
    let (mut id, mut data) = (Vec::<i32>::new(), Vec::<f32>::new());
    table.column("ID").unwrap().read_flat(0..20, &mut id).unwrap();
    table.column("DATA").unwrap().read_flat(0..20, &mut data).unwrap();
    let of_row = |row: usize| &data[row * LARGE..(row + 1) * LARGE];
    (0..20).filter(|&row| row != 3).for_each(|row| {
        assert_eq!(id[row], row as i32);
        assert!(of_row(row).iter().all(|&v| v == row as f32), "{row}");
    });
    assert!(of_row(3).iter().all(|&v| v == of_row(3)[0]), "half a cell");
    (id[3], of_row(3)[0], table.keywords().int("K").unwrap())
}

/// Puts cells that are overwritten where they stand, others by way of a copy, and a keyword.
fn put_cells(path: &Path, hook: facette_tables::DiskHook) -> Result<Table, Error> {
    let mut editor = Editor::open_hooked(path, hook).unwrap();
    editor.put("ID", 3, &[], &[100_i32]).unwrap();
    editor.put("DATA", 3, &[LARGE], &[100.0_f32; LARGE]).unwrap();
    editor.set_keyword("K", Value::Int(100));
    editor.commit()
}

#[test]
fn cells_that_are_put_on_a_full_disk_are_all_as_they_were() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("t");
    let tiled = StorageKind::Tiled { tile_rows: None };
    let spec = TableSpec::new()
        .column(ColumnSpec::scalar("ID", DataType::Int))
        .column(ColumnSpec::array("DATA", DataType::Float).shape(&[LARGE]).storage(tiled))
        .keyword("K", Value::Int(1));
    let mut editor = Table::create(&path, &spec).unwrap();
    editor.add_rows(20);
    for row in 0..20 {
        editor.put("ID", row, &[], &[row as i32]).unwrap();
        editor.put("DATA", row, &[LARGE], &[row as f32; LARGE]).unwrap();
    }
    editor.commit().unwrap();
    let sound = dir.path().join("sound");
    testkit::copy_tree(&path, &sound);
    for first in 0.. {
        match put_cells(&path, no_space_from(first)) {
            Ok(_) => {
                assert!(first > 3, "{first} calls only");
                break;
            }
            Err(error) => {
                assert!(matches!(error, Error::Write { .. }), "{error}");
                assert_eq!(cells_and_keyword(&path), (3, 3.0, 1), "{first}");
                let names = std::fs::read_dir(&path).unwrap().map(|e| e.unwrap().file_name());
                let is_left = |n: &std::ffi::OsString| {
                    n.to_string_lossy().contains("_tmp") || n.to_string_lossy().starts_with('.')
                };
                assert_eq!(names.filter(is_left).count(), 0, "{first}");
            }
        }
    }
    assert_eq!(cells_and_keyword(&path), (100, 100.0, 100));
    // Where nothing can be written any more, each cell is the old or the new one.
    for first in 0.. {
        std::fs::remove_dir_all(&path).unwrap();
        testkit::copy_tree(&sound, &path);
        let result = put_cells(&path, full_from(first));
        let (id, data, key) = cells_and_keyword(&path);
        assert!(id == 3 || id == 100);
        assert!(data == 3.0 || data == 100.0);
        assert!(key == 1 || key == 100);
        if result.is_ok() {
            assert!(first > 6, "{first} calls only");
            break;
        }
    }
}

#[test]
fn a_new_table_on_a_full_disk_is_not_there() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("t");
    for first in 0.. {
        let editor = Table::create_hooked(&path, &spec(), full_from(first));
        let table = editor.and_then(|mut editor| {
            fill(&mut editor, 5);
            editor.commit()
        });
        if table.is_ok() {
            check(&path, 5);
            break;
        }
        if path.exists() {
            // Renamed; the sync of the directory above failed.
            check(&path, 5);
            break;
        }
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0, "{first}");
    }
}

#[test]
fn what_is_there_is_not_overwritten_and_a_draft_that_is_dropped_goes() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("t");
    drop(Table::create(&path, &spec()).unwrap());
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
    std::fs::write(&path, "mine").unwrap();
    let message = Table::create(&path, &spec()).err().unwrap().to_string();
    assert!(message.ends_with("/t exists already; remove it or choose another name"), "{message}");
    assert_eq!(std::fs::read(&path).unwrap(), b"mine");
}

#[test]
fn cells_that_do_not_suit_are_refused_with_what_does() {
    let dir = tempfile::tempdir().unwrap();
    let mut editor = Table::create(dir.path().join("t"), &spec()).unwrap();
    editor.add_rows(2);
    let refused = |result: Result<(), Error>| result.unwrap_err().to_string();
    let message = refused(editor.put("TIME", 0, &[], &[1.0_f32]));
    assert!(message.contains("column TIME") && message.ends_with("takes Double, not f32"), "{message}");
    let message = refused(editor.put("DATA", 0, &[2, 2], &[[0.0_f32; 2]; 4]));
    assert!(message.ends_with("takes cells of 1 axes, not shape [2, 2] (slowest axis first)"), "{message}");
    let message = refused(editor.put("TIME", 1, &[], &[1.0, 2.0]));
    assert!(message.ends_with("takes 1 more cells, not 2 from its source"), "{message}");
    let message = refused(editor.put("NOTHING", 1, &[], &[1.0]));
    assert!(message.contains("no column NOTHING"), "{message}");
    let tiled = StorageKind::Tiled { tile_rows: None };
    let message = refused(editor.add_column(&ColumnSpec::scalar("S", DataType::String).storage(tiled)));
    assert!(message.contains("tiles do not hold a String"), "{message}");
    editor.write("TIME", 0..2, |_, cells| cells.push(&[], &[1.0])).unwrap();
    let message = editor.commit().err().unwrap().to_string();
    assert!(message.ends_with("takes 1 more cells, not the end of its source"), "{message}");
}

/// A file system of a few megabytes; gone when it is dropped.
struct Small(tempfile::TempDir);

impl Small {
    /// `None`, said aloud, where that is not allowed.
    #[expect(clippy::print_stderr, reason = "said aloud")]
    fn mount() -> Option<Small> {
        let dir = tempfile::tempdir().unwrap();
        let mut command = std::process::Command::new("mount");
        command.args(["-t", "tmpfs", "-o", "size=6m", "tmpfs"]).arg(dir.path());
        if command.output().is_ok_and(|output| output.status.success()) {
            return Some(Small(dir));
        }
        eprintln!("SKIPPED the test of a disk that is full: no file system may be mounted here");
        None
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        let _ = std::process::Command::new("umount").arg(self.0.path()).output();
    }
}

#[test]
fn a_disk_that_is_full_is_named_and_the_table_stays() {
    let Some(small) = Small::mount() else { return };
    let path = small.0.path().join("t");
    let mut editor = Table::create(&path, &spec()).unwrap();
    fill(&mut editor, 200);
    editor.commit().unwrap();
    let big = |editor: &mut Editor<'_>, rows: std::ops::Range<u64>| {
        editor.write("DATA", rows, |rows, cells| {
            rows.into_iter().try_for_each(|_| cells.push(&[9000], &[[1.0_f32; 2]; 9000]))
        })
    };
    for change in ["rows", "cells", "column"] {
        let mut editor = Editor::open(&path).unwrap();
        match change {
            "rows" => {
                editor.add_rows(400);
                big(&mut editor, 200..600).unwrap();
            }
            "cells" => big(&mut editor, 0..200).unwrap(),
            _ => {
                editor.add_column(&ColumnSpec::array("MORE", DataType::Double).shape(&[9000])).unwrap();
            }
        }
        let error = editor.commit().err().unwrap();
        assert!(matches!(error, Error::Write { .. }), "{error}");
        let message = error.to_string();
        assert!(message.contains("cannot write") && message.contains("No space left"), "{message}");
        check(&path, 200);
        assert!(!Table::open(&path).unwrap().has_column("MORE"));
        let names = std::fs::read_dir(&path).unwrap().map(|e| e.unwrap().file_name());
        assert!(names.into_iter().all(|n| !n.to_string_lossy().starts_with('.')), "nothing is left of it");
    }
    // With room again it goes.
    let mut editor = Editor::open(&path).unwrap();
    fill(&mut editor, 10);
    editor.commit().unwrap();
    check(&path, 210);
}

#[test]
fn what_cannot_be_changed_is_refused_by_name() {
    let dir = tempfile::tempdir().unwrap();
    let mut editor = Table::create(dir.path().join("t"), &spec()).unwrap();
    editor.add_rows(1 << 32);
    let message = editor.commit().err().unwrap().to_string();
    assert!(message.contains("TiledShapeStMan counts rows with 32 bits"), "{message}");
    let message = Editor::open(testkit::fixture("managers/selected.tab")).err().unwrap().to_string();
    assert!(message.contains("it is a RefTable, which shows cells of other tables"), "{message}");
}
