//! The events to come, by time, and at the same time in the order in which they were announced.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

/// A frame at a boundary: which it is, and its place in the order there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Item {
    pub(crate) frame: u64,
    pub(crate) number: u64,
}

/// What happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Event {
    /// The first job of a class is done, unless the class has changed since.
    Done { class: usize, version: u64 },
    /// A worker has looked long enough and sleeps, unless it has found something.
    Sleep { worker: usize, version: u64 },
    /// A worker that was called runs.
    Wake { worker: usize },
    /// A frame comes from another node.
    Arrive { boundary: usize, item: Item },
}

/// The events to come.
#[derive(Debug, Default)]
pub(crate) struct Clock {
    /// Seconds since the start.
    pub(crate) now_s: f64,
    n_announced: u64,
    due: BinaryHeap<Due>,
}

impl Clock {
    /// Announces an event; never for the past.
    pub(crate) fn announce(&mut self, at_s: f64, event: Event) {
        self.n_announced += 1;
        self.due.push(Due { at_s: at_s.max(self.now_s), order: self.n_announced, event });
    }

    /// Goes on to the next event.
    pub(crate) fn next(&mut self) -> Option<Event> {
        let due = self.due.pop()?;
        self.now_s = due.at_s;
        Some(due.event)
    }
}

#[derive(Debug)]
struct Due {
    at_s: f64,
    order: u64,
    event: Event,
}

impl Ord for Due {
    /// The largest is the earliest: a binary heap gives the largest.
    fn cmp(&self, other: &Self) -> Ordering {
        other.at_s.total_cmp(&self.at_s).then(other.order.cmp(&self.order))
    }
}

impl PartialOrd for Due {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Due {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Due {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_come_by_time_and_then_in_order() {
        let mut clock = Clock::default();
        for (at_s, worker) in [(2.0, 0), (1.0, 1), (2.0, 2), (1.0, 3)] {
            clock.announce(at_s, Event::Wake { worker });
        }
        let order: Vec<_> = std::iter::from_fn(|| clock.next()).collect();
        assert_eq!(order, [1, 3, 0, 2].map(|worker| Event::Wake { worker }));
        assert_eq!(clock.now_s, 2.0);
        clock.announce(1.0, Event::Wake { worker: 0 });
        clock.next();
        assert_eq!(clock.now_s, 2.0, "time does not run backwards");
    }
}
