//! `test-simple-pipeline`: file → 6 relays × n → file, compared byte by byte.

use std::{
    fs::{self, File},
    io::{self, Read},
    path::Path,
};

use facette_flow::{
    Error,
    graph::{Graph, Pipeline, Sampling, Sequence, Settings, Stage, Waiting},
    modules::{ReadBytes, Relay},
    pool::Pool,
};

use crate::support::{Bytes, WAITINGS, feed, file_sink, finish, scratch, some_bytes, watched};

struct Case {
    bytes: usize,
    frame: usize,
    /// 0: a sequence.
    replicas: usize,
    depth: usize,
    waiting: Waiting,
    sampling: Sampling,
}

impl Case {
    fn new(bytes: usize, frame: usize, replicas: usize) -> Self {
        Case { bytes, frame, replicas, depth: 16, waiting: Waiting::default(), sampling: Sampling::Off }
    }

    fn run(self) {
        let (from, to) = (scratch("from"), scratch("to"));
        let bytes = some_bytes(self.bytes);
        fs::write(&from, &bytes).unwrap();
        self.copy(&from, &to);
        assert!(fs::read(&to).unwrap() == bytes, "the files differ");
        fs::remove_file(from).unwrap();
        fs::remove_file(to).unwrap();
    }

    fn copy(self, from: &Path, to: &Path) {
        let mut graph = Graph::new();
        let mut frame = graph.source(ReadBytes::new("read", File::open(from).unwrap(), self.frame).unwrap());
        for i in 0..6 {
            frame =
                if i % 2 == 0 { graph.task(frame, Relay::new()) } else { graph.forward(frame, Relay::new()) };
        }
        let (write, sink) = feed(file_sink::<Bytes>(to), || unreachable!("one copy"));
        graph.task(frame, write);
        let settings = Settings { sampling: self.sampling, ..Settings::default() };
        let report = match self.replicas {
            0 => Sequence::new(graph, 1).unwrap().run(&settings).unwrap(),
            replicas => {
                let stage = |n| Stage::new(n).depth(self.depth).waiting(self.waiting);
                let stages = [stage(1), stage(6).replicas(replicas), stage(1)];
                Pipeline::new(graph, &stages).unwrap().run(&settings).unwrap()
            }
        };
        assert!(!to.exists(), "the file appears only at the end");
        assert_eq!(report.frames as usize, self.bytes.div_ceil(self.frame));
        if self.sampling == Sampling::Every {
            assert!(report.tasks[1..].iter().all(|task| task.clock.calls == report.frames));
        }
        assert_eq!(finish(&sink), [self.bytes as u64]);
    }
}

#[test]
fn lengths_that_do_not_divide() {
    for replicas in [0, 1, 4] {
        for (bytes, frame) in [(0, 7), (1, 7), (7, 7), (8, 7), (10_000, 3), (100_003, 2048), (5, 2048)] {
            watched(format!("{bytes} bytes by {frame}, {replicas}"), move || {
                Case::new(bytes, frame, replicas).run();
            });
        }
    }
}

#[test]
fn any_depth_in_any_waiting() {
    for waiting in WAITINGS {
        for depth in [1, 2, 16, 1024, 2048] {
            for replicas in [1, 3] {
                watched(format!("depth {depth}, {waiting:?}, {replicas}"), move || {
                    Case { depth, waiting, ..Case::new(300_001, 256, replicas) }.run();
                });
            }
        }
    }
}

#[test]
fn with_statistics() {
    for replicas in [0, 1, 4] {
        Case { sampling: Sampling::Every, ..Case::new(50_001, 128, replicas) }.run();
    }
}

#[test]
fn in_pooled_buffers() {
    let (from, to) = (scratch("from"), scratch("to"));
    let bytes = some_bytes(100_003);
    fs::write(&from, &bytes).unwrap();
    let pool = Pool::new(100);
    let mut graph = Graph::new();
    let reader = ReadBytes::new("read", File::open(&from).unwrap(), 64).unwrap();
    let mut frame = graph.source(reader.pooled(&pool));
    for _ in 0..6 {
        frame = graph.task(frame, Relay::new());
    }
    let (write, sink) = feed(file_sink(&to), || unreachable!("one copy"));
    graph.task(frame, write);
    let stages = [Stage::new(1), Stage::new(6).replicas(2), Stage::new(1)].map(|stage| stage.depth(4));
    Pipeline::new(graph, &stages).unwrap().run(&Settings::default()).unwrap();
    assert_eq!(finish(&sink), [bytes.len() as u64]);
    assert!(fs::read(&to).unwrap() == bytes, "the files differ");
    let stats = pool.stats();
    // The empty buffer that met the end of the file counts too.
    assert_eq!(stats.made + stats.reused, 100_003_u64.div_ceil(64) + 1);
    assert!(stats.made < 20, "{stats:?}");
    fs::remove_file(from).unwrap();
    fs::remove_file(to).unwrap();
}

/// Gives some bytes, then fails.
struct Torn(u64);

impl Read for Torn {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0 = self.0.checked_sub(1).ok_or_else(|| io::Error::other("torn"))?;
        buffer.fill(1);
        Ok(buffer.len())
    }
}

#[test]
fn a_run_that_failed_leaves_no_file() {
    for replicas in [1, 4] {
        let to = scratch("to");
        let mut graph = Graph::new();
        let frame = graph.source(ReadBytes::new("read from.bin", Torn(20), 100).unwrap());
        let frame = graph.task(frame, Relay::new());
        let (write, sink) = feed(file_sink::<Bytes>(&to), || unreachable!("one copy"));
        graph.task(frame, write);
        let stages = [Stage::new(1), Stage::new(1).replicas(replicas), Stage::new(1)];
        let mut pipeline = Pipeline::new(graph, &stages).unwrap();
        let error = pipeline.run(&Settings::default()).unwrap_err();
        let Error::Task { task, chunk, source, .. } = error else { panic!("{error}") };
        assert_eq!(
            (&*task, chunk, &*source.to_string()),
            ("read from.bin", Some(20), "reading failed at byte 2000")
        );
        assert!(to.with_extension("partial").exists() && !to.exists());
        drop((pipeline, sink));
        assert!(!to.with_extension("partial").exists() && !to.exists());
    }
}
