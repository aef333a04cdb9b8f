//! Single cells that change where they stand, without new files.
//!
//! One write of a killed process may have been made up to the end of a page: so cells in one page are written where
//! they are, and for others the file is copied, changed and renamed. All that needs space comes first, so that a full
//! disk changes nothing. Where another process has the table open it would
//! not see the renamed file, so there all cells are written where they are.

use std::path::PathBuf;

use crate::desc::TableDat;
use crate::lock::SyncRecord;
use crate::write::dat;
use crate::write::editor::Editor;
use crate::write::patches::{Copies, Patches};
use crate::write::stage::Stage;
use crate::{DataType, Error};

impl Editor<'_> {
    /// Makes the changes if they are cells (and keywords) only, all of which can be overwritten; whether it did.
    pub(crate) fn overwrite(&mut self) -> Result<bool, Error> {
        if !self.is_cells_only() {
            return Ok(false);
        }
        let lock = self.lock()?;
        let is_alone = lock.user().is_none();
        let whole = |c: usize| self.edits[c].source.as_ref().is_some_and(|s| s.is_all_changed());
        if is_alone && (0..self.edits.len()).any(whole) {
            return Ok(false);
        }
        let Some((patches, storages)) = self.patches()? else { return Ok(false) };
        let stage = Stage::new();
        let before = lock.record()?;
        let result = self.apply(&patches, &stage, is_alone);
        let counts = (self.n_row, self.dat.columns.len(), self.dat.storages.len());
        let after = before
            .unwrap_or_else(SyncRecord::lost)
            .after(counts, self.keywords_change(), |i| storages.contains(&i));
        match result.and_then(|()| self.replace_record(&lock, Some(after.clone()))) {
            Ok(()) => Ok(true),
            Err(error) => {
                // What was changed by then is to be seen.
                let _ = lock.replace_record(Some(after));
                stage.remove(&self.disk, self.path());
                self.remove_new_dat();
                Err(error)
            }
        }
    }

    /// Does what needs space first: the copies and table.dat; then the cells change, and then the keywords.
    fn apply(&self, patches: &Patches, stage: &Stage, copies: bool) -> Result<(), Error> {
        let copies = if copies { patches.copy(&self.disk, stage)? } else { Copies::default() };
        let new_dat = if self.keywords_change() { Some(self.write_keywords()?) } else { None };
        stage.check(self.path())?;
        patches.apply(&self.disk, &copies)?;
        let Some(new_dat) = new_dat else { return Ok(()) };
        self.disk.rename(&new_dat, &self.path().join("table.dat"))?;
        self.disk.sync_dir(self.path())
    }

    /// Whether nothing changes but keywords and cells that were put into columns that are there.
    fn is_cells_only(&self) -> bool {
        let any = self.edits.iter().any(|e| e.source.is_some());
        let all_kept = self.edits.iter().filter_map(|e| e.source.as_ref()).all(|s| s.kept().is_some());
        let same_columns = self.plans.iter().all(|p| p.old.is_some() && !p.lost_one);
        let same_rows = self.n_row == self.old.n_row();
        any && all_kept && same_columns && same_rows && self.draft.is_none()
    }

    /// What is to be written where, and in which storage managers; `None` if that is not possible.
    fn patches(&self) -> Result<Option<(Patches, Vec<usize>)>, Error> {
        let (mut patches, mut storages) = (Patches::default(), Vec::new());
        for (c, source) in self.edits.iter().enumerate().filter_map(|(c, e)| Some((c, e.source.as_ref()?))) {
            let desc = &self.dat.columns[c];
            let reading = self.old.inner().reading()?;
            let located = self.old.inner().locate(&self.old.dat().columns[c], reading.as_ref())?;
            let Some(storage) = located.storage else { return Ok(None) };
            let is_bits = desc.info.data_type == DataType::Bool;
            let mut spots = Vec::new();
            for (rows, kept, first) in source.kept().into_iter().flatten() {
                for row in rows {
                    let Some((shape, cell)) = kept.cell(row - first) else { return Ok(None) };
                    spots.clear();
                    if !storage.spots(located.i_column, row, shape, &mut spots)? {
                        return Ok(None);
                    }
                    patches.add(&spots, cell, is_bits, shape.iter().product());
                }
            }
            storages.push(desc.storage);
        }
        Ok(Some((patches, storages)))
    }

    fn keywords_change(&self) -> bool {
        dat::encode(&self.dat) != dat::encode(self.old.dat())
    }

    fn write_keywords(&self) -> Result<PathBuf, Error> {
        // The row count as it was, for table.lock knows it.
        self.write_dat(&TableDat { n_row: self.old.dat().n_row, ..self.dat.clone() })
    }
}
