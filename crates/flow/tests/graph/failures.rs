//! Errors, panics, cancellation and deadlines in every stage: one clean error, nothing left, and the pipeline runs on.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicI64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use facette_flow::{
    Accumulator, BoxError, CancelToken, Error, Source,
    closures::{iterate, map, replicable},
    graph::{Graph, Pipeline, Settings, Stage, Waiting},
};

use crate::support::{WAITINGS, watched};

/// A frame that is counted while it lives.
struct Tracked(u64, Arc<AtomicI64>);

impl Tracked {
    fn new(n: u64, live: &Arc<AtomicI64>) -> Self {
        live.fetch_add(1, Ordering::SeqCst);
        Tracked(n, live.clone())
    }
}

impl Drop for Tracked {
    fn drop(&mut self) {
        self.1.fetch_sub(1, Ordering::SeqCst);
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Trap {
    Error,
    Panic,
    None,
}

impl Trap {
    fn spring(self, is_here: bool) -> Result<(), BoxError> {
        match self {
            Trap::Error if is_here => Err("sprung".into()),
            Trap::Panic if is_here => panic!("sprung"),
            _ => Ok(()),
        }
    }
}

const NAMES: [&str; 3] = ["First", "Middle", "Last"];

/// Three stages, the middle one of `replicas`; the trap lies in stage `at` and springs at `frame` of the stream.
fn pipeline(
    (at, frame): (usize, u64),
    trap: Trap,
    replicas: usize,
    waiting: Waiting,
    live: &Arc<AtomicI64>,
) -> Pipeline {
    struct First {
        next: u64,
        frame: Option<u64>,
        trap: Trap,
        live: Arc<AtomicI64>,
    }
    impl Source for First {
        type Out = Tracked;
        fn next(&mut self) -> Result<Option<Tracked>, BoxError> {
            let frame = Tracked::new(self.next, &self.live);
            self.next += 1;
            self.trap.spring(self.frame == Some(frame.0))?;
            Ok((frame.0 < 40 || frame.0 > 100).then_some(frame))
        }
    }
    let mut graph = Graph::new();
    let first = First { next: 0, frame: (at == 0).then_some(frame), trap, live: live.clone() };
    let tracked = graph.source(first);
    let middle = replicable("Middle", move |tracked: Tracked| {
        trap.spring(at == 1 && tracked.0 == frame)?;
        Ok(tracked)
    });
    let tracked = graph.task(tracked, middle);
    let last = map("Last", move |tracked: Tracked| trap.spring(at == 2 && tracked.0 == frame));
    graph.task(tracked, last);
    let stage = || Stage::new(1).depth(2).waiting(waiting);
    Pipeline::new(graph, &[stage(), stage().replicas(replicas), stage()]).unwrap()
}

#[test]
fn a_failure_in_any_stage_is_one_clean_error_each_time() {
    for (at, name) in NAMES.into_iter().enumerate() {
        for trap in [Trap::Error, Trap::Panic] {
            for replicas in [1, 4] {
                watched(format!("{name} {trap:?} {replicas}"), move || {
                    for round in 0..rounds() {
                        let live = Arc::new(AtomicI64::new(0));
                        let waiting = WAITINGS[round as usize % 3];
                        let frame = round % 40;
                        let mut pipeline = pipeline((at, frame), trap, replicas, waiting, &live);
                        let error = pipeline.run(&Settings::default()).unwrap_err();
                        let (task, chunk) = match (&error, trap) {
                            (Error::Task { task, chunk, source }, Trap::Error) => {
                                assert_eq!(source.to_string(), "sprung");
                                (task, chunk)
                            }
                            (Error::Panic { task, chunk, message }, Trap::Panic) => {
                                assert_eq!(message, "sprung");
                                (task, chunk)
                            }
                            _ => panic!("{error:?}"),
                        };
                        assert_eq!((task.as_str(), *chunk), (name, Some(frame)));
                        assert_eq!(live.load(Ordering::SeqCst), 0, "frames left or dropped twice");
                        // It can be run again, with the frames that are left.
                        pipeline.run(&Settings::default()).unwrap();
                        assert_eq!(live.load(Ordering::SeqCst), 0);
                    }
                });
            }
        }
    }
}

/// Copies of an accumulator are put together at the end of a stream, which may fail like any of its calls.
#[test]
fn a_panic_while_accumulators_are_merged_names_the_accumulator() {
    struct Total(u64, Arc<AtomicBool>);
    impl Accumulator for Total {
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
            Some(Total(0, self.1.clone()))
        }
        fn merge(&mut self, other: &mut Self) {
            assert!(!self.1.load(Ordering::SeqCst), "sprung");
            self.0 += std::mem::take(&mut other.0);
        }
    }
    for replicas in [2, 4] {
        let is_set = Arc::new(AtomicBool::new(true));
        let mut graph = Graph::new();
        let n = graph.source(iterate("Count", 0..100_u64));
        let total = graph.accumulate(n, Total(0, is_set.clone()));
        graph.task(total, map("End", |_: u64| Ok(())));
        let stages = [Stage::new(1), Stage::new(1).replicas(replicas), Stage::new(1)];
        let mut pipeline = Pipeline::new(graph, &stages).unwrap();
        let error = pipeline.run(&Settings::default()).unwrap_err();
        let Error::Panic { task, chunk: None, message } = &error else { panic!("{error:?}") };
        assert_eq!((&**task, &**message), ("Total", "sprung"));
        is_set.store(false, Ordering::SeqCst);
        pipeline.run(&Settings::default()).unwrap();
    }
}

/// Both sides of a boundary weigh; who made the frame is named with the frame.
#[test]
fn a_panic_while_a_frame_is_weighed_names_the_task_that_gives_it() {
    for waiting in WAITINGS {
        for is_in_front in [true, false] {
            watched(format!("{waiting:?}, in front: {is_in_front}"), move || {
                let mut graph = Graph::new();
                let n = graph.source(iterate("Count", 0..100_u64));
                let n = graph.task(n, map("Give", |n: u64| Ok(n)));
                graph.weigh(&n, move |&n| {
                    let is_here = (thread::current().name() == Some("flow 1.0")) == is_in_front;
                    assert!(!(n == 7 && is_here), "sprung");
                    8
                });
                graph.task(n, map("End", |_: u64| Ok(())));
                let stage = || Stage::new(1).waiting(waiting);
                let mut pipeline = Pipeline::new(graph, &[stage(), stage().bytes(64), stage()]).unwrap();
                let error = pipeline.run(&Settings::default()).unwrap_err();
                let Error::Panic { task, chunk: Some(7), message } = &error else { panic!("{error:?}") };
                assert_eq!((&**task, &**message), ("Give", "when its frame was weighed: sprung"));
            });
        }
    }
}

/// 1000 where `FLOW_ROUNDS` says so: the figure of the record, too slow for every day.
fn rounds() -> u64 {
    std::env::var("FLOW_ROUNDS").ok().and_then(|n| n.parse().ok()).unwrap_or(60)
}

#[test]
fn without_a_trap_all_is_well() {
    for waiting in WAITINGS {
        let live = Arc::new(AtomicI64::new(0));
        let report = pipeline((0, 0), Trap::None, 4, waiting, &live).run(&Settings::default()).unwrap();
        assert_eq!((report.frames, live.load(Ordering::SeqCst)), (40, 0));
    }
}

#[test]
fn the_earliest_frame_is_reported_though_later_ones_fail_sooner() {
    for round in 0..40_u64 {
        let error = watched(format!("round {round}"), move || {
            let mut graph = Graph::new();
            let n = graph.source(iterate("Count", 0..100_u64));
            let fail = replicable("Fail", |n: u64| match n {
                5 => {
                    thread::sleep(Duration::from_millis(1));
                    Err("late".into())
                }
                6.. => Err("early".into()),
                _ => Ok(n),
            });
            let n = graph.task(n, fail);
            graph.task(n, map("End", |_: u64| Ok(())));
            let stages = [Stage::new(1), Stage::new(1).replicas(4), Stage::new(1)];
            Pipeline::new(graph, &stages).unwrap().run(&Settings::default()).unwrap_err()
        });
        assert!(matches!(&error, Error::Task { chunk: Some(5), .. }), "{error:?}");
    }
}

fn endless(waiting: Waiting, act: impl Fn(u64) + Clone + Send + 'static) -> Pipeline {
    let mut graph = Graph::new();
    let n = graph.source(iterate("Count", 0_u64..));
    let act = replicable("Act", move |n: u64| {
        act(n);
        Ok(n)
    });
    let n = graph.task(n, act);
    graph.task(n, map("End", |_: u64| Ok(())));
    let stage = || Stage::new(1).waiting(waiting);
    Pipeline::new(graph, &[stage(), stage().replicas(2), stage()]).unwrap()
}

#[test]
fn cancellation_ends_a_run_in_order() {
    for waiting in WAITINGS {
        let error = watched(format!("{waiting:?}"), move || {
            let cancel = CancelToken::new();
            let token = cancel.clone();
            let act = move |n| {
                if n == 500 {
                    token.cancel();
                }
            };
            let settings = Settings { cancel, ..Settings::default() };
            endless(waiting, act).run(&settings).unwrap_err()
        });
        assert!(matches!(error, Error::Cancelled), "{error:?}");
    }
}

#[test]
fn a_deadline_ends_a_run() {
    for waiting in WAITINGS {
        let (error, took) = watched(format!("{waiting:?}"), move || {
            let started = Instant::now();
            let deadline = Some(started + Duration::from_millis(50));
            let settings = Settings { deadline, ..Settings::default() };
            (endless(waiting, |_| ()).run(&settings).unwrap_err(), started.elapsed())
        });
        assert!(matches!(error, Error::Deadline), "{error:?}");
        assert!((Duration::from_millis(50)..Duration::from_secs(5)).contains(&took), "{took:?}");
    }
}

#[test]
fn a_run_that_ends_before_its_deadline_is_well() {
    let deadline = Some(Instant::now() + Duration::from_secs(3600));
    let settings = Settings { deadline, frames: Some(10), ..Settings::default() };
    watched("deadline far away".to_owned(), move || {
        assert_eq!(endless(Waiting::Park, |_| ()).run(&settings).unwrap().frames, 10);
    });
}
