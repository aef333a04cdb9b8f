//! `facette ms columns`.

use super::{args::ColumnsArgs, open, print};
use crate::output::Failure;
use facette::{
    Session,
    tables::{Column, Record, Table},
};

pub(crate) fn run(args: &ColumnsArgs, session: &Session) -> Result<(), Failure> {
    let table = open::table(&args.table, session)?;
    print::lines(&rows(&table))
}

/// The columns of a table, one a line, below a heading.
pub(crate) fn rows(table: &Table) -> Vec<String> {
    let heading =
        ["name", "type", "shape", "unit", "measure", "storage", "comment"].map(str::to_owned).to_vec();
    let columns = table.column_names().filter_map(|name| table.column(name).ok());
    print::aligned(&std::iter::once(heading).chain(columns.map(|c| row(table, &c))).collect::<Vec<_>>())
}

fn row(table: &Table, column: &Column) -> Vec<String> {
    let info = column.info();
    vec![
        info.name.clone(),
        info.data_type.to_string(),
        shape(table, column),
        or_dash(unit(&info.keywords)),
        or_dash(measure(&info.keywords)),
        info.storage_manager.clone(),
        info.comment.replace('\n', " "),
    ]
}

fn or_dash(text: String) -> String {
    if text.is_empty() { "-".to_owned() } else { text }
}

/// `[64, 4]`, `[64, 4] …` where later cells differ or may, `scalar`, `undefined`.
fn shape(table: &Table, column: &Column) -> String {
    let info = column.info();
    if !info.is_array {
        return "scalar".to_owned();
    }
    if let Some(shape) = &info.shape {
        return format!("{shape:?}");
    }
    if table.n_row() == 0 {
        return info.n_axis.map_or("any".to_owned(), |n| format!("any of {n} axes"));
    }
    match column.cell_shape(0) {
        Ok(Some(shape)) => format!("{shape:?} …"),
        Ok(None) => "undefined …".to_owned(),
        Err(_) => "unreadable".to_owned(),
    }
}

/// The unit, or units, of a column.
pub(crate) fn unit(keywords: &Record) -> String {
    let units = keywords.strings("QuantumUnits").unwrap_or_default();
    if units.windows(2).all(|w| w[0] == w[1]) {
        return units.first().cloned().unwrap_or_else(|| keywords.str("UNIT").unwrap_or_default().to_owned());
    }
    units.join(",")
}

/// The type of measure and its frame: `direction J2000`, `epoch UTC`, `frequency by MEAS_FREQ_REF`.
pub(crate) fn measure(keywords: &Record) -> String {
    let Some(info) = keywords.record("MEASINFO") else { return String::new() };
    let kind = info.str("type").unwrap_or("?");
    match (info.str("VarRefCol"), info.str("Ref")) {
        (Some(column), _) => format!("{kind} by {column}"),
        (None, Some(frame)) => format!("{kind} {frame}"),
        (None, None) => kind.to_owned(),
    }
}
