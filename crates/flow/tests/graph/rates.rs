//! Splitters, batches and accumulators: rates inside a stage and across boundaries, the end of a stream, mistakes.

use std::sync::{Arc, Mutex};

use facette_flow::{
    Accumulator, BoxError, BuildError, Error,
    closures::{fold, iterate, map, replicable},
    graph::{Graph, Pipeline, Sequence, Settings, Splitter, Stage, StreamReport},
};

use crate::support::{Add, WAITINGS, keep, kept, watched};

/// Cuts a graph into stages of so many tasks and replicas, and runs it.
fn run(graph: Graph, stages: &[(usize, usize)]) -> StreamReport {
    let stages: Vec<Stage> =
        stages.iter().map(|&(tasks, n)| Stage::new(tasks).replicas(n).depth(2)).collect();
    Pipeline::new(graph, &stages).unwrap().run(&Settings::default()).unwrap()
}

/// n → n, n, … (n times): none for 0, several for more.
struct Times(u64, u64);

impl Splitter for Times {
    type In = u64;
    type Out = u64;
    fn take(&mut self, n: u64) -> Result<(), BoxError> {
        (self.0, self.1) = (n, n);
        Ok(())
    }
    fn next(&mut self) -> Result<Option<u64>, BoxError> {
        self.1 = self.1.saturating_sub(1);
        Ok((self.0 > 0).then(|| {
            self.0 -= 1;
            self.1
        }))
    }
}

#[test]
fn no_one_or_several_frames_for_each() {
    let want: Vec<u64> = (0..6).flat_map(|n| (0..n).rev()).collect();
    for stages in [&[(3, 1)][..], &[(1, 1), (2, 1)], &[(2, 1), (1, 1)], &[(1, 1), (1, 1), (1, 1)]] {
        let mut graph = Graph::new();
        let n = graph.source(iterate("Count", 0..6_u64));
        let item = graph.split(n, Times(0, 0));
        let (task, all) = keep();
        graph.task(item, task);
        let report = run(graph, stages);
        assert_eq!(kept(&all), want, "{stages:?}");
        let calls: Vec<u64> = report.tasks.iter().map(|task| task.calls).collect();
        assert_eq!(calls, [6, 6, 15]);
    }
}

#[test]
fn batches_are_full_but_for_the_last_and_come_apart_again() {
    for (n_frames, n) in [(0, 3), (1, 3), (6, 3), (7, 3), (7, 1), (5, 100)] {
        for stages in [&[(5, 1)][..], &[(2, 1), (3, 1)], &[(1, 1), (1, 1), (1, 4), (1, 1), (1, 1)]] {
            let mut graph = Graph::new();
            let frame = graph.source(iterate("Count", 0..n_frames));
            let batch = graph.batch(frame, n);
            let sizes = Arc::new(Mutex::new(Vec::new()));
            let seen = sizes.clone();
            let batch = graph.task(
                batch,
                replicable("Ten", move |batch: Vec<u64>| {
                    seen.lock().unwrap().push(batch.len());
                    Ok(batch.into_iter().map(|x| 10 * x).collect::<Vec<_>>())
                }),
            );
            let frame = graph.each(batch);
            let (task, all) = keep();
            graph.task(frame, task);
            run(graph, stages);
            assert_eq!(kept(&all), (0..n_frames).map(|x| 10 * x).collect::<Vec<_>>());
            let sizes = kept(&sizes);
            assert_eq!(sizes.len() as u64, n_frames.div_ceil(n as u64));
            assert_eq!(sizes.iter().filter(|&&size| size == n).count() as u64, n_frames / n as u64);
        }
    }
}

#[test]
fn an_accumulator_gives_one_frame_at_the_end_and_again_in_the_next_run() {
    let mut graph = Graph::new();
    let number = graph.source(iterate("Count", 1_u64..));
    let number = graph.forward(number, Add(0));
    let sum = graph.accumulate(
        number,
        fold("Sum", 0_u64, |sum, n| {
            *sum += n;
            Ok(())
        }),
    );
    let (task, all) = keep();
    graph.task(sum, task);
    let stages = [Stage::new(1), Stage::new(1).replicas(3), Stage::new(1), Stage::new(1)];
    let mut pipeline = Pipeline::new(graph, &stages).unwrap();
    for want in [55_u64, 155, 255] {
        let settings = Settings { frames: Some(10), ..Settings::default() };
        assert_eq!(pipeline.run(&settings).unwrap().frames, 1);
        assert_eq!(kept(&all), [want]);
    }
}

/// The sum of whole numbers, which is exact in any order.
#[derive(Default)]
struct Sum(u64);

impl Accumulator for Sum {
    type In = u64;
    type Out = u64;
    fn add(&mut self, n: u64) -> Result<(), BoxError> {
        self.0 += n;
        Ok(())
    }
    fn finish(&mut self) -> Result<u64, BoxError> {
        Ok(std::mem::take(&mut self.0))
    }
    fn replica(&self) -> Option<Self> {
        Some(Sum(0))
    }
    fn merge(&mut self, other: &mut Self) {
        self.0 += std::mem::take(&mut other.0);
    }
}

#[test]
fn replicas_of_an_exact_accumulator_merge() {
    for waiting in WAITINGS {
        for replicas in [1, 2, 5] {
            watched(format!("{waiting:?} {replicas}"), move || {
                let mut graph = Graph::new();
                let number = graph.source(iterate("Count", 0..1000_u64));
                let sum = graph.accumulate(number, Sum::default());
                let (task, all) = keep();
                graph.task(sum, task);
                let stage = || Stage::new(1).waiting(waiting);
                let stages = [stage(), stage().replicas(replicas), stage()];
                let mut pipeline = Pipeline::new(graph, &stages).unwrap();
                let settings = Settings { frames: Some(500), ..Settings::default() };
                for want in [500 * 499 / 2, 1000 * 999 / 2 - 500 * 499 / 2, 0] {
                    pipeline.run(&settings).unwrap();
                    assert_eq!(kept(&all), [want]);
                }
            });
        }
    }
}

#[test]
fn copies_of_a_sequence_accumulate_apart() {
    let mut graph = Graph::new();
    let number = graph.source(Ones);
    let sum = graph.accumulate(number, Sum::default());
    let all = Arc::new(Mutex::new(Vec::new()));
    let sums = all.clone();
    graph.task(
        sum,
        replicable("Keep", move |sum| {
            sums.lock().unwrap().push(sum);
            Ok(())
        }),
    );
    let settings = Settings { frames: Some(7), ..Settings::default() };
    Sequence::new(graph, 3).unwrap().run(&settings).unwrap();
    assert_eq!(kept(&all), [7, 7, 7]);
}

struct Ones;

impl facette_flow::Source for Ones {
    type Out = u64;
    fn next(&mut self) -> Result<Option<u64>, BoxError> {
        Ok(Some(1))
    }
    fn replica(&self) -> Option<Self> {
        Some(Ones)
    }
}

#[test]
fn filters_and_loops_work_at_any_rate() {
    let mut graph = Graph::new();
    let line = graph.source(iterate("Lines", [vec![5_u64, 0, 3], vec![], vec![2]]));
    let n = graph.each(line);
    let n = graph.task(n, map("Positive", |n: u64| Ok((n > 0).then_some(n))));
    let n = graph.filter(n);
    let state = graph.task(n, map("Start", |n: u64| Ok((n, 1_u64))));
    let state = graph.repeat_while(
        state,
        |&(n, _)| n > 1,
        |graph, state| graph.task(state, map("Times", |(n, product)| Ok((n - 1, product * n)))),
    );
    let pair = graph.batch(state, 2);
    let (task, all) = keep();
    graph.task(pair, task);
    Sequence::new(graph, 1).unwrap().run(&Settings::default()).unwrap();
    assert_eq!(kept(&all), [vec![(1, 120), (1, 6)], vec![(1, 2)]]);
}

#[test]
fn a_million_items_need_no_stack() {
    let mut graph = Graph::new();
    let n = graph.source(iterate("One", std::iter::once(0..1_000_000_u64)));
    let n = graph.each(n);
    let sum = graph.accumulate(n, Sum::default());
    let (task, all) = keep();
    graph.task(sum, task);
    Sequence::new(graph, 1).unwrap().run(&Settings::default()).unwrap();
    assert_eq!(kept(&all), [999_999 * 1_000_000 / 2]);
}

#[test]
fn the_error_is_the_one_that_a_sequence_meets() {
    // Frame 3 fails in front of the splitter, an item of frame 2 behind it.
    for stages in [&[(4, 1)][..], &[(1, 1), (1, 3), (1, 1), (1, 4)]] {
        for _ in 0..20 {
            let mut graph = Graph::new();
            let n = graph.source(iterate("Count", 0..100_u64));
            let n =
                graph.task(n, replicable("Early", |n: u64| if n == 3 { Err("early".into()) } else { Ok(n) }));
            let item = graph.split(n, Times(0, 0));
            let late = |n: u64| if n == 1 { Err("late".into()) } else { Ok(()) };
            graph.task(item, replicable("Late", late));
            let stages: Vec<Stage> = stages.iter().map(|&(n, w)| Stage::new(n).replicas(w)).collect();
            let error = Pipeline::new(graph, &stages).unwrap().run(&Settings::default()).unwrap_err();
            assert!(matches!(&error, Error::Task { task, .. } if task == "Late"), "{error:?}");
        }
    }
}

#[test]
fn mistakes_are_named() {
    let mut graph = Graph::new();
    let line = graph.source(iterate("Lines", [vec![1_u64]]));
    let n = graph.each(line.clone());
    graph.task((n, line), map("Both", |_: (u64, Vec<u64>)| Ok(())));
    let error = Sequence::new(graph, 1).err().unwrap();
    let BuildError::TwoRates { task, one, other } = &error else { panic!("{error}") };
    assert_eq!((task.as_str(), one.as_str(), other.as_str()), ("Both", "each", "the sources"));

    let mut graph = Graph::new();
    let line = graph.source(iterate("Lines", [vec![1_u64]]));
    let n = graph.each(line.clone());
    graph.task(n, map("Item", |_: u64| Ok(())));
    graph.task(line, map("Line", |_: Vec<u64>| Ok(())));
    let error = Pipeline::new(graph, &[Stage::new(2), Stage::new(2)]).err().unwrap();
    assert!(matches!(error, BuildError::RatesCross { stage: 1, .. }), "{error}");

    let mut graph = Graph::new();
    let n = graph.source(iterate("Count", 0..3_u64));
    let batch = graph.batch(n, 2);
    graph.task(batch, map("End", |_: Vec<u64>| Ok(())));
    let error = Pipeline::new(graph, &[Stage::new(1), Stage::new(2).replicas(2)]).err().unwrap();
    assert_eq!(error, BuildError::NotReplicable { task: "batch".to_owned() });

    let mut graph = Graph::new();
    graph.source(iterate("One", 0..3_u64));
    graph.source(iterate("Other", 0..3_u64));
    let error = Pipeline::new(graph, &[Stage::new(1), Stage::new(1)]).err().unwrap();
    assert_eq!(error, BuildError::LateSource { source_task: "Other".to_owned(), stage: 1 });
}

#[test]
fn several_outputs_go_their_own_ways() {
    for stages in [&[(5, 1)][..], &[(2, 1), (1, 3), (1, 2), (1, 1)]] {
        let mut graph = Graph::new();
        let three = graph.source(iterate("Count", (0..100_u64).map(|n| (n, n.to_string(), [n; 3]))));
        let (n, text, array) = graph.unzip(three);
        let n = graph.forward(n, Add(1000));
        let text = graph.task(text, replicable("Length", |text: String| Ok(text.len())));
        let (task, all) = keep();
        graph.task((n, array, text), task);
        run(graph, stages);
        let want = (0..100_u64).map(|n| (n + 1000, [n; 3], n.to_string().len()));
        assert_eq!(kept(&all), want.collect::<Vec<_>>());
    }
}

#[test]
fn batches_and_feedback_work_in_copies_of_a_sequence() {
    let mut graph = Graph::new();
    let one = graph.source(Ones);
    let n = graph.feedback(one, 2, |graph: &mut Graph, n| graph.forward(n, Add(1)), |n| *n > 4);
    let batch = graph.batch(n, 3);
    let all = Arc::new(Mutex::new(Vec::new()));
    let batches = all.clone();
    let task = replicable("Keep", move |batch: Vec<u64>| {
        batches.lock().unwrap().push(batch);
        Ok(())
    });
    graph.task(batch, task);
    let settings = Settings { frames: Some(4), ..Settings::default() };
    Sequence::new(graph, 2).unwrap().run(&settings).unwrap();
    let mut all = kept(&all);
    all.sort();
    assert_eq!(all, [vec![5], vec![5], vec![5; 3], vec![5; 3]]);
}
