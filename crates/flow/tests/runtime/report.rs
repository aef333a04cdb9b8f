//! What a run tells: its plan, its counts, its observer.

use std::{
    sync::{Arc, Mutex},
    thread,
    time::Duration,
};

use facette_flow::{
    Accumulator, BoxError, Chain, Execution, Observer, Run, TaskRate,
    closures::{fold, iterate, map, replicable},
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
    let want = [("Weigh", 4), ("Split Forgotten", 1), ("Last", 1), ("Other", 1)];
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
        assert_eq!(weigh.replicas, if is_pipeline { run.threads } else { 1 });
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
