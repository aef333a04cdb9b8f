//! A graph ready to run: its tasks, replica by replica, and how a run of them is begun and ended.

use std::{sync::Arc, thread::available_parallelism, time::Instant};

use rayon::ThreadPool;

use super::{
    BoundaryStats, CoreSet, SCHEMA, Settings, StreamReport,
    board::Board,
    gather::Gathering,
    hands::Hands,
    layout::{Copying, Kit, Layout},
    left,
    limit::Budget,
    recut::Part,
    shape::{Post, Shape},
    shared::Shared,
    snapshot::Scene,
    threads::Pool,
    watch::Watch,
    work::Numbers,
    yard::{Done, Yard},
};
use crate::{BuildError, Error};

/// A graph ready to run, with everything its threads need.
pub(crate) struct Crew {
    shape: Arc<Shape>,
    /// By stage and replica; `None` only if the runtime itself failed on that thread.
    kits: Vec<Vec<Option<Kit>>>,
    board: Arc<Board>,
    /// The threads of its workers, between two runs.
    hands: Hands,
    /// Threads for all tasks that are parallel inside, instead of some for each stage.
    pool: Option<Arc<ThreadPool>>,
    /// There is one frame, the run itself: it has no number, and a stop is looked for between tasks.
    is_once: bool,
    /// The part of the stream that is run next.
    part: Part,
    /// The run before gave all frames that were asked for, and nothing was finished.
    has_paused: bool,
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
        let shape = Shape { layout, posts, numbers, window: None, memory: None };
        if let Some(stage) = shape.unordered_in_loop() {
            return Err(BuildError::UnorderedLoop { stage });
        }
        let Shape { layout, posts, .. } = &shape;
        let board = Board::new(layout.stages.iter().zip(posts).map(|(l, p)| (l.steps.len(), p.replicas)));
        Ok(Crew {
            shape: Arc::new(shape),
            kits,
            board: Arc::new(board),
            hands: Hands::default(),
            pool: None,
            is_once: false,
            part: Part::default(),
            has_paused: false,
        })
    }

    /// Only a run shares it, and a run that could not give it back leaves the crew broken.
    fn shape_mut(&mut self) -> Option<&mut Shape> {
        Arc::get_mut(&mut self.shape)
    }

    /// Limits the frames from the source to the end.
    pub(crate) fn set_window(&mut self, window: usize) {
        self.shape_mut().into_iter().for_each(|shape| shape.window = Some(window));
    }

    /// Limits the bytes from the source to the end.
    pub(crate) fn set_memory(&mut self, bytes: usize) -> Result<(), BuildError> {
        let layout = &self.shape.layout;
        if !(0..layout.stages.len()).any(|stage| layout.is_weighed(stage)) {
            return Err(BuildError::Unweighed { stage: None });
        }
        self.shape_mut().ok_or(BuildError::Broken)?.memory = Some(bytes);
        Ok(())
    }

    /// Lets all tasks that are parallel inside share the threads of `pool`.
    pub(crate) fn set_pool(&mut self, pool: Option<Arc<ThreadPool>>) {
        self.pool = pool;
    }

    /// Puts the threads of the first stage on cores.
    pub(crate) fn pin(&mut self, cores: &[CoreSet]) {
        if let Some(post) = self.shape_mut().and_then(|shape| shape.posts.first_mut()) {
            post.cores = cores.to_vec();
        }
    }

    /// Treats the only frame as the run itself.
    pub(crate) fn set_once(&mut self) {
        self.is_once = true;
    }

    /// Says which part of the stream is run next.
    pub(crate) fn set_part(&mut self, part: Part) {
        self.part = part;
    }

    /// Whether the run before left the stream to go on.
    pub(crate) fn has_paused(&self) -> bool {
        self.has_paused
    }

    /// The tasks of the first replica of each stage.
    pub(crate) fn into_kits(self) -> Result<Vec<Kit>, BuildError> {
        let first = |stage: Vec<Option<Kit>>| stage.into_iter().next().flatten().ok_or(BuildError::Broken);
        self.kits.into_iter().map(first).collect()
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
        if self.kits.iter().flatten().any(Option::is_none) {
            return Err(BuildError::Broken.into());
        }
        let is_empty = self.shape.layout.stages.iter().all(|stage| stage.steps.is_empty());
        if is_empty && !self.is_once {
            return Err(BuildError::Zero { setting: "tasks" }.into());
        }
        let own = self.own_pools()?;
        let mut yard = Arc::new(self.yard(settings, &own, started));
        let mut done = yard.work(std::mem::take(&mut self.kits), &mut self.hands);
        let Some(Yard { rings, backs, shape, shared, pools, .. }) = Arc::get_mut(&mut yard) else {
            return Err(BuildError::Broken.into());
        };
        left::drain(rings, backs, &shape.layout, shared);
        pools.clear();
        drop(own);
        let Yard { scene, shared, gatherings, .. } = &*yard;
        let report = report(scene, &done);
        Watch { scene, settings, shared }.tell_snapshot(true);
        for (stage, workers) in done.iter_mut().enumerate() {
            let kit = |(replica, done): (usize, &mut Option<Done>)| {
                done.take().and_then(|done| done.kit).or_else(|| gatherings[stage].take(replica))
            };
            self.kits.push(workers.iter_mut().enumerate().map(kit).collect());
        }
        self.has_paused = shared.is_paused();
        let result = shared.result();
        if result.is_err() {
            self.hands.dismiss();
        }
        Ok((report, result))
    }

    /// What the workers of a run are to see.
    fn yard(&self, settings: &Settings, own: &[Option<Pool>], started: Instant) -> Yard {
        let shape = &self.shape;
        self.board.reset();
        Yard {
            scene: shape.scene(&self.board, started),
            rings: shape.rings(),
            gates: shape.gates(),
            backs: shape.backs(),
            meters: shape.meters(),
            budget: shape.memory.map(|bytes| Arc::new(Budget::new(bytes))),
            gatherings: shape.posts.iter().map(|post| Gathering::new(post.replicas)).collect(),
            pools: own
                .iter()
                .map(|own| own.as_ref().map_or_else(|| self.pool.clone(), Pool::threads))
                .collect(),
            shared: Shared::new(settings, self.part),
            settings: settings.clone(),
            is_once: self.is_once,
            shape: shape.clone(),
        }
    }

    /// A pool for each stage with tasks that are parallel inside, unless all share one.
    fn own_pools(&self) -> Result<Vec<Option<Pool>>, Error> {
        // Asking the system takes longer than starting a thread, so only where it matters.
        let all = || available_parallelism().map_or(1, usize::from);
        let stages = self.kits.iter().zip(&self.shape.posts);
        let pools = stages.map(|(kits, post)| {
            let bodies = kits.iter().flatten().flat_map(|kit| &kit.bodies);
            let most = bodies.map(|body| body.max_threads()).max().unwrap_or(1);
            if most == 1 || self.pool.is_some() {
                return Ok(None);
            }
            // Also for one thread: outside a pool of the runtime's, a parallel task would take the whole machine.
            Pool::start(most.min(post.threads.unwrap_or_else(all))).map(Some)
        });
        pools.collect()
    }
}

/// What a run says when it is over.
pub(crate) fn report(scene: &Scene, done: &[Vec<Option<Done>>]) -> StreamReport {
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
    let (frames, tasks, wall_s) = (scene.frames(), scene.tasks(), scene.started.elapsed().as_secs_f64());
    StreamReport { schema: SCHEMA, frames, wall_s, tasks, boundaries }
}
