//! Names of tables as people write them: `my.ms`, `my.ms::ANTENNA`.

use facette::{Error, Session, tables::Table};
use std::path::{Path, PathBuf};

/// Opens a table; `A::B` is the subtable that the keyword B of A refers to.
pub(crate) fn table(name: &Path, session: &Session) -> Result<Table, Error> {
    let text = name.to_string_lossy();
    let mut parts = text.split("::");
    let path = PathBuf::from(parts.next().unwrap_or_default());
    // A folder whose name has colons is one.
    if name.exists() || !path.exists() {
        return open(name, session);
    }
    let main = open(&path, session)?;
    parts.try_fold(main, |table, keyword| table.subtable(keyword).map_err(of_table))
}

/// Where a table is, `A::B` resolved.
pub(crate) fn path(name: &Path, session: &Session) -> Result<PathBuf, Error> {
    if name.exists() { Ok(name.to_owned()) } else { Ok(table(name, session)?.path().to_owned()) }
}

fn open(path: &Path, session: &Session) -> Result<Table, Error> {
    if !path.exists() {
        return Err(Error::Missing { path: path.to_owned() });
    }
    Table::open_with(path, &session.open_options()).map_err(of_table)
}

/// The facade's error of a table's.
pub(crate) fn of_table(error: facette::tables::Error) -> Error {
    Error::Ms(facette::ms::Error::Table(error))
}
