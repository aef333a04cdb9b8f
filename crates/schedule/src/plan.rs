//! The answer: stages, each with its tasks, its core type and its cores.

use crate::error::Error;
use crate::fraction::{Fraction, Ratio};
use crate::problem::Problem;
use crate::table::{Pace, Scaling};
use serde::{Deserialize, Serialize};
use std::ops::Range;

/// One stage of a pipeline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stage {
    /// Its tasks, as positions in the chain.
    pub tasks: Range<usize>,
    /// Its core type, as position in [`Problem::core_types`].
    pub core_type: usize,
    /// How many copies of the stage take frames in turn; more than 1 only where all its tasks are replicable.
    pub replicas: u32,
    /// Cores that work on one frame together; more than 1 only where a task is parallel inside.
    pub team: u32,
}

impl Stage {
    /// Cores that the stage occupies.
    #[must_use]
    pub fn cores(&self) -> u32 {
        self.replicas.saturating_mul(self.team)
    }
}

/// Stages that cover a chain, and what they reach and use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// In the order of the chain.
    pub stages: Vec<Stage>,
    /// Time of each stage for one frame, replicas taken into account, in the unit of the costs.
    pub times: Vec<Fraction>,
    /// Time between two frames: the longest of `times`.
    pub period: Fraction,
    /// Cores used of each type.
    pub cores: Vec<u32>,
    /// Bytes that all replicas keep together.
    pub memory_bytes: u64,
}

impl Plan {
    /// Prices stages that are legal for the problem; [`crate::check`] judges those of others.
    pub(crate) fn price(problem: &Problem, stages: Vec<Stage>) -> Self {
        let times: Vec<Fraction> = stages.iter().map(|s| problem.period(time_of(problem, s))).collect();
        let mut cores = vec![0; problem.core_types().len()];
        stages.iter().for_each(|s| cores[s.core_type] += s.cores());
        let memory = |s: &Stage| memory_of(problem, s);
        Self {
            period: times.iter().copied().max().unwrap_or(Fraction::ZERO),
            times,
            cores,
            memory_bytes: stages.iter().map(memory).fold(0, u64::saturating_add),
            stages,
        }
    }

    /// Cores used, of all types together.
    #[must_use]
    pub fn cores_in_all(&self) -> u32 {
        self.cores.iter().sum()
    }

    /// Frames per unit of time; infinite for a period of 0.
    #[must_use]
    pub fn throughput(&self) -> f64 {
        1.0 / self.period.to_f64()
    }

    /// The first of the slowest stages.
    #[must_use]
    pub fn slowest(&self) -> usize {
        self.times.iter().position(|&t| t == self.period).unwrap_or(0)
    }

    /// Whether this plan is better: shorter period, then fewer cores in all, then fewer of the first types.
    pub(crate) fn beats(&self, other: &Self) -> bool {
        let rank = |p: &Self| (p.period, p.cores_in_all(), p.cores.clone());
        rank(self) < rank(other)
    }

    /// The plan if it keeps the limits of the problem, which its algorithm may not have known.
    pub(crate) fn within_limits(self, problem: &Problem, algorithm: &'static str) -> Result<Self, Error> {
        match problem.memory_cap() {
            Some(cap_bytes) if self.memory_bytes > cap_bytes => {
                let needed_bytes = self.memory_bytes;
                return Err(Error::MemoryUnknown { algorithm, cap_bytes, needed_bytes });
            }
            _ => {}
        }
        match (problem.target(), problem.target_ticks()) {
            (Some(target), Some(ticks)) if self.period > problem.period(ticks) => {
                Err(Error::Target { algorithm, target, reached: self.period.to_f64() })
            }
            _ => Ok(self),
        }
    }
}

/// The time of a stage in ticks.
pub(crate) fn time_of(problem: &Problem, stage: &Stage) -> Ratio {
    let load = problem.table().load(stage.tasks.clone(), stage.core_type);
    problem.table().time(&load, stage.cores() as usize)
}

/// The period of stages in ticks.
pub(crate) fn period_of(problem: &Problem, stages: &[Stage]) -> Ratio {
    stages.iter().map(|s| time_of(problem, s)).max().unwrap_or(Ratio::ZERO)
}

fn memory_of(problem: &Problem, stage: &Stage) -> u64 {
    problem.table().memory(stage.tasks.clone()).saturating_mul(stage.replicas.into())
}

/// A stage on so many cores, as replicas or as a team, whichever its tasks allow.
#[expect(clippy::cast_possible_truncation, reason = "a problem has at most MAX_CORES of a type")]
pub(crate) fn stage(problem: &Problem, tasks: Range<usize>, core_type: usize, cores: usize) -> Stage {
    let cores = cores as u32;
    let (replicas, team) = match problem.table().scaling(&tasks) {
        Scaling::Replicas => (cores, 1),
        Scaling::Team => (1, cores),
        Scaling::Single => (1, 1),
    };
    Stage { tasks, core_type, replicas, team }
}

/// The same stages with as few cores as keep a period that they keep now.
pub(crate) fn trimmed(problem: &Problem, stages: Vec<Stage>, period: Ratio) -> Vec<Stage> {
    let most = stages.iter().map(Stage::cores).max().unwrap_or(1) as usize;
    let pace = Pace::new(period, most);
    let trim = |s: Stage| {
        let load = problem.table().load(s.tasks.clone(), s.core_type);
        let need = pace.need(problem.table(), &load, s.cores() as usize);
        stage(problem, s.tasks, s.core_type, need.cores.unwrap_or(load_cores(s.replicas, s.team)))
    };
    stages.into_iter().map(trim).collect()
}

fn load_cores(replicas: u32, team: u32) -> usize {
    (replicas * team) as usize
}
