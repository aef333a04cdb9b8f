//! How a chain is to be executed, and what may look on.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use crate::{
    BuildError, PassPlan, Plan,
    graph::{Snapshot, Stall},
};

/// How a chain is to be executed. Results do not depend on any of it.
#[derive(Clone)]
pub struct Run {
    /// Threads, at least 1: size of the pool for tasks that are parallel inside, and most replicas of one task. For
    /// [`Execution::Auto`], cores that may be busy.
    pub threads: usize,
    /// One thread, or a pipeline of stages.
    pub execution: Execution,
    /// Chunks that may wait between two stages, at least 1.
    pub depth: usize,
    /// Stops the run from outside.
    pub cancel: CancelToken,
    /// Is told what happens, while it happens.
    pub observer: Option<Arc<dyn Observer>>,
    /// How often the observer gets a [`Snapshot`] of the stream that runs. The last one of each stream is final; so is
    /// that of each leg of a sample, whose counts are its own.
    pub snapshot_every: Option<Duration>,
    /// The observer is told ([`Stall`]) if no call has ended and no chunk has moved in a stream for so long.
    pub stall_after: Option<Duration>,
}

/// Which threads the tasks of a stream run on.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Execution {
    /// All tasks one after the other on the calling thread (parallel ones in the pool), chunk after chunk.
    Sequential,
    /// Stages on threads of their own, at work on different chunks at the same time; see [`crate::Plan`].
    Pipeline,
    /// The first frames of each stream are timed, and the rest is run by the plan that is fastest with their costs;
    /// inside a `repeat`, by another one after a turn that has shown that it is worth it.
    Auto,
    /// As the plan says.
    Planned(Arc<Plan>),
    /// Each stream ends after a sample of its frames, which is timed: [`crate::RunReport::profile`].
    Sample(Sample),
}

/// Frames that are timed, one after the other in one stage: legs with different numbers of threads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sample {
    /// In the order of the stream.
    pub legs: Vec<Leg>,
}

/// Neighboring frames of a [`Sample`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Leg {
    /// Threads for tasks that are parallel inside.
    pub threads: usize,
    /// Frames that do not count, before those that do.
    pub warm_up: u64,
    /// Frames that count.
    pub frames: u64,
}

impl Sample {
    /// What [`Execution::Auto`] begins with: few enough frames not to matter, on as many threads as soon as possible.
    pub(crate) fn pilot(threads: usize, is_parallel: bool) -> Self {
        let half = threads.div_ceil(2);
        // In turn, so that a moment in which the machine was busy does not fall on one of them alone.
        let threads = if is_parallel { vec![threads, half, threads, half] } else { vec![1; 2] };
        let leg = |(i, threads): (usize, usize)| Leg { threads, warm_up: u64::from(i == 0), frames: 2 };
        Sample { legs: threads.into_iter().enumerate().map(leg).collect() }
    }
}

impl Run {
    /// Everything on the calling thread, with a pool of one thread for parallel tasks.
    pub fn sequential() -> Self {
        Run { execution: Execution::Sequential, ..Run::pipeline(1) }
    }

    /// Stages by what tasks cost, which is measured on the first frames; on `threads` cores.
    pub fn auto(threads: usize) -> Self {
        Run { execution: Execution::Auto, ..Run::pipeline(threads) }
    }

    /// A pipeline with `threads` threads for parallel and replicated tasks, two chunks waiting at each boundary.
    pub fn pipeline(threads: usize) -> Self {
        Run {
            threads,
            execution: Execution::Pipeline,
            depth: 2,
            cancel: CancelToken::new(),
            observer: None,
            snapshot_every: None,
            stall_after: None,
        }
    }

    pub(crate) fn check(&self) -> Result<(), BuildError> {
        let zero = |setting| Err(BuildError::Zero { setting });
        match (self.threads, self.depth, &self.execution) {
            (0, ..) => zero("threads"),
            (_, 0, _) => zero("depth"),
            (.., Execution::Sample(sample)) => {
                let frames = sample.legs.iter().map(|leg| leg.frames).min().unwrap_or(0);
                let threads = sample.legs.iter().map(|leg| leg.threads).min();
                match (frames, threads) {
                    (0, _) => zero("frames of the sample"),
                    (_, Some(0)) => zero("threads of the sample"),
                    _ => Ok(()),
                }
            }
            _ => Ok(()),
        }
    }
}

impl fmt::Debug for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Run")
            .field("threads", &self.threads)
            .field("execution", &self.execution)
            .field("depth", &self.depth)
            .field("cancel", &self.cancel)
            .field("snapshot_every", &self.snapshot_every)
            .field("stall_after", &self.stall_after)
            .finish_non_exhaustive()
    }
}

/// Stops a run from outside; clones are the same token.
///
/// It is looked at between chunks and between steps: sources are asked for no further chunk, chunks on their way are
/// finished in order, then the run ends with [`crate::Error::Cancelled`]. A task that works for long may keep a clone,
/// look at it, and return `Error::Cancelled` as its error.
#[derive(Clone, Debug, Default)]
pub struct CancelToken(Arc<AtomicBool>);

impl CancelToken {
    /// A token that has not been cancelled.
    pub fn new() -> Self {
        Self::default()
    }

    /// Asks the run to stop; safe to call from any thread, any number of times.
    pub fn cancel(&self) {
        self.0.store(true, Ordering::Release);
    }

    /// Whether the run was asked to stop.
    pub fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

/// One call of a task, as told to an [`Observer`].
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Call<'a> {
    /// Name of the task.
    pub task: &'a str,
    /// Its stage, from 0.
    pub stage: usize,
    /// The replica of the stage, from 0.
    pub replica: usize,
    /// How often the rate has changed in front of the stage: where it is the same, frames of one number are the same.
    pub rate: u64,
    /// The frame; `None` at the end of a stream.
    pub frame: Option<u64>,
    /// When the call began.
    pub began: Instant,
    /// When it ended.
    pub ended: Instant,
}

impl Call<'_> {
    /// How long it took.
    pub fn seconds(&self) -> f64 {
        (self.ended - self.began).as_secs_f64()
    }
}

/// How full a boundary between stages was, as told to an [`Observer`].
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Crowd {
    /// The stage in front of the boundary, from 0.
    pub boundary: usize,
    /// Frames that lay there, more or less: both sides go on while they are counted.
    pub frames: u64,
    /// Frames that there is room for.
    pub capacity: u64,
    /// When it was looked at.
    pub at: Instant,
}

/// Looks on while a chain runs; called from any thread, so it must be quick.
///
/// A panic in it counts as a panic of the task that it was told about.
pub trait Observer: Send + Sync {
    /// A timed call of a task has ended, well or not; calls [`Observer::task_done`] unless overridden.
    fn called(&self, call: &Call<'_>) {
        self.task_done(call.task, call.frame, call.seconds());
    }

    /// A part of a timed call has ended, which the task timed by itself ([`crate::graph::timed`]): the name of the
    /// timer, and the call with begin and end of the part. Told when the call has ended; of calls with hundreds of
    /// parts only of the first.
    fn timed(&self, timer: &str, part: &Call<'_>) {
        let _ = (timer, part);
    }

    /// A timed frame was put into a boundary.
    fn crowded(&self, crowd: &Crowd) {
        let _ = crowd;
    }

    /// A snapshot of a graph's run is due ([`crate::graph::Settings::snapshot_every`], or [`Run::snapshot_every`] for
    /// the streams of a chain), or the run has ended.
    fn snapshot(&self, snapshot: &Snapshot) {
        let _ = snapshot;
    }

    /// Nothing has moved in a graph's run for [`crate::graph::Settings::stall_after`] ([`Run::stall_after`] for the
    /// streams of a chain); told once for each stall.
    fn stalled(&self, stall: &Stall) {
        let _ = stall;
    }

    /// A task call has ended well: name, position of the chunk (`None` outside a stream), seconds.
    ///
    /// Sources report each chunk they gave; the end of an accumulation reports without a chunk.
    fn task_done(&self, task: &str, chunk: Option<u64>, seconds: f64) {
        let _ = (task, chunk, seconds);
    }

    /// A stream begins: number of the pass from 0, name of its source, number of chunks where known.
    fn pass_started(&self, pass: usize, source: &str, n_chunks: Option<u64>) {
        let _ = (pass, source, n_chunks);
    }

    /// The stages of a stream are settled, or have changed: number of the pass, and its plan.
    fn planned(&self, pass: usize, plan: &PassPlan) {
        let _ = (pass, plan);
    }

    /// A stream has ended, well or not: number of the pass, chunks that its source gave, seconds.
    fn pass_ended(&self, pass: usize, chunks: u64, seconds: f64) {
        let _ = (pass, chunks, seconds);
    }
}

/// Tells all of them, in order.
impl Observer for Vec<Arc<dyn Observer>> {
    fn called(&self, call: &Call<'_>) {
        self.iter().for_each(|observer| observer.called(call));
    }

    fn timed(&self, timer: &str, part: &Call<'_>) {
        self.iter().for_each(|observer| observer.timed(timer, part));
    }

    fn crowded(&self, crowd: &Crowd) {
        self.iter().for_each(|observer| observer.crowded(crowd));
    }

    fn snapshot(&self, snapshot: &Snapshot) {
        self.iter().for_each(|observer| observer.snapshot(snapshot));
    }

    fn stalled(&self, stall: &Stall) {
        self.iter().for_each(|observer| observer.stalled(stall));
    }

    fn task_done(&self, task: &str, chunk: Option<u64>, seconds: f64) {
        self.iter().for_each(|observer| observer.task_done(task, chunk, seconds));
    }

    fn pass_started(&self, pass: usize, source: &str, n_chunks: Option<u64>) {
        self.iter().for_each(|observer| observer.pass_started(pass, source, n_chunks));
    }

    fn planned(&self, pass: usize, plan: &PassPlan) {
        self.iter().for_each(|observer| observer.planned(pass, plan));
    }

    fn pass_ended(&self, pass: usize, chunks: u64, seconds: f64) {
        self.iter().for_each(|observer| observer.pass_ended(pass, chunks, seconds));
    }
}
