//! What can go wrong with a table: each message names the file or the column, what was expected and what was found.

use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};

/// An error of reading a table.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The path is not a table.
    #[error("not a table: no table.dat in {}", path.display())]
    NotATable {
        /// What was to be opened.
        path: PathBuf,
    },
    /// A file cannot be opened or read.
    #[error("cannot read {}: {source}", file.display())]
    Io {
        /// The file.
        file: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file does not hold what the table format wants there: it is damaged, cut short or of an unknown version.
    #[error("{} is damaged or cut short: at byte {offset} expected {expected}, found {found}", file.display())]
    Corrupt {
        /// The file.
        file: PathBuf,
        /// Byte offset in the file (in the enclosing structure for data that are stored in pieces).
        offset: u64,
        /// What the format wants.
        expected: String,
        /// What is there.
        found: String,
    },
    /// The table is of a kind that this crate does not read.
    #[error("{} is a {kind}, which is not supported; copy it to a plain table first", path.display())]
    UnsupportedTable {
        /// The table.
        path: PathBuf,
        /// Its kind, such as `RefTable`.
        kind: String,
    },
    /// The column is kept by a storage manager that this crate does not read.
    #[error(
        "column {column} of {} is stored by {storage_manager}, which is not supported; copy it to StandardStMan, \
         IncrementalStMan, TiledColumnStMan or TiledShapeStMan first",
        table.display()
    )]
    UnsupportedStorage {
        /// The table.
        table: PathBuf,
        /// The column.
        column: String,
        /// The storage manager's type.
        storage_manager: String,
    },
    /// There is no such column.
    #[error("no column {column} in {}\n  it has {has}", table.display())]
    NoColumn {
        /// The table.
        table: PathBuf,
        /// What was asked for.
        column: String,
        /// The names of the columns there are.
        has: String,
    },
    /// There is no such subtable.
    #[error("no subtable {name} in {}\n  it has {has}", table.display())]
    NoSubtable {
        /// The table.
        table: PathBuf,
        /// What was asked for.
        name: String,
        /// The names of the subtables there are.
        has: String,
    },
    /// Rows outside the table were asked for.
    #[error("rows {}..{} of {} were asked for, which has {n_row}", rows.start, rows.end, table.display())]
    Rows {
        /// The table.
        table: PathBuf,
        /// What was asked for.
        rows: Range<u64>,
        /// How many rows there are.
        n_row: u64,
    },
    /// The column's files hold fewer rows than the table says.
    #[error("column {column} of {} holds {stored} rows, the table {n_row}: its files are damaged", table.display())]
    MissingRows {
        /// The table.
        table: PathBuf,
        /// The column.
        column: String,
        /// Rows in the storage manager's files.
        stored: u64,
        /// Rows of the table.
        n_row: u64,
    },
    /// The column's values do not fit the type they were to be read as.
    #[error("column {column} of {} holds {data_type}, which does not read as {wanted}", table.display())]
    Type {
        /// The table.
        table: PathBuf,
        /// The column.
        column: String,
        /// The column's type.
        data_type: String,
        /// The type asked for.
        wanted: &'static str,
    },
    /// A cell without a value where one is needed.
    #[error("column {column} of {} has no value in row {row}", table.display())]
    Undefined {
        /// The table.
        table: PathBuf,
        /// The column.
        column: String,
        /// The row.
        row: u64,
    },
    /// Cells of one shape are needed and the shape changes.
    #[error(
        "column {column} of {} changes shape at row {row}: {found:?} after {expected:?} (slowest axis first); \
         read rows of one shape at a time",
        table.display()
    )]
    Shape {
        /// The table.
        table: PathBuf,
        /// The column.
        column: String,
        /// First row of another shape.
        row: u64,
        /// The shape before.
        expected: Vec<usize>,
        /// The shape of that row.
        found: Vec<usize>,
    },
    /// The rows asked for are more than Arrow's offsets or this machine's addresses can count.
    #[error("column {column} of {}: {n_element} elements do not fit one array; read fewer rows", table.display())]
    TooLarge {
        /// The table.
        table: PathBuf,
        /// The column.
        column: String,
        /// Elements that were read.
        n_element: usize,
    },
    /// Columns do not fit one record batch.
    #[error("rows {}..{} do not make a record batch: {problem}", rows.start, rows.end)]
    Batch {
        /// The rows.
        rows: Range<u64>,
        /// What Arrow says.
        problem: String,
    },
    /// Another error, met while reading a column.
    #[error("column {column} of {}: {source}", table.display())]
    Column {
        /// The table.
        table: PathBuf,
        /// The column.
        column: String,
        /// What went wrong.
        source: Box<Error>,
    },
}

impl Error {
    pub(crate) fn io(file: &Path, source: io::Error) -> Self {
        Error::Io { file: file.to_owned(), source }
    }

    pub(crate) fn corrupt(
        file: &Path,
        offset: u64,
        expected: impl Into<String>,
        found: impl Into<String>,
    ) -> Self {
        Error::Corrupt { file: file.to_owned(), offset, expected: expected.into(), found: found.into() }
    }
}
