//! Model checks of a loop around two stages: the way back beside the way forth, with the workers of a real run.

use std::{
    sync::{Arc, Mutex},
    time::Instant,
};

use loom::thread;

use super::{
    Graph, Settings, Stage,
    board::Board,
    gather::Gathering,
    layout::{Kit, lay_out},
    model::{PARKING, model},
    shape::{Post, Shape},
    shared::Shared,
    wait::Waiting,
    work::Numbers,
    yard::Yard,
};
use crate::closures::{iterate, map};

/// What the threads of a run share, and the two stages' tasks.
fn yard(graph: Graph, counts: [usize; 2], waiting: Waiting) -> (Arc<Yard>, Vec<Kit>) {
    let (layout, kits) = lay_out(graph, &counts).unwrap();
    let post = |n| Post::of(&Stage::new(n).depth(1).waiting(waiting));
    let posts = counts.map(post).into();
    let shape = Arc::new(Shape { layout, posts, numbers: Numbers::Own, window: None, memory: None });
    let board = Arc::new(Board::new(shape.layout.stages.iter().map(|layout| (layout.steps.len(), 1))));
    let settings = Settings::default();
    let yard = Yard {
        scene: shape.scene(&board, Instant::now()),
        rings: shape.rings(),
        gates: Vec::new(),
        backs: shape.backs(),
        meters: vec![None],
        budget: None,
        gatherings: counts.map(|_| Gathering::new(1)).into(),
        pools: counts.map(|_| None).into(),
        shared: Shared::new(&settings, Default::default()),
        settings,
        is_once: false,
        shape,
    };
    (Arc::new(yard), kits)
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
    let (run, mut kits) = yard(graph, [2, 3], waiting);
    let (far, kit) = (run.clone(), kits.pop().unwrap());
    let thread = thread::spawn(move || drop(far.one(kit, 1, 0)));
    run.one(kits.pop().unwrap(), 0, 0);
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
