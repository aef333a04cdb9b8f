//! The hand-off between two stages: a bounded ring for any number of producers and consumers.
//!
//! ```text
//! position   …  7      8      9      10     …          slot = position mod capacity
//! state         full   full   empty  empty             one word per slot, beside the frame
//! ```
//! There is no shared index between one producer and one consumer: each counts by itself, and the state of a slot says
//! for which position it is empty or full. So a frame costs the transfer of one cache line, and with one slot the two
//! sides still need no more. Several producers or consumers draw their positions from a counter.
//!
//! *In order* (the stage behind has one replica): a producer puts frame `n` at position `n`, so the ring itself is the
//! reorder window. *By need* (the stage behind has several): positions go to frames as they are ready, and to consumers
//! as they ask, so that a slow frame holds back nobody.
//!
//! The frame lies under a mutex that is never contended while frames flow: the state word has already decided whose
//! turn it is. It keeps this file free of `unsafe` and costs a few nanoseconds. A thread that is to sleep does so on
//! the slot's condition variable, after it has set `ASLEEP` in the state; whoever changes the state sees the flag in
//! the word that it swaps out, and only then wakes.

use std::{rc::Rc, sync::Arc, time::Instant};

use super::{
    cell::{AnyCell, Cell, typed},
    sync::{AtomicU64, AtomicUsize, Condvar, Mutex, MutexGuard, Ordering, pause, yield_now},
    wait::Waiting,
};

/// Somebody sleeps until the state changes.
const ASLEEP: u64 = 1;
/// The slot is full.
const FULL: u64 = 2;

/// The state of a slot that is empty and waits for the frame of `position`.
const fn empty(position: u64) -> u64 {
    position << 2
}

/// The state of a slot that holds the frame of `position`.
const fn full(position: u64) -> u64 {
    position << 2 | FULL
}

/// The shape of a ring.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RingSpec {
    pub(crate) capacity: usize,
    pub(crate) producers: usize,
    pub(crate) consumers: usize,
    pub(crate) waiting: Waiting,
    /// Position = number of the frame.
    pub(crate) is_ordered: bool,
    /// Full from the start: a ring of tokens.
    pub(crate) is_prefilled: bool,
}

/// What lies in a slot.
pub(super) struct Parcel<T> {
    /// The frame's number, and in the lowest bit whether it is alive.
    pub(super) frame: u64,
    pub(super) value: Option<T>,
}

/// On cache lines of its own: neighbours belong to the other side.
#[repr(align(128))]
struct Slot<T> {
    state: AtomicU64,
    parcel: Mutex<Parcel<T>>,
    changed: Condvar,
}

/// A counter on its own cache line.
#[repr(align(128))]
struct Counter(AtomicU64);

/// The ring; `T` is the type of the first socket that crosses, the others go in lanes.
pub(crate) struct Ring<T> {
    slots: Box<[Slot<T>]>,
    lanes: Vec<Arc<dyn Lane>>,
    spec: RingSpec,
    /// Next position of producers, where several put frames by need.
    tail: Counter,
    /// Next position of consumers, where there are several.
    head: Counter,
    /// Frames of producers that have left.
    total: AtomicU64,
    producers: AtomicUsize,
    /// Position behind the last frame, once all producers have left.
    end: AtomicU64,
}

/// How long a side has waited.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Waited {
    pub(crate) seconds: f64,
}

impl<T> Ring<T> {
    pub(crate) fn new(spec: RingSpec, lanes: Vec<Arc<dyn Lane>>) -> Self {
        let slot = |i| Slot {
            state: AtomicU64::new(if spec.is_prefilled { full(i as u64) } else { empty(i as u64) }),
            parcel: Mutex::new(Parcel { frame: 0, value: None }),
            changed: Condvar::new(),
        };
        let put = if spec.is_prefilled { spec.capacity as u64 } else { 0 };
        Ring {
            slots: (0..spec.capacity).map(slot).collect(),
            lanes,
            spec,
            tail: Counter(AtomicU64::new(put)),
            head: Counter(AtomicU64::new(0)),
            // A single producer counts what lies there from the start as its own.
            total: AtomicU64::new(if spec.producers > 1 { put } else { 0 }),
            producers: AtomicUsize::new(spec.producers),
            end: AtomicU64::new(u64::MAX),
        }
    }

    /// Waits until the slot is empty for `position`, then lets `put` fill it.
    pub(super) fn fill(&self, position: u64, waited: &mut Waited, put: impl FnOnce(usize, &mut Parcel<T>)) {
        let i = self.index(position);
        let slot = &self.slots[i];
        if slot.state.load(Ordering::Acquire) & !ASLEEP != empty(position) {
            self.wait(slot, empty(position), None, waited);
        }
        put(i, &mut lock(&slot.parcel));
        self.advance(slot, full(position));
    }

    /// Waits until the slot holds `position`, then lets `take` empty it; `None` behind the last frame.
    pub(super) fn drain<R>(
        &self,
        position: u64,
        waited: &mut Waited,
        take: impl FnOnce(usize, &mut Parcel<T>) -> R,
    ) -> Option<R> {
        let i = self.index(position);
        let slot = &self.slots[i];
        if slot.state.load(Ordering::Acquire) & !ASLEEP != full(position)
            && !self.wait(slot, full(position), Some(position), waited)
        {
            return None;
        }
        let taken = take(i, &mut lock(&slot.parcel));
        self.advance(slot, empty(position + self.spec.capacity as u64));
        Some(taken)
    }

    fn index(&self, position: u64) -> usize {
        (position % self.slots.len() as u64) as usize
    }

    /// Publishes what was done to a slot, and wakes who sleeps for it.
    fn advance(&self, slot: &Slot<T>, state: u64) {
        if self.spec.waiting.never_parks() {
            slot.state.store(state, Ordering::Release);
        } else if slot.state.swap(state, Ordering::AcqRel) & ASLEEP != 0 {
            // A sleeper holds the lock from its last look at the state until it sleeps.
            drop(lock(&slot.parcel));
            slot.changed.notify_all();
        }
    }

    /// Waits until `slot` is in the state `want`; false if the stream ends before `position`.
    #[cold]
    #[inline(never)]
    fn wait(&self, slot: &Slot<T>, want: u64, position: Option<u64>, waited: &mut Waited) -> bool {
        let is_ready = || slot.state.load(Ordering::Acquire) & !ASLEEP == want;
        // Sampled in this order: a frame that was put before the end was set is still seen.
        let is_over = || position.is_some_and(|p| self.end.load(Ordering::Acquire) <= p) && !is_ready();
        let waiting = self.spec.waiting;
        if !waiting.parks_at_once() {
            for _ in 0..waiting.pauses() {
                if is_ready() {
                    return true;
                }
                pause();
            }
        }
        let started = Instant::now();
        let done = loop {
            if is_ready() {
                break true;
            }
            if is_over() {
                break false;
            }
            if waiting.is_patient(started) {
                yield_now();
            } else {
                self.sleep(slot, want, is_over);
            }
        };
        waited.seconds += started.elapsed().as_secs_f64();
        done
    }

    /// Sleeps until the state changes, unless it is `want` or the stream is over.
    fn sleep(&self, slot: &Slot<T>, want: u64, is_over: impl Fn() -> bool) {
        let guard = lock(&slot.parcel);
        let seen = slot.state.load(Ordering::Acquire);
        let marked = slot.state.compare_exchange(seen, seen | ASLEEP, Ordering::AcqRel, Ordering::Acquire);
        if seen & !ASLEEP != want && marked.is_ok() && !is_over() {
            drop(slot.changed.wait(guard));
        }
    }

    /// One producer leaves, after `frames` frames; the last one ends the stream.
    pub(super) fn leave(&self, frames: u64) {
        self.total.fetch_add(frames, Ordering::AcqRel);
        if self.producers.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.end.store(self.total.load(Ordering::Acquire), Ordering::Release);
            for slot in &self.slots {
                drop(lock(&slot.parcel));
                slot.changed.notify_all();
            }
        }
    }
}

/// A panic cannot happen under the lock except in a frame's `drop`, after which the parcel is still whole.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// A ring without its type.
pub(crate) trait Carrier: Send + Sync {
    /// The end of a producer, bound to the cells of its thread: the first socket's, then those of the lanes.
    fn outlet(self: Arc<Self>, cells: Vec<Rc<dyn AnyCell>>) -> Box<dyn Outlet>;
    /// The end of a consumer.
    fn inlet(self: Arc<Self>, cells: Vec<Rc<dyn AnyCell>>) -> Box<dyn Inlet>;
    /// A producer that never began leaves.
    fn abandon(&self);
}

impl<T: Send + 'static> Carrier for Ring<T> {
    fn outlet(self: Arc<Self>, cells: Vec<Rc<dyn AnyCell>>) -> Box<dyn Outlet> {
        let (cell, lanes) = ends(&self.lanes, cells);
        let is_own = self.spec.is_prefilled && self.spec.producers == 1;
        let pushed = if is_own { self.spec.capacity as u64 } else { 0 };
        Box::new(OutletOf { ring: self, cell, lanes, pushed, waited: Waited::default() })
    }

    fn inlet(self: Arc<Self>, cells: Vec<Rc<dyn AnyCell>>) -> Box<dyn Inlet> {
        let (cell, lanes) = ends(&self.lanes, cells);
        Box::new(InletOf { ring: self, cell, lanes, pulled: 0, waited: Waited::default() })
    }

    fn abandon(&self) {
        self.leave(0);
    }
}

fn ends<T: 'static>(
    lanes: &[Arc<dyn Lane>],
    cells: Vec<Rc<dyn AnyCell>>,
) -> (Option<Cell<T>>, Vec<Box<dyn LaneEnd>>) {
    let mut cells = cells.into_iter();
    let cell = cells.next().map(typed);
    (cell, lanes.iter().cloned().zip(cells).map(|(lane, cell)| lane.end(cell)).collect())
}

/// Where a stage puts its frames.
pub(crate) trait Outlet {
    /// Moves the frame out of the cells; a frame given up is announced, so that the order has no hole.
    fn push(&mut self, frame: u64, is_alive: bool);
    /// Leaves the ring; gives the time waited for room.
    fn close(self: Box<Self>) -> Waited;
}

/// Where a stage gets its frames.
pub(crate) trait Inlet {
    /// Moves the next frame into the cells: its number, and whether it is alive. `None` at the end.
    fn pull(&mut self) -> Option<(u64, bool)>;
    /// The time waited for frames.
    fn waited(&self) -> Waited;
}

/// An inlet that gives a token back for every frame; see [`super::crew`].
pub(crate) struct Releasing {
    pub(crate) inlet: Box<dyn Inlet>,
    pub(crate) tokens: Box<dyn Outlet>,
}

impl Inlet for Releasing {
    fn pull(&mut self) -> Option<(u64, bool)> {
        let pulled = self.inlet.pull();
        if pulled.is_some() {
            self.tokens.push(0, false);
        }
        pulled
    }

    fn waited(&self) -> Waited {
        self.inlet.waited()
    }
}

/// An outlet that takes a token for every frame.
pub(crate) struct Gated {
    pub(crate) outlet: Box<dyn Outlet>,
    pub(crate) tokens: Box<dyn Inlet>,
}

impl Outlet for Gated {
    fn push(&mut self, frame: u64, is_alive: bool) {
        // Without tokens the stage that gives them back has failed, and nobody minds one frame more.
        let _ = self.tokens.pull();
        self.outlet.push(frame, is_alive);
    }

    fn close(self: Box<Self>) -> Waited {
        self.outlet.close()
    }
}

struct OutletOf<T> {
    ring: Arc<Ring<T>>,
    /// `None` where no data cross.
    cell: Option<Cell<T>>,
    lanes: Vec<Box<dyn LaneEnd>>,
    pushed: u64,
    waited: Waited,
}

impl<T> Outlet for OutletOf<T> {
    fn push(&mut self, frame: u64, is_alive: bool) {
        let OutletOf { ring, cell, lanes, pushed, waited } = self;
        let RingSpec { is_ordered, producers, .. } = ring.spec;
        let position = match (is_ordered, producers) {
            (true, _) => frame,
            (false, 1) => *pushed,
            (false, _) => ring.tail.0.fetch_add(1, Ordering::Relaxed),
        };
        *pushed += 1;
        ring.fill(position, waited, |i, parcel| {
            parcel.frame = frame << 1 | u64::from(is_alive);
            if is_alive {
                parcel.value = cell.as_ref().and_then(|cell| cell.borrow_mut().take());
                lanes.iter().for_each(|lane| lane.put(i));
            }
        });
    }

    fn close(self: Box<Self>) -> Waited {
        self.ring.leave(self.pushed);
        self.waited
    }
}

struct InletOf<T> {
    ring: Arc<Ring<T>>,
    cell: Option<Cell<T>>,
    lanes: Vec<Box<dyn LaneEnd>>,
    pulled: u64,
    waited: Waited,
}

impl<T> Inlet for InletOf<T> {
    fn pull(&mut self) -> Option<(u64, bool)> {
        let InletOf { ring, cell, lanes, pulled, waited } = self;
        let position = match ring.spec.consumers {
            1 => *pulled,
            _ => ring.head.0.fetch_add(1, Ordering::Relaxed),
        };
        *pulled += 1;
        ring.drain(position, waited, |i, parcel| {
            let is_alive = parcel.frame & 1 == 1;
            if is_alive {
                cell.iter().for_each(|cell| *cell.borrow_mut() = parcel.value.take());
                lanes.iter().for_each(|lane| lane.take(i));
            }
            (parcel.frame >> 1, is_alive)
        })
    }

    fn waited(&self) -> Waited {
        self.waited
    }
}

/// One more socket that crosses the boundary; whose turn it is says the ring.
pub(crate) trait Lane: Send + Sync {
    fn end(self: Arc<Self>, cell: Rc<dyn AnyCell>) -> Box<dyn LaneEnd>;
}

/// A lane, bound to a cell.
pub(crate) trait LaneEnd {
    /// Cell → slot `i`.
    fn put(&self, i: usize);
    /// Slot `i` → cell.
    fn take(&self, i: usize);
}

/// The only [`Lane`].
pub(crate) struct Tube<T>(Box<[Mutex<Option<T>>]>);

impl<T> Tube<T> {
    pub(crate) fn new(capacity: usize) -> Self {
        Tube((0..capacity).map(|_| Mutex::new(None)).collect())
    }
}

impl<T: Send + 'static> Lane for Tube<T> {
    fn end(self: Arc<Self>, cell: Rc<dyn AnyCell>) -> Box<dyn LaneEnd> {
        Box::new(TubeEnd { tube: self, cell: typed(cell) })
    }
}

struct TubeEnd<T> {
    tube: Arc<Tube<T>>,
    cell: Cell<T>,
}

impl<T> LaneEnd for TubeEnd<T> {
    fn put(&self, i: usize) {
        *lock(&self.tube.0[i]) = self.cell.borrow_mut().take();
    }

    fn take(&self, i: usize) {
        *self.cell.borrow_mut() = lock(&self.tube.0[i]).take();
    }
}
