//! New tables: made whole under a name of their own beside the target, which one rename then gives them.

use std::path::{Path, PathBuf};

use crate::desc::TableDat;
use crate::lock;
use crate::value::{Record, Value};
use crate::write::dat;
use crate::write::disk::{Disk, DiskHook};
use crate::write::editor::Editor;
use crate::write::spec::TableSpec;
use crate::{Error, OpenOptions, Table};

/// A table that is not yet where it is to be; it goes if it never gets there.
pub(crate) struct Draft {
    pub(crate) place: PathBuf,
    pub(crate) target: PathBuf,
    pub(crate) finished: bool,
}

impl Draft {
    /// Finds a place beside `path`, at which nothing may be.
    pub(crate) fn new(disk: &Disk, path: &Path) -> Result<Self, Error> {
        let target = path.components().as_path().to_owned();
        if target.symlink_metadata().is_ok() {
            return Err(Error::Exists { path: target });
        }
        let name = target.file_name().unwrap_or_default().to_string_lossy();
        let place = target.with_file_name(format!(".{name}.unfinished-{}", std::process::id()));
        if place.exists() {
            disk.remove_dir(&place)?;
        }
        Ok(Draft { place, target, finished: false })
    }

    /// Gives a complete table its name.
    pub(crate) fn put_in_place(&mut self, disk: &Disk) -> Result<(), Error> {
        disk.sync_dir(&self.place)?;
        if self.target.symlink_metadata().is_ok() {
            return Err(Error::Exists { path: self.target.clone() });
        }
        disk.rename(&self.place, &self.target)?;
        self.finished = true;
        let parent = self.target.parent().filter(|p| !p.as_os_str().is_empty());
        disk.sync_dir(parent.unwrap_or(Path::new(".")))
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        if !self.finished {
            // There is nobody to tell, and what stays is named as unfinished.
            let _ = std::fs::remove_dir_all(&self.place);
        }
    }
}

impl Table {
    /// Begins a new table; [`Editor::commit`] puts it in place. Until then it is made beside `path`, under a hidden
    /// name, and nothing is at `path`.
    ///
    /// # Errors
    /// When something is at `path`, the directory cannot be written, or the description contradicts itself.
    pub fn create<'a>(path: impl AsRef<Path>, spec: &TableSpec) -> Result<Editor<'a>, Error> {
        create(Disk::default(), path.as_ref(), spec)
    }

    /// As [`Table::create`], with a hook before each call that changes the disk; for tests.
    ///
    /// # Errors
    /// As [`Table::create`].
    pub fn create_hooked<'a>(
        path: impl AsRef<Path>,
        spec: &TableSpec,
        hook: DiskHook,
    ) -> Result<Editor<'a>, Error> {
        create(Disk::hooked(hook), path.as_ref(), spec)
    }
}

fn create<'a>(disk: Disk, path: &Path, spec: &TableSpec) -> Result<Editor<'a>, Error> {
    let draft = Draft::new(&disk, path)?;
    let place = draft.place.clone();
    empty_table(&disk, &place, spec)?;
    let mut editor = Editor::on(disk, &place, &OpenOptions::default())?;
    editor.draft = Some(draft);
    spec.columns.iter().try_for_each(|column| editor.add_column(column))?;
    Ok(editor)
}

/// Writes a table without columns and, below it, its subtables without rows.
fn empty_table(disk: &Disk, place: &Path, spec: &TableSpec) -> Result<(), Error> {
    disk.create_dir(place)?;
    disk.write(place.join("table.info"), spec.info.text().as_bytes())?;
    let mut keywords = spec.keywords.clone();
    for (name, subtable) in &spec.subtables {
        let path = place.join(name);
        empty_table(disk, &path, subtable)?;
        let mut editor = Editor::on(disk.clone(), &path, &OpenOptions::default())?;
        subtable.columns.iter().try_for_each(|column| editor.add_column(column))?;
        editor.commit()?;
        keywords.set(name, Value::Table(format!("././{name}")));
    }
    empty_files(disk, place, &TableSpec { keywords, ..spec.clone() })
}

/// Writes the files of a table without columns in a directory.
pub(crate) fn empty_files(disk: &Disk, place: &Path, spec: &TableSpec) -> Result<(), Error> {
    let dat = TableDat {
        titles: [String::new(), String::new(), spec.comment.clone()],
        next_seqnr: 0,
        n_row: 0,
        order: spec.order,
        keywords: spec.keywords.clone(),
        private: Record::default(),
        columns: Vec::new(),
        storages: Vec::new(),
    };
    disk.write(place.join("table.dat"), &dat::encode(&dat))?;
    disk.write(place.join("table.lock"), &lock::new_file(0, 0, 0))
}
