//! Two tables compared: columns, cells, keywords.
//!
//! Types of columns must be equal, shapes too; floating-point numbers may differ by a
//! tolerance, NaN equals NaN; whole numbers, truth values and text must be equal. How tables are
//! stored does not matter. Cells are read in blocks, so memory does not grow with the tables.

use std::collections::BTreeSet;
use std::ops::Range;

use crate::{CellBlock, Column, Error, Record, Table, Value, Values};

/// How much floating-point numbers may differ: |a − b| ≤ absolute + relative · |b|, of complex numbers the moduli.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Tolerance {
    /// Relative to the second table's value.
    pub relative: f64,
    /// In the column's unit.
    pub absolute: f64,
}

/// What differs between two tables.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TableDiff {
    /// Numbers of rows, if they differ; then those that both have are compared.
    pub n_row: Option<(u64, u64)>,
    /// Columns that only the first table has.
    pub only_first: Vec<String>,
    /// Columns that only the second table has.
    pub only_second: Vec<String>,
    /// Columns that differ.
    pub columns: Vec<ColumnDiff>,
    /// Keywords that differ, of the table (`NAME`) or of a column (`COLUMN.NAME`), with both values as JSON; `-` where
    /// there is none. Names of other tables are not compared.
    pub keywords: Vec<(String, String, String)>,
    /// Cells that were compared.
    pub n_cell: u64,
}

/// What differs between two columns.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ColumnDiff {
    /// The column.
    pub column: String,
    /// The types, if they differ; then cells are not compared.
    pub data_type: Option<(String, String)>,
    /// Why cells could not be compared to the end.
    pub failed: Option<String>,
    /// Rows that differ.
    pub n_row: u64,
    /// The first of them.
    pub rows: Vec<Range<u64>>,
    /// Elements that differ (of cells of equal shape).
    pub n_element: u64,
    /// The largest difference between two numbers.
    pub largest: Option<Largest>,
    /// The first difference in words.
    pub first: String,
}

/// A difference between two numbers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Largest {
    /// Where it is.
    pub row: u64,
    /// |a − b|; infinite where only one of them is a number.
    pub absolute: f64,
    /// |a − b| / |b|.
    pub relative: f64,
}

/// Ranges of rows that are kept of a column.
const MOST_RANGES: usize = 8;

impl TableDiff {
    /// Compares two tables, but not the tables that their keywords refer to.
    ///
    /// # Errors
    /// Never for damaged cells: [`ColumnDiff::failed`] has the reason. When a column cannot be opened.
    pub fn between(a: &Table, b: &Table, tolerance: Tolerance) -> Result<TableDiff, Error> {
        let mut diff = TableDiff::default();
        let n_row = a.n_row().min(b.n_row());
        diff.n_row = (a.n_row() != b.n_row()).then_some((a.n_row(), b.n_row()));
        diff.only_second = b.column_names().filter(|n| !a.has_column(n)).map(str::to_owned).collect();
        diff.keywords(a.keywords(), b.keywords(), "");
        for name in a.column_names() {
            if !b.has_column(name) {
                diff.only_first.push(name.to_owned());
                continue;
            }
            let (a, b) = (a.column(name)?, b.column(name)?);
            diff.keywords(&a.info().keywords, &b.info().keywords, &format!("{name}."));
            let column = ColumnDiff::between(&a, &b, n_row, tolerance);
            diff.n_cell += n_row;
            diff.columns.extend((!column.is_same()).then_some(column));
        }
        Ok(diff)
    }

    /// Whether nothing differs.
    pub fn is_same(&self) -> bool {
        let TableDiff { n_row, only_first, only_second, columns, keywords, n_cell: _ } = self;
        n_row.is_none()
            && only_first.is_empty()
            && only_second.is_empty()
            && columns.is_empty()
            && keywords.is_empty()
    }

    fn keywords(&mut self, a: &Record, b: &Record, prefix: &str) {
        let names: BTreeSet<&str> = a.iter().chain(b.iter()).map(|(name, _)| name).collect();
        let text = |value: Option<&Value>| value.map_or("-".to_owned(), |v| v.to_json().to_string());
        for name in names {
            let (left, right) = (a.get(name), b.get(name));
            let both_tables = matches!((left, right), (Some(Value::Table(_)), Some(Value::Table(_))));
            let (left, right) = (text(left), text(right));
            if left != right && !both_tables {
                self.keywords.push((format!("{prefix}{name}"), left, right));
            }
        }
    }
}

impl ColumnDiff {
    /// Compares the first `n_row` cells of two columns.
    pub fn between(a: &Column, b: &Column, n_row: u64, tolerance: Tolerance) -> ColumnDiff {
        let (left, right) = (a.info(), b.info());
        let mut diff = ColumnDiff { column: left.name.clone(), ..ColumnDiff::default() };
        let kind =
            |c: &crate::ColumnInfo| format!("{}{}", c.data_type, if c.is_array { " array" } else { "" });
        if kind(left) != kind(right) {
            diff.data_type = Some((kind(left), kind(right)));
            diff.first = format!("{} and {}", kind(left), kind(right));
            return diff;
        }
        for rows in a.blocks(n_row) {
            let compared = a.cells(rows.clone()).and_then(|a| diff.block(&a, &b.cells(rows)?, tolerance));
            if let Err(error) = compared {
                diff.failed = Some(error.to_string());
                break;
            }
        }
        diff
    }

    /// Whether the cells are the same.
    pub fn is_same(&self) -> bool {
        self.data_type.is_none() && self.failed.is_none() && self.n_row == 0
    }

    fn block(&mut self, a: &CellBlock, b: &CellBlock, tolerance: Tolerance) -> Result<(), Error> {
        if a.array() == b.array() && a.untold_shapes()? == b.untold_shapes()? {
            return Ok(());
        }
        for row in a.rows() {
            let (left, right) = (a.shape(row)?, b.shape(row)?);
            let found = if left != right {
                Some(format!("shape {} and {}", shape_text(left.as_deref()), shape_text(right.as_deref())))
            } else {
                self.cell(row, (a, a.range(row)), (b, b.range(row)), tolerance)
            };
            if let Some(words) = found {
                self.note(row, words);
            }
        }
        Ok(())
    }

    /// The first difference between two cells of one shape.
    fn cell(
        &mut self,
        row: u64,
        (a, left): (&CellBlock, Range<usize>),
        (b, right): (&CellBlock, Range<usize>),
        tolerance: Tolerance,
    ) -> Option<String> {
        let mut first = None;
        match (a.values(), b.values()) {
            (Values::Floats(x), Values::Floats(y)) => {
                let elements = x[left].chunks(a.width()).zip(y[right].chunks(a.width()));
                for (i, (x, y)) in elements.enumerate() {
                    if let Some(largest) = apart(row, x, y, tolerance) {
                        self.n_element += 1;
                        self.widen(largest);
                        first.get_or_insert_with(|| format!("element {i}: {} and {}", number(x), number(y)));
                    }
                }
            }
            (Values::Ints(x), Values::Ints(y)) => {
                for (i, (&x, &y)) in x[left].iter().zip(&y[right]).enumerate().filter(|(_, (x, y))| x != y) {
                    self.n_element += 1;
                    self.widen(integers_apart(row, x, y));
                    first.get_or_insert_with(|| format!("element {i}: {x} and {y}"));
                }
            }
            (Values::Texts(x), Values::Texts(y)) => {
                let words = |t: &[u8]| format!("{:?}", String::from_utf8_lossy(t));
                for (i, (x, y)) in x[left].iter().zip(&y[right]).enumerate().filter(|(_, (x, y))| x != y) {
                    self.n_element += 1;
                    first.get_or_insert_with(|| format!("element {i}: {} and {}", words(x), words(y)));
                }
            }
            _ => first = Some("values of two types".to_owned()),
        }
        first
    }

    fn widen(&mut self, found: Largest) {
        if self.largest.is_none_or(|largest| found.absolute > largest.absolute) {
            self.largest = Some(found);
        }
    }

    fn note(&mut self, row: u64, words: String) {
        if self.n_row == 0 {
            self.first = format!("row {row}, {words}");
        }
        self.n_row += 1;
        let n_range = self.rows.len();
        match self.rows.last_mut() {
            Some(last) if last.end == row => last.end += 1,
            _ if n_range < MOST_RANGES => self.rows.push(row..row + 1),
            _ => {}
        }
    }
}

/// How far two numbers (one component, or two of a complex one) are apart, if it is too far.
fn apart(row: u64, a: &[f64], b: &[f64], tolerance: Tolerance) -> Option<Largest> {
    if a.iter().zip(b).all(|(x, y)| x == y || x.is_nan() && y.is_nan()) {
        return None;
    }
    let modulus = |v: &mut dyn Iterator<Item = f64>| v.fold(0.0, f64::hypot);
    let absolute = modulus(&mut a.iter().zip(b).map(|(x, y)| if x == y { 0.0 } else { x - y }));
    let size = modulus(&mut b.iter().copied());
    if absolute <= tolerance.absolute + tolerance.relative * size && absolute.is_finite() {
        return None;
    }
    let absolute = if absolute.is_nan() { f64::INFINITY } else { absolute };
    Some(Largest { row, absolute, relative: if absolute == 0.0 { 0.0 } else { absolute / size } })
}

/// How far two whole numbers are apart: they have no tolerance, nor have truth values.
fn integers_apart(row: u64, a: i64, b: i64) -> Largest {
    let absolute = a.abs_diff(b) as f64;
    Largest { row, absolute, relative: absolute / (b as f64).abs() }
}

fn number(v: &[f64]) -> String {
    match v {
        [re, im] => format!("{re}{}{im}i", if im.is_sign_negative() && !im.is_nan() { "" } else { "+" }),
        _ => v.first().map_or(String::new(), f64::to_string),
    }
}

fn shape_text(shape: Option<&[usize]>) -> String {
    shape.map_or("no value".to_owned(), |s| format!("{s:?}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ColumnSpec, DataType, TableSpec};

    fn allowed(a: &[f64], b: &[f64], relative: f64, absolute: f64) -> bool {
        apart(0, a, b, Tolerance { relative, absolute }).is_none()
    }

    #[test]
    fn tolerances_are_relative_to_the_second_and_nan_equals_nan() {
        assert!(allowed(&[1.0], &[1.0], 0.0, 0.0));
        assert!(allowed(&[f64::NAN], &[f64::NAN], 0.0, 0.0));
        assert!(!allowed(&[f64::NAN], &[1.0], 1.0, 1e9));
        assert!(allowed(&[f64::INFINITY], &[f64::INFINITY], 0.0, 0.0));
        assert!(!allowed(&[f64::INFINITY], &[1.0], 1.0, 1.0));
        assert!(allowed(&[1.0], &[2.0], 0.5, 0.0) && !allowed(&[2.0], &[1.0], 0.5, 0.0));
        assert!(allowed(&[3.0, 4.0], &[0.0, 0.0], 0.0, 5.0) && !allowed(&[3.0, 4.0], &[0.0, 0.0], 0.0, 4.9));
    }

    #[test]
    fn truth_values_and_whole_numbers_have_no_tolerance() {
        let dir = tempfile::tempdir().unwrap();
        let table = |name: &str, flag: bool, number: i32, sky: f64| {
            let types = [("FLAG", DataType::Bool), ("NUMBER", DataType::Int), ("SKY", DataType::Double)];
            let spec = types.iter().fold(TableSpec::new(), |s, (n, t)| s.column(ColumnSpec::scalar(*n, *t)));
            let path = dir.path().join(name);
            let mut editor = Table::create(&path, &spec).unwrap();
            editor.add_rows(1);
            editor.put("FLAG", 0, &[], &[flag]).unwrap();
            editor.put("NUMBER", 0, &[], &[number]).unwrap();
            editor.put("SKY", 0, &[], &[sky]).unwrap();
            editor.commit().unwrap();
            Table::open(&path).unwrap()
        };
        let (a, b) = (table("a", false, 7, 1.0), table("b", true, 8, 2.0));
        let diff = TableDiff::between(&a, &b, Tolerance { relative: 1e9, absolute: 1e9 }).unwrap();
        let names: Vec<&str> = diff.columns.iter().map(|c| c.column.as_str()).collect();
        assert_eq!(names, ["FLAG", "NUMBER"]);
        assert_eq!(diff.columns[1].largest, Some(Largest { row: 0, absolute: 1.0, relative: 0.125 }));
    }

    #[test]
    fn rows_are_kept_as_ranges() {
        let mut diff = ColumnDiff::default();
        [3, 4, 5, 9].into_iter().for_each(|row| diff.note(row, "x".to_owned()));
        assert_eq!((diff.rows, diff.n_row, diff.first.as_str()), (vec![3..6, 9..10], 4, "row 3, x"));
    }

    #[test]
    fn a_table_equals_itself_and_other_rows_differ() {
        let table = Table::open(testkit::fixture("tiny.ms")).unwrap();
        let same = TableDiff::between(&table, &table, Tolerance::default()).unwrap();
        assert!(same.is_same() && same.n_cell >= 84 * 20, "{same:?}");
        let antenna = table.subtable("ANTENNA").unwrap();
        let other = TableDiff::between(&table, &antenna, Tolerance::default()).unwrap();
        assert_eq!(other.n_row, Some((84, 7)));
        assert!(
            other.only_first.contains(&"DATA".to_owned()) && other.only_second.contains(&"NAME".to_owned())
        );
    }
}
