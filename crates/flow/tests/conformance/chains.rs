//! `test-simple-chain`, `-fwd`, `-hybrid`: initializer → 6 incrementers → finalizer; every byte = copy + 6.

use facette_flow::{
    graph::{Forward, Graph, Stage},
    modules::{Fill, Increment, Lasting, per_copy},
};
use std::time::Duration;

use crate::support::{Bytes, finish, history, run_copies, run_stages};

const LENGTH: usize = 2048;
const FRAMES: u64 = 50;

/// Which of the six incrementers work in place.
fn chain(is_in_place: fn(usize) -> bool, service: Duration) {
    for copies in [1, 2, 4] {
        let mut graph = Graph::new();
        let mut frame = graph.source(per_copy(|copy| Fill::new(LENGTH, copy as u8)));
        for i in 0..6 {
            frame = match is_in_place(i) {
                true => graph.forward(frame, Lasting::new(Increment::by(1), service)),
                false => graph.task(frame, Lasting::new(Increment::by(1), service)),
            };
        }
        let (keep, all) = history();
        graph.task(frame, keep);
        let report = run_copies(graph, copies, FRAMES);
        assert_eq!(report.frames, FRAMES * copies as u64);
        let histories: Vec<Vec<Bytes>> = finish(&all);
        assert_eq!(histories.len(), copies);
        for (copy, history) in histories.into_iter().enumerate() {
            assert_eq!(
                history,
                vec![vec![copy as u8 + 6; LENGTH]; FRAMES as usize],
                "copy {copy} of {copies}"
            );
        }
    }
}

#[test]
fn simple_chain() {
    chain(|_| false, Duration::ZERO);
    chain(|_| false, Duration::from_micros(5));
}

#[test]
fn simple_chain_fwd() {
    chain(|_| true, Duration::ZERO);
    chain(|_| true, Duration::from_micros(5));
}

#[test]
fn simple_chain_hybrid() {
    chain(|i| i % 2 == 1, Duration::ZERO);
    chain(|i| i % 3 == 0, Duration::from_micros(5));
}

/// Tasks chosen at run time behind boxes do the same, but cannot be copied.
#[test]
fn simple_chain_of_boxed_tasks() {
    let mut graph = Graph::new();
    let mut frame = graph.source(Fill::<u8>::zeros(LENGTH));
    for _ in 0..6 {
        let task: Box<dyn Forward<Frame = Bytes>> = Box::new(Increment::by(1));
        frame = graph.forward(frame, task);
    }
    let (keep, all) = history();
    graph.task(frame, keep);
    run_stages(graph, &[Stage::new(3), Stage::new(5)], FRAMES);
    assert_eq!(finish(&all), [vec![vec![6_u8; LENGTH]; FRAMES as usize]]);
}
