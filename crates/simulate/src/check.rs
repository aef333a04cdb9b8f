//! Whether cluster, pipeline and run make sense, before anything is simulated.

use crate::cluster::{Cluster, Cores, Network, Node};
use crate::error::Error;
use crate::pipeline::{Pipeline, Sharing, Stage, Task, Waiting};
use crate::run::Run;
use crate::service::Service;
use schedule::Kind;

/// Most replicas, cores of a team or of a type, and frames behind a stage.
const MOST: usize = 1 << 20;
/// Most frames of a run, and the largest number of the first.
const MOST_FRAMES: u64 = 10_000_000;

const RATE: &str = "a finite number above 0";
const AMOUNT: &str = "a finite number, 0 or more";

pub(crate) fn check(cluster: &Cluster, pipeline: &Pipeline, run: &Run) -> Result<(), Error> {
    check_run(run)?;
    cluster.nodes.iter().try_for_each(check_node)?;
    check_network(&cluster.network)?;
    if pipeline.stages.is_empty() {
        return Err(Error::NoStages);
    }
    if pipeline.window == Some(0) {
        return Err(Error::ZeroWindow);
    }
    for i in 0..pipeline.stages.len() {
        check_stage(pipeline, i)?;
        check_place(cluster, pipeline, i)?;
    }
    match pipeline.sharing {
        Sharing::Dedicated => check_own_cores(cluster, pipeline),
        Sharing::Shared => Ok(()),
    }
}

fn check_run(run: &Run) -> Result<(), Error> {
    let Run { frames, warm_up, first_frame, .. } = *run;
    let too_many = |setting, got, limit| Err(Error::TooMany { setting, got, limit });
    match frames {
        _ if frames > MOST_FRAMES => too_many("frames", frames, MOST_FRAMES),
        _ if first_frame > u64::MAX / 2 => too_many("frames before the first", first_frame, u64::MAX / 2),
        0 => Err(Error::NoFrames),
        _ if warm_up >= frames => Err(Error::WarmUp { warm_up, frames }),
        _ => Ok(()),
    }
}

fn check_node(node: &Node) -> Result<(), Error> {
    let bad = |what, value, expected| Err(Error::BadNode { node: node.name.clone(), what, value, expected });
    if let Some(rate) = node.memory_bytes_per_s.filter(|&rate| !is_rate(rate)) {
        return bad("a memory bandwidth of", rate, RATE);
    }
    for Cores { count, speed, worth, spin_weight, .. } in &node.cores {
        if *count as usize > MOST {
            return Err(Error::TooMany { setting: "cores", got: (*count).into(), limit: MOST as u64 });
        }
        if !is_rate(*speed) {
            return bad("cores of speed", *speed, RATE);
        }
        if !(0.0..=1.0).contains(spin_weight) {
            return bad("cores with a spin weight of", *spin_weight, "a number from 0 to 1");
        }
        let mut last = 0;
        for &(count, worth) in worth {
            if count <= last {
                return bad("cores whose worth is given at", count.into(), "counts that rise from 1");
            }
            if !is_rate(worth) {
                return bad("cores that are worth", worth, RATE);
            }
            last = count;
        }
    }
    Ok(())
}

fn check_network(network: &Network) -> Result<(), Error> {
    let bad = |what, value, expected| Err(Error::BadNetwork { what, value, expected });
    match network.bytes_per_s {
        Some(rate) if !is_rate(rate) => bad("a bandwidth of", rate, RATE),
        _ if !is_amount(network.latency_s) => bad("a latency of", network.latency_s, AMOUNT),
        _ => Ok(()),
    }
}

fn check_stage(pipeline: &Pipeline, i: usize) -> Result<(), Error> {
    let stage = &pipeline.stages[i];
    if stage.tasks.is_empty() {
        return Err(Error::NoTasks { stage: i });
    }
    let counts =
        [("replicas", stage.replicas as usize), ("team", stage.team as usize), ("depth", stage.depth)];
    if let Some((setting, got)) = counts.into_iter().find(|c| c.1 > MOST) {
        return Err(Error::TooMany { setting, got: got as u64, limit: MOST as u64 });
    }
    if let Some((setting, _)) = counts.into_iter().find(|c| c.1 == 0) {
        return Err(Error::Zero { stage: i, name: pipeline.name(i), setting });
    }
    let (spin_s, wake) = (stage.waiting.spin_s(), stage.waiting.wake());
    let spin_s = if stage.waiting == Waiting::Spin { 0.0 } else { spin_s };
    let times = [
        ("a crossing of", stage.crossing_s),
        ("a spin of", spin_s),
        ("a wake-up latency of", wake.latency_s),
        ("a wake-up call of", wake.call_s),
    ];
    if let Some((what, value)) = times.into_iter().find(|t| !is_amount(t.1)) {
        return Err(Error::BadStage { stage: i, name: pipeline.name(i), what, value });
    }
    stage.tasks.iter().try_for_each(|task| check_task(i, stage, task))
}

fn check_task(i: usize, stage: &Stage, task: &Task) -> Result<(), Error> {
    let name = || task.name.clone();
    let kind = match task.kind {
        Kind::Replicable => None,
        Kind::Sequential => Some("sequential"),
        Kind::Parallel(_) => Some("parallel inside"),
    };
    if let Some(kind) = kind.filter(|_| stage.replicas > 1) {
        return Err(Error::Replicas { stage: i, replicas: stage.replicas, task: name(), kind });
    }
    if let Service::Cycle { times_s } | Service::Samples { times_s } = &task.service
        && times_s.is_empty()
    {
        return Err(Error::NoTimes { task: name() });
    }
    let bad = |what, value| Err(Error::BadTask { task: name(), what, value });
    if let Some(&value) = task.service.figures().iter().find(|v| !is_amount(**v)) {
        return bad("a service time with", value);
    }
    if !is_amount(task.traffic_bytes) {
        return bad("a memory traffic of", task.traffic_bytes);
    }
    if !is_amount(task.output_bytes) {
        return bad("an output of", task.output_bytes);
    }
    check_efficiencies(task)
}

fn check_efficiencies(task: &Task) -> Result<(), Error> {
    let Kind::Parallel(measured) = &task.kind else { return Ok(()) };
    let mut last = 0;
    for &(cores, efficiency) in measured {
        if cores <= last || !is_rate(efficiency) {
            return Err(Error::BadEfficiency { task: task.name.clone(), cores, efficiency });
        }
        last = cores;
    }
    Ok(())
}

fn check_place(cluster: &Cluster, pipeline: &Pipeline, i: usize) -> Result<(), Error> {
    let (stage, name) = (i, pipeline.name(i));
    let Stage { node, core_type, .. } = pipeline.stages[i];
    let Some(at) = cluster.nodes.get(node) else {
        return Err(Error::UnknownNode { stage, name, node, nodes: cluster.nodes.len() });
    };
    match at.cores.get(core_type) {
        None => {
            let (node, types) = (at.name.clone(), at.cores.len());
            Err(Error::UnknownCoreType { stage, name, core_type, node, types })
        }
        Some(cores) if cores.count == 0 => {
            let (core_type, node) = (cores.core_type.clone(), at.name.clone());
            Err(Error::NoCores { stage, name, core_type, node })
        }
        Some(_) => Ok(()),
    }
}

fn check_own_cores(cluster: &Cluster, pipeline: &Pipeline) -> Result<(), Error> {
    for (node, at) in cluster.nodes.iter().enumerate() {
        for (core_type, cores) in at.cores.iter().enumerate() {
            let here = pipeline.stages.iter().filter(|s| s.node == node && s.core_type == core_type);
            let needed = here.map(|s| u64::from(s.replicas) * u64::from(s.team)).sum();
            if needed > cores.count.into() {
                let (core_type, node) = (cores.core_type.clone(), at.name.clone());
                return Err(Error::TooManyWorkers { core_type, node, needed, there: cores.count });
            }
        }
    }
    Ok(())
}

pub(crate) fn is_amount(value: f64) -> bool {
    value.is_finite() && value >= 0.0
}

pub(crate) fn is_rate(value: f64) -> bool {
    is_amount(value) && value > 0.0
}
