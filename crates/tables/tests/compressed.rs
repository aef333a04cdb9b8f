//! Columns that are compressed with Dysco while a table is written: casacore decodes the same numbers.

use std::ops::Range;
use std::path::Path;

use facette_tables::{
    Cells, ColumnSpec, DataType, DyscoNormalization, DyscoSettings, Editor, Error, StorageKind, Table,
    TableSpec,
};

const N_ANTENNA: usize = 5;
const N_PAIR: u64 = 10;
const SHAPE: [usize; 2] = [8, 4];

fn pair(row: u64) -> (i32, i32) {
    let all = (0..N_ANTENNA).flat_map(|a| (a + 1..N_ANTENNA).map(move |b| (a as i32, b as i32)));
    all.collect::<Vec<_>>()[(row % N_PAIR) as usize]
}

/// Numbers of about the size 1 that depend on all that they can.
fn visibility(row: u64, i: usize, seed: u64) -> f32 {
    let x = (row * 1000 + i as u64 + seed * 77_777).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    ((x >> 40) as f32 / (1 << 23) as f32 - 1.0) * (1.0 + (row % 7) as f32)
}

fn data(rows: Range<u64>, cells: &mut Cells<'_>, seed: u64) -> Result<(), Error> {
    rows.into_iter().try_for_each(|row| {
        let n = 2 * SHAPE[0] * SHAPE[1];
        cells.push(&[8, 4, 2], &(0..n).map(|i| visibility(row, i, seed)).collect::<Vec<_>>())
    })
}

fn antennas(editor: &mut Editor<'_>, rows: Range<u64>) {
    let push = |rows: Range<u64>, cells: &mut Cells<'_>, of: fn(u64) -> i32| {
        rows.into_iter().try_for_each(|row| cells.push(&[], &[of(row)]))
    };
    let (first, second) = (|row| pair(row).0, |row| pair(row).1);
    editor.write("ANTENNA1", rows.clone(), move |rows, cells| push(rows, cells, first)).unwrap();
    editor.write("ANTENNA2", rows, move |rows, cells| push(rows, cells, second)).unwrap();
}

fn make(path: &Path, settings: DyscoSettings) -> Table {
    let column = |name, data_type| {
        ColumnSpec::array(name, data_type).shape(&SHAPE).storage(StorageKind::Dysco(settings))
    };
    let spec = TableSpec::new()
        .column(column("DATA", DataType::Complex))
        .column(column("WEIGHT_SPECTRUM", DataType::Float))
        .column(ColumnSpec::scalar("ANTENNA1", DataType::Int))
        .column(ColumnSpec::scalar("ANTENNA2", DataType::Int).storage(StorageKind::Incremental))
        .column(ColumnSpec::scalar("FIELD_ID", DataType::Int))
        .column(ColumnSpec::scalar("DATA_DESC_ID", DataType::Int))
        .column(ColumnSpec::scalar("TIME", DataType::Double));
    let mut editor = Table::create(path, &spec).unwrap();
    editor.add_rows(60);
    antennas(&mut editor, 0..60);
    editor.write("DATA", 0..60, |rows, cells| data(rows, cells, 0)).unwrap();
    editor
        .write("WEIGHT_SPECTRUM", 0..60, |rows, cells| {
            rows.into_iter().try_for_each(|row| cells.push(&SHAPE, &[1.0 + (row % 3) as f32; 32]))
        })
        .unwrap();
    editor.commit().unwrap()
}

fn floats(table: &Table, name: &str) -> Vec<f32> {
    let mut values = Vec::new();
    table.column(name).unwrap().read_flat(0..table.n_row(), &mut values).unwrap();
    values
}

const DUMP: &str = r#"
import sys
from casacore.tables import table
t = table(sys.argv[1], ack=False)
for name in t.colnames():
    if t.getcoldesc(name)["dataManagerType"] == "DyscoStMan": t.getcol(name).tofile(sys.argv[1] + "/" + name + ".bin")
"#;

/// Casacore decodes the same bits.
fn compare(table: &Table, name: &str) {
    let Some(mut python) = testkit::peer_python("compressed columns") else { return };
    let output = python.args(["-c", DUMP]).arg(table.path()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let bytes = std::fs::read(table.path().join(format!("{name}.bin"))).unwrap();
    let theirs: Vec<f32> = bytes.chunks(4).map(|c| f32::from_le_bytes(c.try_into().unwrap())).collect();
    let ours = floats(table, name);
    assert_eq!(ours.len(), theirs.len());
    assert!(ours.iter().zip(&theirs).all(|(a, b)| a.to_bits() == b.to_bits()), "{name}");
}

/// The root mean square of the difference from what was given.
fn error(table: &Table, name: &str, seed: impl Fn(u64) -> u64) -> f64 {
    let ours = floats(table, name);
    let per_row = 2 * SHAPE[0] * SHAPE[1];
    let squares = ours.iter().enumerate().map(|(k, &v)| {
        let row = (k / per_row) as u64;
        f64::from(v - visibility(row, k % per_row, seed(row))).powi(2)
    });
    (squares.sum::<f64>() / ours.len() as f64).sqrt()
}

#[test]
fn columns_are_compressed_when_a_table_is_made_written_anew_and_gets_rows() {
    let dir = tempfile::tempdir().unwrap();
    for (i, normalization) in
        [DyscoNormalization::AntennaFrequency, DyscoNormalization::RowFrequency, DyscoNormalization::Row]
            .into_iter()
            .enumerate()
    {
        let path = dir.path().join(format!("t{i}"));
        let settings = DyscoSettings { normalization, ..DyscoSettings::default() };
        let table = make(&path, settings);
        assert_eq!(table.column("DATA").unwrap().info().storage_manager, "DyscoStMan");
        for name in ["DATA", "WEIGHT_SPECTRUM"] {
            compare(&table, name);
        }
        assert!(error(&table, "DATA", |_| 0) < 0.02, "{}", error(&table, "DATA", |_| 0));
        let mut weights = floats(&table, "WEIGHT_SPECTRUM").into_iter().enumerate();
        assert!(weights.all(|(k, w)| (w - 1.0 - (k / 32 % 3) as f32).abs() < 0.01));
        drop(table);
        // All of it again, and a new column.
        let mut editor = Editor::open(&path).unwrap();
        editor.write("DATA", 0..60, |rows, cells| data(rows, cells, 1)).unwrap();
        let model = ColumnSpec::array("MODEL_DATA", DataType::Complex).shape(&SHAPE);
        editor.add_column(&model.storage(StorageKind::Dysco(settings))).unwrap();
        editor.write("MODEL_DATA", 0..60, |rows, cells| data(rows, cells, 2)).unwrap();
        let table = editor.commit().unwrap();
        compare(&table, "DATA");
        compare(&table, "MODEL_DATA");
        assert!(error(&table, "DATA", |_| 1) < 0.02 && error(&table, "MODEL_DATA", |_| 2) < 0.02);
        let before = floats(&table, "DATA");
        // Whole blocks of rows.
        let mut editor = Editor::open(&path).unwrap();
        editor.add_rows(20);
        antennas(&mut editor, 60..80);
        for name in ["DATA", "MODEL_DATA"] {
            editor.write(name, 60..80, |rows, cells| data(rows, cells, 3)).unwrap();
        }
        let table = editor.commit().unwrap();
        compare(&table, "DATA");
        assert_eq!(floats(&table, "DATA")[..before.len()], before);
        assert!(error(&table, "DATA", |row| if row < 60 { 1 } else { 3 }) < 0.02);
    }
}

#[test]
fn what_dysco_cannot_do_is_refused_by_name() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("t");
    make(&path, DyscoSettings::default());
    let mut editor = Editor::open(&path).unwrap();
    editor.add_rows(3);
    let message = editor.commit().err().unwrap().to_string();
    assert!(message.contains("column DATA is compressed by Dysco in blocks of 10 rows"), "{message}");
    let mut editor = Editor::open(&path).unwrap();
    editor.put("DATA", 3, &SHAPE, &[[1.0_f32; 2]; 32]).unwrap();
    let message = editor.commit().err().unwrap().to_string();
    assert!(message.contains("write the whole column"), "{message}");
    let mut editor = Editor::open(&path).unwrap();
    let dysco = StorageKind::Dysco(DyscoSettings::default());
    let message = editor.add_column(&ColumnSpec::array("X", DataType::Float).shape(&SHAPE).storage(dysco));
    assert!(message.unwrap_err().to_string().contains("Dysco holds complex columns and WEIGHT_SPECTRUM"));
    let spec = TableSpec::new().column(
        ColumnSpec::array("DATA", DataType::Complex)
            .shape(&SHAPE)
            .storage(StorageKind::Dysco(DyscoSettings::default())),
    );
    let mut editor = Table::create(dir.path().join("u"), &spec).unwrap();
    editor.add_rows(10);
    let message = editor.commit().err().unwrap().to_string();
    assert!(
        message.contains("Dysco needs the columns ANTENNA1, ") && message.contains("; ANTENNA1 is"),
        "{message}"
    );
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1, "nothing is left of it");
}
