//! What a plan promised beside what came of it, and why they differ.

use serde::Serialize;

use crate::{graph::StreamReport, planner::Promise, profile::StreamProfile};

/// From this part of the promised period on a difference is explained.
const TELLING: f64 = 0.15;

/// Time between two frames as a plan promised it and as it came.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Forecast {
    /// Seconds a frame, promised from the costs of the sample; the time to fill the pipeline included.
    pub predicted_s: f64,
    /// Seconds a frame as it came.
    pub achieved_s: f64,
    /// Frames that were run by the plan.
    pub frames: u64,
    /// Where they differ by more than 15 %: who waited where, and which task took another time than in the sample.
    pub why: Option<String>,
}

impl Forecast {
    /// `None` where no frame was run by the plan.
    pub(crate) fn new(promise: &Promise, profile: &StreamProfile, report: &StreamReport) -> Option<Self> {
        let frames = report.frames;
        if frames == 0 || promise.period_s <= 0.0 {
            return None;
        }
        let fill_s = (promise.latency_s - promise.period_s).max(0.0);
        let predicted_s = promise.period_s + fill_s / frames as f64;
        let achieved_s = report.wall_s / frames as f64;
        let is_told = (achieved_s / predicted_s - 1.0).abs() > TELLING;
        let why =
            is_told.then(|| format!("{}; {}", waiting(promise, report), moved(promise, profile, report)));
        Some(Forecast { predicted_s, achieved_s, frames, why })
    }
}

/// The boundary at which most was waited.
fn waiting(promise: &Promise, report: &StreamReport) -> String {
    let waits = report.boundaries.iter().enumerate().flat_map(|(stage, boundary)| {
        [(stage, "for room", boundary.waited_room_s), (stage, "for frames", boundary.waited_frame_s)]
    });
    let stage = |stage: usize| promise.plan.stages.get(stage).map_or(String::new(), |s| s.tasks.join(", "));
    match waits.max_by(|a, b| a.2.total_cmp(&b.2)) {
        None => "one stage, so nobody waited".to_owned(),
        Some((before, what, seconds)) => {
            let (front, behind) = (stage(before), stage(before + 1));
            let who = if what == "for room" { &front } else { &behind };
            format!("{who} waited {seconds:.2} s {what} at the boundary {front} → {behind}")
        }
    }
}

/// The task whose time has moved most since the sample.
fn moved(promise: &Promise, profile: &StreamProfile, report: &StreamReport) -> String {
    let tasks = profile.tasks.iter().zip(&report.tasks).filter_map(|(task, now)| {
        Some((&task.name, task.seconds(promise.plan.threads_of(&task.name)), now.clock.mean_s()?))
    });
    match tasks.max_by(|a, b| (a.2 - a.1).abs().total_cmp(&(b.2 - b.1).abs())) {
        Some((name, before_s, now_s)) => {
            format!("{name} took {:.3} ms a frame, {:.3} ms in the sample", now_s * 1e3, before_s * 1e3)
        }
        None => "no task was timed".to_owned(),
    }
}
