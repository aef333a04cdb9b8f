//! How workers wait, and are told that it is over.
//!
//! Whoever makes something available (a frame, room, a token) tells as many of those who wait for it as there is for.
//! One that spins looks at once; one that sleeps runs after the latency of waking, and then looks: what it was told of
//! may have been taken by a worker that was awake, and then it waits again.

use crate::boundary::Queue;
use crate::clock::Event;
use crate::engine::{At, Engine};
use crate::pipeline::{Waiting, Wake};
use crate::trace::Activity;

/// Who waits where.
#[derive(Debug)]
pub(crate) struct Queues {
    pub(crate) frames: Vec<Queue>,
    pub(crate) rooms: Vec<Queue>,
    pub(crate) tokens: Vec<Queue>,
}

/// What is waited for, by boundary or gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    Frame(usize),
    Room(usize),
    Token(usize),
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Wait {
    pub(crate) place: Place,
    pub(crate) since_s: f64,
    pub(crate) mode: Mode,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    Spinning,
    Asleep,
    Called,
}

impl Engine<'_> {
    pub(crate) fn queue(&mut self, place: Place) -> &mut Queue {
        match place {
            Place::Frame(boundary) => &mut self.queues.frames[boundary],
            Place::Room(boundary) => &mut self.queues.rooms[boundary],
            Place::Token(gate) => &mut self.queues.tokens[gate],
        }
    }

    fn waiting(&self, place: Place) -> Waiting {
        let stage = match place {
            Place::Frame(boundary) | Place::Room(boundary) => boundary,
            Place::Token(gate) => self.layout.gates[gate].first,
        };
        self.layout.stages[stage].waiting
    }

    pub(crate) fn wait(&mut self, worker: usize, place: Place) -> Option<At> {
        let (since_s, spin_s) = (self.clock.now_s, self.waiting(place).spin_s());
        let mode = if spin_s > 0.0 { Mode::Spinning } else { Mode::Asleep };
        self.queue(place).workers.push_back(worker);
        let at = &mut self.workers[worker];
        at.wait = Some(Wait { place, since_s, mode });
        at.n_waits += 1;
        let version = at.n_waits;
        if mode == Mode::Spinning {
            self.spin(worker, true);
            if spin_s.is_finite() {
                self.clock.announce(since_s + spin_s, Event::Sleep { worker, version });
            }
        }
        None
    }

    fn spin(&mut self, worker: usize, begins: bool) {
        let laid = &self.layout.stages[self.workers[worker].stage];
        let crowd = self.pools.crowd(laid.node, laid.core_type);
        self.pools.spin(&mut self.clock, crowd, begins);
    }

    pub(crate) fn stop_spinning(&mut self, worker: usize, next: Mode) {
        let now_s = self.clock.now_s;
        if let Some(wait) = self.workers[worker].wait.as_mut().filter(|w| w.mode == Mode::Spinning) {
            wait.mode = next;
            self.ledger.workers[worker].spun_s += now_s - wait.since_s;
            self.spin(worker, false);
        }
    }

    /// The wait is over: it looks again when its turn comes.
    pub(crate) fn end_wait(&mut self, worker: usize) {
        self.stop_spinning(worker, Mode::Called);
        let Some(Wait { place, since_s, .. }) = self.workers[worker].wait.take() else { return };
        self.workers[worker].n_waits += 1;
        self.queue(place).remove(worker);
        let (stage, waited_s) = (self.workers[worker].stage, self.clock.now_s - since_s);
        let is_of_next = matches!(place, Place::Frame(_)) || stage == 0 && matches!(place, Place::Token(_));
        let count = &mut self.ledger.stages[stage];
        let activity = match place {
            Place::Frame(boundary) => {
                count.awaited_frame_s += waited_s;
                self.ledger.boundaries[boundary].awaited_frame_s += waited_s;
                Activity::AwaitFrame
            }
            Place::Room(boundary) => {
                count.awaited_room_s += waited_s;
                self.ledger.boundaries[boundary].awaited_room_s += waited_s;
                Activity::AwaitRoom
            }
            Place::Token(_) => {
                count.awaited_token_s += waited_s;
                Activity::AwaitToken
            }
        };
        let now_s = self.clock.now_s;
        if is_of_next {
            self.workers[worker].awaited = Some((activity, since_s, now_s));
        } else {
            self.note(worker, activity, since_s, now_s);
        }
    }

    /// Tells those who wait at a place of what is there.
    pub(crate) fn offer(&mut self, place: Place, caller: Option<usize>) {
        while let Some(worker) = self.next_to_tell(place) {
            self.queue(place).promised += 1;
            self.workers[worker].promise = Some(place);
            let Some(wait) = self.workers[worker].wait.as_mut() else { return };
            if wait.mode == Mode::Spinning {
                self.end_wait(worker);
                self.ready.push_back(worker);
                continue;
            }
            wait.mode = Mode::Called;
            let Wake { latency_s, call_s } = self.waiting(place).wake();
            caller.into_iter().for_each(|caller| self.workers[caller].debt_s += call_s);
            self.clock.announce(self.clock.now_s + latency_s, Event::Wake { worker });
        }
    }

    /// The next of those who wait that has something to find: first who looks anyway, then who sleeps.
    fn next_to_tell(&self, place: Place) -> Option<usize> {
        let (queue, there) = match place {
            Place::Frame(boundary) => (&self.queues.frames[boundary], self.boundaries[boundary].ready()),
            Place::Room(boundary) => (&self.queues.rooms[boundary], self.boundaries[boundary].room()),
            Place::Token(gate) => (&self.queues.tokens[gate], self.tokens[gate]),
        };
        if there <= queue.promised {
            return None;
        }
        let fits = |&&worker: &&usize| match place {
            Place::Room(boundary) => self.boundaries[boundary].has_room(self.workers[worker].item.number),
            _ => true,
        };
        let is =
            |mode: Mode| move |&&worker: &&usize| self.workers[worker].wait.is_some_and(|w| w.mode == mode);
        let those = |mode| queue.workers.iter().filter(fits).find(is(mode)).copied();
        those(Mode::Spinning).or_else(|| those(Mode::Asleep))
    }
}
