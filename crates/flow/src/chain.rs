//! The declaration: which tasks there are and which sockets lie between them. Nothing runs here.

use std::{marker::PhantomData, sync::Arc};

use crate::{
    Accumulator, BuildError, Error, Once, Output, PerChunk, Plan, Run, RunReport, Socket, Sockets, Source,
    Task,
    feed::Feed,
    program::{Item, Pass, Program},
    socket::{ChainId, Read, Slot},
    step::Step,
    value::Slots,
};

/// A declaration of tasks and the sockets between them; running consumes it.
///
/// Steps run in the order in which they were declared. See the crate's own page for an example.
pub struct Chain {
    graph: Graph,
}

impl Chain {
    /// A chain without tasks.
    pub fn new() -> Self {
        let graph =
            Graph { id: ChainId::new(), items: Vec::new(), values: Vec::new(), n_pass: 0, error: None };
        Chain { graph }
    }

    /// A value that is there from the start.
    pub fn constant<T: Send + 'static>(&mut self, value: T) -> Socket<Once, T> {
        self.graph.values.push(Some(Box::new(value)));
        Socket::new(&self.graph.id, Slot::Once(self.graph.values.len() - 1))
    }

    /// Opens a stream: what `body` declares runs once for every chunk that `source` gives.
    ///
    /// Sockets of the stream cannot leave `body`; `accumulate` makes values of the chain out of them.
    pub fn per_chunk<S: Source, R>(
        &mut self,
        source: S,
        body: impl for<'s> FnOnce(&mut PerChunkScope<'s>, Socket<PerChunk<'s>, S::Out>) -> R,
    ) -> R {
        let pass = Pass::new(self.graph.n_pass, Feed::new(source));
        let first_once = self.graph.values.len();
        let mut scope = PerChunkScope { graph: &mut self.graph, pass, first_once, brand: PhantomData };
        let chunks = Socket::new(&scope.graph.id, Slot::PerChunk(0));
        let result = body(&mut scope, chunks);
        let pass = scope.pass;
        self.graph.n_pass += 1;
        self.graph.items.push(Item::Pass(pass));
        result
    }

    /// Runs `task` once, on the values of `input`.
    pub fn then<K: Task>(
        &mut self,
        input: impl Sockets<Once, Values = K::In>,
        task: K,
    ) -> Socket<Once, K::Out> {
        let step = bound_task(input, task);
        self.graph.push(step)
    }

    /// Runs `task` once, for its effect.
    pub fn sink<K: Task<Out = ()>>(&mut self, input: impl Sockets<Once, Values = K::In>, task: K) {
        let step = bound_task(input, task);
        let _: Socket<Once, ()> = self.graph.push(step);
    }

    /// The same value in an `Arc`, so that many may read it without copies.
    pub fn share<T: Send + Sync + 'static>(&mut self, socket: Socket<Once, T>) -> Socket<Once, Arc<T>> {
        self.graph.push(Step::share::<T>(socket.into_read()))
    }

    /// Hands a value to the caller, who takes it out of the [`Output`] after the run.
    pub fn output<T: Send + 'static>(&mut self, socket: Socket<Once, T>) -> Output<T> {
        let (output, cell) = Output::new();
        let _: Socket<Once, ()> = self.graph.push(Step::output(socket.into_read(), cell));
        output
    }

    /// How `run` would cut the streams into stages, and how many chunks each may have in memory.
    ///
    /// # Errors
    /// [`Error::Build`] when the declaration or the settings cannot be executed.
    pub fn plan(&self, run: &Run) -> Result<Plan, Error> {
        self.check(run)?;
        let spans = self.graph.passes().map(|pass| pass.spans(run.execution));
        Ok(Plan {
            passes: self.graph.passes().zip(spans).map(|(pass, spans)| pass.plan(&spans, run)).collect(),
        })
    }

    /// Executes the chain and waits for its end; all threads have been joined when it returns.
    ///
    /// # Errors
    /// [`Error::Build`] before anything starts; [`Error::Task`] and [`Error::Panic`] for the earliest chunk (in stream
    /// order) that a task failed at, whatever the number of threads; [`Error::Cancelled`]; [`Error::Threads`].
    pub fn run(self, run: &Run) -> Result<RunReport, Error> {
        self.check(run)?;
        Program::new(self.graph.items, self.graph.values).run(run)
    }

    fn check(&self, run: &Run) -> Result<(), BuildError> {
        self.graph.error.clone().map_or(Ok(()), Err)?;
        run.check()
    }
}

impl Default for Chain {
    fn default() -> Self {
        Self::new()
    }
}

/// The inside of a `per_chunk`: what is declared here runs once for every chunk.
pub struct PerChunkScope<'s> {
    graph: &'s mut Graph,
    pass: Pass,
    /// Slots of the chain from here on are results of this very stream.
    first_once: usize,
    brand: PhantomData<PerChunk<'s>>,
}

impl<'s> PerChunkScope<'s> {
    /// Runs `task` on every chunk.
    pub fn then<K: Task>(
        &mut self,
        input: impl Sockets<PerChunk<'s>, Values = K::In>,
        task: K,
    ) -> Socket<PerChunk<'s>, K::Out> {
        let step = bound_task(input, task);
        self.push(step)
    }

    /// Runs `task` on every chunk, for its effect, in stream order unless it allows replicas.
    pub fn sink<K: Task<Out = ()>>(&mut self, input: impl Sockets<PerChunk<'s>, Values = K::In>, task: K) {
        let step = bound_task(input, task);
        let _: Socket<PerChunk<'s>, ()> = self.push(step);
    }

    /// Folds all chunks, in stream order, into one value of the chain.
    pub fn accumulate<A: Accumulator, I: Sockets<PerChunk<'s>, Values = A::In>>(
        &mut self,
        input: I,
        accumulator: A,
    ) -> Socket<Once, A::Out> {
        let mut step = Step::accumulator(accumulator, input.into_reads(), I::unpack);
        self.check(&step);
        self.graph.values.push(None);
        let i_slot = self.graph.values.len() - 1;
        step.out = Some(i_slot);
        self.pass.steps.push(step);
        Socket::new(&self.graph.id, Slot::Once(i_slot))
    }

    /// A value of the chain, read by every chunk.
    pub fn hold<T: Send + Sync + 'static>(
        &self,
        socket: Socket<Once, Arc<T>>,
    ) -> Socket<PerChunk<'s>, Arc<T>> {
        socket.into_held()
    }

    /// The same value in an `Arc`, so that several tasks may read a chunk without copies.
    pub fn share<T: Send + Sync + 'static>(
        &mut self,
        socket: Socket<PerChunk<'s>, T>,
    ) -> Socket<PerChunk<'s>, Arc<T>> {
        self.push(Step::share::<T>(socket.into_read()))
    }

    fn push<T>(&mut self, mut step: Step) -> Socket<PerChunk<'s>, T> {
        self.check(&step);
        let i_slot = self.pass.n_slots;
        self.pass.n_slots += 1;
        step.out = Some(i_slot);
        self.pass.steps.push(step);
        Socket::new(&self.graph.id, Slot::PerChunk(i_slot))
    }

    fn check(&mut self, step: &Step) {
        self.graph.check(step);
        let early = |read: &Read| matches!(read.slot, Slot::Once(i_slot) if i_slot >= self.first_once);
        if let Some(input) = step.reads.iter().position(early) {
            let made =
                |s: &&Step| s.is_accumulator() && step.reads[input].slot == Slot::Once(s.out.unwrap_or(0));
            let producer = self.pass.steps.iter().find(made).map_or_else(String::new, |s| s.name.to_string());
            self.graph.fail(BuildError::HeldTooEarly { task: step.name.to_string(), input, producer });
        }
    }
}

/// What chain and scopes write into.
struct Graph {
    id: ChainId,
    items: Vec<Item>,
    /// One slot for each value of the chain, full for constants.
    values: Slots,
    n_pass: usize,
    /// The first mistake; `run` returns it.
    error: Option<BuildError>,
}

impl Graph {
    fn push<T>(&mut self, mut step: Step) -> Socket<Once, T> {
        self.check(&step);
        self.values.push(None);
        let i_slot = self.values.len() - 1;
        step.out = Some(i_slot);
        self.items.push(Item::Step(step));
        Socket::new(&self.id, Slot::Once(i_slot))
    }

    fn check(&mut self, step: &Step) {
        if let Some(input) = step.reads.iter().position(|read| read.chain != self.id) {
            self.fail(BuildError::ForeignSocket { task: step.name.to_string(), input });
        }
    }

    fn fail(&mut self, error: BuildError) {
        self.error.get_or_insert(error);
    }

    fn passes(&self) -> impl Iterator<Item = &Pass> {
        self.items.iter().filter_map(|item| match item {
            Item::Pass(pass) => Some(pass),
            Item::Step(_) => None,
        })
    }
}

fn bound_task<R, K: Task, I: Sockets<R, Values = K::In>>(input: I, task: K) -> Step {
    Step::task(task, input.into_reads(), I::unpack)
}
