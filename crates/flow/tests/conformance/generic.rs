//! `test-generic-pipeline`: chains out of words, cut into stages of any width.
//!
//! Words are StreamPU's: `init`, `read`, `relay`, `relayf`, `incr`, `incrf`, `fin`, `write`; behind them `_NN` for a
//! service time in microseconds and `_S` for a task that makes no replicas. `|` separates stages.

use std::{io::Cursor, time::Duration};

use facette_flow::{
    BuildError, Task,
    closures::iterate,
    graph::{Forward, Graph, Out, Pipeline, Sequence, Settings, Stage, Waiting},
    modules::{Increment, Lasting, ReadBytes, Relay},
};

use crate::support::{Bytes, Fed, WAITINGS, feed, file_sink, finish, history, scratch, some_bytes, watched};
use facette_flow::modules::Keep;

const LENGTH: usize = 32;

struct Word<'a> {
    kind: &'a str,
    service: Duration,
    is_sequential: bool,
}

impl<'a> Word<'a> {
    fn parse(text: &'a str) -> Self {
        let mut parts = text.split('_');
        let mut word = Word { kind: parts.next().unwrap(), service: Duration::ZERO, is_sequential: false };
        for part in parts {
            match part {
                "S" => word.is_sequential = true,
                us => word.service = Duration::from_micros(us.parse().unwrap()),
            }
        }
        word
    }

    fn task<K: Task<In = Bytes, Out = Bytes>>(
        &self,
        graph: &mut Graph,
        frame: Out<Bytes>,
        task: K,
    ) -> Out<Bytes> {
        let task = Lasting::new(task, self.service);
        if self.is_sequential {
            let task: Box<dyn Task<In = Bytes, Out = Bytes>> = Box::new(task);
            return graph.task(frame, task);
        }
        graph.task(frame, task)
    }

    fn forward<K: Forward<Frame = Bytes>>(
        &self,
        graph: &mut Graph,
        frame: Out<Bytes>,
        task: K,
    ) -> Out<Bytes> {
        let task = Lasting::new(task, self.service);
        if self.is_sequential {
            let task: Box<dyn Forward<Frame = Bytes>> = Box::new(task);
            return graph.forward(frame, task);
        }
        graph.forward(frame, task)
    }
}

/// A chain declared: how many tasks lie in each stage, and what is to come out.
struct Chain {
    graph: Graph,
    counts: Vec<usize>,
    end: End,
    want: Vec<Bytes>,
}

enum End {
    History(Fed<Keep<Bytes>>),
    File(std::path::PathBuf, Box<dyn FnOnce()>),
}

impl Chain {
    fn declare(text: &str, frames: usize) -> Self {
        let mut graph = Graph::new();
        let (mut counts, mut frame, mut end, mut want) = (Vec::new(), None, None, Vec::new());
        for stage in text.split('|') {
            let before = graph.n_tasks();
            for word in stage.split_whitespace().map(Word::parse) {
                let socket = frame.take();
                match word.kind {
                    "init" | "read" => {
                        want = if word.kind == "init" { numbered(frames) } else { pieces(frames) };
                        frame = Some(source(&mut graph, &word, &want));
                    }
                    "fin" | "write" => end = Some(sink(&mut graph, word.kind, socket.unwrap())),
                    "relay" => frame = Some(word.task(&mut graph, socket.unwrap(), Relay::new())),
                    "relayf" => frame = Some(word.forward(&mut graph, socket.unwrap(), Relay::new())),
                    "incr" => frame = Some(word.task(&mut graph, socket.unwrap(), Increment::by(1))),
                    "incrf" => frame = Some(word.forward(&mut graph, socket.unwrap(), Increment::by(1))),
                    other => panic!("{other} is no word"),
                }
                let n = u8::from(word.kind.starts_with("incr"));
                want.iter_mut().flatten().for_each(|byte| *byte += n);
            }
            counts.push(graph.n_tasks() - before);
        }
        Chain { graph, counts, end: end.unwrap(), want }
    }

    fn check(end: End, want: Vec<Bytes>, what: &str) {
        match end {
            End::History(all) => assert_eq!(finish(&all), [want], "{what}"),
            End::File(path, commit) => {
                commit();
                assert_eq!(std::fs::read(&path).unwrap(), want.concat(), "{what}");
                std::fs::remove_file(path).unwrap();
            }
        }
    }
}

/// Frames that tell their places, with room for 50 increments.
fn numbered(frames: usize) -> Vec<Bytes> {
    (0..frames).map(|frame| vec![(frame % 200) as u8; LENGTH]).collect()
}

/// Bytes of a file whose last frame is short; with room for 50 increments.
fn pieces(frames: usize) -> Vec<Bytes> {
    let bytes: Bytes = some_bytes(frames * LENGTH - LENGTH / 3).into_iter().map(|byte| byte % 200).collect();
    bytes.chunks(LENGTH).map(<[u8]>::to_vec).collect()
}

fn source(graph: &mut Graph, word: &Word<'_>, frames: &[Bytes]) -> Out<Bytes> {
    match word.kind {
        "init" => graph.source(Lasting::new(iterate("init", frames.to_vec()), word.service)),
        _ => {
            let reader = ReadBytes::new("read", Cursor::new(frames.concat()), LENGTH).unwrap();
            graph.source(Lasting::new(reader, word.service))
        }
    }
}

fn sink(graph: &mut Graph, kind: &str, frame: Out<Bytes>) -> End {
    if kind == "fin" {
        let (keep, all) = history();
        graph.task(frame, keep);
        return End::History(all);
    }
    let path = scratch("generic");
    let (write, all) = feed(file_sink::<Bytes>(&path), || unreachable!("one copy"));
    graph.task(frame, write);
    End::File(path, Box::new(move || drop(finish(&all))))
}

fn run(text: &'static str, widths: &'static [usize], depth: usize, waiting: Waiting) {
    let what = format!("{text}, {widths:?}, depth {depth}, {waiting:?}");
    watched(what.clone(), move || {
        let Chain { graph, counts, end, want } = Chain::declare(text, 150);
        let stage =
            |(&n, &width): (&usize, &usize)| Stage::new(n).replicas(width).depth(depth).waiting(waiting);
        let stages: Vec<Stage> = counts.iter().zip(widths).map(stage).collect();
        let report = Pipeline::new(graph, &stages).unwrap().run(&Settings::default()).unwrap();
        assert_eq!(report.frames, 150);
        Chain::check(end, want, &what);
    });
}

#[test]
fn chains_of_all_words() {
    for (i, (text, widths)) in [
        ("init | fin", &[1, 1][..]),
        ("init | relay | fin", &[1, 1, 1]),
        ("init_5 | relay_5 | fin", &[1, 4, 1]),
        ("init | relay_10 relayf_10 | fin", &[1, 3, 1]),
        ("init incr | relayf incrf | incr relay | fin", &[1, 2, 3, 1]),
        ("init | incr incrf incr incrf | fin", &[1, 4, 1]),
        ("init | incrf_20_S relay_S | incr_5 | fin", &[1, 1, 4, 1]),
        ("init | incr_5 | relay_10_S | incrf_5 | fin", &[1, 4, 1, 4, 1]),
        ("init relayf incrf fin", &[1]),
        ("read | relay | write", &[1, 1, 1]),
        ("read_5 | relay_10 relayf_5 | write", &[1, 4, 1]),
        ("read | relayf | incr incrf | relay | write", &[1, 2, 4, 3, 1]),
        ("read | incr_S | relayf_10 | write", &[1, 1, 8, 1]),
    ]
    .into_iter()
    .enumerate()
    {
        for depth in [1, 16] {
            run(text, widths, depth, WAITINGS[(i + depth) % 3]);
        }
    }
}

#[test]
fn m_to_n_stages() {
    let text = "init | relay_5 incr | incrf | relayf_5 | fin";
    for (i, widths) in
        [&[1, 3, 4, 5, 1][..], &[1, 5, 4, 3, 1], &[1, 2, 1, 2, 1], &[1, 7, 1, 5, 1], &[1, 4, 4, 4, 1]]
            .into_iter()
            .enumerate()
    {
        for depth in [1, 2, 16, 256] {
            run(text, widths, depth, WAITINGS[(i + depth) % 3]);
        }
    }
}

#[test]
fn up_to_32_threads_in_a_stage() {
    for (width, depth) in [(8, 1), (16, 2), (32, 1), (32, 16)] {
        let widths: &'static [usize] = match width {
            8 => &[1, 8, 1],
            16 => &[1, 16, 1],
            _ => &[1, 32, 1],
        };
        for waiting in WAITINGS {
            run("read | relay_5 incr_5 incrf | write", widths, depth, waiting);
        }
    }
    run("init | incr | relayf | fin", &[1, 32, 32, 1], 1, Waiting::Park);
    run("init | incr | relayf | fin", &[1, 32, 5, 1], 16, Waiting::default());
}

#[test]
fn as_a_sequence() {
    for text in ["init incr_5 relay incrf relayf_5 fin", "read relayf incr write"] {
        let Chain { graph, end, want, .. } = Chain::declare(text, 100);
        Sequence::new(graph, 1).unwrap().run(&Settings::default()).unwrap();
        Chain::check(end, want, text);
    }
}

#[test]
fn a_sequential_task_is_not_replicated() {
    let Chain { graph, counts, .. } = Chain::declare("init | relay incr_S | fin", 1);
    let stages = [1, 2, 1].into_iter().zip(counts).map(|(width, n)| Stage::new(n).replicas(width));
    let error = Pipeline::new(graph, &stages.collect::<Vec<_>>()).err();
    assert_eq!(error, Some(BuildError::NotReplicable { task: "Increment".to_owned() }));
}
