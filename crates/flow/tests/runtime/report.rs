//! What a run tells: its plan, its counts, its observer.

use std::{
    sync::{Arc, Mutex},
    thread,
    time::Duration,
};

use facette_flow::{
    Accumulator, BoxError, Chain, Execution, Observer, Run, TaskRate,
    closures::{fold, iterate, map, replicable},
    graph::{Snapshot, Stall},
    testing,
};

use crate::support::runs;

struct Last(u32);

impl Accumulator for Last {
    type In = u32;
    type Out = u32;
    fn add(&mut self, n: u32) -> Result<(), BoxError> {
        self.0 = n;
        Ok(())
    }
    fn finish(&mut self) -> Result<u32, BoxError> {
        Ok(self.0)
    }
}

/// Read → Weigh (replicable) → Split → Last, share → Other; then Twice.
fn example() -> Chain {
    let mut chain = Chain::new();
    let (last, _other) = chain.per_chunk(iterate("Read", 0..12_u32), |c, n| {
        let n = c.then(
            n,
            replicable("Weigh", |n: u32| {
                thread::sleep(Duration::from_millis(1));
                Ok(n)
            }),
        );
        let n = c.then(n, map("Split", Ok));
        let _forgotten = c.then(n.clone(), map("Forgotten", Ok::<u32, BoxError>));
        let last = c.accumulate(n.clone(), Last(0));
        let n = c.share(n);
        let other = fold("Other", 0_u32, |sum: &mut u32, n: Arc<u32>| {
            *sum += *n;
            Ok(())
        });
        (last, c.accumulate(n, other))
    });
    chain.sink(last, map("Twice", |n: u32| if n == 11 { Ok(()) } else { Err("wrong".into()) }));
    chain
}

#[test]
fn the_plan_is_the_cut_and_the_report_repeats_it() {
    let run = Run { depth: 3, ..Run::pipeline(4) };
    let chain = example();
    let plan = chain.plan(&run).unwrap();
    let pass = &plan.passes[0];
    let stages: Vec<_> = pass.stages.iter().map(|s| (s.tasks.join(" "), s.replicas)).collect();
    let want = [("Read", 1), ("Weigh", 4), ("Split Forgotten", 1), ("Last", 1), ("Other", 1)];
    assert_eq!(stages, want.map(|(names, n)| (names.to_owned(), n)));
    assert_eq!((pass.source.as_str(), pass.window), ("Read", 1 + (4 + 3) + 3 * (1 + 3)));
    assert_eq!(chain.run(&run).unwrap().plan, plan);
}

#[test]
fn counts_times_and_hints() {
    for run in runs() {
        let report = example().run(&run).unwrap();
        let calls: Vec<_> = report.tasks.iter().map(|t| (t.name.as_str(), t.calls)).collect();
        let want =
            [("Read", 12), ("Weigh", 12), ("Split", 12), ("Forgotten", 12), ("Last", 12), ("Other", 12)];
        assert_eq!(calls, [&want[..], &[("Twice", 1)]].concat());
        assert_eq!(report.unread, ["Forgotten", "Other"]);
        assert_eq!((report.passes[0].source.as_str(), report.passes[0].chunks), ("Read", 12));
        let weigh = &report.tasks[1];
        assert!(weigh.busy_s >= 0.012 && report.wall_s >= 0.012 / run.threads as f64, "{weigh:?}");
        let is_pipeline = run.execution == Execution::Pipeline;
        if run.execution != Execution::Auto {
            assert_eq!(weigh.replicas, if is_pipeline { run.threads } else { 1 });
        }
        assert_eq!((weigh.rate, weigh.pass), (TaskRate::PerChunk, Some(0)));
        assert_eq!((report.tasks[6].rate, report.tasks[6].pass), (TaskRate::Once, None));
        // The single weigher is the bottleneck: what is behind waits for input, the source for room.
        if is_pipeline && run.threads == 1 {
            assert!(report.tasks[2].waited_input_s > 0.0, "{:?}", report.tasks[2]);
            assert!(report.tasks[0].waited_output_s > 0.0, "{:?}", report.tasks[0]);
        }
    }
}

#[derive(Default)]
struct Watcher(Mutex<Vec<String>>);

impl Observer for Watcher {
    fn task_done(&self, task: &str, chunk: Option<u64>, seconds: f64) {
        assert!(seconds >= 0.0);
        self.0.lock().unwrap().push(format!("{task} {chunk:?}"));
    }
    fn pass_started(&self, pass: usize, source: &str, n_chunks: Option<u64>) {
        self.0.lock().unwrap().push(format!("start {pass} {source} {n_chunks:?}"));
    }
    fn pass_ended(&self, pass: usize, chunks: u64, _: f64) {
        self.0.lock().unwrap().push(format!("end {pass} {chunks}"));
    }
}

#[test]
fn the_observer_sees_every_call_once() {
    for run in runs() {
        let watcher = Arc::new(Watcher::default());
        example().run(&Run { observer: Some(watcher.clone()), ..run.clone() }).unwrap();
        let mut seen = std::mem::take(&mut *watcher.0.lock().unwrap());
        assert_eq!(seen.first().unwrap(), "start 0 Read Some(12)");
        assert_eq!(seen[seen.len() - 2..], ["end 0 12", "Twice None"]);
        let names = ["Read", "Weigh", "Split", "Forgotten", "Last", "Other"];
        let mut want: Vec<String> =
            names.iter().flat_map(|name| (0..12).map(move |i| format!("{name} Some({i})"))).collect();
        want.extend(
            ["start 0 Read Some(12)", "end 0 12", "Twice None", "Last None", "Other None"].map(String::from),
        );
        want.sort();
        seen.sort();
        assert_eq!(seen, want, "{run:?}");
    }
}

#[test]
fn tasks_are_tested_without_a_runtime() {
    assert_eq!(testing::run_task(map("Twice", |n: u32| Ok(2 * n)), 21).unwrap(), 42);
    assert_eq!(testing::run_accumulator(Last(0), [1, 2, 3]).unwrap(), 3);
    assert_eq!(testing::run_source(iterate("Count", 0..3)).unwrap(), [0, 1, 2]);
    let failing = map("Fail", |n: u32| if n > 1 { Err("too big".into()) } else { Ok(n) });
    assert_eq!(testing::run_task(failing, 2).unwrap_err().to_string(), "too big");
}

/// Keeps what it is told of streams at work.
#[derive(Default)]
struct Looks {
    snapshots: Mutex<Vec<Snapshot>>,
    stalls: Mutex<Vec<Stall>>,
}

impl Observer for Looks {
    fn snapshot(&self, snapshot: &Snapshot) {
        self.snapshots.lock().unwrap().push(snapshot.clone());
    }
    fn stalled(&self, stall: &Stall) {
        self.stalls.lock().unwrap().push(stall.clone());
    }
}

/// Two streams of one source each, the sink of which takes `slow` for one chunk.
fn two_streams(slow: Duration) -> Chain {
    let mut chain = Chain::new();
    for _ in 0..2 {
        chain.per_chunk(iterate("Read", 0..40_u32), |c, n| {
            let n = c.then(n, replicable("Weigh", Ok));
            c.sink(
                n,
                map("Slow", move |n: u32| {
                    thread::sleep(if n == 3 { slow } else { Duration::from_millis(2) });
                    Ok(())
                }),
            );
        });
    }
    chain
}

#[test]
fn streams_are_looked_at_while_they_run() {
    let looks = Arc::new(Looks::default());
    let run = Run {
        observer: Some(looks.clone()),
        snapshot_every: Some(Duration::from_millis(2)),
        stall_after: Some(Duration::from_millis(60)),
        depth: 1,
        ..Run::pipeline(2)
    };
    two_streams(Duration::from_millis(400)).run(&run).unwrap();
    let snapshots = looks.snapshots.lock().unwrap();
    let finals: Vec<_> = snapshots.iter().filter(|snapshot| snapshot.is_final).collect();
    assert_eq!(finals.iter().map(|last| last.frames).collect::<Vec<_>>(), [40, 40]);
    assert!(snapshots.len() > 20, "{}", snapshots.len());
    let busy = snapshots.iter().map(Snapshot::table).find(|table| table.contains("now 1 waits for room"));
    let busy = busy.expect("the source waits while the sink is slow");
    for text in ["stage 1, 2 replicas", "  Slow ", "boundary 1: ", " of ", "now 1 works"] {
        assert!(busy.contains(text), "`{text}` is not in: {busy}");
    }
    assert!(busy.lines().all(|line| line.chars().count() <= 80), "{busy}");
    assert!(!finals[0].table().contains("now"), "{}", finals[0].table());
    let stalls = looks.stalls.lock().unwrap();
    assert_eq!(stalls.len(), 2, "{stalls:?}");
    let text = stalls[0].to_string();
    for part in [
        "task Slow of stage 2 replica 0 is at work on frame 3",
        "stage 0 replica 0 waits for a frame to leave the stages behind it",
        "stage 1 replica 1 waits for a frame at boundary 0",
    ] {
        assert!(text.contains(part), "`{part}` is not in: {text}");
    }
}

#[test]
fn nobody_looks_unless_asked() {
    let looks = Arc::new(Looks::default());
    let run = Run { observer: Some(looks.clone()), ..Run::pipeline(2) };
    two_streams(Duration::from_millis(50)).run(&run).unwrap();
    assert!(looks.snapshots.lock().unwrap().is_empty() && looks.stalls.lock().unwrap().is_empty());
}

#[test]
fn the_table_adds_up_streams_that_are_alike() {
    for run in runs() {
        let report = two_streams(Duration::from_millis(2)).run(&run).unwrap();
        let table = report.table();
        let lines: Vec<_> = table.lines().collect();
        let at = |text: &str| lines.iter().position(|line| line.trim_start().starts_with(text));
        let row = |text: &str| at(text).map(|i| lines[i].split_whitespace().collect::<Vec<_>>());
        assert_eq!(
            lines.iter().filter(|line| line.contains("2 streams of Read: 80 chunks")).count(),
            1,
            "{table}"
        );
        assert_eq!(row("Slow").unwrap()[..2], ["Slow", "80"], "{table}");
        let is_pipeline = run.execution == Execution::Pipeline;
        let is_planned = run.execution == Execution::Auto;
        assert!(is_planned || at("boundary 1").is_some() == is_pipeline, "{table}");
        if is_pipeline {
            assert!(
                at("stage 0") < at("Read") && at("stage 1") < at("Weigh") && at("Weigh") < at("stage 2"),
                "{table}"
            );
            let boundary = &report.passes[1].boundaries[1];
            assert!((boundary.capacity, boundary.occupancy.samples) >= (1, 40), "{boundary:?}");
        }
        // The two sinks are far the slowest: 160 ms of work.
        let share: f64 = row("Slow").unwrap()[4].parse().unwrap();
        assert!((50.0..=100.0).contains(&share), "{table}");
    }
    let table = example().run(&Run::pipeline(2)).unwrap().table();
    let (once, twice) = (table.find("outside the streams").unwrap(), table.find("Twice").unwrap());
    assert!(table.find("Other").unwrap() < once && once < twice, "{table}");
}

/// Tasks of one name are told apart in the report; the table has a line for all of them.
#[test]
fn the_table_adds_up_tasks_of_one_name_outside_the_streams() {
    let mut chain = Chain::new();
    let mut n = chain.constant(1_u32);
    for _ in 0..3 {
        n = chain.then(n, map("Double", |n: u32| Ok(2 * n)));
    }
    chain.sink(n, map("Check", |n: u32| if n == 8 { Ok(()) } else { Err("not 8".into()) }));
    let report = chain.run(&Run::pipeline(2)).unwrap();
    let names: Vec<_> = report.tasks.iter().map(|task| &*task.name).collect();
    assert_eq!(names, ["Double", "Double 2", "Double 3", "Check"]);
    let table = report.table();
    let rows: Vec<_> = table.lines().filter(|line| line.contains("Double")).collect();
    assert_eq!(rows.len(), 1, "{table}");
    assert_eq!(rows[0].split_whitespace().take(2).collect::<Vec<_>>(), ["Double", "3"], "{table}");
}
