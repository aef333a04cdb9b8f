//! Chunks on their way through a pipeline: frames, the queues between stages, and what ends them.

use std::{
    collections::BTreeMap,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

use crossbeam_channel::{Receiver, Sender, TryRecvError, TrySendError};

use crate::{Error, env::guard, value::Slots};

/// One chunk on its way: all its values, or none if it is given up.
pub(crate) struct Frame {
    pub(crate) chunk: u64,
    pub(crate) is_alive: bool,
    pub(crate) slots: Slots,
}

impl Frame {
    /// Drops the values; the frame goes on, so that the order has no hole.
    pub(crate) fn give_up(&mut self) {
        self.is_alive = false;
        for slot in &mut self.slots {
            // A panic while dropping is swallowed: an error is already recorded for this chunk or an earlier one.
            let _ = guard("", None, || {
                drop(slot.take());
                Ok(())
            });
        }
    }
}

/// The earliest failure.
pub(crate) struct Fault {
    /// Its chunk, `u64::MAX` for none: chunks from here on are given up.
    chunk: AtomicU64,
    error: Mutex<Option<Error>>,
}

impl Default for Fault {
    fn default() -> Self {
        Fault { chunk: AtomicU64::new(u64::MAX), error: Mutex::new(None) }
    }
}

impl Fault {
    pub(crate) fn record(&self, chunk: u64, error: Error) {
        let mut first = self.error.lock().unwrap_or_else(PoisonError::into_inner);
        if first.is_none() || chunk < self.chunk.load(Ordering::Acquire) {
            self.chunk.store(chunk, Ordering::Release);
            *first = Some(error);
        }
    }

    pub(crate) fn is_before(&self, chunk: u64) -> bool {
        self.chunk.load(Ordering::Acquire) <= chunk
    }

    pub(crate) fn into_result(self) -> Result<(), Error> {
        self.error.into_inner().unwrap_or_else(PoisonError::into_inner).map_or(Ok(()), Err)
    }
}

/// Where frames go.
#[derive(Clone)]
pub(crate) enum Outlet {
    /// To the next stage.
    Next(Sender<Frame>),
    /// Back to the source, emptied.
    End(Sender<Slots>),
}

impl Outlet {
    /// False if nobody is there to receive, which happens only when a thread could not be started.
    pub(crate) fn send(&self, frame: Frame, waited_s: &mut f64) -> bool {
        match self {
            Outlet::Next(next) => match next.try_send(frame) {
                Ok(()) => true,
                Err(TrySendError::Full(frame)) => timed(waited_s, || next.send(frame)).is_ok(),
                Err(TrySendError::Disconnected(_)) => false,
            },
            // There is room for every token, and the source may have left.
            Outlet::End(end) => {
                let _ = end.try_send(frame.slots);
                true
            }
        }
    }
}

/// Where frames come from.
pub(crate) struct Inbox {
    pub(crate) frames: Receiver<Frame>,
    pub(crate) order: Option<Reorder>,
    pub(crate) waited_s: f64,
}

impl Inbox {
    pub(crate) fn next(&mut self) -> Option<Frame> {
        loop {
            if let Some(frame) = self.order.as_mut().and_then(Reorder::pop) {
                return Some(frame);
            }
            let frame = receive(&self.frames, &mut self.waited_s)?;
            match &mut self.order {
                Some(order) => order.push(frame),
                None => return Some(frame),
            }
        }
    }
}

/// Frames that came before their turn; never more than the window.
#[derive(Default)]
pub(crate) struct Reorder {
    next: u64,
    early: BTreeMap<u64, Frame>,
}

impl Reorder {
    fn push(&mut self, frame: Frame) {
        self.early.insert(frame.chunk, frame);
    }

    fn pop(&mut self) -> Option<Frame> {
        let frame = self.early.remove(&self.next)?;
        self.next += 1;
        Some(frame)
    }
}

/// Receives, and counts the time that it had to wait.
pub(crate) fn receive<T>(channel: &Receiver<T>, waited_s: &mut f64) -> Option<T> {
    match channel.try_recv() {
        Ok(value) => Some(value),
        Err(TryRecvError::Empty) => timed(waited_s, || channel.recv()).ok(),
        Err(TryRecvError::Disconnected) => None,
    }
}

fn timed<T>(seconds: &mut f64, work: impl FnOnce() -> T) -> T {
    let started = Instant::now();
    let value = work();
    *seconds += started.elapsed().as_secs_f64();
    value
}
