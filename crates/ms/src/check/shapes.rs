//! Cells must have the shape that their data description says, and times and coordinates must be numbers.

use super::note_rows;
use crate::{description::Description, error::shape_text};
use std::{collections::BTreeMap, ops::Range};
use tables::{Column, Error, Finding, Severity, Table};

/// Columns of [channel][correlation].
const BY_CHANNEL: [&str; 8] = [
    "DATA",
    "FLAG",
    "FLOAT_DATA",
    "MODEL_DATA",
    "CORRECTED_DATA",
    "WEIGHT_SPECTRUM",
    "SIGMA_SPECTRUM",
    "CORRECTED_WEIGHT_SPECTRUM",
];
/// Columns of [correlation].
const BY_CORRELATION: [&str; 2] = ["WEIGHT", "SIGMA"];
const MOST_RANGES: usize = 4;

pub(super) fn check(main: &Table, found: &mut Vec<Finding>) {
    numbers(main, found);
    // Without the subtables there is nothing to compare with, and that was found before.
    let Ok(description) = Description::read(main) else { return };
    windows(main, &description, found);
    let shapes: Vec<Option<[usize; 2]>> =
        description.data_descriptions.iter().map(|d| description.cell_shape(*d)).collect();
    for name in BY_CHANNEL {
        let expected = shapes.iter().map(|s| s.map(|s| s.to_vec())).collect::<Vec<_>>();
        column(main, name, &expected, found);
    }
    for name in BY_CORRELATION {
        let expected = shapes.iter().map(|s| s.map(|s| vec![s[1]])).collect::<Vec<_>>();
        column(main, name, &expected, found);
    }
}

/// Rows of one kind of wrong shape.
#[derive(Default)]
struct Wrong {
    n: u64,
    rows: Vec<Range<u64>>,
}

fn column(main: &Table, name: &str, expected: &[Option<Vec<usize>>], found: &mut Vec<Finding>) {
    let (Ok(column), Ok(ddids)) = (main.column(name), main.column("DATA_DESC_ID")) else { return };
    let mut wrong = BTreeMap::new();
    if compare(main, &column, &ddids, expected, &mut wrong).is_err() {
        // Found before, by reading the cells.
        return;
    }
    for ((shape, ddid), Wrong { n, rows }) in wrong {
        let (severity, what) = match &shape {
            Some(shape) => (Severity::Damage, shape_text(shape)),
            None => (Severity::Note, "without a value".to_owned()),
        };
        let wanted = usize::try_from(ddid)
            .ok()
            .and_then(|d| expected.get(d)?.as_deref())
            .map_or_else(String::new, shape_text);
        let problem = format!("{n} cells are {what}, data description {ddid} says {wanted}");
        found.push(Finding::new(severity, main.path(), problem).of_column(name).at_rows(rows[0].clone()));
    }
}

type Kind = (Option<Vec<usize>>, i64);

fn compare(
    main: &Table,
    column: &Column,
    ddids: &Column,
    expected: &[Option<Vec<usize>>],
    wrong: &mut BTreeMap<Kind, Wrong>,
) -> Result<(), Error> {
    let mut ids: Vec<i64> = Vec::new();
    for rows in ddids.blocks(main.n_row()) {
        ids.clear();
        ddids.read_flat(rows.clone(), &mut ids)?;
        let mut at = 0_usize;
        for run in column.shapes(rows.clone())? {
            for &ddid in ids.iter().skip(at).take(run.n as usize) {
                let wanted = usize::try_from(ddid).ok().and_then(|d| expected.get(d));
                if let Some(Some(wanted)) = wanted.filter(|w| **w != run.shape || run.shape.is_none()) {
                    debug_assert!(run.shape.as_ref() != Some(wanted));
                    let kind = wrong.entry((run.shape.clone(), ddid)).or_default();
                    kind.n += 1;
                    note_rows(&mut kind.rows, rows.start + at as u64, MOST_RANGES);
                }
                at += 1;
            }
        }
    }
    Ok(())
}

/// Counts that a subtable states against the lengths of its arrays.
fn windows(main: &Table, description: &Description, found: &mut Vec<Finding>) {
    let Ok(table) = main.subtable("SPECTRAL_WINDOW") else { return };
    let mut counts: Vec<i64> = Vec::new();
    let read = table.column("NUM_CHAN").and_then(|c| c.read_flat(0..table.n_row(), &mut counts));
    for (row, spw) in description.spws.iter().enumerate() {
        let at = |problem: String, column: &str| {
            let finding = Finding::new(Severity::Damage, table.path(), problem).of_column(column);
            finding.at_rows(row as u64..row as u64 + 1)
        };
        let n = spw.freq_hz.len();
        if read.is_ok() && counts.get(row).is_some_and(|&c| c != n as i64) {
            found.push(at(format!("is {}, CHAN_FREQ has {n} values", counts[row]), "NUM_CHAN"));
        }
        if let Some((column, says, expected)) = spw.fault() {
            found.push(at(format!("is {says}, expected {expected}"), column));
        }
    }
}

/// Times must be finite, integrations last, coordinates be numbers.
fn numbers(main: &Table, found: &mut Vec<Finding>) {
    type Rule = (&'static str, Severity, &'static str, fn(f64) -> bool);
    let rules: [Rule; 4] = [
        ("TIME", Severity::Damage, "is no finite number", f64::is_finite),
        ("UVW", Severity::Warning, "is no finite number: such rows count as flagged", f64::is_finite),
        ("INTERVAL", Severity::Warning, "is not positive", |v| v > 0.0),
        ("EXPOSURE", Severity::Warning, "is not positive", |v| v > 0.0),
    ];
    for (name, severity, what, right) in rules {
        let Ok(column) = main.column(name) else { continue };
        let mut wrong = Wrong::default();
        if each_row(&column, main.n_row(), |row, values| {
            if !values.iter().all(|&v| right(v)) {
                wrong.n += 1;
                note_rows(&mut wrong.rows, row, MOST_RANGES);
            }
        })
        .is_ok()
            && wrong.n > 0
        {
            let problem = format!("{what} in {} rows", wrong.n);
            let finding = Finding::new(severity, main.path(), problem).of_column(name);
            found.push(finding.at_rows(wrong.rows[0].clone()));
        }
    }
}

/// Hands the numbers of every row to `look`.
fn each_row(column: &Column, n_row: u64, mut look: impl FnMut(u64, &[f64])) -> Result<(), Error> {
    let mut values: Vec<f64> = Vec::new();
    for rows in column.blocks(n_row) {
        values.clear();
        let shape = column.read_flat(rows.clone(), &mut values)?;
        let n = shape.iter().product::<usize>().max(1);
        rows.zip(values.chunks(n)).for_each(|(row, values)| look(row, values));
    }
    Ok(())
}
