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
    rc::Rc,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
};

use super::{
    Graph, Out,
    cell::AnyCell,
    ring::{Inlet, Outlet},
    wait::Waited,
};
use crate::BuildError;

/// Weighs the frame in a cell.
pub(crate) type Weigher = Arc<dyn Fn(&dyn AnyCell) -> usize + Send + Sync>;

impl Graph {
    /// Says how many bytes a frame of `socket` takes, for [`super::Stage::bytes`] and [`super::Pipeline::memory`].
    ///
    /// Sockets that are not weighed count as nothing.
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

/// The cells of a boundary that are weighed.
pub(crate) struct Scale(pub(crate) Vec<(Rc<dyn AnyCell>, Weigher)>);

impl Scale {
    fn weigh(&self) -> usize {
        self.0.iter().map(|(cell, weigher)| weigher(&**cell)).sum()
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
        let must_wait = |level: &mut Level| {
            let fits = level.bytes + bytes <= self.limit || level.bytes == 0;
            let is_next = self.is_ordered && level.taken == frame;
            !(fits || is_next || level.is_deserted)
        };
        let waited = self.changed.wait_while(self.lock(), must_wait);
        waited.unwrap_or_else(PoisonError::into_inner).bytes += bytes;
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

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
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
        let must_wait = |account: &mut Account| {
            !account.is_open && account.bytes > 0 && account.bytes + account.heaviest > self.limit
        };
        let waited = self.changed.wait_while(lock(&self.account), must_wait);
        let mut account = waited.unwrap_or_else(PoisonError::into_inner);
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
        let bytes = if is_alive { self.scale.weigh() } else { 0 };
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
        let bytes = if is_alive { self.scale.weigh() } else { 0 };
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
