//! One step of a chain or of a stream: called on slots, timed, guarded.

use std::{
    any::TypeId,
    marker::PhantomData,
    sync::{Arc, Mutex},
    time::Instant,
};

use crate::{
    Accumulator, Error, Task,
    body::{AccumulatorBody, Body, OutputBody, ShareBody, TaskBody, Unpack},
    env::{Env, guard},
    plan::Kind,
    report::{Stats, TaskRate, TaskReport},
    socket::Read,
    value::{Input, Reads, Slots, Value},
};

#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    Task,
    Accumulator,
    /// The runtime's own: not reported.
    Internal,
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
            role: Role::Internal,
            is_parallel: false,
            body,
        }
    }

    pub(crate) fn task<K: Task>(task: K, reads: Vec<Read>, unpack: Unpack<K::In>) -> Self {
        let (name, is_parallel) = (task.name(), task.max_threads() > 1);
        let is_worth_reading = TypeId::of::<K::Out>() != TypeId::of::<()>();
        let step = Step::new(name, reads, Box::new(TaskBody { task, unpack }));
        Step { role: Role::Task, is_parallel, is_worth_reading, ..step }
    }

    pub(crate) fn accumulator<A: Accumulator>(a: A, reads: Vec<Read>, unpack: Unpack<A::In>) -> Self {
        let (name, is_parallel) = (a.name(), a.max_threads() > 1);
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

    /// What the cut into stages needs to know.
    pub(crate) fn kind(&self) -> Kind {
        match self.role {
            Role::Internal => Kind::Neutral,
            Role::Accumulator => Kind::Alone,
            Role::Task if self.is_parallel => Kind::Alone,
            Role::Task if self.body.replica().is_some() => Kind::Replicable,
            Role::Task => Kind::Sequential,
        }
    }

    /// Whether it is the runtime's own.
    pub(crate) fn is_internal(&self) -> bool {
        self.role == Role::Internal
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
        Some(Step {
            inputs,
            out: self.out,
            role: self.role,
            ..Step::new(self.name.to_string(), Vec::new(), body)
        })
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
            let value = env.within(*is_parallel, || body.call(&mut reads))?;
            let seconds = started.elapsed().as_secs_f64();
            (stats.calls, stats.busy_s) = (stats.calls + 1, stats.busy_s + seconds);
            match *out {
                Some(out) if *role != Role::Accumulator => slots[out] = Some(value),
                _ => drop(value),
            }
            if *role != Role::Internal {
                env.task_done(name, chunk, seconds);
            }
            Ok(())
        })
    }

    /// Closes an accumulator: its result into the slots of the chain. Nothing to do for a task.
    pub(crate) fn finish(&mut self, once: &mut Slots, env: &Env<'_>) -> Result<(), Error> {
        if self.role != Role::Accumulator {
            return Ok(());
        }
        let Step { name, out, stats, is_parallel, body, .. } = self;
        guard(name, None, || {
            let started = Instant::now();
            let value = env.within(*is_parallel, || body.finish())?;
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
        (!self.is_internal()).then(|| self.stats.report(&self.name, rate, pass))
    }
}
