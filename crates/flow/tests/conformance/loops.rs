//! `test-for-loop`, `test-do-while-loop`, `test-nested-loops`, `test-nested-do-while-loops`, `test-nested-loops-pipeline`.
//!
//! Each out of switcher and iterator, as StreamPU's programs are, and in the words that are built on them.

use facette_flow::{
    graph::{Graph, Out, Select, Stage},
    modules::{Fill, Iterate, Relay, per_copy},
};

use crate::support::{Bytes, WAITINGS, finish, history, increments, run_copies, run_stages, watched};

const LENGTH: usize = 256;
const FRAMES: u64 = 20;

type Body = dyn Fn(&mut Graph, Out<Bytes>) -> Out<Bytes>;

fn six(graph: &mut Graph, frame: Out<Bytes>) -> Out<Bytes> {
    increments(graph, frame, 6)
}

/// Condition first: select → iterate → commute, body on path 0.
fn for_loop_of(graph: &mut Graph, start: Out<Bytes>, times: u64, body: &Body) -> Out<Bytes> {
    let Select { mut inputs, out } = graph.select(2);
    let control = graph.task((), Iterate::times(times));
    graph.order(&out, &control);
    let mut paths = graph.commute(out, control, 2);
    let (end, again) = (paths.remove(1), paths.remove(0));
    let again = body(graph, again);
    graph.bind(start, inputs.remove(1));
    graph.bind(again, inputs.remove(0));
    end
}

/// Condition last: select → body → iterate → commute, path 0 back to the select.
fn do_while_of(graph: &mut Graph, start: Out<Bytes>, times: u64, body: &Body) -> Out<Bytes> {
    let Select { mut inputs, out } = graph.select(2);
    let frame = body(graph, out);
    let control = graph.task((), Iterate::times(times));
    graph.order(&frame, &control);
    let mut paths = graph.commute(frame, control, 2);
    graph.bind(start, inputs.remove(1));
    graph.bind(paths.remove(0), inputs.remove(0));
    paths.remove(0)
}

/// Every byte of every frame of every copy is the number of the copy and `more`.
fn check_copies(more: u64, what: &str, declare: &Body) {
    for copies in [1, 3] {
        let mut graph = Graph::new();
        let frame = graph.source(per_copy(|copy| Fill::new(LENGTH, copy as u8)));
        let frame = declare(&mut graph, frame);
        let (keep, all) = history();
        graph.task(frame, keep);
        run_copies(graph, copies, FRAMES);
        for (copy, history) in finish(&all).into_iter().enumerate() {
            let want = vec![vec![(copy as u64 + more) as u8; LENGTH]; FRAMES as usize];
            assert_eq!(history, want, "{what}, copy {copy} of {copies}");
        }
    }
}

/// The same behind a source and in front of a finalizer, in a stage of any width: relay, loops, relay.
fn check_pipeline(more: u64, what: &'static str, declare: fn(&mut Graph, Out<Bytes>) -> Out<Bytes>) {
    for (replicas, waiting) in [1, 2, 5].into_iter().zip(WAITINGS) {
        watched(format!("{what}, {replicas} replicas, {waiting:?}"), move || {
            let mut graph = Graph::new();
            let frame = graph.source(facette_flow::closures::iterate("Count", 0..60_u8));
            let before = graph.n_tasks();
            let frame =
                graph.task(frame, facette_flow::closures::replicable("Spread", |n| Ok(vec![n; LENGTH])));
            let frame = declare(&mut graph, frame);
            let frame = graph.task(frame, Relay::new());
            let inside = graph.n_tasks() - before;
            let (keep, all) = history();
            graph.task(frame, keep);
            let stage = |n| Stage::new(n).depth(2).waiting(waiting);
            run_stages(graph, &[stage(1), stage(inside).replicas(replicas), stage(1)], u64::MAX);
            let want: Vec<Bytes> = (0..60_u64).map(|n| vec![(n + more) as u8; LENGTH]).collect();
            assert_eq!(finish(&all), [want], "{what}");
        });
    }
}

#[test]
fn for_loop() {
    for i in [0, 1, 10] {
        check_copies(6 * i, "iterator", &move |graph, frame| for_loop_of(graph, frame, i, &six));
        check_copies(6 * i, "words", &move |graph, frame| graph.repeat_times(frame, i, six));
    }
}

#[test]
fn do_while_loop() {
    for i in [0_u64, 1, 10] {
        let more = 6 * (i + 1);
        check_copies(more, "iterator", &move |graph, frame| do_while_of(graph, frame, i, &six));
        let is_last = move |frame: &Bytes| frame[0] as u64 % 100 >= more;
        check_copies(more, "words", &move |graph, frame| graph.repeat_until(frame, six, is_last));
    }
}

#[test]
fn nested_loops() {
    for (i, j) in [(0, 3), (3, 0), (1, 1), (5, 2)] {
        check_copies(6 * i * j, "iterators", &move |graph, frame| {
            for_loop_of(graph, frame, i, &move |graph, frame| for_loop_of(graph, frame, j, &six))
        });
        check_copies(6 * i * j, "words", &move |graph, frame| {
            graph.repeat_times(frame, i, |graph, frame| graph.repeat_times(frame, j, six))
        });
    }
}

#[test]
fn nested_do_while_loops() {
    for (i, j) in [(0, 0), (0, 3), (5, 2)] {
        check_copies(6 * (i + 1) * (j + 1), "iterators", &move |graph, frame| {
            do_while_of(graph, frame, i, &move |graph, frame| do_while_of(graph, frame, j, &six))
        });
    }
}

#[test]
fn nested_loops_pipeline() {
    check_pipeline(6 * 5 * 2, "two loops", |graph, frame| {
        for_loop_of(graph, frame, 5, &|graph, frame| for_loop_of(graph, frame, 2, &six))
    });
    check_pipeline(6 * 5 * 2, "two loops in words", |graph, frame| {
        graph.repeat_times(frame, 5, |graph, frame| graph.repeat_times(frame, 2, six))
    });
}

#[test]
fn three_nested_loops_in_a_replicated_stage() {
    check_pipeline(6 * 4 * 3 * 2, "three loops", |graph, frame| {
        for_loop_of(graph, frame, 4, &|graph, frame| {
            for_loop_of(graph, frame, 3, &|graph, frame| for_loop_of(graph, frame, 2, &six))
        })
    });
    check_pipeline(6 * 2 * 2 * 2, "three do-while loops", |graph, frame| {
        do_while_of(graph, frame, 1, &|graph, frame| {
            do_while_of(graph, frame, 1, &|graph, frame| do_while_of(graph, frame, 1, &six))
        })
    });
}
