//! `test-complex-pipeline-full-fwd`, `-mix-fwd`, `-inter-stage`: frames that go to two and three later stages.
//!
//! In StreamPU two forward sockets bound to one socket work on one buffer. Here each works on a frame of its own, so
//! where StreamPU's programs expect the steps of both (42), they are bound in series; as they stand, each gives its own
//! step (41), and the comparison still holds.

use facette_flow::{
    Task,
    closures::replicable,
    graph::{Graph, Out, Stage, Waiting},
    modules::{Fill, Increment, Relay},
};

use crate::support::{Bytes, Fed, WAITINGS, finish, history, run_copies, run_stages, watched};
use facette_flow::modules::Keep;

const LENGTH: usize = 512;
const FRAMES: usize = 100;

/// Hands the last frame on if all are equal.
fn compare_two() -> impl Task<In = (Bytes, Bytes), Out = Bytes> {
    replicable("compare", |(a, b): (Bytes, Bytes)| if a == b { Ok(b) } else { Err(unequal(&[&a, &b])) })
}

fn compare_three() -> impl Task<In = (Bytes, Bytes, Bytes), Out = Bytes> {
    replicable(
        "compare",
        |(a, b, c): (Bytes, Bytes, Bytes)| {
            if a == b && b == c { Ok(c) } else { Err(unequal(&[&a, &b, &c])) }
        },
    )
}

fn unequal(frames: &[&Bytes]) -> facette_flow::BoxError {
    format!("{:?} differ", frames.iter().map(|frame| frame[0]).collect::<Vec<_>>()).into()
}

/// Keeps what comes out of `frame`.
fn keep(graph: &mut Graph, frame: Out<Bytes>) -> (Out<()>, Fed<Keep<Bytes>>) {
    let (keep, all) = history();
    (graph.task(frame, keep), all)
}

/// Runs a graph as a sequence and as pipelines whose second and fourth stage are wide.
fn check(want: &[u8], stages: &'static [usize], declare: fn(&mut Graph) -> Vec<Fed<Keep<Bytes>>>) {
    for (replicas, depth, waiting) in [
        (0, 1, Waiting::Park),
        (1, 1, WAITINGS[0]),
        (2, 16, WAITINGS[1]),
        (4, 1, WAITINGS[2]),
        (5, 16, WAITINGS[0]),
    ] {
        let want = want.to_vec();
        let what = format!("{replicas} replicas, depth {depth}, {waiting:?}");
        watched(what.clone(), move || {
            let mut graph = Graph::new();
            let all = declare(&mut graph);
            if replicas == 0 {
                run_copies(graph, 1, FRAMES as u64);
            } else {
                let width = |i: usize| if i % 2 == 1 && i + 1 < stages.len() { replicas } else { 1 };
                let stage =
                    |(i, &n): (usize, &usize)| Stage::new(n).replicas(width(i)).depth(depth).waiting(waiting);
                let stages: Vec<Stage> = stages.iter().enumerate().map(stage).collect();
                run_stages(graph, &stages, FRAMES as u64);
            }
            for (all, value) in all.iter().zip(want) {
                assert_eq!(finish(all), [vec![vec![value; LENGTH]; FRAMES]], "{what}");
            }
        });
    }
}

#[test]
fn full_fwd() {
    check(&[42], &[2, 1, 1, 1, 2], |graph| {
        let frame = graph.source(Fill::new(LENGTH, 40_u8));
        let frame = graph.forward(frame, Relay::new());
        let frame = graph.forward(frame, Increment::by(1));
        let frame = graph.forward(frame, Relay::new());
        let frame = graph.forward(frame, Increment::by(1));
        let frame = graph.task((frame.clone(), frame), compare_two());
        vec![keep(graph, frame).1]
    });
}

#[test]
fn one_frame_forwarded_in_two_later_stages() {
    check(&[41], &[2, 1, 1, 1, 2], |graph| {
        let frame = graph.source(Fill::new(LENGTH, 40_u8));
        let frame = graph.forward(frame, Relay::new());
        let near = graph.forward(frame.clone(), Increment::by(1));
        let near = graph.forward(near, Relay::new());
        let far = graph.forward(frame, Increment::by(1));
        let frame = graph.task((near, far), compare_two());
        vec![keep(graph, frame).1]
    });
}

#[test]
fn mix_fwd() {
    check(&[42, 41], &[2, 2, 1, 1, 3], |graph| {
        let frame = graph.source(Fill::new(LENGTH, 40_u8));
        let frame = graph.forward(frame, Relay::new());
        let frame = graph.forward(frame, Increment::by(1));
        let aside = graph.task(frame.clone(), Relay::new());
        let frame = graph.forward(frame, Relay::new());
        let frame = graph.forward(frame, Increment::by(1));
        graph.order(&aside, &frame);
        let frame = graph.task((frame.clone(), frame.clone(), frame), compare_three());
        let (done, all) = keep(graph, frame);
        let (later, aside) = keep(graph, aside);
        graph.order(&done, &later);
        vec![all, aside]
    });
}

#[test]
fn one_frame_forwarded_in_three_stages() {
    check(&[41, 40], &[2, 2, 1, 1, 4], |graph| {
        let frame = graph.source(Fill::new(LENGTH, 40_u8));
        let relayed = graph.forward(frame.clone(), Relay::new());
        let near = graph.forward(relayed.clone(), Increment::by(1));
        let aside = graph.task(frame.clone(), Relay::new());
        let near = graph.forward(near, Relay::new());
        let middle = graph.forward(relayed, Increment::by(1));
        graph.order(&aside, &middle);
        let far = graph.forward(frame, Increment::by(1));
        let frame = graph.task((near, middle, far), compare_three());
        let (done, all) = keep(graph, frame);
        let (later, aside) = keep(graph, aside);
        graph.order(&done, &later);
        vec![all, aside]
    });
}

/// The frame of the source goes to an incrementer in stage 1 (in), and to the comparison in stage 2 (forward).
#[test]
fn inter_stage() {
    check(&[8], &[1, 7, 1, 1], |graph| {
        let frame = graph.source(Fill::new(LENGTH, 1_u8));
        let mut steps = graph.task(frame.clone(), Increment::by(1));
        for _ in 0..6 {
            steps = graph.forward(steps, Increment::by(1));
        }
        let multiply = replicable("multiply_compare", |(frame, steps): (Bytes, Bytes)| {
            let frame: Bytes = frame.into_iter().map(|byte| 7 * byte + 1).collect();
            if frame == steps { Ok(steps) } else { Err(unequal(&[&frame, &steps])) }
        });
        let frame = graph.task((frame, steps), multiply);
        vec![keep(graph, frame).1]
    });
}
