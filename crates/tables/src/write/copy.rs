//! Copies of tables: byte by byte where all of it is wanted, decoded and written anew where rows or columns are picked.

use std::ops::Range;
use std::path::Path;

use crate::desc::{ColumnDesc, StorageDesc, TableDat};
use crate::keyword_path::resolve;
use crate::value::Value;
use crate::write::cells::Target;
use crate::write::commit::files_of;
use crate::write::create::{self, Draft};
use crate::write::disk::Disk;
use crate::write::editor::{Edit, Editor, StoragePlan};
use crate::write::source::Source;
use crate::write::spec::TableSpec;
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
    /// Copies the table with its subtables to `path`; the copy.
    ///
    /// With a selection, columns are decoded and written anew: in the storage managers they had, or those of other
    /// kinds (Dysco, virtual columns) in tiles. Subtables are always copied whole.
    ///
    /// # Errors
    /// When something is at `path`, rows or columns are not there, cells cannot be read, or files cannot be written.
    pub fn copy_to(&self, path: impl AsRef<Path>, selection: &Selection) -> Result<Table, Error> {
        let disk = Disk::default();
        let mut draft = Draft::new(&disk, path.as_ref())?;
        copy(&disk, self, &draft.place, selection)?;
        draft.put_in_place(&disk)?;
        Table::open(&draft.target)
    }
}

/// Makes the copy at `place`, where nothing is.
fn copy(disk: &Disk, table: &Table, place: &Path, selection: &Selection) -> Result<(), Error> {
    disk.create_dir(place)?;
    let mut dat = TableDat { n_row: table.n_row(), ..table.dat().clone() };
    copy_subtables(disk, table, place, &mut dat)?;
    // With what it says to people.
    let info = std::fs::read(table.path().join("table.info"));
    disk.write(place.join("table.info"), &info.unwrap_or_else(|_| table.info().text().into_bytes()))?;
    if selection.is_all() && !table.is_view() {
        copy_files(disk, table, place, &dat)
    } else {
        copy_cells(disk, table, place, dat, selection)
    }
}

/// Copies the tables that keywords refer to into `place`; those that are missing stay names.
fn copy_subtables(disk: &Disk, table: &Table, place: &Path, dat: &mut TableDat) -> Result<(), Error> {
    let names: Vec<String> = dat.keywords.iter().map(|(name, _)| name.to_owned()).collect();
    for name in names {
        let Some(Value::Table(stored)) = dat.keywords.get(&name) else { continue };
        let path = resolve(table.path(), stored);
        // A reference to a table around this one is no part of it.
        let absolute = |path: &Path| std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        if absolute(table.path()).starts_with(absolute(&path)) || !path.join("table.dat").is_file() {
            continue;
        }
        copy(disk, &Table::open(&path)?, &place.join(&name), &Selection::all())?;
        dat.keywords.set(&name, Value::Table(format!("././{name}")));
    }
    Ok(())
}

fn copy_files(disk: &Disk, table: &Table, place: &Path, dat: &TableDat) -> Result<(), Error> {
    let reading = table.inner().reading()?;
    if reading.as_ref().is_some_and(|now| now.sync.is_some() && now.sync.as_ref() != table.sync()) {
        let what = "another program wrote it after it was opened".to_owned();
        return Err(Error::Changed { table: table.path().to_owned(), what });
    }
    let is_ours = |seqnr| dat.storages.iter().any(|s| s.seqnr == seqnr);
    for file in files_of(table.path(), is_ours) {
        let target = place.join(file.file_name().unwrap_or_default());
        disk.copy(&file, &target)?;
        disk.open(target)?.sync()?;
    }
    disk.write(place.join("table.dat"), &dat::encode(dat))?;
    let lock = lock::new_file(dat.n_row, dat.columns.len() as u32, dat.storages.len());
    disk.write(place.join("table.lock"), &lock)?;
    disk.sync_dir(place)
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
    let spec = TableSpec { order: dat.order, keywords: dat.keywords.clone(), ..TableSpec::default() };
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
