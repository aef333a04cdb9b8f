//! Limits in bytes: of one boundary, and of a whole pipeline.
//!
//! Frames weigh what the sockets that cross a boundary say ([`super::Graph::weigh`]). Waiting for bytes always sleeps:
//! frames that are worth weighing are large.
//!
//! No limit can stop a pipeline for good. A frame that is too heavy passes when nothing else is there; where the order
//! is restored, the frame that is next in order always passes, for those that wait for it might fill the boundary. The
//! limit of a whole pipeline holds back only frames that have not begun, so that all others come to their end.

use std::{
    any::Any,
    cell::{Cell, RefCell},
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    rc::Rc,
    sync::Arc,
};

use super::{
    Graph, Out,
    cell::AnyCell,
    ring::{Inlet, Outlet},
    sync::{Condvar, Mutex, MutexGuard, lock, wait_while},
    wait::Waited,
};
use crate::{BuildError, Error, env::panic_error};

/// Weighs the frame in a cell.
pub(crate) type Weigher = Arc<dyn Fn(&dyn AnyCell) -> usize + Send + Sync>;

impl Graph {
    /// Says how many bytes a frame of `socket` takes, for [`super::Stage::bytes`] and [`super::Pipeline::memory`].
    ///
    /// Sockets that are not weighed count as nothing. Where `bytes` panics, the run ends with an [`Error::Panic`] of the
    /// task that gives the frame, and the pipeline must be built anew.
    pub fn weigh<T: Send + 'static>(
        &mut self,
        socket: &Out<T>,
        bytes: impl Fn(&T) -> usize + Send + Sync + 'static,
    ) {
        let weigher = move |cell: &dyn AnyCell| {
            let any: &dyn Any = cell;
            let cell = any.downcast_ref::<RefCell<Option<T>>>();
            cell.and_then(|cell| cell.borrow().as_ref().map(&bytes)).unwrap_or(0)
        };
        if socket.port.graph == self.id {
            self.slots[socket.port.slot].info.weigher = Some(Arc::new(weigher));
        } else {
            self.fail(BuildError::ForeignSocket { task: "weigh".to_owned(), input: 0 });
        }
    }
}

/// A cell that is weighed.
pub(crate) struct Weight {
    pub(crate) cell: Rc<dyn AnyCell>,
    pub(crate) weigher: Weigher,
    /// The task that gives what lies there.
    pub(crate) giver: Arc<str>,
}

/// The cells of a boundary that are weighed.
pub(crate) struct Scale {
    /// The stage in front of it.
    pub(crate) boundary: usize,
    pub(crate) weights: Vec<Weight>,
}

/// What a worker panics with when a frame could not be weighed.
pub(crate) struct Unweighable {
    /// The stage in front of the boundary.
    pub(crate) boundary: usize,
    pub(crate) frame: u64,
    pub(crate) error: Error,
}

impl Scale {
    /// The bytes of a frame.
    fn weigh(&self, frame: u64) -> usize {
        self.weights.iter().map(|weight| self.weigh_one(weight, frame)).sum()
    }

    fn weigh_one(&self, Weight { cell, weigher, giver }: &Weight, frame: u64) -> usize {
        catch_unwind(AssertUnwindSafe(|| weigher(&**cell))).unwrap_or_else(|payload| {
            let mut error = panic_error(giver, Some(frame), &*payload);
            if let Error::Panic { message, .. } = &mut error {
                message.insert_str(0, "when its frame was weighed: ");
            }
            resume_unwind(Box::new(Unweighable { boundary: self.boundary, frame, error }))
        })
    }
}

/// How many bytes lie in a boundary.
pub(crate) struct Meter {
    limit: usize,
    is_ordered: bool,
    level: Mutex<Level>,
    changed: Condvar,
}

#[derive(Default)]
struct Level {
    bytes: usize,
    /// Frames taken out so far: in order, the number of the next.
    taken: u64,
    /// Nobody takes frames out any more.
    is_deserted: bool,
}

impl Meter {
    pub(crate) fn new(limit: usize, is_ordered: bool) -> Self {
        Meter { limit, is_ordered, level: Mutex::default(), changed: Condvar::new() }
    }

    fn lock(&self) -> MutexGuard<'_, Level> {
        lock(&self.level)
    }

    fn put(&self, frame: u64, bytes: usize) {
        let must_wait = |level: &Level| {
            let fits = level.bytes + bytes <= self.limit || level.bytes == 0;
            let is_next = self.is_ordered && level.taken == frame;
            !(fits || is_next || level.is_deserted)
        };
        wait_while(&self.changed, self.lock(), must_wait).bytes += bytes;
    }

    fn take(&self, bytes: usize) {
        let mut level = self.lock();
        level.bytes = level.bytes.saturating_sub(bytes);
        level.taken += 1;
        self.changed.notify_all();
    }

    pub(crate) fn desert(&self) {
        self.lock().is_deserted = true;
        self.changed.notify_all();
    }
}

/// How many bytes are on their way in the whole pipeline.
pub(crate) struct Budget {
    limit: usize,
    account: Mutex<Account>,
    changed: Condvar,
}

#[derive(Default)]
struct Account {
    bytes: usize,
    heaviest: usize,
    /// A worker is lost, and what it had in hand may never be given back.
    is_open: bool,
}

impl Budget {
    pub(crate) fn new(limit: usize) -> Self {
        Budget { limit, account: Mutex::default(), changed: Condvar::new() }
    }

    /// Waits until another frame may begin; gives what was reserved for it.
    fn reserve(&self) -> usize {
        let must_wait = |account: &Account| {
            !account.is_open && account.bytes > 0 && account.bytes + account.heaviest > self.limit
        };
        let mut account = wait_while(&self.changed, lock(&self.account), must_wait);
        account.bytes += account.heaviest;
        account.heaviest
    }

    /// Holds nothing back any more.
    pub(crate) fn open(&self) {
        lock(&self.account).is_open = true;
        self.changed.notify_all();
    }

    /// What weighed `before` weighs `now`.
    fn change(&self, before: usize, now: usize) {
        let mut account = lock(&self.account);
        account.bytes = (account.bytes + now).saturating_sub(before);
        account.heaviest = account.heaviest.max(now);
        if now < before {
            self.changed.notify_all();
        }
    }
}

/// What a worker has in hand of the budget; gives it back when dropped.
pub(crate) struct Purse {
    budget: Arc<Budget>,
    bytes: Cell<usize>,
}

impl Purse {
    pub(crate) fn new(budget: Arc<Budget>) -> Rc<Self> {
        Rc::new(Purse { budget, bytes: Cell::new(0) })
    }

    /// Has something else in hand.
    fn hold(&self, bytes: usize) {
        self.budget.change(self.bytes.replace(bytes), 0);
    }

    /// What was in hand goes on as a frame of so many bytes.
    fn hand_on(&self, bytes: usize) {
        self.budget.change(self.bytes.replace(0), bytes);
    }
}

impl Drop for Purse {
    fn drop(&mut self) {
        self.hold(0);
    }
}

/// Lets the source begin a frame when the budget has room.
pub(crate) struct Admission(pub(crate) Rc<Purse>);

impl Inlet for Admission {
    fn pull(&mut self) -> Option<(u64, bool)> {
        self.0.hold(0);
        self.0.bytes.set(self.0.budget.reserve());
        Some((0, true))
    }

    fn waited(&self) -> Waited {
        Waited::default()
    }
}

/// An outlet that weighs what goes out.
pub(crate) struct Weighed {
    pub(crate) outlet: Box<dyn Outlet>,
    pub(crate) scale: Scale,
    pub(crate) meter: Option<Arc<Meter>>,
    pub(crate) purse: Option<Rc<Purse>>,
}

impl Outlet for Weighed {
    fn push(&mut self, frame: u64, is_alive: bool) {
        let bytes = if is_alive { self.scale.weigh(frame) } else { 0 };
        if let Some(meter) = &self.meter {
            meter.put(frame, bytes);
        }
        if let Some(purse) = &self.purse {
            purse.hand_on(bytes);
        }
        self.outlet.push(frame, is_alive);
    }

    fn close(self: Box<Self>) -> Waited {
        self.outlet.close()
    }
}

/// An inlet that weighs what comes in.
pub(crate) struct Unloading {
    pub(crate) inlet: Box<dyn Inlet>,
    pub(crate) scale: Scale,
    pub(crate) meter: Option<Arc<Meter>>,
    pub(crate) purse: Option<Rc<Purse>>,
}

impl Inlet for Unloading {
    fn pull(&mut self) -> Option<(u64, bool)> {
        if let Some(purse) = &self.purse {
            // The frame before this one has gone on, or has ended here.
            purse.hold(0);
        }
        let (frame, is_alive) = self.inlet.pull()?;
        let bytes = if is_alive { self.scale.weigh(frame) } else { 0 };
        if let Some(meter) = &self.meter {
            meter.take(bytes);
        }
        if let Some(purse) = &self.purse {
            purse.bytes.set(bytes);
        }
        Some((frame, is_alive))
    }

    fn waited(&self) -> Waited {
        self.inlet.waited()
    }
}

impl Drop for Unloading {
    fn drop(&mut self) {
        self.meter.iter().for_each(|meter| meter.desert());
    }
}
