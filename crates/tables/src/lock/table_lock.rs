//! The lock of an open table, as it was asked for.

use std::marker::PhantomData;
use std::path::{Path, PathBuf};

use super::option::{LockEvent, LockKind, LockOption, OpenOptions};
use super::process::{Entered, ProcessLock};
use super::registry::Shared;
use super::sync::SyncRecord;
use super::wait::Wait;
use crate::Error;

/// The lock of an open table.
pub(crate) struct TableLock {
    table: PathBuf,
    options: OpenOptions,
    /// `None` for a table without table.lock.
    file: Option<Shared>,
}

/// Nobody writes the table while this lives, if it is locked at all.
pub(crate) struct Reading<'a> {
    lock: Option<&'a ProcessLock>,
    /// The sync record; `None` if there is none or nobody looked, for the table is not locked.
    pub(crate) sync: Option<SyncRecord>,
    /// A thread leaves what it entered.
    not_send: PhantomData<*const ()>,
}

impl TableLock {
    /// Says that the table is in use, where that is possible.
    pub(crate) fn open(table: &Path, options: &OpenOptions) -> Result<TableLock, Error> {
        let (table, options) = (table.to_owned(), options.clone());
        let lock = TableLock { file: Shared::open(&table)?, table, options };
        if let (Some(file), LockOption::Auto) = (&lock.file, lock.options.lock) {
            file.announce(&mut lock.wait(LockKind::Read))?;
        }
        lock.tell_if_unlocked();
        Ok(lock)
    }

    fn wait(&self, kind: LockKind) -> Wait<'_> {
        Wait::new(&self.table, &self.options, kind)
    }

    /// Enters for reading.
    ///
    /// # Errors
    /// When another writes for longer than was to be waited, or table.lock is damaged.
    pub(crate) fn read(&self) -> Result<Reading<'_>, Error> {
        let Some(file) = self.file.as_ref().filter(|_| self.options.lock == LockOption::Auto) else {
            return Ok(Reading::new(None, None));
        };
        Ok(match file.enter(LockKind::Read, &mut self.wait(LockKind::Read))? {
            Entered::Counted(sync) => Reading::new(Some(file), sync),
            Entered::Already(sync) => Reading::new(None, sync),
            Entered::Unsupported(_) => Reading::new(None, None),
        })
    }

    /// The sync record as it is, whoever may be writing it.
    pub(crate) fn sync_unlocked(&self) -> Result<Option<SyncRecord>, Error> {
        self.file.as_ref().map_or(Ok(None), |file| file.file().read().map(|(_, sync)| sync))
    }

    fn tell_if_unlocked(&self) {
        if self.options.lock == LockOption::NoLock {
            return;
        }
        let why = match &self.file {
            Some(file) => file.unsupported(),
            None => self.table.join("table.lock").exists().then(|| "table.lock may not be read".to_owned()),
        };
        if let Some(why) = why {
            self.options.tell(|| LockEvent::Unlocked { table: self.table.clone(), why });
        }
    }
}

impl<'a> Reading<'a> {
    fn new(lock: Option<&'a ProcessLock>, sync: Option<SyncRecord>) -> Self {
        Reading { lock, sync, not_send: PhantomData }
    }
}

impl Drop for Reading<'_> {
    fn drop(&mut self) {
        if let Some(lock) = self.lock {
            lock.leave(LockKind::Read);
        }
    }
}
