//! From what was counted to what is told.

use crate::cluster::Cluster;
use crate::engine::Engine;
use crate::layout::{Layout, StageLayout};
use crate::ledger::{BoundaryCount, StageCount};
use crate::outcome::{BoundaryUse, CoreUse, Latency, NodeUse, Outcome, Passage, StageUse};
use crate::pipeline::{Pipeline, Sharing};
use crate::trace::Lane;
use std::ops::Range;

pub(crate) fn report(cluster: &Cluster, pipeline: &Pipeline, mut engine: Engine<'_>) -> Outcome {
    let makespan_s = engine.clock.now_s;
    let cores = match pipeline.sharing {
        Sharing::Dedicated => own_cores(cluster, &engine, makespan_s),
        Sharing::Shared => shared_cores(cluster, &mut engine, makespan_s),
    };
    let Engine { layout, run, boundaries, ledger, .. } = engine;
    let steady = steady(&ledger.passages, run.warm_up as usize, ledger.source_s, layout);
    let stage = |(i, count): (usize, &StageCount)| {
        let tasks = pipeline.stages[i].tasks.iter().map(|t| t.name.clone()).collect();
        stage_use(tasks, &layout.stages[i], count, makespan_s)
    };
    let boundary = |(i, count): (usize, &BoundaryCount)| BoundaryUse {
        capacity: boundaries[i].capacity,
        held: count.held.occupancy(makespan_s),
        awaited_frame_s: count.awaited_frame_s,
        awaited_room_s: count.awaited_room_s,
    };
    let node = |(i, count): (usize, &crate::ledger::NodeCount)| NodeUse {
        name: cluster.nodes[i].name.clone(),
        peak_bytes: count.frames.max + count.kept_bytes,
        traffic_bytes: count.traffic_bytes,
        sent_bytes: count.sent_bytes,
    };
    Outcome {
        frames: run.frames,
        makespan_s,
        period_s: period_s(&ledger.passages, &steady, makespan_s),
        steady,
        latency: Latency::of(&ledger.passages),
        in_flight: ledger.in_flight.occupancy(makespan_s),
        stages: ledger.stages.iter().enumerate().map(stage).collect(),
        boundaries: ledger.boundaries.iter().enumerate().map(boundary).collect(),
        cores,
        nodes: ledger.nodes.iter().enumerate().map(node).collect(),
        lanes: lanes(cluster, layout),
        spans: ledger.spans,
        passages: ledger.passages,
    }
}

fn stage_use(tasks: Vec<String>, laid: &StageLayout, count: &StageCount, makespan_s: f64) -> StageUse {
    StageUse {
        tasks,
        frames: count.frames,
        replicas: laid.replicas,
        busy_s: count.busy_s,
        awaited_frame_s: count.awaited_frame_s,
        awaited_room_s: count.awaited_room_s,
        awaited_token_s: count.awaited_token_s,
        utilization: share(count.busy_s, makespan_s * f64::from(laid.replicas)),
    }
}

fn share(part_s: f64, whole_s: f64) -> f64 {
    if whole_s > 0.0 { part_s / whole_s } else { 0.0 }
}

/// Cores go to workers in the order of stages; the rest is idle.
fn own_cores(cluster: &Cluster, engine: &Engine<'_>, makespan_s: f64) -> Vec<CoreUse> {
    let mut cores = all_cores(cluster);
    let mut free: Vec<usize> = (0..cores.len()).rev().collect();
    let workers = engine.layout.stages.iter().enumerate();
    let workers = workers.flat_map(|(i, stage)| (0..stage.replicas).map(move |replica| (i, stage, replica)));
    for ((i, stage, replica), count) in workers.zip(&engine.ledger.workers) {
        let core_type = &cluster.nodes[stage.node].cores[stage.core_type].core_type;
        for (n, busy_s) in count.cores_s.iter().enumerate() {
            let fits = |&core: &usize| cores[core].node == stage.node && cores[core].core_type == *core_type;
            let Some(place) = free.iter().rposition(fits) else { break };
            let core = &mut cores[free.remove(place)];
            core.worker = Some((i, replica));
            core.busy = share(*busy_s, makespan_s);
            core.spinning = if n == 0 { share(count.spun_s, makespan_s) } else { 0.0 };
        }
    }
    cores
}

fn shared_cores(cluster: &Cluster, engine: &mut Engine<'_>, makespan_s: f64) -> Vec<CoreUse> {
    let mut cores = all_cores(cluster);
    let mut first = 0;
    for (node, at) in cluster.nodes.iter().enumerate() {
        for (core_type, kind) in at.cores.iter().enumerate() {
            let crowd = engine.pools.crowd(node, core_type);
            let (busy_s, spun_s) = engine.pools.used_s(makespan_s, crowd);
            let whole_s = makespan_s * f64::from(kind.count);
            let last = first + kind.count as usize;
            for core in &mut cores[first..last] {
                (core.busy, core.spinning) = (share(busy_s, whole_s), share(spun_s, whole_s));
            }
            first = last;
        }
    }
    cores
}

fn all_cores(cluster: &Cluster) -> Vec<CoreUse> {
    let nodes = cluster.nodes.iter().enumerate();
    let types = nodes.flat_map(|(node, at)| at.cores.iter().map(move |cores| (node, cores)));
    let cores = types.flat_map(|(node, cores)| {
        let core_type = cores.core_type.clone();
        let idle = CoreUse { node, core_type, worker: None, busy: 0.0, spinning: 0.0 };
        std::iter::repeat_n(idle, cores.count as usize)
    });
    cores.collect()
}

fn lanes(cluster: &Cluster, layout: &Layout) -> Vec<Lane> {
    let worker = |(i, stage): (usize, &StageLayout)| {
        let (name, node) = (stage.name.clone(), stage.node);
        let lane = move |r| Lane { name: format!("{i}.{r} {name}"), node, worker: Some((i, r)) };
        (0..stage.replicas).map(lane).collect::<Vec<_>>()
    };
    let link = |(node, at): (usize, &crate::cluster::Node)| Lane {
        name: format!("link of {}", at.name),
        node,
        worker: None,
    };
    let workers = layout.stages.iter().enumerate().flat_map(worker);
    workers.chain(cluster.nodes.iter().enumerate().map(link)).collect()
}

/// The departures between which the period is measured; see [`crate::Run`].
fn steady(passages: &[Passage], warm_up: usize, source_s: f64, layout: &Layout) -> Range<usize> {
    let (first, last) = (warm_up.saturating_sub(1), passages.len() - 1);
    let cycle = cycle(layout, last - first);
    let before_draining = passages.partition_point(|p| p.left_s <= source_s).saturating_sub(1);
    let end = if before_draining >= first + cycle { before_draining } else { last };
    first..first + (end - first) / cycle * cycle
}

fn period_s(passages: &[Passage], steady: &Range<usize>, makespan_s: f64) -> f64 {
    match steady.len() {
        0 => makespan_s / passages.len() as f64,
        n => (passages[steady.end].left_s - passages[steady.start].left_s) / n as f64,
    }
}

/// Frames after which constant times repeat: a whole number of turns of all the slowest stages, if `most` allows.
fn cycle(layout: &Layout, most: usize) -> usize {
    let slowest = layout.stages.iter().map(|s| s.period_s).fold(0.0, f64::max);
    let slow = layout.stages.iter().filter(|s| s.period_s >= slowest * (1.0 - 1e-6));
    let turns: Vec<usize> = slow.map(|s| s.replicas as usize).collect();
    let all = turns.iter().try_fold(1, |all, &n| lcm(all, n).filter(|&all| all <= most));
    all.or_else(|| turns.into_iter().filter(|&n| n <= most).max()).unwrap_or(1)
}

fn lcm(a: usize, b: usize) -> Option<usize> {
    let (mut divisor, mut rest) = (a, b);
    while rest != 0 {
        (divisor, rest) = (rest, divisor % rest);
    }
    (a / divisor).checked_mul(b)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Service, Stage, Task};

    fn layout(stages: &[(f64, u32)]) -> Layout {
        let stage = |&(time_s, replicas): &(f64, u32)| {
            Stage::new(vec![Task::new("t", Service::constant(time_s))]).replicas(replicas)
        };
        Layout::new(&Cluster::uniform(64), &Pipeline::new(stages.iter().map(stage).collect()))
    }

    #[test]
    fn the_steady_part_is_whole_turns_of_the_slowest_stages() {
        assert_eq!(cycle(&layout(&[(1.0, 1), (4.0, 4), (6.0, 6), (0.1, 5)]), 100), 12);
        assert_eq!(cycle(&layout(&[(1.0, 1), (4.0, 4), (6.0, 6), (0.1, 5)]), 7), 6);
        assert_eq!(cycle(&layout(&[(1.0, 1), (4.0, 4)]), 3), 1);
        let passage = |i: u64| Passage { frame: i, begun_s: 0.0, left_s: i as f64 };
        let passages: Vec<_> = (0..20).map(passage).collect();
        let slow = layout(&[(4.0, 4)]);
        assert_eq!(steady(&passages, 3, 15.5, &slow), 2..14);
        assert_eq!(steady(&passages, 3, 2.5, &slow), 2..18, "all that is left where the source ends early");
        assert_eq!(period_s(&passages, &(2..14), 19.0), 1.0);
        assert_eq!(steady(&passages[..1], 0, 0.0, &slow), 0..0);
        assert_eq!(period_s(&passages[..1], &(0..0), 3.0), 3.0);
    }
}
