//! One stream of a chain: a graph of its own, run as a pipeline whenever the chain comes to it.

use std::{
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
    time::Instant,
};

use rayon::ThreadPool;

use crate::{
    BoxError, BuildError, Error, Execution, PassPlan, PassReport, Run, Task, TaskRate, TaskReport,
    env::{Nested, guard},
    graph::{Graph, Pipeline, Sampling, Settings, Stage, StreamReport},
    plan::{Span, StagePlan, cut, window},
};

/// What a run gives to its streams.
pub(crate) struct Env {
    pub(crate) run: Run,
    /// Threads that all tasks that are parallel inside share.
    pub(crate) pool: Option<Arc<ThreadPool>>,
}

/// One stream, seen by the chain (which plans and reports) and by the task that runs it.
#[derive(Clone)]
pub(crate) struct Pass(Arc<Mutex<Inner>>);

struct Inner {
    index: usize,
    source: Arc<str>,
    n_chunks: Option<u64>,
    state: State,
    /// Forgets held values when the stream has ended.
    release: Vec<Box<dyn FnMut() + Send>>,
    is_repeated: bool,
    done: Option<PassDone>,
}

enum State {
    Declared(Graph),
    Built(Pipeline, PassPlan),
    Over,
}

/// What is known of a stream that has run, over all its turns.
pub(crate) struct PassDone {
    pub(crate) plan: PassPlan,
    pub(crate) report: PassReport,
    pub(crate) tasks: Vec<TaskReport>,
}

/// What a stream is made of.
pub(crate) struct PassDecl {
    pub(crate) index: usize,
    pub(crate) source: Arc<str>,
    pub(crate) n_chunks: Option<u64>,
    pub(crate) graph: Graph,
    pub(crate) release: Vec<Box<dyn FnMut() + Send>>,
    pub(crate) is_repeated: bool,
}

impl Pass {
    pub(crate) fn new(decl: PassDecl) -> Self {
        let PassDecl { index, source, n_chunks, graph, release, is_repeated } = decl;
        let state = State::Declared(graph);
        Pass(Arc::new(Mutex::new(Inner { index, source, n_chunks, state, release, is_repeated, done: None })))
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn name(&self) -> Arc<str> {
        self.lock().source.clone()
    }

    /// How `run` would execute the stream; empty when it has run.
    pub(crate) fn plan(&self, run: &Run) -> PassPlan {
        let inner = self.lock();
        match &inner.state {
            State::Declared(graph) => plan(graph, &inner.source, run).1,
            State::Built(_, plan) => plan.clone(),
            State::Over => PassPlan { source: inner.source.to_string(), stages: Vec::new(), window: 0 },
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

/// The stages behind the source, and how they are told to the user.
fn plan(graph: &Graph, source: &str, run: &Run) -> (Vec<Span>, PassPlan) {
    let kinds = graph.kinds();
    let behind = kinds.get(1..).unwrap_or_default();
    let spans = match run.execution {
        Execution::Pipeline => cut(behind),
        Execution::Sequential => vec![Span { steps: 0..behind.len(), is_replicable: false }],
    };
    let stage = |span: &Span| StagePlan {
        tasks: graph.names(span.steps.start + 1..span.steps.end + 1),
        replicas: if span.is_replicable { run.threads } else { 1 },
    };
    let stages: Vec<_> = spans.iter().map(stage).collect();
    let window = match run.execution {
        Execution::Sequential => 1,
        Execution::Pipeline => window(&stages, run.depth),
    };
    (spans, PassPlan { source: source.to_owned(), stages, window })
}

fn build(graph: Graph, source: &str, env: &Env) -> Result<(Pipeline, PassPlan), BuildError> {
    let Env { run, pool } = env;
    let (spans, plan) = plan(&graph, source, run);
    let mut stages = vec![Stage::new(1).depth(run.depth)];
    match run.execution {
        Execution::Sequential => stages[0] = Stage::new(graph.n_tasks()),
        Execution::Pipeline => stages.extend(
            spans
                .iter()
                .zip(&plan.stages)
                .map(|(span, stage)| Stage::new(span.steps.len()).replicas(stage.replicas).depth(run.depth)),
        ),
    }
    let mut pipeline = Pipeline::new(graph, &stages)?;
    pipeline.crew().set_window(plan.window);
    pipeline.crew().set_pool(pool.clone());
    Ok((pipeline, plan))
}

impl Inner {
    fn run(&mut self, env: &Env) -> Result<(), Error> {
        let (index, source, started) = (self.index, self.source.clone(), Instant::now());
        let observer = env.run.observer.as_deref();
        guard(&source, None, || {
            observer.inspect(|observer| observer.pass_started(index, &source, self.n_chunks));
            Ok(())
        })?;
        let outcome = self.stream(env);
        self.release.iter_mut().for_each(|release| release());
        let wall_s = started.elapsed().as_secs_f64();
        let report = outcome.as_ref().ok().map(|(report, _)| report);
        let chunks = report.and_then(|report| report.tasks.first()).map_or(0, |task| task.calls);
        let told = guard(&source, None, || {
            observer.inspect(|observer| observer.pass_ended(index, chunks, wall_s));
            Ok(())
        });
        let (report, result) = outcome?;
        result?;
        told?;
        self.note(&report, chunks, wall_s);
        if !self.is_repeated {
            self.state = State::Over;
        }
        Ok(())
    }

    /// Runs the pipeline, which is made the first time; tells how far it came also when it failed.
    fn stream(&mut self, env: &Env) -> Result<(StreamReport, Result<(), Error>), Error> {
        let source = self.source.clone();
        let built = match std::mem::replace(&mut self.state, State::Over) {
            State::Declared(graph) => guard(&source, None, || Ok(build(graph, &source, env)))??,
            State::Built(pipeline, plan) => (pipeline, plan),
            State::Over => return Err(BuildError::Repeated { source_task: source.to_string() }.into()),
        };
        let (mut pipeline, plan) = built;
        let settings = Settings {
            cancel: env.run.cancel.clone(),
            sampling: Sampling::Every,
            observer: env.run.observer.clone(),
            snapshot_every: env.run.snapshot_every,
            stall_after: env.run.stall_after,
            ..Settings::default()
        };
        let outcome = pipeline.crew().run_and_tell(&settings);
        self.state = State::Built(pipeline, plan);
        outcome
    }

    /// Adds what this turn counted.
    fn note(&mut self, report: &StreamReport, chunks: u64, wall_s: f64) {
        let State::Built(_, plan) = &self.state else { return };
        let tasks = task_reports(report, self.index);
        let boundaries = report.boundaries.clone();
        let turn = PassReport { source: self.source.to_string(), chunks, wall_s, boundaries };
        let done = self.done.get_or_insert_with(|| PassDone {
            plan: plan.clone(),
            report: turn.zero(),
            tasks: tasks.iter().map(TaskReport::zero).collect(),
        });
        done.report.add(&turn);
        done.tasks.iter_mut().zip(&tasks).for_each(|(all, turn)| all.add(turn));
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
