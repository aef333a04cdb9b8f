//! The slots of a ring: who may touch a frame is said by one word beside it.
//!
//! ```text
//! position   …  7      8      9        10     …        slot = position mod capacity
//! state         full   full   claimed  empty            one word per slot, on the cache line of the frame
//! ```
//! There is no shared index between one producer and one consumer: each counts by itself, and the state of a slot says
//! for which position it is empty or full. The frame is written before the state, and both lie on one cache line, so
//! that a frame costs the transfer of one line, and with one slot the two sides still need no more.
//!
//! This is the one file of the crate with `unsafe` in it (docs/decisions/0016): a frame lies in an [`UnsafeCell`], for
//! the state has already decided whose turn it is. What makes that sound stands here and nowhere else:
//!
//! - Each end ([`Pen`], [`Reader`]) is made by its track, no more of them than the track was made for, and none can be
//!   copied. So an end that is alone on its side ([`Right::Own`]) owns the position that it counts.
//! - Several ends on a side draw positions from a counter, one each, when the slot is ready ([`Right::Drawn`]).
//! - Producers that are told their position ([`Right::Told`]) claim it in the state of the slot.
//! - What is left is emptied by who has the track or the lane to itself (`&mut`), when there are no ends any more.
//! - So at any time at most one end has the right to a slot, and it gives the right away by its last store.

#![expect(unsafe_code, reason = "the state word says whose turn it is, which the compiler cannot know")]

use std::{rc::Rc, sync::Arc};

use super::{
    cell::{AnyCell, Cell, typed},
    left::{Left, Payload, drop_guarded},
    ring::RingSpec,
    sync::{AtomicU64, AtomicUsize, Ordering, UnsafeCell, lost_race},
};

/// The state of a slot that is empty and waits for the frame of `position`.
const fn empty(position: u64) -> u64 {
    position << 2
}

/// The state of a slot that somebody is about to fill.
const fn claimed(position: u64) -> u64 {
    position << 2 | 1
}

/// The state of a slot that holds the frame of `position`.
const fn full(position: u64) -> u64 {
    position << 2 | 2
}

/// What lies in a slot.
struct Parcel<T> {
    /// The frame's number, and in the lowest bit whether it is alive.
    frame: u64,
    value: Option<T>,
}

/// On cache lines of its own: neighbors belong to the other side.
#[repr(C, align(128))]
struct Slot<T> {
    state: AtomicU64,
    parcel: UnsafeCell<Parcel<T>>,
}

// SAFETY: one end at a time has the right to the parcel (see the head of the file), and hands it on by a release store
// that the next one acquires. So the parcel is only ever moved between threads, which `T: Send` allows.
unsafe impl<T: Send> Sync for Slot<T> {}

/// A counter on its own cache line.
#[repr(align(128))]
struct Counter(AtomicU64);

/// What an end sees of the position that comes next.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sight {
    pub(super) position: u64,
    pub(super) slot: usize,
    pub(super) is_ready: bool,
}

/// How an end comes to its positions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Right {
    Own,
    Drawn,
    Told,
}

/// The slots of a ring, and the lanes beside them; `T` is the type of the first socket that crosses.
pub(super) struct Track<T> {
    slots: Box<[Slot<T>]>,
    lanes: Vec<Arc<dyn Lane>>,
    /// Next position of producers that draw.
    tail: Counter,
    /// Next position of consumers that draw.
    head: Counter,
    /// Ends that may still be made.
    pens: AtomicUsize,
    readers: AtomicUsize,
    spec: RingSpec,
}

impl<T> Track<T> {
    /// The slots of a ring. The lanes must be new and as long as the ring.
    pub(super) fn new(spec: RingSpec, mut lanes: Vec<Arc<dyn Lane>>) -> Self {
        let are_own = lanes.iter_mut().all(|lane| Arc::get_mut(lane).is_some());
        assert!(are_own, "a lane belongs to one ring");
        let slot = |position| Slot {
            state: AtomicU64::new(if spec.is_prefilled { full(position) } else { empty(position) }),
            parcel: UnsafeCell::new(Parcel { frame: 0, value: None }),
        };
        let tail = if spec.is_prefilled { spec.capacity as u64 } else { 0 };
        Track {
            slots: (0..spec.capacity as u64).map(slot).collect(),
            lanes,
            tail: Counter(AtomicU64::new(tail)),
            head: Counter(AtomicU64::new(0)),
            pens: AtomicUsize::new(spec.producers),
            readers: AtomicUsize::new(spec.consumers),
            spec,
        }
    }

    fn slot(&self, position: u64) -> usize {
        (position % self.slots.len() as u64) as usize
    }

    fn is(&self, i: usize, state: u64) -> bool {
        self.slots[i].state.load(Ordering::Acquire) == state
    }

    /// Looks at the next position of a counter.
    fn look(&self, counter: &Counter, state: fn(u64) -> u64) -> Sight {
        let mut position = counter.0.load(Ordering::Relaxed);
        loop {
            let sight = self.look_at(position, state);
            if sight.is_ready {
                return sight;
            }
            // If somebody has drawn that position meanwhile, the answer is about the past.
            match counter.0.load(Ordering::Relaxed) {
                same if same == position => return sight,
                other => position = other,
            }
            lost_race();
        }
    }

    fn look_at(&self, position: u64, state: fn(u64) -> u64) -> Sight {
        let slot = self.slot(position);
        Sight { position, slot, is_ready: self.is(slot, state(position)) }
    }

    /// Draws the next position of a counter, if its slot is in a state.
    #[inline]
    fn draw(&self, counter: &Counter, state: fn(u64) -> u64) -> Option<(u64, usize)> {
        let mut position = counter.0.load(Ordering::Relaxed);
        loop {
            let i = self.slot(position);
            let drawn = if self.is(i, state(position)) {
                let after = position + 1;
                counter.0.compare_exchange(position, after, Ordering::Relaxed, Ordering::Relaxed)
            } else {
                match counter.0.load(Ordering::Relaxed) {
                    same if same == position => return None,
                    other => Err(other),
                }
            };
            match drawn {
                Ok(_) => return Some((position, i)),
                Err(other) => position = other,
            }
            lost_race();
        }
    }

    fn lane_ends(&self, cells: impl Iterator<Item = Rc<dyn AnyCell>>) -> Vec<Box<dyn LaneEnd>> {
        self.lanes.iter().cloned().zip(cells).map(|(lane, cell)| lane.end(cell)).collect()
    }

    /// Drops the frames that nobody has taken, each by itself; gives what they said who panicked.
    pub(super) fn drain(&mut self) -> Vec<Left> {
        let mut left = Vec::new();
        for slot in &mut self.slots {
            // SAFETY: nobody else has the track, which is borrowed mutably.
            let value = slot.parcel.with_mut(|parcel| unsafe { (*parcel).value.take() });
            left.extend(drop_guarded(value).map(|panic| Left { socket: 0, panic }));
        }
        for (lane, socket) in self.lanes.iter_mut().zip(1..) {
            // An end that still has the lane drops what lies there when it is dropped itself.
            let panics = Arc::get_mut(lane).map_or_else(Vec::new, |lane| lane.drain());
            left.extend(panics.into_iter().map(|panic| Left { socket, panic }));
        }
        left
    }
}

/// A frame that panics while it is dropped keeps no other, and aborts nothing.
impl<T> Drop for Track<T> {
    fn drop(&mut self) {
        self.drain();
    }
}

/// One end less to be made.
fn take_one(left: &AtomicUsize) {
    let taken = left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| n.checked_sub(1));
    assert!(taken.is_ok(), "a ring has no more ends than it was made for");
}

/// Puts frames into slots: the end of one producer, bound to the cells of its thread.
pub(super) struct Pen<T> {
    track: Arc<Track<T>>,
    right: Right,
    /// Position and slot of the next frame, if the positions are the pen's own.
    next: u64,
    at: usize,
    /// Frames so far.
    pub(super) pushed: u64,
    /// `None` where no data cross.
    cell: Option<Cell<T>>,
    lanes: Vec<Box<dyn LaneEnd>>,
}

impl<T: 'static> Pen<T> {
    /// The end of a producer with the cell of the first socket, then those of the lanes.
    pub(super) fn new(track: &Arc<Track<T>>, cells: Vec<Rc<dyn AnyCell>>) -> Self {
        take_one(&track.pens);
        let right = match (track.spec.is_ordered, track.spec.producers) {
            (true, _) => Right::Told,
            (false, 1) => Right::Own,
            (false, _) => Right::Drawn,
        };
        let mut cells = cells.into_iter();
        let cell = cells.next().map(typed);
        let next = track.tail.0.load(Ordering::Relaxed);
        let lanes = track.lane_ends(cells);
        Pen { track: track.clone(), right, next, at: track.slot(next), pushed: 0, cell, lanes }
    }
}

impl<T> Pen<T> {
    /// Looks for room for a frame.
    pub(super) fn look(&self, frame: u64) -> Sight {
        match self.right {
            Right::Own => self.track.look_at(self.next, empty),
            Right::Drawn => self.track.look(&self.track.tail, empty),
            Right::Told => self.track.look_at(frame, empty),
        }
    }

    /// Moves the frame out of the cells if there is room; gives the slot. Of a frame that is not alive only the number
    /// crosses.
    #[inline]
    pub(super) fn push(&mut self, frame: u64, is_alive: bool) -> Option<usize> {
        let (position, i) = self.claim(frame)?;
        let slot = &self.track.slots[i];
        slot.parcel.with_mut(|parcel| {
            // SAFETY: `claim` gave the right to this slot.
            let parcel = unsafe { &mut *parcel };
            parcel.frame = frame << 1 | u64::from(is_alive);
            if is_alive {
                parcel.value = self.cell.as_ref().and_then(|cell| cell.borrow_mut().take());
            }
        });
        if is_alive {
            // SAFETY: as above; the lanes are those of this track.
            self.lanes.iter().for_each(|lane| unsafe { lane.put(i) });
        }
        slot.state.store(full(position), Ordering::Release);
        self.pushed += 1;
        Some(i)
    }

    /// The right to fill a slot, if it is empty.
    #[inline]
    fn claim(&mut self, frame: u64) -> Option<(u64, usize)> {
        let track = &*self.track;
        match self.right {
            Right::Own => {
                let (position, i) = (self.next, self.at);
                if !track.is(i, empty(position)) {
                    return None;
                }
                self.next += 1;
                self.at = if i + 1 == track.slots.len() { 0 } else { i + 1 };
                Some((position, i))
            }
            Right::Drawn => track.draw(&track.tail, empty),
            Right::Told => {
                let i = track.slot(frame);
                let (from, to) = (empty(frame), claimed(frame));
                let state = &track.slots[i].state;
                // Looking first keeps the line where it is while there is no room.
                let claim = || state.compare_exchange(from, to, Ordering::Acquire, Ordering::Relaxed);
                (track.is(i, from) && claim().is_ok()).then_some((frame, i))
            }
        }
    }
}

/// Takes frames out of slots: the end of one consumer, bound to the cells of its thread.
pub(super) struct Reader<T> {
    track: Arc<Track<T>>,
    right: Right,
    next: u64,
    at: usize,
    cell: Option<Cell<T>>,
    lanes: Vec<Box<dyn LaneEnd>>,
}

/// A frame that was pulled.
pub(super) struct Pulled {
    pub(super) frame: u64,
    pub(super) is_alive: bool,
    /// The slot that is empty now.
    pub(super) slot: usize,
}

impl<T: 'static> Reader<T> {
    /// The end of a consumer with the cell of the first socket, then those of the lanes.
    pub(super) fn new(track: &Arc<Track<T>>, cells: Vec<Rc<dyn AnyCell>>) -> Self {
        take_one(&track.readers);
        let right = if track.spec.consumers == 1 { Right::Own } else { Right::Drawn };
        let mut cells = cells.into_iter();
        let cell = cells.next().map(typed);
        let lanes = track.lane_ends(cells);
        Reader { track: track.clone(), right, next: 0, at: 0, cell, lanes }
    }
}

impl<T> Reader<T> {
    /// Looks for a frame.
    pub(super) fn look(&self) -> Sight {
        match self.right {
            Right::Own => self.track.look_at(self.next, full),
            _ => self.track.look(&self.track.head, full),
        }
    }

    /// Moves the next frame into the cells, if there is one.
    ///
    /// The cells are to be empty: dropping what lies in them is user code, which must not run while a slot is held.
    #[inline]
    pub(super) fn pull(&mut self) -> Option<Pulled> {
        let (position, i) = self.claim()?;
        let slot = &self.track.slots[i];
        let frame = slot.parcel.with_mut(|parcel| {
            // SAFETY: `claim` gave the right to this slot.
            let parcel = unsafe { &mut *parcel };
            if let Some(cell) = &self.cell {
                *cell.borrow_mut() = parcel.value.take();
            }
            parcel.frame
        });
        let is_alive = frame & 1 == 1;
        if is_alive {
            // SAFETY: as above; the lanes are those of this track.
            self.lanes.iter().for_each(|lane| unsafe { lane.take(i) });
        }
        slot.state.store(empty(position + self.track.slots.len() as u64), Ordering::Release);
        Some(Pulled { frame: frame >> 1, is_alive, slot: i })
    }

    /// The right to empty a slot, if it is full.
    #[inline]
    fn claim(&mut self) -> Option<(u64, usize)> {
        let track = &*self.track;
        if self.right == Right::Drawn {
            return track.draw(&track.head, full);
        }
        let (position, i) = (self.next, self.at);
        if !track.is(i, full(position)) {
            return None;
        }
        self.next += 1;
        self.at = if i + 1 == track.slots.len() { 0 } else { i + 1 };
        Some((position, i))
    }
}

/// One more socket that crosses the boundary; whose turn it is say the slots of the track.
pub(crate) trait Lane: Send + Sync {
    /// Binds it to a cell.
    fn end(self: Arc<Self>, cell: Rc<dyn AnyCell>) -> Box<dyn LaneEnd>;

    /// Drops what lies there, piece by piece; gives the panics.
    fn drain(&mut self) -> Vec<Payload>;
}

/// A lane, bound to a cell.
pub(crate) trait LaneEnd {
    /// Cell → place `i`.
    ///
    /// # Safety
    /// The caller has the right to slot `i` of the track that the lane belongs to.
    unsafe fn put(&self, i: usize);

    /// Place `i` → cell, which is to be empty.
    ///
    /// # Safety
    /// The caller has the right to slot `i` of the track that the lane belongs to.
    unsafe fn take(&self, i: usize);
}

/// A place of a lane.
#[repr(align(128))]
struct Place<T>(UnsafeCell<Option<T>>);

// SAFETY: only who has the right to the slot of the same number touches it, as with `Slot`.
unsafe impl<T: Send> Sync for Place<T> {}

/// The only [`Lane`].
pub(crate) struct Tube<T>(Box<[Place<T>]>);

impl<T> Tube<T> {
    pub(crate) fn new(capacity: usize) -> Self {
        Tube((0..capacity).map(|_| Place(UnsafeCell::new(None))).collect())
    }

    fn clear(&mut self) -> Vec<Payload> {
        let places = self.0.iter_mut();
        // SAFETY: nobody else has the tube, which is borrowed mutably.
        let values = places.map(|place| place.0.with_mut(|place| unsafe { (*place).take() }));
        values.filter_map(drop_guarded).collect()
    }
}

/// As with [`Track`].
impl<T> Drop for Tube<T> {
    fn drop(&mut self) {
        self.clear();
    }
}

impl<T: Send + 'static> Lane for Tube<T> {
    fn end(self: Arc<Self>, cell: Rc<dyn AnyCell>) -> Box<dyn LaneEnd> {
        Box::new(TubeEnd { tube: self, cell: typed(cell) })
    }

    fn drain(&mut self) -> Vec<Payload> {
        self.clear()
    }
}

struct TubeEnd<T> {
    tube: Arc<Tube<T>>,
    cell: Cell<T>,
}

impl<T> LaneEnd for TubeEnd<T> {
    // SAFETY: what the caller owes is said in the trait.
    unsafe fn put(&self, i: usize) {
        self.tube.0[i].0.with_mut(|place| {
            // SAFETY: the caller has the right to this place.
            unsafe { *place = self.cell.borrow_mut().take() }
        });
    }

    // SAFETY: what the caller owes is said in the trait.
    unsafe fn take(&self, i: usize) {
        self.tube.0[i].0.with_mut(|place| {
            // SAFETY: the caller has the right to this place.
            *self.cell.borrow_mut() = unsafe { (*place).take() };
        });
    }
}
