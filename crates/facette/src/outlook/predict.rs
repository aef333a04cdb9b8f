//! A run on other cores, put together from measured costs and played through by the simulator.

use super::{Looked, kinds::CoreKind, measure::Costs};
use crate::Error;
use flow::{PassPlan, StagePlan, StreamProfile, TaskKind};
use schedule::{Kind, Plan, Problem};
use serde::Serialize;
use simulate::{Cluster, Cores, Outcome, Pipeline, Service, Sharing, Stage, Task};

/// Chunks that are simulated; a longer stream goes on like these.
const MOST_FRAMES: u64 = 1000;
/// Chunks of which every bar is kept for the picture.
const TRACED: u64 = 24;
/// Chunks that may wait between two stages, as in a run.
const DEPTH: usize = 1;

/// What a run would take on some cores.
#[derive(Clone, Debug, Serialize)]
pub struct Prediction {
    /// The cores.
    pub cores: Vec<CoreKind>,
    /// Stages of every pass over the data.
    pub pipelines: Vec<String>,
    /// Seconds from chunk to chunk while gridding.
    pub period_s: f64,
    /// Seconds of the passes over the data.
    pub streams_s: f64,
    /// Seconds of what is done once: transforms, products.
    pub once_s: f64,
    /// Seconds of opening and surveying the data.
    pub survey_s: f64,
    /// Seconds of the run.
    pub wall_s: f64,
    /// `wall_s` / observed time: at most 1 keeps up.
    pub real_time_ratio: f64,
}

/// A prediction with what it was made of.
pub(super) struct Predicted {
    pub prediction: Prediction,
    /// The stages of every pass.
    pub plans: Vec<PassPlan>,
    /// The simulated pass of gridding.
    pub outcome: Outcome,
    /// The scheduler's question and answer for it, where stages have cores of their own.
    pub planned: Option<(Problem, Plan)>,
}

/// One stream on some cores.
struct Pass {
    text: String,
    outcome: Outcome,
    seconds: f64,
    plan: PassPlan,
    planned: Option<(Problem, Plan)>,
}

/// Predicts a run.
pub(super) fn predict(looked: &Looked, costs: &Costs, kinds: &[CoreKind]) -> Result<Predicted, Error> {
    let n_chunks = looked.chunks_in(looked.n_row);
    let passes = costs.streams.iter().map(|stream| pass(stream, kinds, n_chunks));
    let mut passes = passes.collect::<Result<Vec<_>, Error>>()?;
    // Gridding comes last, and as often as memory asks for.
    let gridding = passes.pop().ok_or_else(|| Error::Declare("nothing was measured".into()))?;
    let streams_s =
        passes.iter().map(|pass| pass.seconds).sum::<f64>() + gridding.seconds * costs.n_passes as f64;
    let once_s = costs.once.iter().map(|cost| on_fastest(kinds, |n| cost.seconds(n))).sum();
    let survey_s = looked.open_s + looked.survey_s;
    let wall_s = survey_s + streams_s + once_s;
    let pipelines = passes.iter().chain([&gridding]).map(|pass| pass.text.clone()).collect();
    let prediction = Prediction {
        cores: kinds.to_vec(),
        pipelines,
        period_s: gridding.outcome.period_s,
        streams_s,
        once_s,
        survey_s,
        wall_s,
        real_time_ratio: wall_s / looked.observed_s,
    };
    let plans = passes.into_iter().map(|pass| pass.plan).chain([gridding.plan]).collect();
    Ok(Predicted { prediction, plans, outcome: gridding.outcome, planned: gridding.planned })
}

/// What is done once runs on the kind of cores that does most together.
fn on_fastest(kinds: &[CoreKind], seconds: impl Fn(usize) -> f64) -> f64 {
    kinds.iter().map(|kind| seconds(kind.count) / kind.speed).fold(f64::INFINITY, f64::min)
}

fn pass(stream: &StreamProfile, kinds: &[CoreKind], n_chunks: u64) -> Result<Pass, Error> {
    let refused = |error: flow::ProfileError| Error::Declare(error.into());
    let (pipeline, text, plan, planned) = match kinds {
        [CoreKind { count, speed, .. }] if *speed == 1.0 => {
            let promise = stream.promise(*count, DEPTH).map_err(refused)?;
            let pipeline = of_pass(stream, &promise.plan, *count);
            let planned = match promise.shares_cores {
                true => None,
                false => exact_plan(stream.question(*count).map_err(refused)?).ok(),
            };
            (pipeline, promise.plan.to_string(), promise.plan, planned)
        }
        _ => {
            let named: Vec<_> = kinds.iter().map(|k| (k.name.as_str(), k.count, k.speed)).collect();
            let problem = stream.problem_on(&named).map_err(refused)?;
            let (problem, plan) = exact_plan(problem).map_err(|error| refused(error.into()))?;
            let pipeline = of_plan(stream, &problem, &plan, kinds);
            let text = describe(&problem, &plan);
            (pipeline, text, without_kinds(&problem, &plan), Some((problem, plan)))
        }
    };
    let frames = n_chunks.min(MOST_FRAMES);
    let run = simulate::Run { traced: 0..TRACED.min(frames), ..simulate::Run::new(frames) };
    let outcome =
        simulate::simulate(&cluster(kinds), &pipeline, &run).map_err(|error| Error::Declare(error.into()))?;
    let seconds = outcome.makespan_s + (n_chunks - frames) as f64 * outcome.period_s;
    Ok(Pass { text, outcome, seconds, plan, planned })
}

fn exact_plan(problem: Problem) -> Result<(Problem, Plan), schedule::Error> {
    let exact = schedule::algorithm("exact").expect("the exact search is there");
    exact.solve(&problem).map(|plan| (problem, plan))
}

fn cluster(kinds: &[CoreKind]) -> Cluster {
    let mut cluster = Cluster::uniform(1);
    // The costs hold the speeds already.
    cluster.nodes[0].cores = kinds
        .iter()
        .map(|kind| Cores::new(&kind.name, u32::try_from(kind.count).unwrap_or(u32::MAX)))
        .collect();
    cluster
}

/// The tasks of a stage that begins with task `first`, at a speed.
fn tasks(stream: &StreamProfile, names: &[String], speed: f64, scaling: impl Fn(&str) -> Kind) -> Vec<Task> {
    let of = |name: &String| stream.tasks.iter().find(|task| task.name == *name);
    let task = |task: &flow::TaskProfile| {
        let spread = task.costs.first().map_or(0.0, |c| c.spread_s / c.median_s.max(f64::MIN_POSITIVE));
        let mean_s = task.seconds(1) / speed;
        let service = match mean_s > 0.0 && spread > 0.0 {
            true => Service::LogNormal { mean_s, cv: spread.min(1.0) },
            false => Service::constant(mean_s),
        };
        Task { kind: scaling(&task.name), ..Task::new(&task.name, service) }
    };
    names.iter().filter_map(of).map(task).collect()
}

/// Plays a stream of so many chunks through the stages of a plan, on cores like those that its costs were measured on.
///
/// # Errors
/// [`Error::Declare`] with what the simulator refuses.
pub fn play(stream: &StreamProfile, plan: &PassPlan, cores: usize, chunks: u64) -> Result<Outcome, Error> {
    let cluster = cluster(&super::kinds::uniform(cores));
    let outcome = simulate::simulate(&cluster, &of_pass(stream, plan, cores), &simulate::Run::new(chunks));
    outcome.map_err(|error| Error::Declare(error.into()))
}

fn of_pass(stream: &StreamProfile, plan: &PassPlan, cores: usize) -> Pipeline {
    let efficiency = |name: &str, threads: usize| {
        let task = stream.tasks.iter().find(|task| task.name == name && task.kind == TaskKind::Parallel);
        let Some(task) = task.filter(|_| threads > 1) else { return Kind::Sequential };
        let efficiency = task.seconds(1) / (threads as f64 * task.seconds(threads));
        Kind::Parallel(vec![(threads as u32, efficiency.clamp(1e-3, 1.0))])
    };
    let stage = |stage: &flow::StagePlan| {
        let kind = |name: &str| match stage.replicas {
            1 => efficiency(name, stage.threads),
            _ => Kind::Replicable,
        };
        Stage {
            replicas: stage.replicas as u32,
            team: stage.threads as u32,
            depth: stage.depth,
            ..Stage::new(tasks(stream, &stage.tasks, 1.0, kind))
        }
    };
    let stages: Vec<_> = plan.stages.iter().map(stage).collect();
    let sharing = if plan.threads() > cores { Sharing::Shared } else { Sharing::Dedicated };
    Pipeline { sharing, window: Some(plan.window), ..Pipeline::new(stages) }
}

fn of_plan(stream: &StreamProfile, problem: &Problem, plan: &schedule::Plan, kinds: &[CoreKind]) -> Pipeline {
    let stage = |stage: &schedule::Stage| {
        let tasks_of = &problem.tasks()[stage.tasks.clone()];
        let names: Vec<_> = tasks_of.iter().map(|task| task.name.clone()).collect();
        let kind = |name: &str| {
            tasks_of.iter().find(|task| task.name == name).map_or(Kind::Sequential, |task| task.kind.clone())
        };
        Stage {
            replicas: stage.replicas,
            team: stage.team,
            core_type: stage.core_type,
            depth: DEPTH,
            ..Stage::new(tasks(stream, &names, kinds[stage.core_type].speed, kind))
        }
    };
    Pipeline::new(plan.stages.iter().map(stage).collect())
}

/// The same stages for a run, whose threads go where the system puts them.
fn without_kinds(problem: &Problem, plan: &Plan) -> PassPlan {
    let names = |stage: &schedule::Stage| {
        problem.tasks()[stage.tasks.clone()].iter().map(|task| task.name.clone()).collect::<Vec<_>>()
    };
    let stage = |stage: &schedule::Stage| {
        StagePlan::new(names(stage), (stage.replicas as usize, stage.team as usize), DEPTH)
    };
    let source = problem.tasks().first().map_or_else(String::new, |task| task.name.clone());
    PassPlan::new(source, plan.stages.iter().map(stage).collect())
}

/// `read (1 big) | weigh ×2 (2 little) | grid (team of 4 big)`.
fn describe(problem: &Problem, plan: &Plan) -> String {
    let stage = |stage: &schedule::Stage| {
        let names: Vec<_> = problem.tasks()[stage.tasks.clone()].iter().map(|t| t.name.as_str()).collect();
        let kind = &problem.core_types()[stage.core_type].name;
        match (stage.replicas, stage.team) {
            (1, 1) => format!("{} (1 {kind})", names.join(" → ")),
            (1, team) => format!("{} (team of {team} {kind})", names.join(" → ")),
            (replicas, _) => format!("{} ×{replicas} ({kind})", names.join(" → ")),
        }
    };
    plan.stages.iter().map(stage).collect::<Vec<_>>().join(" | ")
}
