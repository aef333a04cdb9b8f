//! `test-exclusive-paths`, `test-exclusive-paths-pipeline`: a switch with three paths, and one in a replicated stage.

use facette_flow::{
    Task,
    closures::replicable,
    graph::{Graph, Out, Select, Stage},
    modules::{CyclicPath, Fill, FixedPath, LimitedPath, ReadBytes, Relay, per_copy},
};

use crate::support::{Bytes, WAITINGS, finish, history, increments, run_copies, run_stages, watched};

const LENGTH: usize = 512;
const FRAMES: usize = 20;

/// Path 0 adds 3, path 1 adds 2, path 2 adds 1.
fn switch(graph: &mut Graph, frame: Out<Bytes>, control: Out<usize>) -> Out<Bytes> {
    let paths = graph.commute(frame, control, 3);
    let Select { inputs, out } = graph.select(3);
    for ((path, input), n) in paths.into_iter().zip(inputs).zip([3, 2, 1]) {
        let path = increments(graph, path, n);
        graph.bind(path, input);
    }
    out
}

/// Runs the switch in copies of a sequence; the path of a frame is to be `path_of` its number.
fn check<K: Task<In = (), Out = usize>>(controller: K, path_of: impl Fn(usize) -> usize, copies: usize) {
    let mut graph = Graph::new();
    let frame = graph.source(per_copy(|copy| Fill::new(LENGTH, copy as u8)));
    let control = graph.task((), controller);
    graph.order(&frame, &control);
    let frame = switch(&mut graph, frame, control);
    let (keep, all) = history();
    graph.task(frame, keep);
    run_copies(graph, copies, FRAMES as u64);
    for (copy, history) in finish(&all).into_iter().enumerate() {
        let want = |frame| vec![(copy + [3, 2, 1][path_of(frame)]) as u8; LENGTH];
        assert_eq!(history, (0..FRAMES).map(want).collect::<Vec<_>>(), "copy {copy} of {copies}");
    }
}

#[test]
fn exclusive_paths() {
    for copies in [1, 3] {
        for path in 0..3 {
            check(FixedPath(path), |_| path, copies);
        }
        check(CyclicPath::new(3, 0).unwrap().per_copy(), |frame| frame % 3, copies);
    }
    check(CyclicPath::new(3, 2).unwrap(), |frame| (frame + 2) % 3, 1);
    check(LimitedPath::new(7, [1, 0]), |frame| usize::from(frame < 7), 1);
}

/// A letter of the other case; anything else stays.
fn other_case(byte: u8) -> u8 {
    if byte.is_ascii_lowercase() { byte.to_ascii_uppercase() } else { byte.to_ascii_lowercase() }
}

const TEXT: &str = "The Quick brown fox, 13 Lazy dogs; and ÄÖ beyond ASCII.\nAlternately UP and down. ";

/// One byte per frame goes to the path that makes it upper case, or to the one that makes it lower case.
#[test]
fn exclusive_paths_pipeline() {
    for (replicas, waiting) in [1, 2, 6].into_iter().zip(WAITINGS) {
        watched(format!("{replicas} replicas, {waiting:?}"), move || {
            let text = TEXT.repeat(20);
            let mut graph = Graph::new();
            let reader = ReadBytes::new("read", std::io::Cursor::new(text.clone().into_bytes()), 1).unwrap();
            let byte = graph.source(reader);
            let control =
                replicable("alternate", |byte: Bytes| Ok(usize::from(!byte[0].is_ascii_lowercase())));
            let control = graph.task(byte.clone(), control);
            let byte = graph.task(byte, Relay::new());
            let mut paths = graph.commute(byte, control, 2).into_iter();
            let upper = replicable("upcase", |byte: Bytes| Ok(byte.to_ascii_uppercase()));
            let lower = replicable("lowcase", |byte: Bytes| Ok(byte.to_ascii_lowercase()));
            let upper = graph.task(paths.next().unwrap(), upper);
            let lower = graph.task(paths.next().unwrap(), lower);
            let Select { mut inputs, out } = graph.select(2);
            graph.bind(upper, inputs.remove(0));
            graph.bind(lower, inputs.remove(0));
            let byte = graph.task(out, Relay::new());
            let (keep, all) = history();
            graph.task(byte, keep);
            let stage = |n| Stage::new(n).waiting(waiting);
            run_stages(graph, &[stage(1), stage(7).replicas(replicas), stage(1)], u64::MAX);
            let want: Vec<u8> = text.bytes().map(other_case).collect();
            assert_eq!(finish(&all).concat().concat(), want);
        });
    }
}

/// A controller that counts frames stands in front of the replicas, and the path travels beside the frame.
#[test]
fn cyclic_paths_in_a_replicated_stage() {
    for replicas in [1, 4] {
        let mut graph = Graph::new();
        let frame = graph.source(Fill::<u8>::zeros(LENGTH));
        let control = graph.task((), CyclicPath::new(3, 0).unwrap());
        let before = graph.n_tasks();
        let frame = graph.task(frame, Relay::new());
        let frame = switch(&mut graph, frame, control);
        let frame = graph.task(frame, Relay::new());
        let inside = graph.n_tasks() - before;
        let (keep, all) = history();
        graph.task(frame, keep);
        run_stages(graph, &[Stage::new(2), Stage::new(inside).replicas(replicas), Stage::new(1)], 60);
        let want: Vec<Bytes> = (0..60).map(|frame| vec![[3, 2, 1][frame % 3]; LENGTH]).collect();
        assert_eq!(finish(&all), [want]);
    }
}
