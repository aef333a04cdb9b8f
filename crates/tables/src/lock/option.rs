//! How a table is locked, and what the one who opened it is told.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crate::Error;

/// Whether locks are taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LockOption {
    /// A lock for each range of rows that is read, and for each change; what casacore calls auto locking.
    #[default]
    Auto,
    /// None: for file systems without locks, or tables that nobody changes. What is read while another program
    /// changes the table may be wrong, and what two programs write at once is damaged.
    NoLock,
}

/// How a table is opened.
#[derive(Clone)]
pub struct OpenOptions {
    /// Whether locks are taken.
    pub lock: LockOption,
    /// How long to wait for a lock that another holds before it is an error.
    pub wait: Duration,
    /// Told of waiting, from the thread that waits.
    pub on_event: Option<OnLockEvent>,
    /// Asked before each range of rows is read and while a lock is waited for; yes is [`Error::Cancelled`].
    pub cancelled: Option<Cancelled>,
}

/// Takes events.
pub type OnLockEvent = Arc<dyn Fn(&LockEvent) + Send + Sync>;

/// Says whether nobody wants any longer what is being read.
pub type Cancelled = Arc<dyn Fn() -> bool + Send + Sync>;

impl Default for OpenOptions {
    /// Auto locking, ten minutes, told to nobody, never cancelled.
    fn default() -> Self {
        OpenOptions {
            lock: LockOption::Auto,
            wait: Duration::from_secs(600),
            on_event: None,
            cancelled: None,
        }
    }
}

impl OpenOptions {
    pub(crate) fn tell(&self, event: impl FnOnce() -> LockEvent) {
        if let Some(told) = &self.on_event {
            told(&event());
        }
    }

    /// An error once the reading of `table` was cancelled.
    pub(crate) fn still_wanted(&self, table: &Path) -> Result<(), Error> {
        match &self.cancelled {
            Some(cancelled) if cancelled() => Err(Error::Cancelled { table: table.to_owned() }),
            _ => Ok(()),
        }
    }
}

/// What a lock is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LockKind {
    /// Shared with others that read.
    Read,
    /// Shared with nobody.
    Write,
}

impl fmt::Display for LockKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if *self == LockKind::Read { "read" } else { "write" })
    }
}

/// Something that people may want to know; its `Display` is a sentence for them.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum LockEvent {
    /// Another holds the lock: told after a fifth of a second, then every ten seconds.
    Waiting {
        /// The table.
        table: PathBuf,
        /// What the lock is for.
        kind: LockKind,
        /// Who holds it; `None` where the system does not say, as for a process of another computer.
        holder: Option<u32>,
        /// How long it has been so.
        waited: Duration,
    },
    /// The lock came after a `Waiting`.
    Acquired {
        /// The table.
        table: PathBuf,
        /// How long it took.
        waited: Duration,
    },
    /// The table is read without locks, though they were asked for.
    Unlocked {
        /// The table.
        table: PathBuf,
        /// What the system says.
        why: String,
    },
}

impl fmt::Display for LockEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LockEvent::Waiting { table, kind, holder, waited } => write!(
                f,
                "waiting for a {kind} lock on {}, held by {} ({:.0} s so far)",
                table.display(),
                Holder(*holder),
                waited.as_secs_f64()
            ),
            LockEvent::Acquired { table, waited } => {
                write!(f, "got the lock on {} after {:.1} s", table.display(), waited.as_secs_f64())
            }
            LockEvent::Unlocked { table, why } => write!(
                f,
                "{} is read without locks ({why}); make sure that no other program changes it meanwhile",
                table.display()
            ),
        }
    }
}

/// A process as messages name it.
#[derive(Clone, Copy)]
pub(crate) struct Holder(pub(crate) Option<u32>);

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(pid) if pid == std::process::id() => write!(f, "another thread of this process ({pid})"),
            Some(pid) => write!(f, "process {pid}"),
            None => f.write_str("a process that the system does not name"),
        }
    }
}
