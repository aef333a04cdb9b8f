//! What random graphs have found, one test each.

use std::sync::{Arc, Mutex};

use facette_flow::{
    BoxError, Source, Task,
    closures::{fold, iterate, map, replicable},
    graph::{Graph, Pipeline, Sequence, Settings, Stage},
};

/// A task that keeps what it gets.
fn keep<T: Send + 'static>() -> (impl Task<In = T, Out = ()>, Arc<Mutex<Vec<T>>>) {
    let kept = Arc::new(Mutex::new(Vec::new()));
    let all = kept.clone();
    let task = map("Keep", move |frame| {
        all.lock().unwrap().push(frame);
        Ok(())
    });
    (task, kept)
}

fn kept<T>(all: &Mutex<Vec<T>>) -> Vec<T> {
    std::mem::take(&mut *all.lock().unwrap())
}

/// Gives so many frames, in each copy.
struct Few(u64);

impl Source for Few {
    type Out = u64;
    fn next(&mut self) -> Result<Option<u64>, BoxError> {
        self.0 = self.0.saturating_sub(1);
        Ok((self.0 > 0).then_some(self.0))
    }
    fn replica(&self) -> Option<Self> {
        Some(Few(self.0))
    }
}

#[test]
fn the_ends_of_several_sources_are_no_frames() {
    let mut graph = Graph::new();
    let n = graph.source(Few(5));
    graph.task(n, map("End", |_: u64| Ok(())));
    let mut pipeline = Pipeline::new(graph, &[Stage::new(1).replicas(3), Stage::new(1)]).unwrap();
    let report = pipeline.run(&Settings::default()).unwrap();
    assert_eq!((report.frames, report.tasks[1].calls), (12, 12));
}

#[test]
fn behind_a_change_of_rate_a_broken_stream_is_not_whole() {
    let mut graph = Graph::new();
    let list = graph.source(iterate("Lists", [vec![1_u64, 2], vec![3], vec![4]]));
    let list = graph
        .task(list, map("Fail", |list: Vec<u64>| if list[0] == 3 { Err("three".into()) } else { Ok(list) }));
    let n = graph.each(list);
    let sum = graph.accumulate(
        n,
        fold("Sum", 0, |sum, n| {
            *sum += n;
            Ok(())
        }),
    );
    let (task, all) = keep();
    graph.task(sum, task);
    let stages = [Stage::new(3), Stage::new(2)];
    Pipeline::new(graph, &stages).unwrap().run(&Settings::default()).unwrap_err();
    assert_eq!(kept(&all), [0; 0]);
}

#[test]
fn a_branch_that_nobody_reads_may_stand_in_a_loop() {
    let mut graph = Graph::new();
    let n = graph.source(iterate("Count", 0..4_u64));
    let (task, all) = keep();
    let end = graph.repeat_while(
        n,
        |n| *n < 10,
        |graph, n| {
            let paths = graph.branch(n.clone(), 2, |n| (n % 2) as usize);
            let select = graph.select(2);
            for (path, input) in paths.into_iter().zip(select.inputs) {
                graph.bind(path, input);
            }
            graph.task(select.out, task);
            graph.task(n, replicable("Add", |n| Ok(n + 3)))
        },
    );
    let (task, ends) = keep();
    graph.task(end, task);
    Sequence::new(graph, 1).unwrap().run(&Settings::default()).unwrap();
    assert_eq!(kept(&ends), [12, 10, 11, 12]);
    assert_eq!(kept(&all), [0, 3, 6, 9, 1, 4, 7, 2, 5, 8, 3, 6, 9]);
}

#[test]
fn what_a_path_reads_can_be_read_behind_the_branch() {
    let mut graph = Graph::new();
    let n = graph.source(iterate("Count", 0..4_u64));
    let paths = graph.branch(n.clone(), 2, |n| (n % 2) as usize);
    let select = graph.select(2);
    for (k, (path, input)) in paths.into_iter().zip(select.inputs).enumerate() {
        let sum = replicable("Sum", move |(a, b): (u64, u64)| Ok(a + b + 100 * k as u64));
        let sum = graph.task((path, n.clone()), sum);
        graph.bind(sum, input);
    }
    let (task, all) = keep();
    graph.task((select.out, n), task);
    Sequence::new(graph, 1).unwrap().run(&Settings::default()).unwrap();
    assert_eq!(kept(&all), [(0, 0), (102, 1), (4, 2), (106, 3)]);
}

#[test]
fn items_of_a_frame_that_failed_do_not_come_in_the_next_run() {
    let mut graph = Graph::new();
    let list = graph.source(iterate("Lists", [vec![1_u64, 2, 3]]));
    let n = graph.each(list);
    let (mut task, all) = keep();
    let keep = map("Fail", move |n| if n == 2 { Err("two".into()) } else { task.run(n) });
    graph.task(n, keep);
    let mut sequence = Sequence::new(graph, 1).unwrap();
    sequence.run(&Settings::default()).unwrap_err();
    sequence.run(&Settings::default()).unwrap();
    assert_eq!(kept(&all), [1]);
}
