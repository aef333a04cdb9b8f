//! Copying MeasurementSets and other tables, whole or in part.

use crate::staged_ms::StagedMs;
use crate::{Error, Session};
use ms::{History, rows_where};
use std::{
    ops::Range,
    path::PathBuf,
    time::{SystemTime, UNIX_EPOCH},
};
use tables::{Selection, Table};

/// Modified Julian date of the Unix epoch, days.
const UNIX_EPOCH_MJD: f64 = 40_587.0;
const SECONDS_OF_DAY: f64 = 86_400.0;

/// What is to be copied, and where to. Nothing picked is all.
#[derive(Clone, Debug, Default)]
pub struct CopyRequest {
    /// The table.
    pub table: PathBuf,
    /// Where the copy is to be.
    pub out: PathBuf,
    /// Ranges of rows, in the order of the copy.
    pub rows: Vec<Range<u64>>,
    /// FIELD_ID.
    pub fields: Vec<i32>,
    /// DATA_DESC_ID.
    pub ddids: Vec<i32>,
    /// SCAN_NUMBER.
    pub scans: Vec<i32>,
    /// Columns of the main table.
    pub columns: Vec<String>,
    /// Whether a table at `out` is replaced.
    pub overwrite: bool,
    /// What the user typed, for HISTORY.
    pub command: String,
}

/// Copies a table with its subtables; references to other tables become cells of its own. The copy appears under its
/// name when it is complete, and its HISTORY says where it is from. Rows of the copy.
///
/// # Errors
/// When `out` is, holds or lies in the table or one that it refers to, the table cannot be read, rows or columns are not
/// there, nothing is left, or the copy cannot be written.
pub fn copy(request: &CopyRequest, session: &Session) -> Result<u64, Error> {
    let of_table = |error| Error::Ms(ms::Error::Table(error));
    let table = Table::open_with(&request.table, &session.open_options()).map_err(of_table)?;
    if let Some(read) = table.overlapping(&request.out) {
        let (out, read) = (request.out.display(), read.display());
        let problem = format!("{out} is not written: it is, holds or lies in {read}, which is copied");
        return Err(Error::Product(format!("{problem}\n  try: another OUT")));
    }
    let selection = selection(request, &table)?;
    let staged = StagedMs::new(&request.out, request.overwrite, session)?;
    let copied = table.copy_to(staged.path(), &selection);
    let copied = copied.map_err(|error| staged.name(ms::Error::Table(error)))?;
    if copied.subtable("HISTORY").is_ok() {
        history(request, &table).append(&copied).map_err(|error| staged.name(error))?;
    }
    staged.commit()?;
    Ok(copied.n_row())
}

/// Without anything picked the copy is made byte by byte, and keeps what cannot be encoded anew.
fn selection(request: &CopyRequest, table: &Table) -> Result<Selection, Error> {
    let CopyRequest { rows, fields, ddids, scans, columns, .. } = request;
    let mut selection = Selection::all();
    if [fields, ddids, scans].iter().any(|picked| !picked.is_empty()) || !rows.is_empty() {
        let all = 0..table.n_row();
        let within = if rows.is_empty() { std::slice::from_ref(&all) } else { rows };
        if let Some(outside) = within.iter().find(|rows| rows.start >= rows.end || rows.end > table.n_row()) {
            let problem = format!("rows {}:{} of a table with {}", outside.start, outside.end, table.n_row());
            return Err(Error::Option { option: "rows", problem, way_out: "--rows FIRST:END".to_owned() });
        }
        let wanted: [ms::Wanted<'_>; 3] =
            [("FIELD_ID", fields), ("DATA_DESC_ID", ddids), ("SCAN_NUMBER", scans)];
        let picked = rows_where(table, within, &wanted)?;
        if picked.is_empty() {
            let problem = "no row has what was asked for".to_owned();
            let way_out = format!("facette ms info {} lists fields and scans", request.table.display());
            return Err(Error::Option { option: "field, ddid, scan", problem, way_out });
        }
        selection = selection.rows(picked);
    }
    if !columns.is_empty() {
        let names: Vec<&str> = columns.iter().map(String::as_str).collect();
        selection = selection.columns(&names);
    }
    Ok(selection)
}

fn history(request: &CopyRequest, table: &Table) -> History {
    let now_s = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64());
    History {
        time_s: UNIX_EPOCH_MJD * SECONDS_OF_DAY + now_s.floor(),
        application: concat!("facette ", env!("CARGO_PKG_VERSION")).to_owned(),
        origin: "ms copy".to_owned(),
        message: format!("copied from {} with {} rows", table.path().display(), table.n_row()),
        command: request.command.clone(),
        parameters: Vec::new(),
    }
}
