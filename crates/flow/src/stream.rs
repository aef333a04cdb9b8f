//! How a stream is run: at once, or a sample of it first, from whose costs the stages of the rest follow.
//!
//! ```text
//! Auto     frames 0 … in one stage, timed │ the rest in the stages that the costs ask for
//! Sample   frames 0 … in one stage, timed │ the end
//! ```
//! No frame is run twice: the pipeline is cut anew between two frames, and tasks keep their state.

use std::sync::{Arc, Mutex, PoisonError};

use rayon::ThreadPool;

use crate::{
    BuildError, Error, Execution, Forecast, Leg, Observer, PassPlan, Run, Sample,
    graph::{Graph, Part, Pipeline, Sampling, Settings, StreamReport},
    pass::Turn,
    plan::Link,
    planner::{self, Promise},
    profile::StreamProfile,
    recorder::{Recorder, Sizes},
};

/// Another plan must promise to be so many times faster before a stream is cut anew between two turns.
const WORTH_CUTTING: f64 = 1.15;

/// What a run gives to its streams.
pub(crate) struct Env {
    pub(crate) run: Run,
    /// Threads that all tasks that are parallel inside share, unless a plan gives them some of their own.
    pub(crate) pool: Option<Arc<ThreadPool>>,
    /// Costs of the streams that have been planned, for others of the same tasks.
    pub(crate) profiles: Mutex<Vec<StreamProfile>>,
}

impl Env {
    fn profile(&self, links: &[Link]) -> Option<StreamProfile> {
        let profiles = self.profiles.lock().unwrap_or_else(PoisonError::into_inner);
        profiles.iter().find(|known| known.is_of(links)).cloned()
    }

    fn keep(&self, profile: &StreamProfile) {
        self.profiles.lock().unwrap_or_else(PoisonError::into_inner).push(profile.clone());
    }
}

/// A stream that is run, turn after turn.
pub(crate) struct Stream {
    /// `None` only after a mistake in a cut.
    pipeline: Option<Pipeline>,
    links: Vec<Link>,
    sizes: Sizes,
    pub(crate) plan: PassPlan,
    pub(crate) profile: Option<StreamProfile>,
    promise: Option<Promise>,
    /// The observer knows the stages.
    is_told: bool,
}

/// The next frames of a stream.
struct Frames {
    /// Another part follows.
    pauses: bool,
    /// How many; `None`: all.
    frames: Option<u64>,
    /// Notes every call.
    recorder: Option<Arc<Recorder>>,
}

impl Stream {
    /// Cuts a graph as the run asks for.
    pub(crate) fn new(graph: Graph, source: &str, sizes: Sizes, env: &Env) -> Result<Self, BuildError> {
        let links = graph.links();
        let plan = first_plan(source, &links, &env.run)?;
        let pipeline = Pipeline::new(graph, &plan.graph_stages(&links))?;
        let mut stream = Stream {
            pipeline: Some(pipeline),
            links,
            sizes,
            plan,
            profile: None,
            promise: None,
            is_told: false,
        };
        stream.equip(env);
        Ok(stream)
    }

    /// Runs to the end of the stream, or of its sample.
    pub(crate) fn run(&mut self, turn: &mut Turn, env: &Env) -> Result<(), Error> {
        let Run { execution, threads, .. } = &env.run;
        let is_new = self.profile.is_none();
        if !std::mem::replace(&mut self.is_told, true) {
            self.tell(turn.pass, env);
        }
        if *execution == Execution::Auto && is_new {
            self.profile = env.profile(&self.links);
        }
        let sample = match execution {
            Execution::Auto
                if self.profile.is_none() && planner::is_worth_planning(&self.links, *threads) =>
            {
                Some(Sample::pilot(*threads, self.links.iter().any(|link| link.is_parallel)))
            }
            Execution::Sample(sample) => Some(sample.clone()),
            _ => None,
        };
        if let Some(sample) = sample
            && !self.sample(&sample, turn, env)?
        {
            return Ok(());
        }
        let is_sample = matches!(execution, Execution::Sample(_));
        if *execution == Execution::Auto {
            if is_new { self.plan_by_costs(turn.pass, env)? } else { self.follow_costs(turn, env)? }
        }
        let frames = is_sample.then_some(0);
        let report = self.part(&Frames { pauses: false, frames, recorder: None }, turn, env)?;
        turn.forecast = self.judge(&report);
        self.learn(&report);
        Ok(())
    }

    /// Runs the frames of a sample, and makes a profile of their costs. Whether the stream goes on.
    fn sample(&mut self, sample: &Sample, turn: &mut Turn, env: &Env) -> Result<bool, Error> {
        let mut timings = Vec::new();
        let mut goes_on = true;
        for &Leg { threads, warm_up, frames } in &sample.legs {
            if !goes_on {
                break;
            }
            self.recut(PassPlan::sequential(&self.plan.source, &self.links, threads), turn.pass, env)?;
            let recorder =
                Arc::new(Recorder { threads, from: turn.chunks + warm_up, timings: Mutex::default() });
            let (frames, recorder_of) = (Some(warm_up + frames), Some(recorder.clone()));
            self.part(&Frames { pauses: true, frames, recorder: recorder_of }, turn, env)?;
            timings.append(&mut recorder.timings.lock().unwrap_or_else(PoisonError::into_inner));
            goes_on = self.pipeline.as_mut().is_some_and(|pipeline| pipeline.crew().has_paused());
        }
        let profile = StreamProfile::new(&self.links, &timings, &self.sizes.lock());
        // A stream that ended too soon has not timed every task.
        if profile.check().is_ok() {
            env.keep(&profile);
            self.profile = Some(profile);
        }
        Ok(goes_on)
    }

    /// Runs some frames in the stages that there are, and adds what was counted to the turn.
    fn part(&mut self, which: &Frames, turn: &mut Turn, env: &Env) -> Result<StreamReport, Error> {
        let part = Part { first: turn.chunks, pauses: which.pauses };
        let recorder = which.recorder.clone();
        let run = &env.run;
        let observers = run.observer.iter().cloned().chain(recorder.map(|r| r as Arc<dyn Observer>));
        let observers: Vec<_> = observers.collect();
        let settings = Settings {
            cancel: run.cancel.clone(),
            sampling: Sampling::Every,
            observer: (!observers.is_empty()).then(|| Arc::new(observers) as Arc<dyn Observer>),
            snapshot_every: run.snapshot_every,
            stall_after: run.stall_after,
            frames: which.frames,
            ..Settings::default()
        };
        let crew = self.pipeline.as_mut().ok_or(BuildError::Broken)?.crew();
        crew.set_part(part);
        let (report, result) = crew.run_and_tell(&settings)?;
        turn.add(&report);
        result.map(|()| report)
    }

    /// Gives the stages what the run has for them.
    fn equip(&mut self, env: &Env) {
        let Some(pipeline) = &mut self.pipeline else { return };
        pipeline.crew().set_window(self.plan.window);
        let shares_pool = matches!(env.run.execution, Execution::Sequential | Execution::Pipeline);
        pipeline.crew().set_pool(env.pool.clone().filter(|_| shares_pool));
    }

    /// Cuts the stream anew between two frames, unless it is cut like that already.
    fn recut(&mut self, plan: PassPlan, pass: usize, env: &Env) -> Result<(), Error> {
        if plan != self.plan {
            let pipeline = self.pipeline.take().ok_or(BuildError::Broken)?;
            self.pipeline = Some(pipeline.recut(&plan.graph_stages(&self.links))?);
            self.plan = plan;
            self.equip(env);
            self.tell(pass, env);
        }
        Ok(())
    }

    fn tell(&self, pass: usize, env: &Env) {
        env.run.observer.iter().for_each(|observer| observer.planned(pass, &self.plan));
    }

    /// The first plan that rests on costs. A sample that says too little leaves the cut by kinds.
    fn plan_by_costs(&mut self, pass: usize, env: &Env) -> Result<(), Error> {
        let Run { threads, depth, .. } = env.run;
        let source = self.plan.source.clone();
        let best = self
            .profile
            .as_ref()
            .map(|profile| planner::best(&source, &self.links, profile, (threads, depth)));
        let plan = match best {
            Some(Ok(promise)) => self.promise.insert(promise).plan.clone(),
            _ if threads == 1 => PassPlan::sequential(&source, &self.links, 1),
            _ => PassPlan::by_kind(&source, &self.links, threads, depth),
        };
        self.recut(plan, pass, env)
    }

    /// Takes over what the tasks have cost in this turn.
    fn learn(&mut self, report: &StreamReport) {
        let measured: Vec<_> = report.tasks.iter().map(|task| task.clock.mean_s()).collect();
        self.profile = self.profile.take().map(|known| planner::updated(&known, &self.plan, &measured));
    }

    /// Before another turn: if costs have moved so far that another plan is worth it, it is run by that.
    fn follow_costs(&mut self, turn: &mut Turn, env: &Env) -> Result<(), Error> {
        let Some(profile) = &self.profile else { return Ok(()) };
        let Run { threads, depth, .. } = env.run;
        let now = planner::promise(self.plan.clone(), profile, threads);
        match planner::best(&self.plan.source, &self.links, profile, (threads, depth)) {
            Ok(best) if now.period_s >= WORTH_CUTTING * best.period_s => {
                turn.n_replanned += 1;
                let plan = self.promise.insert(best).plan.clone();
                self.recut(plan, turn.pass, env)
            }
            _ => {
                self.promise = self.promise.is_some().then_some(now);
                Ok(())
            }
        }
    }

    /// What was promised for the part of the stream that was run by plan, beside what came of it.
    fn judge(&self, report: &StreamReport) -> Option<Forecast> {
        let (promise, profile) = (self.promise.as_ref()?, self.profile.as_ref()?);
        Forecast::new(promise, profile, report)
    }
}

/// The stages that a stream begins with.
pub(crate) fn first_plan(source: &str, links: &[Link], run: &Run) -> Result<PassPlan, BuildError> {
    match &run.execution {
        Execution::Sequential | Execution::Auto | Execution::Sample(_) => {
            Ok(PassPlan::sequential(source, links, run.threads))
        }
        Execution::Pipeline => Ok(PassPlan::by_kind(source, links, run.threads, run.depth)),
        Execution::Planned(plan) => plan.of(source, links),
    }
}
