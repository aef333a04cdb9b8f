//! The simulation itself: workers that take frames, work, wait and hand on, one event after the other.
//!
//! A worker goes through the same states as a replica in `flow::graph`:
//!
//! ```text
//! first stage   tokens → a number → steps → room → put
//! others        take → steps → tokens → room → put, or leave
//! ```
//! How they wait says [`crate::wait`].

use crate::boundary::Boundary;
use crate::clock::{Clock, Event, Item};
use crate::error::Error;
use crate::layout::Layout;
use crate::ledger::Ledger;
use crate::links::Links;
use crate::pipeline::Needs;
use crate::pools::{Job, Pools};
use crate::run::Run;
use crate::service::Draw;
use crate::trace::{Activity, Span};
use crate::wait::{Mode, Place, Queues, Wait};
use std::collections::VecDeque;

/// A run in the middle.
#[derive(Debug)]
pub(crate) struct Engine<'a> {
    pub(crate) layout: &'a Layout,
    pub(crate) run: &'a Run,
    pub(crate) clock: Clock,
    pub(crate) pools: Pools,
    pub(crate) links: Links,
    pub(crate) boundaries: Vec<Boundary>,
    /// By gate.
    pub(crate) tokens: Vec<usize>,
    pub(crate) workers: Vec<Worker>,
    pub(crate) queues: Queues,
    pub(crate) ready: VecDeque<usize>,
    pub(crate) next_frame: u64,
    pub(crate) ledger: Ledger,
}

/// One replica of a stage.
#[derive(Debug)]
pub(crate) struct Worker {
    pub(crate) stage: usize,
    at: At,
    pub(crate) item: Item,
    /// Frames taken.
    taken: u64,
    pub(crate) wait: Option<Wait>,
    /// Counts waits, so that the end of a spin knows whether its wait is over.
    pub(crate) n_waits: u64,
    /// Where it was told to look.
    pub(crate) promise: Option<Place>,
    /// Calls that it has made and not yet worked off.
    pub(crate) debt_s: f64,
    started_s: f64,
    /// What it waited for a frame that it did not know yet, and from when to when.
    pub(crate) awaited: Option<(Activity, f64, f64)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum At {
    Token(usize),
    Frame,
    Step(usize),
    Room,
    Over,
}

impl Worker {
    pub(crate) fn new(stage: usize) -> Self {
        Self {
            stage,
            at: At::first(stage),
            item: Item { frame: 0, number: 0 },
            taken: 0,
            wait: None,
            n_waits: 0,
            promise: None,
            debt_s: 0.0,
            started_s: 0.0,
            awaited: None,
        }
    }
}

impl At {
    /// Where a worker begins each frame.
    fn first(stage: usize) -> Self {
        if stage == 0 { Self::Token(0) } else { Self::Frame }
    }
}

impl Engine<'_> {
    /// Runs until the last frame has left.
    pub(crate) fn finish(&mut self) -> Result<(), Error> {
        self.ready.extend(0..self.workers.len());
        loop {
            while let Some(worker) = self.ready.pop_front() {
                self.advance(worker);
            }
            let left = self.run.frames - self.ledger.passages.len() as u64;
            if left == 0 {
                (0..self.workers.len()).for_each(|worker| self.end_wait(worker));
                return Ok(());
            }
            match self.clock.next() {
                Some(event) => self.happen(event),
                None => return Err(Error::Stuck { at_s: self.clock.now_s, left }),
            }
        }
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Done { class, version } => {
                let worker = self.pools.end(&mut self.clock, class, version);
                worker.into_iter().for_each(|worker| self.end_step(worker));
            }
            Event::Sleep { worker, version } if self.workers[worker].n_waits == version => {
                self.stop_spinning(worker, Mode::Asleep);
            }
            Event::Sleep { .. } => {}
            Event::Wake { worker } => {
                self.end_wait(worker);
                self.ready.push_back(worker);
            }
            Event::Arrive { boundary, item } => self.arrive(boundary, item),
        }
    }

    /// Goes on until the worker works, waits or is done.
    fn advance(&mut self, worker: usize) {
        if let Some(place) = self.workers[worker].promise.take() {
            self.queue(place).promised -= 1;
        }
        loop {
            let next = match self.workers[worker].at {
                At::Token(i) => self.admit(worker, i),
                At::Frame => self.take(worker),
                At::Step(i) => self.step(worker, i),
                At::Room => self.put(worker),
                At::Over => None,
            };
            match next {
                Some(at) => self.workers[worker].at = at,
                None => return,
            }
        }
    }

    /// Takes the tokens that its frame needs: in the first stage before it, else before it is handed on.
    fn admit(&mut self, worker: usize, i: usize) -> Option<At> {
        let stage = self.workers[worker].stage;
        let Some(&gate) = self.layout.stages[stage].takes.get(i) else {
            return if stage == 0 { self.begin(worker) } else { Some(At::Room) };
        };
        if self.tokens[gate] == 0 {
            return self.wait(worker, Place::Token(gate));
        }
        self.tokens[gate] -= 1;
        Some(At::Token(i + 1))
    }

    fn begin(&mut self, worker: usize) -> Option<At> {
        let frame = self.next_frame;
        if frame == self.run.frames {
            return Some(At::Over);
        }
        self.next_frame += 1;
        self.workers[worker].item = Item { frame, number: frame };
        self.ledger.begin(self.clock.now_s, frame);
        self.note_wait(worker);
        self.hold(0, 1.0);
        Some(At::Step(0))
    }

    fn take(&mut self, worker: usize) -> Option<At> {
        let stage = self.workers[worker].stage;
        let boundary = stage - 1;
        let Some(mut item) = self.boundaries[boundary].take() else {
            return self.wait(worker, Place::Frame(boundary));
        };
        self.ledger.boundaries[boundary].held.add(self.clock.now_s, -1.0);
        if self.layout.stages[stage].renumbers {
            item.number = self.workers[worker].taken;
        }
        self.workers[worker].taken += 1;
        self.workers[worker].item = item;
        self.note_wait(worker);
        self.hold(stage, 1.0);
        self.offer(Place::Room(boundary), Some(worker));
        self.give_back(worker, false);
        Some(At::Step(0))
    }

    /// Begins a step, unless it takes no time.
    fn step(&mut self, worker: usize, i: usize) -> Option<At> {
        let Worker { stage, item, debt_s, .. } = self.workers[worker];
        let laid = &self.layout.stages[stage];
        let Some(step) = laid.steps.get(i) else {
            self.ledger.stages[stage].frames += 1;
            self.ledger.source_s = if stage == 0 { self.clock.now_s } else { self.ledger.source_s };
            return Some(if stage == 0 { At::Room } else { At::Token(0) });
        };
        let frame = self.run.first_frame + item.frame;
        let work_s = debt_s + step.service.draw_s(Draw { seed: self.run.seed, task: step.task, frame });
        if work_s == 0.0 && step.traffic_bytes == 0.0 {
            return Some(At::Step(i + 1));
        }
        self.workers[worker].debt_s = 0.0;
        self.workers[worker].started_s = self.clock.now_s;
        self.ledger.nodes[laid.node].traffic_bytes += step.traffic_bytes;
        let crowd = self.pools.crowd(laid.node, laid.core_type);
        let crowd = (step.needs == Needs::Cores).then_some(crowd);
        let job = Job { crowd, threads: step.threads, work_s, traffic_bytes: step.traffic_bytes };
        self.pools.start(&mut self.clock, worker, job);
        None
    }

    fn end_step(&mut self, worker: usize) {
        let Worker { stage, at, started_s, .. } = self.workers[worker];
        let At::Step(i) = at else { return };
        let step = &self.layout.stages[stage].steps[i];
        let took_s = self.clock.now_s - started_s;
        self.ledger.stages[stage].busy_s += took_s;
        if step.needs == Needs::Cores {
            let cores = self.ledger.workers[worker].cores_s.iter_mut();
            cores.take(step.threads as usize).for_each(|busy_s| *busy_s += took_s);
        }
        self.note(worker, step.activity, started_s, self.clock.now_s);
        self.workers[worker].at = At::Step(i + 1);
        self.ready.push_back(worker);
    }

    fn put(&mut self, worker: usize) -> Option<At> {
        let Worker { stage, item, .. } = self.workers[worker];
        let Some(boundary) = self.boundaries.get_mut(stage) else {
            self.hold(stage, -1.0);
            self.ledger.leave(self.clock.now_s, item.frame);
            self.give_back(worker, true);
            return Some(At::first(stage));
        };
        if !boundary.has_room(item.number) {
            return self.wait(worker, Place::Room(stage));
        }
        boundary.reserve();
        self.ledger.boundaries[stage].held.add(self.clock.now_s, 1.0);
        self.let_go_of_input(stage);
        let [from, to] = [stage, stage + 1].map(|s| self.layout.stages[s].node);
        if from == to {
            self.boundaries[stage].arrive(item);
            self.offer(Place::Frame(stage), Some(worker));
        } else {
            self.send(stage, item);
        }
        Some(At::first(stage))
    }

    fn send(&mut self, stage: usize, item: Item) {
        let [from, to] = [stage, stage + 1].map(|s| self.layout.stages[s].node);
        let bytes = self.layout.stages[stage].output_bytes;
        let sent = self.links.send(self.clock.now_s, (from, to), bytes);
        self.ledger.nodes[from].sent_bytes += bytes;
        self.ledger.nodes[to].frames.add(self.clock.now_s, bytes);
        if self.run.traced.contains(&item.frame) {
            let (lane, activity) = (self.workers.len() + from, Activity::Send);
            let (start_s, end_s) = (sent.start_s, sent.arrival_s);
            self.ledger.spans.push(Span { lane, stage, activity, frame: item.frame, start_s, end_s });
        }
        self.clock.announce(sent.arrival_s, Event::Arrive { boundary: stage, item });
    }

    fn arrive(&mut self, boundary: usize, item: Item) {
        let (from, bytes) = (self.layout.stages[boundary].node, self.layout.stages[boundary].output_bytes);
        self.ledger.nodes[from].frames.add(self.clock.now_s, -bytes);
        self.boundaries[boundary].arrive(item);
        self.offer(Place::Frame(boundary), None);
    }

    /// Counts the bytes of a frame that a stage begins to make; less, with its input, when the last stage is done.
    fn hold(&mut self, stage: usize, change: f64) {
        let laid = &self.layout.stages[stage];
        self.ledger.nodes[laid.node].frames.add(self.clock.now_s, change * laid.output_bytes);
        if change < 0.0 {
            self.let_go_of_input(stage);
        }
    }

    fn let_go_of_input(&mut self, stage: usize) {
        if let Some(before) = stage.checked_sub(1) {
            let (node, bytes) = (self.layout.stages[stage].node, self.layout.stages[before].output_bytes);
            self.ledger.nodes[node].frames.add(self.clock.now_s, -bytes);
        }
    }

    /// Gives tokens back: those of its frame's end, or those of a frame that was taken.
    fn give_back(&mut self, worker: usize, at_end: bool) {
        let stage = self.workers[worker].stage;
        for gate in 0..self.layout.gates.len() {
            let at = self.layout.gates[gate];
            if at.behind == stage && at.at_end == at_end {
                self.tokens[gate] += 1;
                self.offer(Place::Token(gate), Some(worker));
            }
        }
    }

    /// A bar of the Gantt chart, if its frame is asked for.
    pub(crate) fn note(&mut self, worker: usize, activity: Activity, start_s: f64, end_s: f64) {
        let Worker { stage, item: Item { frame, .. }, .. } = self.workers[worker];
        if end_s > start_s && self.run.traced.contains(&frame) {
            self.ledger.spans.push(Span { lane: worker, stage, activity, frame, start_s, end_s });
        }
    }

    /// The bar of a wait for a frame that is now known.
    fn note_wait(&mut self, worker: usize) {
        if let Some((activity, start_s, end_s)) = self.workers[worker].awaited.take() {
            self.note(worker, activity, start_s, end_s);
        }
    }
}
