//! From a plan of `schedule` to a pipeline.

use crate::check::is_rate;
use crate::cluster::Cluster;
use crate::error::Error;
use crate::outcome::Outcome;
use crate::pipeline::{Needs, Pipeline, Stage, Task};
use crate::run::{Run, simulate};
use crate::service::Service;
use schedule::{Plan, Problem};

impl Pipeline {
    /// The pipeline of a plan: constant service times, cores of its own for each worker, crossing as in the problem.
    /// `unit_s` is the unit of the problem's costs in seconds.
    ///
    /// What a problem does not say (spread, memory traffic, bytes of frames, waiting) can be filled in afterwards: all
    /// fields are public. Core types are those of the problem; a cluster other than [`Cluster::of`] it must have the
    /// same ones, in the same order, on its first node.
    ///
    /// # Errors
    /// [`Error::Plan`] where the plan is not one of the problem, [`Error::BadUnit`].
    pub fn of(problem: &Problem, plan: &Plan, unit_s: f64) -> Result<Self, Error> {
        if !is_rate(unit_s) {
            return Err(Error::BadUnit { unit_s });
        }
        schedule::check(problem, plan)?;
        let stage = |stage: &schedule::Stage| Stage {
            replicas: stage.replicas,
            team: stage.team,
            core_type: stage.core_type,
            crossing_s: problem.crossing().get(stage.tasks.end - 1).map_or(0.0, |cost| cost * unit_s),
            ..Stage::new(
                problem.tasks()[stage.tasks.clone()].iter().map(|t| task(t, stage, unit_s)).collect(),
            )
        };
        Ok(Self::new(plan.stages.iter().map(stage).collect()))
    }
}

fn task(task: &schedule::Task, stage: &schedule::Stage, unit_s: f64) -> Task {
    Task {
        kind: task.kind.clone(),
        needs: Needs::Cores,
        memory_bytes: task.memory_bytes,
        ..Task::new(&task.name, Service::constant(task.costs[stage.core_type] * unit_s))
    }
}

/// Runs a plan on the cores for which it was made: [`Pipeline::of`] on [`Cluster::of`].
///
/// # Errors
/// As those of [`Pipeline::of`] and [`simulate`].
pub fn simulate_plan(problem: &Problem, plan: &Plan, unit_s: f64, run: &Run) -> Result<Outcome, Error> {
    simulate(&Cluster::of(problem), &Pipeline::of(problem, plan, unit_s)?, run)
}
