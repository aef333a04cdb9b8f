//! Baseline: everything in one stage, on all cores of the best type where that is legal.

use crate::error::Error;
use crate::plan::{Plan, stage, trimmed};
use crate::problem::Problem;
use crate::table::Scaling;
use crate::{Algorithm, Optimal};

pub(crate) const ALGORITHM: Algorithm = Algorithm {
    name: "one-stage",
    about: "baseline: one stage with all replicas, or on one core where a task has state",
    optimal: Optimal::Never,
    solve: |problem| {
        let plans = problem.usable().into_iter().map(|v| on(problem, v));
        plans.reduce(|a, b| if b.beats(&a) { b } else { a }).ok_or(Error::NoCores { types: 0 })
    },
};

fn on(problem: &Problem, core_type: usize) -> Plan {
    let all = 0..problem.tasks().len();
    let cores = match problem.table().scaling(&all) {
        Scaling::Replicas => problem.count(core_type),
        Scaling::Team => problem.count(core_type).min(problem.table().largest_team(core_type)),
        Scaling::Single => 1,
    };
    let mut stages = vec![stage(problem, all, core_type, cores)];
    if let Some(target) = problem.target_ticks() {
        stages = trimmed(problem, stages, target);
    }
    Plan::price(problem, stages)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fraction::Fraction;
    use crate::testing::{chain, check_plan};

    #[test]
    fn all_replicas_where_legal_and_only_as_many_as_a_target_needs() {
        let solve = |problem: &Problem| {
            let plan = ALGORITHM.solve(problem).unwrap();
            check_plan(problem, &plan);
            (plan.period, plan.cores)
        };
        let problem = chain("6/9 6/9", &[3, 5]);
        assert_eq!(solve(&problem), (Fraction::new(18, 5).unwrap(), vec![0, 5]));
        assert_eq!(solve(&problem.with_target(6.0).unwrap()), (Fraction::from(6), vec![2, 0]));
        assert_eq!(solve(&chain("6/9 6/9S", &[3, 5])), (Fraction::from(12), vec![1, 0]));
    }
}
