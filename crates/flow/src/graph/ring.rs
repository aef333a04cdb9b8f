//! The hand-off between two stages: a bounded ring for any number of producers and consumers.
//!
//! *In order* (the stage behind has one replica): a producer puts frame `n` at position `n`, so the ring itself is the
//! reorder window. *By need* (the stage behind has several): positions go to frames as they are ready, and to consumers
//! as they find them, so that a slow frame holds back nobody, and a consumer that sleeps owns no frame.
//!
//! Whose turn it is at a slot says [`super::slot`]; here is how a side waits for its turn, and how a stream ends. A
//! stream ends behind its last frame when all producers have closed their ends. If one end is lost, because a thread
//! did not begin or a frame's `drop` panicked, nobody waits for it: consumers take what there is, and producers that
//! have no consumer left drop their frames.

use std::{rc::Rc, sync::Arc};

use super::{
    bed::{Bed, publish},
    cell::AnyCell,
    left::{Left, clear_guarded},
    slot::{Lane, Pen, Reader, Track},
    sync::{AtomicU64, AtomicUsize, Ordering},
    wait::{Waited, Waiting},
};

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

/// Where one side of a ring sleeps.
struct Beds {
    /// One per slot where each waits for a slot of its own, else one for all.
    beds: Box<[Bed]>,
    /// One bed, whose sleepers all wait for the same.
    is_common: bool,
    /// As several work on the other side, what was done out of order can become ready for several at once.
    is_chained: bool,
}

impl Beds {
    fn new(spec: &RingSpec, are_alone: bool, others: usize) -> Self {
        let is_common = !are_alone && !spec.is_ordered;
        let n = if is_common { 1 } else { spec.capacity };
        let beds = (0..n).map(|_| Bed::new()).collect();
        Beds { beds, is_common, is_chained: is_common && others > 1 }
    }

    fn of(&self, slot: usize) -> &Bed {
        &self.beds[if self.is_common { 0 } else { slot }]
    }

    fn call_all(&self) {
        self.beds.iter().for_each(Bed::call_all);
    }
}

/// The ring; `T` is the type of the first socket that crosses, the others go in lanes.
pub(crate) struct Ring<T> {
    track: Arc<Track<T>>,
    waiting: Waiting,
    frames: Beds,
    rooms: Beds,
    /// Frames of producers that have left.
    total: AtomicU64,
    producers: AtomicUsize,
    consumers: AtomicUsize,
    /// Position behind the last frame, once all producers have left.
    end: AtomicU64,
}

impl<T> Ring<T> {
    pub(crate) fn new(spec: RingSpec, lanes: Vec<Arc<dyn Lane>>) -> Self {
        Ring {
            track: Arc::new(Track::new(spec, lanes)),
            waiting: spec.waiting,
            frames: Beds::new(&spec, spec.consumers == 1, spec.producers),
            rooms: Beds::new(&spec, spec.producers == 1, spec.consumers),
            total: AtomicU64::new(if spec.is_prefilled { spec.capacity as u64 } else { 0 }),
            producers: AtomicUsize::new(spec.producers),
            consumers: AtomicUsize::new(spec.consumers),
            end: AtomicU64::new(u64::MAX),
        }
    }

    /// Calls who sleeps for a change of `slot`.
    #[inline]
    fn call(&self, beds: &Beds, slot: usize) {
        if !self.waiting.never_parks() {
            publish();
            let bed = beds.of(slot);
            if bed.is_taken() {
                if beds.is_common { bed.call_one() } else { bed.call_all() }
            }
        }
    }

    /// Hands a call on: what two threads have done out of order became ready for both callers with the second one.
    #[inline]
    fn call_next(&self, beds: &Beds, is_ready: impl FnOnce() -> bool) {
        if beds.is_chained && !self.waiting.never_parks() {
            publish();
            if beds.of(0).is_taken() && is_ready() {
                beds.of(0).call_one();
            }
        }
    }

    fn is_deserted(&self) -> bool {
        self.consumers.load(Ordering::Acquire) == 0
    }

    /// One producer leaves, after `frames` frames; the last one ends the stream.
    fn leave(&self, frames: u64) {
        self.total.fetch_add(frames, Ordering::AcqRel);
        if self.producers.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.end(self.total.load(Ordering::Acquire));
        }
    }

    fn end(&self, position: u64) {
        self.end.fetch_min(position, Ordering::AcqRel);
        publish();
        self.frames.call_all();
    }

    /// One consumer leaves.
    fn desert(&self) {
        if self.consumers.fetch_sub(1, Ordering::AcqRel) == 1 {
            publish();
            self.rooms.call_all();
        }
    }
}

/// A ring without its type.
pub(crate) trait Carrier: Send + Sync {
    /// The end of a producer, bound to the cells of its thread: the first socket's, then those of the lanes.
    fn outlet(self: Arc<Self>, cells: Vec<Rc<dyn AnyCell>>) -> Box<dyn Outlet>;
    /// The end of a consumer.
    fn inlet(self: Arc<Self>, cells: Vec<Rc<dyn AnyCell>>) -> Box<dyn Inlet>;
    /// A producer is lost: the stream ends where the next frame is not there.
    fn abandon(&self);
    /// A consumer is lost that never had an inlet.
    fn forsake(&self);
    /// Drops the frames that nobody has taken, when all ends are gone; gives the panics of their `drop`.
    fn drain(&mut self) -> Vec<Left>;
}

impl<T: Send + 'static> Carrier for Ring<T> {
    fn outlet(self: Arc<Self>, cells: Vec<Rc<dyn AnyCell>>) -> Box<dyn Outlet> {
        let pen = Pen::new(&self.track, cells.clone());
        Box::new(OutletOf { ring: self, pen, cells, waited: Waited::default(), is_closed: false })
    }

    fn inlet(self: Arc<Self>, cells: Vec<Rc<dyn AnyCell>>) -> Box<dyn Inlet> {
        let reader = Reader::new(&self.track, cells.clone());
        Box::new(InletOf { ring: self, reader, cells, waited: Waited::default() })
    }

    fn abandon(&self) {
        self.end(0);
    }

    fn forsake(&self) {
        self.desert();
    }

    fn drain(&mut self) -> Vec<Left> {
        Arc::get_mut(&mut self.track).map_or_else(Vec::new, Track::drain)
    }
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
    pen: Pen<T>,
    cells: Vec<Rc<dyn AnyCell>>,
    waited: Waited,
    is_closed: bool,
}

impl<T> OutletOf<T> {
    /// Waits for room; false if nobody is there to take the frame.
    #[cold]
    fn wait(&mut self, frame: u64) -> bool {
        let OutletOf { ring, pen, waited, .. } = self;
        let bed = ring.rooms.of(pen.look(frame).slot);
        ring.waiting.until(bed, waited, || match pen.look(frame).is_ready {
            true => Some(true),
            false => ring.is_deserted().then_some(false),
        })
    }
}

impl<T> Outlet for OutletOf<T> {
    fn push(&mut self, frame: u64, is_alive: bool) {
        let slot = loop {
            match self.pen.push(frame, is_alive) {
                Some(slot) => break slot,
                None if self.wait(frame) => {}
                // Whoever left has told why.
                None => return self.cells.iter().for_each(|cell| drop(clear_guarded(&**cell))),
            }
        };
        self.ring.call(&self.ring.frames, slot);
        self.ring.call_next(&self.ring.rooms, || self.pen.look(frame).is_ready);
    }

    fn close(mut self: Box<Self>) -> Waited {
        self.is_closed = true;
        self.ring.leave(self.pen.pushed);
        self.waited
    }
}

/// An end that was not closed is lost.
impl<T> Drop for OutletOf<T> {
    fn drop(&mut self) {
        if !self.is_closed {
            self.ring.end(0);
        }
    }
}

struct InletOf<T> {
    ring: Arc<Ring<T>>,
    reader: Reader<T>,
    cells: Vec<Rc<dyn AnyCell>>,
    waited: Waited,
}

impl<T> InletOf<T> {
    /// Waits for a frame; false if there will be none.
    #[cold]
    fn wait(&mut self) -> bool {
        let InletOf { ring, reader, waited, .. } = self;
        let bed = ring.frames.of(reader.look().slot);
        ring.waiting.until(bed, waited, || {
            // Sampled in this order: a frame that was put before the end was set is still seen.
            let end = ring.end.load(Ordering::Acquire);
            let sight = reader.look();
            (sight.is_ready || end <= sight.position).then_some(sight.is_ready)
        })
    }
}

impl<T> Inlet for InletOf<T> {
    fn pull(&mut self) -> Option<(u64, bool)> {
        // Dropping what was left is user code, which may panic: not while a slot is held.
        self.cells.iter().for_each(|cell| cell.clear());
        let pulled = loop {
            match self.reader.pull() {
                Some(pulled) => break pulled,
                None if self.wait() => {}
                None => return None,
            }
        };
        self.ring.call(&self.ring.rooms, pulled.slot);
        self.ring.call_next(&self.ring.frames, || self.reader.look().is_ready);
        Some((pulled.frame, pulled.is_alive))
    }

    fn waited(&self) -> Waited {
        self.waited
    }
}

impl<T> Drop for InletOf<T> {
    fn drop(&mut self) {
        self.ring.desert();
    }
}
