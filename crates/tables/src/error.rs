//! What can go wrong with a table: each message names the file or the column, what was expected and what was found.

use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::lock::{Holder, LockKind};

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
    /// Whoever opened the table wants no more of it ([`OpenOptions::cancelled`](crate::OpenOptions::cancelled)).
    #[error("reading {} was cancelled", table.display())]
    Cancelled {
        /// The table.
        table: PathBuf,
    },
    /// A file cannot be opened or read.
    #[error("cannot read {}: {source}", file.display())]
    Io {
        /// The file.
        file: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file cannot be written.
    #[error("cannot write {}: {source}", file.display())]
    Write {
        /// The file.
        file: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Another held a lock on the table for longer than one was to wait.
    #[error(
        "no {kind} lock on {} in {:.1} s: {} holds it; let that end or release the table, or wait longer (reading \
         without locks is possible, but what is changed meanwhile reads wrong)",
        table.display(), waited.as_secs_f64(), Holder(*holder)
    )]
    Locked {
        /// The table.
        table: PathBuf,
        /// What the lock was for.
        kind: LockKind,
        /// The process that holds it; `None` where the system does not say.
        holder: Option<u32>,
        /// How long it was waited for.
        waited: Duration,
    },
    /// A change that nobody else may see half done, of a table that another process has open.
    #[error("{} has {} open; such a change is only possible when nobody else has: close it there", Holder(*user), table.display())]
    InUse {
        /// The table.
        table: PathBuf,
        /// The process; `None` where the system does not say.
        user: Option<u32>,
    },
    /// The table is to be written, and it cannot be locked.
    #[error(
        "{} cannot be locked ({why}); if nobody else uses it, open it without locks to write all the same",
        table.display()
    )]
    NoLocks {
        /// The table.
        table: PathBuf,
        /// What the system said.
        why: String,
    },
    /// Another program changed the table in a way that this open table cannot follow.
    #[error("{} was changed by another program since it was opened: {what}; open it again", table.display())]
    Changed {
        /// The table.
        table: PathBuf,
        /// What is another.
        what: String,
    },
    /// A table is to be created where something is.
    #[error("{} exists already; remove it or choose another name", path.display())]
    Exists {
        /// Where the table was to be.
        path: PathBuf,
    },
    /// A change that the table, the column or its storage manager does not allow.
    #[error("cannot change {}: {reason}", table.display())]
    Refused {
        /// The table.
        table: PathBuf,
        /// What is in the way, and the way out.
        reason: String,
    },
    /// A value does not suit the column it is written to.
    #[error("column {column} of {} takes {expected}, not {found}", table.display())]
    Cell {
        /// The table.
        table: PathBuf,
        /// The column.
        column: String,
        /// What the column takes.
        expected: String,
        /// What was to be written.
        found: String,
    },
    /// The source of a column's cells failed.
    #[error("the values for column {column} of {} could not be had: {source}", table.display())]
    Source {
        /// The table.
        table: PathBuf,
        /// The column.
        column: String,
        /// What the source said.
        source: Box<dyn std::error::Error + Send + Sync>,
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
        /// Its kind, as table.dat names it.
        kind: String,
    },
    /// A table that this one refers to cannot be opened.
    #[error("{} refers to another table: {source}", table.display())]
    Reference {
        /// The table that refers.
        table: PathBuf,
        /// Why the other one cannot be opened.
        source: Box<Error>,
    },
    /// Tables or columns that refer to each other in a circle.
    #[error("{} refers to itself, by way of {by}: there are no data", table.display())]
    Cycle {
        /// The table.
        table: PathBuf,
        /// What it refers to.
        by: String,
    },
    /// A column that stands for one of another table, which has another type.
    #[error(
        "column {column} of {} stands for that of {}, but {types}",
        table.display(), other.display()
    )]
    Mismatch {
        /// The table.
        table: PathBuf,
        /// The column.
        column: String,
        /// The table that keeps the cells.
        other: PathBuf,
        /// What each of them holds.
        types: String,
    },
    /// The column is kept by a storage manager that this crate does not read.
    #[error(
        "column {column} of {} is stored by {storage_manager}, which is not supported; copy it with casacore to \
         StandardStMan or a tiled storage manager first",
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
    /// The caller's memory is not as large as the cells.
    #[error(
        "memory of {n_element} elements was given for cells of column {column} of {}, which have {n_want} of shape \
         {shape:?}",
        table.display()
    )]
    Size {
        /// The table.
        table: PathBuf,
        /// The column.
        column: String,
        /// Shape of a cell, slowest axis first.
        shape: Vec<usize>,
        /// Elements of the memory.
        n_element: usize,
        /// Elements of the cells.
        n_want: usize,
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
    /// What was asked for cannot be compressed.
    #[error("cannot compress with Dysco: {what}")]
    Compression {
        /// The setting or the data that do not go, and what does.
        what: String,
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
