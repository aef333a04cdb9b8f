//! The locks of this process on one table, shared by its threads.
//!
//! To other processes this one reads, writes or does neither; which of its threads do is settled here. Readers share,
//! a writer is alone, and readers that come while a writer waits stay behind it, but for threads that read already:
//! a read inside a read must not wait for a writer that waits for it. A thread that holds the write lock reads freely.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, ThreadId};

use super::fairness::Fairness;
use super::file::{Answer, Byte, LockFile};
use super::option::LockKind;
use super::sync::SyncRecord;
use super::wait::Wait;
use crate::Error;

/// The locks of this process on one table.
pub(crate) struct ProcessLock {
    file: LockFile,
    held: Mutex<Held>,
    changed: Condvar,
}

#[derive(Default)]
struct Held {
    /// One entry a read, so a thread may be in it more than once.
    readers: Vec<ThreadId>,
    writer: Option<ThreadId>,
    n_writer_waiting: usize,
    /// A thread is asking the system, without the mutex.
    asking: bool,
    /// Others ask for the table, so no more readers join.
    ending: bool,
    /// Byte 1 is locked.
    in_use: bool,
    /// The file system has no locks; its words.
    unsupported: Option<String>,
    /// As it was when the lock was granted; nobody changes it while the lock is held.
    sync: Option<SyncRecord>,
    fairness: Fairness,
}

/// What a thread was given.
pub(crate) enum Entered {
    /// The lock; it has to be left.
    Counted(Option<SyncRecord>),
    /// The thread holds the write lock anyway.
    Already(Option<SyncRecord>),
    /// There are no locks here; why.
    Unsupported(String),
}

impl ProcessLock {
    pub(crate) fn new(file: LockFile) -> Self {
        ProcessLock { file, held: Mutex::default(), changed: Condvar::new() }
    }

    pub(crate) fn file(&self) -> &LockFile {
        &self.file
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells other processes that this one has the table open; they are told otherwise when the file is closed.
    ///
    /// # Errors
    /// When another keeps the table for itself alone for longer than `wait` allows.
    pub(crate) fn announce(&self, wait: &mut Wait<'_>) -> Result<(), Error> {
        loop {
            let mut held = self.held();
            if held.in_use || held.unsupported.is_some() {
                return Ok(());
            }
            match self.file.lock(Byte::InUse, LockKind::Read)? {
                Answer::Granted => held.in_use = true,
                Answer::Unsupported(why) => held.unsupported = Some(why),
                Answer::Refused => {
                    drop(held);
                    thread::sleep(wait.next(self.file.holder(Byte::InUse, LockKind::Read).flatten())?);
                }
            }
        }
    }

    /// Why the file system has no locks, if it was found to have none.
    pub(crate) fn unsupported(&self) -> Option<String> {
        self.held().unsupported.clone()
    }

    /// Enters as a reader or as the writer, waiting as long as `wait` allows.
    pub(crate) fn enter(&self, kind: LockKind, wait: &mut Wait<'_>) -> Result<Entered, Error> {
        let mut held = self.held();
        if held.writer == Some(thread::current().id()) {
            return Ok(Entered::Already(held.sync.clone()));
        }
        if kind == LockKind::Read {
            return self.enter_in_turn(held, kind, wait);
        }
        held.n_writer_waiting += 1;
        let entered = self.enter_in_turn(held, kind, wait);
        self.held().n_writer_waiting -= 1;
        self.changed.notify_all();
        entered
    }

    fn enter_in_turn<'a>(
        &'a self,
        mut held: MutexGuard<'a, Held>,
        kind: LockKind,
        wait: &mut Wait<'_>,
    ) -> Result<Entered, Error> {
        loop {
            if let Some(why) = &held.unsupported {
                return Ok(Entered::Unsupported(why.clone()));
            }
            if kind == LockKind::Read && held.may_join(&self.file) {
                held.readers.push(thread::current().id());
                return Ok(Entered::Counted(held.sync.clone()));
            }
            if held.is_free(kind) {
                return self.ask(held, kind, wait);
            }
            let other = if held.asking { self.file.holder(Byte::Data, kind).flatten() } else { None };
            let pause = wait.next(other.or(Some(std::process::id())))?;
            held = self.changed.wait_timeout(held, pause).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Asks the system, while other threads wait.
    fn ask<'a>(
        &'a self,
        mut held: MutexGuard<'a, Held>,
        kind: LockKind,
        wait: &mut Wait<'_>,
    ) -> Result<Entered, Error> {
        held.asking = true;
        let mut fairness = std::mem::take(&mut held.fairness);
        drop(held);
        fairness.give_way(&self.file);
        let asked = self.acquire(kind, wait);
        let mut held = self.held();
        held.asking = false;
        held.fairness = fairness;
        let entered = asked.map(|answer| held.take(answer, kind));
        drop(held);
        self.changed.notify_all();
        entered
    }

    /// The lock and what the file says now, or why there are none.
    fn acquire(
        &self,
        kind: LockKind,
        wait: &mut Wait<'_>,
    ) -> Result<Result<Option<SyncRecord>, String>, Error> {
        match self.poll(kind, wait)? {
            Answer::Unsupported(why) => return Ok(Err(why)),
            Answer::Granted | Answer::Refused => wait.done(),
        }
        self.file.read().map(|(_, sync)| Ok(sync)).inspect_err(|_| self.file.unlock(Byte::Data))
    }

    /// Tries until the lock is granted; leaves a request when that takes long.
    ///
    /// Not at once: a casacore that gave its lock up on request sleeps a second if it is refused the next time.
    fn poll(&self, kind: LockKind, wait: &mut Wait<'_>) -> Result<Answer, Error> {
        let me = std::process::id() as i32;
        let mut requested = false;
        let answer = loop {
            match self.file.lock(Byte::Data, kind) {
                Ok(Answer::Refused) => {}
                other => break other,
            }
            if !requested && wait.is_long() {
                self.file.change_requests(|list| list.add(me));
                requested = true;
            }
            match wait.next(self.file.holder(Byte::Data, kind).flatten()) {
                Ok(pause) => thread::sleep(pause),
                Err(over) => break Err(over),
            }
        };
        if requested {
            self.file.change_requests(|list| list.remove(me));
        }
        answer
    }

    /// Writes the sync record; the caller holds the write lock, or wants none.
    pub(crate) fn publish(&self, sync: Option<SyncRecord>) -> Result<(), Error> {
        self.file.write(sync.as_ref())?;
        self.held().sync = sync;
        Ok(())
    }

    /// Makes this thread the one that writes, in place of another.
    pub(crate) fn adopt(&self) {
        let mut held = self.held();
        held.writer = held.writer.map(|_| thread::current().id());
    }

    /// Leaves what [`Entered::Counted`] was.
    pub(crate) fn leave(&self, kind: LockKind) {
        let mut held = self.held();
        match kind {
            LockKind::Write => held.writer = None,
            LockKind::Read => {
                let me = thread::current().id();
                if let Some(i) = held.readers.iter().position(|&reader| reader == me) {
                    held.readers.swap_remove(i);
                }
            }
        }
        if held.readers.is_empty() {
            self.file.unlock(Byte::Data);
            held.ending = false;
            held.fairness.released();
        }
        drop(held);
        self.changed.notify_all();
    }
}

impl Held {
    /// Whether this thread may read along with those that do.
    fn may_join(&mut self, file: &LockFile) -> bool {
        if self.readers.is_empty() {
            return false;
        }
        self.ending = self.ending || self.fairness.must_end(file);
        let first = self.n_writer_waiting == 0 && !self.ending;
        first || self.readers.contains(&thread::current().id())
    }

    /// Whether nobody in this process holds the lock, or goes before.
    fn is_free(&self, kind: LockKind) -> bool {
        let others = kind == LockKind::Read && self.n_writer_waiting > 0;
        self.readers.is_empty() && self.writer.is_none() && !self.asking && !others
    }

    fn take(&mut self, answer: Result<Option<SyncRecord>, String>, kind: LockKind) -> Entered {
        let sync = match answer {
            Ok(sync) => sync,
            Err(why) => {
                self.unsupported = Some(why.clone());
                return Entered::Unsupported(why);
            }
        };
        let me = thread::current().id();
        match kind {
            LockKind::Read => self.readers.push(me),
            LockKind::Write => self.writer = Some(me),
        }
        self.fairness.granted();
        self.sync.clone_from(&sync);
        Entered::Counted(sync)
    }
}
