//! An open table.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use crate::desc::TableDat;
use crate::keyword_path::resolve;
use crate::storage::{self, Storage};
use crate::value::{Record, Value};
use crate::{Column, Error, TableInfo, lock};

/// A table. Clones share its open files; it can be used from several threads at once.
#[derive(Clone)]
pub struct Table {
    inner: Arc<Inner>,
}

/// A storage manager of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StorageInfo {
    /// Its type, such as `TiledShapeStMan`.
    pub kind: String,
    /// Its number, which its files are named after: `table.f<number>` and more.
    pub number: u32,
    /// Names of its columns.
    pub columns: Vec<String>,
}

pub(crate) struct Inner {
    pub(crate) path: PathBuf,
    pub(crate) dat: TableDat,
    pub(crate) n_row: u64,
    info: TableInfo,
    /// Opened when the first of its columns is read, so that an unreadable one harms no other.
    storages: Vec<Mutex<Option<Arc<dyn Storage>>>>,
}

impl Table {
    /// Opens a table for reading. Nothing is written, not even locks.
    ///
    /// # Errors
    /// When it is not a table, of a kind that is not supported, or its description is damaged.
    pub fn open(path: impl AsRef<Path>) -> Result<Table, Error> {
        let path = path.as_ref();
        let dat = TableDat::read(path)?;
        let n_row = lock::synced_rows(path)?.unwrap_or(dat.n_row);
        let storages = dat.storages.iter().map(|_| Mutex::new(None)).collect();
        let info = TableInfo::read(path);
        Ok(Table { inner: Arc::new(Inner { path: path.to_owned(), dat, n_row, info, storages }) })
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

    /// The storage managers that keep the columns, in stored order.
    pub fn storages(&self) -> impl Iterator<Item = StorageInfo> {
        let dat = &self.inner.dat;
        let name = |&i: &usize| dat.columns[i].info.name.clone();
        dat.storages.iter().map(move |s| StorageInfo {
            kind: s.kind.clone(),
            number: s.seqnr,
            columns: s.columns.iter().map(name).collect(),
        })
    }

    /// Opens the table that a keyword refers to.
    ///
    /// # Errors
    /// When no keyword of this name refers to a table, or as [`Table::open`].
    pub fn subtable(&self, name: &str) -> Result<Table, Error> {
        if let Some(Value::Table(stored)) = self.keywords().get(name) {
            return Table::open(resolve(&self.inner.path, stored));
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
    /// Storage manager `i`, opened if it is not yet; `None` when its kind is not supported.
    pub(crate) fn storage(&self, i: usize) -> Result<Option<Arc<dyn Storage>>, Error> {
        let mut slot = self.storages[i].lock().unwrap_or_else(PoisonError::into_inner);
        if slot.is_none() {
            *slot = storage::open(&self.path, &self.dat, i)?.map(Arc::from);
        }
        Ok(slot.clone())
    }
}

fn listed<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let names: Vec<&str> = names.collect();
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}
