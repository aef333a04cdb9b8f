//! The lock of one change to a table.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::file::Byte;
use super::option::{LockKind, LockOption, OpenOptions};
use super::process::Entered;
use super::registry::Shared;
use super::requests::Requests;
use super::sync::SyncRecord;
use super::wait::Wait;
use crate::desc::Description;
use crate::{Error, Table};

/// While this lives, no other process reads or writes the table, and no other thread of this one.
///
/// The thread that took it, or used it last, reads the table freely. What it changed it says with the methods, *before*
/// it changes files, so that even after an error others look at them again. [`WriteLock::release`], or dropping,
/// writes that to the sync record and lets others in. They wait meanwhile: locks are for one change.
pub struct WriteLock {
    table: PathBuf,
    file: Shared,
    /// It was entered; not held already by this thread, nor done without.
    counted: bool,
    changes: Changes,
}

#[derive(Default)]
struct Changes {
    n_row: Option<u64>,
    layout: Option<(u32, usize)>,
    table: bool,
    storages: BTreeSet<usize>,
}

impl WriteLock {
    /// Locks the table at `path`; makes its table.lock if there is none.
    ///
    /// # Errors
    /// When others hold it for longer than the options say, or it cannot be locked or not be written.
    pub fn on(path: &Path, options: &OpenOptions) -> Result<WriteLock, Error> {
        let none = |why: String| Error::NoLocks { table: path.to_owned(), why };
        let file = Shared::create(path)?.ok_or_else(|| none("table.lock may not be read".to_owned()))?;
        if !file.file().writable {
            return Err(none("table.lock may not be written".to_owned()));
        }
        let mut wait = Wait::new(path, options, LockKind::Write);
        let mut counted = false;
        if options.lock == LockOption::Auto {
            file.announce(&mut wait)?;
            match file.enter(LockKind::Write, &mut wait)? {
                Entered::Counted(_) => counted = true,
                Entered::Already(_) => {}
                Entered::Unsupported(why) => return Err(none(why)),
            }
        }
        Ok(WriteLock { table: path.to_owned(), file, counted, changes: Changes::default() })
    }

    /// Lets this thread read under the lock, in place of the one that took it.
    pub fn adopt(&self) {
        if self.counted {
            self.file.adopt();
        }
    }

    /// Checks that nobody changed the table since `table` was opened.
    ///
    /// # Errors
    /// [`Error::Changed`].
    pub fn check_unchanged(&self, table: &Table) -> Result<(), Error> {
        if self.record()?.as_ref() == table.sync() {
            return Ok(());
        }
        Err(Error::Changed { table: self.table.clone(), what: "its count of changes grew".to_owned() })
    }

    /// The sync record as it is.
    pub(crate) fn record(&self) -> Result<Option<SyncRecord>, Error> {
        self.file.file().read().map(|(_, record)| record)
    }

    /// Replaces the sync record, durably; `None` takes it away, and then table.dat's row count is the true one.
    pub(crate) fn replace_record(&self, record: Option<SyncRecord>) -> Result<(), Error> {
        self.file.publish(record)
    }

    /// Refuses a change that others cannot follow, such as another set of columns, if another process has the table
    /// open.
    ///
    /// # Errors
    /// [`Error::InUse`] with the process.
    pub fn exclusive(&self) -> Result<(), Error> {
        match self.user() {
            Some(user) => Err(Error::InUse { table: self.table.clone(), user }),
            None => Ok(()),
        }
    }

    /// Another process that has the table open; `Some(None)` if the system does not name it.
    pub fn user(&self) -> Option<Option<u32>> {
        self.file.file().holder(Byte::InUse, LockKind::Write)
    }

    /// Cells of storage manager `i` (in the table's order) change.
    pub fn changes_storage(&mut self, i: usize) {
        self.changes.storages.insert(i);
    }

    /// table.dat changes: keywords, or the description.
    pub fn changes_table(&mut self) {
        self.changes.table = true;
    }

    /// The table has this many rows from now on.
    pub fn set_n_row(&mut self, n_row: u64) {
        self.changes.n_row = Some(n_row);
    }

    /// The table has these numbers of columns and storage managers from now on.
    pub fn set_layout(&mut self, n_column: u32, n_storage: usize) {
        self.changes.layout = Some((n_column, n_storage));
        self.changes_table();
    }

    /// Lets others in, after telling them what changed. The data must be in their files by now, and synced if they
    /// are to survive a power cut.
    ///
    /// # Errors
    /// When table.lock cannot be written; others may then not notice the change.
    pub fn release(mut self) -> Result<(), Error> {
        self.publish()
    }

    fn publish(&mut self) -> Result<(), Error> {
        let changes = std::mem::take(&mut self.changes);
        if changes.is_none() {
            return Ok(());
        }
        let before = match self.record()? {
            Some(record) => record,
            None => SyncRecord { n_row: Description::read_plain(&self.table)?.n_row, ..SyncRecord::lost() },
        };
        let after = changes.apply(before);
        self.replace_record(Some(after))
    }
}

impl Drop for WriteLock {
    fn drop(&mut self) {
        // `release` is for those who want to know.
        let _ = self.publish();
        if self.counted {
            self.file.leave(LockKind::Write);
        }
    }
}

impl Changes {
    fn is_none(&self) -> bool {
        self.n_row.is_none() && self.layout.is_none() && !self.table && self.storages.is_empty()
    }

    /// The record after these changes of what had the record `before`. If neither knows a layout, it says that anything
    /// may have changed.
    fn apply(&self, before: SyncRecord) -> SyncRecord {
        let mut sync = before;
        sync.n_row = self.n_row.unwrap_or(sync.n_row);
        if let Some((n_column, n_storage)) = self.layout {
            sync.n_column = Some(n_column);
            sync.storages.resize(n_storage, sync.modified);
        }
        sync.count(self.table, |i| self.storages.contains(&i));
        sync
    }
}

/// The table.lock of a new table.
pub(crate) fn new_file(n_row: u64, n_column: u32, n_storage: usize) -> Vec<u8> {
    let sync =
        SyncRecord { n_row, n_column: Some(n_column), modified: 1, table: 1, storages: vec![1; n_storage] };
    [Requests::default().bytes(), sync.bytes()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_count_and_nothing_else_does() {
        let file = new_file(5, 2, 3);
        let old = SyncRecord::parse("table.lock".as_ref(), 260, &file[260..]).unwrap().unwrap();
        assert!(Changes::default().is_none());
        let rows = Changes { n_row: Some(9), storages: [1].into(), ..Changes::default() };
        let new = rows.apply(old);
        let want = SyncRecord { n_row: 9, n_column: Some(2), modified: 2, table: 1, storages: vec![1, 2, 1] };
        assert_eq!(new, want);
        let column = Changes { layout: Some((3, 4)), table: true, ..Changes::default() }.apply(new);
        assert_eq!((column.n_row, column.table, column.storages.len()), (9, 2, 4));
        let first =
            Changes { n_row: Some(4), table: true, ..Changes::default() }.apply(SyncRecord::default());
        assert_eq!((first.n_row, first.n_column, first.modified), (4, None, 1));
    }
}
