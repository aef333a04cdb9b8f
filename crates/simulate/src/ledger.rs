//! What is counted while a simulation runs.

use crate::layout::Layout;
use crate::outcome::{Occupancy, Passage};
use crate::trace::Span;

/// All counts of a run.
#[derive(Debug)]
pub(crate) struct Ledger {
    begun_s: Vec<f64>,
    /// Frames in the order in which they left.
    pub(crate) passages: Vec<Passage>,
    pub(crate) in_flight: Level,
    pub(crate) stages: Vec<StageCount>,
    pub(crate) boundaries: Vec<BoundaryCount>,
    pub(crate) workers: Vec<WorkerCount>,
    pub(crate) nodes: Vec<NodeCount>,
    /// When the first stage had its last frame ready, so far.
    pub(crate) source_s: f64,
    pub(crate) spans: Vec<Span>,
}

#[derive(Debug, Clone, Default)]
pub(crate) struct StageCount {
    pub(crate) frames: u64,
    /// Sum over replicas.
    pub(crate) busy_s: f64,
    pub(crate) awaited_frame_s: f64,
    pub(crate) awaited_room_s: f64,
    pub(crate) awaited_token_s: f64,
}

#[derive(Debug, Clone, Default)]
pub(crate) struct BoundaryCount {
    pub(crate) held: Level,
    pub(crate) awaited_frame_s: f64,
    pub(crate) awaited_room_s: f64,
}

#[derive(Debug, Clone, Default)]
pub(crate) struct WorkerCount {
    /// Seconds that each core of its team worked.
    pub(crate) cores_s: Vec<f64>,
    pub(crate) spun_s: f64,
}

#[derive(Debug, Clone, Default)]
pub(crate) struct NodeCount {
    /// Bytes of frames on it.
    pub(crate) frames: Level,
    /// Bytes that its replicas keep.
    pub(crate) kept_bytes: f64,
    pub(crate) traffic_bytes: f64,
    pub(crate) sent_bytes: f64,
}

/// A quantity that changes at moments: its mean over time, and its maximum over all times that last.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Level {
    now: f64,
    pub(crate) max: f64,
    area: f64,
    since_s: f64,
}

impl Level {
    pub(crate) fn add(&mut self, now_s: f64, change: f64) {
        // What comes and goes at one moment was never there together.
        if now_s > self.since_s {
            self.area += self.now * (now_s - self.since_s);
            self.since_s = now_s;
            self.max = self.max.max(self.now);
        }
        self.now += change;
    }

    /// Over the time from the start to `now_s`.
    pub(crate) fn occupancy(mut self, now_s: f64) -> Occupancy {
        self.add(now_s, 0.0);
        let mean = if now_s > 0.0 { self.area / now_s } else { self.now };
        Occupancy { mean, max: self.max }
    }
}

impl Ledger {
    pub(crate) fn new(layout: &Layout, n_nodes: usize, frames: u64) -> Self {
        let mut nodes = vec![NodeCount::default(); n_nodes];
        for stage in &layout.stages {
            nodes[stage.node].kept_bytes += stage.memory_bytes as f64 * f64::from(stage.replicas);
        }
        let workers = layout.stages.iter().flat_map(|stage| {
            let worker = WorkerCount { cores_s: vec![0.0; stage.team as usize], spun_s: 0.0 };
            std::iter::repeat_n(worker, stage.replicas as usize)
        });
        Self {
            begun_s: vec![0.0; frames as usize],
            passages: Vec::with_capacity(frames as usize),
            in_flight: Level::default(),
            stages: vec![StageCount::default(); layout.stages.len()],
            boundaries: vec![BoundaryCount::default(); layout.stages.len() - 1],
            workers: workers.collect(),
            nodes,
            source_s: 0.0,
            spans: Vec::new(),
        }
    }

    pub(crate) fn begin(&mut self, now_s: f64, frame: u64) {
        self.begun_s[frame as usize] = now_s;
        self.in_flight.add(now_s, 1.0);
    }

    pub(crate) fn leave(&mut self, now_s: f64, frame: u64) {
        self.passages.push(Passage { frame, begun_s: self.begun_s[frame as usize], left_s: now_s });
        self.in_flight.add(now_s, -1.0);
    }
}
