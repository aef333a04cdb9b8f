//! A chain as `flow` runs it.

use crate::chains::{Chain, DEPTH};
use crate::tasks::{Seat, Work};
use crate::{Failure, middle_period_s};
use flow::closures::replicable;
use flow::graph::{Graph, Pipeline, Settings, Stage};
use flow::{BoxError, Source, Task};
use schedule::Kind;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

/// Runs a chain: the measured period over the middle of the run.
pub(crate) fn period_s(chain: &Chain) -> Result<f64, Failure> {
    let left = Arc::new(Mutex::new(Vec::new()));
    let mut graph = Graph::new();
    let mut frame = graph.source(Numbers(Arc::default()));
    for task in &chain.tasks {
        frame = graph.task(frame, Do::new(task));
    }
    let (started, noted) = (Instant::now(), left.clone());
    graph.task(
        frame,
        replicable("Note", move |_: u64| {
            noted.lock().unwrap_or_else(PoisonError::into_inner).push(started.elapsed().as_secs_f64());
            Ok(())
        }),
    );
    let settings = Settings { frames: Some(chain.frames), ..Settings::default() };
    Pipeline::new(graph, &stages(chain))?.run(&settings)?;
    let left = left.lock().unwrap_or_else(PoisonError::into_inner);
    Ok(middle_period_s(&left))
}

fn stages(chain: &Chain) -> Vec<Stage> {
    let last = chain.plan.len() - 1;
    let stage = |(i, cut): (usize, &crate::chains::Cut)| {
        // The source goes with the first stage, the note of departures with the last.
        let tasks = cut.tasks + usize::from(i == 0) + usize::from(i == last);
        Stage::new(tasks).replicas(cut.replicas as usize).threads(cut.team as usize).depth(DEPTH)
    };
    chain.plan.iter().enumerate().map(stage).collect()
}

/// Gives the numbers of frames, to all its copies in turn.
struct Numbers(Arc<AtomicU64>);

impl Source for Numbers {
    type Out = u64;

    fn next(&mut self) -> Result<Option<u64>, BoxError> {
        Ok(Some(self.0.fetch_add(1, Ordering::Relaxed)))
    }

    fn replica(&self) -> Option<Self> {
        Some(Self(self.0.clone()))
    }
}

/// A task of the chain in the words of `flow`.
struct Do {
    work: Arc<dyn Work>,
    seat: Seat,
}

impl Do {
    fn new(work: &Arc<dyn Work>) -> Self {
        Self { work: work.clone(), seat: work.seat() }
    }
}

impl Task for Do {
    type In = u64;
    type Out = u64;

    fn name(&self) -> String {
        self.work.name()
    }

    fn run(&mut self, frame: u64) -> Result<u64, BoxError> {
        (self.seat)(frame);
        Ok(frame)
    }

    fn replica(&self) -> Option<Self> {
        (self.work.kind() == Kind::Replicable).then(|| Self::new(&self.work))
    }

    fn max_threads(&self) -> usize {
        if matches!(self.work.kind(), Kind::Parallel(_)) { usize::MAX } else { 1 }
    }
}
