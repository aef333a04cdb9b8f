//! An open table.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use crate::desc::{ColumnDesc, TableDat};
use crate::keyword_path::resolve;
use crate::live::{Live, Located};
use crate::lock::{OpenOptions, Reading, SyncRecord, TableLock, WriteLock};
use crate::value::{Record, Value};
use crate::{Column, Error, TableInfo};

/// A table. Clones share its open files; it can be used from several threads at once.
#[derive(Clone)]
pub struct Table {
    inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) path: PathBuf,
    pub(crate) dat: Arc<TableDat>,
    pub(crate) n_row: u64,
    info: TableInfo,
    lock: TableLock,
    /// The state that `dat` and `n_row` belong to.
    sync: Option<SyncRecord>,
    live: Mutex<Live>,
}

impl Table {
    /// Opens a table for reading, locked while something is read ([`OpenOptions::default`]). Nothing is written, but
    /// for a request in `table.lock` while another program holds its lock.
    ///
    /// # Errors
    /// When it is not a table, of a kind that is not supported, its description is damaged, or another program writes
    /// it for more than ten minutes.
    pub fn open(path: impl AsRef<Path>) -> Result<Table, Error> {
        Table::open_with(path, &OpenOptions::default())
    }

    /// Opens a table for reading; the options hold for its subtables too.
    ///
    /// # Errors
    /// As [`Table::open`], but waits as long as the options say.
    pub fn open_with(path: impl AsRef<Path>, options: &OpenOptions) -> Result<Table, Error> {
        let path = path.as_ref().to_owned();
        let lock = TableLock::open(&path, options)?;
        let reading = lock.read()?;
        let sync = reading.sync.clone();
        let dat = Arc::new(TableDat::read(&path)?);
        let known = if sync.is_some() { sync.clone() } else { lock.sync_unlocked()? };
        let n_row = known.map_or(dat.n_row, |record| record.n_row);
        let info = TableInfo::read(&path);
        drop(reading);
        let live = Mutex::new(Live::new(sync.clone(), Arc::clone(&dat)));
        Ok(Table { inner: Arc::new(Inner { path, dat, n_row, info, lock, sync, live }) })
    }

    /// The table as it is now: this one if nobody changed it, else opened again.
    ///
    /// An open table keeps its columns, keywords and row count, and reads its cells as they are.
    ///
    /// # Errors
    /// As [`Table::open`].
    pub fn refresh(&self) -> Result<Table, Error> {
        let reading = self.inner.lock.read()?;
        if reading.sync.is_some() && reading.sync == self.inner.sync {
            return Ok(self.clone());
        }
        Table::open_with(&self.inner.path, self.options())
    }

    /// Locks the table for a change, once nobody else reads or writes it. [`Table::refresh`] then gives it as it is.
    ///
    /// # Errors
    /// As [`WriteLock::on`].
    pub fn write_lock(&self) -> Result<WriteLock, Error> {
        WriteLock::on(&self.inner.path, self.options())
    }

    pub(crate) fn options(&self) -> &OpenOptions {
        self.inner.lock.options()
    }

    /// The sync record that the table was opened with.
    pub(crate) fn sync(&self) -> Option<&SyncRecord> {
        self.inner.sync.as_ref()
    }

    /// Where the table is, as it was opened.
    pub fn path(&self) -> &Path {
        &self.inner.path
    }

    /// Number of rows.
    pub fn n_row(&self) -> u64 {
        self.inner.n_row
    }

    /// The table's keywords; subtables are among them.
    pub fn keywords(&self) -> &Record {
        &self.inner.dat.keywords
    }

    /// What the table says it is.
    pub fn info(&self) -> &TableInfo {
        &self.inner.info
    }

    /// Names of the columns in the table's order.
    pub fn column_names(&self) -> impl Iterator<Item = &str> {
        self.inner.dat.columns.iter().map(|c| c.info.name.as_str())
    }

    /// Whether there is a column of this name.
    pub fn has_column(&self, name: &str) -> bool {
        self.column_names().any(|n| n == name)
    }

    /// A column.
    ///
    /// # Errors
    /// When there is none of this name; the message lists those there are.
    pub fn column(&self, name: &str) -> Result<Column, Error> {
        match self.column_names().position(|n| n == name) {
            Some(i) => Ok(Column::new(Arc::clone(&self.inner), i)),
            None => Err(Error::NoColumn {
                table: self.inner.path.clone(),
                column: name.to_owned(),
                has: listed(self.column_names()),
            }),
        }
    }

    /// Opens the table that a keyword refers to.
    ///
    /// # Errors
    /// When no keyword of this name refers to a table, or as [`Table::open`].
    pub fn subtable(&self, name: &str) -> Result<Table, Error> {
        if let Some(Value::Table(stored)) = self.keywords().get(name) {
            return Table::open_with(resolve(&self.inner.path, stored), self.options());
        }
        let tables = self.keywords().iter().filter(|(_, value)| matches!(value, Value::Table(_)));
        Err(Error::NoSubtable {
            table: self.inner.path.clone(),
            name: name.to_owned(),
            has: listed(tables.map(|(name, _)| name)),
        })
    }
}

impl Inner {
    /// Begins a read: until the guard is dropped, nobody changes the table.
    pub(crate) fn reading(&self) -> Result<Reading<'_>, Error> {
        self.lock.read()
    }

    /// A column in its storage manager, both as they are during `reading`.
    pub(crate) fn locate(&self, column: &ColumnDesc, reading: &Reading<'_>) -> Result<Located, Error> {
        let mut live = self.live.lock().unwrap_or_else(PoisonError::into_inner);
        live.follow(&self.path, self.n_row, reading.sync.as_ref())?;
        live.locate(&self.path, column)
    }
}

fn listed<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let names: Vec<&str> = names.collect();
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}
