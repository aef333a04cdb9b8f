//! Model checks of a loop around two stages: the way back beside the way forth, with the workers of a real run.

use std::{
    sync::{Arc, Mutex},
    time::Instant,
};

use loom::thread;
use rayon::ThreadPool;

use super::{
    Graph, Settings, Stage,
    board::Board,
    gather::Gathering,
    layout::{Kit, lay_out},
    model::{PARKING, model},
    ring::Carrier,
    shape::{Post, Shape},
    shared::Shared,
    wait::Waiting,
    work::Numbers,
    yard::Yard,
};
use crate::closures::{iterate, map};

/// Everything that the threads of a run share.
struct Run {
    shape: Shape,
    board: Board,
    shared: Shared,
    settings: Settings,
    rings: Vec<Arc<dyn Carrier>>,
    backs: Vec<Arc<dyn Carrier>>,
    gatherings: Vec<Gathering>,
    pools: Vec<Option<Arc<ThreadPool>>>,
}

impl Run {
    fn new(graph: Graph, counts: [usize; 2], waiting: Waiting) -> (Arc<Self>, Vec<Kit>) {
        let (layout, kits) = lay_out(graph, &counts).unwrap();
        let post = |n| Post::of(&Stage::new(n).depth(1).waiting(waiting));
        let posts = counts.map(post).into();
        let shape = Shape { layout, posts, numbers: Numbers::Own, window: None, memory: None };
        let settings = Settings::default();
        let run = Run {
            board: Board::new(shape.layout.stages.iter().map(|layout| (layout.steps.len(), 1))),
            shared: Shared::new(&settings, Default::default()),
            rings: shape.rings(),
            backs: shape.backs(),
            gatherings: counts.map(|_| Gathering::new(1)).into(),
            pools: counts.map(|_| None).into(),
            shape,
            settings,
        };
        (Arc::new(run), kits)
    }

    /// The worker of a stage, to its end.
    fn work(&self, kit: Kit, stage: usize) {
        let scene = self.shape.scene(&self.board, Instant::now());
        let yard = Yard {
            shape: &self.shape,
            scene: &scene,
            rings: &self.rings,
            gates: &[],
            backs: &self.backs,
            meters: &[const { None }],
            budget: None,
            gatherings: &self.gatherings,
            pools: &self.pools,
            shared: &self.shared,
            settings: &self.settings,
            is_once: false,
        };
        yard.one(kit, stage, 0);
    }
}

/// So many frames, each of which goes around twice, unless one fails; whether any has, and what came out.
fn go_around(n: u64, width: usize, waiting: Waiting, fails_at: Option<u64>) -> (bool, Vec<u64>) {
    let all = Arc::new(Mutex::new(Vec::new()));
    let seen = all.clone();
    let mut graph = Graph::new();
    let frame = graph.source(iterate("Count", 0..n));
    let step = move |n| if Some(n) == fails_at { Err("trap".into()) } else { Ok(n + 10) };
    let end = graph.feedback(frame, width, |graph, n| graph.task(n, map("Step", step)), |n| *n >= 20);
    let keep = move |n| {
        seen.lock().unwrap().push(n);
        Ok(())
    };
    graph.task(end, map("Keep", keep));
    let (run, mut kits) = Run::new(graph, [2, 3], waiting);
    let (far, kit) = (run.clone(), kits.pop().unwrap());
    let thread = thread::spawn(move || far.work(kit, 1));
    run.work(kits.pop().unwrap(), 0);
    thread.join().unwrap();
    let all = std::mem::take(&mut *all.lock().unwrap());
    (run.shared.fault.is_any(), all)
}

#[test]
fn one_frame_in_a_loop() {
    for waiting in PARKING {
        model(4, move || assert_eq!(go_around(1, 1, waiting, None), (false, vec![20])));
    }
}

/// The second waits for its place, or both go around side by side.
#[test]
fn two_frames_in_a_loop() {
    for width in [1, 2] {
        model(3, move || assert_eq!(go_around(2, width, Waiting::Park, None), (false, vec![20, 21])));
    }
}

/// A frame that fails leaves its place, and both stages come to their end.
#[test]
fn a_failure_in_a_loop() {
    for fails_at in [0, 10, 1] {
        model(3, move || {
            let (has_failed, all) = go_around(2, 2, Waiting::Park, Some(fails_at));
            assert!(has_failed && all.len() < 2);
        });
    }
}
