//! A pipeline cut anew between two runs gives what it would have given without.

use std::sync::{Arc, Mutex};

use facette_flow::{
    Accumulator, BoxError,
    closures::{iterate, map, replicable},
    graph::{Graph, Module, Pipeline, Settings, Stage},
};

use super::support::{keep, watched};

type Kept = Arc<Mutex<Vec<u64>>>;
/// Tasks and replicas of each stage.
type Cut = &'static [(usize, usize)];
/// Declares a graph of four units, the second of which makes replicas.
type Declare = fn() -> (Graph, Kept);

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

struct Offset(u64);

impl Module for Offset {
    fn replica(&self) -> Option<Self> {
        Some(Offset(self.0))
    }
}

fn square(n: u64) -> Result<u64, BoxError> {
    Ok(n * n)
}

/// Source, square, sum with replicas, end.
fn accumulated() -> (Graph, Kept) {
    let (task, kept) = keep();
    let mut graph = Graph::new();
    let n = graph.source(iterate("Count", 0..100));
    let n = graph.task(n, replicable("Square", square));
    let n = graph.accumulate(n, Sum(0));
    graph.task(n, task);
    (graph, kept)
}

/// Source, square, batches that do not divide, end.
fn batched() -> (Graph, Kept) {
    let (task, kept) = keep();
    let mut graph = Graph::new();
    let n = graph.source(iterate("Count", 0..100));
    let n = graph.task(n, replicable("Square", square));
    let n = graph.batch(n, 7);
    let n = graph.set("Fold", n, |graph, n| graph.task(n, map("Add", |all: Vec<u64>| Ok(all.iter().sum()))));
    graph.task(n, task);
    (graph, kept)
}

/// Source, a task of a module, a task that changes a state, end; the source has two readers.
fn stateful() -> (Graph, Kept) {
    let (task, kept) = keep();
    let mut graph = Graph::new();
    let module = graph.module(Offset(5));
    let n = graph.source(iterate("Count", 0..100));
    let shifted = graph.codelet(module, "Shift", n.clone(), |offset: &mut Offset, n: u64| Ok(n + offset.0));
    let mut seen = 0;
    let counted = graph.task(
        (n, shifted),
        map("Seen", move |(n, shifted): (u64, u64)| {
            seen += 1;
            Ok(1000 * seen + n + shifted)
        }),
    );
    graph.task(counted, task);
    (graph, kept)
}

fn stages(counts: &[(usize, usize)]) -> Vec<Stage> {
    counts.iter().map(|&(tasks, replicas)| Stage::new(tasks).replicas(replicas)).collect()
}

/// Runs 33 frames, then the rest; in other stages the second time if there are any.
fn run(declare: Declare, first: &[Stage], then: Option<&[Stage]>) -> Vec<u64> {
    let (graph, kept) = declare();
    let mut pipeline = Pipeline::new(graph, first).unwrap();
    let some = Settings { frames: Some(33), ..Settings::default() };
    assert_eq!(pipeline.run(&some).unwrap().tasks[0].calls, 33);
    if let Some(stages) = then {
        pipeline = pipeline.recut(stages).unwrap();
    }
    assert_eq!(pipeline.run(&Settings::default()).unwrap().tasks[0].calls, 67);
    std::mem::take(&mut kept.lock().unwrap())
}

#[test]
fn other_stages_give_the_same() {
    let graphs: [(&str, Declare, Cut); 3] = [
        ("accumulated", accumulated, &[(1, 1), (1, 3), (1, 2), (1, 1)]),
        ("batched", batched, &[(1, 1), (1, 3), (3, 1)]),
        ("stateful", stateful, &[(1, 1), (1, 2), (1, 1), (1, 1)]),
    ];
    for (name, declare, wide) in graphs {
        let n_tasks = declare().0.n_tasks();
        let cuts = [stages(&[(n_tasks, 1)]), stages(wide), stages(&[(2, 1), (n_tasks - 2, 1)])];
        let want = run(declare, &cuts[0], None);
        assert!(!want.is_empty());
        for (i, first) in cuts.iter().enumerate() {
            for (k, then) in cuts.iter().enumerate() {
                let (first, then) = (first.clone(), then.clone());
                let got = watched(format!("{name} {i} {k}"), move || run(declare, &first, Some(&then)));
                assert_eq!(got, want, "{name}, cut {i} then {k}");
            }
        }
    }
}

#[test]
fn a_pipeline_that_has_failed_is_cut_anew_and_a_wrong_cut_is_refused() {
    let (graph, kept) = stateful();
    let mut pipeline = Pipeline::new(graph, &stages(&[(2, 1), (2, 1)])).unwrap();
    let expired = Settings { deadline: Some(std::time::Instant::now()), ..Settings::default() };
    assert!(pipeline.run(&expired).is_err());
    let before = kept.lock().unwrap().len();
    let mut pipeline = pipeline.recut(&stages(&[(1, 1), (1, 2), (2, 1)])).unwrap();
    pipeline.run(&Settings::default()).unwrap();
    assert!(kept.lock().unwrap().len() >= before);
    let error = pipeline.recut(&stages(&[(1, 1)])).err().unwrap().to_string();
    assert!(error.contains("the stages count 1 tasks, the graph has 4"), "{error}");
}
