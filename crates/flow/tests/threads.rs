//! No thread outlives what it works for. Alone in its program, because it counts the threads of the process.
#![cfg(target_os = "linux")]

use std::{fs, thread, time::Duration};

use facette_flow::{
    BoxError, Chain, Run, Task,
    closures::{fold, iterate, map, replicable},
    graph::{Graph, Pipeline, Settings, Stage},
};
use rayon::prelude::*;

struct Inside;

impl Task for Inside {
    type In = u64;
    type Out = u64;
    fn run(&mut self, n: u64) -> Result<u64, BoxError> {
        Ok((0..100_u64).into_par_iter().map(|i| i ^ n).sum())
    }
    fn max_threads(&self) -> usize {
        usize::MAX
    }
}

fn n_threads() -> usize {
    fs::read_dir("/proc/self/task").unwrap().count()
}

/// The kernel may list a thread for a moment after it was joined.
fn settles_at(want: usize) -> bool {
    (0..200).any(|_| {
        n_threads() == want || {
            thread::sleep(Duration::from_millis(5));
            false
        }
    })
}

/// The test harness may run tests side by side, and each counts all threads.
#[test]
fn threads() {
    all_threads_are_joined_after_success_error_panic_and_cancellation();
    a_pipeline_keeps_its_threads_between_runs_and_none_after_a_failure();
}

/// Three frames on three threads, the second of which fails in the third run.
fn three_stages() -> Pipeline {
    let mut graph = Graph::new();
    let n = graph.source(iterate("Count", 0..9_u64));
    let n = graph.task(n, replicable("Work", |n: u64| if n == 7 { Err("trap".into()) } else { Ok(n) }));
    graph.task(n, map("End", |_: u64| Ok(())));
    Pipeline::new(graph, &[Stage::new(1), Stage::new(1).replicas(2), Stage::new(1)]).unwrap()
}

fn a_pipeline_keeps_its_threads_between_runs_and_none_after_a_failure() {
    let before = n_threads();
    let settings = Settings { frames: Some(3), ..Settings::default() };
    let mut pipeline = three_stages();
    for _ in 0..2 {
        assert_eq!(pipeline.run(&settings).unwrap().frames, 3);
        assert!(settles_at(before + 3), "{} threads, {before} before", n_threads());
    }
    assert!(pipeline.run(&settings).is_err());
    assert!(settles_at(before), "{} threads, {before} before", n_threads());
    let mut pipeline = three_stages();
    assert!(pipeline.run(&settings).is_ok());
    drop(pipeline);
    assert!(settles_at(before), "{} threads, {before} before", n_threads());
}

fn all_threads_are_joined_after_success_error_panic_and_cancellation() {
    let before = n_threads();
    for round in 0..400_u64 {
        let run = Run::pipeline(1 + (round % 4) as usize);
        let token = run.cancel.clone();
        let mut chain = Chain::new();
        let sum = chain.per_chunk(iterate("Count", 0..10_u64), |c, n| {
            let work = replicable("Work", move |n| match (round % 4, n) {
                (1, 5) => Err("error".into()),
                (2, 5) => panic!("panic"),
                (3, 5) => {
                    token.cancel();
                    Ok(n)
                }
                _ => Ok(n),
            });
            let n = c.then(n, work);
            let n = c.then(n, Inside);
            let sum = fold("Sum", 0, |sum: &mut u64, n: u64| {
                *sum += n;
                Ok(())
            });
            c.accumulate(n, sum)
        });
        let sum = chain.output(sum);
        assert_eq!(chain.run(&run).is_ok(), round % 4 == 0);
        assert_eq!(sum.take().is_some(), round % 4 == 0);
        assert!(settles_at(before), "round {round}: {} threads, {before} before", n_threads());
    }
}
