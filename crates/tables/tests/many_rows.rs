//! A million rows in every storage manager; `FACETTE_SLOW=1` only.

use std::ops::Range;

use facette_tables::{Cells, ColumnSpec, DataType, Editor, Error, StorageKind, Table, TableSpec};

const ROWS: u64 = 1_000_000;

const CHECK: &str = r#"
import sys
import numpy as np
from casacore.tables import table
t = table(sys.argv[1], ack=False)
n, slow = t.nrows(), int(sys.argv[2])
row = np.arange(n) // slow
assert n == int(sys.argv[3])
assert (t.getcol("INT") == row % 1000003).all()
assert (t.getcol("DOUBLE") == row * 0.5).all()
assert (t.getcol("BOOL") == (row % 3 == 0)).all()
assert (t.getcol("PAIR") == (row[:, None] * 2 + np.arange(2)).astype("f4")).all()
if "TEXT" in t.colnames():
    assert t.getcol("TEXT") == [f"a text for row {r}" for r in row]
if "ANY" in t.colnames():
    for r in range(0, n, 997):
        k = int(row[r])
        assert (t.getcell("ANY", r) == np.arange(1 + k % 4) + k).all(), r
"#;

fn give(name: &str, rows: Range<u64>, cells: &mut Cells<'_>, slow: u64) -> Result<(), Error> {
    let all = || rows.clone().map(|row| row / slow);
    match name {
        "INT" => cells.push(&[], &all().map(|r| (r % 1_000_003) as i32).collect::<Vec<_>>()),
        "DOUBLE" => cells.push(&[], &all().map(|r| r as f64 * 0.5).collect::<Vec<_>>()),
        "BOOL" => cells.push(&[], &all().map(|r| r % 3 == 0).collect::<Vec<_>>()),
        "TEXT" => cells.push(&[], &all().map(|r| format!("a text for row {r}")).collect::<Vec<_>>()),
        "PAIR" => {
            let pairs: Vec<f32> = all().flat_map(|r| [(r * 2) as f32, (r * 2 + 1) as f32]).collect();
            cells.push(&[2], &pairs)
        }
        _ => all().try_for_each(|r| {
            let n = 1 + (r % 4) as usize;
            cells.push(&[n], &(0..n).map(|i| (i as u64 + r) as f64).collect::<Vec<_>>())
        }),
    }
}

fn columns(storage: StorageKind) -> Vec<ColumnSpec> {
    let is_tiled = matches!(storage, StorageKind::Tiled { .. });
    let all = [
        ColumnSpec::scalar("INT", DataType::Int),
        ColumnSpec::scalar("DOUBLE", DataType::Double),
        ColumnSpec::scalar("BOOL", DataType::Bool),
        ColumnSpec::array("PAIR", DataType::Float).shape(&[2]),
        ColumnSpec::array("ANY", DataType::Double).axes(1),
        ColumnSpec::scalar("TEXT", DataType::String),
    ];
    all.into_iter().filter(|c| !(is_tiled && c.name() == "TEXT")).map(|c| c.storage(storage)).collect()
}

#[test]
#[expect(clippy::print_stderr, reason = "said aloud")]
fn a_million_rows_in_every_storage_manager() {
    if std::env::var_os("FACETTE_SLOW").is_none() {
        eprintln!("SKIPPED a million rows: FACETTE_SLOW is not set");
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let tiled = StorageKind::Tiled { tile_rows: None };
    for (storage, slow) in
        [(StorageKind::Standard, 1), (StorageKind::Incremental, 5), (tiled, 1), (StorageKind::Aipsio, 1)]
    {
        let path = dir.path().join("t");
        let spec = columns(storage).into_iter().fold(TableSpec::new(), TableSpec::column);
        let mut editor = Table::create(&path, &spec).unwrap();
        editor.add_rows(ROWS);
        fill(&mut editor, 0..ROWS, slow);
        editor.commit().unwrap();
        check(&path, ROWS, slow);
        let mut editor = Editor::open(&path).unwrap();
        editor.add_rows(1000);
        fill(&mut editor, ROWS..ROWS + 1000, slow);
        editor.commit().unwrap();
        check(&path, ROWS + 1000, slow);
        std::fs::remove_dir_all(&path).unwrap();
    }
}

fn fill(editor: &mut Editor<'_>, rows: Range<u64>, slow: u64) {
    let names: Vec<String> = editor.column_names().map(str::to_owned).collect();
    for name in names {
        let key = name.clone();
        editor.write(&name, rows.clone(), move |rows, cells| give(&key, rows, cells, slow)).unwrap();
    }
}

/// Here and in casacore.
fn check(path: &std::path::Path, n_row: u64, slow: u64) {
    let table = Table::open(path).unwrap();
    let mut doubles = Vec::<f64>::new();
    table.column("DOUBLE").unwrap().read_flat(0..n_row, &mut doubles).unwrap();
    assert!((0..n_row).zip(&doubles).all(|(row, &v)| v == (row / slow) as f64 * 0.5));
    drop(table);
    let Some(mut python) = testkit::peer_python("a million rows") else { return };
    let output = python.args(["-c", CHECK]).arg(path).args([slow.to_string(), n_row.to_string()]).output();
    let output = output.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
