//! The boundaries between stages, and tokens: what there is room for, and what can be taken.
//!
//! As in `flow`: *in order* (several replicas in front, one behind) a frame has its own place, and those that are early
//! wait in theirs; *by need* frames are taken as they come, by whoever is free.

use crate::clock::Item;
use std::collections::VecDeque;

/// A bounded buffer between two stages.
#[derive(Debug)]
pub(crate) struct Boundary {
    pub(crate) capacity: usize,
    lane: Lane,
    /// Frames in it, those under way from another node included.
    held: usize,
}

#[derive(Debug)]
enum Lane {
    ByNeed(VecDeque<Item>),
    /// `places[n - next]` is the frame of number `n`.
    InOrder {
        next: u64,
        places: VecDeque<Option<Item>>,
    },
}

impl Boundary {
    pub(crate) fn new(capacity: usize, is_ordered: bool) -> Self {
        let in_order = Lane::InOrder { next: 0, places: VecDeque::new() };
        let lane = if is_ordered { in_order } else { Lane::ByNeed(VecDeque::new()) };
        Self { capacity, lane, held: 0 }
    }

    /// Whether there is room for this frame.
    pub(crate) fn has_room(&self, number: u64) -> bool {
        match &self.lane {
            Lane::ByNeed(_) => self.held < self.capacity,
            Lane::InOrder { next, .. } => number < next + self.capacity as u64,
        }
    }

    /// For how many frames there is room, if they are all the same.
    pub(crate) fn room(&self) -> usize {
        match &self.lane {
            Lane::ByNeed(_) => self.capacity - self.held,
            Lane::InOrder { .. } => usize::MAX,
        }
    }

    /// Keeps room for a frame that is to arrive.
    pub(crate) fn reserve(&mut self) {
        self.held += 1;
    }

    /// A frame for which room was kept has arrived.
    pub(crate) fn arrive(&mut self, item: Item) {
        match &mut self.lane {
            Lane::ByNeed(items) => items.push_back(item),
            Lane::InOrder { next, places } => {
                let place = (item.number - *next) as usize;
                if places.len() <= place {
                    places.resize(place + 1, None);
                }
                places[place] = Some(item);
            }
        }
    }

    /// How many frames can be taken now.
    pub(crate) fn ready(&self) -> usize {
        match &self.lane {
            Lane::ByNeed(items) => items.len(),
            Lane::InOrder { places, .. } => usize::from(places.front().is_some_and(Option::is_some)),
        }
    }

    /// Takes the next frame, if it is there.
    pub(crate) fn take(&mut self) -> Option<Item> {
        let item = match &mut self.lane {
            Lane::ByNeed(items) => items.pop_front()?,
            Lane::InOrder { next, places } => {
                let item = (*places.front()?)?;
                places.pop_front();
                *next += 1;
                item
            }
        };
        self.held -= 1;
        Some(item)
    }
}

/// Those who wait for the same thing, in the order in which they came.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    pub(crate) workers: VecDeque<usize>,
    /// Workers that were told to look, and have not looked yet.
    pub(crate) promised: usize,
}

impl Queue {
    pub(crate) fn remove(&mut self, worker: usize) {
        if let Some(place) = self.workers.iter().position(|&w| w == worker) {
            self.workers.remove(place);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(number: u64) -> Item {
        Item { frame: 10 + number, number }
    }

    fn put(boundary: &mut Boundary, number: u64) {
        assert!(boundary.has_room(number));
        boundary.reserve();
        boundary.arrive(item(number));
    }

    #[test]
    fn by_need_frames_are_taken_as_they_come() {
        let mut boundary = Boundary::new(2, false);
        put(&mut boundary, 5);
        put(&mut boundary, 3);
        assert!(!boundary.has_room(4) && boundary.room() == 0);
        assert_eq!((boundary.take(), boundary.ready(), boundary.held), (Some(item(5)), 1, 1));
    }

    #[test]
    fn in_order_an_early_frame_waits_in_its_place() {
        let mut boundary = Boundary::new(3, true);
        put(&mut boundary, 2);
        assert_eq!((boundary.take(), boundary.ready(), boundary.held), (None, 0, 1));
        assert!(!boundary.has_room(3));
        put(&mut boundary, 0);
        assert_eq!((boundary.take(), boundary.take()), (Some(item(0)), None));
        put(&mut boundary, 1);
        assert_eq!((boundary.take(), boundary.take(), boundary.held), (Some(item(1)), Some(item(2)), 0));
        assert!(boundary.has_room(5) && !boundary.has_room(6));
    }
}
