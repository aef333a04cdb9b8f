//! An open table.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use crate::concatenation::Concatenation;
use crate::desc::{ColumnDesc, Description, TableDat};
use crate::keyword_path::{real, resolve};
use crate::live::{Live, Located};
use crate::lock::{OpenOptions, Reading, SyncRecord, TableLock, WriteLock};
use crate::storage::Storage;
use crate::value::{Record, Value};
use crate::{Column, Error, TableInfo};

/// Tables that refer to tables that refer to tables: no more levels than this.
const DEEPEST: usize = 8;

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
    pub(crate) dat: Arc<TableDat>,
    pub(crate) n_row: u64,
    info: TableInfo,
    /// The table that paths in the keywords are relative to: for a view of others, the first of them.
    base: PathBuf,
    /// This table and those that referred to it, one after the other, so that a circle is noticed.
    pub(crate) above: Vec<PathBuf>,
    /// Tables whose rows follow each other here, and the subtables of which that also holds.
    pub(crate) parts: Vec<Table>,
    pub(crate) joined: Vec<String>,
    options: OpenOptions,
    /// `None` for a view of other tables, each of which has its own.
    lock: Option<TableLock>,
    /// The state that `dat` and `n_row` belong to.
    sync: Option<SyncRecord>,
    live: Mutex<Live>,
}

impl Table {
    /// Opens a table for reading, locked while something is read ([`OpenOptions::default`]). Nothing is written, but
    /// for a request in `table.lock` while another program holds its lock.
    ///
    /// A reference table (a selection, a sorted table) and a concatenated table (a CASA Multi-MS) show rows of
    /// others, which are opened with it; each reads as one table.
    ///
    /// # Errors
    /// When it is not a table, of a kind that is not supported, its description is damaged, it refers to a table that
    /// cannot be opened or to itself, or another program writes it for more than ten minutes.
    pub fn open(path: impl AsRef<Path>) -> Result<Table, Error> {
        Table::open_with(path, &OpenOptions::default())
    }

    /// Opens a table for reading; the options hold for its subtables too.
    ///
    /// # Errors
    /// As [`Table::open`], but waits as long as the options say.
    pub fn open_with(path: impl AsRef<Path>, options: &OpenOptions) -> Result<Table, Error> {
        Table::open_below(path.as_ref(), &[], options)
    }

    /// Opens a table that the last of the tables `above` refers to.
    pub(crate) fn open_below(path: &Path, above: &[PathBuf], options: &OpenOptions) -> Result<Table, Error> {
        let lock = TableLock::open(path, options)?;
        let reading = lock.read()?;
        let description = Description::read(path)?;
        let above = chain(path, above)?;
        let inner = match description {
            Description::Plain(dat) => {
                let sync = reading.sync.clone();
                let known = if sync.is_some() { sync.clone() } else { lock.sync_unlocked()? };
                let n_row = known.map_or(dat.n_row, |record| record.n_row);
                drop(reading);
                let inner = Inner::new(path, dat, above, options);
                let live = Mutex::new(Live::new(sync.clone(), Arc::clone(&inner.dat)));
                Inner { n_row, sync, live, lock: Some(lock), ..inner }
            }
            Description::Reference(reference) => {
                drop(reading);
                reference.open(path, above, options)?
            }
            Description::Concatenation(concatenation) => {
                drop(reading);
                concatenation.open(path, above, options)?
            }
        };
        Ok(Table { inner: Arc::new(inner) })
    }

    /// The table as it is now: this one if nobody changed it, else opened again.
    ///
    /// An open table keeps its columns, keywords and row count, and reads its cells as they are.
    ///
    /// # Errors
    /// As [`Table::open`].
    pub fn refresh(&self) -> Result<Table, Error> {
        let reading = self.inner.reading()?;
        let now = reading.as_ref().and_then(|reading| reading.sync.as_ref());
        if now.is_some() && now == self.inner.sync.as_ref() {
            return Ok(self.clone());
        }
        drop(reading);
        Table::open_with(&self.inner.path, self.options())
    }

    /// Locks the table for a change, once nobody else reads or writes it. [`Table::refresh`] then gives it as it is.
    ///
    /// # Errors
    /// As [`WriteLock::on`].
    pub fn write_lock(&self) -> Result<WriteLock, Error> {
        WriteLock::on(&self.inner.path, self.options())
    }

    /// How it was opened.
    pub fn options(&self) -> &OpenOptions {
        &self.inner.options
    }

    /// The sync record that the table was opened with.
    pub(crate) fn sync(&self) -> Option<&SyncRecord> {
        self.inner.sync.as_ref()
    }

    /// Whether its cells are all in other tables.
    pub(crate) fn is_view(&self) -> bool {
        self.inner.lock.is_none()
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

    pub(crate) fn no_column(&self, name: &str) -> Error {
        Error::NoColumn {
            table: self.inner.path.clone(),
            column: name.to_owned(),
            has: listed(self.column_names()),
        }
    }

    pub(crate) fn dat(&self) -> &TableDat {
        &self.inner.dat
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
            if self.inner.joined.iter().any(|joined| joined == name) {
                return self.joined_subtable(name);
            }
            return Table::open_with(resolve(&self.inner.base, stored), self.options());
        }
        let tables = self.keywords().iter().filter(|(_, value)| matches!(value, Value::Table(_)));
        Err(Error::NoSubtable {
            table: self.inner.path.clone(),
            name: name.to_owned(),
            has: listed(tables.map(|(name, _)| name)),
        })
    }

    /// The table from which names of tables in keywords are to be understood: of a view, the one it shows.
    pub(crate) fn base(&self) -> &Path {
        &self.inner.base
    }

    /// Real paths of the tables that keep the cells: this one, or those that it is a view of.
    pub(crate) fn shown(&self) -> Vec<PathBuf> {
        if self.inner.parts.is_empty() {
            return vec![real(&self.inner.base)];
        }
        self.inner.parts.iter().flat_map(Table::shown).collect()
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
    fn new(path: &Path, dat: TableDat, above: Vec<PathBuf>, options: &OpenOptions) -> Self {
        let dat = Arc::new(dat);
        Inner {
            path: path.to_owned(),
            n_row: dat.n_row,
            info: TableInfo::read(path),
            base: path.to_owned(),
            above,
            parts: Vec::new(),
            joined: Vec::new(),
            options: options.clone(),
            lock: None,
            sync: None,
            live: Mutex::new(Live::new(None, Arc::clone(&dat))),
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
        let inner = Inner::new(path, dat, above, first.options());
        let live = Mutex::new(Live::of_view(Arc::clone(&inner.dat), storage));
        Inner { base: first.inner.base.clone(), n_row, live, ..inner }
    }

    /// Begins a read: until the guard is dropped, nobody changes the table. `None` for a view: its tables have locks.
    pub(crate) fn reading(&self) -> Result<Option<Reading<'_>>, Error> {
        self.lock.as_ref().map(TableLock::read).transpose()
    }

    pub(crate) fn options(&self) -> &OpenOptions {
        &self.options
    }

    /// A column in its storage manager, both as they are during `reading`, or as they were found by whoever holds the
    /// lock.
    pub(crate) fn locate(
        self: &Arc<Self>,
        column: &ColumnDesc,
        reading: Option<&Reading<'_>>,
    ) -> Result<Located, Error> {
        let mut live = self.live.lock().unwrap_or_else(PoisonError::into_inner);
        live.follow(&self.path, self.n_row, reading.and_then(|reading| reading.sync.as_ref()))?;
        live.locate(self, column)
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
