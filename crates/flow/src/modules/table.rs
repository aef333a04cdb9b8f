//! What probes have seen: rows of values, as data, as text and as CSV.

use std::fmt::{self, Write};

/// One value of a probe.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Value {
    /// A count, or an instant in whole units.
    Count(u64),
    /// A whole number that may be negative.
    Whole(i64),
    /// A real number.
    Real(f64),
    /// Words.
    Text(String),
}

/// The shortest text that gives the same value back.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Count(n) => n.fmt(f),
            Value::Whole(n) => n.fmt(f),
            Value::Real(x) => x.fmt(f),
            Value::Text(text) => text.fmt(f),
        }
    }
}

/// Implements `From` of each type for a variant.
macro_rules! value_from {
    ($($T:ty => $Variant:ident),* $(,)?) => {
        $(impl From<$T> for Value {
            fn from(value: $T) -> Self {
                Value::$Variant(value.into())
            }
        })*
    };
}

value_from! {
    u8 => Count, u16 => Count, u32 => Count, u64 => Count,
    i8 => Whole, i16 => Whole, i32 => Whole, i64 => Whole,
    f32 => Real, f64 => Real,
    bool => Count, &str => Text, String => Text,
}

impl From<usize> for Value {
    fn from(value: usize) -> Self {
        Value::Count(value as u64)
    }
}

/// What a column holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProbeColumn {
    /// Its name.
    pub name: String,
    /// The unit of its values; empty for a number without a unit.
    pub unit: String,
}

/// What was seen of one frame.
#[derive(Clone, Debug, PartialEq)]
pub struct ProbeRow {
    /// The number of the frame.
    pub frame: u64,
    /// One value per column; `None` where the probe has not seen the frame, or not yet.
    pub values: Vec<Option<Value>>,
}

/// What some probes have seen, in the order of frames.
///
/// ```
/// use facette_flow::modules::{ProbeColumn, ProbeRow, ProbeTable};
///
/// let column = |name: &str, unit: &str| ProbeColumn { name: name.into(), unit: unit.into() };
/// let row = |frame: u64, peak: f64| ProbeRow { frame, values: vec![Some(peak.into()), None] };
/// let table = ProbeTable {
///     columns: vec![column("peak", "Jy"), column("beam, major", "rad")],
///     rows: vec![row(0, 1.5), row(1, -12.0)],
/// };
/// assert_eq!(table.to_csv(), "frame,peak (Jy),\"beam, major (rad)\"\n0,1.5,\n1,-12,\n");
/// assert_eq!(table.to_text(), "frame  peak  beam, major\n         Jy          rad\n    0   1.5            -\n    1   -12            -\n");
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ProbeTable {
    /// The columns.
    pub columns: Vec<ProbeColumn>,
    /// The rows, by number of the frame.
    pub rows: Vec<ProbeRow>,
}

impl ProbeTable {
    /// As comma-separated values (RFC 4180, lines end in `\n`): a header, a line per frame, nothing where there is no
    /// value.
    pub fn to_csv(&self) -> String {
        let header = |column: &ProbeColumn| match &*column.unit {
            "" => column.name.clone(),
            unit => format!("{} ({unit})", column.name),
        };
        let cell = |value: &Option<Value>| value.as_ref().map_or_else(String::new, Value::to_string);
        let header = std::iter::once("frame".to_owned()).chain(self.columns.iter().map(header)).collect();
        let row = |row: &ProbeRow| -> Vec<String> {
            std::iter::once(row.frame.to_string()).chain(row.values.iter().map(cell)).collect()
        };
        let lines = std::iter::once(header).chain(self.rows.iter().map(row));
        lines
            .map(|cells| cells.iter().map(|cell| quoted(cell)).collect::<Vec<_>>().join(",") + "\n")
            .collect()
    }

    /// As a table for people: names, units, and a line per frame, all aligned to the right; `-` where there is no
    /// value, and real numbers with six digits.
    pub fn to_text(&self) -> String {
        let cell = |value: &Option<Value>| match value {
            None => "-".to_owned(),
            Some(Value::Real(x)) => six_digits(*x),
            Some(value) => value.to_string(),
        };
        let names = self.columns.iter().map(|column| column.name.clone());
        let units = self.columns.iter().map(|column| column.unit.clone());
        let mut lines: Vec<Vec<String>> = vec![
            std::iter::once("frame".to_owned()).chain(names).collect(),
            std::iter::once(String::new()).chain(units).collect(),
        ];
        lines.extend(self.rows.iter().map(|row| {
            std::iter::once(row.frame.to_string()).chain(row.values.iter().map(cell)).collect::<Vec<_>>()
        }));
        aligned(&lines)
    }
}

fn quoted(cell: &str) -> String {
    match cell.contains([',', '"', '\n', '\r']) {
        true => format!("\"{}\"", cell.replace('"', "\"\"")),
        false => cell.to_owned(),
    }
}

/// Six significant digits, without zeros at the end; very large and very small numbers with an exponent.
fn six_digits(x: f64) -> String {
    let exponent = if x == 0.0 { 0.0 } else { x.abs().log10().floor() };
    if !x.is_finite() || !(-4.0..9.0).contains(&exponent) {
        return if x.is_finite() { format!("{x:.5e}") } else { x.to_string() };
    }
    let decimals = (5.0 - exponent).max(0.0) as usize;
    let text = format!("{x:.decimals$}");
    match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => text,
    }
}

fn aligned(lines: &[Vec<String>]) -> String {
    let n_columns = lines.first().map_or(0, Vec::len);
    let width = |i: usize| {
        lines.iter().filter_map(|line| line.get(i)).map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..n_columns).map(width).collect();
    let mut text = String::new();
    for line in lines {
        for (i, (cell, width)) in line.iter().zip(&widths).enumerate() {
            let gap = if i == 0 { "" } else { "  " };
            // Writing into a `String` cannot fail.
            let _ = write!(text, "{gap}{cell:>width$}");
        }
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short_for_people() {
        let cases = [
            (0.0, "0"),
            (1.0, "1"),
            (-12.5, "-12.5"),
            (1234.56789, "1234.57"),
            (1_234_567.8, "1234568"),
            (0.000_123_456_78, "0.000123457"),
            (1.5e-9, "1.50000e-9"),
            (2.5e12, "2.50000e12"),
            (f64::INFINITY, "inf"),
        ];
        for (x, text) in cases {
            assert_eq!(six_digits(x), text);
        }
    }

    #[test]
    fn csv_keeps_every_digit_and_quotes_what_it_must() {
        let columns = vec![ProbeColumn { name: "a\"b".into(), unit: String::new() }];
        let rows = vec![ProbeRow { frame: 3, values: vec![Some(0.1_f64.into())] }];
        assert_eq!(ProbeTable { columns, rows }.to_csv(), "frame,\"a\"\"b\"\n3,0.1\n");
        assert_eq!(ProbeTable::default().to_csv(), "frame\n");
        assert_eq!(ProbeTable::default().to_text(), "frame\n     \n");
    }

    #[test]
    fn values_come_from_plain_types() {
        let values: [Value; 6] =
            [3_u8.into(), (-3_i32).into(), 0.5_f32.into(), true.into(), "x".into(), 7_usize.into()];
        assert_eq!(values.map(|value| value.to_string()), ["3", "-3", "0.5", "1", "x", "7"]);
    }
}
