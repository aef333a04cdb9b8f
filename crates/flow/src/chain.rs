//! The declaration: which tasks there are and which sockets lie between them. Nothing runs here.

use std::{
    cell::RefCell,
    marker::PhantomData,
    sync::{Arc, Mutex, OnceLock},
    time::Instant,
};

use crate::{
    BuildError, Error, Once, Output, PerChunk, PerChunkScope, Plan, Profile, Run, RunReport, Socket, Sockets,
    Source, Task, TaskRate, TaskReport,
    graph::{Graph, Out, Pool, Sampling, Sequence, Settings, StreamReport},
    link::{Again, Lay, Place, Share, TakeUp, Turn},
    pass::{Pass, PassDecl, RunPass},
    recorder::{Sizes, Weighed},
    scope::Stream,
    stream::Env,
};

/// A declaration of tasks and the sockets between them; running consumes it.
///
/// Steps run in the order in which they were declared. See the crate's own page for an example.
#[derive(Default)]
pub struct Chain {
    pub(crate) draft: Draft,
}

impl Chain {
    /// A chain without tasks.
    pub fn new() -> Self {
        Self::default()
    }

    /// A value that is there from the start.
    pub fn constant<T: Send + 'static>(&mut self, value: T) -> Socket<Once, T> {
        let place = Place::of(Arc::new(Mutex::new(Some(value))));
        Socket::new(self.draft.internal((), TakeUp(place), "constant"))
    }

    /// Opens a stream: what `body` declares runs once for every chunk that `source` gives.
    ///
    /// Sockets of the stream cannot leave `body`; `accumulate` makes values of the chain out of them.
    pub fn per_chunk<S: Source, R>(
        &mut self,
        source: S,
        body: impl for<'s> FnOnce(&mut PerChunkScope<'s>, Socket<PerChunk<'s>, S::Out>) -> R,
    ) -> R {
        let (name, n_chunks): (Arc<str>, _) = (source.name().into(), source.n_chunks());
        let is_repeated = self.draft.turn.is_some();
        let (mut graph, sizes) = (Graph::new(), Sizes::default());
        let chunks = match source.again().filter(|_| is_repeated) {
            Some(fresh) => {
                graph.source(Weighed { source: Again { now: source, fresh }, sizes: sizes.clone() })
            }
            None => {
                if is_repeated {
                    self.draft.graph.fail(BuildError::Repeated { source_task: name.to_string() });
                }
                graph.source(Weighed { source, sizes: sizes.clone() })
            }
        };
        let stream = Stream::new(graph, sizes);
        let scope_stream = RefCell::new((&mut self.draft, stream));
        let mut scope = PerChunkScope { inner: scope_stream, brand: PhantomData };
        let result = body(&mut scope, Socket::new(chunks));
        let (draft, stream) = scope.inner.into_inner();
        draft.stream(stream, (name, n_chunks), is_repeated);
        result
    }

    /// Runs `task` once, on the values of `input`.
    pub fn then<K: Task>(
        &mut self,
        input: impl Sockets<Once, Values = K::In>,
        task: K,
    ) -> Socket<Once, K::Out> {
        Socket::new(self.draft.task(input.into_outs(), task))
    }

    /// Runs `task` once, for its effect.
    pub fn sink<K: Task<Out = ()>>(&mut self, input: impl Sockets<Once, Values = K::In>, task: K) {
        self.draft.task(input.into_outs(), task);
    }

    /// The same value in an `Arc`, so that many may read it without copies.
    pub fn share<T: Send + Sync + 'static>(&mut self, socket: Socket<Once, T>) -> Socket<Once, Arc<T>> {
        Socket::new(self.draft.internal(socket.out, Share(PhantomData), "share"))
    }

    /// Hands a value to the caller, who takes it out of the [`Output`] after the run.
    pub fn output<T: Send + 'static>(&mut self, socket: Socket<Once, T>) -> Output<T> {
        let (output, cell) = Output::new();
        self.draft.internal(socket.out, Lay(Place::of(cell)), "output");
        output
    }

    /// How `run` would cut the streams into stages, and how many chunks each may have in memory; where costs are to
    /// decide ([`crate::Execution::Auto`]), what it begins with.
    ///
    /// # Errors
    /// [`Error::Build`] when the declaration or the settings cannot be executed.
    pub fn plan(&self, run: &Run) -> Result<Plan, Error> {
        self.check(run)?;
        let plans = self.draft.passes.iter().map(|(pass, _)| pass.plan(run));
        Ok(Plan { passes: plans.collect::<Result<_, _>>()? })
    }

    /// Executes the chain and waits for its end; all threads have been joined when it returns.
    ///
    /// # Errors
    /// [`Error::Build`] before anything starts; [`Error::Task`] and [`Error::Panic`] for the earliest chunk (in stream
    /// order) that a task failed at, whatever the number of threads; [`Error::Cancelled`]; [`Error::Threads`].
    pub fn run(self, run: &Run) -> Result<RunReport, Error> {
        self.check(run)?;
        self.draft.run(run)
    }

    fn check(&self, run: &Run) -> Result<(), BuildError> {
        let own = self.draft.graph.error.clone();
        let passes = || self.draft.passes.iter().find_map(|(pass, _)| pass.error());
        own.or_else(passes).map_or(Ok(()), Err)?;
        run.check()
    }
}

/// What chain and scopes write into.
#[derive(Default)]
pub(crate) struct Draft {
    /// What runs once. A stream is one task of it.
    pub(crate) graph: Graph,
    /// Streams, and how many tasks of the user stand before each.
    passes: Vec<(Pass, usize)>,
    /// What a run fills in.
    env: Arc<OnceLock<Env>>,
    /// Inside a `repeat`: what every task waits for, so that it runs once a turn.
    pub(crate) turn: Option<Out<Turn>>,
    /// Results of streams with the name of their accumulator.
    results: Vec<(Out<()>, String)>,
}

impl Draft {
    /// A task of the user.
    pub(crate) fn task<I: crate::graph::Outs, K: Task<In = I::Values>>(
        &mut self,
        inputs: I,
        task: K,
    ) -> Out<K::Out> {
        let out = self.graph.task(inputs, task);
        if let Some(turn) = &self.turn {
            self.graph.order(turn, &out);
        }
        out
    }

    /// A task of the runtime's own.
    pub(crate) fn internal<I: crate::graph::Outs, K: Task<In = I::Values>>(
        &mut self,
        inputs: I,
        task: K,
        name: &str,
    ) -> Out<K::Out> {
        let out = self.task(inputs, task);
        self.graph.set_internal(&out, name);
        out
    }

    /// The value that a stream lays down at its end.
    pub(crate) fn result<T: Send + 'static>(&mut self, place: Place<T>, name: &str) -> Out<T> {
        let out = self.internal((), TakeUp(place), name);
        self.results.push((out.untyped(), name.to_owned()));
        out
    }

    /// Adds a stream as a task that runs between what it holds and what it gives.
    fn stream(&mut self, stream: Stream, (source, n_chunks): (Arc<str>, Option<u64>), is_repeated: bool) {
        let Stream { graph, sizes, holds, gives, release, .. } = stream;
        let index = self.passes.len();
        let pass = Pass::new(PassDecl { index, source, n_chunks, graph, sizes, release, is_repeated });
        let position = self.graph.n_reported();
        let run = RunPass { pass: pass.clone(), env: self.env.clone() };
        let out = self.internal((), run, &pass.name());
        holds.iter().for_each(|hold| self.graph.order(hold, &out));
        gives.iter().for_each(|give| self.graph.order(&out, give));
        self.passes.push((pass, position));
    }

    fn unread(&self) -> Vec<String> {
        let streams = self.passes.iter().flat_map(|(pass, _)| pass.unread());
        let results = self.results.iter().filter(|(out, _)| !self.graph.is_read(out));
        let mut names: Vec<String> = streams.chain(results.map(|(_, name)| name.clone())).collect();
        names.extend(self.graph.unread());
        names
    }

    fn run(self, run: &Run) -> Result<RunReport, Error> {
        let started = Instant::now();
        let unread = self.unread();
        let is_parallel = self.graph.is_parallel() || self.passes.iter().any(|(pass, _)| pass.is_parallel());
        // Declared before all that uses it, so dropped after it: its threads are joined when nobody holds it any more.
        let pool = if is_parallel { Some(Pool::start(run.threads)?) } else { None };
        let Draft { graph, passes, env, .. } = self;
        let threads = pool.as_ref().and_then(Pool::threads);
        let mut sequence = Sequence::new(graph, 1)?;
        sequence.crew().set_pool(threads.clone());
        sequence.crew().set_once();
        // Fails only if it was set before, and nobody else sets it.
        let _ = env.set(Env { run: run.clone(), pool: threads, profiles: Mutex::default() });
        let settings = Settings {
            frames: Some(1),
            cancel: run.cancel.clone(),
            sampling: Sampling::Every,
            observer: run.observer.clone(),
            ..Settings::default()
        };
        let outcome = sequence.run(&settings);
        drop((sequence, env));
        let report = report(&outcome?, passes, unread);
        Ok(RunReport { wall_s: started.elapsed().as_secs_f64(), ..report })
    }
}

/// Puts the reports of the streams where the streams stand.
fn report(once: &StreamReport, passes: Vec<(Pass, usize)>, unread: Vec<String>) -> RunReport {
    let mut report = RunReport { unread, ..RunReport::default() };
    let mut before = 0;
    let mut profiles = Vec::new();
    let mut tasks = once.tasks.iter().map(|task| TaskReport {
        calls: task.calls,
        busy_s: task.clock.total_s,
        replicas: 1,
        ..TaskReport::named(&task.name, TaskRate::Once)
    });
    for (pass, position) in passes {
        report.tasks.extend(tasks.by_ref().take(position - before));
        before = position;
        if let Some(done) = pass.into_done() {
            report.plan.passes.push(done.plan);
            report.passes.push(done.report);
            profiles.extend(done.profile);
            report.tasks.extend(done.tasks);
        }
    }
    report.tasks.extend(tasks);
    report.profile = Profile::new(profiles);
    report
}
