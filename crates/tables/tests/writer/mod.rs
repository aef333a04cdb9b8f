//! Changes a table and dies at one of the calls that change the disk.

use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use facette_tables::{Cells, ColumnSpec, DataType, Editor, StorageKind, Table, TableSpec};

const TILED: StorageKind = StorageKind::Tiled { tile_rows: Some(64) };
/// Shape of a cell of DATA: channels, correlations.
const SHAPE: [usize; 2] = [128, 4];

/// What the process was started for: `make ROWS TABLE`, or `CHANGE CALL TABLE`, where CHANGE is append, add, overwrite,
/// cells or remove; at call number CALL (from 0) it aborts before the call is made. How many calls there were and how
/// long the commit took.
#[expect(clippy::print_stdout, reason = "its parent reads it")]
pub(crate) fn work(order: &str) -> Result<(usize, Duration), Box<dyn Error>> {
    let args: Vec<&str> = order.splitn(3, ' ').collect();
    let [what, number, path] = args[..] else { return Err("CHANGE CALL TABLE".into()) };
    if what == "make" {
        return make(path, number.parse()?).map(|()| (0, Duration::ZERO));
    }
    let (calls, last) = (Arc::new(AtomicUsize::new(0)), number.parse::<usize>()?);
    let counter = Arc::clone(&calls);
    let hook = move |_, _: &std::path::Path| {
        if counter.fetch_add(1, Ordering::Relaxed) == last {
            std::process::abort();
        }
        Ok(())
    };
    let mut editor = Editor::open_hooked(path, Arc::new(hook))?;
    change(&mut editor, what)?;
    println!("\nbegin");
    let begin = Instant::now();
    editor.commit()?;
    Ok((calls.load(Ordering::Relaxed), begin.elapsed()))
}

fn make(path: &str, n_row: u64) -> Result<(), Box<dyn Error>> {
    let spec = TableSpec::new()
        .column(ColumnSpec::array("DATA", DataType::Complex).axes(2).storage(TILED))
        .column(ColumnSpec::array("UVW", DataType::Double).shape(&[3]).storage(TILED))
        .column(ColumnSpec::scalar("TIME", DataType::Double).storage(StorageKind::Incremental))
        .column(ColumnSpec::scalar("ANTENNA1", DataType::Int))
        .column(ColumnSpec::scalar("NAME", DataType::String));
    let mut editor = Table::create(path, &spec)?;
    editor.add_rows(n_row);
    fill(&mut editor, 0, n_row, 0.0)?;
    editor.commit()?;
    Ok(())
}

/// Writes rows `first..end`, each value the row's number plus `shift`.
fn fill(editor: &mut Editor<'_>, first: u64, end: u64, shift: f64) -> Result<(), facette_tables::Error> {
    editor.write("DATA", first..end, move |rows, cells| data(rows, cells, shift as f32))?;
    editor.write("UVW", first..end, move |rows, cells| {
        rows.into_iter().try_for_each(|row| cells.push(&[3], &[row as f64 + shift; 3]))
    })?;
    editor.write("TIME", first..end, move |rows, cells| {
        rows.into_iter().try_for_each(|row| cells.push(&[], &[(row / 5) as f64 + shift]))
    })?;
    editor.write("ANTENNA1", first..end, move |rows, cells| {
        rows.into_iter().try_for_each(|row| cells.push(&[], &[row as i32 + shift as i32]))
    })?;
    editor.write("NAME", first..end, move |rows, cells| {
        rows.into_iter().try_for_each(|row| cells.push(&[], &[format!("name of {}", row + shift as u64)]))
    })
}

fn data(rows: std::ops::Range<u64>, cells: &mut Cells<'_>, shift: f32) -> Result<(), facette_tables::Error> {
    rows.into_iter().try_for_each(|row| {
        let n = SHAPE.iter().product();
        cells.push(&SHAPE, &vec![[row as f32 + shift, shift]; n])
    })
}

fn change(editor: &mut Editor<'_>, what: &str) -> Result<(), Box<dyn Error>> {
    let n_row = editor.n_row();
    match what {
        "append" => {
            let n_more = 1 + n_row / 2;
            editor.add_rows(n_more);
            fill(editor, n_row, n_row + n_more, 0.0)?;
        }
        "cells" => {
            // Numbers in one page are written in place, cells across two of them by way of a copy.
            for row in (0..n_row).step_by(7) {
                editor.put("ANTENNA1", row, &[], &[row as i32 + 2000])?;
                editor.put("UVW", row, &[3], &[row as f64 + 2000.0; 3])?;
            }
        }
        "overwrite" => fill(editor, 0, n_row, 1000.0)?,
        "add" => {
            editor.add_column(&ColumnSpec::array("MODEL", DataType::Complex).axes(2).storage(TILED))?;
            editor.write("MODEL", 0..n_row, |rows, cells| data(rows, cells, 7.0))?;
        }
        "remove" => editor.remove_column("DATA")?,
        other => return Err(format!("no change {other}").into()),
    }
    Ok(())
}
