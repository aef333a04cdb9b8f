//! Reading the small tables that belong to a MeasurementSet.

use crate::{Error, error::shape_text};
use std::path::PathBuf;
use tables::{Column, Element, Table};

/// A subtable, which is read whole.
pub(crate) struct Subtable {
    ms_path: PathBuf,
    name: &'static str,
    table: Table,
}

impl Subtable {
    pub(crate) fn open(main: &Table, name: &'static str) -> Result<Self, Error> {
        let ms_path = main.path().to_owned();
        match main.subtable(name) {
            Ok(table) => Ok(Subtable { ms_path, name, table }),
            Err(cause) => Err(Error::Subtable { path: ms_path, name, cause: Box::new(cause) }),
        }
    }

    pub(crate) fn n_row(&self) -> usize {
        self.table.n_row() as usize
    }

    pub(crate) fn has(&self, column: &str) -> bool {
        self.table.has_column(column)
    }

    pub(crate) fn column(&self, column: &str) -> Result<Column, Error> {
        Ok(self.table.column(column)?)
    }

    /// A scalar column.
    pub(crate) fn scalars<T: Element>(&self, column: &str) -> Result<Vec<T>, Error> {
        let mut values = Vec::new();
        if self.n_row() > 0 {
            let shape = self.column(column)?.read_flat(0..self.table.n_row(), &mut values)?;
            if !shape.is_empty() {
                return Err(self.invalid(column, 0, shape_text(&shape), "a scalar"));
            }
        }
        Ok(values)
    }

    /// A scalar column, or `absent` in every row where there is no such column.
    pub(crate) fn scalars_or<T: Element + Clone>(&self, column: &str, absent: T) -> Result<Vec<T>, Error> {
        if self.has(column) { self.scalars(column) } else { Ok(vec![absent; self.n_row()]) }
    }

    /// The elements of every cell of a column of arrays; `None` for a cell without a value.
    pub(crate) fn cells<T: Element>(&self, column: &str) -> Result<Vec<Option<Vec<T>>>, Error> {
        let column = self.column(column)?;
        let cell = |row| {
            let mut values = Vec::new();
            if !column.is_defined(row)? {
                return Ok(None);
            }
            column.read_flat(row..row + 1, &mut values)?;
            Ok(Some(values))
        };
        (0..self.table.n_row()).map(cell).collect()
    }

    /// An error that names a cell.
    pub(crate) fn invalid(&self, column: &str, row: usize, got: impl Into<String>, expected: &str) -> Error {
        Error::Invalid {
            path: self.ms_path.clone(),
            what: format!("{column} in row {row} of {}", self.name),
            got: got.into(),
            expected: expected.to_owned(),
        }
    }
}
