//! A pipeline as it is executed: steps of each stage, capacities of boundaries, tokens where frames overtake each other.
//!
//! Capacities and gates are those of `flow::graph`: see `crates/flow/src/graph/shape.rs` for why they are enough.

use crate::boundary::Boundary;
use crate::cluster::Cluster;
use crate::pipeline::{Needs, Order, Pipeline, Stage, Waiting};
use crate::service::Service;
use crate::trace::Activity;

/// A pipeline on a cluster, checked.
#[derive(Debug)]
pub(crate) struct Layout {
    pub(crate) stages: Vec<StageLayout>,
    pub(crate) gates: Vec<Gate>,
}

#[derive(Debug)]
pub(crate) struct StageLayout {
    pub(crate) name: String,
    pub(crate) node: usize,
    pub(crate) core_type: usize,
    pub(crate) replicas: u32,
    pub(crate) team: u32,
    pub(crate) steps: Vec<Step>,
    /// How both sides wait behind it.
    pub(crate) waiting: Waiting,
    pub(crate) output_bytes: f64,
    pub(crate) memory_bytes: u64,
    /// Frames come in as they are ready and are counted anew.
    pub(crate) renumbers: bool,
    /// Gates whose tokens it takes.
    pub(crate) takes: Vec<usize>,
    /// The time between two frames that it could keep alone.
    pub(crate) period_s: f64,
}

/// Something that takes time for each frame.
#[derive(Debug)]
pub(crate) struct Step {
    pub(crate) activity: Activity,
    /// Position of the task in the chain.
    pub(crate) task: u64,
    pub(crate) service: Service,
    pub(crate) threads: u32,
    pub(crate) traffic_bytes: f64,
    pub(crate) needs: Needs,
}

/// Lets only so many frames into some stages.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Gate {
    /// The stage that takes tokens.
    pub(crate) first: usize,
    /// The stage that gives them back.
    pub(crate) behind: usize,
    pub(crate) tokens: usize,
    /// They come back when the frame has left, not when it is taken.
    pub(crate) at_end: bool,
}

impl Layout {
    pub(crate) fn new(cluster: &Cluster, pipeline: &Pipeline) -> Self {
        let gates = gates(pipeline);
        let mut first_task = 0;
        let stages = (0..pipeline.stages.len()).map(|stage| {
            let mut laid = lay_out(cluster, pipeline, stage, first_task);
            first_task += pipeline.stages[stage].tasks.len() as u64;
            laid.takes = (0..gates.len()).filter(|&g| gates[g].first == stage).collect();
            laid
        });
        Self { stages: stages.collect(), gates }
    }

    pub(crate) fn n_workers(&self) -> usize {
        self.stages.iter().map(|s| s.replicas as usize).sum()
    }
}

/// The boundaries of a pipeline, all empty.
pub(crate) fn boundaries(pipeline: &Pipeline) -> Vec<Boundary> {
    let behind = |stage| Boundary::new(capacity(pipeline, stage), is_ordered(pipeline, stage));
    (0..pipeline.stages.len() - 1).map(behind).collect()
}

fn is_ordered(pipeline: &Pipeline, stage: usize) -> bool {
    let [before, behind] = [stage, stage + 1].map(|s| &pipeline.stages[s]);
    behind.replicas == 1 && before.replicas > 1 && before.order == Order::Restored
}

fn capacity(pipeline: &Pipeline, stage: usize) -> usize {
    let depth = pipeline.stages[stage].depth;
    match pipeline.window {
        _ if !is_ordered(pipeline, stage) => depth,
        Some(window) => window.max(depth),
        None => depth + overtakers(pipeline, stage),
    }
}

/// Frames that may overtake one in the wide stages up to `last`.
fn overtakers(pipeline: &Pipeline, last: usize) -> usize {
    let wide = pipeline.stages[..=last].iter().rev().take_while(|s| s.replicas > 1);
    let places = wide.enumerate().map(|(i, s)| s.replicas as usize + if i > 0 { s.depth } else { 0 });
    places.sum::<usize>() - 1
}

fn gates(pipeline: &Pipeline) -> Vec<Gate> {
    let last = pipeline.stages.len() - 1;
    if let Some(tokens) = pipeline.window {
        return vec![Gate { first: 0, behind: last, tokens, at_end: true }];
    }
    let is_wide = |stage: usize| pipeline.stages[stage].replicas > 1;
    let gated = (1..last).filter(|&s| is_wide(s) && is_wide(s - 1) && is_ordered(pipeline, s));
    let gate = |s: usize| {
        let first = (0..s).rev().find(|&stage| !is_wide(stage)).unwrap_or(0);
        Gate { first, behind: s + 1, tokens: capacity(pipeline, s), at_end: false }
    };
    gated.map(gate).collect()
}

fn lay_out(cluster: &Cluster, pipeline: &Pipeline, stage: usize, first_task: u64) -> StageLayout {
    let at = &pipeline.stages[stage];
    let speed = cluster.nodes[at.node].cores[at.core_type].speed;
    let before = stage.checked_sub(1).map(|before| &pipeline.stages[before]);
    let front_crossing_s = before.map_or(0.0, |before| before.crossing_s);
    let back_crossing_s = if stage + 1 < pipeline.stages.len() { at.crossing_s } else { 0.0 };
    let tasks = at.tasks.iter().zip(first_task..).enumerate().map(|(i, (task, position))| {
        let (threads, speedup) = task.speedup(at.team);
        let factor = if task.needs == Needs::Time { 1.0 } else { 1.0 / (speed * speedup) };
        Step {
            activity: Activity::Task(i),
            task: position,
            service: task.service.scaled(factor),
            threads,
            traffic_bytes: task.traffic_bytes,
            needs: task.needs,
        }
    });
    let steps = crossing(front_crossing_s).into_iter().chain(tasks).chain(crossing(back_crossing_s));
    let steps: Vec<Step> = steps.collect();
    let renumbers =
        |before: &Stage| at.replicas == 1 && before.replicas > 1 && before.order == Order::AsReady;
    StageLayout {
        name: pipeline.name(stage),
        node: at.node,
        core_type: at.core_type,
        replicas: at.replicas,
        team: at.team,
        waiting: at.waiting,
        output_bytes: at.tasks.last().map_or(0.0, |t| t.output_bytes),
        memory_bytes: at.tasks.iter().map(|t| t.memory_bytes).sum(),
        renumbers: before.is_some_and(renumbers),
        takes: Vec::new(),
        period_s: steps.iter().map(|s| s.service.mean_s()).sum::<f64>() / f64::from(at.replicas),
        steps,
    }
}

fn crossing(time_s: f64) -> Option<Step> {
    let service = Service::constant(time_s);
    let (activity, needs) = (Activity::HandOver, Needs::Cores);
    (time_s > 0.0).then_some(Step { activity, task: 0, service, threads: 1, traffic_bytes: 0.0, needs })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pipeline::Task;

    fn pipeline(replicas: &[u32]) -> Pipeline {
        let stage = |&r: &u32| {
            let task = Task::new("t", Service::constant(1.0));
            Stage { depth: 2, ..Stage::new(vec![task]).replicas(r) }
        };
        Pipeline::new(replicas.iter().map(stage).collect())
    }

    fn capacities(pipeline: &Pipeline) -> Vec<usize> {
        boundaries(pipeline).iter().map(|b| b.capacity).collect()
    }

    #[test]
    fn boundaries_and_gates_are_those_of_flow() {
        assert_eq!(capacities(&pipeline(&[1, 4, 1])), [2, 5]);
        assert!(gates(&pipeline(&[1, 4, 1])).is_empty());
        let two_wide = pipeline(&[1, 4, 3, 1]);
        assert_eq!(capacities(&two_wide), [2, 2, 2 + 4 + 3 + 2 - 1]);
        let gate = gates(&two_wide)[0];
        assert_eq!((gate.first, gate.behind, gate.tokens, gate.at_end), (0, 3, 10, false));
        let limited = Pipeline { window: Some(5), ..two_wide.clone() };
        assert_eq!(capacities(&limited), [2, 2, 5]);
        assert_eq!((gates(&limited).len(), gates(&limited)[0].tokens), (1, 5));
        let mut as_ready = two_wide;
        as_ready.stages[2].order = Order::AsReady;
        assert_eq!(capacities(&as_ready), [2, 2, 2]);
        assert!(gates(&as_ready).is_empty());
        let layout = Layout::new(&Cluster::uniform(9), &as_ready);
        assert!(layout.stages[3].renumbers && !layout.stages[2].renumbers);
    }
}
