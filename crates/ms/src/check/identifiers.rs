//! Numbers in one table that stand for rows of another.

use super::note_rows;
use std::ops::Range;
use tables::{Column, Error, Finding, Severity, Table};

/// A column, the subtable that it counts rows of, and the least value that is allowed (−1 for "none").
type Reference = (&'static str, &'static str, i64);

const MAIN: [Reference; 7] = [
    ("ANTENNA1", "ANTENNA", 0),
    ("ANTENNA2", "ANTENNA", 0),
    ("DATA_DESC_ID", "DATA_DESCRIPTION", 0),
    ("FIELD_ID", "FIELD", 0),
    ("OBSERVATION_ID", "OBSERVATION", 0),
    ("PROCESSOR_ID", "PROCESSOR", -1),
    ("STATE_ID", "STATE", -1),
];

/// The same of subtables: the table first.
const SUBTABLES: [(&str, Reference); 4] = [
    ("DATA_DESCRIPTION", ("SPECTRAL_WINDOW_ID", "SPECTRAL_WINDOW", 0)),
    ("DATA_DESCRIPTION", ("POLARIZATION_ID", "POLARIZATION", 0)),
    ("FEED", ("ANTENNA_ID", "ANTENNA", -1)),
    ("POINTING", ("ANTENNA_ID", "ANTENNA", -1)),
];

/// Ranges of rows that are named.
const MOST_RANGES: usize = 4;

pub(super) fn check(main: &Table, found: &mut Vec<Finding>) {
    let n_row = |name: &str| main.subtable(name).ok().map(|t| t.n_row());
    for reference in MAIN {
        column(main, reference, n_row(reference.1), Severity::Damage, found);
    }
    for (name, reference) in SUBTABLES {
        // No row of data needs a row of POINTING or FEED.
        let severity = if name == "DATA_DESCRIPTION" { Severity::Damage } else { Severity::Warning };
        if let Ok(table) = main.subtable(name) {
            column(&table, reference, n_row(reference.1), severity, found);
        }
    }
}

/// What cannot be read was found before, and a missing subtable too.
fn column(
    table: &Table,
    (name, of, least): Reference,
    n_row: Option<u64>,
    severity: Severity,
    found: &mut Vec<Finding>,
) {
    let (Ok(column), Some(n_row)) = (table.column(name), n_row) else { return };
    // An empty subtable that nothing needs is common: STATE and PROCESSOR.
    let severity = if n_row == 0 && least < 0 { Severity::Note } else { severity };
    if let Ok(Some(outside)) = outside(&column, table.n_row(), least..n_row as i64) {
        let rows: Vec<_> = outside.rows.iter().map(|r| format!("{}..{}", r.start, r.end)).collect();
        let problem = format!(
            "{} of {} rows are outside the {n_row} rows of {of}, the first is {} (rows {}{})",
            outside.n,
            table.n_row(),
            outside.first,
            rows.join(", "),
            if outside.rows.len() == MOST_RANGES { ", …" } else { "" }
        );
        let finding = Finding::new(severity, table.path(), problem).of_column(name);
        found.push(finding.at_rows(outside.rows[0].clone()));
    }
}

struct Outside {
    n: u64,
    first: i64,
    rows: Vec<Range<u64>>,
}

/// The rows whose number is not in `allowed`.
fn outside(column: &Column, n_row: u64, allowed: Range<i64>) -> Result<Option<Outside>, Error> {
    let mut out: Option<Outside> = None;
    let mut values: Vec<i64> = Vec::new();
    for rows in column.blocks(n_row) {
        values.clear();
        column.read_flat(rows.clone(), &mut values)?;
        for (row, &value) in rows.zip(&values).filter(|(_, value)| !allowed.contains(value)) {
            let out = out.get_or_insert_with(|| Outside { n: 0, first: value, rows: Vec::new() });
            out.n += 1;
            note_rows(&mut out.rows, row, MOST_RANGES);
        }
    }
    Ok(out)
}
