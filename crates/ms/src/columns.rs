//! The columns of the main table: all of them for people, and those that hold visibilities.

use crate::{Error, Ms, error::shape_text};
use tables::{Column, DataType};

/// One column of the main table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ColumnSummary {
    /// Its name.
    pub name: String,
    /// Type of its values in casacore's words, such as `Complex`.
    pub data_type: String,
    /// Shape of the first row, slowest axis first, empty for a scalar; `None` where that has no value or cannot be
    /// read.
    pub shape: Option<Vec<usize>>,
    /// Type of its storage manager, such as `TiledShapeStMan`.
    pub storage_manager: String,
}

impl ColumnSummary {
    /// Whether the column's name and type are those of visibilities.
    pub fn is_data(&self) -> bool {
        let complex = matches!(self.data_type.as_str(), "Complex" | "DComplex") && self.name != "VIDEO_POINT";
        complex || self.name == "FLOAT_DATA"
    }
}

/// All columns of the main table in their order there. A column that cannot be read is listed and no error: the
/// others may be all that is needed.
pub(crate) fn summaries(ms: &Ms) -> Vec<ColumnSummary> {
    let main = ms.main();
    main.column_names().filter_map(|name| main.column(name).ok()).map(|column| summary(ms, &column)).collect()
}

fn summary(ms: &Ms, column: &Column) -> ColumnSummary {
    let info = column.info();
    let shape = match (info.is_array, ms.n_row()) {
        (false, _) => Some(Vec::new()),
        (true, 0) => info.shape.clone(),
        (true, _) => column.cell_shape(0).ok().flatten(),
    };
    ColumnSummary {
        name: info.name.clone(),
        data_type: info.data_type.to_string(),
        shape,
        storage_manager: info.storage_manager.clone(),
    }
}

/// Opens a data column.
pub(crate) fn open_data(ms: &Ms, name: &str) -> Result<Column, Error> {
    if !ms.main().has_column(name) {
        return Err(wrong(ms, format!("no column {name}")));
    }
    let column = ms.main().column(name)?;
    match column.info().data_type {
        DataType::Complex | DataType::DComplex => Ok(column),
        DataType::Float | DataType::Double if name == "FLOAT_DATA" => Ok(column),
        other => {
            let shape =
                summary(ms, &column).shape.map_or_else(String::new, |s| format!(", {}", shape_text(&s)));
            Err(wrong(ms, format!("the column {name} ({other}{shape}) does not hold visibilities")))
        }
    }
}

fn wrong(ms: &Ms, wrong: String) -> Error {
    let data: Vec<_> = summaries(ms).into_iter().filter(ColumnSummary::is_data).collect();
    let hint = data.first().map_or_else(String::new, |c| format!("\n  try: --column {}", c.name));
    Error::Column { path: ms.path().to_owned(), wrong, found: listing(&data), hint }
}

/// `DATA, MODEL_DATA (complex, 64 × 2); FLOAT_DATA (float, 64 × 2)`: columns of one type and shape together.
fn listing(columns: &[ColumnSummary]) -> String {
    let mut groups: Vec<(String, Vec<&str>)> = Vec::new();
    for column in columns {
        let shape =
            column.shape.as_deref().map_or_else(|| "no value in the first row".to_owned(), shape_text);
        let kind = format!("{}, {shape}", column.data_type.to_lowercase());
        match groups.iter_mut().find(|(k, _)| *k == kind) {
            Some((_, names)) => names.push(&column.name),
            None => groups.push((kind, vec![&column.name])),
        }
    }
    if groups.is_empty() {
        return "no data column".to_owned();
    }
    groups.iter().map(|(kind, names)| format!("{} ({kind})", names.join(", "))).collect::<Vec<_>>().join("; ")
}
