//! The threads of a run: who works at which stage, and how their rings lie between them.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    thread::{self, Builder, available_parallelism},
    time::Instant,
};

use rayon::ThreadPool;

use super::{
    BoundaryStats, SCHEMA, Settings, Stage, StreamReport,
    board::{Board, doing},
    engine::{Engine, Tools},
    gather::Gathering,
    layout::{Kit, Layout, StageLayout},
    pin,
    ring::{Carrier, Gated, Inlet, Outlet, Releasing, RingSpec},
    shared::Shared,
    snapshot::Scene,
    threads::Pool,
    wait::Waiting,
    watch::{Bell, Watch},
    work::{Lookout, Numbers, Worker},
};
use crate::{BuildError, Error, env::panic_error};

/// How a stage is executed.
pub(crate) struct Post {
    replicas: usize,
    depth: usize,
    waiting: Waiting,
    cores: Vec<usize>,
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
    board: Board,
    /// Threads for all tasks that are parallel inside, instead of some for each stage.
    pool: Option<Arc<ThreadPool>>,
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
pub(crate) struct Done {
    /// `None` for a replica that left it in the [`Gathering`].
    kit: Option<Kit>,
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
            let copies = (1..post.replicas).map(|_| kit.replica(&stage.steps, &stage.bindings));
            let copies = copies.collect::<Result<Vec<_>, _>>()?;
            kits.push(std::iter::once(kit).chain(copies).map(Some).collect());
        }
        let board = Board::new(layout.stages.iter().zip(&posts).map(|(l, p)| (l.steps.len(), p.replicas)));
        Ok(Crew { shape: Shape { layout, posts, numbers, window: None }, kits, board, pool: None })
    }

    /// Limits the frames from the source to the end.
    pub(crate) fn set_window(&mut self, window: usize) {
        self.shape.window = Some(window);
    }

    /// Lets all tasks that are parallel inside share the threads of `pool`.
    pub(crate) fn set_pool(&mut self, pool: Option<Arc<ThreadPool>>) {
        self.pool = pool;
    }

    pub(crate) fn run(&mut self, settings: &Settings) -> Result<StreamReport, Error> {
        let started = Instant::now();
        let shared = Shared::new(settings);
        let (rings, gates) = (self.shape.rings(), self.shape.gates());
        let gatherings: Vec<_> = self.shape.posts.iter().map(|post| Gathering::new(post.replicas)).collect();
        let own = self.own_pools()?;
        let pools: Vec<_> =
            own.iter().map(|own| own.as_ref().map_or_else(|| self.pool.clone(), Pool::threads)).collect();
        self.board.reset();
        let scene = self.shape.scene(&self.board, started);
        let yard = Yard {
            shape: &self.shape,
            scene: &scene,
            rings: &rings,
            gates: &gates,
            gatherings: &gatherings,
            pools: &pools,
            shared: &shared,
            settings,
        };
        let mut done = yard.work(std::mem::take(&mut self.kits));
        drop((pools, own));
        let report = report(&scene, &done);
        Watch { scene: &scene, settings, shared: &shared }.tell_snapshot(true);
        for (stage, workers) in done.iter_mut().enumerate() {
            let kit = |(replica, done): (usize, &mut Option<Done>)| {
                done.take().and_then(|done| done.kit).or_else(|| gatherings[stage].take(replica))
            };
            self.kits.push(workers.iter_mut().enumerate().map(kit).collect());
        }
        shared.into_result()?;
        Ok(report)
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
        let ring = |(stage, layout): (usize, &Arc<StageLayout>)| {
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
        // A stage that gives frames of another rate counts them anew, in order.
        let is_wide = |stage: usize| self.posts[stage].replicas > 1 && self.layout.stages[stage].emits == 0;
        let mut gates = Vec::new();
        for last in 1..self.posts.len().saturating_sub(1) {
            if is_wide(last) && is_wide(last - 1) && !is_wide(last + 1) {
                let first = (0..last).rev().find(|&stage| !is_wide(stage)).unwrap_or(0);
                gates.push(self.gate(first, last + 1, self.spec(last).capacity));
            }
        }
        let last = self.posts.len() - 1;
        if let Some(window) = self.window.filter(|_| last > 0) {
            // Whoever has taken a frame out at the end has given its token back.
            gates.push(self.gate(0, last, window.saturating_sub(self.posts[last].replicas).max(1)));
        }
        gates
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

    fn scene<'a>(&'a self, board: &'a Board, started: Instant) -> Scene<'a> {
        let capacities = (1..self.posts.len()).map(|stage| self.spec(stage - 1).capacity).collect();
        Scene { stages: &self.layout.stages, capacities, board, started }
    }
}

/// What a run says when it is over.
pub(crate) fn report(scene: &Scene<'_>, done: &[Vec<Option<Done>>]) -> StreamReport {
    let each = |stage: usize, part: fn(&Done) -> f64| -> Vec<f64> {
        done[stage].iter().map(|done| done.as_ref().map_or(0.0, part)).collect()
    };
    let boundary = |(stage, &capacity): (usize, &usize)| {
        let room = each(stage, |done| done.waited_room_s);
        let frame = each(stage + 1, |done| done.waited_frame_s);
        BoundaryStats {
            capacity: capacity as u64,
            occupancy: scene.occupancy(stage),
            waited_room_s: room.iter().sum(),
            waited_frame_s: frame.iter().sum(),
            replicas_waited_room_s: room,
            replicas_waited_frame_s: frame,
        }
    };
    let boundaries = scene.capacities.iter().enumerate().map(boundary).collect();
    let (frames, tasks, wall_s) =
        (scene.board.frames(), scene.tasks(), scene.started.elapsed().as_secs_f64());
    StreamReport { schema: SCHEMA, frames, wall_s, tasks, boundaries }
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
    scene: &'a Scene<'a>,
    rings: &'a [Arc<dyn Carrier>],
    gates: &'a [Gate],
    gatherings: &'a [Gathering],
    pools: &'a [Option<Arc<ThreadPool>>],
    shared: &'a Shared,
    settings: &'a Settings,
}

impl Yard<'_> {
    /// Starts the threads from the end to the front, so that whoever begins has somebody to hand on to.
    fn work(self, kits: Vec<Vec<Option<Kit>>>) -> Vec<Vec<Option<Done>>> {
        let mut done: Vec<Vec<Option<Done>>> =
            kits.iter().map(|stage| stage.iter().map(|_| None).collect()).collect();
        let bell = Bell::default();
        thread::scope(|scope| {
            if Watch::is_needed(self.settings) {
                let watch = Watch { scene: self.scene, settings: self.settings, shared: self.shared };
                let (bell, builder) = (&bell, Builder::new().name("flow watch".to_owned()));
                let started = builder.spawn_scoped(scope, move || watch.keep(bell));
                started.map_or_else(|source| self.refuse(source), |handle| bell.set(handle.thread()));
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
            bell.ring();
        });
        done
    }

    fn refuse(self, source: std::io::Error) {
        self.shared.fault.record(0, Error::Threads { source: source.into() });
    }

    /// Leaves the ring behind a stage for a worker that does not begin, or not end.
    fn leave(self, stage: usize, replica: usize) {
        self.rings.get(stage).into_iter().for_each(|ring| ring.abandon());
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
        if settings.stall_after.is_some() {
            self.scene.board.stages[stage][replica].sit_down(self.pools[stage].is_some());
        }
        let _pinned = pin::pin(&shape.posts[stage].cores, replica);
        let layout = &shape.layout.stages[stage];
        let desk = &self.scene.board.stages[stage][replica];
        let tools = Tools {
            sampling: settings.sampling,
            observer: settings.observer.clone(),
            pool: self.pools[stage].clone(),
            desk: desk.clone(),
        };
        let mut engine = Engine::link(layout.clone(), &shape.layout.slots, kit, tools);
        let inlet = self.inlet(&mut engine, layout);
        let outlet = self.outlet(&mut engine, layout);
        let lookout = Lookout {
            desk,
            board: self.scene.board,
            sampling: settings.sampling,
            observer: settings.observer.as_deref(),
            shared,
            capacity: outlet.as_ref().map_or(0, |_| shape.spec(stage).capacity),
        };
        let (hands_on, n_changes) = (layout.emits == 0, layout.n_changes);
        let mut worker =
            Worker { engine: &mut engine, outlet, lookout, shared, hands_on, n_changes, emitted: 0 };
        let (mut waited_frame_s, mut waited_token_s) = (0.0, 0.0);
        match inlet {
            None => {
                let mut tokens = self.tokens(stage);
                worker.lead(&mut tokens, shape.numbers);
                waited_token_s = tokens.iter().map(|tokens| tokens.waited().seconds).sum();
            }
            Some(mut inlet) => {
                worker.follow(&mut *inlet);
                waited_frame_s = inlet.waited().seconds;
            }
        }
        let gathering = Some(&self.gatherings[stage]).filter(|_| shape.merges(stage));
        match gathering.filter(|_| replica == 0) {
            Some(gathering) => {
                desk.set_doing(doing::OTHERS);
                gathering.visit(|kit| worker.engine.merge(kit));
                worker.finish();
            }
            None if gathering.is_none() => worker.finish(),
            None => {}
        }
        let waited_room_s = worker.outlet.take().map_or(0.0, |outlet| outlet.close().seconds);
        desk.set_doing(doing::OVER);
        let mut kit = Some(engine.unlink());
        if let Some(gathering) = gathering.filter(|_| replica > 0) {
            gathering.leave(replica, kit.take());
        }
        Done { kit, waited_frame_s, waited_room_s: waited_room_s + waited_token_s }
    }

    /// Tokens for a first stage to take before each frame.
    fn tokens(self, stage: usize) -> Vec<Box<dyn Inlet>> {
        let gates = self.gates.iter().filter(|gate| gate.first == stage);
        gates.map(|gate| gate.tokens.clone().inlet(Vec::new())).collect()
    }

    fn inlet(self, engine: &mut Engine, layout: &StageLayout) -> Option<Box<dyn Inlet>> {
        let (stage, slots) = (layout.index, &self.shape.layout.slots);
        let ring = &self.rings[stage.checked_sub(1)?];
        let inlet = ring.clone().inlet(layout.imports.iter().map(|&slot| engine.cell(slot, slots)).collect());
        let gates = self.gates.iter().filter(|gate| gate.behind == stage);
        Some(gates.fold(inlet, |inlet, gate| {
            let tokens = gate.tokens.clone().outlet(Vec::new());
            Box::new(Releasing { inlet, tokens })
        }))
    }

    fn outlet(self, engine: &mut Engine, layout: &StageLayout) -> Option<Box<dyn Outlet>> {
        let (stage, slots) = (layout.index, &self.shape.layout.slots);
        let ring = self.rings.get(stage)?;
        let outlet =
            ring.clone().outlet(layout.exports.iter().map(|&slot| engine.cell(slot, slots)).collect());
        let tokens = if stage > 0 { self.tokens(stage) } else { Vec::new() };
        let gated = |outlet, tokens| Box::new(Gated { outlet, tokens }) as Box<dyn Outlet>;
        Some(tokens.into_iter().fold(outlet, gated))
    }
}
