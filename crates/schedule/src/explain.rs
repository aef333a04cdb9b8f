//! Why a plan is not faster, and what would make it so.
//!
//! The reasons are not guessed from the plan: each is tried. The exact search is asked again without the memory cap,
//! with more cores of each type, without crossing, and with the sequential task replicable; what lowers the period is a
//! remedy, with the period that it gives.

use crate::error::Error;
use crate::exact;
use crate::fraction::Fraction;
use crate::plan::Plan;
use crate::problem::{Given, MAX_CORES, Problem};
use crate::task::{Kind, Task};
use std::fmt;

/// The stage that sets the period, why it takes so long, and what would help.
#[derive(Debug, Clone, PartialEq)]
pub struct Bottleneck {
    /// Position of the stage.
    pub stage: usize,
    /// The first and the last of its tasks.
    pub tasks: (String, String),
    /// Its cores and their type.
    pub cores: (u32, String),
    /// Its time, which is the period.
    pub period: Fraction,
    /// Why it cannot be faster.
    pub reason: Reason,
    /// What would give a shorter period, each by itself.
    pub remedies: Vec<Remedy>,
}

/// Why a period cannot be shorter.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Reason {
    /// A target was given and is kept: fewer cores were wanted, not a shorter period.
    Target {
        /// The target.
        target: f64,
    },
    /// A better plan exists, which this algorithm did not find.
    Algorithm {
        /// The shortest period there is.
        best: Fraction,
    },
    /// One frame after the other goes through this task, and it alone takes the whole period on its fastest core.
    Sequential {
        /// Name of the task.
        task: String,
        /// Name of the core type.
        core_type: String,
    },
    /// The task takes the whole period with the best team there is.
    Parallel {
        /// Name of the task.
        task: String,
        /// Cores of the team.
        cores: u32,
        /// Its speed over one core.
        speedup: f64,
    },
    /// Another replica would keep too much memory.
    Memory {
        /// The cap.
        cap_bytes: u64,
    },
    /// The cores are used up, or those left are too slow to help.
    Cores {
        /// Cores that are left idle, of all types.
        idle: u32,
    },
    /// Cutting the stage would cost more at the boundary than it saves.
    Crossing,
}

/// A change, and the period that it gives.
#[derive(Debug, Clone, PartialEq)]
pub struct Remedy {
    /// What to change.
    pub change: Change,
    /// The shortest period after the change.
    pub period: Fraction,
}

/// What can be changed about a problem.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Change {
    /// Use the algorithm `exact`.
    UseExact,
    /// Drop the target.
    DropTarget,
    /// The least number of further cores that shortens the period.
    MoreCores {
        /// Name of their type.
        core_type: String,
        /// How many more.
        more: u32,
    },
    /// Take the state out of a task, so that it can be replicated.
    MakeReplicable {
        /// Name of the task.
        task: String,
    },
    /// Make stage boundaries free.
    FreeCrossing,
    /// Allow more memory.
    MoreMemory {
        /// What the faster plan keeps.
        bytes: u64,
    },
}

/// Explains what sets the period of a plan.
///
/// # Errors
/// Those of the algorithm `exact`, which is asked several times: [`Error::TooLarge`].
pub fn explain(problem: &Problem, plan: &Plan) -> Result<Bottleneck, Error> {
    let free = Given { target: None, ..problem.given().clone() }.checked()?;
    let best = least(&free)?;
    let asked = Asked { free: &free, period: plan.period };
    if let Some(target) = problem.target().filter(|_| plan.period > best) {
        let drop = Remedy { change: Change::DropTarget, period: best };
        return Ok(found(problem, plan, plan.slowest(), Reason::Target { target }, vec![drop]));
    }
    if plan.period > best {
        let exact = Remedy { change: Change::UseExact, period: best };
        return Ok(found(problem, plan, plan.slowest(), Reason::Algorithm { best }, vec![exact]));
    }
    if let Some((task, reason)) = asked.fixed_task() {
        let stage = plan.stages.iter().position(|s| s.tasks.contains(&task));
        let remedies = asked.replicable(task)?;
        return Ok(found(problem, plan, stage.unwrap_or(0), reason, remedies.into_iter().collect()));
    }
    let (memory, cores, crossing) = (asked.more_memory()?, asked.more_cores()?, asked.free_crossing()?);
    let there: u32 = problem.core_types().iter().map(|c| c.count).sum();
    let reason = match (&memory, problem.memory_cap(), cores.is_empty() && crossing.is_some()) {
        (Some(_), Some(cap_bytes), _) => Reason::Memory { cap_bytes },
        (.., true) => Reason::Crossing,
        _ => Reason::Cores { idle: there.saturating_sub(plan.cores_in_all()) },
    };
    let remedies = memory.into_iter().chain(cores).chain(crossing).collect();
    Ok(found(problem, plan, plan.slowest(), reason, remedies))
}

fn found(problem: &Problem, plan: &Plan, stage: usize, reason: Reason, remedies: Vec<Remedy>) -> Bottleneck {
    let at = &plan.stages[stage];
    let name = |task: usize| problem.tasks()[task].name.clone();
    Bottleneck {
        stage,
        tasks: (name(at.tasks.start), name(at.tasks.end - 1)),
        cores: (at.cores(), problem.core_types()[at.core_type].name.clone()),
        period: plan.period,
        reason,
        remedies,
    }
}

fn least(problem: &Problem) -> Result<Fraction, Error> {
    Ok(exact::ALGORITHM.solve(problem)?.period)
}

/// A problem without target, and the period that its plan has.
struct Asked<'a> {
    free: &'a Problem,
    period: Fraction,
}

impl Asked<'_> {
    /// The task that takes the whole period by itself, whatever the plan.
    fn fixed_task(&self) -> Option<(usize, Reason)> {
        let tasks = self.free.tasks().iter().enumerate();
        let mut fixed = tasks.filter(|(_, t)| t.kind != Kind::Replicable);
        fixed.find_map(|(i, _)| Some((i, self.if_fixed(i)?)))
    }

    fn if_fixed(&self, task: usize) -> Option<Reason> {
        let table = self.free.table();
        let usable = self.free.usable().into_iter();
        let best = usable.min_by_key(|&v| table.time(&table.alone(task, v), self.free.count(v)))?;
        let load = table.alone(task, best);
        let time = table.time(&load, self.free.count(best));
        if self.free.period(time) != self.period || time.num == 0 {
            return None;
        }
        let Task { name, kind, .. } = &self.free.tasks()[task];
        let core_type = self.free.core_types()[best].name.clone();
        let teams = 1..=self.free.count(best).min(table.largest_team(best));
        let cores = teams.into_iter().find(|&r| table.time(&load, r) == time)?;
        Some(match kind {
            Kind::Parallel(_) if cores > 1 => Reason::Parallel {
                task: name.clone(),
                cores: u32::try_from(cores).unwrap_or(u32::MAX),
                speedup: load.ticks as f64 / time.to_f64(),
            },
            _ => Reason::Sequential { task: name.clone(), core_type },
        })
    }

    fn remedy(&self, change: Change, given: Given) -> Result<Option<Remedy>, Error> {
        let period = least(&given.checked()?)?;
        Ok((period < self.period).then_some(Remedy { change, period }))
    }

    fn replicable(&self, task: usize) -> Result<Option<Remedy>, Error> {
        let mut given = self.free.given().clone();
        given.tasks[task].kind = Kind::Replicable;
        self.remedy(Change::MakeReplicable { task: given.tasks[task].name.clone() }, given)
    }

    fn free_crossing(&self) -> Result<Option<Remedy>, Error> {
        if !self.free.has_crossing() {
            return Ok(None);
        }
        self.remedy(Change::FreeCrossing, Given { crossing: Vec::new(), ..self.free.given().clone() })
    }

    fn more_memory(&self) -> Result<Option<Remedy>, Error> {
        if self.free.memory_cap().is_none() {
            return Ok(None);
        }
        let without = Given { memory_cap: None, ..self.free.given().clone() }.checked()?;
        let plan = exact::ALGORITHM.solve(&without)?;
        let remedy = Remedy { change: Change::MoreMemory { bytes: plan.memory_bytes }, period: plan.period };
        Ok((plan.period < self.period).then_some(remedy))
    }

    fn more_cores(&self) -> Result<Vec<Remedy>, Error> {
        let types = 0..self.free.core_types().len();
        let remedies: Result<Vec<_>, Error> = types.map(|v| self.more_cores_of(v)).collect();
        Ok(remedies?.into_iter().flatten().collect())
    }

    /// The fewest further cores of a type that shorten the period: doubled until they do, then bisected.
    fn more_cores_of(&self, v: usize) -> Result<Option<Remedy>, Error> {
        let try_more = |more: u32| {
            let mut given = self.free.given().clone();
            given.core_types[v].count += more;
            let core_type = given.core_types[v].name.clone();
            self.remedy(Change::MoreCores { core_type, more }, given)
        };
        let there = self.free.core_types()[v].count;
        let most = (there.max(1) * 2).max(2 * self.free.tasks().len() as u32).min(MAX_CORES - there);
        let (mut too_few, mut enough) = (0, 1);
        let mut best = loop {
            if enough > most {
                return Ok(None);
            }
            match try_more(enough)? {
                Some(remedy) => break remedy,
                None => (too_few, enough) = (enough, enough * 2),
            }
        };
        while enough - too_few > 1 {
            let middle = u32::midpoint(too_few, enough);
            match try_more(middle)? {
                Some(remedy) => (best, enough) = (remedy, middle),
                None => too_few = middle,
            }
        }
        Ok(Some(best))
    }
}

impl fmt::Display for Bottleneck {
    /// Two sentences and the remedies.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (first, last) = &self.tasks;
        let tasks = if first == last { first.clone() } else { format!("{first} to {last}") };
        let (cores, core_type) = &self.cores;
        let plural = if *cores == 1 { "core" } else { "cores" };
        write!(
            f,
            "stage {} ({tasks}, {cores} {core_type} {plural}) takes {}: {}",
            self.stage + 1,
            self.period,
            self.reason
        )?;
        self.remedies.iter().try_for_each(|r| write!(f, "; {} would give {}", r.change, r.period))
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Target { target } => {
                write!(f, "the target of {target} is kept with as few cores as that needs")
            }
            Self::Algorithm { best } => write!(f, "the algorithm missed a plan that takes {best}"),
            Self::Sequential { task, core_type } => {
                write!(f, "task {task} takes one frame after the other, and is fastest on a {core_type} core")
            }
            Self::Parallel { task, cores, speedup } => {
                write!(f, "task {task} is {speedup:.1} times as fast on {cores} cores, and no faster on more")
            }
            Self::Memory { cap_bytes } => {
                write!(f, "more replicas would exceed the {cap_bytes} bytes of memory")
            }
            Self::Cores { idle: 0 } => write!(f, "all cores are used"),
            Self::Cores { idle } => write!(f, "the {idle} cores that are left do not help"),
            Self::Crossing => write!(f, "cutting it would cost more at the boundary than it saves"),
        }
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UseExact => write!(f, "the algorithm exact"),
            Self::DropTarget => write!(f, "all cores"),
            Self::MoreCores { core_type, more } => write!(f, "{more} more {core_type}"),
            Self::MakeReplicable { task } => write!(f, "making {task} replicable"),
            Self::FreeCrossing => write!(f, "free boundaries"),
            Self::MoreMemory { bytes } => write!(f, "{bytes} bytes of memory"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{chain, one_type};
    use crate::{CoreType, algorithm};

    fn why(problem: &Problem, name: &str) -> Bottleneck {
        explain(problem, &algorithm(name).unwrap().solve(problem).unwrap()).unwrap()
    }

    #[test]
    fn a_sequential_task_is_named_with_what_its_state_costs() {
        let bottleneck = why(&one_type("4 10S 4", 3), "exact");
        assert_eq!(bottleneck.reason, Reason::Sequential { task: "t1".into(), core_type: "big".into() });
        assert_eq!((bottleneck.stage, bottleneck.remedies[0].period), (1, Fraction::from(6)));
        let text = "stage 2 (t1, 1 big core) takes 10: task t1 takes one frame after the other, and is fastest on a \
                    big core; making t1 replicable would give 6";
        assert_eq!(bottleneck.to_string(), text);
    }

    #[test]
    fn cores_that_are_used_up_are_counted() {
        let bottleneck = why(&one_type("6 6 6S", 2), "otac");
        assert_eq!(bottleneck.reason, Reason::Cores { idle: 0 });
        let one = Change::MoreCores { core_type: "big".into(), more: 1 };
        assert_eq!(bottleneck.remedies, [Remedy { change: one, period: Fraction::from(6) }]);
        // One more core does not help here, two do.
        let bottleneck = why(&one_type("9S 9S 9S 9S", 2), "exact");
        assert!(bottleneck.to_string().contains("2 more big would give 9"), "{bottleneck}");
    }

    #[test]
    fn a_missed_plan_and_a_kept_target_are_said() {
        assert!(matches!(why(&one_type("6 6 6S", 4), "nicol").reason, Reason::Sequential { .. }));
        let missed = why(&one_type("12", 3), "nicol");
        assert_eq!(missed.reason, Reason::Algorithm { best: Fraction::from(4) });
        let target = why(&one_type("12", 3).with_target(7.0).unwrap(), "exact");
        assert_eq!((target.reason, target.cores.0), (Reason::Target { target: 7.0 }, 2));
    }

    #[test]
    fn memory_teams_and_boundaries_are_reasons_too() {
        let heavy = Task::new("heavy", [12.0], Kind::Replicable).keeping(100);
        let cores = vec![CoreType::new("core", 4)];
        let problem = Problem::new(vec![heavy], cores.clone()).unwrap().with_memory_cap(250).unwrap();
        let memory = why(&problem, "exact");
        assert_eq!(memory.reason, Reason::Memory { cap_bytes: 250 });
        let more = Change::MoreMemory { bytes: 400 };
        assert_eq!(memory.remedies, [Remedy { change: more, period: Fraction::from(3) }]);

        let grid = Task::new("grid", [12.0], Kind::Parallel(vec![(2, 0.75)]));
        let team = why(&Problem::new(vec![grid], cores).unwrap(), "exact");
        assert_eq!(team.reason, Reason::Parallel { task: "grid".into(), cores: 2, speedup: 1.5 });

        let crossing = chain("5S 5S", &[2]).with_crossing([6.0, 0.0]).unwrap();
        let crossing = why(&crossing, "exact");
        assert_eq!((crossing.reason, crossing.period), (Reason::Crossing, Fraction::from(10)));
    }
}
