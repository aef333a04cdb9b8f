//! Loops around several stages: results, order, width, ends and failures.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicI64, Ordering},
};

use facette_flow::{
    BoxError, BuildError, Error,
    closures::{iterate, map, replicable},
    graph::{Graph, Out, Pipeline, Sequence, Settings, Stage, Waiting},
};

use crate::support::{WAITINGS, keep, kept, watched};

type State = (u64, u64, u32);
type Log<T> = Arc<Mutex<Vec<T>>>;

/// n → (n, n, 0), then Collatz steps until 1.
fn step((first, n, steps): State) -> Result<State, BoxError> {
    Ok((first, if n % 2 == 0 { n / 2 } else { 3 * n + 1 }, steps + 1))
}

fn collatz(n: u64) -> (u64, u32) {
    let mut state = (n, n, 0);
    loop {
        state = step(state).unwrap();
        if state.1 == 1 {
            return (n, state.2);
        }
    }
}

/// Source, start, entry | step | log | until, end: nine tasks with the sets as one.
fn graph(n_frames: u64, width: usize) -> (Graph, Log<(u64, u32)>, Log<State>) {
    let mut graph = Graph::new();
    let log = Arc::new(Mutex::new(Vec::new()));
    let seen = log.clone();
    let number = graph.source(iterate("Count", 1..=n_frames));
    let start = graph.task(number, map("Start", |n| Ok((n, n, 0))));
    let end = graph.feedback(
        start,
        width,
        |graph: &mut Graph, state: Out<State>| {
            let state = graph.task(state, replicable("Step", step));
            let state = graph.task(state, replicable("Pass", Ok));
            graph.task(
                state,
                map("Log", move |state| {
                    seen.lock().unwrap().push(state);
                    Ok(state)
                }),
            )
        },
        |state| state.1 == 1,
    );
    let end = graph.task(end, map("Result", |(first, _, steps)| Ok((first, steps))));
    let (task, all) = keep();
    graph.task(end, task);
    (graph, all, log)
}

#[test]
fn results_and_their_order_are_those_of_a_loop_in_one_stage() {
    let want: Vec<_> = (1..=60).map(collatz).collect();
    for width in [1, 2, 5, 100] {
        for waiting in WAITINGS {
            for stages in [
                &[(9, 1)][..],
                &[(3, 1), (6, 1)],
                &[(3, 1), (1, 3), (1, 2), (4, 1)],
                &[(1, 1), (2, 1), (2, 4), (1, 1), (1, 1), (2, 1)],
                &[(3, 1), (3, 1), (1, 1), (2, 1)],
            ] {
                let want = want.clone();
                watched(format!("width {width}, {stages:?} {waiting:?}"), move || {
                    let (graph, all, _) = graph(60, width);
                    let stage =
                        |&(n, w): &(usize, usize)| Stage::new(n).replicas(w).depth(2).waiting(waiting);
                    let stages: Vec<Stage> = stages.iter().map(stage).collect();
                    let mut pipeline = Pipeline::new(graph, &stages).unwrap();
                    pipeline.run(&Settings::default()).unwrap();
                    assert_eq!(kept(&all), want);
                });
            }
        }
    }
}

#[test]
fn a_stateful_task_in_the_loop_sees_the_same_order_every_time() {
    let mut first: Option<Vec<State>> = None;
    for round in 0..20 {
        let (graph, _, log) = graph(40, 7);
        let wide = Stage::new(2).replicas(1 + round % 4).depth(1 + round % 3);
        let stages = [Stage::new(3), wide, Stage::new(1), Stage::new(3)];
        Pipeline::new(graph, &stages).unwrap().run(&Settings::default()).unwrap();
        let seen = kept(&log);
        assert_eq!(*first.get_or_insert_with(|| seen.clone()), seen);
    }
    // Several frames were in the loop at a time.
    let seen = first.unwrap();
    assert!(seen.windows(2).filter(|pair| pair[0].0 != pair[1].0).count() > 100);
}

#[test]
fn no_more_frames_than_the_width_are_in_the_loop() {
    let (inside, most) = (Arc::new(AtomicI64::new(0)), Arc::new(AtomicI64::new(0)));
    let (enter, leave, peak) = (inside.clone(), inside.clone(), most.clone());
    let mut graph = Graph::new();
    let number = graph.source(iterate("Count", 0..200_u64));
    let end = graph.feedback(
        number,
        3,
        move |graph: &mut Graph, n: Out<u64>| {
            let n = graph.task(
                n,
                map("In", move |n: u64| {
                    peak.fetch_max(enter.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                    Ok(n)
                }),
            );
            graph.task(
                n,
                map("Out", move |n: u64| {
                    leave.fetch_sub(1, Ordering::SeqCst);
                    Ok(n + 1000)
                }),
            )
        },
        |n| *n >= 3000,
    );
    let (task, all) = keep();
    graph.task(end, task);
    let stages = [Stage::new(2), Stage::new(1), Stage::new(1), Stage::new(2)];
    Pipeline::new(graph, &stages).unwrap().run(&Settings::default()).unwrap();
    assert_eq!(kept(&all), (3000..3200).collect::<Vec<u64>>());
    assert!((1..=3).contains(&most.load(Ordering::SeqCst)), "{most:?}");
}

#[test]
fn an_empty_stream_a_second_run_and_limits() {
    let (graph, all, _) = graph(1000, 4);
    let stages = [Stage::new(3), Stage::new(2).replicas(2), Stage::new(4)];
    let mut pipeline = Pipeline::new(graph, &stages).unwrap();
    for (frames, from) in [(0, 1), (10, 1), (1, 11), (30, 12)] {
        pipeline.run(&Settings { frames: Some(frames), ..Settings::default() }).unwrap();
        assert_eq!(kept(&all), (from..from + frames).map(collatz).collect::<Vec<_>>());
    }
}

#[test]
fn failures_and_cancellation_inside_the_loop_end_the_run() {
    for (what, waiting) in
        [("error", Waiting::Park), ("panic", Waiting::Spin), ("cancel", Waiting::SpinThenPark)]
    {
        for round in 0..30 {
            watched(format!("{what} {round}"), move || {
                let settings = Settings::default();
                let cancel = settings.cancel.clone();
                let mut graph = Graph::new();
                let number = graph.source(iterate("Count", 0_u64..));
                let end = graph.feedback(
                    number,
                    5,
                    |graph: &mut Graph, n: Out<u64>| {
                        let n = graph.task(n, replicable("Step", |n: u64| Ok(n + 1_000_000)));
                        graph.task(
                            n,
                            map("Trap", move |n: u64| match (n, what) {
                                (2_000_020, "error") => Err("trap".into()),
                                (2_000_020, "panic") => panic!("trap"),
                                (2_000_020, _) => {
                                    cancel.cancel();
                                    Ok(n)
                                }
                                _ => Ok(n),
                            }),
                        )
                    },
                    |n| *n >= 3_000_000,
                );
                let (task, all) = keep();
                graph.task(end, task);
                let stage = |n: usize| Stage::new(n).waiting(waiting).depth(1 + round % 3);
                let stages = [stage(2), stage(1).replicas(2), stage(1), stage(2)];
                match Pipeline::new(graph, &stages).unwrap().run(&settings).unwrap_err() {
                    Error::Task { task, .. } if what == "error" => assert_eq!(task, "Trap"),
                    Error::Panic { task, .. } if what == "panic" => assert_eq!(task, "Trap"),
                    Error::Cancelled if what == "cancel" => {}
                    other => panic!("{other:?}"),
                }
                let all = kept(&all);
                assert!(all.iter().copied().eq(3_000_000..3_000_000 + all.len() as u64), "{all:?}");
                // What had entered when it was cancelled was finished.
                assert!(what != "cancel" || all.len() >= 21, "{}", all.len());
            });
        }
    }
}

#[test]
fn a_body_that_reads_from_outside_or_filters_is_refused() {
    let mut graph = Graph::new();
    let number = graph.source(iterate("Count", 0..5_u64));
    let end = graph.feedback(
        number.clone(),
        2,
        |graph: &mut Graph, n: Out<u64>| graph.task((n, number), map("Both", |(n, _): (u64, u64)| Ok(n))),
        |_| true,
    );
    graph.task(end, map("End", |_: u64| Ok(())));
    let error = Sequence::new(graph, 1).err().unwrap();
    assert!(matches!(&error, BuildError::TwoRates { task, .. } if task == "Both"), "{error}");

    let mut graph = Graph::new();
    let number = graph.source(iterate("Count", 0..5_u64));
    let end = graph.feedback(
        number,
        2,
        |graph: &mut Graph, n: Out<u64>| {
            let n = graph.task(n, map("Odd", |n: u64| Ok((n % 2 == 1).then_some(n))));
            graph.filter(n)
        },
        |_| true,
    );
    graph.task(end, map("End", |_: u64| Ok(())));
    let error = Sequence::new(graph, 1).err().unwrap();
    assert_eq!(error, BuildError::FilterInFeedback { task: "filter".to_owned() });
}

#[test]
fn sets_count_as_one_and_are_named() {
    let mut graph = Graph::new();
    let n = graph.source(iterate("Count", 0..5_u64));
    let n = graph.set("Outer", n, |graph, n| {
        let n = graph.task(n, replicable("One", |n: u64| Ok(n + 1)));
        let n = graph.set("Inner", n, |graph, n| {
            graph.repeat_times(n, 3, |graph, n| graph.task(n, replicable("Two", |n: u64| Ok(2 * n))))
        });
        graph.task(n, replicable("Three", |n: u64| if n < 40 { Ok(n) } else { Err("big".into()) }))
    });
    let (task, all) = keep();
    graph.task(n, task);
    assert_eq!(graph.n_tasks(), 3);
    let stages = [Stage::new(1), Stage::new(1).replicas(2), Stage::new(1)];
    let mut pipeline = Pipeline::new(graph, &stages).unwrap();
    let error = pipeline.run(&Settings::default()).unwrap_err();
    assert!(matches!(&error, Error::Task { task, chunk: Some(4), .. } if task == "Outer/Three"), "{error:?}");
    assert_eq!(kept(&all), [8, 16, 24, 32]);
    let report = pipeline.run(&Settings::default()).unwrap();
    assert!(report.tasks.iter().any(|task| &*task.name == "Outer/Inner/Two" && task.stage == 1));
}

#[test]
fn no_stage_in_a_loop_is_unordered_and_an_empty_graph_is_named() {
    let (graph, _, _) = graph(5, 2);
    let stages = [Stage::new(3), Stage::new(2).replicas(2).unordered(), Stage::new(4)];
    let error = Pipeline::new(graph, &stages).err().unwrap();
    assert_eq!(error, BuildError::UnorderedLoop { stage: 1 });
    let error = Sequence::new(Graph::new(), 1).unwrap().run(&Settings::default()).unwrap_err();
    assert!(matches!(error, Error::Build(BuildError::Zero { setting: "tasks" })), "{error}");
}

#[test]
fn drawn_stages_count_sets_as_the_pipeline_does() {
    let mut graph = Graph::new();
    let n = graph.source(iterate("Count", 0..5_u64));
    let n = graph.set("Pair", n, |graph, n| {
        let n = graph.task(n, replicable("One", |n: u64| Ok(n + 1)));
        graph.task(n, replicable("Two", |n: u64| Ok(2 * n)))
    });
    graph.task(n, map("End", |_: u64| Ok(())));
    let stages = [Stage::new(1), Stage::new(1), Stage::new(1)];
    let text = graph.to_dot_stages(&stages).unwrap();
    assert!(text.contains("Pair/Two") && text.matches("subgraph").count() == 3, "{text}");
    Pipeline::new(graph, &stages).unwrap();
}
