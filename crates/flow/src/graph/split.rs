//! Tasks that change the rate: splitters, batches, accumulators.
//!
//! A task gives one frame for each that it takes. A [`Splitter`] gives none, one or several; what reads them runs once
//! for each of them, and so stands at a rate of its own: no task reads sockets of two rates. A splitter sees its
//! frames in order, in a stage with one replica.

use std::{any::Any, collections::VecDeque, marker::PhantomData, sync::Arc};

use rayon::ThreadPool;

use super::{
    Graph, Out, Outs, Role,
    body::{Body, FINISHED, Linked, NEXT, Turn, fail, put},
    cell::{Cell, Wires},
    threads::within,
};
use crate::{Accumulator, BoxError, task::short_name};

/// A task that gives no, one or several frames for each that it takes.
///
/// ```
/// use facette_flow::{BoxError, closures::{iterate, map}, graph::{Graph, Sequence, Settings, Splitter}};
///
/// /// The words of a line.
/// #[derive(Default)]
/// struct Words(Vec<String>);
///
/// impl Splitter for Words {
///     type In = &'static str;
///     type Out = String;
///     fn take(&mut self, line: &'static str) -> Result<(), BoxError> {
///         self.0.extend(line.split(' ').rev().map(str::to_owned));
///         Ok(())
///     }
///     fn next(&mut self) -> Result<Option<String>, BoxError> {
///         Ok(self.0.pop())
///     }
/// }
///
/// let mut graph = Graph::new();
/// let line = graph.source(iterate("Lines", ["in out", "forward"]));
/// let word = graph.split(line, Words::default());
/// let pair = graph.batch(word, 2);
/// graph.task(pair, map("Print", |pair: Vec<String>| Ok(assert!(pair == ["in", "out"] || pair == ["forward"]))));
/// let report = Sequence::new(graph, 1)?.run(&Settings::default())?;
/// assert_eq!(report.tasks[3].calls, 2);
/// # Ok::<(), facette_flow::Error>(())
/// ```
pub trait Splitter: Send + 'static {
    /// What it takes; a tuple when it is bound to several sockets.
    type In: Send + 'static;
    /// What it gives.
    type Out: Send + 'static;

    /// The name in errors and reports; the type's own name unless overridden.
    fn name(&self) -> String {
        short_name::<Self>()
    }

    /// Takes one frame.
    ///
    /// # Errors
    /// Whatever the splitter meets; it stops the run and comes back as [`crate::Error::Task`].
    fn take(&mut self, input: Self::In) -> Result<(), BoxError>;

    /// The next of the frames that it can give now; `None` until it has taken another.
    ///
    /// # Errors
    /// As for `take`.
    fn next(&mut self) -> Result<Option<Self::Out>, BoxError>;

    /// The stream has ended; what is left comes out of `next`. Not `is_whole` if the run was stopped before the end.
    ///
    /// # Errors
    /// As for `take`.
    fn finish(&mut self, is_whole: bool) -> Result<(), BoxError> {
        let _ = is_whole;
        Ok(())
    }

    /// Most threads that it can use inside; more than one: its calls are made within a pool that the runtime sizes.
    fn max_threads(&self) -> usize {
        1
    }

    /// A copy that takes a share of the stream; see [`Accumulator::replica`].
    fn replica(&self) -> Option<Self>
    where
        Self: Sized,
    {
        None
    }

    /// A copy as new that takes a stream of its own, in a copy of a [`Sequence`](super::Sequence).
    fn copy(&self) -> Option<Self>
    where
        Self: Sized,
    {
        self.replica()
    }

    /// Takes over what a replica has taken, and leaves it as new.
    fn merge(&mut self, other: &mut Self)
    where
        Self: Sized,
    {
        let _ = other;
    }
}

impl Graph {
    /// A splitter; its frames are at a rate of their own.
    pub fn split<I: Outs, S: Splitter<In = I::Values>>(&mut self, inputs: I, splitter: S) -> Out<S::Out> {
        let name = splitter.name();
        let body = SplitBody::<S, I>(splitter, PhantomData);
        self.add(Role::Opens, name, inputs.ports(), Box::new(body))
    }

    /// Gives the items of each frame one by one.
    pub fn each<V>(&mut self, socket: Out<V>) -> Out<V::Item>
    where
        V: IntoIterator<Item: Send + 'static, IntoIter: Send + 'static> + Send + 'static,
    {
        self.split(socket, Each::<V>(None))
    }

    /// Collects `n` frames (at least 1) into one, so that a task works on all of them in one call; the last may be
    /// shorter.
    pub fn batch<T: Send + 'static>(&mut self, socket: Out<T>, n: usize) -> Out<Vec<T>> {
        self.split(socket, Batch { n: n.max(1), frames: VecDeque::new(), is_over: false })
    }

    /// Folds all frames, in stream order, into one that comes at the end of the stream.
    pub fn accumulate<I: Outs, A: Accumulator<In = I::Values>>(
        &mut self,
        inputs: I,
        accumulator: A,
    ) -> Out<A::Out> {
        self.split(inputs, Fold { accumulator, result: None })
    }
}

/// The items of a frame.
struct Each<V: IntoIterator>(Option<V::IntoIter>);

impl<V> Splitter for Each<V>
where
    V: IntoIterator<Item: Send + 'static, IntoIter: Send + 'static> + Send + 'static,
{
    type In = V;
    type Out = V::Item;

    fn name(&self) -> String {
        "each".to_owned()
    }

    fn take(&mut self, frame: V) -> Result<(), BoxError> {
        self.0 = Some(frame.into_iter());
        Ok(())
    }

    fn next(&mut self) -> Result<Option<V::Item>, BoxError> {
        Ok(self.0.as_mut().and_then(Iterator::next))
    }

    /// What is left now is of a frame that failed, in a run before.
    fn finish(&mut self, _is_whole: bool) -> Result<(), BoxError> {
        self.0 = None;
        Ok(())
    }

    fn copy(&self) -> Option<Self> {
        Some(Each(None))
    }
}

struct Batch<T> {
    n: usize,
    frames: VecDeque<T>,
    is_over: bool,
}

impl<T: Send + 'static> Splitter for Batch<T> {
    type In = T;
    type Out = Vec<T>;

    fn name(&self) -> String {
        "batch".to_owned()
    }

    fn take(&mut self, frame: T) -> Result<(), BoxError> {
        self.is_over = false;
        self.frames.push_back(frame);
        Ok(())
    }

    fn next(&mut self) -> Result<Option<Vec<T>>, BoxError> {
        let is_due = self.frames.len() >= self.n || (self.is_over && !self.frames.is_empty());
        Ok(is_due.then(|| self.frames.drain(..).collect()))
    }

    fn finish(&mut self, _is_whole: bool) -> Result<(), BoxError> {
        self.is_over = true;
        Ok(())
    }

    fn copy(&self) -> Option<Self> {
        Some(Batch { n: self.n, frames: VecDeque::new(), is_over: false })
    }
}

/// An accumulator gives its only frame at the end, and none if the stream was broken off.
struct Fold<A: Accumulator> {
    accumulator: A,
    result: Option<A::Out>,
}

impl<A: Accumulator> Splitter for Fold<A> {
    type In = A::In;
    type Out = A::Out;

    fn name(&self) -> String {
        self.accumulator.name()
    }

    fn take(&mut self, input: A::In) -> Result<(), BoxError> {
        self.accumulator.add(input)
    }

    fn next(&mut self) -> Result<Option<A::Out>, BoxError> {
        Ok(self.result.take())
    }

    fn finish(&mut self, is_whole: bool) -> Result<(), BoxError> {
        if is_whole {
            self.result = Some(self.accumulator.finish()?);
        }
        Ok(())
    }

    fn max_threads(&self) -> usize {
        self.accumulator.max_threads()
    }

    fn replica(&self) -> Option<Self> {
        Some(Fold { accumulator: self.accumulator.replica()?, result: None })
    }

    fn merge(&mut self, other: &mut Self) {
        self.accumulator.merge(&mut other.accumulator);
    }
}

/// A splitter at rest.
struct SplitBody<S, I>(S, PhantomData<fn() -> I>);

impl<S: Splitter<In = I::Values>, I: Outs> Body for SplitBody<S, I> {
    fn replica(&self) -> Option<Box<dyn Body>> {
        Some(Box::new(SplitBody(self.0.replica()?, self.1)))
    }

    fn copy(&self) -> Option<Box<dyn Body>> {
        Some(Box::new(SplitBody(self.0.copy()?, self.1)))
    }

    fn max_threads(&self) -> usize {
        self.0.max_threads()
    }

    fn link(self: Box<Self>, wires: &mut Wires<'_>) -> Box<dyn Linked> {
        let pool = wires.pool(self.0.max_threads());
        let (taps, out) = (I::taps(wires), wires.output(0));
        let (is_open, is_over) = (false, false);
        Box::new(LinkedSplit::<S, I> { splitter: self.0, taps, out, is_open, is_over, pool })
    }
}

struct LinkedSplit<S: Splitter, I: Outs> {
    splitter: S,
    taps: I::Taps,
    out: Cell<S::Out>,
    /// A frame was taken, and not all that it gives has been given.
    is_open: bool,
    /// The stream has ended.
    is_over: bool,
    pool: Option<Arc<ThreadPool>>,
}

impl<S: Splitter<In = I::Values>, I: Outs> LinkedSplit<S, I> {
    fn take(&mut self) -> Result<(), BoxError> {
        let input = I::read(&self.taps);
        let splitter = &mut self.splitter;
        within(self.pool.as_deref(), || splitter.take(input))
    }

    fn close(&mut self, is_whole: bool) -> Result<(), BoxError> {
        let splitter = &mut self.splitter;
        within(self.pool.as_deref(), || splitter.finish(is_whole))
    }

    fn give(&mut self) -> Result<Turn, BoxError> {
        let splitter = &mut self.splitter;
        match within(self.pool.as_deref(), || splitter.next())? {
            Some(frame) => {
                put(&self.out, frame);
                Ok(1)
            }
            None => {
                self.is_open = false;
                Ok(if self.is_over { FINISHED } else { NEXT })
            }
        }
    }
}

impl<S: Splitter<In = I::Values>, I: Outs> Linked for LinkedSplit<S, I> {
    fn run(&mut self, fault: &mut Option<BoxError>) -> Turn {
        if !self.is_open {
            if let Err(error) = self.take() {
                return fail(fault, error);
            }
            self.is_open = true;
        }
        self.give().unwrap_or_else(|error| fail(fault, error))
    }

    fn finish(&mut self, is_whole: bool, fault: &mut Option<BoxError>) -> Turn {
        if !self.is_over {
            (self.is_over, self.is_open) = (true, true);
            if let Err(error) = self.close(is_whole) {
                return fail(fault, error);
            }
        }
        self.give().unwrap_or_else(|error| fail(fault, error))
    }

    fn merge(&mut self, other: &mut dyn Body) {
        let other: &mut dyn Any = other;
        if let Some(other) = other.downcast_mut::<SplitBody<S, I>>() {
            self.splitter.merge(&mut other.0);
        }
    }

    fn unlink(self: Box<Self>) -> Box<dyn Body> {
        Box::new(SplitBody::<S, I>(self.splitter, PhantomData))
    }

    fn reset(&mut self) {
        self.is_open = false;
    }
}
