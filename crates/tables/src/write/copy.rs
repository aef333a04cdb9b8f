//! Copies of tables: byte by byte where all of it is wanted, decoded and written anew where rows or columns are picked.

use std::ops::Range;
use std::path::{Path, PathBuf};

use crate::desc::{ColumnDesc, StorageDesc, TableDat};
use crate::value::Record;
use crate::write::cells::Target;
use crate::write::create::{self, Draft};
use crate::write::disk::Disk;
use crate::write::editor::{Edit, Editor, StoragePlan};
use crate::write::source::Source;
use crate::write::spec::TableSpec;
use crate::write::within::Job;
use crate::write::{dat, storage};
use crate::{DataType, Error, OpenOptions, Table, lock};

/// What of a table is copied: all of it, unless something is picked.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    rows: Option<Vec<Range<u64>>>,
    columns: Option<Vec<String>>,
}

impl Selection {
    /// All rows and columns: storage managers are copied byte by byte, also those that cannot be written.
    pub fn all() -> Self {
        Self::default()
    }

    /// Only these rows, in this order.
    #[must_use]
    pub fn rows(mut self, rows: impl IntoIterator<Item = Range<u64>>) -> Self {
        self.rows = Some(rows.into_iter().collect());
        self
    }

    /// Only these columns.
    #[must_use]
    pub fn columns(mut self, columns: &[&str]) -> Self {
        self.columns = Some(columns.iter().map(|&c| c.to_owned()).collect());
        self
    }

    fn is_all(&self) -> bool {
        self.rows.is_none() && self.columns.is_none()
    }
}

impl Table {
    /// Copies the table with its subtables, and other tables in its directory, to `path`; the copy.
    ///
    /// With a selection, and where the table shows cells of others (a view, forwarded columns), columns are decoded and
    /// written anew: in the storage managers they had, or those of other kinds (Dysco, virtual columns) in tiles.
    /// Subtables are always copied whole. A keyword whose table is missing stays as it is; one whose table is a view of
    /// the table itself, such as `SORTED_TABLE`, is left out: it would show rows that the copy does not have, or be a
    /// second copy of all.
    ///
    /// The table and its subtables are opened and locked as this one was; what is written anew is always locked.
    ///
    /// # Errors
    /// When something is at `path`, rows or columns are not there, cells cannot be read, a subtable cannot be copied,
    /// storage managers share one file (MultiFile, MultiHDF5), or files cannot be written.
    pub fn copy_to(&self, path: impl AsRef<Path>, selection: &Selection) -> Result<Table, Error> {
        let disk = Disk::default();
        let mut draft = Draft::new(&disk, path.as_ref())?;
        copy(&Job { disk: &disk, table: self, place: &draft.place, outer: None }, selection)?;
        draft.put_in_place(&disk)?;
        Table::open_with(&draft.target, self.options())
    }
}

/// Makes the copy of a job at its place, where nothing is.
fn copy(job: &Job<'_>, selection: &Selection) -> Result<(), Error> {
    let Job { disk, table, place, .. } = *job;
    let is_whole = selection.is_all() && !table.is_view() && !is_forwarded(table);
    if is_whole {
        has_own_files(table)?;
    }
    disk.create_dir(place)?;
    let mut dat = TableDat { n_row: table.n_row(), ..table.dat().clone() };
    job.copy_tables(&mut dat.keywords, |inner| copy(inner, &Selection::all()))?;
    // With what it says to people.
    let info = std::fs::read(table.path().join("table.info"));
    disk.write(place.join("table.info"), &info.unwrap_or_else(|_| table.info().text().into_bytes()))?;
    if is_whole {
        copy_files(disk, table, place, &dat)
    } else {
        copy_cells(disk, table, place, dat, selection)
    }
}

/// Whether cells of it are in other tables, which a copy elsewhere would not find.
fn is_forwarded(table: &Table) -> bool {
    table.dat().storages.iter().any(|storage| storage.kind.starts_with("ForwardColumn"))
}

/// Refuses a table whose storage managers share a file, of which nothing is known.
fn has_own_files(table: &Table) -> Result<(), Error> {
    let dat = table.dat();
    let shares = |kind: &str| ["MultiFile (", "MultiHDF5 ("].iter().any(|multi| kind.starts_with(multi));
    let Some(storage) = dat.storages.iter().find(|storage| shares(&storage.kind)) else { return Ok(()) };
    let column = storage.columns.first().map_or_else(String::new, |&c| dat.columns[c].info.name.clone());
    let (table, storage_manager) = (table.path().to_owned(), storage.kind.clone());
    Err(Error::UnsupportedStorage { table, column, storage_manager })
}

fn copy_files(disk: &Disk, table: &Table, place: &Path, dat: &TableDat) -> Result<(), Error> {
    let reading = table.inner().reading()?;
    if reading.as_ref().is_some_and(|now| now.sync.is_some() && now.sync.as_ref() != table.sync()) {
        let what = "another program wrote it after it was opened".to_owned();
        return Err(Error::Changed { table: table.path().to_owned(), what });
    }
    let entries = entries(table.path())?;
    for file in entries.iter().filter(|file| is_of_storage(&dat.storages, file)) {
        copy_tree(disk, file, &place.join(file.file_name().unwrap_or_default()))?;
    }
    disk.write(place.join("table.dat"), &dat::encode(dat))?;
    let lock = lock::new_file(dat.n_row, dat.columns.len() as u32, dat.storages.len());
    disk.write(place.join("table.lock"), &lock)?;
    disk.sync_dir(place)
}

/// What is in a directory, by name.
fn entries(directory: &Path) -> Result<Vec<PathBuf>, Error> {
    let entries = std::fs::read_dir(directory).and_then(|entries| {
        entries.map(|entry| entry.map(|entry| entry.path())).collect::<Result<Vec<_>, _>>()
    });
    let mut entries = entries.map_err(|source| Error::io(directory, source))?;
    entries.sort();
    Ok(entries)
}

/// Whether a file or directory is `table.fN…` of one of these, also of kinds that name theirs in unknown ways.
fn is_of_storage(storages: &[StorageDesc], path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let Some(rest) = name.strip_prefix("table.f") else { return false };
    let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    rest[..end].parse().is_ok_and(|number: u32| storages.iter().any(|storage| storage.seqnr == number))
}

/// Copies a file, or a directory of them.
fn copy_tree(disk: &Disk, from: &Path, to: &Path) -> Result<(), Error> {
    if !from.is_dir() {
        disk.copy(from, to)?;
        return disk.sync_file(to);
    }
    disk.create_dir(to)?;
    for entry in entries(from)? {
        copy_tree(disk, &entry, &to.join(entry.file_name().unwrap_or_default()))?;
    }
    disk.sync_dir(to)
}

fn copy_cells(
    disk: &Disk,
    table: &Table,
    place: &Path,
    dat: TableDat,
    selection: &Selection,
) -> Result<(), Error> {
    let all = 0..table.n_row();
    let rows = selection.rows.as_deref().unwrap_or(std::slice::from_ref(&all));
    if let Some(bad) = rows.iter().find(|r| r.start > r.end || r.end > table.n_row()) {
        return Err(Error::Rows { table: table.path().to_owned(), rows: bad.clone(), n_row: table.n_row() });
    }
    let spec = TableSpec { order: dat.order, keywords: unforwarded(&dat.keywords), ..TableSpec::default() };
    create::empty_files(disk, place, &spec)?;
    let mut editor = Editor::on(disk.clone(), place, &OpenOptions::default())?;
    editor.dat.titles.clone_from(&dat.titles);
    editor.dat.private.clone_from(&dat.private);
    editor.add_rows(rows.iter().map(|r| r.end - r.start).sum());
    let picked = |name: &str| selection.columns.as_ref().is_none_or(|names| names.iter().any(|n| n == name));
    for name in selection.columns.iter().flatten() {
        table.column(name)?;
    }
    for desc in dat.columns.iter().filter(|c| picked(&c.info.name)) {
        let kind = written_kind(desc, &dat.storages[desc.storage]);
        let name = match kind {
            "StandardStMan" | "IncrementalStMan" => storage_name(table, desc, kind),
            _ => desc.info.name.clone(),
        };
        editor.adopt(table, desc, (kind, name), rows)?;
    }
    editor.commit().map(drop)
}

/// Keywords without those of forwarded columns, which now have cells of their own.
fn unforwarded(keywords: &Record) -> Record {
    let mut kept = keywords.clone();
    for (name, _) in keywords.iter().filter(|(name, _)| name.starts_with("_ForwardColumn_")) {
        kept.remove(name);
    }
    kept
}

/// The kind of storage manager that keeps a column's copy.
fn written_kind(desc: &ColumnDesc, storage: &StorageDesc) -> &'static str {
    let info = &desc.info;
    let in_tiles = info.is_array && !matches!(info.data_type, DataType::String | DataType::Record);
    match storage.kind.as_str() {
        "IncrementalStMan" => "IncrementalStMan",
        "StandardStMan" | "StManAipsIO" => "StandardStMan",
        _ if in_tiles && info.shape.is_some() => "TiledColumnStMan",
        _ if in_tiles && info.n_axis.is_some() => "TiledShapeStMan",
        _ => "StandardStMan",
    }
}

fn storage_name(table: &Table, desc: &ColumnDesc, kind: &str) -> String {
    let name = crate::storage::name(table, desc.storage).unwrap_or_default();
    if name.is_empty() { kind.to_owned() } else { name }
}

impl Editor<'_> {
    /// Adds a column as that of another table, with the cells of `rows` of it.
    fn adopt(
        &mut self,
        from: &Table,
        desc: &ColumnDesc,
        (kind, name): (&'static str, String),
        rows: &[Range<u64>],
    ) -> Result<(), Error> {
        debug_assert!(storage::is_written(kind), "{kind}");
        let is_it = |(plan, storage): (&StoragePlan, &StorageDesc)| plan.name == name && storage.kind == kind;
        let storage = match self.plans.iter().zip(&self.dat.storages).position(is_it) {
            Some(i) => i,
            None => self.new_storage(kind, name, None),
        };
        let mut desc = ColumnDesc { storage, ..desc.clone() };
        desc.info.keywords = unforwarded(&desc.info.keywords);
        desc.info.storage_manager = kind.to_owned();
        self.dat.storages[storage].columns.push(self.dat.columns.len());
        let target = Target::new(self.path().to_owned(), &desc, self.dat.order);
        let source = Source::other(target, from.column(&desc.info.name)?, rows);
        self.dat.columns.push(desc);
        self.edits.push(Edit { source: Some(source) });
        if kind.starts_with("Tiled") {
            self.set_hypercolumn(storage);
        }
        Ok(())
    }
}
