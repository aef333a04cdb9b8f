//! What takes the time of a predicted run, and what would shorten it; each remedy is tried, none is guessed.

use super::{
    Looked,
    kinds::{CoreKind, describe},
    measure::Costs,
    predict::{Predicted, predict},
};
use crate::Error;
use flow::TaskKind;
use serde::Serialize;

/// Cores of which the curve is drawn, beside those that are asked for.
const CURVE: [usize; 14] = [1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 128, 256];
/// Cores up to which a target is looked for.
const MOST_CORES: usize = 1024;
/// The source of the pass that comes before every plan.
const SURVEY: &str = "ReadGeometry";
/// A remedy must shorten the run by this part to be told.
const WORTH: f64 = 0.02;

/// What takes most time, and what would help.
#[derive(Clone, Debug, Serialize)]
pub struct Bottleneck {
    /// The task.
    pub task: String,
    /// Its part of the run.
    pub share: f64,
    /// Why it takes so long, in a sentence.
    pub why: String,
    /// Changes and what the run would then take, best first.
    pub remedies: Vec<Remedy>,
}

/// A change and what it gives.
#[derive(Clone, Debug, Serialize)]
pub struct Remedy {
    /// What to change.
    pub change: String,
    /// The ratio that it gives.
    pub real_time_ratio: f64,
}

/// Cores for a target.
#[derive(Clone, Debug, Serialize)]
pub struct Target {
    /// The ratio that is to be reached.
    pub real_time_ratio: f64,
    /// Fewest cores that reach it; none if no number does.
    pub cores: Option<usize>,
    /// The ratio that is reached, with these or with as many as help.
    pub reached_ratio: f64,
    /// Memory for these cores, bytes.
    pub memory_bytes: Option<u64>,
}

/// The ratio over the number of cores.
pub(super) fn curve(looked: &Looked, costs: &Costs, cores: usize) -> Result<Vec<(usize, f64)>, Error> {
    let mut counts: Vec<usize> = CURVE.iter().copied().chain([cores]).collect();
    counts.sort_unstable();
    counts.dedup();
    counts.into_iter().map(|n| Ok((n, ratio(looked, costs, n)?))).collect()
}

fn ratio(looked: &Looked, costs: &Costs, cores: usize) -> Result<f64, Error> {
    Ok(predict(looked, costs, &super::kinds::uniform(cores))?.prediction.real_time_ratio)
}

/// Fewest cores that reach a target. More cores are never slower, but for rounding.
pub(super) fn cores_for(looked: &Looked, costs: &Costs, target: f64) -> Result<(Option<usize>, f64), Error> {
    let (mut below, mut above) = (0, 1);
    let mut best = ratio(looked, costs, above)?;
    while best > target {
        if above >= MOST_CORES {
            return Ok((None, best));
        }
        (below, above) = (above, 2 * above);
        best = best.min(ratio(looked, costs, above)?);
    }
    while above - below > 1 {
        let middle = below.midpoint(above);
        if ratio(looked, costs, middle)? <= target { above = middle } else { below = middle }
    }
    Ok((Some(above), ratio(looked, costs, above)?))
}

/// What takes most of the run.
pub(super) fn bottleneck(
    looked: &Looked,
    costs: &Costs,
    kinds: &[CoreKind],
    predicted: &Predicted,
) -> Bottleneck {
    let prediction = &predicted.prediction;
    let (task, seconds) = longest(looked, costs, kinds, predicted);
    let mut remedies = Vec::new();
    // A change that cannot be computed is no remedy.
    let mut tried = |change: String, costs: &Costs, kinds: &[CoreKind]| {
        let ratio = predict(looked, costs, kinds).map(|predicted| predicted.prediction.real_time_ratio);
        let worth = ratio.ok().filter(|ratio| *ratio < prediction.real_time_ratio * (1.0 - WORTH));
        remedies.extend(worth.map(|real_time_ratio| Remedy { change, real_time_ratio }));
    };
    let doubled: Vec<_> =
        kinds.iter().map(|kind| CoreKind { count: 2 * kind.count, ..kind.clone() }).collect();
    tried(format!("{} instead", describe(&doubled)), costs, &doubled);
    tried(format!("{task} in half the time"), &costs.halved(&task), kinds);
    if let Some(free) = costs.replicable(&task) {
        tried(format!("{task} without state, so that it can be replicated"), &free, kinds);
    }
    remedies.sort_by(|a, b| a.real_time_ratio.total_cmp(&b.real_time_ratio));
    let why = why(costs, predicted, &task);
    Bottleneck { task, share: seconds / prediction.wall_s, why, remedies }
}

/// The task that the run spends most time with, and how much: of the stage that sets the period, or of what runs once.
fn longest(looked: &Looked, costs: &Costs, kinds: &[CoreKind], predicted: &Predicted) -> (String, f64) {
    let outcome = &predicted.outcome;
    let stage = &outcome.stages[outcome.bottleneck()];
    let stream = costs.streams.last();
    let alone_s = |name: &String| {
        stream
            .and_then(|s| s.tasks.iter().find(|task| task.name == *name))
            .map_or(0.0, |task| task.seconds(1))
    };
    let in_stream = stage.tasks.iter().max_by(|a, b| alone_s(a).total_cmp(&alone_s(b))).cloned();
    let stage_s: f64 = stage.tasks.iter().map(alone_s).sum();
    let chunks = looked.chunks_in(looked.n_row) as f64 * costs.n_passes as f64;
    let in_stream = in_stream.map(|name| {
        let part = alone_s(&name) / stage_s.max(f64::MIN_POSITIVE);
        (name, part * chunks * predicted.prediction.period_s)
    });
    let fastest = kinds.iter().map(|kind| kind.count).max().unwrap_or(1);
    let once = costs.once.iter().map(|cost| (cost.task.clone(), cost.seconds(fastest)));
    let survey = (SURVEY.to_owned(), predicted.prediction.survey_s);
    let all = in_stream.into_iter().chain(once).chain([survey]);
    all.max_by(|a, b| a.1.total_cmp(&b.1)).unwrap_or_default()
}

fn why(costs: &Costs, predicted: &Predicted, task: &str) -> String {
    if task == SURVEY {
        return "it looks at every row before gridding can be planned".to_owned();
    }
    if let Some(once) = costs.once.iter().find(|cost| cost.task == task) {
        let speedup = once.alone_s / once.together_s.max(f64::MIN_POSITIVE);
        return format!("it runs once, and {} threads make it {speedup:.2} times as fast", once.threads);
    }
    if let Some((problem, plan)) = &predicted.planned
        && let Ok(found) = schedule::explain(problem, plan)
        && problem.tasks()[plan.stages[found.stage].tasks.clone()].iter().any(|other| other.name == *task)
    {
        return reason(&found.reason);
    }
    let stages = &predicted.outcome.stages;
    match stages.iter().find(|stage| stage.tasks.iter().any(|name| name == task)) {
        Some(stage) => format!("its stage is busy {:.0} % of the time", 100.0 * stage.utilization),
        None => "its stage sets the period".to_owned(),
    }
}

/// A scheduler's reason in a sentence.
fn reason(reason: &schedule::Reason) -> String {
    use schedule::Reason;
    match reason {
        Reason::Sequential { task, .. } => {
            format!("chunks go through {task} one after the other, on one core")
        }
        Reason::Parallel { cores, speedup, .. } => {
            format!("{cores} cores make it {speedup:.2} times as fast, and more do not help")
        }
        Reason::Cores { idle: 0 } => "all cores are busy".to_owned(),
        Reason::Cores { idle } => format!("all cores are busy but {idle}, which are too slow to help"),
        Reason::Memory { cap_bytes } => {
            format!("another replica would not fit into {}", types::format_bytes(*cap_bytes))
        }
        Reason::Crossing => "handing chunks to another stage would cost more than it saves".to_owned(),
        _ => "its stage sets the period".to_owned(),
    }
}

impl Costs {
    /// As if a task took half the time.
    fn halved(&self, name: &str) -> Self {
        let mut costs = self.clone();
        let tasks = costs.streams.iter_mut().flat_map(|stream| &mut stream.tasks);
        for cost in tasks.filter(|task| task.name == name).flat_map(|task| &mut task.costs) {
            cost.median_s /= 2.0;
        }
        for cost in costs.once.iter_mut().filter(|cost| cost.task == name) {
            (cost.alone_s, cost.together_s) = (cost.alone_s / 2.0, cost.together_s / 2.0);
        }
        costs
    }

    /// As if a sequential task could be replicated; `None` where it is none.
    fn replicable(&self, name: &str) -> Option<Self> {
        let mut costs = self.clone();
        let tasks = costs.streams.iter_mut().flat_map(|stream| &mut stream.tasks);
        let mut found =
            tasks.filter(|task| task.name == name && task.kind == TaskKind::Sequential).peekable();
        found.peek()?;
        found.for_each(|task| task.kind = TaskKind::Replicable);
        Some(costs)
    }
}
