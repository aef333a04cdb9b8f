//! A chain made ready: every input knows whether it takes or copies; then step after step is executed.

use std::time::Instant;

use rayon::{ThreadPool, ThreadPoolBuilder};

use crate::{
    Error, Execution, PassPlan, PassReport, Plan, Run, RunReport, TaskReport,
    env::{Env, guard},
    feed::Feed,
    pipeline,
    plan::{Span, StagePlan, cut, window},
    report::TaskRate,
    sequential,
    socket::{Read, Slot},
    step::Step,
    value::{CloneFn, Input, Slots},
};

/// One step of a chain.
pub(crate) enum Item {
    /// A task that runs once.
    Step(Step),
    /// A stream.
    Pass(Pass),
}

/// A stream: its source and what runs for every chunk.
pub(crate) struct Pass {
    pub(crate) index: usize,
    pub(crate) feed: Feed,
    pub(crate) steps: Vec<Step>,
    /// Slots of a chunk; slot 0 is the source's.
    pub(crate) n_slots: usize,
}

impl Pass {
    pub(crate) fn new(index: usize, feed: Feed) -> Self {
        Pass { index, feed, steps: Vec::new(), n_slots: 1 }
    }

    /// The stages behind the source.
    pub(crate) fn spans(&self, execution: Execution) -> Vec<Span> {
        match execution {
            Execution::Pipeline => cut(&self.steps.iter().map(Step::kind).collect::<Vec<_>>()),
            Execution::Sequential => vec![Span { steps: 0..self.steps.len(), is_replicable: false }],
        }
    }

    /// The stages as told to the user.
    pub(crate) fn plan(&self, spans: &[Span], run: &Run) -> PassPlan {
        let name = |step: &Step| (!step.is_internal()).then(|| step.name.to_string());
        let stage = |span: &Span| StagePlan {
            tasks: self.steps[span.steps.clone()].iter().filter_map(name).collect(),
            replicas: if span.is_replicable { run.threads } else { 1 },
        };
        let stages: Vec<_> = spans.iter().map(stage).collect();
        let window = match run.execution {
            Execution::Sequential => 1,
            Execution::Pipeline => window(&stages, run.depth),
        };
        PassPlan { source: self.feed.name.to_string(), stages, window }
    }

    fn execute(&mut self, once: &mut Slots, run: &Run, env: &Env<'_>) -> Result<PassPlan, Error> {
        self.steps.iter_mut().flat_map(|step| &mut step.inputs).for_each(|input| input.fetch(once));
        let (spans, plan) = guard(&self.feed.name, None, || {
            let spans = self.spans(run.execution);
            let plan = self.plan(&spans, run);
            Ok((spans, plan))
        })?;
        match run.execution {
            Execution::Sequential => sequential::run(self, env)?,
            Execution::Pipeline => pipeline::run(self, &spans, plan.window, run, env)?,
        }
        env.check()?;
        self.steps.iter_mut().try_for_each(|step| step.finish(once, env))?;
        Ok(plan)
    }

    fn reports(&self) -> impl Iterator<Item = TaskReport> {
        let (rate, pass) = (TaskRate::PerChunk, Some(self.index));
        let source = self.feed.stats.report(&self.feed.name, rate, pass);
        std::iter::once(source).chain(self.steps.iter().filter_map(move |step| step.report(rate, pass)))
    }
}

/// A chain made ready.
pub(crate) struct Program {
    items: Vec<Item>,
    values: Slots,
    report: RunReport,
}

impl Program {
    /// Binds every input to its slot.
    pub(crate) fn new(mut items: Vec<Item>, mut values: Slots) -> Self {
        let mut unread = Vec::new();
        let mut once = Readers::new(values.len());
        // Backwards, so that the first reader met is the last to run: that one takes the value.
        for item in items.iter_mut().rev() {
            match item {
                Item::Step(step) => once.bind(step, None, &mut unread),
                Item::Pass(pass) => {
                    let mut chunk = Readers::new(pass.n_slots);
                    for step in pass.steps.iter_mut().rev() {
                        once.bind(step, Some(&mut chunk), &mut unread);
                    }
                    pass.feed.is_read = chunk.is_read[0];
                    unread.extend((!pass.feed.is_read).then(|| pass.feed.name.to_string()));
                }
            }
        }
        values.iter_mut().zip(&once.is_read).filter(|(_, is_read)| !**is_read).for_each(|(v, _)| *v = None);
        unread.reverse();
        let report =
            RunReport { wall_s: 0.0, tasks: vec![], passes: vec![], plan: Plan { passes: vec![] }, unread };
        Program { items, values, report }
    }

    pub(crate) fn run(self, run: &Run) -> Result<RunReport, Error> {
        if !self.items.iter().any(Item::is_parallel) {
            return self.execute(run, None);
        }
        // A scoped pool, because a plain one does not join its threads.
        let builder =
            ThreadPoolBuilder::new().num_threads(run.threads).thread_name(|i| format!("flow pool {i}"));
        builder
            .build_scoped(|thread| thread.run(), |pool| self.execute(run, Some(pool)))
            .unwrap_or_else(|source| Err(Error::Threads { source: source.into() }))
    }

    /// Each item is dropped when it is done, and what it held with it.
    fn execute(mut self, run: &Run, pool: Option<&ThreadPool>) -> Result<RunReport, Error> {
        let env = Env { pool, observer: run.observer.as_deref(), cancel: &run.cancel };
        let started = Instant::now();
        for item in std::mem::take(&mut self.items) {
            env.check()?;
            match item {
                Item::Step(mut step) => {
                    step.call(None, &mut self.values, &env)?;
                    self.report.tasks.extend(step.report(TaskRate::Once, None));
                }
                Item::Pass(pass) => self.stream(pass, run, &env)?,
            }
        }
        self.report.wall_s = started.elapsed().as_secs_f64();
        Ok(self.report)
    }

    fn stream(&mut self, mut pass: Pass, run: &Run, env: &Env<'_>) -> Result<(), Error> {
        let name = pass.feed.name.clone();
        let started = Instant::now();
        guard(&name, None, || {
            let n_chunks = pass.feed.n_chunks();
            env.observer.inspect(|observer| observer.pass_started(pass.index, &name, n_chunks));
            Ok(())
        })?;
        let outcome = pass.execute(&mut self.values, run, env);
        let (chunks, wall_s) = (pass.feed.stats.calls, started.elapsed().as_secs_f64());
        let told = guard(&name, None, || {
            env.observer.inspect(|observer| observer.pass_ended(pass.index, chunks, wall_s));
            Ok(())
        });
        self.report.plan.passes.push(outcome?);
        told?;
        self.report.passes.push(PassReport { source: name.to_string(), chunks, wall_s });
        self.report.tasks.extend(pass.reports());
        Ok(())
    }
}

impl Item {
    fn is_parallel(&self) -> bool {
        match self {
            Item::Step(step) => step.is_parallel(),
            Item::Pass(pass) => pass.steps.iter().any(Step::is_parallel),
        }
    }
}

/// The readers of some slots, met backwards.
struct Readers {
    is_read: Vec<bool>,
    clones: Vec<Option<CloneFn>>,
}

impl Readers {
    fn new(n_slots: usize) -> Self {
        Readers { is_read: vec![false; n_slots], clones: vec![None; n_slots] }
    }

    /// Binds a step of the chain, or of a stream with the slots `chunk`.
    fn bind(&mut self, step: &mut Step, mut chunk: Option<&mut Readers>, unread: &mut Vec<String>) {
        let home = match &chunk {
            Some(chunk) if !step.is_accumulator() => &**chunk,
            _ => &*self,
        };
        if !step.out.is_some_and(|out| home.is_read[out]) {
            step.out = None;
            unread.extend(step.is_worth_reading.then(|| step.name.to_string()));
        }
        let mut inputs: Vec<Input> = Vec::new();
        for read in std::mem::take(&mut step.reads).into_iter().rev() {
            inputs.push(match (&mut chunk, read.slot) {
                (Some(_), Slot::Once(_)) => self.hold(&read),
                (Some(chunk), Slot::PerChunk(i_slot)) => chunk.input(i_slot, &read),
                (None, Slot::Once(i_slot) | Slot::PerChunk(i_slot)) => self.input(i_slot, &read),
            });
        }
        inputs.reverse();
        step.inputs = inputs;
    }

    fn input(&mut self, i_slot: usize, read: &Read) -> Input {
        let (is_last, clone) = self.meet(i_slot, read);
        // Invariant: of several readers all but one came from `Socket::clone`, so one of the last two knows how.
        if is_last {
            Input::Take(i_slot)
        } else {
            Input::Copy(i_slot, clone.expect("cloned sockets know how"))
        }
    }

    fn hold(&mut self, read: &Read) -> Input {
        let Slot::Once(once) = read.slot else { unreachable!("only values of the chain are held") };
        let (is_last, clone) = self.meet(once, read);
        Input::Hold { once, is_last, clone: clone.expect("held sockets know how") }
    }

    fn meet(&mut self, i_slot: usize, read: &Read) -> (bool, Option<CloneFn>) {
        let is_last = !std::mem::replace(&mut self.is_read[i_slot], true);
        let known = &mut self.clones[i_slot];
        *known = known.or(read.clone);
        (is_last, *known)
    }
}
