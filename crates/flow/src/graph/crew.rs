//! The threads of a run: who works at which stage, and how their rings lie between them.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    thread::{self, Builder, available_parallelism},
    time::Instant,
};

use rayon::ThreadPool;

use super::{
    BoundaryStats, Clock, CoreSet, Settings, Stage, StreamReport, TaskStats,
    alarm::Alarm,
    engine::{Count, Engine, Shared, Tools},
    gather::Gathering,
    layout::{Copying, Feedback, Kit, Layout, StageLayout},
    pin,
    ring::{Carrier, Gated, Inlet, Outlet, Releasing, RingSpec},
    threads::Pool,
    wait::Waiting,
    work::{Back, Numbers, Worker},
};
use crate::{BuildError, Error, env::panic_error};

/// How a stage is executed.
pub(crate) struct Post {
    replicas: usize,
    depth: usize,
    waiting: Waiting,
    cores: Vec<CoreSet>,
    threads: Option<usize>,
}

impl Post {
    pub(crate) fn of(stage: &Stage) -> Self {
        let Stage { replicas, depth, waiting, cores, threads, .. } = stage.clone();
        Post { replicas, depth, waiting, cores, threads }
    }
}

/// A graph ready to run, with everything its threads need.
pub(crate) struct Crew {
    shape: Shape,
    /// By stage and replica; `None` only if the runtime itself failed on that thread.
    kits: Vec<Vec<Option<Kit>>>,
    /// Threads for all tasks that are parallel inside, instead of some for each stage.
    pool: Option<Arc<ThreadPool>>,
    /// There is one frame, the run itself: it has no number, and a stop is looked for between tasks.
    is_once: bool,
}

/// What all threads see of it.
struct Shape {
    layout: Layout,
    posts: Vec<Post>,
    numbers: Numbers,
    /// Most frames from the source to the end, if that is limited.
    window: Option<usize>,
}

/// What one worker brings back.
struct Done {
    /// `None` for a replica that left it in the [`Gathering`].
    kit: Option<Kit>,
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
        // Copies of a sequence work on streams of their own.
        let is_copied = numbers == Numbers::Own && posts.len() == 1;
        let copy: Copying = if is_copied { |body| body.copy() } else { |body| body.replica() };
        for ((kit, post), stage) in first.into_iter().zip(&posts).zip(&layout.stages) {
            let copies = (1..post.replicas).map(|_| kit.again(stage, copy));
            let copies = copies.collect::<Result<Vec<_>, _>>()?;
            kits.push(std::iter::once(kit).chain(copies).map(Some).collect());
        }
        Ok(Crew { shape: Shape { layout, posts, numbers, window: None }, kits, pool: None, is_once: false })
    }

    /// Limits the frames from the source to the end.
    pub(crate) fn set_window(&mut self, window: usize) {
        self.shape.window = Some(window);
    }

    /// Lets all tasks that are parallel inside share the threads of `pool`.
    pub(crate) fn set_pool(&mut self, pool: Option<Arc<ThreadPool>>) {
        self.pool = pool;
    }

    /// Treats the only frame as the run itself.
    pub(crate) fn set_once(&mut self) {
        self.is_once = true;
    }

    pub(crate) fn run(&mut self, settings: &Settings) -> Result<StreamReport, Error> {
        let (report, result) = self.run_and_tell(settings)?;
        result.map(|()| report)
    }

    /// Runs; tells how far it came also when it failed.
    pub(crate) fn run_and_tell(
        &mut self,
        settings: &Settings,
    ) -> Result<(StreamReport, Result<(), Error>), Error> {
        let started = Instant::now();
        let shared = Shared::new(settings);
        let (rings, gates, backs) = (self.shape.rings(), self.shape.gates(), self.shape.backs());
        let gatherings: Vec<_> = self.shape.posts.iter().map(|post| Gathering::new(post.replicas)).collect();
        let own = self.own_pools()?;
        let pools: Vec<_> =
            own.iter().map(|own| own.as_ref().map_or_else(|| self.pool.clone(), Pool::threads)).collect();
        let yard = Yard {
            shape: &self.shape,
            rings: &rings,
            gates: &gates,
            backs: &backs,
            gatherings: &gatherings,
            pools: &pools,
            shared: &shared,
            settings,
            is_once: self.is_once,
        };
        let mut done = yard.work(std::mem::take(&mut self.kits));
        drop((pools, own));
        let mut report = self.shape.report(&done);
        for (stage, workers) in done.iter_mut().enumerate() {
            let kit = |(replica, done): (usize, &mut Option<Done>)| {
                done.take().and_then(|done| done.kit).or_else(|| gatherings[stage].take(replica))
            };
            self.kits.push(workers.iter_mut().enumerate().map(kit).collect());
        }
        report.wall_s = started.elapsed().as_secs_f64();
        Ok((report, shared.into_result()))
    }

    /// A pool for each stage with tasks that are parallel inside, unless all share one.
    fn own_pools(&self) -> Result<Vec<Option<Pool>>, Error> {
        let all = available_parallelism().map_or(1, usize::from);
        let stages = self.kits.iter().zip(&self.shape.posts);
        let pools = stages.map(|(kits, post)| {
            let bodies = kits.iter().flatten().flat_map(|kit| &kit.bodies);
            let most = bodies.map(|body| body.max_threads()).max().unwrap_or(1);
            match most.min(post.threads.unwrap_or(all)) {
                n if most > 1 && self.pool.is_none() => Pool::start(n).map(Some),
                _ => Ok(None),
            }
        });
        pools.collect()
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

    /// The ways back of loops: no more frames are in a loop than its ring has room for.
    fn backs(&self) -> Vec<Arc<dyn Carrier>> {
        let back = |Feedback { until, back, width, .. }: &Feedback| {
            let waiting = self.posts[*until].waiting;
            let (capacity, is_ordered, is_prefilled) = (*width, false, false);
            let spec = RingSpec { capacity, producers: 1, consumers: 1, waiting, is_ordered, is_prefilled };
            let [frame, number] = back.map(|slot| &self.layout.slots[slot].kind);
            frame.ring(spec, vec![number.lane(capacity)])
        };
        self.layout.feedbacks.iter().map(back).collect()
    }

    /// The ring behind a stage.
    fn spec(&self, stage: usize) -> RingSpec {
        let Post { replicas: producers, depth, waiting, .. } = self.posts[stage];
        let consumers = self.posts[stage + 1].replicas;
        let is_ordered = consumers == 1 && producers > 1;
        let capacity = match self.window {
            Some(window) if is_ordered => window.max(depth),
            _ if is_ordered => depth + self.overtakers(stage),
            _ => depth,
        };
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
        // No more frames are on their way than fit into any ring.
        if self.window.is_some() {
            return self.window_gate().into_iter().collect();
        }
        // A stage that gives frames of another rate counts them anew, in order.
        let is_wide = |stage: usize| self.posts[stage].replicas > 1 && self.layout.stages[stage].emits == 0;
        let mut gates = Vec::new();
        for last in 1..self.posts.len().saturating_sub(1) {
            if is_wide(last) && is_wide(last - 1) && !is_wide(last + 1) {
                let first = (0..last).rev().find(|&stage| !is_wide(stage)).unwrap_or(0);
                gates.push(self.gate(first, last + 1, self.spec(last).capacity));
            }
        }
        gates
    }

    /// Tokens for all frames between the source and the end.
    fn window_gate(&self) -> Option<Gate> {
        let last = self.posts.len() - 1;
        let window = self.window.filter(|_| last > 0)?;
        Some(self.gate(0, last, window.max(1)))
    }

    fn gate(&self, first: usize, behind: usize, capacity: usize) -> Gate {
        let Post { replicas: consumers, waiting, .. } = self.posts[first];
        let producers = self.posts[behind].replicas;
        let (is_ordered, is_prefilled) = (false, true);
        let spec = RingSpec { capacity, producers, consumers, waiting, is_ordered, is_prefilled };
        Gate { first, behind, tokens: super::cell::no_data(spec) }
    }

    /// Whether the replicas of a stage accumulate shares that are put together at the end.
    fn merges(&self, stage: usize) -> bool {
        let is_copied = self.posts.len() == 1 && self.numbers == Numbers::Own;
        self.posts[stage].replicas > 1 && !self.layout.stages[stage].openers.is_empty() && !is_copied
    }

    fn report(&self, done: &[Vec<Option<Done>>]) -> StreamReport {
        let mut tasks = Vec::new();
        for (stage, (workers, layout)) in done.iter().zip(&self.layout.stages).enumerate() {
            for (i, step) in layout.steps.iter().enumerate().filter(|(_, step)| !step.is_internal) {
                let (mut calls, mut clock) = (0, Clock::default());
                for count in workers.iter().flatten().map(|done| &done.counts[i]) {
                    calls += count.calls;
                    clock.merge(&count.clock);
                }
                tasks.push(TaskStats {
                    name: step.name.clone(),
                    stage,
                    replicas: workers.len(),
                    calls,
                    clock,
                });
            }
        }
        let sum = |stage: usize, part: fn(&Done) -> f64| done[stage].iter().flatten().map(part).sum();
        let boundary = |stage| BoundaryStats {
            waited_room_s: sum(stage, |done| done.waited_room_s),
            waited_frame_s: sum(stage + 1, |done| done.waited_frame_s),
        };
        let boundaries = (0..done.len().saturating_sub(1)).map(boundary).collect();
        // Copies of a source announce their ends, which are no frames: the first stage knows.
        let is_base = self.layout.stages.last().is_some_and(|stage| stage.n_changes == 0);
        let counted = if is_base { done.first() } else { done.last() };
        let frames = counted.into_iter().flatten().flatten().map(|done| done.frames).sum();
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
    /// The ways back of loops around several stages.
    backs: &'a [Arc<dyn Carrier>],
    gatherings: &'a [Gathering],
    pools: &'a [Option<Arc<ThreadPool>>],
    shared: &'a Shared,
    settings: &'a Settings,
    is_once: bool,
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
                            self.leave(stage, replica);
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

    /// Leaves the ring behind a stage for a worker that does not begin, or not end.
    fn leave(self, stage: usize, replica: usize) {
        self.rings.get(stage).into_iter().for_each(|ring| ring.abandon());
        let loops = self.shape.layout.feedbacks.iter().zip(self.backs);
        loops.filter(|(back, _)| back.until == stage).for_each(|(_, ring)| ring.abandon());
        if replica > 0 {
            self.gatherings[stage].leave(replica, None);
        }
    }

    /// User code is guarded inside, so a panic here is a bug of the runtime; it is told rather than hidden.
    fn guarded(self, kit: Kit, stage: usize, replica: usize) -> Option<Done> {
        let work = catch_unwind(AssertUnwindSafe(|| self.one(kit, stage, replica)));
        match work {
            Ok(done) => Some(done),
            Err(payload) => {
                self.shared.fault.record(0, panic_error(&format!("stage {stage}"), None, &*payload));
                self.leave(stage, replica);
                None
            }
        }
    }

    /// One replica of one stage, from its first frame to its last.
    fn one(self, kit: Kit, stage: usize, replica: usize) -> Done {
        let Yard { shape, shared, settings, .. } = self;
        let _pinned = pin::pin(&shape.posts[stage].cores, replica);
        let layout = &shape.layout.stages[stage];
        let (observer, pool) = (settings.observer.as_deref(), self.pools[stage].as_ref());
        let once = Some(shared).filter(|_| self.is_once);
        let tools = Tools { sampling: settings.sampling, observer, pool, replica, once };
        let mut engine = Engine::link(layout, &shape.layout.slots, kit, tools);
        let inlet = self.inlet(&mut engine, layout);
        let outlet = self.outlet(&mut engine, layout);
        let (hands_on, n_changes) = (layout.emits == 0, layout.n_changes);
        let (release, back) = (self.release(stage), self.back(&mut engine, stage));
        let mut worker =
            Worker { engine: &mut engine, outlet, shared, hands_on, n_changes, emitted: 0, release, back };
        let mut waited_frame_s = 0.0;
        let frames = match inlet {
            None => {
                let tokens = if hands_on { self.tokens(stage) } else { Vec::new() };
                worker.lead(tokens, shape.numbers)
            }
            Some(mut inlet) => {
                let frames = worker.follow(&mut *inlet);
                waited_frame_s = inlet.waited().seconds;
                frames
            }
        };
        let gathering = Some(&self.gatherings[stage]).filter(|_| shape.merges(stage));
        match gathering.filter(|_| replica == 0) {
            Some(gathering) => {
                gathering.visit(|kit| worker.engine.merge(kit));
                worker.finish();
            }
            None if gathering.is_none() => worker.finish(),
            None => {}
        }
        let _ = worker.back.take().map(|back| back.outlet.close());
        let waited_room_s = worker.outlet.take().map_or(0.0, |outlet| outlet.close().seconds);
        let (kit, counts) = engine.unlink();
        let mut kit = Some(kit);
        if let Some(gathering) = gathering.filter(|_| replica > 0) {
            gathering.leave(replica, kit.take());
        }
        Done { kit, counts, frames, waited_frame_s, waited_room_s }
    }

    /// Ties the ends of loops that go back from or to this stage.
    fn back(self, engine: &mut Engine<'_>, stage: usize) -> Option<Back> {
        let slots = &self.shape.layout.slots;
        let mut way_back = None;
        for (Feedback { enter, until, back, .. }, ring) in self.shape.layout.feedbacks.iter().zip(self.backs)
        {
            if enter.0 == stage {
                let cells = back.map(|slot| engine.cell(slot, slots));
                engine.attach(enter.1, ring.clone().inlet(cells.into()));
            }
            if *until == stage {
                let cells = back.map(|slot| engine.cell(slot, slots));
                let cell = cells[0].clone();
                way_back = Some(Back { outlet: ring.clone().outlet(cells.into()), cell });
            }
        }
        way_back
    }

    /// Where the last stage gives back the token of a frame that it is done with.
    fn release(self, stage: usize) -> Option<Box<dyn Outlet>> {
        let gate = self.gates.iter().find(|gate| gate.behind == stage && self.shape.window.is_some())?;
        Some(gate.tokens.clone().outlet(Vec::new()))
    }

    /// Tokens for a first stage to take before each frame.
    fn tokens(self, stage: usize) -> Vec<Box<dyn Inlet>> {
        let gates = self.gates.iter().filter(|gate| gate.first == stage);
        gates.map(|gate| gate.tokens.clone().inlet(Vec::new())).collect()
    }

    fn inlet(self, engine: &mut Engine<'_>, layout: &StageLayout) -> Option<Box<dyn Inlet>> {
        let (stage, slots) = (layout.index, &self.shape.layout.slots);
        let ring = &self.rings[stage.checked_sub(1)?];
        let inlet = ring.clone().inlet(layout.imports.iter().map(|&slot| engine.cell(slot, slots)).collect());
        let gates = self.gates.iter().filter(|gate| gate.behind == stage && self.shape.window.is_none());
        Some(gates.fold(inlet, |inlet, gate| {
            let tokens = gate.tokens.clone().outlet(Vec::new());
            Box::new(Releasing { inlet, tokens })
        }))
    }

    fn outlet(self, engine: &mut Engine<'_>, layout: &StageLayout) -> Option<Box<dyn Outlet>> {
        let (stage, slots) = (layout.index, &self.shape.layout.slots);
        let ring = self.rings.get(stage)?;
        let outlet =
            ring.clone().outlet(layout.exports.iter().map(|&slot| engine.cell(slot, slots)).collect());
        // A first stage takes them before it begins a frame, unless a splitter counts frames anew.
        let is_first = stage == 0 && layout.emits == 0;
        let tokens = if is_first { Vec::new() } else { self.tokens(stage) };
        let gated = |outlet, tokens| Box::new(Gated { outlet, tokens }) as Box<dyn Outlet>;
        Some(tokens.into_iter().fold(outlet, gated))
    }
}
