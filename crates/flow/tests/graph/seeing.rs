//! What a run says about itself: statistics, snapshots, stalls.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use facette_flow::{
    Accumulator, BoxError, Call, CancelToken, Crowd, Error, Observer,
    closures::{fold, iterate, map, replicable},
    graph::{
        Doing, Graph, OnStall, Pipeline, Sampling, Sequence, Settings, Snapshot, Splitter, Stage, Stall,
        StreamReport, timed,
    },
};
use serde_json::Value;

use crate::support::{Add, keep, kept, watched};

/// Source → 3 replicas with timers → sum.
fn three_stages(frames: u64, settings: &Settings) -> StreamReport {
    let mut graph = Graph::new();
    let n = graph.source(iterate("Count", 0..frames));
    let work = |n: u64| {
        let square = timed("square", || n * n);
        (0..2).for_each(|_| timed("wait", || thread::sleep(Duration::from_micros(50))));
        Ok(square)
    };
    let n = graph.task(n, replicable("Work", work));
    let (task, all) = keep();
    graph.task(n, task);
    let stages = [Stage::new(1).depth(4), Stage::new(1).replicas(3).depth(4), Stage::new(1)];
    let report = Pipeline::new(graph, &stages).unwrap().run(settings).unwrap();
    assert_eq!(kept(&all), (0..frames).map(|n| n * n).collect::<Vec<_>>());
    report
}

fn every() -> Settings {
    Settings { sampling: Sampling::Every, ..Settings::default() }
}

#[test]
fn tasks_timers_and_replicas_add_up() {
    let report = three_stages(60, &every());
    let work = &report.tasks[1];
    assert_eq!((work.calls, work.clock.calls, work.replicas, work.is_sampled()), (60, 60, 3, false));
    assert_eq!(work.per_replica.iter().map(|replica| replica.calls).sum::<u64>(), 60);
    let total_s: f64 = work.per_replica.iter().map(|replica| replica.clock.total_s).sum();
    assert!((total_s - work.clock.total_s).abs() < 1e-9);
    let names: Vec<_> = work.timers.iter().map(|timer| (timer.name, timer.clock.calls)).collect();
    assert_eq!(names, [("square", 60), ("wait", 120)]);
    let wait = &work.timers[1].clock;
    assert!(wait.min_s >= 50e-6 && wait.total_s <= work.clock.total_s, "{work:?}");
    let mean_s = work.clock.mean_s().unwrap();
    assert!(work.clock.min_s >= 100e-6 && work.clock.min_s <= mean_s && mean_s <= work.clock.max_s);
    assert!((work.throughput_per_s.unwrap() - 3.0 / mean_s).abs() < 1e-6);
    assert!(report.tasks[2].timers.is_empty() && report.tasks[0].calls == 60);
}

#[test]
fn a_sample_says_so() {
    let report = three_stages(64, &Settings { sampling: Sampling::OneIn(16), ..Settings::default() });
    let work = &report.tasks[1];
    assert_eq!((work.calls, work.clock.calls, work.is_sampled()), (64, 4, true));
    assert_eq!(work.timers[1].clock.calls, 8);
    assert!((work.busy_s.unwrap() - 16.0 * work.clock.total_s).abs() < 1e-9);
    assert_eq!(report.boundaries[0].occupancy.samples, 4);
    let off = three_stages(64, &Settings::default());
    assert_eq!((off.tasks[1].calls, off.tasks[1].busy_s, off.tasks[1].timers.len()), (64, None, 0));
    assert_eq!(off.boundaries[0].occupancy.mean, None);
}

#[test]
fn a_splitter_is_timed_as_a_whole_and_accumulators_with_their_end() {
    /// Three for each, a nap before each; then an accumulator that naps at its end.
    struct Naps(u64);
    impl Splitter for Naps {
        type In = u64;
        type Out = u64;
        fn take(&mut self, _: u64) -> Result<(), BoxError> {
            self.0 = 3;
            Ok(())
        }
        fn next(&mut self) -> Result<Option<u64>, BoxError> {
            thread::sleep(Duration::from_millis(1));
            let is_left = self.0 > 0;
            self.0 = self.0.saturating_sub(1);
            Ok(is_left.then_some(self.0))
        }
    }
    struct Sum(u64);
    impl Accumulator for Sum {
        type In = u64;
        type Out = u64;
        fn add(&mut self, n: u64) -> Result<(), BoxError> {
            self.0 += n;
            Ok(())
        }
        fn finish(&mut self) -> Result<u64, BoxError> {
            thread::sleep(Duration::from_millis(20));
            Ok(self.0)
        }
    }
    let mut graph = Graph::new();
    let n = graph.source(iterate("Count", 0..5_u64));
    let n = graph.split(n, Naps(0));
    let sum = graph.accumulate(n, Sum(0));
    graph.task(sum, map("End", |n: u64| if n == 15 { Ok(()) } else { Err("not 15".into()) }));
    let report = Sequence::new(graph, 1).unwrap().run(&every()).unwrap();
    let [_, naps, sum, end] = &report.tasks[..] else { panic!("{report:?}") };
    assert_eq!((naps.calls, naps.clock.calls, sum.calls, sum.clock.calls, end.calls), (5, 5, 15, 15, 1));
    assert!(naps.clock.min_s >= 4e-3 && naps.clock.total_s >= 20e-3, "{naps:?}");
    assert!(sum.clock.max_s >= 20e-3 && sum.clock.total_s >= 20e-3 && sum.clock.min_s < 20e-3, "{sum:?}");
}

#[test]
fn a_sample_misses_no_period_of_the_graph() {
    for period in 1..20_usize {
        let mut graph = Graph::new();
        let n = graph.source(iterate("Count", 0..16_000_u64));
        let batch = graph.batch(n, period);
        graph.task(batch, map("End", |_: Vec<u64>| Ok(())));
        let settings = Settings { sampling: Sampling::OneIn(8), ..Settings::default() };
        let report = Sequence::new(graph, 1).unwrap().run(&settings).unwrap();
        for task in &report.tasks {
            let share = task.clock.calls as f64 / task.calls as f64;
            assert!((0.11..0.14).contains(&share), "period {period}: {task:?}");
        }
    }
}

#[test]
fn timers_outside_a_run_and_in_a_pool() {
    assert_eq!(timed("alone", || 7), 7);
    struct Wide;
    impl facette_flow::Task for Wide {
        type In = u64;
        type Out = u64;
        fn run(&mut self, n: u64) -> Result<u64, facette_flow::BoxError> {
            Ok(timed("inside", || n + 1))
        }
        fn max_threads(&self) -> usize {
            2
        }
        fn replica(&self) -> Option<Self> {
            None
        }
    }
    let mut graph = Graph::new();
    let n = graph.source(iterate("Count", 0..5_u64));
    graph.task(n, Wide);
    let report = Pipeline::new(graph, &[Stage::new(2).threads(2)]).unwrap().run(&every()).unwrap();
    let timer = &report.tasks[1].timers[0];
    assert_eq!((timer.name, timer.clock.calls), ("inside", 5));
}

#[test]
fn a_run_inside_a_task_keeps_its_timers_apart() {
    let mut graph = Graph::new();
    let n = graph.source(iterate("Count", 0..3_u64));
    let inner = |n: u64| {
        timed("before", || ());
        let mut graph = Graph::new();
        let one = graph.source(iterate("Inner", [n]));
        graph.task(one, map("Deep", |n: u64| timed("deep", || Ok(n + 1))));
        let report = Sequence::new(graph, 1)?.run(&every())?;
        assert_eq!(report.tasks[1].timers[0].name, "deep");
        timed("after", || ());
        Ok(())
    };
    graph.task(n, map("Outer", inner));
    let report = Sequence::new(graph, 1).unwrap().run(&every()).unwrap();
    let names: Vec<_> = report.tasks[1].timers.iter().map(|timer| (timer.name, timer.clock.calls)).collect();
    assert_eq!(names, [("before", 3), ("after", 3)]);
}

#[test]
fn a_slow_end_fills_the_boundaries_in_front_of_it() {
    let mut graph = Graph::new();
    let n = graph.source(iterate("Count", 0..40_u64));
    let n = graph.forward(n, Add(0));
    let slow = map("Slow", |_: u64| {
        thread::sleep(Duration::from_millis(1));
        Ok(())
    });
    graph.task(n, slow);
    let stages = [Stage::new(1).depth(4), Stage::new(1).replicas(2).depth(4), Stage::new(1)];
    let report = Pipeline::new(graph, &stages).unwrap().run(&every()).unwrap();
    for (boundary, (capacity, fronts, backs)) in report.boundaries.iter().zip([(4, 1, 2), (5, 2, 1)]) {
        assert_eq!((boundary.capacity, boundary.occupancy.samples), (capacity, 40));
        let mean = boundary.occupancy.mean.unwrap();
        assert!(boundary.occupancy.max <= capacity && mean > 1.5 && mean <= capacity as f64, "{boundary:?}");
        assert_eq!(boundary.replicas_waited_room_s.len(), fronts);
        assert_eq!(boundary.replicas_waited_frame_s.len(), backs);
        let sum: f64 = boundary.replicas_waited_room_s.iter().sum();
        assert!((boundary.waited_room_s - sum).abs() < 1e-12 && sum > 5e-3, "{boundary:?}");
    }
}

#[test]
fn json_and_table_say_what_the_report_says() {
    let report = three_stages(40, &every());
    let json: Value = serde_json::from_str(&report.to_json()).unwrap();
    assert_eq!((&json["schema"], &json["frames"]), (&Value::from(1), &Value::from(40)));
    let work = &json["tasks"][1];
    assert_eq!((work["name"].as_str(), work["calls"].as_u64()), (Some("Work"), Some(40)));
    let clock = &report.tasks[1].clock;
    for (name, value) in [("min_s", clock.min_s), ("mean_s", clock.mean_s().unwrap()), ("max_s", clock.max_s)]
    {
        let read = work["clock"][name].as_f64().unwrap();
        assert!((read / value - 1.0).abs() < 1e-12, "{name}: {read} {value}");
    }
    assert_eq!(work["timers"][1]["clock"]["calls"].as_u64(), Some(80));
    assert_eq!(work["per_replica"].as_array().unwrap().len(), 3);
    assert_eq!(json["boundaries"][0]["capacity"].as_u64(), Some(4));
    let off: Value = serde_json::from_str(&three_stages(5, &Settings::default()).to_json()).unwrap();
    assert!(off["tasks"][0]["clock"]["min_s"].is_null() && off["tasks"][0]["busy_s"].is_null());

    let table = report.table();
    let lines: Vec<&str> = table.lines().collect();
    let row = |name: &str| lines.iter().position(|line| line.trim_start().starts_with(name)).unwrap();
    assert!(row("stage 1, 3 replicas") < row("Work") && row("Work") < row(". wait"), "{table}");
    assert!(
        lines[row("Work")].contains(" 40 ") && lines[row("boundary")].contains(" of 4 frames"),
        "{table}"
    );
    assert!(lines.last().unwrap().starts_with("40 frames in "), "{table}");
}

/// Keeps everything it is told.
#[derive(Default)]
struct Log {
    snapshots: Mutex<Vec<Snapshot>>,
    stalls: Mutex<Vec<Stall>>,
    calls: AtomicU64,
    parts: AtomicU64,
    crowds: AtomicU64,
}

impl Observer for Log {
    fn called(&self, _: &Call<'_>) {
        self.calls.fetch_add(1, Ordering::Relaxed);
    }
    fn timed(&self, timer: &str, part: &Call<'_>) {
        assert!(["square", "wait"].contains(&timer) && part.task == "Work" && part.began <= part.ended);
        self.parts.fetch_add(1, Ordering::Relaxed);
    }
    fn crowded(&self, crowd: &Crowd) {
        assert!(crowd.boundary < 2 && crowd.frames <= crowd.capacity);
        self.crowds.fetch_add(1, Ordering::Relaxed);
    }
    fn snapshot(&self, snapshot: &Snapshot) {
        self.snapshots.lock().unwrap().push(snapshot.clone());
    }
    fn stalled(&self, stall: &Stall) {
        self.stalls.lock().unwrap().push(stall.clone());
    }
}

#[test]
fn snapshots_grow_until_the_last_is_the_report() {
    let log = Arc::new(Log::default());
    let other = Arc::new(Log::default());
    let both: Vec<Arc<dyn Observer>> = vec![log.clone(), other.clone()];
    let settings = Settings {
        observer: Some(Arc::new(both)),
        snapshot_every: Some(Duration::from_millis(2)),
        ..every()
    };
    let report = three_stages(1000, &settings);
    let snapshots = kept(&log.snapshots);
    let (last, live) = snapshots.split_last().unwrap();
    assert!(live.len() >= 2, "{} snapshots", live.len());
    assert!(live.iter().all(|snapshot| !snapshot.is_final) && last.is_final);
    let calls = |snapshot: &Snapshot| snapshot.tasks.iter().map(|task| task.calls).collect::<Vec<_>>();
    for pair in snapshots.windows(2) {
        assert!(pair[0].elapsed_s < pair[1].elapsed_s && pair[0].frames <= pair[1].frames);
        assert!(calls(&pair[0]).iter().zip(calls(&pair[1])).all(|(before, after)| *before <= after));
    }
    assert!(live.iter().any(|s| s.workers.iter().any(|w| matches!(w.doing, Doing::Working { .. }))));
    assert!(live.iter().all(|s| s.workers.len() == 5 && s.boundaries[0].frames <= s.boundaries[0].capacity));
    assert!(last.workers.iter().all(|worker| worker.doing == Doing::Ended));
    assert_eq!(last.frames, report.frames);
    let totals = |tasks| serde_json::to_value(tasks).unwrap();
    assert_eq!(totals(&last.tasks), totals(&report.tasks));
    assert_eq!(last.boundaries[1].occupancy, report.boundaries[1].occupancy);
    let json: Value = serde_json::from_str(&last.to_json()).unwrap();
    assert_eq!(json["workers"][0]["doing"]["state"].as_str(), Some("ended"));
    for log in [log, other] {
        let told = [&log.calls, &log.parts, &log.crowds].map(|count| count.load(Ordering::Relaxed));
        assert_eq!(told, [3000, 3000, 2000]);
    }
}

#[test]
fn no_snapshots_without_being_asked_and_one_from_an_instant_run() {
    let log = Arc::new(Log::default());
    three_stages(3, &Settings { observer: Some(log.clone()), ..Settings::default() });
    assert!(kept(&log.snapshots).is_empty() && log.calls.load(Ordering::Relaxed) == 0);
    let hour = Some(Duration::from_secs(3600));
    three_stages(3, &Settings { observer: Some(log.clone()), snapshot_every: hour, ..Settings::default() });
    assert_eq!(kept(&log.snapshots).len(), 1);
}

#[test]
fn a_panic_of_the_observer_ends_the_run() {
    struct Bad(bool);
    impl Observer for Bad {
        fn snapshot(&self, _: &Snapshot) {
            assert!(self.0, "snapshot refused");
        }
        fn crowded(&self, _: &Crowd) {
            assert!(!self.0, "crowd refused");
        }
    }
    for crowd in [false, true] {
        let error = watched(format!("{crowd}"), move || {
            let mut graph = Graph::new();
            let n = graph.source(iterate("Count", 0_u64..));
            graph.task(n, map("Drop", |_: u64| Ok(())));
            let settings = Settings {
                observer: Some(Arc::new(Bad(crowd))),
                snapshot_every: Some(Duration::from_millis(1)),
                ..every()
            };
            Pipeline::new(graph, &[Stage::new(1), Stage::new(1)]).unwrap().run(&settings).unwrap_err()
        });
        assert!(
            matches!(&error, Error::Panic { task, message, .. }
            if task == "observer" && message.contains("refused")),
            "{error:?}"
        );
    }
}

/// Count → Slow on frame 3 → Keep, each in a stage; gives what was told.
fn with_slow_task(
    slow: impl FnMut(u64) + Clone + Send + 'static,
    settings: Settings,
) -> (Result<StreamReport, Error>, Vec<Stall>) {
    watched("slow task".to_owned(), move || {
        let log = Arc::new(Log::default());
        let mut graph = Graph::new();
        let n = graph.source(iterate("Count", 0..20_u64));
        let mut slow = slow;
        let n = graph.task(
            n,
            replicable("Slow", move |n: u64| {
                if n == 3 {
                    slow(n);
                }
                Ok(n)
            }),
        );
        graph.task(n, map("Keep", |_: u64| Ok(())));
        let stage = || Stage::new(1).depth(2);
        let mut pipeline = Pipeline::new(graph, &[stage(), stage(), stage()]).unwrap();
        let result = pipeline.run(&Settings { observer: Some(log.clone()), ..settings });
        (result, kept(&log.stalls))
    })
}

#[test]
fn a_sleeping_task_is_named_and_so_are_those_who_wait() {
    let settings = Settings { stall_after: Some(Duration::from_millis(150)), ..Settings::default() };
    let (result, stalls) = with_slow_task(|_| thread::sleep(Duration::from_millis(600)), settings);
    result.unwrap();
    let [stall] = &stalls[..] else { panic!("{stalls:?}") };
    let text = stall.to_string();
    assert!(!stall.is_deadlock() && stall.seconds >= 0.15, "{text}");
    for part in [
        "task Slow of stage 1 replica 0 is at work on frame 3 for ",
        "stage 0 replica 0 waits for room at boundary 0",
        "stage 2 replica 0 waits for a frame at boundary 1",
    ] {
        assert!(text.contains(part), "{text}");
    }
    assert!(!text.contains("computing") && !text.contains("deadlock"), "{text}");
}

#[test]
fn a_computing_task_is_slow_and_not_stuck() {
    let busy = |_| {
        let started = Instant::now();
        while started.elapsed() < Duration::from_millis(600) {
            std::hint::spin_loop();
        }
    };
    let settings = Settings { stall_after: Some(Duration::from_millis(150)), ..Settings::default() };
    let (result, stalls) = with_slow_task(busy, settings);
    result.unwrap();
    let [stall] = &stalls[..] else { panic!("{stalls:?}") };
    let worker = stall.workers.iter().find(|stalled| stalled.worker.stage == 1).unwrap();
    if let Some(cores) = worker.cores {
        assert!(cores > 0.05 && stall.to_string().contains("computing: it is slow, not stuck"), "{stall}");
    }
}

#[test]
fn a_run_that_moves_slowly_is_no_stall() {
    let mut graph = Graph::new();
    let n = graph.source(iterate("Count", 0..20_u64));
    let slow = map("Slow", |_: u64| {
        thread::sleep(Duration::from_millis(50));
        Ok(())
    });
    graph.task(n, slow);
    let log = Arc::new(Log::default());
    let stall_after = Some(Duration::from_millis(600));
    let settings =
        Settings { observer: Some(log.clone()), stall_after, on_stall: OnStall::End, ..Settings::default() };
    Pipeline::new(graph, &[Stage::new(1), Stage::new(1)]).unwrap().run(&settings).unwrap();
    assert!(kept(&log.stalls).is_empty());
}

#[test]
fn a_stall_ends_the_run_if_asked_for() {
    let cancel = CancelToken::new();
    let token = cancel.clone();
    // Works until it is told to stop: without the end of the stall it would not come back.
    let stuck = move |_| {
        while !token.is_cancelled() {
            thread::sleep(Duration::from_millis(1));
        }
    };
    let settings = Settings {
        cancel: cancel.clone(),
        stall_after: Some(Duration::from_millis(200)),
        on_stall: OnStall::End,
        ..Settings::default()
    };
    let (result, stalls) = with_slow_task(stuck, settings);
    let error = result.unwrap_err();
    assert!(cancel.is_cancelled() && stalls.len() == 1);
    let Error::Stalled { stall } = &error else { panic!("{error:?}") };
    assert!(
        stall.workers.iter().any(|stalled| matches!(&stalled.worker.doing,
        Doing::Working { task, frame: Some(3) } if task == "Slow")),
        "{error}"
    );
}

#[test]
fn two_stalls_are_told_apart() {
    let mut graph = Graph::new();
    let n = graph.source(iterate("Count", 0..6_u64));
    let sum = graph.accumulate(
        n,
        fold("Sum", 0_u64, |sum, n: u64| {
            if n % 3 == 2 {
                thread::sleep(Duration::from_millis(600));
            }
            *sum += n;
            Ok(())
        }),
    );
    graph.task(sum, map("End", |n: u64| if n == 15 { Ok(()) } else { Err("not 15".into()) }));
    let log = Arc::new(Log::default());
    let stall_after = Some(Duration::from_millis(150));
    let settings = Settings { observer: Some(log.clone()), stall_after, ..Settings::default() };
    Sequence::new(graph, 1).unwrap().run(&settings).unwrap();
    let texts: Vec<String> = kept(&log.stalls).iter().map(ToString::to_string).collect();
    assert!(texts.len() == 2 && texts[0].contains("frame 2") && texts[1].contains("frame 5"), "{texts:?}");
}

#[test]
fn a_deadline_still_works_while_all_is_watched() {
    let is_late = Arc::new(AtomicBool::new(false));
    let mut graph = Graph::new();
    let n = graph.source(iterate("Count", 0_u64..));
    graph.task(n, map("Drop", |_: u64| Ok(())));
    let settings = Settings {
        deadline: Some(Instant::now() + Duration::from_millis(30)),
        observer: Some(Arc::new(Log::default())),
        snapshot_every: Some(Duration::from_millis(7)),
        stall_after: Some(Duration::from_secs(5)),
        ..Settings::default()
    };
    let error = Pipeline::new(graph, &[Stage::new(1), Stage::new(1)]).unwrap().run(&settings).unwrap_err();
    assert!(matches!(error, Error::Deadline) && !is_late.load(Ordering::Relaxed));
}
