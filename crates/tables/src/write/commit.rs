//! The commit: new files, one rename of table.dat, then the old files go.
//!
//! What does not depend on anything but the sources is written before the table is locked, so that sources may read the
//! table in any thread. Under the lock it is checked that nobody changed the table since it was opened.

use std::path::{Path, PathBuf};

use crate::desc::{StorageDesc, TableDat};
use crate::dysco::KIND;
use crate::lock::SyncRecord;
use crate::storage::StoredColumn;
use crate::tsm::Tiled;
use crate::write::antennas::NAMES;
use crate::write::disk::DiskCall;
use crate::write::editor::Editor;
use crate::write::source::Source;
use crate::write::stage::{Stage, remove_abandoned};
use crate::write::storage::{NewColumn, NewFiles};
use crate::write::tiled::{OldTiles, is_sound};
use crate::write::{dat, storage};
use crate::{Error, LockOption, Table, WriteLock};

/// Rows that the map of a TiledShapeStMan can count.
const MOST_SHAPED_ROWS: u64 = u32::MAX as u64;

/// Storage managers to be written, by number.
#[derive(Default)]
struct Work {
    /// Whole new files.
    before_lock: Vec<usize>,
    /// Tiles that grow in the files there are, and what needs values of those that come before.
    under_lock: Vec<usize>,
}

impl Editor<'_> {
    /// Makes all changes, visible at one instant; the table as it then is.
    ///
    /// The table is locked for the end of it. Only where rows are added to tiles, or cells overwritten where they
    /// stand, their sources are called under the lock: those must not wait for another thread that reads the table.
    ///
    /// Killed before that instant, or after an error, the table is as it was (a new one is not there); files that
    /// remain from that are not part of it and go with the next commit. Cells that [`Editor::put`] gave, if nothing
    /// else changes, are overwritten where they stand: killed, each of them is the old or the new one, unless another
    /// process has the table open and the cell lies in two pages (of 4096 bytes) of its file.
    ///
    /// # Errors
    /// When a source fails or its cells do not suit the column, files cannot be written, a storage manager is of a kind
    /// that cannot be written, the table cannot be locked, another program changed it since it was opened, or has it
    /// open and more than cells of one size and keywords change. The table is then as it was; only if the disk fails
    /// after the rename (at making it durable, or at the row count in table.lock) is it the new one. Where cells that
    /// [`Editor::put`] gave are overwritten where they stand, all that needs space is done before; if the disk fails at
    /// that itself, each of them is the old or the new one.
    pub fn commit(mut self) -> Result<Table, Error> {
        if !self.overwrite()? {
            self.replace()?;
        }
        if let Some(draft) = &mut self.draft {
            draft.put_in_place(&self.disk)?;
        }
        Table::open_with(self.final_path(), self.old.options())
    }

    /// Locks the table, if nobody changed it.
    pub(crate) fn lock(&self) -> Result<WriteLock, Error> {
        let (table, options) = (self.path(), self.old.options());
        let file = table.join("table.lock");
        if !file.exists() {
            self.disk.before(DiskCall::Create, &file)?;
        }
        let lock = WriteLock::on(table, options)?;
        if options.lock == LockOption::Auto {
            lock.check_unchanged(&self.old)?;
        }
        Ok(lock)
    }

    /// As [`Editor::lock`], if the change is one that others can follow or there are none.
    fn lock_for_files(&self) -> Result<WriteLock, Error> {
        let lock = self.lock()?;
        if self.is_structural() {
            lock.exclusive()?;
        }
        Ok(lock)
    }

    /// Whether more changes than table.dat's keywords.
    fn is_structural(&self) -> bool {
        let n_column = self.old.dat().columns.len();
        self.n_row != self.old.n_row()
            || self.dat.columns.len() != n_column
            || (0..self.dat.storages.len()).any(|i| self.changes(i) || self.plans[i].lost_one)
    }

    /// New files in the place of old ones.
    fn replace(&mut self) -> Result<(), Error> {
        // Whoever is in the way is told before the work, and killed writers make room for it.
        let lock = self.lock_for_files()?;
        remove_abandoned(&self.disk, self.path())?;
        drop(lock);
        let stage = Stage::new();
        let result = self.stage(&stage).and_then(|work| self.publish(&stage, &work));
        if result.is_err() {
            stage.remove(&self.disk, self.path());
        }
        result
    }

    /// Writes what can be written before the table is locked; the work as it was divided.
    fn stage(&mut self, stage: &Stage) -> Result<Work, Error> {
        self.check_kinds()?;
        // What the table says is only believed as far as it is beyond every number in use.
        let in_use = self.old.dat().storages.iter().map(|s| s.seqnr.saturating_add(1)).max();
        self.dat.next_seqnr = self.old.dat().next_seqnr.max(in_use.unwrap_or(0));
        let mut work = Work::default();
        for i in 0..self.dat.storages.len() {
            if self.changes(i) {
                self.dat.storages[i].seqnr = self.dat.next_seqnr;
                self.dat.next_seqnr += 1;
                let grows = self.old_tiles(i)?.is_some();
                if grows { work.under_lock.push(i) } else { work.before_lock.push(i) }
            }
        }
        // Last, for it needs the antennas of all rows.
        let is_dysco = |i: &usize| self.dat.storages[*i].kind == KIND;
        let (last, first): (Vec<_>, Vec<_>) = work.before_lock.into_iter().partition(is_dysco);
        work.before_lock = first;
        let part = if work.under_lock.is_empty() { &mut work.before_lock } else { &mut work.under_lock };
        part.extend(last);
        work.before_lock.iter().try_for_each(|&i| self.write_storage(i, stage))?;
        Ok(work)
    }

    /// The rest, under the lock; its rename of table.dat is the instant at which everything becomes visible.
    fn publish(&mut self, stage: &Stage, work: &Work) -> Result<(), Error> {
        let lock = self.lock_for_files()?;
        let before = lock.record()?;
        // Nobody else writes now, so these are of writers that were killed.
        self.remove_unlisted()?;
        let storages: Vec<usize> = (0..self.dat.storages.len()).filter(|&i| self.changes(i)).collect();
        let after = self.next_record(before.clone(), &storages);
        let lengths = self.lengths(work);
        let result = work.under_lock.iter().try_for_each(|&i| self.write_storage(i, stage));
        if let Err(error) = result.and_then(|()| self.switch(stage, &lock)) {
            let _ = self.remove_unlisted();
            shorten(&lengths);
            if self.n_row != self.old.n_row() {
                let _ = lock.replace_record(before);
            }
            return Err(error);
        }
        self.disk.sync_dir(self.path())?;
        self.replace_record(&lock, Some(after))?;
        self.tidy_up();
        Ok(())
    }

    /// How long the files are that new ones share their bytes with.
    fn lengths(&self, work: &Work) -> Vec<(PathBuf, u64)> {
        let old = |i: &usize| self.plans[*i].old.map(|old| self.old.dat().storages[old].seqnr);
        let numbers: Vec<u32> = work.under_lock.iter().filter_map(old).collect();
        let files = files_of(self.path(), |seqnr| numbers.contains(&seqnr));
        files.into_iter().filter_map(|f| Some((f.clone(), f.metadata().ok()?.len()))).collect()
    }

    /// Gives the new files their names and then puts the new table.dat in place.
    fn switch(&mut self, stage: &Stage, lock: &WriteLock) -> Result<(), Error> {
        let (table, n_old) = (self.path().to_owned(), self.old.n_row());
        stage.reveal(&self.disk, &table)?;
        if self.n_row != n_old {
            // The row count of table.lock wins over that of table.dat: first that one tells the truth, then alone.
            if self.old.dat().n_row != n_old {
                let true_dat = TableDat { n_row: n_old, ..self.old.dat().clone() };
                self.replace_dat(&true_dat)?;
            }
            self.disk.sync_dir(&table)?;
            self.replace_record(lock, None)?;
        }
        self.drop_empty_storages();
        self.disk.sync_dir(&table)?;
        let dat = TableDat { n_row: self.n_row, ..self.dat.clone() };
        self.replace_dat(&dat)
    }

    /// Replaces the sync record, as a call that changes the disk.
    pub(crate) fn replace_record(&self, lock: &WriteLock, record: Option<SyncRecord>) -> Result<(), Error> {
        self.disk.before(DiskCall::Write, &self.path().join("table.lock"))?;
        lock.replace_record(record)
    }

    /// The sync record after a change of table.dat and these storage managers.
    fn next_record(&self, before: Option<SyncRecord>, storages: &[usize]) -> SyncRecord {
        let kept: Vec<usize> =
            (0..self.dat.storages.len()).filter(|&i| !self.dat.storages[i].columns.is_empty()).collect();
        let moved = kept.len() != self.old.dat().storages.len();
        let counts = (self.n_row, self.dat.columns.len(), kept.len());
        before.unwrap_or_else(SyncRecord::lost).after(counts, true, |i| moved || storages.contains(&kept[i]))
    }

    /// Whether storage manager `i` is to be written.
    fn changes(&self, i: usize) -> bool {
        let columns = &self.dat.storages[i].columns;
        let any = columns.iter().any(|&c| self.edits[c].source.is_some());
        let plan = &self.plans[i];
        let is_changed = any || plan.is_written || plan.lost_one || self.n_row != self.old.n_row();
        !columns.is_empty() && is_changed
    }

    fn check_kinds(&self) -> Result<(), Error> {
        for (i, desc) in self.dat.storages.iter().enumerate() {
            if self.changes(i) && desc.kind == "TiledShapeStMan" && self.n_row > MOST_SHAPED_ROWS {
                let name = &self.dat.columns[desc.columns[0]].info.name;
                let what = "TiledShapeStMan counts rows with 32 bits; give it a fixed shape";
                return Err(self.refused(format!("{} rows of column {name}: {what}", self.n_row)));
            }
            if self.changes(i) && !storage::is_written(&desc.kind) {
                let name = &self.dat.columns[desc.columns[0]].info.name;
                return Err(self.refused(format!(
                    "its column {name} is kept by {}, which is not written; copy the table with columns that are \
                     decoded first",
                    desc.kind
                )));
            }
            if self.changes(i) && desc.kind == KIND {
                self.old_blocks(i)?;
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
        let tiled = crate::storage::tiled(&self.old, old)?;
        let (header, order) = (&tiled.header, &tiled.parts);
        let with_data = header.cubes.iter().filter(|c| c.file.is_some()).count();
        // Cubes behind each other in one file cannot grow, and coordinates are not written.
        let can_grow = header.files().len() == with_data && order.len() == desc.columns.len();
        // A writer that died may have left a header that counts other rows than the table.
        let ends = header.segments.last().map_or(0, |segment| segment.last_row.saturating_add(1));
        let is_one_cube = desc.kind == "TiledColumnStMan";
        let rows_of_cube = header.cubes.first().and_then(|cube| cube.shape.last()).map_or(0, |&n| n as u64);
        let counts_right = header.n_row == n_row && ends <= n_row && (!is_one_cube || rows_of_cube == n_row);
        let can_grow = can_grow && counts_right && is_sound(&tiled);
        let Tiled { header, parts: order, .. } = tiled;
        Ok(can_grow.then_some(OldTiles { header, order, seqnr: desc.seqnr, n_row }))
    }

    fn write_storage(&mut self, i: usize, stage: &Stage) -> Result<(), Error> {
        let seqnr = self.dat.storages[i].seqnr;
        let old = self.old_tiles(i)?;
        let indices = self.dat.storages[i].columns.clone();
        let around = self.around(i)?;
        let has_dysco =
            (0..self.dat.storages.len()).any(|k| self.dat.storages[k].kind == KIND && self.changes(k));
        let mut columns = Vec::new();
        for c in indices {
            let source = match self.edits[c].source.take() {
                Some(source) => source,
                None => self.unchanged(c)?,
            };
            let stored = StoredColumn::new(&self.dat.columns[c]);
            let antenna = NAMES.iter().position(|name| *name == stored.name);
            let noted = antenna.filter(|_| has_dysco).map(|k| self.noted[k].clone());
            columns.push(NewColumn { stored, source, noted });
        }
        self.plans[i].is_written = true;
        let table = self.path().to_owned();
        let files = NewFiles {
            disk: &self.disk,
            table: &table,
            seqnr,
            stage,
            order: self.dat.order,
            n_row: self.n_row,
            name: &self.plans[i].name,
            tile_rows: self.plans[i].tile_rows,
            around,
        };
        let private = storage::write(&self.dat.storages[i].kind, &files, &mut columns, old.as_ref())?;
        self.dat.storages[i].private = private;
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

    /// Removes the files of numbers that the old table.dat does not have.
    fn remove_unlisted(&self) -> Result<(), Error> {
        let is_listed = |n| self.old.dat().storages.iter().any(|storage| storage.seqnr == n);
        files_of(self.path(), |n| !is_listed(n)).iter().try_for_each(|file| self.disk.remove(file))
    }

    /// Puts a new table.dat in the place of the old one.
    pub(crate) fn replace_dat(&self, dat: &TableDat) -> Result<(), Error> {
        let new = self.write_dat(dat)?;
        self.disk.rename(&new, &self.path().join("table.dat"))
    }

    /// Writes a new table.dat beside the old one; where it is.
    pub(crate) fn write_dat(&self, dat: &TableDat) -> Result<PathBuf, Error> {
        let new = self.path().join("table.dat_tmp");
        self.disk.write(new.clone(), &dat::encode(dat)).inspect_err(|_| self.remove_new_dat())?;
        Ok(new)
    }

    /// Removes a new table.dat that is not to be.
    pub(crate) fn remove_new_dat(&self) {
        // There is an error already, and what remains harms nobody.
        let _ = self.disk.remove(&self.path().join("table.dat_tmp"));
    }
}

/// Gives back the space of rows that were not added.
fn shorten(lengths: &[(PathBuf, u64)]) {
    for (path, length) in lengths {
        let file = std::fs::OpenOptions::new().write(true).open(path);
        // Rows behind the last are no damage.
        let _ = file.and_then(|f| if f.metadata()?.len() > *length { f.set_len(*length) } else { Ok(()) });
    }
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
