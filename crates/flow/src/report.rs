//! What a run says about itself: plain data.

use crate::{Forecast, Plan, Profile, graph::BoundaryStats};

/// How a run went.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct RunReport {
    /// Seconds from start to end.
    pub wall_s: f64,
    /// Every task, source and accumulator in the order of declaration.
    pub tasks: Vec<TaskReport>,
    /// Every `per_chunk`, in order.
    pub passes: Vec<PassReport>,
    /// The stages as they were cut, at last where they were cut several times.
    pub plan: Plan,
    /// What the streams of which a sample was timed cost.
    pub profile: Profile,
    /// Names of the tasks whose result no task reads: a hint that a binding was forgotten.
    pub unread: Vec<String>,
}

/// How often a task ran.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TaskRate {
    /// Once per run.
    Once,
    /// Once for every chunk.
    PerChunk,
}

/// How one task went; sums over its replicas.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct TaskReport {
    /// Name of the task; not unique where a chain has several of a kind.
    pub name: String,
    /// How often it was to run.
    pub rate: TaskRate,
    /// Number of its `per_chunk` from 0; `None` for a task outside.
    pub pass: Option<usize>,
    /// Its stage from 0, which is that of the source; 0 for a task outside.
    pub stage: usize,
    /// Calls made: chunks given for a source, chunks added for an accumulator.
    pub calls: u64,
    /// Seconds inside the task.
    pub busy_s: f64,
    /// Copies that worked side by side.
    pub replicas: usize,
    /// Seconds its stage waited for a chunk; counted at the first task of a stage.
    pub waited_input_s: f64,
    /// Seconds its stage waited for room behind it; counted at the last task of a stage, and at the source.
    pub waited_output_s: f64,
}

/// How one `per_chunk` went.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct PassReport {
    /// Name of its source.
    pub source: String,
    /// Chunks that the source gave.
    pub chunks: u64,
    /// Seconds from the first request to the end of the last accumulation.
    pub wall_s: f64,
    /// Every boundary between its stages, as they were cut at last.
    pub boundaries: Vec<BoundaryStats>,
    /// What its plan promised, where it was planned by costs; of the last turn.
    pub forecast: Option<Forecast>,
    /// How often it was cut anew between two turns, because costs had moved.
    pub n_replanned: usize,
}

impl PassReport {
    /// Adds another turn, or another stream of the same shape. Boundaries of another cut are those of the last.
    pub(crate) fn add(&mut self, turn: &PassReport) {
        self.chunks += turn.chunks;
        self.wall_s += turn.wall_s;
        self.n_replanned += turn.n_replanned;
        self.forecast = turn.forecast.clone().or(self.forecast.take());
        if self.boundaries.len() == turn.boundaries.len() {
            self.boundaries.iter_mut().zip(&turn.boundaries).for_each(|(all, turn)| all.add(turn));
        } else {
            self.boundaries.clone_from(&turn.boundaries);
        }
    }
}

impl TaskReport {
    pub(crate) fn named(name: &str, rate: TaskRate) -> Self {
        let name = name.to_owned();
        let (stage, calls, replicas) = (0, 0, 1);
        let (busy_s, waited_input_s, waited_output_s) = (0.0, 0.0, 0.0);
        let pass = None;
        TaskReport { name, rate, pass, stage, calls, busy_s, replicas, waited_input_s, waited_output_s }
    }

    /// Adds another turn, or another part of one, whose stages count.
    pub(crate) fn add(&mut self, turn: &TaskReport) {
        (self.stage, self.replicas) = (turn.stage, turn.replicas);
        self.calls += turn.calls;
        self.busy_s += turn.busy_s;
        self.waited_input_s += turn.waited_input_s;
        self.waited_output_s += turn.waited_output_s;
    }
}
