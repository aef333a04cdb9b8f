//! Waiting for a lock: how long between two tries, who is told, and when it is enough.

use std::path::Path;
use std::time::{Duration, Instant};

use super::option::{LockEvent, LockKind, OpenOptions};
use crate::Error;

/// Waited before anybody is told, or asked to let go; most waits are shorter.
const QUIET: Duration = Duration::from_millis(200);
/// Between two times of telling.
const AGAIN: Duration = Duration::from_secs(10);
const SHORTEST: Duration = Duration::from_millis(1);
const LONGEST: Duration = Duration::from_secs(1);

/// A wait for one lock.
pub(crate) struct Wait<'a> {
    table: &'a Path,
    options: &'a OpenOptions,
    kind: LockKind,
    /// Of the first refusal.
    since: Option<Instant>,
    /// When to tell next, counted from there.
    tell_at: Duration,
}

impl<'a> Wait<'a> {
    pub(crate) fn new(table: &'a Path, options: &'a OpenOptions, kind: LockKind) -> Self {
        Wait { table, options, kind, since: None, tell_at: QUIET }
    }

    /// After a refusal because of `holder`: how long to wait until the next try.
    ///
    /// An eighth of what was waited so far, from 1 ms to 1 s: short locks are met soon, long ones cost little.
    ///
    /// # Errors
    /// [`Error::Locked`] when the time is over, [`Error::Cancelled`] when nobody wants the lock any longer.
    pub(crate) fn next(&mut self, holder: Option<u32>) -> Result<Duration, Error> {
        let waited = self.since.get_or_insert_with(Instant::now).elapsed();
        let (table, kind) = (self.table, self.kind);
        self.options.still_wanted(table)?;
        if waited >= self.options.wait {
            return Err(Error::Locked { table: table.to_owned(), kind, holder, waited });
        }
        if waited >= self.tell_at {
            self.tell_at = waited + AGAIN;
            self.options.tell(|| LockEvent::Waiting { table: table.to_owned(), kind, holder, waited });
        }
        Ok((waited / 8).clamp(SHORTEST, LONGEST).min(self.options.wait - waited))
    }

    /// Whether it is time to ask the holder to let go.
    pub(crate) fn is_long(&self) -> bool {
        self.since.is_some_and(|since| since.elapsed() >= QUIET)
    }

    /// The lock came.
    pub(crate) fn done(&self) {
        if self.tell_at == QUIET {
            return;
        }
        if let Some(since) = self.since {
            let event = || LockEvent::Acquired { table: self.table.to_owned(), waited: since.elapsed() };
            self.options.tell(event);
        }
    }
}
