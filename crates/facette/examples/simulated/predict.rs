//! A chain as the simulator runs it, with what was calibrated.

use crate::calibrate::Known;
use crate::chains::{Chain, Cut, DEPTH};
use crate::tasks::Work;
use crate::{Failure, middle_period_s};
use schedule::Kind;
use simulate::{Cluster, Needs, Pipeline, Run, Service, Sharing, Stage, Task, Waiting, Wake, simulate};
use std::thread::available_parallelism;

/// How long `flow` looks before it sleeps.
const SPIN_S: f64 = 20e-6;

/// The predicted period over the middle of the run.
pub(crate) fn period_s(chain: &Chain, known: &Known) -> Result<f64, Failure> {
    let run = Run::new(chain.frames);
    let outcome = simulate(&cluster(known)?, &pipeline(chain, known), &run)?;
    let left_s: Vec<f64> = outcome.passages.iter().map(|p| p.left_s).collect();
    Ok(middle_period_s(&left_s))
}

fn cluster(known: &Known) -> Result<Cluster, Failure> {
    let mut cluster = Cluster::uniform(u32::try_from(available_parallelism()?.get())?);
    let node = &mut cluster.nodes[0];
    node.memory_bytes_per_s = known.together.memory_bytes_per_s;
    node.cores[0].worth = vec![(2, known.together.worth)];
    Ok(cluster)
}

fn pipeline(chain: &Chain, known: &Known) -> Pipeline {
    let mut first = 0;
    let stages = chain.plan.iter().map(|cut| {
        let tasks = (first..first + cut.tasks).map(|i| task(&*chain.tasks[i], known, i, cut)).collect();
        first += cut.tasks;
        let wake = Wake { latency_s: known.wake_s, call_s: known.call_s };
        Stage {
            replicas: cut.replicas,
            team: cut.team,
            depth: DEPTH,
            waiting: Waiting::SpinThenPark { spin_s: SPIN_S, wake },
            crossing_s: known.crossing_s,
            ..Stage::new(tasks)
        }
    });
    Pipeline { sharing: Sharing::Shared, ..Pipeline::new(stages.collect()) }
}

fn task(task: &dyn Work, known: &Known, i: usize, cut: &Cut) -> Task {
    let team = f64::from(cut.team);
    // The team was measured while its cores slowed each other, which the simulator counts by itself.
    let slowed = if cut.team > 1 { known.together.worth / 2.0 } else { 1.0 };
    let kind = match task.kind() {
        Kind::Parallel(_) => Kind::Parallel(vec![(cut.team, known.together.speedup[i] / team / slowed)]),
        kind => kind,
    };
    let needs: Needs = task.needs();
    let service = Service::Cycle { times_s: known.alone_s[i].clone() };
    Task { kind, needs, traffic_bytes: task.traffic_bytes(), ..Task::new(&task.name(), service) }
}
