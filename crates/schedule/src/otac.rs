//! OTAC: the shortest period on one core type, with the fewest cores.
//!
//! *Optimal Task Assignment and replication on Chains* (Orhan, Lima Pilla, Barthou, Cassagne, Aumage, Tassé,
//! J. Parallel Distrib. Comput. 204, 2025, 105106). For a given period the stage rule of [`crate::greedy`], applied
//! from the first task to the last, uses the fewest cores; so a search over the period finds the least for which they
//! suffice.
//!
//! What differs from the publication is the search. There it is a bisection down to 1/R, which is right for integers;
//! here a failed probe names the next fraction `ticks / r` with r ≤ R, below which no plan's period lies, so the search
//! ends in the optimum itself for any costs. One probe is O(n + R), and about log2(n R) probes are made.
//!
//! StreamPU 1.8.1 has a version that counts the first sequential task behind a run twice when it looks how much of the
//! run that task could take, which costs up to 19 % of the period; `streampu_counts_a_task_twice` is its worst case.

use crate::error::Error;
use crate::fraction::Ratio;
use crate::greedy::{Rule, stage_of};
use crate::plan::{Plan, stage};
use crate::problem::Problem;
use crate::search::{Found, exact};
use crate::table::Pace;
use crate::task::Kind;
use crate::{Algorithm, Optimal};

pub(crate) const ALGORITHM: Algorithm = Algorithm {
    name: "otac",
    about: "shortest period and fewest cores on one core type; of several types it takes the best one",
    optimal: Optimal::OneType,
    solve,
};

fn solve(problem: &Problem) -> Result<Plan, Error> {
    let plans = problem.usable().into_iter().map(|v| on(problem, v));
    plans.reduce(|a, b| if b.beats(&a) { b } else { a }).ok_or(Error::NoCores { types: 0 })
}

/// OTAC on one of several core types; the others stay idle. The plan may miss a target.
pub(crate) fn on(problem: &Problem, core_type: usize) -> Plan {
    let probe = |period: Ratio| probe(problem, core_type, period);
    if let Some(found) = problem.target_ticks().and_then(|target| probe(target).ok()) {
        return Plan::price(problem, found.stages);
    }
    let floor = floor(problem, core_type);
    let known = probe(floor.plus(longest(problem, core_type)));
    let known = known.unwrap_or_else(|_| {
        Found::without_crossing(problem, vec![stage(problem, 0..problem.tasks().len(), core_type, 1)])
    });
    Plan::price(problem, exact(floor, known, probe).stages)
}

/// No period is shorter: all cores busy all the time, or the longest task that cannot be replicated.
fn floor(problem: &Problem, core_type: usize) -> Ratio {
    let table = problem.table();
    let all = Ratio::new(table.work(0..table.n_tasks(), core_type), problem.count(core_type));
    let is_fixed = |i: &usize| problem.tasks()[*i].kind != Kind::Replicable;
    let fixed = (0..table.n_tasks()).filter(is_fixed).map(|i| table.work(i..i + 1, core_type));
    all.max(Ratio::new(fixed.max().unwrap_or(0), 1))
}

fn longest(problem: &Problem, core_type: usize) -> u64 {
    let table = problem.table();
    (0..table.n_tasks()).map(|i| table.work(i..i + 1, core_type)).max().unwrap_or(0)
}

/// The plan with fewest cores that keeps a period, or the next period worth trying.
fn probe(problem: &Problem, core_type: usize, period: Ratio) -> Result<Found, Ratio> {
    let mut left = problem.count(core_type);
    let pace = Pace::new(period, left);
    let rule = Rule { table: problem.table(), core_type, pace: &pace };
    let (mut first, mut stages) = (0, Vec::new());
    while first < problem.tasks().len() {
        let cut = rule.cut(first, None).filter(|cut| cut.cores <= left);
        let cut = cut.ok_or_else(|| pace.next_candidate())?;
        left -= cut.cores;
        stages.push(stage_of(problem, first, cut, core_type));
        first = cut.end;
    }
    Ok(Found::without_crossing(problem, stages))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fraction::Fraction;
    use crate::testing::{chain, check_plan, one_type};

    /// The worst case of StreamPU's version: it finds 254.
    #[test]
    fn streampu_counts_a_task_twice() {
        let text = "8 23 16 8 96 50 83 39 87S 70S 2 31 91 52 8 34 2S 46 52S 20";
        let problem = one_type(text, 4);
        let plan = ALGORITHM.solve(&problem).unwrap();
        check_plan(&problem, &plan);
        assert_eq!(plan.period, Fraction::from(214));
        assert!(plan.cores_in_all() <= 4);
    }

    #[test]
    fn a_tail_goes_to_the_sequential_task_behind_it() {
        let problem = one_type("10 10 10 2S", 3);
        let plan = ALGORITHM.solve(&problem).unwrap();
        check_plan(&problem, &plan);
        assert_eq!((plan.period, plan.cores_in_all()), (Fraction::from(12), 3));
    }

    #[test]
    fn with_a_target_the_fewest_cores_that_meet_it() {
        let problem = one_type("10 10 10 2S", 8).with_target(22.0).unwrap();
        let plan = ALGORITHM.solve(&problem).unwrap();
        assert_eq!(plan.cores_in_all(), 2);
        let late = one_type("10 10 10 20S", 8).with_target(16.0).unwrap();
        assert!(matches!(ALGORITHM.solve(&late), Err(Error::Target { reached: 20.0, .. })));
    }

    #[test]
    fn costs_of_zero_take_no_time() {
        let problem = one_type("0 0S 0", 2);
        let plan = ALGORITHM.solve(&problem).unwrap();
        assert_eq!((plan.period, plan.cores_in_all()), (Fraction::ZERO, 1));
    }

    #[test]
    fn of_two_types_it_takes_the_better_one() {
        let problem = chain("10/30 10/10S", &[2, 3]);
        assert_eq!(ALGORITHM.solve(&problem).unwrap().cores, [2, 0]);
        assert_eq!(on(&problem, 1).period, Fraction::from(15));
    }
}
