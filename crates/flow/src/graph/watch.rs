//! The thread that looks at the clock while the others work: deadline, snapshots, stalls.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        OnceLock,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, Thread},
    time::{Duration, Instant},
};

use super::{
    OnStall, Settings,
    shared::Shared,
    snapshot::Scene,
    stall::{Stall, Vigil},
};
use crate::env::panic_error;

/// Rings when the run is over.
#[derive(Default)]
pub(crate) struct Bell {
    thread: OnceLock<Thread>,
    is_over: AtomicBool,
}

impl Bell {
    /// Who is to hear it.
    pub(crate) fn set(&self, thread: &Thread) {
        let _ = self.thread.set(thread.clone());
    }

    pub(crate) fn ring(&self) {
        self.is_over.store(true, Ordering::Release);
        self.thread.get().into_iter().for_each(Thread::unpark);
    }

    fn is_over(&self) -> bool {
        self.is_over.load(Ordering::Acquire)
    }
}

/// What is to be watched.
pub(crate) struct Watch<'a> {
    pub(crate) scene: &'a Scene,
    pub(crate) settings: &'a Settings,
    pub(crate) shared: &'a Shared,
}

impl Watch<'_> {
    /// Whether there is anything to watch.
    pub(crate) fn is_needed(settings: &Settings) -> bool {
        let Settings { deadline, snapshot_every, stall_after, observer, .. } = settings;
        deadline.is_some() || stall_after.is_some() || (snapshot_every.is_some() && observer.is_some())
    }

    /// Watches until the run is over.
    pub(crate) fn keep(&self, bell: &Bell) {
        let mut deadline = self.settings.deadline;
        let every = self.settings.snapshot_every.map(|every| every.max(Duration::from_millis(1)));
        let mut snapshot = every.map(|every| self.scene.started + every);
        let mut vigil = self.settings.stall_after.map(|after| Vigil::new(after, self.scene));
        let mut look = vigil.as_ref().map(|vigil| Instant::now() + vigil.period());
        while !bell.is_over() {
            let now = Instant::now();
            if deadline.take_if(|at| *at <= now).is_some() {
                self.shared.expired.store(true, Ordering::Relaxed);
            }
            if let Some(at) = snapshot.as_mut().filter(|at| **at <= now) {
                *at = now + every.unwrap_or_default();
                self.tell_snapshot(false);
            }
            if let (Some(at), Some(vigil)) = (look.as_mut().filter(|at| **at <= now), &mut vigil) {
                *at = now + vigil.period();
                vigil.look(self.scene).into_iter().for_each(|stall| self.tell_stall(stall));
            }
            match [deadline, snapshot, look].into_iter().flatten().min() {
                Some(next) => thread::park_timeout(next.saturating_duration_since(Instant::now())),
                None => return,
            }
        }
    }

    /// Gives the observer a snapshot.
    pub(crate) fn tell_snapshot(&self, is_final: bool) {
        if let (Some(observer), Some(_)) = (&self.settings.observer, self.settings.snapshot_every) {
            self.guard(|| observer.snapshot(&self.scene.snapshot(is_final)));
        }
    }

    fn tell_stall(&self, stall: Stall) {
        if let Some(observer) = &self.settings.observer {
            self.guard(|| observer.stalled(&stall));
        }
        if self.settings.on_stall == OnStall::End {
            self.shared.stall(stall);
        }
    }

    /// A panic of the observer stops the run like one of a task.
    fn guard(&self, tell: impl FnOnce()) {
        if let Err(payload) = catch_unwind(AssertUnwindSafe(tell)) {
            self.shared.fault.record(0, panic_error("observer", None, &*payload));
        }
    }
}
