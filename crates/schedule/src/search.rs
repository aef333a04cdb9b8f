//! Searches for the least period, given a test whether a period can be kept.

use crate::fraction::Ratio;
use crate::plan::{Stage, period_of};
use crate::problem::Problem;

/// Stages and the period that they reach.
#[derive(Debug, Clone)]
pub(crate) struct Found {
    pub(crate) period: Ratio,
    pub(crate) stages: Vec<Stage>,
}

impl Found {
    pub(crate) fn new(problem: &Problem, stages: Vec<Stage>) -> Self {
        Self { period: period_of(problem, &stages), stages }
    }

    /// With the period that algorithms see which do not know what crossing costs.
    pub(crate) fn without_crossing(problem: &Problem, stages: Vec<Stage>) -> Self {
        let work = |s: &Stage| problem.table().work(s.tasks.clone(), s.core_type);
        let times = stages.iter().map(|s| Ratio::new(work(s), s.cores() as usize));
        Self { period: times.max().unwrap_or(Ratio::ZERO), stages }
    }
}

/// The exact optimum: `floor` is no longer than it, `known` is a plan.
///
/// `probe` gives stages that keep a period, or the shortest longer one at which its answer may change. Since what a
/// success reaches and what a failure names are both periods of plans, the two ends meet in the optimum itself, after
/// about as many probes as the logarithm of the number of plans' periods between them.
pub(crate) fn exact(
    floor: Ratio,
    known: Found,
    mut probe: impl FnMut(Ratio) -> Result<Found, Ratio>,
) -> Found {
    let (mut low, mut best) = (floor, known);
    let mut at = floor;
    while low < best.period {
        match probe(at) {
            Ok(found) => best = found,
            // A relief that is no longer than what failed would be a broken promise of `probe`; never loop on it.
            Err(relief) => low = relief.max(at),
        }
        at = low.middle(best.period);
        if at <= low && low < best.period {
            at = low;
        }
    }
    best
}

/// The bisection of the papers: from `low` to `low + step` down to a width of `1 / cores`, keeping the last success.
///
/// The papers leave open what happens when nothing succeeds; here the upper end then doubles until something does,
/// which it must at the latest when all tasks fit on one core.
pub(crate) fn published(
    problem: &Problem,
    low: Ratio,
    step: u64,
    mut probe: impl FnMut(Ratio) -> Option<Vec<Stage>>,
) -> Found {
    let width = 1.0 / problem.usable().iter().map(|&v| problem.count(v) as f64).sum::<f64>();
    let (mut low, mut high) = (low, low.plus(step.max(1)));
    let mut best: Option<Found> = None;
    loop {
        while high.to_f64() - low.to_f64() >= width {
            let middle = low.middle(high);
            match probe(middle).map(|stages| Found::without_crossing(problem, stages)) {
                Some(found) => (high, best) = (found.period, Some(found)),
                None => low = middle,
            }
        }
        match best {
            Some(best) => return best,
            None => (low, high) = (high, high.double()),
        }
    }
}
