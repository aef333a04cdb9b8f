//! `test-pipeline-double-chain`: two chains of three in one stage, in place and from in to out.
//!
//! StreamPU's forward sockets alias: both chains work on one buffer, so that their six steps add up (40 + 6) if they
//! happen to run in the right order. Here a frame with two readers is cloned, and each chain sees its own. What is to
//! add up is bound in series, in an order that the graph tells.

use facette_flow::{
    graph::{Graph, Out, Stage},
    modules::{Fill, Increment},
};

use crate::support::{Bytes, WAITINGS, finish, history, increments, run_copies, run_stages};

const LENGTH: usize = 2048;
const FRAMES: usize = 40;

fn in_place(graph: &mut Graph, mut frame: Out<Bytes>) -> Out<Bytes> {
    for _ in 0..3 {
        frame = graph.forward(frame, Increment::by(1));
    }
    frame
}

fn check(want: &[u8], tail: usize, declare: fn(&mut Graph) -> Vec<Out<Bytes>>) {
    for (replicas, waiting) in [0, 1, 2, 5].into_iter().zip([WAITINGS[1]].into_iter().chain(WAITINGS)) {
        let mut graph = Graph::new();
        let ends = declare(&mut graph);
        let inside = graph.n_tasks() - 1;
        let keep = |frame| {
            let (keep, all) = history();
            graph.task(frame, keep);
            all
        };
        let all: Vec<_> = ends.into_iter().map(keep).collect();
        if replicas == 0 {
            run_copies(graph, 1, FRAMES as u64);
        } else {
            let stage = |n| Stage::new(n).waiting(waiting).depth(3);
            run_stages(graph, &[stage(1), stage(inside).replicas(replicas), stage(tail)], FRAMES as u64);
        }
        for (all, &value) in all.iter().zip(want) {
            assert_eq!(finish(all), [vec![vec![value; LENGTH]; FRAMES]], "{replicas} replicas, {waiting:?}");
        }
    }
}

#[test]
fn two_chains_in_series_add_up() {
    check(&[46], 1, |graph| {
        let frame = graph.source(Fill::new(LENGTH, 40_u8));
        let frame = in_place(graph, frame);
        vec![increments(graph, frame, 3)]
    });
}

#[test]
fn two_chains_side_by_side_do_not_touch_each_other() {
    check(&[43, 43], 2, |graph| {
        let frame = graph.source(Fill::new(LENGTH, 40_u8));
        let first = in_place(graph, frame.clone());
        let second = increments(graph, frame, 3);
        vec![first, second]
    });
    // An order between the chains changes nothing in what they give.
    check(&[43, 43], 2, |graph| {
        let frame = graph.source(Fill::new(LENGTH, 40_u8));
        let first = in_place(graph, frame.clone());
        let second = graph.task(frame, Increment::by(1));
        graph.order(&first, &second);
        vec![first, increments(graph, second, 2)]
    });
}
