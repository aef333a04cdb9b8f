//! The lock of one change to a table.

use std::collections::BTreeSet;
use std::marker::PhantomData;

use super::option::{LockKind, LockOption};
use super::process::Entered;
use super::registry::Shared;
use super::requests::Requests;
use super::sync::SyncRecord;
use super::wait::Wait;
use crate::{Error, Table};

/// While this lives, no other process or thread reads or writes the table, and [`WriteLock::table`] is as it is now.
///
/// Whoever changes files says what with the methods, and does so *before* changing them, so that even after an error
/// others look at them again. [`WriteLock::release`], or dropping, writes the sync record and lets others in. Locks
/// are for one change: others wait.
pub struct WriteLock {
    table: Table,
    file: Shared,
    /// It was entered, not held already by this thread or done without.
    counted: bool,
    changes: Changes,
    /// A thread leaves what it entered.
    not_send: PhantomData<*const ()>,
}

#[derive(Default)]
struct Changes {
    n_row: Option<u64>,
    layout: Option<(u32, usize)>,
    table: bool,
    storages: BTreeSet<usize>,
}

impl WriteLock {
    /// Takes the lock and follows what others changed since `table` was opened.
    pub(crate) fn take(table: &Table) -> Result<WriteLock, Error> {
        let (path, options) = (table.path(), table.options());
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
        let changes = Changes::default();
        let mut lock = WriteLock { table: table.clone(), file, counted, changes, not_send: PhantomData };
        lock.table = table.refresh()?;
        Ok(lock)
    }

    /// The table as it is now; what is changed under this lock it shows once that is released.
    pub fn table(&self) -> &Table {
        &self.table
    }

    /// Refuses a change that others cannot follow, such as another set of columns, if another process has the table
    /// open.
    ///
    /// # Errors
    /// [`Error::InUse`] with the process.
    pub fn exclusive(&self) -> Result<(), Error> {
        let path = self.table.path().to_owned();
        match self.user() {
            Some(user) => Err(Error::InUse { table: path, user }),
            None => Ok(()),
        }
    }

    /// Another process that has the table open; `Some(None)` if the system does not name it.
    pub fn user(&self) -> Option<Option<u32>> {
        self.file.file().holder(super::file::Byte::InUse, LockKind::Write)
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
        let (_, before) = self.file.file().read()?;
        self.file.publish(changes.apply(before, &self.table))
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

    fn apply(&self, before: Option<SyncRecord>, table: &Table) -> SyncRecord {
        let mut sync = before.unwrap_or(SyncRecord { n_row: table.n_row(), ..SyncRecord::default() });
        let layout = self.layout.unwrap_or_else(|| table.layout());
        sync.n_row = self.n_row.unwrap_or(sync.n_row);
        sync.n_column = Some(layout.0);
        sync.storages.resize(layout.1, 0);
        sync.modified = sync.modified.wrapping_add(1);
        sync.table = sync.table.wrapping_add(u32::from(self.table));
        for &i in &self.storages {
            if let Some(counter) = sync.storages.get_mut(i) {
                *counter = counter.wrapping_add(1);
            }
        }
        sync
    }
}

/// The table.lock of a new table.
#[cfg_attr(not(test), expect(dead_code, reason = "for the writer, which joins later"))]
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
        let table = Table::open(testkit::fixture("tiny.ms")).unwrap();
        assert!(Changes::default().is_none());
        let rows = Changes { n_row: Some(9), layout: Some((2, 3)), storages: [1].into(), table: false };
        let new = rows.apply(Some(old), &table);
        let want = SyncRecord { n_row: 9, n_column: Some(2), modified: 2, table: 1, storages: vec![1, 2, 1] };
        assert_eq!(new, want);
        let first = Changes { table: true, ..Changes::default() }.apply(None, &table);
        assert_eq!((first.n_row, first.modified, first.table), (table.n_row(), 1, 1));
        assert_eq!(first.storages.len(), table.layout().1);
    }
}
