//! The threads of a run: who works at which stage, and how their rings lie between them.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, Builder, Thread},
    time::Instant,
};

use super::{
    BoundaryStats, Clock, CoreSet, Settings, Stage, StreamReport, TaskStats,
    engine::{Count, Engine, Numbers, Shared, follow, lead},
    layout::{Kit, Layout},
    pin,
    ring::{Carrier, Gated, Inlet, Outlet, Releasing, RingSpec},
    wait::Waiting,
};
use crate::{BuildError, Error, env::panic_error};

/// How a stage is executed.
pub(crate) struct Post {
    replicas: usize,
    depth: usize,
    waiting: Waiting,
    cores: Vec<CoreSet>,
}

impl Post {
    pub(crate) fn of(stage: &Stage) -> Self {
        let Stage { replicas, depth, waiting, cores, .. } = stage.clone();
        Post { replicas, depth, waiting, cores }
    }
}

/// A graph ready to run, with everything its threads need.
pub(crate) struct Crew {
    shape: Shape,
    /// By stage and replica; `None` only if the runtime itself failed on that thread.
    kits: Vec<Vec<Option<Kit>>>,
}

/// What all threads see of it.
struct Shape {
    layout: Layout,
    posts: Vec<Post>,
    numbers: Numbers,
}

/// What one worker brings back.
struct Done {
    kit: Kit,
    counts: Vec<Count>,
    frames: u64,
    waited_frame_s: f64,
    waited_room_s: f64,
}

impl Crew {
    pub(crate) fn new(
        layout: Layout,
        first: Vec<Kit>,
        posts: Vec<Post>,
        numbers: Numbers,
    ) -> Result<Self, BuildError> {
        let mut kits = Vec::with_capacity(first.len());
        for ((kit, post), stage) in first.into_iter().zip(&posts).zip(&layout.stages) {
            let copies = (1..post.replicas).map(|_| kit.replica(&stage.names, &stage.bindings));
            let copies = copies.collect::<Result<Vec<_>, _>>()?;
            kits.push(std::iter::once(kit).chain(copies).map(Some).collect());
        }
        Ok(Crew { shape: Shape { layout, posts, numbers }, kits })
    }

    pub(crate) fn run(&mut self, settings: &Settings) -> Result<StreamReport, Error> {
        let started = Instant::now();
        let shared = Shared::new(settings);
        let (rings, gates) = (self.shape.rings(), self.shape.gates());
        let yard = Yard { shape: &self.shape, rings: &rings, gates: &gates, shared: &shared, settings };
        let done = yard.work(std::mem::take(&mut self.kits));
        let mut report = self.shape.report(&done);
        self.kits =
            done.into_iter().map(|stage| stage.into_iter().map(|d| d.map(|d| d.kit)).collect()).collect();
        report.wall_s = started.elapsed().as_secs_f64();
        shared.into_result()?;
        Ok(report)
    }
}

impl Shape {
    /// The rings between the stages.
    fn rings(&self) -> Vec<Arc<dyn Carrier>> {
        let ring = |(stage, layout): (usize, &super::layout::StageLayout)| {
            let spec = self.spec(stage);
            let kinds: Vec<_> = layout.exports.iter().map(|&slot| &self.layout.slots[slot].kind).collect();
            let lanes = kinds.iter().skip(1).map(|kind| kind.lane(spec.capacity)).collect();
            match kinds.first() {
                Some(kind) => kind.ring(spec, lanes),
                None => super::cell::no_data(spec),
            }
        };
        self.layout.stages.iter().enumerate().take(self.posts.len() - 1).map(ring).collect()
    }

    /// The ring behind a stage.
    fn spec(&self, stage: usize) -> RingSpec {
        let Post { replicas: producers, depth, waiting, .. } = self.posts[stage];
        let consumers = self.posts[stage + 1].replicas;
        let is_ordered = consumers == 1 && producers > 1;
        let capacity = depth + if is_ordered { self.overtakers(stage) } else { 0 };
        RingSpec { capacity, producers, consumers, waiting, is_ordered, is_prefilled: false }
    }

    /// Frames that may overtake one in the wide stages up to `last`.
    fn overtakers(&self, last: usize) -> usize {
        let wide = self.posts[..=last].iter().rev().take_while(|post| post.replicas > 1);
        let places: usize = wide.enumerate().map(|(i, p)| p.replicas + if i > 0 { p.depth } else { 0 }).sum();
        places.saturating_sub(1)
    }

    /// Tokens for frames in neighboring wide stages: where they begin, where they end, and a ring back.
    ///
    /// A frame may be overtaken there by any number of others, and these could fill the ring that restores the order
    /// and then every replica in front of it, so that the frame they wait for cannot pass. So no more frames are let
    /// in than the ring has room for. One wide stage alone needs no gate: the frame waited for is always in a replica.
    fn gates(&self) -> Vec<Gate> {
        let is_wide = |stage: usize| self.posts[stage].replicas > 1;
        let mut gates = Vec::new();
        for last in 1..self.posts.len().saturating_sub(1) {
            if is_wide(last) && is_wide(last - 1) && !is_wide(last + 1) {
                let first = (0..last).rev().find(|&stage| !is_wide(stage)).unwrap_or(0);
                let Post { replicas: consumers, waiting, .. } = self.posts[first];
                let capacity = self.spec(last).capacity;
                let shape = RingSpec { capacity, producers: 1, consumers, waiting, ..self.spec(last) };
                let spec = RingSpec { is_ordered: false, is_prefilled: true, ..shape };
                gates.push(Gate { first, behind: last + 1, tokens: super::cell::no_data(spec) });
            }
        }
        gates
    }

    fn report(&self, done: &[Vec<Option<Done>>]) -> StreamReport {
        let mut tasks = Vec::new();
        for (stage, (workers, layout)) in done.iter().zip(&self.layout.stages).enumerate() {
            for (i, name) in layout.names.iter().enumerate() {
                let (mut calls, mut clock) = (0, Clock::default());
                for count in workers.iter().flatten().map(|done| &done.counts[i]) {
                    calls += count.calls;
                    clock.merge(&count.clock);
                }
                tasks.push(TaskStats { name: name.clone(), stage, replicas: workers.len(), calls, clock });
            }
        }
        let sum = |stage: usize, part: fn(&Done) -> f64| done[stage].iter().flatten().map(part).sum();
        let boundary = |stage| BoundaryStats {
            waited_room_s: sum(stage, |done| done.waited_room_s),
            waited_frame_s: sum(stage + 1, |done| done.waited_frame_s),
        };
        let boundaries = (0..done.len().saturating_sub(1)).map(boundary).collect();
        let last = done.last().map_or(&[][..], |stage| stage);
        let frames = last.iter().flatten().map(|done| done.frames).sum();
        StreamReport { frames, wall_s: 0.0, tasks, boundaries }
    }
}

/// Lets only so many frames into some stages.
struct Gate {
    /// The stage that takes tokens: the last narrow one, or the first of all.
    first: usize,
    /// The stage that gives them back.
    behind: usize,
    tokens: Arc<dyn Carrier>,
}

/// What all workers of a run see.
#[derive(Clone, Copy)]
struct Yard<'a> {
    shape: &'a Shape,
    rings: &'a [Arc<dyn Carrier>],
    gates: &'a [Gate],
    shared: &'a Shared,
    settings: &'a Settings,
}

impl Yard<'_> {
    /// Starts the threads from the end to the front, so that whoever begins has somebody to hand on to.
    fn work(self, kits: Vec<Vec<Option<Kit>>>) -> Vec<Vec<Option<Done>>> {
        let mut done: Vec<Vec<Option<Done>>> =
            kits.iter().map(|stage| stage.iter().map(|_| None).collect()).collect();
        let alarm = Alarm::default();
        thread::scope(|scope| {
            if let Some(deadline) = self.settings.deadline {
                let (alarm, shared) = (&alarm, self.shared);
                let watch = move || alarm.watch(deadline, shared);
                let started = Builder::new().name("flow deadline".to_owned()).spawn_scoped(scope, watch);
                started.map_or_else(|source| self.refuse(source), |handle| alarm.set(handle.thread()));
            }
            let mut handles = Vec::new();
            let mut mine = None;
            let n_stages = kits.len();
            for (stage, kits) in kits.into_iter().enumerate().rev() {
                for (replica, kit) in kits.into_iter().enumerate() {
                    if (stage, replica) == (n_stages - 1, 0) {
                        mine = kit;
                        continue;
                    }
                    let work = move || kit.and_then(|kit| self.guarded(kit, stage, replica));
                    let builder = Builder::new().name(format!("flow {stage}.{replica}"));
                    match builder.spawn_scoped(scope, work) {
                        Ok(handle) => handles.push((stage, replica, handle)),
                        Err(source) => {
                            self.refuse(source);
                            self.leave(stage);
                        }
                    }
                }
            }
            done[n_stages - 1][0] = mine.and_then(|kit| self.guarded(kit, n_stages - 1, 0));
            for (stage, replica, handle) in handles {
                done[stage][replica] = handle.join().ok().flatten();
            }
            alarm.stop();
        });
        done
    }

    fn refuse(self, source: std::io::Error) {
        self.shared.fault.record(0, Error::Threads { source: source.into() });
    }

    /// Leaves the ring behind a stage for a worker that does not begin.
    fn leave(self, stage: usize) {
        self.rings.get(stage).into_iter().for_each(|ring| ring.abandon());
    }

    /// User code is guarded inside, so a panic here is a bug of the runtime; it is told rather than hidden.
    fn guarded(self, kit: Kit, stage: usize, replica: usize) -> Option<Done> {
        let work = catch_unwind(AssertUnwindSafe(|| self.one(kit, stage, replica)));
        match work {
            Ok(done) => Some(done),
            Err(payload) => {
                self.shared.fault.record(0, panic_error(&format!("stage {stage}"), None, &*payload));
                self.leave(stage);
                None
            }
        }
    }

    /// One replica of one stage, from its first frame to its last.
    fn one(self, kit: Kit, stage: usize, replica: usize) -> Done {
        let Yard { shape, rings, gates, shared, settings } = self;
        let _pinned = pin::pin(&shape.posts[stage].cores, replica);
        let (layout, slots) = (&shape.layout.stages[stage], &shape.layout.slots);
        let mut engine = Engine::link(layout, slots, kit, settings.sampling);
        let mut tokens = gates.iter().find(|gate| gate.first == stage);
        let inlet = stage.checked_sub(1).map(|i| {
            let cells = layout.imports.iter().map(|&slot| engine.cell(slot, slots)).collect();
            let inlet = rings[i].clone().inlet(cells);
            match gates.iter().find(|gate| gate.behind == stage) {
                Some(gate) => {
                    let tokens = gate.tokens.clone().outlet(Vec::new());
                    Box::new(Releasing { inlet, tokens }) as Box<dyn Inlet>
                }
                None => inlet,
            }
        });
        let mut outlet = rings.get(stage).map(|ring| {
            let cells = layout.exports.iter().map(|&slot| engine.cell(slot, slots)).collect();
            let outlet = ring.clone().outlet(cells);
            match tokens.take_if(|_| stage > 0) {
                Some(gate) => {
                    let tokens = gate.tokens.clone().inlet(Vec::new());
                    Box::new(Gated { outlet, tokens }) as Box<dyn Outlet>
                }
                None => outlet,
            }
        });
        let tokens = tokens.map(|gate| gate.tokens.clone().inlet(Vec::new()));
        let mut waited_frame_s = 0.0;
        let frames = match inlet {
            None => lead(&mut engine, tokens, outlet.as_deref_mut(), shape.numbers, shared),
            Some(mut inlet) => {
                let frames = follow(&mut engine, &mut *inlet, outlet.as_deref_mut(), shared);
                waited_frame_s = inlet.waited().seconds;
                frames
            }
        };
        let waited_room_s = outlet.map_or(0.0, |outlet| outlet.close().seconds);
        let (kit, counts) = engine.unlink();
        Done { kit, counts, frames, waited_frame_s, waited_room_s }
    }
}

/// Wakes up at a deadline, unless the run is over before.
#[derive(Default)]
struct Alarm {
    thread: std::sync::OnceLock<Thread>,
    is_over: AtomicBool,
}

impl Alarm {
    fn watch(&self, deadline: Instant, shared: &Shared) {
        while !self.is_over.load(Ordering::Acquire) {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                shared.expired.store(true, Ordering::Relaxed);
                return;
            }
            thread::park_timeout(left);
        }
    }

    fn set(&self, thread: &Thread) {
        let _ = self.thread.set(thread.clone());
    }

    fn stop(&self) {
        self.is_over.store(true, Ordering::Release);
        self.thread.get().into_iter().for_each(Thread::unpark);
    }
}
