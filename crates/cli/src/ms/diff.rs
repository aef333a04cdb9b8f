//! `facette ms diff`: exit code 0 the same, 1 different, 2 the command was wrong or a table cannot be opened.

use super::{args::DiffArgs, open, print, still_wanted};
use crate::output::Failure;
use facette::{
    Error, Session,
    tables::{ColumnDiff, Table, TableDiff, Tolerance, Value},
    types::format_count,
};
use serde_json::{Value as Json, json};
use std::{
    collections::BTreeSet,
    io::{Write, stderr},
    process::ExitCode,
};

/// What differs below one name: `` for the tables themselves, `ANTENNA` for a subtable.
struct Compared {
    name: String,
    diff: TableDiff,
    /// Why the tables could not be compared.
    failed: Option<String>,
}

pub(crate) fn run(args: &DiffArgs, session: &Session) -> Result<ExitCode, Failure> {
    let found = compare(args, session);
    still_wanted(session)?;
    match found.map_err(Failure::Work).and_then(|found| print(&found, args)) {
        Ok(code) => Ok(code),
        Err(failure) => {
            drop(writeln!(stderr(), "error: {failure}"));
            Ok(ExitCode::from(2))
        }
    }
}

fn print(found: &[Compared], args: &DiffArgs) -> Result<ExitCode, Failure> {
    let same = found.iter().all(Compared::is_same);
    let printed =
        if args.json { print::json(&as_json(found, same)) } else { print::lines(&text(found, same, args)) };
    print::verdict(printed, ExitCode::from(u8::from(!same)))
}

fn compare(args: &DiffArgs, session: &Session) -> Result<Vec<Compared>, Error> {
    let (a, b) = (open::table(&args.first, session)?, open::table(&args.second, session)?);
    let tolerance = Tolerance { relative: args.rtol, absolute: args.atol };
    if !args.columns.is_empty() {
        return Ok(vec![Compared {
            name: String::new(),
            diff: columns(&a, &b, args, tolerance)?,
            failed: None,
        }]);
    }
    let mut found = vec![table("", Ok(a.clone()), Ok(b.clone()), tolerance)];
    for name in subtables(&a).intersection(&subtables(&b)) {
        found.push(table(name, a.subtable(name), b.subtable(name), tolerance));
    }
    Ok(found)
}

/// Only the columns that were asked for; both tables must have them.
fn columns(a: &Table, b: &Table, args: &DiffArgs, tolerance: Tolerance) -> Result<TableDiff, Error> {
    let mut diff = TableDiff::default();
    let n_row = a.n_row().min(b.n_row());
    diff.n_row = (a.n_row() != b.n_row()).then_some((a.n_row(), b.n_row()));
    for name in &args.columns {
        let (a, b) = (a.column(name).map_err(open::of_table)?, b.column(name).map_err(open::of_table)?);
        let column = ColumnDiff::between(&a, &b, n_row, tolerance);
        diff.n_cell += n_row;
        diff.columns.extend((!column.is_same()).then_some(column));
    }
    Ok(diff)
}

fn table(
    name: &str,
    a: Result<Table, facette::tables::Error>,
    b: Result<Table, facette::tables::Error>,
    tolerance: Tolerance,
) -> Compared {
    let diff = a.and_then(|a| TableDiff::between(&a, &b?, tolerance));
    let (diff, failed) = match diff {
        Ok(diff) => (diff, None),
        Err(error) => (TableDiff::default(), Some(error.to_string())),
    };
    Compared { name: name.to_owned(), diff, failed }
}

/// Keywords that refer to tables. One that only one table has is among the keywords that differ.
fn subtables(table: &Table) -> BTreeSet<String> {
    let tables = table.keywords().iter().filter(|(_, value)| matches!(value, Value::Table(_)));
    tables.map(|(name, _)| name.to_owned()).collect()
}

impl Compared {
    fn is_same(&self) -> bool {
        self.failed.is_none() && self.diff.is_same()
    }

    /// `FIELD::`, or nothing for the tables themselves.
    fn prefix(&self) -> String {
        if self.name.is_empty() { String::new() } else { format!("{}::", self.name) }
    }
}

fn text(found: &[Compared], same: bool, args: &DiffArgs) -> Vec<String> {
    let mut lines: Vec<String> = found.iter().flat_map(table_text).collect();
    let n_cell: u64 = found.iter().map(|c| c.diff.n_cell).sum();
    let within = if args.rtol == 0.0 && args.atol == 0.0 {
        String::new()
    } else {
        format!(" within rtol {} and atol {}", args.rtol, args.atol)
    };
    let tables = if found.len() == 1 { "1 table".to_owned() } else { format!("{} tables", found.len()) };
    let verdict = if same { "same" } else { "different" };
    lines.push(format!("{verdict}{within}: {} cells of {tables} compared", format_count(n_cell)));
    lines
}

fn table_text(c: &Compared) -> Vec<String> {
    let at = c.prefix();
    let mut lines: Vec<String> = c.failed.iter().map(|why| format!("{}: {why}", c.name)).collect();
    if let Some((a, b)) = c.diff.n_row {
        lines.push(format!("{at}rows: {} and {}", format_count(a), format_count(b)));
    }
    lines.extend(c.diff.only_first.iter().map(|name| format!("{at}{name}: only in the first")));
    lines.extend(c.diff.only_second.iter().map(|name| format!("{at}{name}: only in the second")));
    lines.extend(c.diff.keywords.iter().map(|(name, a, b)| format!("{at}keyword {name}: {a} and {b}")));
    lines.extend(c.diff.columns.iter().map(|column| format!("{at}{}", column_text(column))));
    lines
}

/// `DATA: 12 rows differ (3..6, 9), 40 elements, by up to 0.5 (relative 0.01) in row 4; row 3, element 7: 1 and 2`
fn column_text(c: &ColumnDiff) -> String {
    if c.data_type.is_some() {
        return format!("{}: {}", c.column, c.first);
    }
    if let (Some(why), 0) = (&c.failed, c.n_row) {
        return format!("{}: {why}", c.column);
    }
    let rows: Vec<String> = c
        .rows
        .iter()
        .map(|r| if r.end - r.start == 1 { r.start.to_string() } else { format!("{}..{}", r.start, r.end) })
        .collect();
    let kept: u64 = c.rows.iter().map(|r| r.end - r.start).sum();
    let more = if kept < c.n_row { ", …" } else { "" };
    let by = c.largest.map_or_else(String::new, |l| {
        format!(", by up to {:.4e} (relative {:.2e}) in row {}", l.absolute, l.relative, l.row)
    });
    let failed = c.failed.as_ref().map_or_else(String::new, |why| format!("; then {why}"));
    let s = if c.n_row == 1 { " differs" } else { "s differ" };
    format!(
        "{}: {} row{s} ({}{more}), {} elements{by}; {}{failed}",
        c.column,
        format_count(c.n_row),
        rows.join(", "),
        format_count(c.n_element),
        c.first
    )
}

fn as_json(found: &[Compared], same: bool) -> Json {
    let tables: Vec<Json> = found.iter().map(table_json).collect();
    json!({ "format": 1, "same": same, "tables": tables })
}

fn table_json(c: &Compared) -> Json {
    let keywords: Vec<Json> = c
        .diff
        .keywords
        .iter()
        .map(|(name, a, b)| json!({ "keyword": name, "first": a, "second": b }))
        .collect();
    json!({
        "subtable": c.name,
        "same": c.is_same(),
        "failed": c.failed,
        "rows": c.diff.n_row.map(|(a, b)| [a, b]),
        "only_first": c.diff.only_first,
        "only_second": c.diff.only_second,
        "keywords": keywords,
        "columns": c.diff.columns.iter().map(column_json).collect::<Vec<_>>(),
        "cells": c.diff.n_cell,
    })
}

fn column_json(c: &ColumnDiff) -> Json {
    json!({
        "column": c.column,
        "type": c.data_type.as_ref().map(|(a, b)| [a, b]),
        "failed": c.failed,
        "rows_different": c.n_row,
        "rows": c.rows.iter().map(|r| [r.start, r.end]).collect::<Vec<_>>(),
        "elements_different": c.n_element,
        "largest": c.largest.map(|l| json!({ "row": l.row, "absolute": l.absolute, "relative": l.relative })),
        "first": c.first,
    })
}
