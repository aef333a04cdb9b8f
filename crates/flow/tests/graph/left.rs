//! Frames that panic while they are dropped, left behind by a run that has failed: one error, and the process lives.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering},
    },
    thread,
    time::Duration,
};

use facette_flow::{
    BoxError, BuildError, Error, Source,
    closures::{iterate, map},
    graph::{Graph, Pipeline, Settings, Stage},
};

use crate::support::{WAITINGS, watched};

/// A frame that cannot be dropped in peace, but is counted.
struct Sticky(u64, Arc<AtomicI64>);

impl Drop for Sticky {
    fn drop(&mut self) {
        self.1.fetch_sub(1, Ordering::SeqCst);
        panic!("frame {} sticks", self.0);
    }
}

/// `n` such frames, how many of them were made, and how many live.
fn sticky(n: u64) -> (impl Source<Out = Sticky>, Arc<AtomicU64>, Arc<AtomicI64>) {
    let (made, live) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicI64::new(0)));
    let (count, alive) = (made.clone(), live.clone());
    let make = move |n| {
        count.fetch_add(1, Ordering::SeqCst);
        alive.fetch_add(1, Ordering::SeqCst);
        Sticky(n, alive.clone())
    };
    (iterate("Give", (0..n).map(make)), made, live)
}

fn wait_for(is_so: impl Fn() -> bool) {
    while !is_so() {
        thread::sleep(Duration::from_micros(50));
    }
}

/// The last stage is lost when it weighs its first frame; several others wait for it, in the ring and beside it.
#[test]
fn frames_in_front_of_a_lost_stage_are_dropped_one_by_one() {
    for waiting in WAITINGS {
        for depth in [2, 8] {
            watched(format!("depth {depth}, {waiting:?}"), move || {
                let (source, made, live) = sticky(20);
                let mut graph = Graph::new();
                let frame = graph.source(source);
                let text = graph.task((), map("Text", |(): ()| Ok(Sticky(100, Arc::default()))));
                graph.weigh(&frame, move |_| {
                    if thread::current().name() != Some("flow 0.0") {
                        wait_for(|| made.load(Ordering::SeqCst) > depth);
                        panic!("too heavy");
                    }
                    1
                });
                graph.task((frame, text), map("End", |_: (Sticky, Sticky)| Ok(())));
                let first = Stage::new(2).depth(depth as usize).bytes(1000).waiting(waiting);
                let mut pipeline = Pipeline::new(graph, &[first, Stage::new(1)]).unwrap();
                let error = pipeline.run(&Settings::default()).unwrap_err();
                let Error::Panic { task, chunk: Some(0), message } = &error else { panic!("{error:?}") };
                assert_eq!((&**task, &**message), ("Give", "when its frame was weighed: too heavy"));
                assert_eq!(live.load(Ordering::SeqCst), 0, "frames left");
                let again = pipeline.run(&Settings::default()).unwrap_err();
                assert!(matches!(again, Error::Build(BuildError::Broken)), "{again:?}");
            });
        }
    }
}

/// What a path does not read is dropped when the next frame comes.
#[test]
fn a_stage_that_is_lost_to_a_drop_is_one_error() {
    for waiting in WAITINGS {
        watched(format!("{waiting:?}"), move || {
            let (source, made, live) = sticky(20);
            let mut graph = Graph::new();
            let frame = graph.source(source);
            let number = graph.task((), map("Number", |(): ()| Ok(0_u64)));
            let mut paths = graph.branch(number, 2, |_| 1).into_iter();
            let taken = paths.next().unwrap();
            graph.task((frame, taken), map("Take", |_: (Sticky, u64)| Ok(())));
            let wait = move |_| {
                wait_for(|| made.load(Ordering::SeqCst) > 3);
                Ok(())
            };
            graph.task(paths.next().unwrap(), map("Leave", wait));
            let stages = [Stage::new(2).depth(4).waiting(waiting), Stage::new(3)];
            let error = Pipeline::new(graph, &stages).unwrap().run(&Settings::default()).unwrap_err();
            let Error::Panic { message, .. } = &error else { panic!("{error:?}") };
            assert_eq!(message, "frame 0 sticks");
            assert_eq!(live.load(Ordering::SeqCst), 0, "frames left");
        });
    }
}

/// Frames on the way back of a loop whose source fails, and frames that are done before an earlier one.
#[test]
fn frames_in_a_loop_are_dropped_one_by_one() {
    struct Failing<S> {
        frames: S,
        is_due: Arc<AtomicBool>,
    }
    impl<S: Source> Source for Failing<S> {
        type Out = S::Out;
        fn next(&mut self) -> Result<Option<S::Out>, BoxError> {
            match self.frames.next()? {
                Some(frame) => Ok(Some(frame)),
                None => {
                    wait_for(|| self.is_due.load(Ordering::SeqCst));
                    // The last frame is decided upon, and now goes back.
                    thread::sleep(Duration::from_millis(5));
                    Err("no more".into())
                }
            }
        }
    }
    for (n_early, name) in [(0, "all go back"), (3, "the first goes back")] {
        watched(name.to_owned(), move || {
            let (frames, _, live) = sticky(4);
            let is_due = Arc::new(AtomicBool::new(false));
            let due = is_due.clone();
            let mut graph = Graph::new();
            let frame = graph.source(Failing { frames, is_due });
            let done = move |frame: &Sticky| {
                due.fetch_or(frame.0 == 3, Ordering::SeqCst);
                frame.0 > 3 - n_early
            };
            let end = graph.feedback(frame, 8, |_, frame| frame, done);
            graph.task(end, map("End", |_: Sticky| Ok(())));
            let mut pipeline = Pipeline::new(graph, &[Stage::new(2), Stage::new(2)]).unwrap();
            let error = pipeline.run(&Settings::default()).unwrap_err();
            assert!(matches!(&error, Error::Task { task, .. } if task == "Failing"), "{error:?}");
            assert_eq!(live.load(Ordering::SeqCst), 0, "frames left");
        });
    }
}
