//! Letting others in: a casacore that waits for a lock tries once a second, so gaps between two reads do not help it.
//!
//! A process that reads range after range gives its lock up after each, but only for microseconds, and when several
//! threads read, never. So one that finds a request for the table stays away for a little more than a second, once
//! for each list of requests. A process that was killed leaves its request behind for ever; such are passed over, and so
//! are processes of other computers, for the list does not say which computer a number belongs to.

use std::thread;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::sys::signal::kill;
use nix::unistd::Pid;

use super::file::LockFile;
use super::requests::Requests;

/// Staying away: longer than casacore's time between two tries.
const AWAY: Duration = Duration::from_millis(1200);
/// Between two looks at the list while staying away.
const LOOK: Duration = Duration::from_millis(5);
/// Between two looks while threads share the lock.
const SHARED: Duration = Duration::from_secs(1);

/// What is remembered of a lock's past.
#[derive(Clone, Default)]
pub(crate) struct Fairness {
    /// When it was given up last.
    released: Option<Instant>,
    /// When the list was looked at last while the lock was shared.
    looked: Option<Instant>,
    /// The last list that was given way to.
    obeyed: Requests,
}

impl Fairness {
    pub(crate) fn granted(&mut self) {
        self.looked = None;
    }

    pub(crate) fn released(&mut self) {
        self.released = Some(Instant::now());
    }

    /// Whether threads should cease to share the lock, so that it can be given up.
    pub(crate) fn must_end(&mut self, file: &LockFile) -> bool {
        let looked = *self.looked.get_or_insert_with(Instant::now);
        if looked.elapsed() < SHARED {
            return false;
        }
        self.looked = Some(Instant::now());
        self.asks(&file.requests())
    }

    /// Waits for those who ask for the table, if this process has just had it.
    pub(crate) fn give_way(&mut self, file: &LockFile) {
        let Some(until) = self.released.map(|at| at + AWAY).filter(|&until| until > Instant::now()) else {
            return;
        };
        let list = file.requests();
        if !self.asks(&list) {
            return;
        }
        self.obeyed = list;
        while Instant::now() < until && file.requests() == self.obeyed {
            thread::sleep(LOOK);
        }
    }

    fn asks(&self, list: &Requests) -> bool {
        let me = std::process::id() as i32;
        *list != self.obeyed && list.0.iter().any(|&process| process != me && is_alive(process))
    }
}

/// Whether this computer has such a process.
pub(crate) fn is_alive(process: i32) -> bool {
    process > 0 && kill(Pid::from_raw(process), None) != Err(Errno::ESRCH)
}
