//! Tasks without their types, as the execution sees them: called on slots, timed, guarded.

use std::{
    any::TypeId,
    marker::PhantomData,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Mutex},
    time::Instant,
};

use rayon::ThreadPool;

use crate::{
    Accumulator, BoxError, CancelToken, Error, Observer, Source, Task,
    plan::Kind,
    report::{Stats, TaskRate, TaskReport},
    socket::Read,
    value::{Input, Reads, Slots, Value},
};

/// What every call of a task may use.
#[derive(Clone, Copy)]
pub(crate) struct Env<'a> {
    pub(crate) pool: Option<&'a ThreadPool>,
    pub(crate) observer: Option<&'a dyn Observer>,
    pub(crate) cancel: &'a CancelToken,
}

impl Env<'_> {
    fn task_done(&self, task: &str, chunk: Option<u64>, seconds: f64) {
        if let Some(observer) = self.observer {
            observer.task_done(task, chunk, seconds);
        }
    }

    /// Fails if the run was cancelled.
    pub(crate) fn check(&self) -> Result<(), Error> {
        if self.cancel.is_cancelled() { Err(Error::Cancelled) } else { Ok(()) }
    }
}

/// Runs user code: errors get the task's name, panics become errors.
pub(crate) fn guard<T>(
    task: &str,
    chunk: Option<u64>,
    work: impl FnOnce() -> Result<T, BoxError>,
) -> Result<T, Error> {
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(source)) if matches!(source.downcast_ref(), Some(Error::Cancelled)) => Err(Error::Cancelled),
        Ok(Err(source)) => Err(Error::Task { task: task.to_owned(), chunk, source }),
        Err(payload) => {
            let text = payload.downcast_ref::<&str>().map(|text| (*text).to_owned());
            let text = text.or_else(|| payload.downcast_ref::<String>().cloned());
            let message = text.unwrap_or_else(|| "a panic without a message".to_owned());
            Err(Error::Panic { task: task.to_owned(), chunk, message })
        }
    }
}

/// A task or accumulator without its types.
pub(crate) trait Body: Send {
    fn call(&mut self, reads: &mut Reads<'_>) -> Result<Value, BoxError>;

    fn kind(&self) -> Kind;

    fn replica(&self) -> Option<Box<dyn Body>> {
        None
    }

    /// The result of an accumulator.
    fn finish(&mut self) -> Result<Value, BoxError> {
        Ok(Box::new(()))
    }
}

/// How the values of the sockets become the input of a task.
pub(crate) type Unpack<T> = fn(&mut Reads<'_>) -> T;

struct TaskBody<K: Task> {
    task: K,
    unpack: Unpack<K::In>,
}

impl<K: Task> Body for TaskBody<K> {
    fn call(&mut self, reads: &mut Reads<'_>) -> Result<Value, BoxError> {
        Ok(Box::new(self.task.run((self.unpack)(reads))?))
    }

    fn kind(&self) -> Kind {
        if self.task.is_parallel() {
            Kind::Alone
        } else if self.task.replica().is_some() {
            Kind::Replicable
        } else {
            Kind::Sequential
        }
    }

    fn replica(&self) -> Option<Box<dyn Body>> {
        Some(Box::new(TaskBody { task: self.task.replica()?, unpack: self.unpack }))
    }
}

struct AccumulatorBody<A: Accumulator> {
    accumulator: A,
    unpack: Unpack<A::In>,
}

impl<A: Accumulator> Body for AccumulatorBody<A> {
    fn call(&mut self, reads: &mut Reads<'_>) -> Result<Value, BoxError> {
        self.accumulator.add((self.unpack)(reads))?;
        Ok(Box::new(()))
    }

    fn kind(&self) -> Kind {
        Kind::Alone
    }

    fn finish(&mut self) -> Result<Value, BoxError> {
        Ok(Box::new(self.accumulator.finish()?))
    }
}

/// Puts a value into an `Arc`.
struct ShareBody<T>(PhantomData<fn(T)>);

impl<T: Send + Sync + 'static> Body for ShareBody<T> {
    fn call(&mut self, reads: &mut Reads<'_>) -> Result<Value, BoxError> {
        Ok(Box::new(Arc::new(reads.next::<T>())))
    }

    fn kind(&self) -> Kind {
        Kind::Neutral
    }

    fn replica(&self) -> Option<Box<dyn Body>> {
        Some(Box::new(ShareBody(self.0)))
    }
}

/// Hands a value to the caller.
struct OutputBody<T>(Arc<Mutex<Option<T>>>);

impl<T: Send + 'static> Body for OutputBody<T> {
    fn call(&mut self, reads: &mut Reads<'_>) -> Result<Value, BoxError> {
        *self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(reads.next());
        Ok(Box::new(()))
    }

    fn kind(&self) -> Kind {
        Kind::Neutral
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    Task,
    Accumulator,
}

/// One step of a chain or of a stream: a body, what it is bound to, what was counted.
pub(crate) struct Step {
    pub(crate) name: Arc<str>,
    /// As declared; emptied when the chain is bound.
    pub(crate) reads: Vec<Read>,
    /// As bound.
    pub(crate) inputs: Vec<Input>,
    /// The slot of its result; `None` if nobody reads it. An accumulator's slot is one of the chain.
    pub(crate) out: Option<usize>,
    /// Whether its result says something, so that not reading it deserves a hint.
    pub(crate) is_worth_reading: bool,
    pub(crate) stats: Stats,
    role: Role,
    is_parallel: bool,
    body: Box<dyn Body>,
}

impl Step {
    fn new(name: String, reads: Vec<Read>, body: Box<dyn Body>) -> Self {
        Step {
            name: name.into(),
            reads,
            inputs: Vec::new(),
            out: None,
            is_worth_reading: false,
            stats: Stats { replicas: 1, ..Stats::default() },
            role: Role::Task,
            is_parallel: false,
            body,
        }
    }

    pub(crate) fn task<K: Task>(task: K, reads: Vec<Read>, unpack: Unpack<K::In>) -> Self {
        let (name, is_parallel) = (task.name(), task.is_parallel());
        let is_worth_reading = TypeId::of::<K::Out>() != TypeId::of::<()>();
        let step = Step::new(name, reads, Box::new(TaskBody { task, unpack }));
        Step { is_parallel, is_worth_reading, ..step }
    }

    pub(crate) fn accumulator<A: Accumulator>(a: A, reads: Vec<Read>, unpack: Unpack<A::In>) -> Self {
        let (name, is_parallel) = (a.name(), a.is_parallel());
        let is_worth_reading = TypeId::of::<A::Out>() != TypeId::of::<()>();
        let step = Step::new(name, reads, Box::new(AccumulatorBody { accumulator: a, unpack }));
        Step { role: Role::Accumulator, is_parallel, is_worth_reading, ..step }
    }

    pub(crate) fn share<T: Send + Sync + 'static>(read: Read) -> Self {
        Step::new("share".to_owned(), vec![read], Box::new(ShareBody::<T>(PhantomData)))
    }

    pub(crate) fn output<T: Send + 'static>(read: Read, cell: Arc<Mutex<Option<T>>>) -> Self {
        Step::new("output".to_owned(), vec![read], Box::new(OutputBody(cell)))
    }

    pub(crate) fn kind(&self) -> Kind {
        self.body.kind()
    }

    pub(crate) fn is_parallel(&self) -> bool {
        self.is_parallel
    }

    pub(crate) fn is_accumulator(&self) -> bool {
        self.role == Role::Accumulator
    }

    /// A copy that may work on other chunks at the same time.
    pub(crate) fn replica(&self) -> Option<Step> {
        let body = self.body.replica()?;
        let inputs = self.inputs.iter().map(Input::replica).collect();
        Some(Step { inputs, out: self.out, ..Step::new(self.name.to_string(), Vec::new(), body) })
    }

    /// One call: inputs out of `slots`, the result into them.
    pub(crate) fn call(
        &mut self,
        chunk: Option<u64>,
        slots: &mut [Option<Value>],
        env: &Env<'_>,
    ) -> Result<(), Error> {
        let Step { name, inputs, out, stats, role, is_parallel, body, .. } = self;
        guard(name, chunk, || {
            let started = Instant::now();
            let mut reads = Reads::new(inputs, slots);
            let value = within(env.pool.filter(|_| *is_parallel), || body.call(&mut reads))?;
            let seconds = started.elapsed().as_secs_f64();
            (stats.calls, stats.busy_s) = (stats.calls + 1, stats.busy_s + seconds);
            if let (Role::Task, Some(out)) = (*role, *out) {
                slots[out] = Some(value);
            }
            env.task_done(name, chunk, seconds);
            Ok(())
        })
    }

    /// Closes an accumulator: its result into the slots of the chain. Nothing to do for a task.
    pub(crate) fn finish(&mut self, once: &mut Slots, env: &Env<'_>) -> Result<(), Error> {
        if self.role == Role::Task {
            return Ok(());
        }
        let Step { name, out, stats, is_parallel, body, .. } = self;
        guard(name, None, || {
            let started = Instant::now();
            let value = within(env.pool.filter(|_| *is_parallel), || body.finish())?;
            let seconds = started.elapsed().as_secs_f64();
            stats.busy_s += seconds;
            if let Some(out) = *out {
                once[out] = Some(value);
            }
            env.task_done(name, None, seconds);
            Ok(())
        })
    }

    /// What was counted; `None` for the runtime's own steps.
    pub(crate) fn report(&self, rate: TaskRate, pass: Option<usize>) -> Option<TaskReport> {
        (self.kind() != Kind::Neutral).then(|| self.stats.report(&self.name, rate, pass))
    }
}

fn within<T: Send>(pool: Option<&ThreadPool>, work: impl FnOnce() -> T + Send) -> T {
    match pool {
        Some(pool) => pool.install(work),
        None => work(),
    }
}

/// A source without its type.
trait SourceBody: Send {
    fn next(&mut self) -> Result<Option<Value>, BoxError>;
    fn n_chunks(&self) -> Option<u64>;
}

impl<S: Source> SourceBody for S {
    fn next(&mut self) -> Result<Option<Value>, BoxError> {
        Ok(Source::next(self)?.map(|value| Box::new(value) as Value))
    }

    fn n_chunks(&self) -> Option<u64> {
        Source::n_chunks(self)
    }
}

/// The source of a stream; its chunks lie in slot 0.
pub(crate) struct Feed {
    pub(crate) name: Arc<str>,
    /// Whether any task reads the chunks.
    pub(crate) is_read: bool,
    pub(crate) stats: Stats,
    body: Box<dyn SourceBody>,
}

impl Feed {
    pub(crate) fn new<S: Source>(source: S) -> Self {
        let stats = Stats { replicas: 1, ..Stats::default() };
        Feed { name: source.name().into(), is_read: true, stats, body: Box::new(source) }
    }

    pub(crate) fn n_chunks(&self) -> Option<u64> {
        self.body.n_chunks()
    }

    /// The next chunk into slot 0; false at the end of the stream.
    pub(crate) fn next(
        &mut self,
        chunk: u64,
        slots: &mut [Option<Value>],
        env: &Env<'_>,
    ) -> Result<bool, Error> {
        let Feed { name, is_read, stats, body } = self;
        guard(name, Some(chunk), || {
            let started = Instant::now();
            let value = body.next()?;
            let seconds = started.elapsed().as_secs_f64();
            stats.busy_s += seconds;
            let is_some = value.is_some();
            if is_some {
                stats.calls += 1;
                slots[0] = value.filter(|_| *is_read);
                env.task_done(name, Some(chunk), seconds);
            }
            Ok(is_some)
        })
    }
}
