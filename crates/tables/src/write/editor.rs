//! Changes of a table, collected until they are made all at once.

use std::ops::Range;
use std::path::{Path, PathBuf};

use crate::desc::TableDat;
use crate::storage;
use crate::value::{Record, Value};
use crate::write::antennas::Noted;
use crate::write::cells::{Cells, Kept, Target};
use crate::write::create::Draft;
use crate::write::disk::{Disk, DiskHook};
use crate::write::encode::CellElement;
use crate::write::encode::sealed::Encoding;
use crate::write::source::Source;
use crate::{ColumnInfo, DyscoSettings, Error, OpenOptions, Table};

/// Changes of a table. Nothing happens before [`Editor::commit`], which makes all of them visible at one instant, or,
/// where nothing but single cells changes, each cell at one instant.
///
/// ```no_run
/// # use facette_tables::{ColumnSpec, DataType, Editor, StorageKind};
/// let mut editor = Editor::open("observation.ms")?;
/// let tiled = StorageKind::Tiled { tile_rows: None };
/// editor.add_column(&ColumnSpec::array("MODEL_DATA", DataType::Complex).axes(2).storage(tiled))?;
/// editor.write("MODEL_DATA", 0..editor.n_row(), |rows, cells| {
///     rows.into_iter().try_for_each(|_| cells.push(&[64, 4], &[[0.0_f32; 2]; 256]))
/// })?;
/// editor.commit()?;
/// # Ok::<(), facette_tables::Error>(())
/// ```
pub struct Editor<'a> {
    pub(crate) disk: Disk,
    /// Where the table is made, if it is a new one.
    pub(crate) draft: Option<Draft>,
    pub(crate) old: Table,
    /// The table as it is to be; the row count apart.
    pub(crate) dat: TableDat,
    pub(crate) n_row: u64,
    /// One for each column of `dat`.
    pub(crate) edits: Vec<Edit<'a>>,
    /// One for each storage manager of `dat`.
    pub(crate) plans: Vec<StoragePlan>,
    /// ANTENNA1 and ANTENNA2 as they were written.
    pub(crate) noted: [Noted; 2],
}

/// How storage managers are called that share a file, as `desc` reads them.
const IN_ONE_FILE: [&str; 2] = ["MultiFile", "MultiHDF5"];

/// What happens to a column.
pub(crate) struct Edit<'a> {
    /// Its cells, if they change.
    pub(crate) source: Option<Source<'a>>,
}

/// What happens to a storage manager.
#[derive(Clone)]
pub(crate) struct StoragePlan {
    /// Its number among those of the old table.
    pub(crate) old: Option<usize>,
    pub(crate) name: String,
    pub(crate) tile_rows: Option<usize>,
    /// Of a new Dysco one.
    pub(crate) dysco: Option<DyscoSettings>,
    /// A column of it went.
    pub(crate) lost_one: bool,
    /// Its new files are written already.
    pub(crate) is_written: bool,
}

impl<'a> Editor<'a> {
    /// Begins to change a table. It is locked at the commit only; if another program changes it before, the commit is
    /// an error.
    ///
    /// # Errors
    /// As [`Table::open`], and when it is a view of other tables or its files are of a kind that is not written.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, Error> {
        Self::open_with(path, &OpenOptions::default())
    }

    /// As [`Editor::open`], with other options for its locks.
    ///
    /// # Errors
    /// As [`Editor::open`].
    pub fn open_with(path: impl AsRef<Path>, options: &OpenOptions) -> Result<Self, Error> {
        Self::on(Disk::default(), path.as_ref(), options)
    }

    /// As [`Editor::open`], with a hook before each call that changes the disk; for tests.
    ///
    /// # Errors
    /// As [`Editor::open`].
    pub fn open_hooked(path: impl AsRef<Path>, hook: DiskHook) -> Result<Self, Error> {
        Self::on(Disk::hooked(hook), path.as_ref(), &OpenOptions::default())
    }

    pub(crate) fn on(disk: Disk, path: &Path, options: &OpenOptions) -> Result<Self, Error> {
        let old = Table::open_with(path, options)?;
        let dat = old.dat().clone();
        if old.is_view() {
            let kind = dat.storages.first().map_or("view", |s| &s.kind);
            let reason = format!("it is a {kind}, which shows cells of other tables; change those");
            return Err(Error::Refused { table: path.to_owned(), reason });
        }
        if let Some(storage) =
            dat.storages.iter().find(|s| IN_ONE_FILE.iter().any(|one| s.kind.starts_with(one)))
        {
            let reason =
                format!("its columns are kept in one {}; copy it to a plain table first", storage.kind);
            return Err(Error::Refused { table: path.to_owned(), reason });
        }
        let plan = |i| {
            let name = storage::name(&old, i);
            Ok(StoragePlan {
                old: Some(i),
                name: name?,
                tile_rows: None,
                dysco: None,
                lost_one: false,
                is_written: false,
            })
        };
        let plans = (0..dat.storages.len()).map(plan).collect::<Result<_, Error>>()?;
        let edits = dat.columns.iter().map(|_| Edit { source: None }).collect();
        let n_row = old.n_row();
        Ok(Editor { disk, draft: None, old, dat, n_row, edits, plans, noted: Default::default() })
    }

    /// Where the table is, or is being made.
    pub fn path(&self) -> &Path {
        self.old.path()
    }

    /// Rows there will be.
    pub fn n_row(&self) -> u64 {
        self.n_row
    }

    /// The table's keywords as they will be.
    pub fn keywords(&self) -> &Record {
        &self.dat.keywords
    }

    /// Names of the columns there will be.
    pub fn column_names(&self) -> impl Iterator<Item = &str> {
        self.dat.columns.iter().map(|c| c.info.name.as_str())
    }

    /// What a column will hold.
    ///
    /// # Errors
    /// When there is none of this name.
    pub fn column_info(&self, name: &str) -> Result<&ColumnInfo, Error> {
        Ok(&self.dat.columns[self.index(name)?].info)
    }

    /// Begins to change the table that a keyword refers to, such as a new table's subtable. It has a commit of its
    /// own, which for a new table comes before this one's.
    ///
    /// # Errors
    /// As [`Table::subtable`] and [`Editor::open`].
    pub fn subtable<'b>(&self, name: &str) -> Result<Editor<'b>, Error> {
        let table = self.old.subtable(name)?;
        Editor::on(self.disk.clone(), table.path(), self.old.options())
    }

    /// Adds rows at the end. Cells that are not written are zero, or have no value where that can be; also in
    /// incremental columns, where casacore repeats the value of the row before.
    pub fn add_rows(&mut self, n: u64) {
        self.n_row += n;
        let n_row = self.n_row;
        self.edits.iter_mut().filter_map(|e| e.source.as_mut()).for_each(|s| s.extend(n_row));
    }

    /// Sets a keyword of the table.
    pub fn set_keyword(&mut self, name: impl Into<String>, value: Value) {
        self.dat.keywords.set(name, value);
    }

    /// Removes a keyword of the table; its value if there was one.
    pub fn remove_keyword(&mut self, name: &str) -> Option<Value> {
        self.dat.keywords.remove(name)
    }

    /// Sets a keyword of a column.
    ///
    /// # Errors
    /// When there is no such column.
    pub fn set_column_keyword(
        &mut self,
        column: &str,
        name: impl Into<String>,
        value: Value,
    ) -> Result<(), Error> {
        let index = self.index(column)?;
        self.dat.columns[index].info.keywords.set(name, value);
        Ok(())
    }

    /// Removes a keyword of a column; its value if there was one.
    ///
    /// # Errors
    /// When there is no such column.
    pub fn remove_column_keyword(&mut self, column: &str, name: &str) -> Result<Option<Value>, Error> {
        let index = self.index(column)?;
        Ok(self.dat.columns[index].info.keywords.remove(name))
    }

    /// Writes cells from row `first` on: as many of `shape` (slowest axis first, empty for scalars) as `elements` has.
    ///
    /// They are kept in memory until the commit; [`Editor::write`] is for whole columns.
    ///
    /// # Errors
    /// When there is no such column, a row is not there, or the cells do not suit the column.
    pub fn put<T: CellElement>(
        &mut self,
        column: &str,
        first: u64,
        shape: &[usize],
        elements: &[T],
    ) -> Result<(), Error> {
        self.keep(column, first, |cells| cells.push(shape, elements))
    }

    /// Writes a cell of a Record column.
    ///
    /// # Errors
    /// As [`Editor::put`].
    pub fn put_record(&mut self, column: &str, row: u64, record: &Record) -> Result<(), Error> {
        self.keep(column, row, |cells| cells.push_record(record))
    }

    /// Takes the values of `n` cells away from row `first` on.
    ///
    /// # Errors
    /// As [`Editor::put`], and when the column's cells always have one.
    pub fn put_undefined(&mut self, column: &str, first: u64, n: u64) -> Result<(), Error> {
        self.keep(column, first, |cells| cells.push_undefined(n))
    }

    fn keep(
        &mut self,
        column: &str,
        first: u64,
        give: impl FnOnce(&mut Cells<'_>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let index = self.index(column)?;
        let left = self.n_row.saturating_sub(first);
        let mut kept = Kept::default();
        let source = self.source(index)?;
        give(&mut Cells::new(&source.target, left, &mut kept, &mut Encoding::default()))?;
        source.keep(first, kept);
        Ok(())
    }

    /// Writes the cells of `rows` with what `give` pushes when it is called, at the commit, with one range of them
    /// after another. The last to write a row wins.
    ///
    /// # Errors
    /// When there is no such column or rows are not there.
    pub fn write(
        &mut self,
        column: &str,
        rows: Range<u64>,
        give: impl FnMut(Range<u64>, &mut Cells<'_>) -> Result<(), Error> + 'a,
    ) -> Result<(), Error> {
        let index = self.index(column)?;
        if rows.start > rows.end || rows.end > self.n_row {
            return Err(Error::Rows { table: self.path().to_owned(), rows, n_row: self.n_row });
        }
        self.source(index)?.call(rows, Box::new(give));
        Ok(())
    }

    /// The source of a column, which begins as what it holds now.
    pub(crate) fn source(&mut self, index: usize) -> Result<&mut Source<'a>, Error> {
        if self.edits[index].source.is_none() {
            let made = self.unchanged(index)?;
            self.edits[index].source = Some(made);
        }
        // Made above where it was absent.
        self.edits[index].source.as_mut().ok_or_else(|| self.old.no_column("?"))
    }

    /// What a column holds now, with rows without values at the end if rows were added.
    pub(crate) fn unchanged(&self, index: usize) -> Result<Source<'a>, Error> {
        let desc = &self.dat.columns[index];
        let target = Target::new(self.path().to_owned(), desc, self.dat.order);
        let mut source = Source::old(target, self.old.column(&desc.info.name)?);
        source.extend(self.n_row);
        Ok(source)
    }

    pub(crate) fn index(&self, name: &str) -> Result<usize, Error> {
        self.column_names().position(|n| n == name).ok_or_else(|| Error::NoColumn {
            table: self.path().to_owned(),
            column: name.to_owned(),
            has: self.column_names().collect::<Vec<_>>().join(", "),
        })
    }

    pub(crate) fn refused(&self, reason: String) -> Error {
        Error::Refused { table: self.path().to_owned(), reason }
    }

    /// Where a new table will be, or this one is.
    pub(crate) fn final_path(&self) -> PathBuf {
        self.draft.as_ref().map_or_else(|| self.path().to_owned(), |d| d.target.clone())
    }
}
