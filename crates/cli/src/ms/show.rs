//! `facette ms show`: cells in words.

use super::{args::ShowArgs, columns, open, print};
use crate::output::Failure;
use facette::{
    Error, Session, fits,
    tables::{CellBlock, Column, DataType, Values},
};
use std::ops::Range;

/// Rows that are shown where nobody says which.
const FIRST_ROWS: u64 = 10;
/// Elements of a cell that are shown without `--all`: this many from the start, and the last one.
const MOST_ELEMENTS: usize = 12;

pub(crate) fn run(args: &ShowArgs, session: &Session) -> Result<(), Failure> {
    let table = open::table(&args.table, session)?;
    for wanted in &args.columns {
        let (name, rows) = wanted_rows(wanted, table.n_row())?;
        let column = table.column(name).map_err(open::of_table)?;
        print::line(&heading(&column))?;
        show(&column, rows, args.all)?;
    }
    Ok(())
}

/// Prints the cells of `rows`, some megabytes at a time.
fn show(column: &Column, rows: Range<u64>, all: bool) -> Result<(), Failure> {
    let end_from = |start| column.fitting(start..rows.end, 4 << 20);
    let width = rows.end.to_string().len();
    let mut start = rows.start;
    while start < rows.end {
        let end = end_from(start);
        let block = column.cells(start..end).map_err(open::of_table)?;
        for row in start..end {
            let shape = block.shape(row).map_err(open::of_table)?;
            let text = cell(column, &block, row, shape.as_deref(), all);
            print::line(&format!("{row:>width$}  {text}"))?;
        }
        start = end;
    }
    Ok(())
}

/// `DATA · Complex [64, 4] · Jy · frequency TOPO · TiledShapeStMan`
fn heading(column: &Column) -> String {
    let info = column.info();
    let kind = match (&info.shape, info.is_array) {
        (Some(shape), true) => format!("{} {shape:?}", info.data_type),
        (None, true) => format!("{} array", info.data_type),
        _ => info.data_type.to_string(),
    };
    let words =
        [kind, columns::unit(&info.keywords), columns::measure(&info.keywords), info.storage_manager.clone()];
    let words: Vec<_> = words.into_iter().filter(|w| !w.is_empty()).collect();
    format!("{} · {}", info.name, words.join(" · "))
}

/// A column's name and the rows of `NAME`, `NAME[3]`, `NAME[a:b]`; numbers from the end are negative.
fn wanted_rows(text: &str, n_row: u64) -> Result<(&str, Range<u64>), Error> {
    let Some((name, rows)) = text.split_once('[') else { return Ok((text, 0..n_row.min(FIRST_ROWS))) };
    let wrong = |problem: String| Error::Option {
        option: "show COLUMN[ROWS]",
        problem,
        way_out: format!("{name}[0:10], {name}[5] or {name}[-3:]"),
    };
    let rows = rows.strip_suffix(']').ok_or_else(|| wrong(format!("`{text}` has no closing bracket")))?;
    let number = |text: &str, absent: u64| -> Result<i128, Error> {
        if text.trim().is_empty() {
            return Ok(absent.into());
        }
        let number: i64 =
            text.trim().parse().map_err(|_| wrong(format!("`{text}` is no number of a row")))?;
        Ok(if number < 0 { i128::from(n_row) + i128::from(number) } else { number.into() })
    };
    match rows.split_once(':') {
        Some((start, end)) => {
            // Numbers outside the table stand for its first or last row, as in Python.
            let inside = |row: i128| row.clamp(0, n_row.into()) as u64;
            let (start, end) = (inside(number(start, 0)?), inside(number(end, n_row)?));
            Ok((name, start.min(end)..end))
        }
        None => {
            let row = number(rows, n_row)?;
            let outside = || wrong(format!("there is no row {rows}, the table has {n_row} rows"));
            let row = u64::try_from(row).ok().filter(|row| *row < n_row).ok_or_else(outside)?;
            Ok((name, row..row + 1))
        }
    }
}

fn cell(column: &Column, block: &CellBlock, row: u64, shape: Option<&[usize]>, all: bool) -> String {
    let Some(shape) = shape else { return "undefined".to_owned() };
    let range = block.range(row);
    let n = range.len() / block.width();
    let element = |i: usize| element(column, block, range.start + i * block.width());
    if shape.is_empty() {
        return format!("{}{}", element(0), calendar(column, block.values(), range.start));
    }
    let shown = if all || n <= MOST_ELEMENTS + 1 { n } else { MOST_ELEMENTS };
    let mut text = nested(shape, shown, &element);
    if shown < n {
        text = format!("{text} … {} ({n} elements, --all shows them)", element(n - 1));
    }
    let kind = if shape.len() > 1 { format!("{shape:?} ") } else { String::new() };
    format!("{kind}{text}")
}

/// The first `shown` elements in brackets as the shape says; what is cut off leaves its brackets open.
fn nested(shape: &[usize], shown: usize, element: &dyn Fn(usize) -> String) -> String {
    let mut out = "[".repeat(shape.len());
    let total: usize = shape.iter().product();
    for i in 0..shown {
        if i > 0 {
            let ended = shape
                .iter()
                .rev()
                .scan(1, |n, &axis| {
                    *n *= axis;
                    Some(*n)
                })
                .filter(|n| i % n == 0)
                .count();
            out.push_str(&"]".repeat(ended));
            out.push_str(if ended > 0 { " " } else { ", " });
            out.push_str(&"[".repeat(ended));
        }
        out.push_str(&element(i));
    }
    if shown == total {
        out.push_str(&"]".repeat(shape.len()));
    }
    out
}

fn element(column: &Column, block: &CellBlock, at: usize) -> String {
    let single = matches!(column.info().data_type, DataType::Float | DataType::Complex);
    let real = |v: f64| if single { (v as f32).to_string() } else { v.to_string() };
    match block.values() {
        Values::Floats(v) if block.width() == 2 => {
            let im = v[at + 1];
            let sign = if im.is_sign_negative() && !im.is_nan() { "" } else { "+" };
            format!("{}{sign}{}i", real(v[at]), real(im))
        }
        Values::Floats(v) => real(v[at]),
        Values::Ints(v) if column.info().data_type == DataType::Bool => (v[at] != 0).to_string(),
        Values::Ints(v) => v[at].to_string(),
        Values::Texts(v) => match column.info().data_type {
            DataType::Record => format!("record of {} bytes", v[at].len()),
            _ => format!("{:?}", String::from_utf8_lossy(&v[at])),
        },
    }
}

/// The date of a number of seconds that is an epoch.
fn calendar(column: &Column, values: &Values, at: usize) -> String {
    let keywords = &column.info().keywords;
    let is_epoch = keywords.record("MEASINFO").and_then(|m| m.str("type")) == Some("epoch");
    match values {
        Values::Floats(v) if is_epoch && columns::unit(keywords) == "s" => {
            format!("  {}", fits::iso_date(v[at]))
        }
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_in_brackets() {
        let rows = |text| wanted_rows(text, 84).map(|(name, rows)| (name.to_owned(), rows)).ok();
        assert_eq!(rows("DATA"), Some(("DATA".to_owned(), 0..10)));
        assert_eq!(rows("DATA[3:5]"), Some(("DATA".to_owned(), 3..5)));
        assert_eq!(rows("DATA[-3:]"), Some(("DATA".to_owned(), 81..84)));
        assert_eq!(rows("DATA[:]"), Some(("DATA".to_owned(), 0..84)));
        assert_eq!(rows("DATA[80:1000]"), Some(("DATA".to_owned(), 80..84)));
        assert_eq!(rows("DATA[-1000:2]"), Some(("DATA".to_owned(), 0..2)));
        assert_eq!(rows("DATA[-84]"), Some(("DATA".to_owned(), 0..1)));
        assert_eq!(rows("DATA[-1]"), Some(("DATA".to_owned(), 83..84)));
        for wrong in ["DATA[84]", "DATA[-85]", "DATA[-100]", "DATA[]", "DATA[x]", "DATA[1", "DATA[1:2:3]"] {
            assert_eq!(rows(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn brackets_follow_the_shape() {
        let element = |i: usize| i.to_string();
        assert_eq!(nested(&[2, 3], 6, &element), "[[0, 1, 2] [3, 4, 5]]");
        assert_eq!(nested(&[2, 3], 4, &element), "[[0, 1, 2] [3");
        assert_eq!(nested(&[2, 1, 2], 4, &element), "[[[0, 1]] [[2, 3]]]");
        assert_eq!(nested(&[0], 0, &element), "[]");
    }
}
