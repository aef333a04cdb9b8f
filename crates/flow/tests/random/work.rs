//! The tasks of random graphs: each turns the numbers of its inputs into another, and may stop at a trap.

use std::{
    marker::PhantomData,
    sync::{Arc, atomic::Ordering},
};

use facette_flow::{
    Accumulator, BoxError, Source, Task,
    graph::{Forward, Module, Splitter},
};

use crate::{
    tape::mix,
    values::{Value, World},
};

/// One task: its number, its memory, and a count of how many there are.
pub(crate) struct Spec {
    pub(crate) id: usize,
    /// Sees all frames in order, and what it gives depends on all that it has seen.
    pub(crate) memory: Option<u64>,
    pub(crate) world: Arc<World>,
}

impl Spec {
    pub(crate) fn new(id: usize, is_sequential: bool, world: &Arc<World>) -> Self {
        world.tasks.fetch_add(1, Ordering::SeqCst);
        Spec { id, memory: is_sequential.then_some(0), world: world.clone() }
    }

    fn replica(&self) -> Option<Self> {
        self.memory.is_none().then(|| Spec::new(self.id, false, &self.world))
    }

    pub(crate) fn name(&self) -> String {
        format!("t{}", self.id)
    }

    /// The number that comes out.
    fn step(&mut self, number: u64) -> Result<u64, BoxError> {
        let number = step(self.id, number, &mut self.memory);
        self.world.check(self.id, number)?;
        Ok(number)
    }
}

/// What the model does, too.
pub(crate) fn step(id: usize, number: u64, memory: &mut Option<u64>) -> u64 {
    let number = mix(number, id as u64);
    match memory {
        Some(memory) => {
            *memory = mix(*memory, number);
            *memory
        }
        None => number,
    }
}

/// The numbers of several inputs as one.
pub(crate) fn join(numbers: &[u64]) -> u64 {
    numbers.iter().copied().reduce(mix).unwrap_or(0)
}

impl Drop for Spec {
    fn drop(&mut self) {
        self.world.tasks.fetch_sub(1, Ordering::SeqCst);
    }
}

/// What tasks take.
pub(crate) trait Take: Send + 'static {
    fn number(&self) -> u64;
}

impl<T: Value> Take for T {
    fn number(&self) -> u64 {
        Value::number(self)
    }
}

impl<A: Value, B: Value> Take for (A, B) {
    fn number(&self) -> u64 {
        join(&[self.0.number(), self.1.number()])
    }
}

impl<A: Value, B: Value, C: Value> Take for (A, B, C) {
    fn number(&self) -> u64 {
        join(&[self.0.number(), self.1.number(), self.2.number()])
    }
}

/// What tasks give.
pub(crate) trait Give: Send + 'static {
    fn give(number: u64, world: &Arc<World>) -> Self;
}

impl<T: Value> Give for T {
    fn give(number: u64, world: &Arc<World>) -> Self {
        T::make(number, world)
    }
}

/// Whether a filter lets a number pass.
pub(crate) fn passes(number: u64) -> bool {
    !number.is_multiple_of(3)
}

/// In front of a filter.
impl<T: Value> Give for Option<T> {
    fn give(number: u64, world: &Arc<World>) -> Self {
        passes(number).then(|| T::make(number, world))
    }
}

impl<A: Value, B: Value> Give for (A, B) {
    fn give(number: u64, world: &Arc<World>) -> Self {
        (A::make(mix(number, 0), world), B::make(mix(number, 1), world))
    }
}

impl<A: Value, B: Value, C: Value> Give for (A, B, C) {
    fn give(number: u64, world: &Arc<World>) -> Self {
        (A::make(mix(number, 0), world), B::make(mix(number, 1), world), C::make(mix(number, 2), world))
    }
}

/// Any task with inputs and outputs.
pub(crate) struct Work<I, O>(pub(crate) Spec, pub(crate) PhantomData<fn(I) -> O>);

impl<I: Take, O: Give> Task for Work<I, O> {
    type In = I;
    type Out = O;
    fn name(&self) -> String {
        self.0.name()
    }
    fn run(&mut self, input: I) -> Result<O, BoxError> {
        let number = self.0.step(input.number())?;
        Ok(O::give(number, &self.0.world))
    }
    fn replica(&self) -> Option<Self> {
        Some(Work(self.0.replica()?, PhantomData))
    }
}

/// Works in place.
pub(crate) struct InPlace<T>(pub(crate) Spec, pub(crate) PhantomData<fn(T)>);

impl<T: Value> Forward for InPlace<T> {
    type Frame = T;
    fn name(&self) -> String {
        self.0.name()
    }
    fn run(&mut self, frame: &mut T) -> Result<(), BoxError> {
        let number = self.0.step(frame.number())?;
        frame.change(number, &self.0.world);
        Ok(())
    }
    fn replica(&self) -> Option<Self> {
        Some(InPlace(self.0.replica()?, PhantomData))
    }
}

/// Notes what comes.
pub(crate) struct Sink<T>(pub(crate) Spec, pub(crate) PhantomData<fn(T)>);

impl<T: Value> Task for Sink<T> {
    type In = T;
    type Out = ();
    fn name(&self) -> String {
        self.0.name()
    }
    fn run(&mut self, input: T) -> Result<(), BoxError> {
        let number = self.0.step(input.number())?;
        self.0.world.sinks[self.0.id].lock().unwrap().push(number);
        Ok(())
    }
    fn replica(&self) -> Option<Self> {
        Some(Sink(self.0.replica()?, PhantomData))
    }
}

/// Gives the numbers of its positions; replicas draw them from one counter.
pub(crate) struct Count<T> {
    pub(crate) spec: Spec,
    pub(crate) index: usize,
    pub(crate) n: u64,
    pub(crate) is_replicable: bool,
    pub(crate) marker: PhantomData<fn() -> T>,
}

impl<T: Value> Source for Count<T> {
    type Out = T;
    fn name(&self) -> String {
        self.spec.name()
    }
    fn next(&mut self) -> Result<Option<T>, BoxError> {
        let world = self.spec.world.clone();
        let at = &world.positions[self.index];
        let Ok(position) =
            at.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |at| (at < self.n).then_some(at + 1))
        else {
            return Ok(None);
        };
        let number = self.spec.step(position)?;
        world.given[self.index].fetch_add(1, Ordering::SeqCst);
        Ok(Some(T::make(number, &world)))
    }
    fn replica(&self) -> Option<Self> {
        let (spec, index) = (self.spec.replica().filter(|_| self.is_replicable)?, self.index);
        Some(Count { spec, index, n: self.n, is_replicable: true, marker: PhantomData })
    }
}

/// Data of codelets.
pub(crate) struct Board {
    pub(crate) spec: Spec,
    pub(crate) value: u64,
}

impl Module for Board {
    fn replica(&self) -> Option<Self> {
        Some(Board { spec: self.spec.replica()?, value: 0 })
    }
}

/// The first codelet of a module: a module with a memory adds up, one without holds what belongs to the frame.
pub(crate) fn write(id: usize, board: &mut Board, number: u64) -> Result<u64, BoxError> {
    board.value = if board.spec.memory.is_some() { mix(board.value, number) } else { number };
    let number = mix(number, id as u64);
    board.spec.world.check(id, number)?;
    Ok(number)
}

/// The second codelet of a module.
pub(crate) fn read(id: usize, board: &mut Board, number: u64) -> Result<u64, BoxError> {
    let number = mix(mix(board.value, number), id as u64);
    board.spec.world.check(id, number)?;
    Ok(number)
}

/// Gives no, one or several frames for each.
pub(crate) struct Several<I, O> {
    pub(crate) spec: Spec,
    pub(crate) number: u64,
    pub(crate) left: u64,
    pub(crate) marker: PhantomData<fn(I) -> O>,
}

impl<I: Take, O: Value> Splitter for Several<I, O> {
    type In = I;
    type Out = O;
    fn name(&self) -> String {
        self.spec.name()
    }
    fn take(&mut self, input: I) -> Result<(), BoxError> {
        self.number = self.spec.step(input.number())?;
        self.left = self.number % 4;
        Ok(())
    }
    fn next(&mut self) -> Result<Option<O>, BoxError> {
        let Some(left) = self.left.checked_sub(1) else { return Ok(None) };
        self.left = left;
        let number = mix(self.number, left);
        self.spec.world.check(self.spec.id, number)?;
        Ok(Some(O::make(number, &self.spec.world)))
    }
    fn finish(&mut self, _: bool) -> Result<(), BoxError> {
        self.left = 0;
        Ok(())
    }
}

/// Folds a stream; one without memory adds up, which is exact in any order.
pub(crate) struct Fold<I, O> {
    pub(crate) spec: Spec,
    pub(crate) sum: u64,
    pub(crate) marker: PhantomData<fn(I) -> O>,
}

/// What a fold makes of one more number.
pub(crate) fn add(sum: u64, number: u64, is_sequential: bool) -> u64 {
    if is_sequential { mix(sum, number) } else { sum.wrapping_add(number) }
}

impl<I: Take, O: Value> Accumulator for Fold<I, O> {
    type In = I;
    type Out = O;
    fn name(&self) -> String {
        self.spec.name()
    }
    fn add(&mut self, input: I) -> Result<(), BoxError> {
        let number = mix(input.number(), self.spec.id as u64);
        self.spec.world.check(self.spec.id, number)?;
        self.sum = add(self.sum, number, self.spec.memory.is_some());
        Ok(())
    }
    fn finish(&mut self) -> Result<O, BoxError> {
        let number = mix(std::mem::take(&mut self.sum), 1 + self.spec.id as u64);
        self.spec.world.check(self.spec.id, number)?;
        Ok(O::make(number, &self.spec.world))
    }
    fn replica(&self) -> Option<Self> {
        Some(Fold { spec: self.spec.replica()?, sum: 0, marker: PhantomData })
    }
    fn merge(&mut self, other: &mut Self) {
        self.sum = self.sum.wrapping_add(std::mem::take(&mut other.sum));
    }
}
