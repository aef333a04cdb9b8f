//! `Delayer`: a value of one frame, read by the next, in sequences and in stages of pipelines.

use facette_flow::{
    BuildError,
    closures::{iterate, map},
    graph::{Graph, Out, Pipeline, Sequence, Settings, Stage},
    modules::delay,
};

use crate::support::{finish, history, run_stages};

/// The sums of all numbers so far.
fn running_sum(graph: &mut Graph, number: Out<u64>) -> Out<u64> {
    delay(graph, 0, |graph, before| {
        let sum = graph.task((number, before), map("Add", |(n, before)| Ok(n + before)));
        (sum.clone(), sum)
    })
}

#[test]
fn a_value_of_the_frame_before() {
    let want: Vec<u64> = (0..100).map(|n| n * (n + 1) / 2).collect();
    for is_pipeline in [false, true] {
        let mut graph = Graph::new();
        let number = graph.source(iterate("Count", 0..100));
        let sum = running_sum(&mut graph, number);
        let (keep, all) = history();
        graph.task(sum, keep);
        let stages: &[Stage] =
            if is_pipeline { &[Stage::new(1), Stage::new(3), Stage::new(1)] } else { &[Stage::new(5)] };
        run_stages(graph, stages, u64::MAX);
        assert_eq!(finish(&all), std::slice::from_ref(&want));
    }
}

/// What is memorized need not come from what was produced: here it is the frame itself.
#[test]
fn the_frame_before_beside_the_frame() {
    let mut graph = Graph::new();
    let number = graph.source(iterate("Count", [3, 1, 4, 1, 5]));
    let steps = delay(&mut graph, 0, |graph, before| {
        let step =
            graph.task((number.clone(), before), map("Step", |(now, before): (i32, i32)| Ok(now - before)));
        (number, step)
    });
    let (keep, all) = history();
    graph.task(steps, keep);
    Sequence::new(graph, 1).unwrap().run(&Settings::default()).unwrap();
    assert_eq!(finish(&all), [[3, -2, 3, -3, 4]]);
}

#[test]
fn a_frame_that_is_dropped_leaves_the_memory_as_it_was() {
    let mut graph = Graph::new();
    let number = graph.source(iterate("Count", 0..10_u64));
    let sum = delay(&mut graph, 0, |graph, before| {
        let even = map("Even", |n: u64| Ok(n.is_multiple_of(2).then_some(n)));
        let even = graph.task(number, even);
        let even = graph.filter(even);
        let sum = graph.task((even, before), map("Add", |(n, before)| Ok(n + before)));
        (sum.clone(), sum)
    });
    let (keep, all) = history();
    graph.task(sum, keep);
    Sequence::new(graph, 1).unwrap().run(&Settings::default()).unwrap();
    assert_eq!(finish(&all), [[0, 2, 6, 12, 20]]);
}

#[test]
fn a_delay_is_sequential_and_stays_in_one_stage() {
    let declare = || {
        let mut graph = Graph::new();
        let number = graph.source(iterate("Count", 0..10));
        running_sum(&mut graph, number);
        graph
    };
    let error = Pipeline::new(declare(), &[Stage::new(1), Stage::new(3).replicas(2)]).err();
    assert!(matches!(error, Some(BuildError::NotReplicable { .. })), "{error:?}");
    let error = Pipeline::new(declare(), &[Stage::new(3), Stage::new(1)]).err();
    assert!(matches!(error, Some(BuildError::SplitModule { .. })), "{error:?}");
}
