//! The tables of a MeasurementSet and their columns, as `data/schema.txt` lists them.

use tables::{Array, ColumnSpec, DataType, Elements, Record, TableSpec, Value};

const TEXT: &str = include_str!("../data/schema.txt");

/// Frames of frequency and the codes that MEAS_FREQ_REF has for them (casacore's `MFrequency`).
const FREQUENCY_FRAMES: [(&str, u32); 10] = [
    ("REST", 0),
    ("LSRK", 1),
    ("LSRD", 2),
    ("BARY", 3),
    ("GEO", 4),
    ("TOPO", 5),
    ("GALACTO", 6),
    ("LGROUP", 7),
    ("CMB", 8),
    ("Undefined", 64),
];

/// A column of the schema.
#[derive(Clone, Debug, PartialEq)]
pub struct SchemaColumn {
    /// Name.
    pub name: &'static str,
    /// Whether every MeasurementSet has it.
    pub is_required: bool,
    data_type: DataType,
    cell: Cell,
    units: Vec<&'static str>,
    measure: Option<(&'static str, &'static str)>,
}

/// What one row of a column holds.
#[derive(Clone, Debug, PartialEq)]
enum Cell {
    Scalar,
    Shape(Vec<usize>),
    Axes(usize),
    Any,
}

/// Names of the tables: `MAIN` and the subtables.
pub fn schema_tables() -> impl Iterator<Item = &'static str> {
    TEXT.lines().filter_map(table_of)
}

/// The columns of a table, required and optional; none if there is no such table.
pub fn schema_columns(table: &str) -> Vec<SchemaColumn> {
    let from_table = TEXT.lines().skip_while(|line| table_of(line) != Some(table)).skip(1);
    from_table.take_while(|line| table_of(line).is_none()).filter_map(column_of).collect()
}

/// A table with its required columns and those of the optional ones that are named.
pub fn schema_spec(table: &str, optional: &[&str]) -> TableSpec {
    let chosen = |column: &SchemaColumn| column.is_required || optional.contains(&column.name);
    let columns = schema_columns(table).into_iter().filter(chosen);
    columns.fold(TableSpec::new(), |spec, column| spec.column(column.spec()))
}

fn table_of(line: &'static str) -> Option<&'static str> {
    line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'))
}

fn column_of(line: &'static str) -> Option<SchemaColumn> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let (&kind @ ("R" | "o"), [name, data_type, cell, more @ ..]) = words.split_first()? else { return None };
    let given = |i: usize| more.get(i).copied().filter(|word| *word != "-");
    Some(SchemaColumn {
        name,
        is_required: kind == "R",
        data_type: type_of(data_type)?,
        cell: cell_of(cell)?,
        units: given(0).map_or_else(Vec::new, |units| units.split(',').collect()),
        measure: given(1).and_then(|measure| measure.split_once(':')),
    })
}

fn type_of(name: &str) -> Option<DataType> {
    let types = [
        ("Bool", DataType::Bool),
        ("Int", DataType::Int),
        ("Float", DataType::Float),
        ("Double", DataType::Double),
        ("Complex", DataType::Complex),
        ("String", DataType::String),
        ("Record", DataType::Record),
    ];
    types.iter().find(|t| t.0 == name).map(|t| t.1)
}

fn cell_of(word: &str) -> Option<Cell> {
    match word {
        "." => Some(Cell::Scalar),
        "*" => Some(Cell::Any),
        _ => match word.strip_prefix('(').and_then(|w| w.strip_suffix(')')) {
            Some(shape) => Some(Cell::Shape(vec![shape.parse().ok()?])),
            None => word.parse().ok().map(Cell::Axes),
        },
    }
}

impl SchemaColumn {
    /// The column as a table is made with it.
    pub fn spec(&self) -> ColumnSpec {
        let spec = match &self.cell {
            Cell::Scalar => ColumnSpec::scalar(self.name, self.data_type),
            Cell::Shape(shape) => ColumnSpec::array(self.name, self.data_type).shape(shape),
            Cell::Axes(n) => ColumnSpec::array(self.name, self.data_type).axes(*n),
            Cell::Any => ColumnSpec::array(self.name, self.data_type),
        };
        let spec = if self.units.is_empty() { spec } else { spec.units(&self.units) };
        let spec = match self.measure {
            Some((kind, frame)) => match frame.strip_prefix('@') {
                Some(column) => spec.keyword("MEASINFO", Value::Record(frame_by_row(kind, column))),
                None => spec.measure(kind, frame),
            },
            None => spec,
        };
        if self.name == "FLAG_CATEGORY" {
            return spec.keyword("CATEGORY", strings(Vec::new()));
        }
        spec
    }
}

/// A measure whose frame another column names by a code.
fn frame_by_row(kind: &str, column: &str) -> Record {
    let names = FREQUENCY_FRAMES.iter().map(|f| f.0.to_owned()).collect();
    let codes = FREQUENCY_FRAMES.iter().map(|f| f.1).collect::<Vec<_>>();
    let mut info = Record::default();
    info.set("type", Value::String(kind.to_owned()));
    info.set("VarRefCol", Value::String(column.to_owned()));
    info.set("TabRefTypes", strings(names));
    info.set(
        "TabRefCodes",
        Value::Array(Array { shape: vec![codes.len()], elements: Elements::UInt(codes) }),
    );
    info
}

fn strings(texts: Vec<String>) -> Value {
    Value::Array(Array { shape: vec![texts.len()], elements: Elements::String(texts) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_the_schema_is_understood() {
        let lines = TEXT.lines().filter(|l| !l.starts_with(['#', '[']) && !l.trim().is_empty()).count();
        let columns: usize = schema_tables().map(|table| schema_columns(table).len()).sum();
        assert_eq!(columns, lines);
        assert_eq!(schema_tables().count(), 18);
        assert!(schema_columns("NONE").is_empty());
    }

    #[test]
    fn columns_are_those_of_the_standard() {
        let main = schema_columns("MAIN");
        assert_eq!(main.iter().filter(|c| c.is_required).count(), 21);
        let uvw = main.iter().find(|c| c.name == "UVW").unwrap();
        assert_eq!(
            (uvw.units.len(), uvw.measure, uvw.cell.clone()),
            (3, Some(("uvw", "ITRF")), Cell::Shape(vec![3]))
        );
        let data = main.iter().find(|c| c.name == "DATA").unwrap();
        assert!(!data.is_required && data.data_type == DataType::Complex);
    }
}
