//! An open table.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use crate::concatenation::Concatenation;
use crate::desc::{Description, TableDat};
use crate::keyword_path::resolve;
use crate::storage::{self, Storage};
use crate::value::{Record, Value};
use crate::{Column, Error, TableInfo, lock};

/// Tables that refer to tables that refer to tables: no more levels than this.
const DEEPEST: usize = 8;

/// A table. Clones share its open files; it can be used from several threads at once.
#[derive(Clone)]
pub struct Table {
    inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) path: PathBuf,
    pub(crate) dat: TableDat,
    pub(crate) n_row: u64,
    info: TableInfo,
    /// The table that paths in the keywords are relative to: for a view of others, the first of them.
    base: PathBuf,
    /// This table and those that referred to it, one after the other, so that a circle is noticed.
    pub(crate) above: Vec<PathBuf>,
    /// Tables whose rows follow each other here, and the subtables of which that also holds.
    pub(crate) parts: Vec<Table>,
    pub(crate) joined: Vec<String>,
    /// Opened when the first of its columns is read, so that an unreadable one harms no other.
    storages: Vec<Mutex<Option<Arc<dyn Storage>>>>,
}

impl Table {
    /// Opens a table for reading. Nothing is written, not even locks.
    ///
    /// A reference table (a selection, a sorted table) and a concatenated table (a CASA Multi-MS) show rows of
    /// others, which are opened with it; each reads as one table.
    ///
    /// # Errors
    /// When it is not a table, of a kind that is not supported, its description is damaged, or it refers to a table
    /// that cannot be opened or to itself.
    pub fn open(path: impl AsRef<Path>) -> Result<Table, Error> {
        Table::open_below(path.as_ref(), &[])
    }

    /// Opens a table that the last of the tables `above` refers to.
    pub(crate) fn open_below(path: &Path, above: &[PathBuf]) -> Result<Table, Error> {
        let description = Description::read(path)?;
        let above = chain(path, above)?;
        let inner = match description {
            Description::Plain(dat) => {
                let n_row = lock::synced_rows(path)?.unwrap_or(dat.n_row);
                Inner { n_row, ..Inner::new(path, dat, above) }
            }
            Description::Reference(reference) => reference.open(path, above)?,
            Description::Concatenation(concatenation) => concatenation.open(path, above)?,
        };
        Ok(Table { inner: Arc::new(inner) })
    }

    pub(crate) fn inner(&self) -> &Arc<Inner> {
        &self.inner
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
        Column::find(&self.inner, name)
    }

    /// Opens the table that a keyword refers to.
    ///
    /// # Errors
    /// When no keyword of this name refers to a table, or as [`Table::open`].
    pub fn subtable(&self, name: &str) -> Result<Table, Error> {
        if let Some(Value::Table(stored)) = self.keywords().get(name) {
            if self.inner.joined.iter().any(|joined| joined == name) {
                return self.joined_subtable(name);
            }
            return Table::open(resolve(&self.inner.base, stored));
        }
        let tables = self.keywords().iter().filter(|(_, value)| matches!(value, Value::Table(_)));
        Err(Error::NoSubtable {
            table: self.inner.path.clone(),
            name: name.to_owned(),
            has: listed(tables.map(|(name, _)| name)),
        })
    }

    /// A subtable of the parts of this table, one after the other.
    fn joined_subtable(&self, name: &str) -> Result<Table, Error> {
        let parts = self.inner.parts.iter().map(|part| part.subtable(name)).collect::<Result<Vec<_>, _>>()?;
        let path = parts.first().map_or_else(|| self.inner.path.join(name), |p| p.path().to_owned());
        Concatenation::join(&path, self.inner.above.clone(), parts)
            .map(|inner| Table { inner: Arc::new(inner) })
    }
}

impl Inner {
    fn new(path: &Path, dat: TableDat, above: Vec<PathBuf>) -> Self {
        Inner {
            path: path.to_owned(),
            n_row: dat.n_row,
            info: TableInfo::read(path),
            base: path.to_owned(),
            above,
            parts: Vec::new(),
            joined: Vec::new(),
            storages: dat.storages.iter().map(|_| Mutex::new(None)).collect(),
            dat,
        }
    }

    /// A table whose cells are all in others, of which `first` has the keywords.
    pub(crate) fn view(
        path: &Path,
        dat: TableDat,
        above: Vec<PathBuf>,
        (first, n_row, storage): (&Table, u64, Arc<dyn Storage>),
    ) -> Self {
        let storages = vec![Mutex::new(Some(storage))];
        Inner { base: first.inner.base.clone(), n_row, storages, ..Inner::new(path, dat, above) }
    }

    /// Storage manager `i`, opened if it is not yet; `None` when its kind is not supported.
    pub(crate) fn storage(self: &Arc<Self>, i: usize) -> Result<Option<Arc<dyn Storage>>, Error> {
        let mut slot = self.storages[i].lock().unwrap_or_else(PoisonError::into_inner);
        if slot.is_none() {
            *slot = storage::open(self, i)?.map(Arc::from);
        }
        Ok(slot.clone())
    }
}

/// The tables above and this one.
fn chain(path: &Path, above: &[PathBuf]) -> Result<Vec<PathBuf>, Error> {
    let full = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    if above.contains(&full) || above.len() >= DEEPEST {
        let by = above.last().map_or(String::new(), |last| last.display().to_string());
        return Err(Error::Cycle { table: path.to_owned(), by });
    }
    Ok(above.iter().cloned().chain([full]).collect())
}

/// Names as a message lists them.
pub(crate) fn listed<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let names: Vec<&str> = names.collect();
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}
