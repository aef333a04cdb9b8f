//! How the rings of a run lie between its stages: room, order, and tokens where frames may overtake each other.

use std::{sync::Arc, time::Instant};

use super::{
    CoreSet, Stage, Waiting,
    board::Board,
    layout::{Feedback, Layout, StageLayout},
    limit::Meter,
    ring::{Carrier, RingSpec},
    snapshot::Scene,
    work::Numbers,
};

/// How a stage is executed.
pub(crate) struct Post {
    pub(crate) replicas: usize,
    pub(crate) depth: usize,
    pub(crate) waiting: Waiting,
    pub(crate) cores: Vec<CoreSet>,
    pub(crate) threads: Option<usize>,
    /// Frames are not put back into order behind it.
    pub(crate) is_unordered: bool,
    /// Bytes that may wait behind it.
    pub(crate) bytes: Option<usize>,
}

impl Post {
    pub(crate) fn of(stage: &Stage) -> Self {
        let Stage { replicas, depth, waiting, cores, threads, is_unordered, bytes, .. } = stage.clone();
        Post { replicas, depth, waiting, cores, threads, is_unordered, bytes }
    }
}

/// What all threads see of it.
pub(crate) struct Shape {
    pub(crate) layout: Layout,
    pub(crate) posts: Vec<Post>,
    pub(crate) numbers: Numbers,
    /// Most frames from the source to the end, if that is limited.
    pub(crate) window: Option<usize>,
    /// Most bytes from the source to the end, if that is limited.
    pub(crate) memory: Option<usize>,
}

impl Shape {
    /// The rings between the stages.
    pub(crate) fn rings(&self) -> Vec<Arc<dyn Carrier>> {
        let ring = |(stage, layout): (usize, &Arc<StageLayout>)| {
            let spec = self.spec(stage);
            let kinds: Vec<_> = layout.exports.iter().map(|&slot| &self.layout.slots[slot].kind).collect();
            let lanes = kinds.iter().skip(1).map(|kind| kind.lane(spec.capacity)).collect();
            match kinds.first() {
                Some(kind) => kind.ring(spec, lanes),
                None => super::cell::no_data(spec),
            }
        };
        self.layout.stages.iter().enumerate().take(self.posts.len() - 1).map(ring).collect()
    }

    /// The ways back of loops: no more frames are in a loop than its ring has room for.
    pub(crate) fn backs(&self) -> Vec<Arc<dyn Carrier>> {
        let back = |Feedback { until, back, width, .. }: &Feedback| {
            let waiting = self.posts[*until].waiting;
            let (capacity, is_ordered, is_prefilled) = (*width, false, false);
            let spec = RingSpec { capacity, producers: 1, consumers: 1, waiting, is_ordered, is_prefilled };
            let [frame, number] = back.map(|slot| &self.layout.slots[slot].kind);
            frame.ring(spec, vec![number.lane(capacity)])
        };
        self.layout.feedbacks.iter().map(back).collect()
    }

    /// What limits the bytes behind each stage.
    pub(crate) fn meters(&self) -> Vec<Option<Arc<Meter>>> {
        let meter = |stage: usize| {
            let limit = self.posts[stage].bytes?;
            Some(Arc::new(Meter::new(limit, self.spec(stage).is_ordered)))
        };
        (0..self.posts.len() - 1).map(meter).collect()
    }

    /// The ring behind a stage.
    pub(crate) fn spec(&self, stage: usize) -> RingSpec {
        let Post { replicas: producers, depth, waiting, .. } = self.posts[stage];
        let consumers = self.posts[stage + 1].replicas;
        let is_ordered = consumers == 1 && producers > 1 && !self.posts[stage].is_unordered;
        let capacity = match self.window {
            Some(window) if is_ordered => window.max(depth),
            _ if is_ordered => depth + self.overtakers(stage),
            _ => depth,
        };
        RingSpec { capacity, producers, consumers, waiting, is_ordered, is_prefilled: false }
    }

    /// Frames that may overtake one in the wide stages up to `last`.
    pub(crate) fn overtakers(&self, last: usize) -> usize {
        let wide = self.posts[..=last].iter().rev().take_while(|post| post.replicas > 1);
        let places: usize = wide.enumerate().map(|(i, p)| p.replicas + if i > 0 { p.depth } else { 0 }).sum();
        places.saturating_sub(1)
    }

    /// Tokens for frames in neighboring wide stages: where they begin, where they end, and a ring back.
    ///
    /// A frame may be overtaken there by any number of others, and these could fill the ring that restores the order
    /// and then every replica in front of it, so that the frame they wait for cannot pass. So no more frames are let
    /// in than the ring has room for. One wide stage alone needs no gate: the frame waited for is always in a replica.
    pub(crate) fn gates(&self) -> Vec<Gate> {
        // No more frames are on their way than fit into any ring.
        if self.window.is_some() {
            return self.window_gate().into_iter().collect();
        }
        // A stage that gives frames of another rate counts them anew, in order.
        let is_wide = |stage: usize| self.posts[stage].replicas > 1 && self.layout.stages[stage].emits == 0;
        let mut gates = Vec::new();
        for last in 1..self.posts.len().saturating_sub(1) {
            let is_restored = !self.posts[last].is_unordered;
            if is_wide(last) && is_wide(last - 1) && !is_wide(last + 1) && is_restored {
                let first = (0..last).rev().find(|&stage| !is_wide(stage)).unwrap_or(0);
                // Bytes may hold back every frame but the next in order, so that one must always find a free replica.
                let room = match self.posts[last].bytes {
                    Some(_) => self.posts[last].replicas,
                    None => self.spec(last).capacity,
                };
                gates.push(self.gate(first, last + 1, room));
            }
        }
        gates
    }

    /// Tokens for all frames between the source and the end.
    pub(crate) fn window_gate(&self) -> Option<Gate> {
        let last = self.posts.len() - 1;
        let window = self.window.filter(|_| last > 0)?;
        Some(self.gate(0, last, window.max(1)))
    }

    pub(crate) fn gate(&self, first: usize, behind: usize, capacity: usize) -> Gate {
        let Post { replicas: consumers, waiting, .. } = self.posts[first];
        let producers = self.posts[behind].replicas;
        let (is_ordered, is_prefilled) = (false, true);
        let spec = RingSpec { capacity, producers, consumers, waiting, is_ordered, is_prefilled };
        Gate { first, behind, tokens: super::cell::no_data(spec) }
    }

    /// A stage in a loop around stages that would let frames overtake each other: they go around in order.
    pub(crate) fn unordered_in_loop(&self) -> Option<usize> {
        let is_inside = |stage: &usize| {
            self.layout.feedbacks.iter().any(|back| (back.enter.0..back.until).contains(stage))
        };
        (0..self.posts.len()).filter(|&stage| self.posts[stage].is_unordered).find(is_inside)
    }

    /// Whether a stage counts the frames that come in anew, because they are not in order.
    pub(crate) fn renumbers(&self, stage: usize) -> bool {
        let behind = stage.checked_sub(1).map(|before| &self.posts[before]);
        self.posts[stage].replicas == 1 && behind.is_some_and(|post| post.is_unordered && post.replicas > 1)
    }

    /// How often frames have been counted anew in front of a stage.
    pub(crate) fn n_changes(&self, stage: usize) -> u64 {
        let renumbered = (0..=stage).filter(|&stage| self.renumbers(stage)).count() as u64;
        self.layout.stages[stage].n_changes + renumbered
    }

    /// Whether the replicas of a stage accumulate shares that are put together at the end.
    pub(crate) fn merges(&self, stage: usize) -> bool {
        let is_copied = self.posts.len() == 1 && self.numbers == Numbers::Own;
        self.posts[stage].replicas > 1 && !self.layout.stages[stage].openers.is_empty() && !is_copied
    }

    pub(crate) fn scene(&self, board: &Arc<Board>, started: Instant) -> Scene {
        let capacities = (1..self.posts.len()).map(|stage| self.spec(stage - 1).capacity).collect();
        Scene { stages: self.layout.stages.clone(), capacities, board: board.clone(), started }
    }
}

impl Layout {
    /// The task that gives what crosses the boundary behind a stage in a slot.
    pub(crate) fn giver(&self, slot: usize, stage: usize) -> &str {
        let front = self.stages.iter().take(stage + 1).rev();
        let steps = front.flat_map(|stage| stage.bindings.iter().zip(&stage.steps).rev());
        let giver = steps.filter(|(_, step)| !step.is_internal).find(|(b, _)| b.writes.contains(&slot));
        giver.map_or("", |(_, step)| &*step.name)
    }
}

/// Lets only so many frames into some stages.
pub(crate) struct Gate {
    /// The stage that takes tokens: the last narrow one, or the first of all.
    pub(crate) first: usize,
    /// The stage that gives them back.
    pub(crate) behind: usize,
    pub(crate) tokens: Arc<dyn Carrier>,
}
