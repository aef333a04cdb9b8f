//! What all threads of a run look at: why and when it is to stop.

use std::sync::{
    OnceLock,
    atomic::{AtomicBool, AtomicU64, Ordering},
};

use super::{Settings, fault::Fault, recut::Part, stall::Stall};
use crate::{CancelToken, Error};

/// What all threads of a run look at.
pub(crate) struct Shared {
    pub(crate) frames: u64,
    pub(crate) cancel: CancelToken,
    pub(crate) expired: AtomicBool,
    /// Why the run is to end, if nothing moved.
    stalled: OnceLock<Stall>,
    pub(crate) fault: Fault,
    /// Next frame, where the first stage has several replicas.
    pub(crate) next: AtomicU64,
    part: Part,
    /// All frames that were asked for have been given, and the stream goes on in another run.
    is_paused: AtomicBool,
}

impl Shared {
    pub(crate) fn new(settings: &Settings, part: Part) -> Self {
        Shared {
            frames: settings.frames.unwrap_or(u64::MAX),
            cancel: settings.cancel.clone(),
            expired: AtomicBool::new(false),
            stalled: OnceLock::new(),
            fault: Fault::default(),
            next: AtomicU64::new(0),
            part,
            is_paused: AtomicBool::new(false),
        }
    }

    /// What is added to the numbers of frames when they are told.
    pub(crate) fn first(&self) -> u64 {
        self.part.first
    }

    /// A source is asked for no more frames, because as many as were asked for have been given.
    pub(crate) fn pause(&self) {
        if self.part.pauses {
            self.is_paused.store(true, Ordering::Release);
        }
    }

    /// Whether the stream is to go on, so that nothing is to be finished. Known when the frames have ended.
    pub(crate) fn is_paused(&self) -> bool {
        self.is_paused.load(Ordering::Acquire)
    }

    pub(crate) fn is_stopped(&self) -> bool {
        self.cancel.is_cancelled() || self.expired.load(Ordering::Relaxed)
    }

    /// Ends the run because nothing moves, unless it is ending anyway.
    pub(crate) fn stall(&self, stall: Stall) {
        if !self.is_stopped() && !self.fault.is_before(u64::MAX - 1) && self.stalled.set(stall).is_ok() {
            self.cancel.cancel();
        }
    }

    /// How the run ended.
    pub(crate) fn result(&self) -> Result<(), Error> {
        let (is_cancelled, is_expired) = (self.cancel.is_cancelled(), self.expired.load(Ordering::Acquire));
        if let Some(stall) = self.stalled.get() {
            return Err(Error::Stalled { stall: Box::new(stall.clone()) });
        }
        self.fault.result()?;
        match (is_cancelled, is_expired) {
            (true, _) => Err(Error::Cancelled),
            (_, true) => Err(Error::Deadline),
            _ => Ok(()),
        }
    }
}
