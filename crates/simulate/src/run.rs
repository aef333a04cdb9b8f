//! What is to be run, and the one function that runs it.

use crate::boundary::Queue;
use crate::check::check;
use crate::clock::Clock;
use crate::cluster::Cluster;
use crate::engine::{Engine, Worker};
use crate::error::Error;
use crate::layout::{Layout, boundaries};
use crate::ledger::Ledger;
use crate::links::Links;
use crate::outcome::Outcome;
use crate::pipeline::Pipeline;
use crate::pools::Pools;
use crate::report::report;
use crate::wait::Queues;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use std::ops::Range;

/// How many frames, and which of them count.
///
/// The *steady part*, over which the period is measured, begins with the departure of the last frame of the warm-up and
/// ends with the last departure before the first stage had its last frame ready, so that neither filling nor draining
/// counts; where nothing is left of it (buffers swallow the whole run), it ends with the last departure. It is cut to a
/// whole number of turns of the replicas of the slowest stages, so that constant times give an exact period.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    /// Frames that the source gives.
    pub frames: u64,
    /// Frames at the beginning that do not count for the period.
    pub warm_up: u64,
    /// Seed of all times that are drawn.
    pub seed: u64,
    /// Frames for which bars of a Gantt chart are kept; none unless said.
    #[serde(default = "none")]
    pub traced: Range<u64>,
    /// The number of the first frame, for the times that are drawn: a run may be a part of a larger one.
    #[serde(default)]
    pub first_frame: u64,
}

impl Run {
    /// So many frames, the first fifth of them as warm-up, seed 0, no Gantt chart.
    #[must_use]
    pub fn new(frames: u64) -> Self {
        Self { frames, warm_up: frames / 5, seed: 0, traced: none(), first_frame: 0 }
    }
}

fn none() -> Range<u64> {
    0..0
}

/// Runs a pipeline on a cluster, in no time at all.
///
/// The same input gives the same outcome on every computer. The cost is about
/// `frames × steps × (log workers + core types of a node)`, where steps are tasks and boundaries: 512 workers on 10 000
/// frames take well below a second. Memory is that of the frames' times, and of the bars that are asked for.
///
/// # Errors
/// What makes no sense in the cluster, the pipeline or the run, by the name of the node, stage or task.
pub fn simulate(cluster: &Cluster, pipeline: &Pipeline, run: &Run) -> Result<Outcome, Error> {
    check(cluster, pipeline, run)?;
    let layout = Layout::new(cluster, pipeline);
    let workers = layout.stages.iter().enumerate();
    let workers = workers.flat_map(|(stage, s)| (0..s.replicas).map(move |_| Worker::new(stage)));
    let queues = |n: usize| (0..n).map(|_| Queue::default()).collect();
    let boundaries = boundaries(pipeline);
    let mut engine = Engine {
        layout: &layout,
        run,
        clock: Clock::default(),
        pools: Pools::new(cluster, layout.n_workers()),
        links: Links::new(cluster.network, cluster.nodes.len()),
        tokens: layout.gates.iter().map(|gate| gate.tokens).collect(),
        workers: workers.collect(),
        queues: Queues {
            frames: queues(boundaries.len()),
            rooms: queues(boundaries.len()),
            tokens: queues(layout.gates.len()),
        },
        boundaries,
        ready: VecDeque::new(),
        next_frame: 0,
        ledger: Ledger::new(&layout, cluster.nodes.len(), run.frames),
    };
    engine.finish()?;
    Ok(report(cluster, pipeline, engine))
}
