//! Corners of writing: cells without elements, numbers of files that a damaged table states, files that a killed writer
//! left.

use facette_tables::{ColumnSpec, DataType, Editor, Error, StorageKind, Table, TableSpec, Value};

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

/// Files of numbers that no storage manager has are removed, those of the table never, whatever number comes next.
#[test]
fn files_of_a_killed_writer_go_and_those_of_the_table_stay() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("t");
    let spec = TableSpec::new().column(ColumnSpec::scalar("N", DataType::Int));
    let mut editor = Table::create(&path, &spec).unwrap();
    editor.add_rows(3);
    editor.put("N", 0, &[], &[1_i32, 2, 3]).unwrap();
    let number = editor.commit().unwrap().storages().next().unwrap().number;
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
