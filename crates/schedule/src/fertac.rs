//! FERTAC: a greedy plan for several core types in no time.
//!
//! *First Efficient Resources for TAsk Chains* (arXiv 2502.10000, 2025). Like OTAC, but every stage first tries the
//! last core type (little), then the one before it (big), and takes the first on which it keeps the period. Published
//! for two types; more are tried in the same manner. Not optimal: a little core that is taken early may be missing
//! later. One probe is O(n), and about log2(w R) probes are made, w being the largest cost.

use crate::error::Error;
use crate::fraction::Ratio;
use crate::greedy::{Rule, stage_of};
use crate::plan::{Plan, Stage};
use crate::problem::Problem;
use crate::search::published;
use crate::table::Pace;
use crate::task::Kind;
use crate::{Algorithm, Optimal};

pub(crate) const ALGORITHM: Algorithm = Algorithm {
    name: "fertac",
    about: "greedy on any number of core types: every stage takes the littlest type that keeps the period",
    optimal: Optimal::Never,
    solve: |problem: &Problem| -> Result<Plan, Error> { Ok(Plan::price(problem, solve(problem))) },
};

/// The plan of FERTAC, whatever the limits say.
pub(crate) fn solve(problem: &Problem) -> Vec<Stage> {
    let probe = |period: Ratio| probe(problem, period);
    if let Some(stages) = problem.target_ticks().and_then(probe) {
        return stages;
    }
    let (low, step) = bounds(problem);
    published(problem, low, step, probe).stages
}

/// Where the bisection of FERTAC and 2CATAC begins: lower end, and what is added for the upper one.
pub(crate) fn bounds(problem: &Problem) -> (Ratio, u64) {
    let (table, usable) = (problem.table(), problem.usable());
    let big = usable.first().copied().unwrap_or(0);
    let cores: usize = usable.iter().map(|&v| problem.count(v)).sum();
    let costs = |v: usize| (0..table.n_tasks()).map(move |i| table.work(i..i + 1, v));
    let is_fixed = |i: &usize| problem.tasks()[*i].kind != Kind::Replicable;
    let fixed = (0..table.n_tasks()).filter(is_fixed).map(|i| table.work(i..i + 1, big)).max();
    let all = Ratio::new(table.work(0..table.n_tasks(), big), cores);
    let longest = usable.iter().filter_map(|&v| costs(v).max()).max();
    (all.max(Ratio::new(fixed.unwrap_or(0), 1)), longest.unwrap_or(0))
}

fn probe(problem: &Problem, period: Ratio) -> Option<Vec<Stage>> {
    let usable = problem.usable();
    let mut left: Vec<usize> = usable.iter().map(|&v| problem.count(v)).collect();
    let pace = Pace::new(period, left.iter().copied().max().unwrap_or(0));
    let (mut first, mut stages) = (0, Vec::new());
    while first < problem.tasks().len() {
        let on = |i: usize| {
            let rule = Rule { table: problem.table(), core_type: usable[i], pace: &pace };
            Some((i, rule.cut(first, Some(left[i]))?))
        };
        let (i, cut) = (0..usable.len()).rev().filter(|&i| left[i] > 0).find_map(on)?;
        left[i] -= cut.cores;
        stages.push(stage_of(problem, first, cut, usable[i]));
        first = cut.end;
    }
    Some(stages)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fraction::Fraction;
    use crate::testing::{chain, check_plan};

    #[test]
    fn little_cores_are_taken_first_even_where_that_is_not_best() {
        let problem = chain("10/20S 10/40S", &[1, 1]);
        let plan = ALGORITHM.solve(&problem).unwrap();
        check_plan(&problem, &plan);
        // Both on the big core would be as fast, with one core less.
        assert_eq!((plan.period, plan.cores), (Fraction::from(20), vec![1, 1]));
    }

    #[test]
    fn where_nothing_succeeds_between_the_published_bounds_the_search_goes_on() {
        // Lower end 20, upper end 20 + 100; but one core has to do everything.
        let problem = chain("20/100S 20/100S 20/100S", &[0, 1]);
        let plan = ALGORITHM.solve(&problem).unwrap();
        check_plan(&problem, &plan);
        assert_eq!(plan.period, Fraction::from(300));
    }

    #[test]
    fn a_third_type_is_tried_first() {
        let problem = chain("10/20/30S 10/20/90S", &[1, 1, 1]);
        let plan = ALGORITHM.solve(&problem.with_target(30.0).unwrap()).unwrap();
        assert_eq!(plan.cores, [0, 1, 1]);
    }
}
