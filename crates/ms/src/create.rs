//! Makes a MeasurementSet: the schema, the subtables, and the rows as they stream by.

use crate::{Error, NewMs, RowSource, fill, schema_columns, schema_spec};
use std::path::Path;
use tables::{Cells, ColumnSpec, DataType, Editor, StorageKind, Table, TableSpec, Value};

/// Subtables that every MeasurementSet has, and SOURCE, which CASA's tasks look for.
const SUBTABLES: [&str; 13] = [
    "ANTENNA",
    "DATA_DESCRIPTION",
    "FEED",
    "FIELD",
    "FLAG_CMD",
    "HISTORY",
    "OBSERVATION",
    "POINTING",
    "POLARIZATION",
    "PROCESSOR",
    "SOURCE",
    "SPECTRAL_WINDOW",
    "STATE",
];
/// Columns with one value in all rows, or one that changes once an integration.
const STEADY: [&str; 16] = [
    "ARRAY_ID",
    "DATA_DESC_ID",
    "EXPOSURE",
    "FEED1",
    "FEED2",
    "FIELD_ID",
    "FLAG_ROW",
    "INTERVAL",
    "OBSERVATION_ID",
    "PROCESSOR_ID",
    "SCAN_NUMBER",
    "SIGMA",
    "STATE_ID",
    "TIME",
    "TIME_CENTROID",
    "WEIGHT",
];

/// Writes a MeasurementSet at `path`, where nothing may be; it appears there when it is complete.
///
/// # Errors
/// When something is at `path`, it cannot be written, or the source of rows fails: then nothing is at `path`.
pub fn create_ms(path: &Path, new: &NewMs, rows: &dyn RowSource) -> Result<(), Error> {
    let mut editor = Table::create(path, &spec(new))?;
    fill::subtables(&editor, new)?;
    editor.add_rows(rows.n_row());
    heads(&mut editor, new, rows)?;
    samples(&mut editor, new, rows)?;
    editor.commit()?;
    Ok(())
}

/// All tables without rows.
fn spec(new: &NewMs) -> TableSpec {
    let mut main = TableSpec::new().info("Measurement Set", "").keyword("MS_VERSION", Value::Float(2.0));
    let shape = [new.freq_hz.len(), new.correlations.len()];
    for column in schema_columns("MAIN").iter().filter(|c| c.is_required || c.name == "DATA") {
        main = main.column(match column.name {
            "DATA" => {
                ColumnSpec::array("DATA", DataType::Complex).units(&["Jy"]).shape(&shape).storage(tiled())
            }
            "FLAG" => column.spec().shape(&shape).storage(tiled()),
            "UVW" => column.spec().storage(tiled()),
            "WEIGHT" | "SIGMA" => column.spec().shape(&shape[1..]).storage(steady()),
            name if STEADY.contains(&name) => column.spec().storage(steady()),
            _ => column.spec(),
        });
    }
    SUBTABLES.iter().fold(main, |main, name| {
        let optional: &[&str] = if *name == "SOURCE" { &["REST_FREQUENCY", "SYSVEL"] } else { &[] };
        main.subtable(*name, schema_spec(name, optional))
    })
}

fn tiled() -> StorageKind {
    StorageKind::Tiled { tile_rows: None }
}

fn steady() -> StorageKind {
    StorageKind::Incremental
}

/// A column of the same value in all rows.
fn constant<T: tables::CellElement + Copy + 'static>(
    editor: &mut Editor<'_>,
    column: &str,
    value: Vec<T>,
    is_scalar: bool,
) -> Result<(), Error> {
    let shape = if is_scalar { Vec::new() } else { vec![value.len()] };
    let n = editor.n_row();
    editor.write(column, 0..n, move |rows, cells| {
        cells.push_repeated(&shape, &value, (rows.end - rows.start) as usize)
    })?;
    Ok(())
}

/// What does not depend on the sky.
fn heads<'a>(editor: &mut Editor<'a>, new: &NewMs, rows: &'a dyn RowSource) -> Result<(), Error> {
    let n = editor.n_row();
    for column in ["TIME", "TIME_CENTROID"] {
        editor.write(column, 0..n, |range, cells| {
            cells.push(&[], &rows.heads(range).iter().map(|h| h.time_s).collect::<Vec<_>>())
        })?;
    }
    editor.write("ANTENNA1", 0..n, |range, cells| {
        cells.push(&[], &rows.heads(range).iter().map(|h| h.antenna1).collect::<Vec<_>>())
    })?;
    editor.write("ANTENNA2", 0..n, |range, cells| {
        cells.push(&[], &rows.heads(range).iter().map(|h| h.antenna2).collect::<Vec<_>>())
    })?;
    editor.write("UVW", 0..n, |range, cells| cells.push(&[3], rows.uvw_m(range).as_flattened()))?;
    let zeros = [
        "ARRAY_ID",
        "DATA_DESC_ID",
        "FEED1",
        "FEED2",
        "FIELD_ID",
        "OBSERVATION_ID",
        "PROCESSOR_ID",
        "STATE_ID",
    ];
    for column in zeros {
        constant(editor, column, vec![0_i32], true)?;
    }
    constant(editor, "SCAN_NUMBER", vec![1_i32], true)?;
    constant(editor, "EXPOSURE", vec![new.interval_s], true)?;
    constant(editor, "INTERVAL", vec![new.interval_s], true)?;
    let n_corr = new.correlations.len();
    constant(editor, "SIGMA", vec![new.sigma_jy; n_corr], false)?;
    constant(editor, "WEIGHT", vec![1.0 / (new.sigma_jy * new.sigma_jy); n_corr], false)
}

/// Visibilities and flags.
fn samples<'a>(editor: &mut Editor<'a>, new: &NewMs, rows: &'a dyn RowSource) -> Result<(), Error> {
    let (n, table) = (editor.n_row(), editor.path().to_owned());
    let (n_chan, n_corr) = (new.freq_hz.len(), new.correlations.len());
    editor.write("DATA", 0..n, move |range, cells: &mut Cells<'_>| {
        let vis = rows.visibilities(range).map_err(|source| {
            let column = "DATA".to_owned();
            tables::Error::Source { table: table.clone(), column, source }
        })?;
        let pairs: Vec<[f32; 2]> = vis.iter().map(|v| [v.re, v.im]).collect();
        cells.push(&[n_chan, n_corr], &pairs)
    })?;
    editor.write("FLAG", 0..n, move |range, cells| cells.push(&[n_chan, n_corr], &rows.flags(range)))?;
    editor.write("FLAG_ROW", 0..n, move |range, cells| {
        let flags = rows.flags(range);
        let whole = flags.chunks_exact((n_chan * n_corr).max(1)).map(|row| row.iter().all(|f| *f));
        cells.push(&[], &whole.collect::<Vec<_>>())
    })?;
    Ok(())
}
