//! From what tasks cost to the stages of a pipeline.
//!
//! Two plans are compared. One gives every stage cores of its own, as the exact search of `schedule` finds it. The other
//! lets all stages share the cores, as [`PassPlan::by_kind`] cuts them: whoever has work takes a core, so none is idle
//! while there is work, but threads get into each other's way. Its period is that of a machine that is never idle,
//!
//! ```text
//! max( work of all tasks / cores, longest stage ) × (1 + SHARING)
//! ```
//! Ties go to cores of their own, which need fewer threads and hold fewer frames.

use schedule::Problem;

use crate::{
    plan::{Kind, Link, PassPlan, StagePlan},
    profile::{ProfileError, StreamProfile, TaskKind, TaskProfile},
};

/// What handing a frame on costs each side, seconds: a wake-up now and then, and cold caches.
const HAND_ON_S: f64 = 5e-6;
/// What threads lose that share cores, as part of the time: a team waits for the one of its threads that was held up.
const SHARING: f64 = 0.03;

/// A plan, and what it promises.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Promise {
    /// The stages.
    pub plan: PassPlan,
    /// Seconds between two frames.
    pub period_s: f64,
    /// Seconds from the start of a frame to its end when nothing else is on its way.
    pub latency_s: f64,
    /// Whether the stages share the cores, rather than having some of their own.
    pub shares_cores: bool,
}

/// What one side of a boundary pays, as the planner counts it.
fn question(profile: &StreamProfile, cores: usize) -> Result<Problem, ProfileError> {
    Ok(profile.problem(cores)?.with_crossing(vec![HAND_ON_S; profile.tasks.len()])?)
}

impl StreamProfile {
    /// The plan that [`crate::Execution::Auto`] would run on so many cores, with room for `depth` frames between
    /// stages.
    ///
    /// # Errors
    /// [`ProfileError::Unmeasured`] and [`ProfileError::Cost`] name the task; [`ProfileError::Schedule`].
    pub fn promise(&self, cores: usize, depth: usize) -> Result<Promise, ProfileError> {
        let link = |(i, task): (usize, &TaskProfile)| Link {
            name: task.name.clone(),
            units: i..i + 1,
            kind: match task.kind {
                TaskKind::Replicable => Kind::Replicable,
                TaskKind::Parallel => Kind::Alone,
                TaskKind::Sequential => Kind::Sequential,
            },
            is_parallel: task.kind == TaskKind::Parallel,
        };
        let links: Vec<_> = self.tasks.iter().enumerate().map(link).collect();
        let source = self.tasks.first().map_or("", |task| &task.name);
        best(source, &links, self, (cores, depth))
    }

    /// The question that stages with cores of their own answer: with what handing on costs.
    ///
    /// # Errors
    /// As for [`StreamProfile::promise`].
    pub fn question(&self, cores: usize) -> Result<Problem, ProfileError> {
        question(self, cores)
    }
}

/// The plan with the shortest period.
pub(crate) fn best(
    source: &str,
    links: &[Link],
    profile: &StreamProfile,
    (cores, depth): (usize, usize),
) -> Result<Promise, ProfileError> {
    let own = with_cores_of_their_own(source, links, profile, (cores, depth))?;
    let shared = with_shared_cores(source, links, profile, (cores, depth));
    Ok(if cores > 1 && shared.period_s < own.period_s { shared } else { own })
}

/// What a plan promises with these costs: as shared cores if it has more threads than there are.
pub(crate) fn promise(plan: PassPlan, profile: &StreamProfile, cores: usize) -> Promise {
    let threads = plan.threads();
    let stages = plan.stages.iter().map(|stage| stage_s(stage, profile) / stage.replicas as f64);
    let longest_s = stages.fold(0.0, f64::max);
    let shares_cores = threads > cores;
    let period_s = if shares_cores {
        longest_s.max(work_s(profile) / cores as f64) * (1.0 + SHARING)
    } else {
        longest_s
    };
    let latency_s = plan.stages.iter().map(|stage| stage_s(stage, profile)).sum();
    Promise { plan, period_s, latency_s, shares_cores }
}

fn with_cores_of_their_own(
    source: &str,
    links: &[Link],
    profile: &StreamProfile,
    (cores, depth): (usize, usize),
) -> Result<Promise, ProfileError> {
    let problem = question(profile, cores)?;
    // Invariant: the list of algorithms has it.
    let exact = schedule::algorithm("exact").expect("the exact search is there");
    let plan = exact.solve(&problem)?;
    let stage = |stage: &schedule::Stage| {
        let how = (stage.replicas as usize, stage.team as usize);
        StagePlan::of(&links[stage.tasks.clone()], how, depth)
    };
    let plan = PassPlan::new(source.to_owned(), plan.stages.iter().map(stage).collect());
    Ok(promise(plan, profile, cores))
}

fn with_shared_cores(
    source: &str,
    links: &[Link],
    profile: &StreamProfile,
    (cores, depth): (usize, usize),
) -> Promise {
    let mut plan = PassPlan::by_kind(source, links, cores, depth);
    let period_s = promise(plan.clone(), profile, cores).period_s;
    for stage in plan.stages.iter_mut().filter(|stage| stage.replicas > 1) {
        // As many as keep pace, and one that takes over while another is held up.
        let needed = (stage_s(stage, profile) / period_s.max(f64::MIN_POSITIVE)).ceil() as usize + 1;
        stage.replicas = needed.clamp(1, cores);
    }
    promise(PassPlan::new(plan.source, plan.stages), profile, cores)
}

/// Seconds that one replica of a stage takes for a frame.
fn stage_s(stage: &StagePlan, profile: &StreamProfile) -> f64 {
    let tasks = profile.tasks.iter().filter(|task| stage.tasks.contains(&task.name));
    tasks.map(|task| task.seconds(stage.threads)).sum()
}

/// Core seconds of a frame.
fn work_s(profile: &StreamProfile) -> f64 {
    profile.tasks.iter().map(|task| task.seconds(1)).sum()
}

/// The same profile with the costs that a run has measured: seconds of each task with the threads that it had there.
pub(crate) fn updated(profile: &StreamProfile, plan: &PassPlan, measured_s: &[Option<f64>]) -> StreamProfile {
    let mut profile = profile.clone();
    for (task, &now_s) in profile.tasks.iter_mut().zip(measured_s) {
        let before_s = task.seconds(plan.threads_of(&task.name));
        let Some(now_s) = now_s else { continue };
        for cost in &mut task.costs {
            let is_known = before_s > 0.0 && task.kind == TaskKind::Parallel;
            cost.median_s = if is_known { cost.median_s * now_s / before_s } else { now_s };
        }
    }
    profile
}

/// Whether a stream of these tasks can gain anything from a plan.
pub(crate) fn is_worth_planning(links: &[Link], cores: usize) -> bool {
    cores > 1
        && (links.len() > 1 || links.iter().any(|link| link.is_parallel || link.kind == Kind::Replicable))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recorder::Timing;

    fn links(kinds: &str) -> Vec<Link> {
        let link = |(i, kind): (usize, char)| Link {
            name: format!("t{i}"),
            units: i..i + 1,
            kind: match kind {
                's' => Kind::Sequential,
                'r' => Kind::Replicable,
                _ => Kind::Alone,
            },
            is_parallel: kind == 'p',
        };
        kinds.chars().enumerate().map(link).collect()
    }

    /// Costs in seconds; a parallel task is told on one thread and on two.
    fn profile(links: &[Link], costs: &[(f64, f64)]) -> StreamProfile {
        let timing = |(link, &(one, two)): (&Link, &(f64, f64))| {
            let of = |threads, seconds| Timing { task: link.name.clone(), threads, frame: 0, seconds };
            if link.is_parallel { vec![of(1, one), of(2, two)] } else { vec![of(1, one)] }
        };
        StreamProfile::new(links, &links.iter().zip(costs).flat_map(timing).collect::<Vec<_>>(), &[])
    }

    fn planned(kinds: &str, costs: &[(f64, f64)], cores: usize) -> (String, f64) {
        let links = links(kinds);
        let best = best("t0", &links, &profile(&links, costs), (cores, 1)).unwrap();
        (best.plan.to_string(), best.period_s)
    }

    #[test]
    fn one_core_is_one_stage() {
        assert_eq!(
            planned("srs", &[(1.0, 0.0), (4.0, 0.0), (1.0, 0.0)], 1),
            ("t0 → t1 → t2".to_owned(), 6.0)
        );
    }

    #[test]
    fn replicas_go_where_the_work_is() {
        let (plan, period_s) = planned("srs", &[(1.0, 0.0), (6.0, 0.0), (1.0, 0.0)], 8);
        assert_eq!((plan.as_str(), period_s), ("t0 | t1 ×6 | t2", 1.0));
    }

    #[test]
    fn cores_are_shared_where_a_team_would_leave_them_idle() {
        // Reading takes a quarter of a core while gridding can use two.
        let (plan, period_s) = planned("srp", &[(1.0, 0.0), (1.0, 0.0), (6.0, 3.1)], 2);
        assert_eq!(plan, "t0 | t1 ×2 | t2 (2 threads)");
        assert!((period_s - 4.0 * 1.03).abs() < 1e-9, "{period_s}");
    }

    #[test]
    fn costs_that_moved_move_the_plan() {
        let links = links("srs");
        let before = profile(&links, &[(1.0, 0.0), (1.0, 0.0), (1.0, 0.0)]);
        let plan = best("t0", &links, &before, (3, 1)).unwrap().plan;
        let after = updated(&before, &plan, &[None, Some(8.0), Some(1.0)]);
        assert_eq!(after.tasks.iter().map(|t| t.seconds(1)).collect::<Vec<_>>(), [1.0, 8.0, 1.0]);
        let best = best("t0", &links, &after, (3, 1)).unwrap();
        assert!(promise(plan, &after, 3).period_s > 1.15 * best.period_s, "{best:?}");
    }

    #[test]
    fn a_plan_needs_something_to_plan() {
        assert!(!is_worth_planning(&links("srp"), 1) && !is_worth_planning(&links("s"), 4));
        assert!(is_worth_planning(&links("sr"), 2));
    }
}
