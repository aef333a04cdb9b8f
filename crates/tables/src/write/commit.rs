//! The commit: new files, one rename of table.dat, then the old files go.

use std::path::{Path, PathBuf};

use crate::desc::{StorageDesc, TableDat};
use crate::storage::StoredColumn;
use crate::write::editor::Editor;
use crate::write::source::Source;
use crate::write::storage::{NewColumn, NewFiles};
use crate::write::sync::{self, Counters};
use crate::write::tiled::OldTiles;
use crate::write::{dat, storage};
use crate::{Error, Table};

impl Editor<'_> {
    /// Makes all changes, visible at one instant; the table as it then is.
    ///
    /// Killed before that instant, or after an error, the table is as it was (a new one is not there); files that
    /// remain from that are not part of it and go with the next commit.
    ///
    /// # Errors
    /// When a source fails or its cells do not suit the column, files cannot be written, or a storage manager is of a
    /// kind that cannot be written. The table is then as it was; only if the disk fails after the rename (at making it
    /// durable, or at the row count in table.lock) is it the new one.
    pub fn commit(mut self) -> Result<Table, Error> {
        let table = self.path().to_owned();
        let before = Counters::read(&table);
        let (n_old, seqnr) = (self.old.n_row(), self.old.dat().next_seqnr);
        // Those that a killed writer left.
        self.remove_from(seqnr)?;
        // Its last step, the rename, is the instant at which everything becomes visible.
        let result = self.prepare(n_old, seqnr).and_then(|()| self.publish());
        if let Err(error) = result {
            let _ = self.remove_from(seqnr);
            if self.n_row != n_old {
                let n = (self.old.dat().columns.len(), self.old.dat().storages.len());
                let _ = sync::write(&self.disk, &table, before, n_old, n);
            }
            return Err(error);
        }
        self.disk.sync_dir(&table)?;
        let counts = (self.dat.columns.len(), self.dat.storages.len());
        sync::write(&self.disk, &table, before, self.n_row, counts)?;
        self.tidy_up();
        if let Some(draft) = &mut self.draft {
            draft.put_in_place(&self.disk)?;
        }
        Table::open(self.final_path())
    }

    /// Makes table.dat's row count the one that counts and writes the new files.
    fn prepare(&mut self, n_old: u64, seqnr: u32) -> Result<(), Error> {
        let table = self.path().to_owned();
        self.check_kinds()?;
        if self.n_row != n_old {
            if self.old.dat().n_row != n_old {
                let true_dat = TableDat { n_row: n_old, ..self.old.dat().clone() };
                replace_dat(self, &true_dat)?;
                self.disk.sync_dir(&table)?;
            }
            sync::take_away(&self.disk, &table)?;
        }
        self.dat.next_seqnr = seqnr;
        for i in 0..self.dat.storages.len() {
            if self.changes(i) {
                self.write_storage(i)?;
            }
        }
        self.drop_empty_storages();
        self.disk.sync_dir(&table)
    }

    fn publish(&mut self) -> Result<(), Error> {
        self.dat.n_row = self.n_row;
        let dat = self.dat.clone();
        replace_dat(self, &dat)
    }

    /// Whether storage manager `i` is to be written.
    fn changes(&self, i: usize) -> bool {
        let columns = &self.dat.storages[i].columns;
        let any = columns.iter().any(|&c| self.edits[c].source.is_some());
        let plan = &self.plans[i];
        !columns.is_empty() && (any || plan.lost_one || self.n_row != self.old.n_row())
    }

    fn check_kinds(&self) -> Result<(), Error> {
        for (i, desc) in self.dat.storages.iter().enumerate() {
            if self.changes(i) && !storage::is_written(&desc.kind) {
                let name = &self.dat.columns[desc.columns[0]].info.name;
                return Err(self.refused(format!(
                    "its column {name} is kept by {}, which is not written; copy the table with columns that are \
                     decoded first",
                    desc.kind
                )));
            }
        }
        Ok(())
    }

    /// The tiles of storage manager `i` that new rows can be added to, if nothing else changes in it.
    fn old_tiles(&self, i: usize) -> Result<Option<OldTiles>, Error> {
        let n_row = self.old.n_row();
        let Some(old) = self.plans[i].old.filter(|_| !self.plans[i].lost_one) else { return Ok(None) };
        let desc = &self.old.dat().storages[old];
        let sources = desc.columns.iter().filter_map(|&c| {
            let name = &self.old.dat().columns[c].info.name;
            let at = self.column_names().position(|n| n == name)?;
            self.edits[at].source.as_ref()
        });
        let only_new = sources.flat_map(Source::changed).all(|rows| rows.start >= n_row);
        if !only_new || !matches!(desc.kind.as_str(), "TiledColumnStMan" | "TiledShapeStMan") {
            return Ok(None);
        }
        let (header, order) = crate::storage::tiled_header(&self.old, old)?;
        let with_data = header.cubes.iter().filter(|c| c.file.is_some()).count();
        // Cubes behind each other in one file cannot grow, and coordinates are not written.
        let can_grow = header.files().len() == with_data && order.len() == desc.columns.len();
        Ok(can_grow.then_some(OldTiles { header, order, seqnr: desc.seqnr, n_row }))
    }

    fn write_storage(&mut self, i: usize) -> Result<(), Error> {
        let seqnr = self.dat.next_seqnr;
        self.dat.next_seqnr += 1;
        let old = self.old_tiles(i)?;
        let indices = self.dat.storages[i].columns.clone();
        let mut columns = Vec::new();
        for c in indices {
            let source = match self.edits[c].source.take() {
                Some(source) => source,
                None => self.unchanged(c)?,
            };
            columns.push(NewColumn { stored: StoredColumn::new(&self.dat.columns[c]), source });
        }
        let table = self.path().to_owned();
        let files = NewFiles {
            disk: &self.disk,
            table: &table,
            seqnr,
            order: self.dat.order,
            n_row: self.n_row,
            name: &self.plans[i].name,
            tile_rows: self.plans[i].tile_rows,
        };
        let private = storage::write(&self.dat.storages[i].kind, &files, &mut columns, old.as_ref())?;
        let desc = &mut self.dat.storages[i];
        desc.private = private;
        desc.seqnr = seqnr;
        Ok(())
    }

    /// Storage managers without columns are no part of the table.
    fn drop_empty_storages(&mut self) {
        let kept: Vec<usize> =
            (0..self.dat.storages.len()).filter(|&i| !self.dat.storages[i].columns.is_empty()).collect();
        let place = |storage: usize| kept.iter().position(|&i| i == storage).unwrap_or(0);
        self.dat.columns.iter_mut().for_each(|c| c.storage = place(c.storage));
        self.dat.storages = kept.iter().map(|&i| self.dat.storages[i].clone()).collect();
        self.plans = kept.iter().map(|&i| self.plans[i].clone()).collect();
    }

    /// Removes the files of numbers that the new table does not have and the old had.
    fn tidy_up(&self) {
        let is_kept = |s: &&StorageDesc| self.dat.storages.iter().any(|kept| kept.seqnr == s.seqnr);
        for gone in self.old.dat().storages.iter().filter(|s| !is_kept(s)) {
            for file in files_of(self.path(), |seqnr| seqnr == gone.seqnr) {
                // What remains harms nobody.
                let _ = self.disk.remove(&file);
            }
        }
    }

    /// Removes the files of numbers from `seqnr` on, which no table.dat has.
    fn remove_from(&self, seqnr: u32) -> Result<(), Error> {
        files_of(self.path(), |n| n >= seqnr).iter().try_for_each(|file| self.disk.remove(file))
    }
}

/// Puts a new table.dat in the place of the old one.
fn replace_dat(editor: &Editor<'_>, dat: &TableDat) -> Result<(), Error> {
    let (disk, table) = (&editor.disk, editor.path());
    let new = table.join("table.dat_tmp");
    disk.write(new.clone(), &dat::encode(dat))?;
    disk.rename(&new, &table.join("table.dat"))
}

/// The files `table.fN…` of the numbers N that `wanted` picks.
pub(crate) fn files_of(table: &Path, wanted: impl Fn(u32) -> bool) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(table).into_iter().flatten().flatten();
    let mut files: Vec<PathBuf> = entries
        .filter(|e| seqnr_of(&e.file_name().to_string_lossy()).is_some_and(&wanted))
        .map(|e| e.path())
        .collect();
    files.sort();
    files
}

/// The number in a name `table.fN…`.
fn seqnr_of(name: &str) -> Option<u32> {
    let rest = name.strip_prefix("table.f")?;
    let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    let is_ours =
        matches!(&rest[end..], "" | "i") || rest[end..].starts_with("_TSM") || rest[end..].starts_with('i');
    rest[..end].parse().ok().filter(|_| is_ours)
}
