//! A stream on many threads: stages at work on different chunks at the same time, replicas of a stage by need.
//!
//! ```text
//!  source ──▶ [depth] ──▶ replica ┐
//!    ▲                └─▶ replica ┴▶ [depth] ──▶ in order ──▶ … ──▶ last stage
//!    └───────────────────────── tokens (empty frames) ◀────────────────┘
//! ```
//! A chunk travels as a frame, which owns all its values. Every frame that the source begins arrives at the end, also
//! when its chunk fails: then it goes on empty. So the order never has holes, every queue runs dry by itself, and
//! there is nothing to break off. The source takes a token for each frame, so no more than `window` chunks exist,
//! however far fast replicas run ahead of a slow one.
//!
//! Invariant: when a task fails at chunk k, chunks before k are still finished and chunks after k are not begun by any
//! stage that has heard of it. The error of the earliest chunk wins, which is the one that a sequential run meets.

use std::{
    io, iter, mem,
    panic::resume_unwind,
    thread::{Builder, Scope, ScopedJoinHandle, scope},
};

use crossbeam_channel::{Receiver, bounded};

use crate::{
    Error, Run,
    env::{Env, guard},
    feed::Feed,
    frame::{Fault, Frame, Inbox, Outlet, Reorder, receive},
    plan::Span,
    program::Pass,
    step::Step,
    value::Slots,
};

/// Runs the stream to its end; every thread has been joined when it returns.
pub(crate) fn run(
    pass: &mut Pass,
    spans: &[Span],
    window: usize,
    run: &Run,
    env: &Env<'_>,
) -> Result<(), Error> {
    let crews = crews(pass, spans, run.threads)?;
    let fault = Fault::default();
    let (end, tokens) = bounded(window);
    for _ in 0..window {
        // Cannot fail: the receiver lives, and there is room for all.
        let _ = end.send(iter::repeat_with(|| None).take(pass.n_slots).collect());
    }
    let (outlet, workers) = wire(crews, run.depth, &Outlet::End(end));
    let feeder = Feeder { feed: &mut pass.feed, tokens, outlet };
    let done = scope(|scope| {
        let mut crew = Crew { scope, fault: &fault, handles: Vec::new() };
        crew.spawn(feeder.feed.name.to_string(), || {
            feeder.run(env, &fault);
            None
        });
        for worker in workers {
            crew.spawn(worker.name(), || Some(worker.run(env, &fault)));
        }
        crew.join()
    });
    pass.steps = merge(done, spans.len());
    fault.into_result()
}

/// The steps of every replica of every stage.
fn crews(pass: &mut Pass, spans: &[Span], threads: usize) -> Result<Vec<Vec<Vec<Step>>>, Error> {
    let mut steps = mem::take(&mut pass.steps).into_iter();
    let mut crews = Vec::with_capacity(spans.len());
    for span in spans {
        let mut crew: Vec<Vec<Step>> = vec![steps.by_ref().take(span.steps.len()).collect()];
        let n_replica = if span.is_replicable { threads } else { 1 };
        while crew.len() < n_replica {
            let copies = |step: &Step| guard(&step.name, None, || Ok(step.replica()));
            match crew[0].iter().map(copies).collect::<Result<Option<Vec<_>>, _>>()? {
                Some(replica) => crew.push(replica),
                None => break,
            }
        }
        crews.push(crew);
    }
    Ok(crews)
}

/// Lays the queues, from the end to the source; gives the source's outlet and all workers.
fn wire(crews: Vec<Vec<Vec<Step>>>, depth: usize, end: &Outlet) -> (Outlet, Vec<Worker>) {
    let is_split: Vec<bool> = iter::once(false).chain(crews.iter().map(|crew| crew.len() > 1)).collect();
    let mut workers = Vec::new();
    let mut outlet = end.clone();
    for (stage, crew) in crews.into_iter().enumerate().rev() {
        let (sender, frames) = bounded(depth);
        // Only a stage with a single worker can see chunks in order, and only behind replicas are they out of it.
        let is_ordered = is_split[stage] && crew.len() == 1;
        for steps in crew {
            let order = is_ordered.then(Reorder::default);
            let inbox = Inbox { frames: frames.clone(), order, waited_s: 0.0 };
            workers.push(Worker { stage, steps, inbox, outlet: outlet.clone(), waited_s: 0.0 });
        }
        outlet = Outlet::Next(sender);
    }
    (outlet, workers)
}

/// The steps in declaration order again, each with the counts of all its replicas.
fn merge(done: Vec<Worker>, n_stages: usize) -> Vec<Step> {
    let mut stages: Vec<Vec<Step>> = iter::repeat_with(Vec::new).take(n_stages).collect();
    for Worker { stage, mut steps, inbox, waited_s, .. } in done {
        steps.first_mut().into_iter().for_each(|step| step.stats.waited_input_s += inbox.waited_s);
        steps.last_mut().into_iter().for_each(|step| step.stats.waited_output_s += waited_s);
        if stages[stage].is_empty() {
            stages[stage] = steps;
        } else {
            stages[stage].iter_mut().zip(&steps).for_each(|(all, one)| all.stats.merge(&one.stats));
        }
    }
    stages.into_iter().flatten().collect()
}

/// The threads of a stream.
struct Crew<'scope, 'env> {
    scope: &'scope Scope<'scope, 'env>,
    fault: &'env Fault,
    handles: Vec<(String, ScopedJoinHandle<'scope, Option<Worker>>)>,
}

impl<'scope> Crew<'scope, '_> {
    /// Starts a thread; if that is refused, the queues that `work` owned close and the others run dry.
    fn spawn(&mut self, name: String, work: impl FnOnce() -> Option<Worker> + Send + 'scope) {
        let thread: io::Result<_> = Builder::new().name(name.clone()).spawn_scoped(self.scope, work);
        match thread {
            Ok(handle) => self.handles.push((name, handle)),
            Err(source) => self.fault.record(0, Error::Threads { source: source.into() }),
        }
    }

    fn join(self) -> Vec<Worker> {
        let mut done = Vec::new();
        for (task, handle) in self.handles {
            // User code is guarded inside, so this can only be a bug of the runtime; say it rather than hide it.
            match guard(&task, None, || handle.join().map_err(|payload| resume_unwind(payload))) {
                Ok(worker) => done.extend(worker),
                Err(error) => self.fault.record(0, error),
            }
        }
        done
    }
}

/// One replica of one stage.
struct Worker {
    stage: usize,
    steps: Vec<Step>,
    inbox: Inbox,
    outlet: Outlet,
    /// Seconds waited for room behind.
    waited_s: f64,
}

impl Worker {
    fn name(&self) -> String {
        self.steps.first().map_or_else(String::new, |step| step.name.to_string())
    }

    /// Works until the queue in front is closed and empty, then closes its own.
    fn run(mut self, env: &Env<'_>, fault: &Fault) -> Self {
        while let Some(mut frame) = self.inbox.next() {
            self.process(&mut frame, env, fault);
            if !self.outlet.send(frame, &mut self.waited_s) {
                break;
            }
        }
        // Closes the queues without dropping the tasks, which belong to the caller's thread.
        self.outlet = Outlet::End(bounded(0).0);
        self.inbox.frames = bounded(0).1;
        self
    }

    fn process(&mut self, frame: &mut Frame, env: &Env<'_>, fault: &Fault) {
        for step in &mut self.steps {
            if !frame.is_alive {
                return;
            }
            if fault.is_before(frame.chunk) {
                frame.give_up();
            } else if let Err(error) = step.call(Some(frame.chunk), &mut frame.slots, env) {
                fault.record(frame.chunk, error);
                frame.give_up();
            }
        }
    }
}

/// The source on its thread.
struct Feeder<'a> {
    feed: &'a mut Feed,
    tokens: Receiver<Slots>,
    outlet: Outlet,
}

impl Feeder<'_> {
    fn run(self, env: &Env<'_>, fault: &Fault) {
        let Feeder { feed, tokens, outlet } = self;
        let mut waited_s = 0.0;
        for chunk in 0.. {
            let Some(mut slots) = receive(&tokens, &mut waited_s) else { break };
            if env.cancel.is_cancelled() || fault.is_before(chunk) {
                break;
            }
            match feed.next(chunk, &mut slots, env) {
                Ok(true) if outlet.send(Frame { chunk, is_alive: true, slots }, &mut waited_s) => {}
                Ok(_) => break,
                Err(error) => {
                    fault.record(chunk, error);
                    break;
                }
            }
        }
        feed.stats.waited_output_s += waited_s;
    }
}
