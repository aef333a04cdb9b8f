//! Baseline: one stage per task, and every spare core to the slowest stage.
//!
//! StreamPU's `GR` replicates every replicable task on all cores, so that threads outnumber cores. A plan here keeps to
//! the cores there are: costly tasks get the first core types, then the slowest stage gets one core more until it
//! can use none or none is left.

use crate::error::Error;
use crate::plan::{Plan, Stage, stage, time_of};
use crate::problem::Problem;
use crate::table::Scaling;
use crate::{Algorithm, Optimal};

pub(crate) const ALGORITHM: Algorithm = Algorithm {
    name: "one-per-task",
    about: "baseline: one stage per task, spare cores to the slowest stage",
    optimal: Optimal::Never,
    solve,
};

fn solve(problem: &Problem) -> Result<Plan, Error> {
    let mut left: Vec<usize> = (0..problem.core_types().len()).map(|v| problem.count(v)).collect();
    let mut stages = one_core_each(problem, &mut left)?;
    let target = problem.target_ticks();
    while let Some(slowest) =
        (0..stages.len()).max_by_key(|&i| (time_of(problem, &stages[i]), stages.len() - i))
    {
        let (at, time) = (stages[slowest].clone(), time_of(problem, &stages[slowest]));
        let cores = at.cores() as usize;
        let grown = stage(problem, at.tasks.clone(), at.core_type, cores + 1);
        let useful = grown.cores() > at.cores() && can_grow(problem, &at, cores);
        if target.is_some_and(|t| time <= t) || left[at.core_type] == 0 || !useful {
            break;
        }
        left[at.core_type] -= 1;
        stages[slowest] = grown;
    }
    Ok(Plan::price(problem, stages))
}

fn one_core_each(problem: &Problem, left: &mut [usize]) -> Result<Vec<Stage>, Error> {
    let (needed, cores) = (problem.tasks().len(), left.iter().sum());
    if needed > cores {
        return Err(Error::TooFewCores { algorithm: ALGORITHM.name, needed, cores });
    }
    let mut by_cost: Vec<usize> = (0..needed).collect();
    by_cost.sort_by_key(|&i| std::cmp::Reverse(problem.table().work(i..i + 1, 0)));
    let mut stages = Vec::with_capacity(needed);
    for i in by_cost {
        // There are as many cores as tasks, so one is left.
        let core_type = left.iter().position(|&l| l > 0).unwrap_or(0);
        left[core_type] -= 1;
        stages.push(stage(problem, i..i + 1, core_type, 1));
    }
    stages.sort_by_key(|s| s.tasks.start);
    Ok(stages)
}

fn can_grow(problem: &Problem, stage: &Stage, cores: usize) -> bool {
    match problem.table().scaling(&stage.tasks) {
        Scaling::Replicas => time_of(problem, stage).num > 0,
        Scaling::Team => cores < problem.table().largest_team(stage.core_type),
        Scaling::Single => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fraction::Fraction;
    use crate::testing::{chain, check_plan, one_type};

    #[test]
    fn spare_cores_go_to_the_slowest() {
        let problem = one_type("8 3S 4", 6);
        let plan = ALGORITHM.solve(&problem).unwrap();
        check_plan(&problem, &plan);
        assert_eq!((plan.period, plan.cores), (Fraction::from(3), vec![6]));
        let few = ALGORITHM.solve(&one_type("8 3S 4", 2));
        assert_eq!(few, Err(Error::TooFewCores { algorithm: "one-per-task", needed: 3, cores: 2 }));
    }

    #[test]
    fn costly_tasks_get_the_big_cores() {
        let problem = chain("2/4S 9/20S", &[1, 1]);
        let plan = ALGORITHM.solve(&problem).unwrap();
        assert_eq!((plan.period, plan.stages[1].core_type), (Fraction::from(9), 0));
    }
}
