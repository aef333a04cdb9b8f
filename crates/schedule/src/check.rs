//! Whether a plan is one: the checker that every algorithm, and every plan from elsewhere, goes through.

use crate::plan::{Plan, Stage};
use crate::problem::Problem;
use crate::table::Scaling;

/// What is wrong with a plan.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Flaw {
    /// A stage does not begin where the one before it ended, or is empty, or leaves the chain.
    #[error("stage {stage} has the tasks {start}..{end}; it must begin with task {expected} of {n_tasks}")]
    Order {
        /// Position of the stage.
        stage: usize,
        /// Its first task.
        start: usize,
        /// One past its last task.
        end: usize,
        /// Where it must begin.
        expected: usize,
        /// Tasks of the chain.
        n_tasks: usize,
    },
    /// The last tasks are in no stage.
    #[error("the stages end with task {end} of {n_tasks}")]
    Short {
        /// One past the last task of the last stage.
        end: usize,
        /// Tasks of the chain.
        n_tasks: usize,
    },
    /// A stage is on a core type that does not exist.
    #[error("stage {stage} is on core type {core_type}, there are {types}")]
    CoreType {
        /// Position of the stage.
        stage: usize,
        /// The type.
        core_type: usize,
        /// How many there are.
        types: usize,
    },
    /// Replicas of what has state, a team for what is not parallel, or no core at all.
    #[error("stage {stage} has {replicas} replicas of {team} cores, which task {task} does not allow")]
    Replicas {
        /// Position of the stage.
        stage: usize,
        /// Its replicas.
        replicas: u32,
        /// Cores of each.
        team: u32,
        /// Name of the first task that forbids it.
        task: String,
    },
    /// The stages use more cores than there are.
    #[error("the stages use {used} cores of type {core_type}, there are {there}")]
    Cores {
        /// Name of the type.
        core_type: String,
        /// Cores used.
        used: u64,
        /// Cores there are.
        there: u32,
    },
    /// The replicas keep more memory than they may.
    #[error("the replicas keep {used_bytes} bytes, the cap is {cap_bytes} bytes")]
    Memory {
        /// Bytes kept.
        used_bytes: u64,
        /// The cap.
        cap_bytes: u64,
    },
    /// A figure of the plan is not what its stages give.
    #[error("the plan says {what} {said}, its stages give {found}")]
    Figure {
        /// Which figure.
        what: &'static str,
        /// What the plan says.
        said: String,
        /// What its stages give.
        found: String,
    },
}

/// Whether a plan covers the chain in order, replicates only what may be replicated, keeps to the cores and the memory
/// that there are, and reaches exactly what it says. A target is not looked at.
///
/// # Errors
/// The first flaw.
pub fn check(problem: &Problem, plan: &Plan) -> Result<(), Flaw> {
    check_stages(problem, &plan.stages)?;
    let priced = Plan::price(problem, plan.stages.clone());
    same("a period of", &plan.period, &priced.period)?;
    same("times of", &plan.times, &priced.times)?;
    same("cores of", &plan.cores, &priced.cores)?;
    same("memory of", &plan.memory_bytes, &priced.memory_bytes)?;
    match problem.memory_cap() {
        Some(cap_bytes) if priced.memory_bytes > cap_bytes => {
            Err(Flaw::Memory { used_bytes: priced.memory_bytes, cap_bytes })
        }
        _ => Ok(()),
    }
}

fn same<T: PartialEq + std::fmt::Debug>(what: &'static str, said: &T, found: &T) -> Result<(), Flaw> {
    let wrong = || Flaw::Figure { what, said: format!("{said:?}"), found: format!("{found:?}") };
    if said == found { Ok(()) } else { Err(wrong()) }
}

fn check_stages(problem: &Problem, stages: &[Stage]) -> Result<(), Flaw> {
    let n_tasks = problem.tasks().len();
    let mut expected = 0;
    let mut used = vec![0u64; problem.core_types().len()];
    for (i, stage) in stages.iter().enumerate() {
        let (start, end) = (stage.tasks.start, stage.tasks.end);
        if start != expected || end <= start || end > n_tasks {
            return Err(Flaw::Order { stage: i, start, end, expected, n_tasks });
        }
        if stage.core_type >= used.len() {
            return Err(Flaw::CoreType { stage: i, core_type: stage.core_type, types: used.len() });
        }
        if let Some(task) = forbidding(problem, stage) {
            let task = problem.tasks()[task].name.clone();
            return Err(Flaw::Replicas { stage: i, replicas: stage.replicas, team: stage.team, task });
        }
        used[stage.core_type] += u64::from(stage.replicas) * u64::from(stage.team);
        expected = end;
    }
    if expected != n_tasks {
        return Err(Flaw::Short { end: expected, n_tasks });
    }
    for (&used, there) in used.iter().zip(problem.core_types()) {
        if used > there.count.into() {
            return Err(Flaw::Cores { core_type: there.name.clone(), used, there: there.count });
        }
    }
    Ok(())
}

/// The task that forbids the replicas or the team of a stage, if they are forbidden.
fn forbidding(problem: &Problem, stage: &Stage) -> Option<usize> {
    let scaling = problem.table().scaling(&stage.tasks);
    let allowed = match scaling {
        Scaling::Replicas => stage.team == 1,
        Scaling::Team => stage.replicas == 1,
        Scaling::Single => stage.replicas == 1 && stage.team == 1,
    };
    if allowed && stage.cores() > 0 {
        return None;
    }
    let fixed = problem.table().next_fixed(stage.tasks.start);
    Some(if fixed < stage.tasks.end { fixed } else { stage.tasks.start })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fraction::Fraction;
    use crate::task::{CoreType, Kind, Task};

    fn problem() -> Problem {
        let tasks = vec![
            Task::new("read", [4.0, 8.0], Kind::Sequential),
            Task::new("weigh", [6.0, 9.0], Kind::Replicable).keeping(10),
            Task::new("grid", [8.0, 20.0], Kind::Parallel(vec![(2, 0.5), (4, 1.0)])),
        ];
        Problem::new(tasks, vec![CoreType::new("big", 5), CoreType::new("little", 2)]).unwrap()
    }

    fn stage(tasks: std::ops::Range<usize>, core_type: usize, replicas: u32, team: u32) -> Stage {
        Stage { tasks, core_type, replicas, team }
    }

    fn good() -> Vec<Stage> {
        vec![stage(0..1, 0, 1, 1), stage(1..2, 1, 2, 1), stage(2..3, 0, 1, 4)]
    }

    #[test]
    fn a_good_plan_passes_with_its_figures() {
        let plan = Plan::price(&problem(), good());
        assert_eq!(check(&problem(), &plan), Ok(()));
        assert_eq!(plan.times, [Fraction::from(4), Fraction::new(9, 2).unwrap(), Fraction::from(2)]);
        assert_eq!((plan.period.to_f64(), plan.cores.as_slice(), plan.memory_bytes), (4.5, &[5, 2][..], 20));
        assert_eq!((plan.slowest(), plan.throughput()), (1, 1.0 / 4.5));
    }

    #[test]
    fn every_flaw_is_found_and_named() {
        let says = |stages: Vec<Stage>, words: &str| {
            let flaw = check_stages(&problem(), &stages).unwrap_err().to_string();
            assert!(flaw.contains(words), "{flaw}");
        };
        says(vec![], "end with task 0 of 3");
        says(good()[..2].to_vec(), "end with task 2 of 3");
        says(good()[1..].to_vec(), "must begin with task 0");
        says(vec![stage(0..1, 0, 1, 1), stage(1..1, 0, 1, 1)], "1..1");
        says(vec![stage(0..4, 0, 1, 1)], "0..4");
        says(vec![stage(0..3, 2, 1, 1)], "core type 2, there are 2");
        says(vec![stage(0..1, 0, 2, 1)], "which task read does not allow");
        says(vec![stage(0..2, 0, 1, 2)], "which task read does not allow");
        says(vec![stage(0..1, 0, 1, 1), stage(1..2, 0, 2, 2)], "which task weigh does not allow");
        says(vec![stage(0..1, 0, 1, 1), stage(1..3, 0, 2, 1)], "which task grid does not allow");
        says(vec![stage(0..3, 0, 0, 1)], "0 replicas");
        says(vec![stage(0..3, 0, 1, 6)], "6 cores of type big, there are 5");
    }

    #[test]
    fn a_plan_that_promises_too_much_or_keeps_too_much_is_flawed() {
        let mut plan = Plan::price(&problem(), good());
        plan.period = Fraction::from(4);
        assert!(check(&problem(), &plan).unwrap_err().to_string().contains("a period of"));
        let plan = Plan::price(&problem(), good());
        let capped = problem().with_memory_cap(19).unwrap();
        assert_eq!(check(&capped, &plan), Err(Flaw::Memory { used_bytes: 20, cap_bytes: 19 }));
    }
}
