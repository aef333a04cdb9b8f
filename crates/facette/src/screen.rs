//! What a run has to say while it works, and how it is stopped.

use crate::{Error, Scratch};
use flow::{CancelToken, RunReport, graph::Snapshot};
use ms::{LockEvent, LockOption, OpenOptions};
use std::{sync::Arc, time::Duration};

/// Where facts and progress go; the command line prints them, a library user may ignore them.
pub trait Screen: Send + Sync {
    /// One fact: a short label and its text.
    fn fact(&self, label: &str, text: &str);
    /// A guess or a warning that the user may want to act on.
    fn note(&self, text: &str);
    /// A pass over the data begins.
    fn pass_started(&self);
    /// How far a pass has come, in visibilities.
    fn progress(&self, pass: &str, done: u64, total: u64);
    /// The pass has ended.
    fn pass_done(&self);
    /// How often [`Screen::snapshot`] is to be told of the pass in progress; `None`: never.
    fn snapshot_every(&self) -> Option<Duration> {
        None
    }
    /// What the stages of the pass in progress have done so far, and what they do now.
    fn snapshot(&self, snapshot: &Snapshot) {
        let _ = snapshot;
    }
    /// A chain has ended well: the survey of the data, then the one that makes the products.
    fn report(&self, report: &RunReport) {
        let _ = report;
    }
}

/// Says nothing.
pub struct Silent;

impl Screen for Silent {
    fn fact(&self, _: &str, _: &str) {}
    fn note(&self, _: &str) {}
    fn pass_started(&self) {}
    fn progress(&self, _: &str, _: u64, _: u64) {}
    fn pass_done(&self) {}
}

/// The surroundings of a run.
#[derive(Clone)]
pub struct Session {
    /// Where facts and progress go.
    pub screen: Arc<dyn Screen>,
    /// Stops the run between two chunks.
    pub cancel: CancelToken,
    /// Whether tables are locked while they are read.
    pub lock: LockOption,
    /// Unfinished products; a program that exits in the middle discards them.
    pub scratch: Scratch,
}

impl Session {
    /// An error if the session was cancelled.
    pub(crate) fn still_wanted(&self) -> Result<(), Error> {
        if self.cancel.is_cancelled() { Err(flow::Error::Cancelled.into()) } else { Ok(()) }
    }

    /// A session that says nothing and is never cancelled.
    pub fn silent() -> Self {
        Session {
            screen: Arc::new(Silent),
            cancel: CancelToken::new(),
            lock: LockOption::default(),
            scratch: Scratch::default(),
        }
    }

    /// How tables are opened to be read; the screen is told where that waits, or goes without locks, and reading ends
    /// when the session is cancelled.
    pub fn open_options(&self) -> OpenOptions {
        let screen = Arc::clone(&self.screen);
        let on_event = move |event: &LockEvent| screen.note(&event.to_string());
        let cancel = self.cancel.clone();
        let cancelled = move || cancel.is_cancelled();
        OpenOptions {
            lock: self.lock,
            on_event: Some(Arc::new(on_event)),
            cancelled: Some(Arc::new(cancelled)),
            ..OpenOptions::default()
        }
    }
}
