//! The trace: every call of every replica, times that nest, frames from stage to stage, bounded memory.

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use facette_flow::{
    closures::{iterate, map, replicable},
    graph::{Graph, Pipeline, Sampling, Sequence, Settings, Stage, Trace, timed},
};
use serde_json::Value;

use crate::support::{Add, keep};

fn events(trace: &Trace) -> Vec<Value> {
    let file: Value = serde_json::from_str(&trace.to_json()).unwrap();
    file["traceEvents"].as_array().unwrap().clone()
}

fn settings(trace: &Arc<Trace>) -> Settings {
    Settings { observer: Some(trace.clone()), sampling: Sampling::Every, ..Settings::default() }
}

fn number(event: &Value, name: &str) -> u64 {
    event[name].as_u64().unwrap_or_else(|| panic!("{name} of {event}"))
}

/// Nanoseconds.
fn time(event: &Value, name: &str) -> i64 {
    (event[name].as_f64().unwrap() * 1e3).round() as i64
}

/// Count → 3 × (Work, Add) → batch of 4 → Keep.
fn pipeline(frames: u64) -> Pipeline {
    let mut graph = Graph::new();
    let n = graph.source(iterate("Count", 0..frames));
    let n = graph.task(
        n,
        replicable("Work", |n: u64| {
            timed("sleep", || thread::sleep(Duration::from_micros(200)));
            Ok(n)
        }),
    );
    let n = graph.forward(n, Add(1));
    let batch = graph.batch(n, 4);
    let (task, _) = keep();
    graph.task(batch, task);
    let stages = [Stage::new(1), Stage::new(2).replicas(3), Stage::new(1), Stage::new(1)];
    Pipeline::new(graph, &stages).unwrap()
}

#[test]
fn every_call_of_every_replica_is_there_and_times_nest() {
    let trace = Arc::new(Trace::new(1000));
    let started = Instant::now();
    let report = pipeline(60).run(&settings(&trace)).unwrap();
    let wall_ns = started.elapsed().as_nanos() as i64;
    let events = events(&trace);
    let calls: Vec<&Value> = events.iter().filter(|event| event["ph"] == "X").collect();
    for task in &report.tasks {
        let own = |call: &&&Value| call["name"] == *task.name && call["cat"] == "task";
        let of_stage: Vec<_> = calls.iter().filter(own).collect();
        assert!(of_stage.iter().all(|call| number(call, "pid") == task.stage as u64 + 1));
        // A splitter is asked again for each frame that it gives.
        let more = if &*task.name == "batch" { 15 } else { 0 };
        assert_eq!(of_stage.len() as u64, task.calls + more, "{}", task.name);
        assert_eq!(task.clock.calls, task.calls, "{}", task.name);
        let replicas: BTreeSet<u64> = of_stage.iter().map(|call| number(call, "tid")).collect();
        let busy = task.per_replica.iter().filter(|replica| replica.calls > 0).count();
        assert_eq!(replicas.len(), busy);
        let total_ns: i64 = of_stage.iter().map(|call| time(call, "dur")).sum();
        assert_eq!(total_ns, (task.clock.total_s * 1e9).round() as i64, "{}", task.name);
    }
    let mut lanes: BTreeMap<u64, Vec<(i64, i64)>> = BTreeMap::new();
    for call in &calls {
        let (began, length) = (time(call, "ts"), time(call, "dur"));
        assert!(began >= 0 && length >= 0 && began + length <= wall_ns);
        lanes.entry(number(call, "tid")).or_default().push((began, began + length));
    }
    for spans in lanes.values_mut() {
        spans.sort_by_key(|&(began, ended)| (began, -ended));
        let mut open: Vec<i64> = Vec::new();
        for &(began, ended) in &*spans {
            while open.last().is_some_and(|&end| end <= began) {
                open.pop();
            }
            assert!(open.last().is_none_or(|&end| ended <= end), "{spans:?}");
            open.push(ended);
        }
    }
    let sleeps: Vec<_> = calls.iter().filter(|call| call["cat"] == "timer").collect();
    assert_eq!(sleeps.len(), 60);
    assert!(sleeps.iter().all(|call| call["name"] == "sleep" && time(call, "dur") >= 200_000));
    let work: BTreeSet<u64> = calls
        .iter()
        .filter(|call| call["name"] == "Work")
        .map(|call| number(&call["args"], "frame"))
        .collect();
    assert_eq!(work, (0..60).collect());
}

#[test]
fn stages_and_replicas_have_names_and_boundaries_are_counted() {
    let trace = Arc::new(Trace::new(1000));
    pipeline(60).run(&settings(&trace)).unwrap();
    let events = events(&trace);
    let names = |kind: &str| -> BTreeSet<String> {
        let named = events.iter().filter(|event| event["ph"] == "M" && event["name"] == kind);
        named.map(|event| event["args"]["name"].as_str().unwrap().to_owned()).collect()
    };
    let stages: BTreeSet<String> = (0..4).map(|stage| format!("stage {stage}")).collect();
    assert_eq!(names("process_name"), stages);
    assert!(names("thread_name").contains("stage 1 replica 0"));
    let counted = events.iter().filter(|event| event["ph"] == "C");
    let mut boundaries: BTreeMap<&str, usize> = BTreeMap::new();
    for event in counted {
        assert!(number(&event["args"], "frames") <= 20);
        *boundaries.entry(event["name"].as_str().unwrap()).or_default() += 1;
    }
    let want = [("frames at boundary 0", 60), ("frames at boundary 1", 60), ("frames at boundary 2", 15)];
    assert_eq!(boundaries, want.into());
}

#[test]
fn arrows_follow_each_frame_through_the_stages_of_its_rate() {
    let trace = Arc::new(Trace::new(1000));
    let mut pipeline = pipeline(1 << 20);
    for _ in 0..2 {
        pipeline.run(&Settings { frames: Some(20), ..settings(&trace) }).unwrap();
    }
    let events = events(&trace);
    let calls: Vec<&Value> =
        events.iter().filter(|event| event["ph"] == "X" && event["cat"] == "task").collect();
    let mut arrows: BTreeMap<u64, Vec<(u64, u64)>> = BTreeMap::new();
    for event in events.iter().filter(|event| event["cat"] == "frame") {
        let is_here = |call: &&&Value| call["tid"] == event["tid"] && call["ts"] == event["ts"];
        let call = calls.iter().find(is_here).unwrap_or_else(|| panic!("no call at {event}"));
        let stop = (number(event, "pid"), number(&call["args"], "frame"));
        arrows.entry(number(event, "id")).or_default().push(stop);
    }
    // 20 frames of each run through stages 0 to 2 (in stage 1 in at one task and out at another); the batches, at
    // another rate, are in stage 3 alone.
    assert_eq!(arrows.len(), 40);
    for stops in arrows.values() {
        let stages: Vec<u64> = stops.iter().map(|&(stage, _)| stage).collect();
        assert_eq!(stages, [1, 2, 2, 3], "{stops:?}");
        assert!(stops.iter().all(|&(_, frame)| frame == stops[0].1), "{stops:?}");
    }
}

#[test]
fn only_the_newest_events_are_kept_and_the_others_counted() {
    let trace = Arc::new(Trace::new(8));
    let mut graph = Graph::new();
    let n = graph.source(iterate("Count", 0..100_u64));
    graph.task(n, map("Drop", |_: u64| Ok(())));
    Sequence::new(graph, 1).unwrap().run(&settings(&trace)).unwrap();
    assert_eq!(trace.n_dropped(), 192);
    let frames: Vec<u64> = events(&trace)
        .iter()
        .filter(|event| event["ph"] == "X")
        .map(|event| number(&event["args"], "frame"))
        .collect();
    assert_eq!(frames, [96, 96, 97, 97, 98, 98, 99, 99]);
    let file: Value = serde_json::from_str(&trace.to_json()).unwrap();
    assert_eq!(file["otherData"]["dropped_events"], 192);
}

#[test]
fn an_empty_trace_is_a_file_and_a_full_disk_is_an_error() {
    struct Full;
    impl io::Write for Full {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::StorageFull.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let trace = Arc::new(Trace::new(0));
    assert!(events(&trace).is_empty());
    assert_eq!(trace.write_to(Full).unwrap_err().kind(), io::ErrorKind::StorageFull);
    pipeline(4).run(&settings(&trace)).unwrap();
    assert_eq!(trace.write_to(Full).unwrap_err().kind(), io::ErrorKind::StorageFull);
    assert!(!events(&trace).is_empty());
}
