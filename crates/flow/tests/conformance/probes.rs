//! `test-pipeline-probe`: the simple pipeline with all probes, and time stamps at both ends of each stage.

use std::{
    fs,
    io::Cursor,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

use facette_flow::{
    graph::{Graph, Out, Pipeline, Sequence, Settings, Stage, Waiting},
    modules::{Probe, ProbeLog, ProbeTable, ReadBytes, Relay, Stamp, Value},
};

use crate::support::{Bytes, WAITINGS, feed, file_sink, finish, scratch, some_bytes, watched};

const BYTES: usize = 20_011;
const FRAME: usize = 64;
const COLUMNS: [&str; 12] =
    ["S1_B", "S1_E", "S2_B", "S2_E", "S3_B", "S3_E", "FRAME_ID", "FPS", "LAT", "TIME", "SIZE", "SUM"];

/// Probes behind each other and behind `after`, in front of what `before` says by being ordered behind the last.
fn probe<T>(graph: &mut Graph, stamp: &Out<Stamp>, after: &Out<T>, probe: Probe) -> Out<()> {
    let done = graph.task(stamp.clone(), probe);
    graph.order(after, &done);
    done
}

/// The graph of the test; gives also how many tasks lie in the second stage.
fn declare(
    log: &ProbeLog,
    bytes: &[u8],
    write: impl facette_flow::Task<In = Bytes, Out = ()>,
) -> (Graph, [usize; 3]) {
    let at = |name: &str| log.timestamp(name);
    let [s1b, s1e, s2b, s2e, s3b, s3e] = ["S1_B", "S1_E", "S2_B", "S2_E", "S3_B", "S3_E"].map(at);
    let mut graph = Graph::new();
    let stamp = graph.source(log.stamps());
    let begin = graph.task(stamp.clone(), s1b);
    let frame = graph.source(ReadBytes::new("read", Cursor::new(bytes.to_vec()), FRAME).unwrap());
    graph.order(&begin, &frame);
    let end = probe(&mut graph, &stamp, &frame, s1e);
    let first = graph.n_tasks();

    let begin = probe(&mut graph, &stamp, &end, s2b);
    let mut frame = graph.task(frame, Relay::new());
    graph.order(&begin, &frame);
    for _ in 1..6 {
        frame = graph.task(frame, Relay::new());
    }
    let end = probe(&mut graph, &stamp, &frame, s2e);
    let second = graph.n_tasks() - first;

    let begin = probe(&mut graph, &stamp, &end, s3b);
    let mut done = begin;
    for one in [
        log.occurrence("FRAME_ID"),
        log.throughput("FPS", "frames/s", 1.0),
        log.latency("LAT"),
        log.time("TIME"),
    ] {
        done = probe(&mut graph, &stamp, &done, one);
    }
    let frame = graph.task((stamp.clone(), frame), log.value("SIZE", "B", Vec::len));
    let sum = |frame: &Bytes| frame.iter().map(|&byte| u64::from(byte)).sum::<u64>();
    let frame = graph.task((stamp.clone(), frame), log.value("SUM", "", sum));
    let written = graph.task(frame, write);
    graph.order(&done, &written);
    probe(&mut graph, &stamp, &written, s3e);
    let third = graph.n_tasks() - first - second;
    (graph, [first, second, third])
}

fn count(table: &ProbeTable, row: usize, name: &str) -> u64 {
    let column = table.columns.iter().position(|column| column.name == name).unwrap();
    match table.rows[row].values[column] {
        Some(Value::Count(n)) => n,
        ref other => panic!("{name} of row {row}: {other:?}"),
    }
}

fn real(table: &ProbeTable, row: usize, name: &str) -> Option<f64> {
    let column = table.columns.iter().position(|column| column.name == name).unwrap();
    match table.rows[row].values[column] {
        Some(Value::Real(x)) => Some(x),
        None => None,
        ref other => panic!("{name} of row {row}: {other:?}"),
    }
}

/// Every frame has its row, in the order of the stream, and passes the stages in their order.
fn check(table: &ProbeTable, bytes: &[u8]) {
    let frames: Vec<&[u8]> = bytes.chunks(FRAME).collect();
    assert_eq!(table.rows.len(), frames.len());
    let mut names: Vec<&str> = table.columns.iter().map(|column| column.name.as_str()).collect();
    names.sort_by_key(|name| COLUMNS.iter().position(|column| column == name));
    assert_eq!(names, COLUMNS);
    for (row, frame) in frames.iter().enumerate() {
        assert_eq!(table.rows[row].frame, row as u64);
        let ends: Vec<u64> = COLUMNS[..6].iter().map(|name| count(table, row, name)).collect();
        assert!(ends.is_sorted(), "frame {row}: {ends:?}");
        assert_eq!(count(table, row, "SIZE"), frame.len() as u64);
        assert_eq!(count(table, row, "SUM"), frame.iter().map(|&byte| u64::from(byte)).sum::<u64>());
        let age = real(table, row, "LAT").unwrap();
        assert!(age > 0.0 && age <= real(table, row, "TIME").unwrap(), "frame {row}");
        assert_eq!(real(table, row, "FPS").is_some_and(|fps| fps > 0.0), row > 0);
        assert_eq!(count(table, row, "FRAME_ID"), row as u64);
        assert!(row == 0 || count(table, row, "S3_B") >= count(table, row - 1, "S3_E"));
    }
}

fn run(replicas: usize, depth: usize, waiting: Waiting) {
    let bytes = some_bytes(BYTES);
    let to = scratch("to");
    let log = ProbeLog::new(BYTES).unwrap();
    let (write, sink) = feed(file_sink::<Bytes>(&to), || unreachable!("one copy"));
    let (graph, counts) = declare(&log, &bytes, write);
    if replicas == 0 {
        Sequence::new(graph, 1).unwrap().run(&Settings::default()).unwrap();
    } else {
        let stage = |n| Stage::new(n).depth(depth).waiting(waiting);
        let [first, second, third] = counts.map(stage);
        let stages = [first, second.replicas(replicas), third];
        Pipeline::new(graph, &stages).unwrap().run(&Settings::default()).unwrap();
    }
    assert_eq!(finish(&sink), [BYTES as u64]);
    assert!(fs::read(&to).unwrap() == bytes, "the files differ");
    fs::remove_file(to).unwrap();
    let mut table = log.table();
    // The stamp that met the end of the file has a row of its own: its frame began, and came no further.
    let last = table.rows.pop().unwrap();
    assert_eq!(last.values.iter().flatten().count(), 1);
    check(&table, &bytes);
    let csv = table.to_csv();
    assert_eq!(csv.lines().count(), 1 + BYTES.div_ceil(FRAME));
    assert!(csv.lines().all(|line| line.split(',').count() == 1 + COLUMNS.len()));
    assert_eq!(table.to_text().lines().count(), 2 + BYTES.div_ceil(FRAME));
}

#[test]
fn all_probes_in_all_stages() {
    for (replicas, depth) in [(0, 1), (1, 1), (1, 16), (4, 1), (4, 16), (3, 1024)] {
        for waiting in WAITINGS {
            watched(format!("{replicas} replicas, depth {depth}, {waiting:?}"), move || {
                run(replicas, depth, waiting)
            });
        }
    }
}

/// The last rows are kept, and they can be read while frames flow.
#[test]
fn the_log_is_read_during_the_run() {
    let bytes = some_bytes(BYTES);
    let log = ProbeLog::new(32).unwrap();
    let (graph, counts) = declare(&log, &bytes, facette_flow::modules::Discard::new());
    let is_over = Arc::new(AtomicBool::new(false));
    let (reader, over) = (log.clone(), is_over.clone());
    let reader = thread::spawn(move || {
        let mut last = 0;
        while !over.load(Ordering::Relaxed) {
            let rows = reader.table().rows;
            assert!(rows.len() <= 32 && rows.is_sorted_by_key(|row| row.frame));
            let newest = rows.last().map_or(0, |row| row.frame);
            assert!(newest >= last, "the log goes on");
            last = newest;
        }
    });
    let [first, second, third] = counts.map(Stage::new);
    let mut pipeline = Pipeline::new(graph, &[first, second.replicas(3), third]).unwrap();
    pipeline.run(&Settings::default()).unwrap();
    is_over.store(true, Ordering::Relaxed);
    reader.join().unwrap();
    let rows = log.table().rows;
    let n = BYTES.div_ceil(FRAME) as u64;
    // Not the stamp that met the end of the file.
    let complete: Vec<u64> =
        rows.iter().filter(|row| row.values.iter().all(Option::is_some)).map(|row| row.frame).collect();
    assert_eq!(complete, (n - 31..n).collect::<Vec<_>>());
}
