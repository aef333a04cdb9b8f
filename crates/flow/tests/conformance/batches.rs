//! StreamPU's `n_frames`: tasks that work on several frames in one call, with the results of the programs without.

use facette_flow::{
    Task,
    closures::{iterate, map, replicable},
    graph::{Forward, Graph, Out, Select, Stage},
    modules::{CyclicPath, ReadBytes, Relay, in_place},
};

use crate::support::{
    Bytes, WAITINGS, feed, file_sink, finish, history, run_copies, run_stages, scratch, some_bytes, watched,
};

const LENGTH: usize = 64;

type Batch = Vec<Bytes>;

fn frames(n: usize) -> Vec<Bytes> {
    (0..n).map(|frame| vec![frame as u8; LENGTH]).collect()
}

fn increment() -> impl Forward<Frame = Batch> {
    in_place("incrementf", |batch: &mut Batch| {
        batch.iter_mut().flatten().for_each(|byte| *byte += 1);
        Ok(())
    })
}

fn increment_copy() -> impl Task<In = Batch, Out = Batch> {
    replicable("increment", |batch: Batch| {
        Ok(batch.iter().map(|frame| frame.iter().map(|byte| byte + 1).collect()).collect())
    })
}

fn six(graph: &mut Graph, mut batch: Out<Batch>) -> Out<Batch> {
    for i in 0..6 {
        batch =
            if i % 2 == 0 { graph.forward(batch, increment()) } else { graph.task(batch, increment_copy()) };
    }
    batch
}

/// Frames in batches of `n` through `declare`, as a sequence and as a pipeline with 3 replicas; gives all frames.
fn through(n_frames: usize, n: usize, declare: fn(&mut Graph, Out<Batch>) -> Out<Batch>) -> Vec<Bytes> {
    let results = [false, true].map(|is_pipeline| {
        let mut graph = Graph::new();
        let frame = graph.source(iterate("init", frames(n_frames)));
        let batch = graph.batch(frame, n);
        let before = graph.n_tasks();
        let batch = graph.task(batch, Relay::new());
        let batch = declare(&mut graph, batch);
        let batch = graph.task(batch, Relay::new());
        let inside = graph.n_tasks() - before;
        let frame = graph.each(batch);
        let (keep, all) = history();
        graph.task(frame, keep);
        if is_pipeline {
            run_stages(graph, &[Stage::new(before), Stage::new(inside).replicas(3), Stage::new(2)], u64::MAX);
        } else {
            run_copies(graph, 1, u64::MAX);
        }
        finish(&all).concat()
    });
    assert_eq!(results[0], results[1]);
    let [result, _] = results;
    result
}

#[test]
fn chains() {
    for n in [1, 2, 5, 40, 100] {
        let want: Vec<Bytes> = (0..40).map(|frame| vec![frame + 6; LENGTH]).collect();
        assert_eq!(through(40, n, six), want, "batches of {n}");
    }
}

#[test]
fn loops() {
    for n in [1, 2, 5, 100] {
        let want = |more| (0..40_u8).map(|frame| vec![frame + more; LENGTH]).collect::<Vec<Bytes>>();
        assert_eq!(through(40, n, |graph, batch| graph.repeat_times(batch, 10, six)), want(60));
        let nested = through(40, n, |graph, batch| {
            graph.repeat_times(batch, 5, |graph, batch| graph.repeat_times(batch, 2, six))
        });
        assert_eq!(nested, want(60));
    }
}

/// The path of a batch is that of all its frames.
#[test]
fn a_batch_takes_one_path() {
    for n in [1, 2, 7] {
        let mut graph = Graph::new();
        let frame = graph.source(iterate("init", frames(20)));
        let batch = graph.batch(frame, n);
        let mut cyclic = CyclicPath::new(3, 0).unwrap();
        let control = map("control", move |_: Batch| cyclic.run(()));
        let control = graph.task(batch.clone(), control);
        let paths = graph.commute(batch, control, 3);
        let Select { inputs, out } = graph.select(3);
        for ((mut path, input), more) in paths.into_iter().zip(inputs).zip([3, 2, 1]) {
            for _ in 0..more {
                path = graph.forward(path, increment());
            }
            graph.bind(path, input);
        }
        let frame = graph.each(out);
        let (keep, all) = history();
        graph.task(frame, keep);
        run_copies(graph, 1, u64::MAX);
        let want = |frame: usize| vec![(frame + [3, 2, 1][frame / n % 3]) as u8; LENGTH];
        assert_eq!(finish(&all), [(0..20).map(want).collect::<Vec<_>>()], "batches of {n}");
    }
}

/// File to file: neither the frames divide the file, nor the batches the frames.
#[test]
fn the_last_batch_is_short() {
    for (i, (bytes, n)) in
        [(0, 3), (1, 3), (10_001, 3), (10_001, 7), (10_001, 1000), (6400, 4)].into_iter().enumerate()
    {
        let waiting = WAITINGS[i % 3];
        watched(format!("{bytes} bytes in batches of {n}, {waiting:?}"), move || {
            let (bytes, to) = (some_bytes(bytes), scratch("to"));
            let mut graph = Graph::new();
            let reader = ReadBytes::new("read", std::io::Cursor::new(bytes.clone()), LENGTH).unwrap();
            let frame = graph.source(reader);
            let mut batch = graph.batch(frame, n);
            for _ in 0..6 {
                batch = graph.task(batch, Relay::new());
            }
            let frame = graph.each(batch);
            let (write, sink) = feed(file_sink::<Bytes>(&to), || unreachable!("one copy"));
            graph.task(frame, write);
            let stage = |n| Stage::new(n).waiting(waiting).depth(2);
            run_stages(graph, &[stage(2), stage(6).replicas(4), stage(2)], u64::MAX);
            assert_eq!(finish(&sink), [bytes.len() as u64]);
            assert!(std::fs::read(&to).unwrap() == bytes, "the files differ");
            std::fs::remove_file(to).unwrap();
        });
    }
}
