//! `test-pipeline-builder-simple`, `-conditional`: stages are plain values, put together before anything is built.

use facette_flow::{
    BuildError,
    graph::{Graph, Pipeline, Stage},
    modules::{Fill, Increment, ReadBytes, Relay},
};

use crate::support::{Bytes, WAITINGS, finish, history, run_stages, some_bytes, watched};

#[test]
fn simple() {
    for (i, depth) in [1, 16, 1024].into_iter().enumerate() {
        let waiting = WAITINGS[i];
        watched(format!("depth {depth}, {waiting:?}"), move || {
            let bytes = some_bytes(10_001);
            let mut graph = Graph::new();
            let reader = ReadBytes::new("read", std::io::Cursor::new(bytes.clone()), 100).unwrap();
            let mut frame = graph.source(reader);
            let mut stages = vec![Stage::new(graph.n_tasks())];
            for _ in 0..6 {
                frame = graph.task(frame, Relay::new());
            }
            let relays = Stage::new(6).replicas(3);
            stages.push(relays);
            let (keep, all) = history::<Bytes>();
            graph.task(frame, keep);
            stages.push(Stage::new(1));
            let stages: Vec<Stage> =
                stages.into_iter().map(|stage| stage.depth(depth).waiting(waiting)).collect();
            run_stages(graph, &stages, u64::MAX);
            assert_eq!(finish(&all).concat().concat(), bytes);
        });
    }
}

/// Six stages of incrementers are planned, four are taken out again: 4 + 3 increments are left.
#[test]
fn conditional() {
    let mut plan = vec![1, 1, 4, 1, 1, 3];
    for unwanted in [5, 4, 2, 1] {
        // Stage 0 is the initializer.
        plan.remove(unwanted - 1);
    }
    let mut graph = Graph::new();
    let mut frame = graph.source(Fill::new(1, 0_i32));
    let mut stages = vec![Stage::new(1).depth(4)];
    for n in plan {
        for _ in 0..n {
            frame = graph.task(frame, Increment::by(1));
        }
        stages.push(Stage::new(n));
    }
    let (keep, all) = history();
    graph.task(frame, keep);
    stages.push(Stage::new(1));
    run_stages(graph, &stages, 10);
    assert_eq!(finish(&all), [vec![vec![7]; 10]]);
}

/// A plan that does not fit the graph is told before anything runs.
#[test]
fn a_stage_too_few() {
    let mut graph = Graph::new();
    let frame = graph.source(Fill::new(1, 0_i32));
    graph.task(frame, Increment::by(1));
    let error = Pipeline::new(graph, &[Stage::new(1)]).err();
    assert_eq!(error, Some(BuildError::StageTasks { expected: 2, got: 1 }));
}
