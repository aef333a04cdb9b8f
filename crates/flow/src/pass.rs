//! One stream of a chain: a graph of its own, run as a pipeline whenever the chain comes to it.

use std::{
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
    time::Instant,
};

use crate::{
    BoxError, BuildError, Error, Forecast, PassPlan, PassReport, Run, Task, TaskRate, TaskReport,
    env::{Nested, guard},
    graph::{BoundaryStats, Graph, StreamReport},
    profile::StreamProfile,
    recorder::Sizes,
    stream::{Env, Stream, first_plan},
};

/// One stream, seen by the chain (which plans and reports) and by the task that runs it.
#[derive(Clone)]
pub(crate) struct Pass(Arc<Mutex<Inner>>);

struct Inner {
    index: usize,
    source: Arc<str>,
    n_chunks: Option<u64>,
    sizes: Sizes,
    state: State,
    /// Forgets held values when the stream has ended.
    release: Vec<Box<dyn FnMut() + Send>>,
    is_repeated: bool,
    done: Option<PassDone>,
}

enum State {
    Declared(Box<Graph>),
    Running(Box<Stream>),
    Over,
}

/// What is known of a stream that has run, over all its turns.
pub(crate) struct PassDone {
    pub(crate) plan: PassPlan,
    pub(crate) profile: Option<StreamProfile>,
    pub(crate) report: PassReport,
    pub(crate) tasks: Vec<TaskReport>,
}

/// What a stream is made of.
pub(crate) struct PassDecl {
    pub(crate) index: usize,
    pub(crate) source: Arc<str>,
    pub(crate) n_chunks: Option<u64>,
    pub(crate) graph: Graph,
    /// Sizes of its frames, noted by its source.
    pub(crate) sizes: Sizes,
    pub(crate) release: Vec<Box<dyn FnMut() + Send>>,
    pub(crate) is_repeated: bool,
}

impl Pass {
    pub(crate) fn new(decl: PassDecl) -> Self {
        let PassDecl { index, source, n_chunks, graph, sizes, release, is_repeated } = decl;
        let state = State::Declared(Box::new(graph));
        let done = None;
        Pass(Arc::new(Mutex::new(Inner {
            index,
            source,
            n_chunks,
            sizes,
            state,
            release,
            is_repeated,
            done,
        })))
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn name(&self) -> Arc<str> {
        self.lock().source.clone()
    }

    /// How `run` would execute the stream; empty when it has run.
    pub(crate) fn plan(&self, run: &Run) -> Result<PassPlan, BuildError> {
        let inner = self.lock();
        match &inner.state {
            State::Declared(graph) => first_plan(&inner.source, &graph.links(), run),
            State::Running(stream) => Ok(stream.plan.clone()),
            State::Over => Ok(PassPlan::new(inner.source.to_string(), Vec::new())),
        }
    }

    /// The first mistake in its declaration.
    pub(crate) fn error(&self) -> Option<BuildError> {
        match &self.lock().state {
            State::Declared(graph) => graph.error.clone(),
            _ => None,
        }
    }

    /// Whether any task can use so many threads inside.
    pub(crate) fn is_parallel(&self) -> bool {
        matches!(&self.lock().state, State::Declared(graph) if graph.is_parallel())
    }

    /// Names of the tasks whose frames nobody reads.
    pub(crate) fn unread(&self) -> Vec<String> {
        match &self.lock().state {
            State::Declared(graph) => graph.unread(),
            _ => Vec::new(),
        }
    }

    pub(crate) fn into_done(self) -> Option<PassDone> {
        self.lock().done.take()
    }
}

impl Inner {
    fn run(&mut self, env: &Env) -> Result<(), Error> {
        let (index, source, started) = (self.index, self.source.clone(), Instant::now());
        let observer = env.run.observer.as_deref();
        guard(&source, None, || {
            observer.inspect(|observer| observer.pass_started(index, &source, self.n_chunks));
            Ok(())
        })?;
        let mut turn = Turn { pass: index, ..Turn::default() };
        let outcome = self.stream(&mut turn, env);
        self.release.iter_mut().for_each(|release| release());
        let wall_s = started.elapsed().as_secs_f64();
        let told = guard(&source, None, || {
            observer.inspect(|observer| observer.pass_ended(index, turn.chunks, wall_s));
            Ok(())
        });
        outcome?;
        told?;
        self.note(turn, wall_s);
        Ok(())
    }

    /// Runs the stream, which is cut into stages the first time.
    fn stream(&mut self, turn: &mut Turn, env: &Env) -> Result<(), Error> {
        let (source, sizes) = (self.source.clone(), self.sizes.clone());
        let mut stream = match std::mem::replace(&mut self.state, State::Over) {
            State::Declared(graph) => guard(&source, None, || Ok(Stream::new(*graph, &source, sizes, env)))??,
            State::Running(stream) => *stream,
            State::Over => return Err(BuildError::Repeated { source_task: source.to_string() }.into()),
        };
        let outcome = stream.run(turn, env);
        self.state = State::Running(Box::new(stream));
        outcome
    }

    /// Adds what this turn counted.
    fn note(&mut self, turn: Turn, wall_s: f64) {
        let State::Running(stream) = &self.state else { return };
        let (plan, profile) = (stream.plan.clone(), stream.profile.clone());
        let Turn { tasks, boundaries, chunks, forecast, n_replanned, .. } = turn;
        let source = self.source.to_string();
        let report = PassReport { source, chunks, wall_s, boundaries, forecast, n_replanned };
        match &mut self.done {
            None => self.done = Some(PassDone { plan, profile, report, tasks }),
            Some(done) => {
                (done.plan, done.profile) = (plan, profile);
                done.report.add(&report);
                done.tasks.iter_mut().zip(&tasks).for_each(|(all, turn)| all.add(turn));
            }
        }
        if !self.is_repeated {
            self.state = State::Over;
        }
    }
}

/// What one turn of a stream has counted.
#[derive(Default)]
pub(crate) struct Turn {
    pub(crate) pass: usize,
    pub(crate) chunks: u64,
    pub(crate) forecast: Option<Forecast>,
    pub(crate) n_replanned: usize,
    tasks: Vec<TaskReport>,
    boundaries: Vec<BoundaryStats>,
}

impl Turn {
    /// Adds a part of the stream.
    pub(crate) fn add(&mut self, report: &StreamReport) {
        let tasks = task_reports(report, self.pass);
        self.chunks += tasks.first().map_or(0, |source| source.calls);
        if self.tasks.is_empty() {
            self.tasks = tasks;
        } else {
            self.tasks.iter_mut().zip(&tasks).for_each(|(all, part)| all.add(part));
        }
        self.boundaries.clone_from(&report.boundaries);
    }
}

fn task_reports(report: &StreamReport, pass: usize) -> Vec<TaskReport> {
    let tasks = &report.tasks;
    let is_last = |i: usize| tasks.get(i + 1).is_none_or(|next| next.stage != tasks[i].stage);
    let is_first = |i: usize| i == 0 || is_last(i - 1);
    let waited = |i: Option<usize>| i.and_then(|i| report.boundaries.get(i));
    let one = |(i, task): (usize, &crate::graph::TaskStats)| TaskReport {
        name: task.name.to_string(),
        rate: TaskRate::PerChunk,
        pass: Some(pass),
        stage: task.stage,
        calls: task.calls,
        busy_s: task.clock.total_s,
        replicas: task.replicas,
        waited_input_s: waited(task.stage.checked_sub(1).filter(|_| is_first(i)))
            .map_or(0.0, |boundary| boundary.waited_frame_s),
        waited_output_s: waited(Some(task.stage).filter(|_| is_last(i)))
            .map_or(0.0, |boundary| boundary.waited_room_s),
    };
    tasks.iter().enumerate().map(one).collect()
}

/// The task of the chain that runs a stream.
pub(crate) struct RunPass {
    pub(crate) pass: Pass,
    pub(crate) env: Arc<OnceLock<Env>>,
}

impl Task for RunPass {
    type In = ();
    type Out = ();

    fn name(&self) -> String {
        self.pass.name().to_string()
    }

    fn run(&mut self, (): ()) -> Result<(), BoxError> {
        let env = self.env.get().ok_or("the chain is not running")?;
        Ok(self.pass.lock().run(env).map_err(Nested)?)
    }
}
