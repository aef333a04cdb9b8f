//! Sources, tasks and accumulators out of closures, where a type of one's own would say no more.

use std::marker::PhantomData;

use crate::{Accumulator, BoxError, Source, Task};

/// A source that gives the items of an iterator.
pub fn iterate<I>(name: &str, items: I) -> impl Source<Out = I::Item> + use<I>
where
    I: IntoIterator<IntoIter: Send + 'static, Item: Send + 'static>,
{
    Iterate { name: name.to_owned(), items: items.into_iter() }
}

/// A source that gives the items of an iterator, and all of them again in each turn of a `repeat`.
pub fn iterate_again<I>(name: &str, items: I) -> impl Source<Out = I::Item> + use<I>
where
    I: IntoIterator<IntoIter: Clone + Send + 'static, Item: Send + 'static>,
{
    IterateAgain(Iterate { name: name.to_owned(), items: items.into_iter() })
}

/// A task that calls `f`, chunk after chunk.
pub fn map<I, O, F>(name: &str, f: F) -> impl Task<In = I, Out = O> + use<I, O, F>
where
    I: Send + 'static,
    O: Send + 'static,
    F: FnMut(I) -> Result<O, BoxError> + Send + 'static,
{
    Map { name: name.to_owned(), f, types: PhantomData }
}

/// A task that calls `f` or clones of it, on several chunks at the same time.
pub fn replicable<I, O, F>(name: &str, f: F) -> impl Task<In = I, Out = O> + use<I, O, F>
where
    I: Send + 'static,
    O: Send + 'static,
    F: FnMut(I) -> Result<O, BoxError> + Clone + Send + 'static,
{
    Replicable(Map { name: name.to_owned(), f, types: PhantomData })
}

/// An accumulator that starts from `init` and lets `f` add each chunk to it.
pub fn fold<I, S, F>(name: &str, init: S, f: F) -> impl Accumulator<In = I, Out = S> + use<I, S, F>
where
    I: Send + 'static,
    S: Default + Send + 'static,
    F: FnMut(&mut S, I) -> Result<(), BoxError> + Send + 'static,
{
    Fold { name: name.to_owned(), state: init, f, types: PhantomData }
}

struct Iterate<I> {
    name: String,
    items: I,
}

impl<I: Iterator<Item: Send + 'static> + Send + 'static> Source for Iterate<I> {
    type Out = I::Item;

    fn name(&self) -> String {
        self.name.clone()
    }

    fn next(&mut self) -> Result<Option<I::Item>, BoxError> {
        Ok(self.items.next())
    }

    fn n_chunks(&self) -> Option<u64> {
        let (low, high) = self.items.size_hint();
        high.filter(|high| *high == low).map(|n| n as u64)
    }
}

struct IterateAgain<I>(Iterate<I>);

impl<I: Iterator<Item: Send + 'static> + Clone + Send + 'static> Source for IterateAgain<I> {
    type Out = I::Item;

    fn name(&self) -> String {
        self.0.name()
    }

    fn next(&mut self) -> Result<Option<I::Item>, BoxError> {
        self.0.next()
    }

    fn n_chunks(&self) -> Option<u64> {
        self.0.n_chunks()
    }

    fn again(&self) -> Option<Self> {
        Some(IterateAgain(Iterate { name: self.0.name.clone(), items: self.0.items.clone() }))
    }
}

struct Map<F, I, O> {
    name: String,
    f: F,
    types: PhantomData<fn(I) -> O>,
}

impl<F, I, O> Task for Map<F, I, O>
where
    F: FnMut(I) -> Result<O, BoxError> + Send + 'static,
    I: Send + 'static,
    O: Send + 'static,
{
    type In = I;
    type Out = O;

    fn name(&self) -> String {
        self.name.clone()
    }

    fn run(&mut self, input: I) -> Result<O, BoxError> {
        (self.f)(input)
    }
}

struct Replicable<F, I, O>(Map<F, I, O>);

impl<F, I, O> Task for Replicable<F, I, O>
where
    F: FnMut(I) -> Result<O, BoxError> + Clone + Send + 'static,
    I: Send + 'static,
    O: Send + 'static,
{
    type In = I;
    type Out = O;

    fn name(&self) -> String {
        self.0.name()
    }

    fn run(&mut self, input: I) -> Result<O, BoxError> {
        self.0.run(input)
    }

    fn replica(&self) -> Option<Self> {
        Some(Replicable(Map { name: self.0.name.clone(), f: self.0.f.clone(), types: PhantomData }))
    }
}

struct Fold<S, F, I> {
    name: String,
    state: S,
    f: F,
    types: PhantomData<fn(I)>,
}

impl<S, F, I> Accumulator for Fold<S, F, I>
where
    S: Default + Send + 'static,
    F: FnMut(&mut S, I) -> Result<(), BoxError> + Send + 'static,
    I: Send + 'static,
{
    type In = I;
    type Out = S;

    fn name(&self) -> String {
        self.name.clone()
    }

    fn add(&mut self, input: I) -> Result<(), BoxError> {
        (self.f)(&mut self.state, input)
    }

    fn finish(&mut self) -> Result<S, BoxError> {
        Ok(std::mem::take(&mut self.state))
    }
}
