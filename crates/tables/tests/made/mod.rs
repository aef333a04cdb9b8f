//! Tables of all types with values by a formula, which `written/check.py` knows too.

use std::ops::Range;
use std::path::Path;

use facette_tables::{
    ByteOrder, CellElement, Cells, Column, ColumnSpec, DataType, Element, Error, Record, StorageKind, Table,
    TableSpec, Value,
};

use DataType::{Bool, Complex, DComplex, Double, Float, Int, Int64, Short, String as Text, UChar, UInt};

/// All that casacore has columns of.
const TYPES: [DataType; 11] = [Bool, UChar, Short, Int, UInt, Int64, Float, Double, Complex, DComplex, Text];

/// Runs the check in casacore; false where there is none.
pub(crate) fn casacore(test: &str, what: &str, table: &Path) -> bool {
    let Some(mut python) = testkit::peer_python(test) else { return false };
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/written/check.py");
    let output = python.arg(script).arg(what).arg(table).output().unwrap();
    let said =
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{} {what}: {said}", table.display());
    true
}

/// The name of a column: S scalar, F fixed shape, V any shape; its type; I for incremental storage.
fn columns(storage: StorageKind) -> Vec<ColumnSpec> {
    let tail = if storage == StorageKind::Incremental { "_I" } else { "" };
    let tiled = matches!(storage, StorageKind::Tiled { .. });
    let mut columns = Vec::new();
    for t in TYPES.into_iter().filter(|&t| !(tiled && t == Text)) {
        columns.push(ColumnSpec::scalar(format!("S{t}{tail}"), t).comment("scalar"));
        columns.push(ColumnSpec::array(format!("F{t}{tail}"), t).shape(&[3, 2]).units(&["m"]));
        columns.push(ColumnSpec::array(format!("V{t}{tail}"), t).axes(2));
    }
    if !tiled {
        columns.push(ColumnSpec::scalar("R", DataType::Record));
    }
    columns.into_iter().map(|c| c.storage(storage)).collect()
}

pub(crate) fn make(path: &Path, storage: StorageKind, order: ByteOrder, n_row: u64) {
    let mut spec = TableSpec::new().info("Test", "all types").byte_order(order);
    spec = spec.keyword("ANSWER", Value::Int(42)).subtable("EMPTY", TableSpec::new());
    let columns = columns(storage);
    let names: Vec<String> = columns.iter().map(|c| c.name().to_owned()).collect();
    spec = columns.into_iter().fold(spec, TableSpec::column);
    let mut editor = Table::create(path, &spec).unwrap();
    editor.add_rows(n_row);
    for name in names {
        let key = name.clone();
        editor.write(&name, 0..n_row, move |rows, cells| give(&key, rows, cells)).unwrap();
    }
    let table = editor.commit().unwrap();
    assert_eq!(table.keywords().int("ANSWER"), Some(42));
    assert_eq!(table.subtable("EMPTY").unwrap().n_row(), 0);
    assert_eq!(table.info().sub_type, "all types");
}

/// Slowest axis first; `None`: no value.
fn shape(name: &str, row: u64) -> Option<Vec<usize>> {
    match name.as_bytes()[0] {
        b'S' => Some(Vec::new()),
        b'F' => Some(vec![3, 2]),
        _ if row % 11 == 5 => None,
        _ => Some(vec![1 + (row / 4 % 3) as usize, 2]),
    }
}

/// The numbers of a cell's elements.
fn seeds(name: &str, row: u64, shape: &[usize]) -> Vec<i64> {
    let base = if name.ends_with('I') { row / 4 } else { row } as i64;
    (0..shape.iter().product::<usize>() as i64).map(|i| base * 31 + i * 7).collect()
}

fn text(v: i64) -> String {
    if v % 5 == 4 {
        return String::new();
    }
    "é".repeat((v % 7) as usize) + "s" + &v.to_string().repeat(1 + (v % 4) as usize)
}

fn record(row: u64) -> Record {
    let mut record = Record::default();
    if row.is_multiple_of(2) {
        let mut inner = Record::default();
        inner.set("c", Value::String("x".to_owned()));
        record.set("a", Value::Int(row as i32));
        record.set("b", Value::Record(inner));
    }
    record
}

fn give(name: &str, rows: Range<u64>, cells: &mut Cells<'_>) -> Result<(), Error> {
    let data_type = cells.info().data_type;
    for row in rows {
        if data_type == DataType::Record {
            cells.push_record(&record(row))?;
            continue;
        }
        let Some(shape) = shape(name, row) else {
            cells.push_undefined(1)?;
            continue;
        };
        let k = seeds(name, row, &shape);
        match data_type {
            Bool => push(cells, &shape, k, |k| k % 3 == 0),
            UChar => push(cells, &shape, k, |k| k as u8),
            Short => push(cells, &shape, k, |k| k as i16),
            Int => push(cells, &shape, k, |k| k as i32),
            UInt => push(cells, &shape, k, |k| k as u32),
            Int64 => push(cells, &shape, k, |k: i64| k),
            Float => push(cells, &shape, k, |k| k as f32 * 0.5),
            Double => push(cells, &shape, k, |k| k as f64 * 0.5),
            Complex => push(cells, &shape, k, |k| [k as f32 * 0.5, -k as f32]),
            DComplex => push(cells, &shape, k, |k| [k as f64 * 0.5, -k as f64]),
            _ => push(cells, &shape, k, text),
        }?;
    }
    Ok(())
}

fn push<T: CellElement>(
    cells: &mut Cells<'_>,
    shape: &[usize],
    seeds: Vec<i64>,
    value: impl Fn(i64) -> T,
) -> Result<(), Error> {
    cells.push(shape, &seeds.into_iter().map(value).collect::<Vec<T>>())
}

/// Every cell of `rows` is that of the row `of` says.
pub(crate) fn check(table: &Table, rows: Range<u64>, of: impl Fn(u64) -> u64) {
    for name in table.column_names() {
        let column = table.column(name).unwrap();
        for row in rows.clone() {
            if column.info().data_type != DataType::Record {
                check_cell(&column, name, row, of(row));
            } else if of(row) == row {
                assert_eq!(column.record(row).unwrap().unwrap(), record(row));
            }
        }
    }
}

fn check_cell(column: &Column, name: &str, row: u64, of: u64) {
    // Where the new value would be none, the old one stays.
    let of = if shape(name, of).is_none() && of != row { row } else { of };
    let expected = shape(name, of);
    assert_eq!(column.cell_shape(row).unwrap(), expected, "{name} {row}");
    let Some(shape) = expected else { return };
    let k = seeds(name, of, &shape);
    let place = (column, row);
    match column.info().data_type {
        Bool => equal(place, k, |k| k % 3 == 0),
        UChar => equal(place, k, |k| k as u8),
        Short => equal(place, k, |k| k as i16),
        Int => equal(place, k, |k| k as i32),
        UInt => equal(place, k, |k| k as u32),
        Int64 => equal(place, k, |k: i64| k),
        Float => equal(place, k, |k| k as f32 * 0.5),
        Double => equal(place, k, |k| k as f64 * 0.5),
        Complex => equal(place, k.iter().flat_map(|k| [*k, *k * -2]).collect(), |k| k as f32 * 0.5),
        DComplex => equal(place, k.iter().flat_map(|k| [*k, *k * -2]).collect(), |k| k as f64 * 0.5),
        _ => equal(place, k, text),
    }
}

fn equal<T: Element + PartialEq + std::fmt::Debug>(
    (column, row): (&Column, u64),
    seeds: Vec<i64>,
    value: impl Fn(i64) -> T,
) {
    let mut got: Vec<T> = Vec::new();
    column.read_flat(row..row + 1, &mut got).unwrap();
    let want: Vec<T> = seeds.into_iter().map(value).collect();
    assert_eq!(got, want, "{} row {row}", column.info().name);
}
