//! Columns of cells of many shapes: blocks stay small, and a diff sees shapes that arrays cannot tell.

use std::path::Path;

use facette_tables::{ColumnSpec, DataType, Table, TableDiff, TableSpec, Tolerance};

fn table(path: &Path, shapes: &[&[usize]]) -> Table {
    let spec = TableSpec::new().column(ColumnSpec::array("X", DataType::Float));
    let mut editor = Table::create(path, &spec).unwrap();
    let shapes: Vec<Vec<usize>> = shapes.iter().map(|shape| shape.to_vec()).collect();
    let n_row = shapes.len() as u64;
    editor.add_rows(n_row);
    let give = move |rows: std::ops::Range<u64>, cells: &mut facette_tables::Cells<'_>| {
        rows.into_iter().try_for_each(|row| {
            let shape = &shapes[row as usize];
            cells.push(shape, &vec![1.5_f32; shape.iter().product()])
        })
    };
    editor.write("X", 0..n_row, give).unwrap();
    editor.commit().unwrap()
}

#[test]
fn blocks_are_small_whatever_the_first_cell_is() {
    let dir = tempfile::tempdir().unwrap();
    let mut shapes: Vec<&[usize]> = vec![&[200_000]; 40];
    shapes[0] = &[1];
    shapes[20] = &[2];
    let column = table(&dir.path().join("t"), &shapes).column("X").unwrap();
    let blocks: Vec<_> = column.blocks(40).collect();
    let mut next = 0;
    for rows in &blocks {
        assert_eq!(rows.start, next);
        next = rows.end;
        let n_element = column.cells(rows.clone()).unwrap().values().len();
        assert!(n_element * 4 <= 8 << 20, "{rows:?} has {n_element}");
    }
    assert!(next == 40 && blocks.len() <= 6, "{blocks:?}");
}

#[test]
fn shapes_that_look_alike_in_arrays_differ() {
    let dir = tempfile::tempdir().unwrap();
    let a = table(&dir.path().join("a"), &[&[4], &[0, 4], &[2, 2]]);
    let b = table(&dir.path().join("b"), &[&[1, 4], &[3, 0], &[2, 2]]);
    let cells = a.column("X").unwrap().cells(0..3).unwrap();
    assert_eq!(cells.shape(1).unwrap(), Some(vec![0, 4]));
    let diff = TableDiff::between(&a, &b, Tolerance::default()).unwrap();
    assert_eq!((diff.columns.len(), diff.columns[0].n_row), (1, 2), "{diff:?}");
    assert!(TableDiff::between(&a, &a, Tolerance::default()).unwrap().is_same());
}
