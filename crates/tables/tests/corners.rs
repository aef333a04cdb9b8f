//! Corners of writing: cells without elements, numbers of files that a damaged table states, files that a killed writer
//! left.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use facette_tables::{
    Cells, ColumnSpec, DataType, DiskCall, Editor, Error, StorageKind, Table, TableSpec, Value,
};

fn strings_of(table: &Table, row: u64) -> Vec<String> {
    let mut cell = Vec::new();
    table.column("S").unwrap().read_flat(row..row + 1, &mut cell).unwrap();
    cell
}

/// An array of no strings is not one of numbers, and harms no other row.
#[test]
fn string_arrays_without_elements_stand_beside_others() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("strings.tab");
    let spec = TableSpec::new().column(ColumnSpec::array("S", DataType::String).axes(1));
    let mut editor = Table::create(&path, &spec).unwrap();
    editor.add_rows(6);
    for row in [0, 1, 2, 3, 5] {
        let text = format!("row {row} of a table with strings");
        editor.put("S", row, &[2], &[text.as_str(), "b"]).unwrap();
    }
    editor.put::<&str>("S", 4, &[0], &[]).unwrap();
    let table = editor.commit().unwrap();
    for row in [0, 1, 2, 3, 5] {
        assert_eq!(strings_of(&table, row), [format!("row {row} of a table with strings").as_str(), "b"]);
    }
    assert!(strings_of(&table, 4).is_empty());
}

#[test]
fn cells_without_elements_do_not_go_into_tiles() {
    let dir = tempfile::tempdir().unwrap();
    let tiled = StorageKind::Tiled { tile_rows: None };
    let column = ColumnSpec::array("D", DataType::Float).shape(&[0, 4]).storage(tiled);
    let made = Table::create(dir.path().join("t"), &TableSpec::new().column(column));
    assert!(matches!(made.err(), Some(Error::Refused { .. })));
}

#[test]
fn no_cells_without_a_value_are_none() {
    let dir = tempfile::tempdir().unwrap();
    let tiled = StorageKind::Tiled { tile_rows: None };
    let column = ColumnSpec::array("D", DataType::Float).axes(1).storage(tiled);
    let mut editor = Table::create(dir.path().join("t"), &TableSpec::new().column(column)).unwrap();
    editor.add_rows(2);
    editor
        .write("D", 0..2, |rows, cells| {
            cells.push_undefined(0)?;
            rows.into_iter().try_for_each(|_| cells.push(&[1], &[7.0_f32]))
        })
        .unwrap();
    let table = editor.commit().unwrap();
    let mut values = Vec::<f32>::new();
    table.column("D").unwrap().read_flat(0..2, &mut values).unwrap();
    assert_eq!(values, [7.0, 7.0]);
}

/// A new table whose column N has 1, 2 and 3.
fn three_rows(path: &Path) -> Table {
    let spec = TableSpec::new().column(ColumnSpec::scalar("N", DataType::Int));
    let mut editor = Table::create(path, &spec).unwrap();
    editor.add_rows(3);
    editor.put("N", 0, &[], &[1_i32, 2, 3]).unwrap();
    editor.commit().unwrap()
}

/// Files of numbers that no storage manager has are removed, those of the table never, whatever number comes next.
#[test]
fn files_of_a_killed_writer_go_and_those_of_the_table_stay() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("t");
    let number = three_rows(&path).storages().next().unwrap().number;
    for n in (0..9).filter(|&n| n != number) {
        std::fs::write(path.join(format!("table.f{n}")), b"left").unwrap();
    }
    let mut editor = Editor::open(&path).unwrap();
    editor.add_column(&ColumnSpec::scalar("M", DataType::Int)).unwrap();
    editor.set_keyword("K", Value::Int(1));
    let table = editor.commit().unwrap();
    let mut values = Vec::<i32>::new();
    table.column("N").unwrap().read_flat(0..3, &mut values).unwrap();
    assert_eq!(values, [1, 2, 3]);
    let listed: Vec<String> = table.storages().map(|s| format!("table.f{}", s.number)).collect();
    let mut files: Vec<String> = std::fs::read_dir(&path)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .filter(|name| name.starts_with("table.f"))
        .collect();
    files.sort();
    assert_eq!(files, listed);
}

/// What happened to a commit's new files: those that are complete, whether one was removed, and what was renamed.
#[derive(Default)]
struct Staged {
    complete: Vec<PathBuf>,
    is_removed: bool,
    renamed: Vec<PathBuf>,
}

/// A commit on another machine knows nothing of this process and may take its new files for those of one that died.
#[test]
fn a_new_file_that_went_is_told_before_anything_is_renamed() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("t");
    three_rows(&path);
    let staged = Arc::new(Mutex::new(Staged::default()));
    let kept = Arc::clone(&staged);
    let hook = move |call, file: &Path| {
        let mut staged = kept.lock().unwrap();
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        match (call, staged.complete.first()) {
            (_, Some(first)) if first != file && !staged.is_removed => {
                std::fs::remove_file(first)?;
                staged.is_removed = true;
            }
            (DiskCall::Sync, _) if name.starts_with(".new-") => staged.complete.push(file.to_owned()),
            _ => {}
        }
        if call == DiskCall::Rename {
            staged.renamed.push(file.to_owned());
        }
        Ok(())
    };
    let mut editor = Editor::open_hooked(&path, Arc::new(hook)).unwrap();
    editor.add_column(&ColumnSpec::scalar("M", DataType::Int)).unwrap();
    editor.add_column(&ColumnSpec::scalar("I", DataType::Int).storage(StorageKind::Incremental)).unwrap();
    let message = editor.commit().err().unwrap().to_string();
    assert!(message.contains("its new file .new-") && message.contains("another machine"), "{message}");
    let staged = staged.lock().unwrap();
    assert!(staged.is_removed && staged.renamed.is_empty(), "{:?}", staged.renamed);
    let table = Table::open(&path).unwrap();
    let mut values = Vec::<i32>::new();
    table.column("N").unwrap().read_flat(0..3, &mut values).unwrap();
    assert_eq!((values, table.has_column("M")), (vec![1, 2, 3], false));
    let names = std::fs::read_dir(&path).unwrap().map(|e| e.unwrap().file_name());
    assert_eq!(names.filter(|n| n.to_string_lossy().starts_with('.')).count(), 0);
}

/// Tables whose columns share one file, by a description made by hand.
#[test]
fn tables_in_one_file_are_not_changed() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("t");
    let spec = TableSpec::new().column(ColumnSpec::scalar("N", DataType::Int));
    let mut editor = Table::create(&path, &spec).unwrap();
    editor.add_rows(12_345);
    editor.commit().unwrap();
    let plain = std::fs::read(path.join("table.dat")).unwrap();
    // The version and the row count of the column set; with a kind of file and its block size in version 3.
    let head = [-2_i32, 12_345].map(i32::to_be_bytes).concat();
    let at = plain.windows(8).position(|bytes| bytes == head).unwrap();
    for (kind, name) in [(0, "MultiFile"), (1, "MultiHDF5")] {
        let wide = [-3, 0, 12_345, kind, 4096].map(i32::to_be_bytes).concat();
        let dat = [&plain[..at], &wide, &plain[at + 8..]].concat();
        std::fs::write(path.join("table.dat"), &dat).unwrap();
        let kinds: Vec<String> = Table::open(&path).unwrap().storages().map(|s| s.kind.to_string()).collect();
        assert!(kinds[0].starts_with(name), "{kinds:?}");
        let message = Editor::open(&path).err().unwrap().to_string();
        assert!(message.contains(&format!("kept in one {name} (StandardStMan)")), "{message}");
        assert_eq!(std::fs::read(path.join("table.dat")).unwrap(), dat);
    }
}

/// Replaces three words of 32 bits everywhere in a file.
fn replace_words(file: &Path, from: [u8; 12], to: [u8; 12]) {
    let mut bytes = std::fs::read(file).unwrap();
    let places: Vec<usize> = (0..bytes.len() - 11).filter(|&i| bytes[i..i + 12] == from).collect();
    assert!(!places.is_empty());
    places.into_iter().for_each(|i| bytes[i..i + 12].copy_from_slice(&to));
    std::fs::write(file, bytes).unwrap();
}

fn axes(axes: [i32; 3]) -> [u8; 12] {
    axes.map(i32::to_be_bytes).concat().try_into().unwrap()
}

/// Tiles of which a damaged header claims terabytes read well; rows are added to others, in their place.
#[test]
fn rows_are_added_where_the_tiles_are_said_to_be_huge() {
    let dir = tempfile::tempdir().unwrap();
    for (k, shape) in [Some([64, 4]), None].into_iter().enumerate() {
        let path = dir.path().join(format!("t{k}"));
        let tiled = StorageKind::Tiled { tile_rows: Some(32) };
        let column = ColumnSpec::array("D", DataType::Complex).storage(tiled);
        let column = shape.map_or(column.clone().axes(2), |shape| column.shape(&shape));
        let mut editor = Table::create(&path, &TableSpec::new().column(column)).unwrap();
        let give = |rows: std::ops::Range<u64>, cells: &mut Cells<'_>| {
            rows.into_iter().try_for_each(|row| cells.push(&[64, 4], &[[row as f32, 1.0]; 256]))
        };
        editor.add_rows(10);
        editor.write("D", 0..10, give).unwrap();
        let number = editor.commit().unwrap().storages().next().unwrap().number;
        replace_words(&path.join(format!("table.f{number}")), axes([4, 64, 32]), axes([4, 64, 1 << 30]));
        let check = |n_row| {
            let mut values = Vec::<f32>::new();
            let table = Table::open(&path).unwrap();
            table.column("D").unwrap().read_flat(0..n_row, &mut values).unwrap();
            let is_it = |(i, v): (usize, &[f32])| v == [(i / 256) as f32, 1.0];
            assert!(values.chunks(2).enumerate().all(is_it));
        };
        check(10);
        let mut editor = Editor::open(&path).unwrap();
        editor.add_rows(3);
        editor.write("D", 10..13, give).unwrap();
        editor.commit().unwrap();
        check(13);
    }
}

#[test]
fn tiles_that_nobody_can_count_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    for rows in [1 << 28, usize::MAX] {
        let tiled = StorageKind::Tiled { tile_rows: Some(rows) };
        let column = ColumnSpec::array("D", DataType::Complex).shape(&[64, 4]).storage(tiled);
        let mut editor = Table::create(dir.path().join("t"), &TableSpec::new().column(column)).unwrap();
        editor.add_rows(3);
        let message = editor.commit().err().unwrap().to_string();
        assert!(message.contains("need 2 GiB and more; take fewer rows a tile"), "{message}");
    }
}
