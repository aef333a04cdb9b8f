//! Runs a case and holds it against the model.

use std::{
    fs,
    sync::{Arc, atomic::Ordering},
    thread,
    time::Duration,
};

use facette_flow::{BuildError, CancelToken, Error, graph::StreamReport};

use crate::{
    case::{Case, Event, Runner, Shape},
    declare::{Declared, declare},
    model::{Failure, Model, Outcome, is_stateless},
    program::Program,
    values::{Spring, World},
};

/// What is said of a case that goes wrong.
type Complaint = String;

macro_rules! ensure {
    ($what:expr, $($text:tt)*) => {
        if !$what {
            return Err(format!($($text)*));
        }
    };
}

/// Where the tasks of a case lie.
struct Places {
    /// The stage of each task.
    stages: Vec<usize>,
    /// By stage: the rate of the frames that come in, and the replicas.
    drives: Vec<usize>,
    replicas: Vec<usize>,
}

impl Places {
    fn of(declared: &Declared, program: &Program, shape: &Shape) -> Self {
        let (cuts, replicas): (Vec<usize>, Vec<usize>) = match shape {
            Shape::Copies(copies) => (vec![declared.graph.n_tasks()], vec![*copies]),
            Shape::Stages(cuts) => cuts.iter().map(|cut| (cut.tasks, cut.replicas)).unzip(),
        };
        let ends: Vec<usize> = cuts.iter().scan(0, |end, n| Some((*end += n, *end).1)).collect();
        let stage = |unit: usize| ends.iter().position(|&end| unit < end).unwrap_or(0);
        let mut written = vec![0; program.vars.len()];
        declared.writes.iter().for_each(|&(unit, var)| written[var] = stage(unit));
        let mut drives = vec![0];
        for at in 1..cuts.len() {
            let crosses = |&&(unit, var): &&(usize, usize)| stage(unit) >= at && written[var] < at;
            let first = declared.reads.iter().find(crosses);
            drives.push(first.map_or(drives[at - 1], |&(_, var)| program.vars[var].rate));
        }
        Places { stages: declared.units.iter().map(|&unit| stage(unit)).collect(), drives, replicas }
    }

    /// The number of the frame in the report of a failure; `None` at the end of a stream.
    fn number(&self, failure: &Failure) -> Option<u64> {
        let drive = self.drives[self.stages[failure.trap.task]];
        let level = failure.stack.iter().find(|(rate, ..)| *rate == drive);
        level.map(|(_, given, _)| *given)
    }

    fn is_wide(&self, task: usize) -> bool {
        self.replicas[self.stages[task]] > 1
    }
}

/// A run and what it gave.
struct Ran {
    result: Result<StreamReport, Error>,
    sinks: Vec<Vec<u64>>,
    given: u64,
}

/// Builds, runs twice, and drops.
pub(crate) fn check(case: &Case) -> Result<(), Complaint> {
    let world = case.world();
    let threads = flow_threads();
    let declared = declare(&case.program, &world);
    let mut places = Places::of(&declared, &case.program, &case.shape);
    let mut is_cut = true;
    let runner = match Runner::new(declared.graph, &case.shape) {
        Ok(runner) => runner,
        Err(error) => {
            refused(case, &error)?;
            is_cut = false;
            let whole = Shape::Copies(1);
            let declared = declare(&case.program, &world);
            places = Places::of(&declared, &case.program, &whole);
            Runner::new(declared.graph, &whole).map_err(|error| format!("refused in one stage: {error}"))?
        }
    };
    let limit = if is_cut { case.most() } else { case.limit };
    let checker = Checker { case, world: &world, places, limit, is_cut };
    checker.twice(runner)?;
    ensure!(flow_threads_settle(threads), "threads are left");
    let (frames, tasks) = (world.frames.load(Ordering::SeqCst), world.tasks.load(Ordering::SeqCst));
    ensure!((frames, tasks) == (0, 0), "{frames} frames and {tasks} tasks left");
    ensure!(Arc::strong_count(&world) == 1, "something holds the world");
    Ok(())
}

/// A refusal must be for one of the reasons that cutting at random can give.
fn refused(case: &Case, error: &BuildError) -> Result<(), Complaint> {
    let has_one_rate = case.program.vars.iter().all(|var| var.rate == 0);
    ensure!(!(case.is_legal && has_one_rate), "refused: {error}");
    let is_known = matches!(
        error,
        BuildError::Backward { .. }
            | BuildError::PathCut { .. }
            | BuildError::RatesCross { .. }
            | BuildError::LateSource { .. }
            | BuildError::SplitModule { .. }
            | BuildError::NotReplicable { .. }
            | BuildError::Cycle { .. }
    );
    ensure!(is_known, "refused for a strange reason: {error}");
    Ok(())
}

struct Checker<'a> {
    case: &'a Case,
    world: &'a Arc<World>,
    places: Places,
    limit: Option<u64>,
    /// In one stage otherwise.
    is_cut: bool,
}

impl Checker<'_> {
    fn run(&self, runner: &mut Runner) -> Ran {
        let given = || self.world.given.iter().map(|given| given.load(Ordering::SeqCst)).min().unwrap_or(0);
        let before = given();
        let settings = self.case.settings(self.world);
        let watch = match self.case.event {
            Event::CancelledAfter(micros) if self.world.is_armed.load(Ordering::SeqCst) => {
                Some(cancel_after(settings.cancel.clone(), micros))
            }
            _ => None,
        };
        let result = runner.run(&settings);
        watch.into_iter().for_each(|thread| drop(thread.join()));
        let sinks = self.world.sinks.iter().map(|sink| std::mem::take(&mut *sink.lock().unwrap())).collect();
        Ran { result, sinks, given: given() - before }
    }

    fn twice(&self, mut runner: Runner) -> Result<(), Complaint> {
        let ran = self.run(&mut runner);
        let goes_on = self.first(&ran).map_err(|complaint| format!("first run: {complaint}"))?;
        drop(ran);
        let is_stateless = is_stateless(&self.case.program);
        let frames = self.world.frames.load(Ordering::SeqCst);
        ensure!(!is_stateless || frames == 0, "{frames} frames left after the first run");
        self.world.is_armed.store(false, Ordering::SeqCst);
        let mut model = match goes_on {
            Some(model) => Some(model),
            None if is_stateless => Some(Model::new(&self.case.program, &[])),
            None => None,
        };
        let want = model.as_mut().map(|model| {
            let positions = self.world.positions.iter().map(|at| at.load(Ordering::SeqCst));
            model.positions = positions.collect();
            model.disarm();
            model.run(self.limit, true)
        });
        let ran = self.run(&mut runner);
        ensure!(ran.result.is_ok(), "second run: {:?}", ran.result.as_ref().err());
        if let Some(Some(want)) = want {
            self.equal(&ran, &want).map_err(|complaint| format!("second run: {complaint}"))?;
        }
        Ok(())
    }

    /// Checks the first run; gives a model that can go on, if the state of all tasks is known.
    fn first(&self, ran: &Ran) -> Result<Option<Model<'_>>, Complaint> {
        let mut model = Model::new(&self.case.program, &self.case.traps);
        let Some(want) = model.run(self.limit, true) else { return Ok(None) };
        let message = ran.result.as_ref().err().map(Error::to_string).unwrap_or_default();
        match (&ran.result, &want.failure, self.case.event) {
            (Ok(_), None, Event::Trip(spring)) => {
                let is_sprung = self.world.is_sprung.load(Ordering::SeqCst);
                ensure!(!is_sprung || spring == Spring::Drop, "a panic of a clone was lost");
                self.equal(ran, &want)?;
                Ok(Some(model).filter(|_| !is_sprung))
            }
            (Ok(_), None, event) => {
                ensure!(event != Event::Cancelled || self.case.traps.is_empty(), "the cancellation was lost");
                self.equal(ran, &want)?;
                Ok(Some(model))
            }
            (Err(Error::Panic { message, .. }), None, Event::Trip(_)) if message == "sprung" => {
                ensure!(self.world.is_sprung.load(Ordering::SeqCst), "a panic from nowhere");
                self.between(ran, None, &want)?;
                Ok(None)
            }
            (Err(Error::Cancelled), None, Event::Cancelled | Event::CancelledAfter(_))
            | (Err(Error::Deadline), None, Event::Deadline(_)) => self.stopped(ran, &want),
            (Err(error), Some(failure), Event::Failures) => {
                self.failed(error, failure)?;
                let is_sure = self.case.program.is_exact
                    && !self.case.program.has_feedback()
                    && !self.case.program.is_scattered
                    && !failure.is_finish;
                let whole = Model::new(&self.case.program, &[]).run(self.limit, true);
                let whole = whole.as_ref().unwrap_or(&want);
                self.between(ran, Some(&want).filter(|_| is_sure), whole)?;
                Ok(None)
            }
            _ => Err(format!("{} ({message}), wanted {:?}", ran.result.is_ok(), want.failure)),
        }
    }

    /// All that a whole run gives.
    fn equal(&self, ran: &Ran, want: &Outcome) -> Result<(), Complaint> {
        self.between(ran, Some(want), want)?;
        let Ok(report) = &ran.result else { return Ok(()) };
        for (task, &calls) in want.calls.iter().enumerate() {
            let name = format!("t{task}");
            let is_it = |of: &str| of.rsplit('/').next() == Some(&name);
            let Some(stats) = report.tasks.iter().find(|stats| is_it(&stats.name)) else { continue };
            ensure!(stats.calls == calls, "{name} was called {} times, wanted {calls}", stats.calls);
        }
        let has_one_rate = self.case.program.vars.iter().all(|var| var.rate == 0);
        let (frames, wanted) = (report.frames, want.frames);
        ensure!(!has_one_rate || frames == wanted, "{frames} frames reported, wanted {wanted}");
        Ok(())
    }

    /// What was stopped from outside: every frame that was begun is complete.
    fn stopped(&self, ran: &Ran, want: &Outcome) -> Result<Option<Model<'_>>, Complaint> {
        let mut model = Model::new(&self.case.program, &[]);
        let Some(least) = model.run(Some(ran.given), false) else { return Ok(None) };
        let is_all = ran.given == want.frames;
        ensure!(ran.given <= want.frames, "{} frames begun of {}", ran.given, want.frames);
        self.between(ran, Some(&least), if is_all { want } else { &least })?;
        Ok(Some(model).filter(|_| !is_all))
    }

    fn failed(&self, error: &Error, failure: &Failure) -> Result<(), Complaint> {
        let (task, chunk) = match (error, failure.trap.spring) {
            (Error::Task { task, chunk, source }, Spring::Error) if source.to_string() == "sprung" => {
                (task, chunk)
            }
            (Error::Panic { task, chunk, message }, Spring::Panic) if message == "sprung" => (task, chunk),
            _ if !self.is_exact() && self.case.traps.len() > 1 => return Ok(()),
            _ => return Err(format!("{error:?}, wanted {failure:?}")),
        };
        let name = format!("t{}", failure.trap.task);
        let is_it = task.rsplit('/').next() == Some(&name);
        ensure!(is_it || !self.is_exact() && self.case.traps.len() > 1, "{error:?}, wanted {failure:?}");
        let crosses = self.case.program.has_feedback() && self.places.drives.len() > 1;
        let drops = failure.stack.iter().any(|(_, _, dropped)| !dropped.is_empty());
        if self.case.program.is_scattered || crosses || drops {
            return Ok(());
        }
        let number = self.places.number(failure);
        ensure!(*chunk == number, "frame {chunk:?}, wanted {number:?}: {error:?}");
        Ok(())
    }

    /// The order within a frame is known.
    fn is_exact(&self) -> bool {
        self.case.program.is_exact
    }

    /// Every sink has at least the frames of `least`, and the beginning of those of `most`.
    fn between(&self, ran: &Ran, least: Option<&Outcome>, most: &Outcome) -> Result<(), Complaint> {
        let program = &self.case.program;
        let in_feedback = program.is_in_feedback();
        for (task, got) in ran.sinks.iter().enumerate() {
            let is_loose = program.is_scattered
                || (self.is_cut && self.places.is_wide(task))
                || (in_feedback[task] && self.places.drives.len() > 1);
            let none = Vec::new();
            let least = least.map_or(&none, |least| &least.sinks[task]);
            let most = &most.sinks[task];
            let is_right = if is_loose {
                is_part(least, got) && is_part(got, most)
            } else {
                got.starts_with(least) && most.starts_with(got)
            };
            let (least, got, most) = (least.len(), got.len(), most.len());
            ensure!(is_right, "sink t{task} has {got} frames, wanted {least} to {most}, or others");
        }
        Ok(())
    }
}

/// Whether all of `some` are among `all`, as often.
fn is_part(some: &[u64], all: &[u64]) -> bool {
    let (mut some, mut all) = (some.to_vec(), all.to_vec());
    some.sort_unstable();
    all.sort_unstable();
    let mut all = all.into_iter();
    some.into_iter().all(|one| all.any(|other| other == one))
}

fn cancel_after(token: CancelToken, micros: u64) -> thread::JoinHandle<()> {
    thread::spawn(move || {
        thread::sleep(Duration::from_micros(micros));
        token.cancel();
    })
}

/// Threads of this process that belong to a run.
pub(crate) fn flow_threads() -> usize {
    let Ok(tasks) = fs::read_dir("/proc/self/task") else { return 0 };
    let names = tasks.flatten().filter_map(|task| fs::read_to_string(task.path().join("comm")).ok());
    names.filter(|name| name.starts_with("flow ")).count()
}

/// The kernel may list a thread for a moment after it was joined.
pub(crate) fn flow_threads_settle(want: usize) -> bool {
    (0..400).any(|_| {
        flow_threads() <= want || {
            thread::sleep(Duration::from_millis(5));
            false
        }
    })
}
