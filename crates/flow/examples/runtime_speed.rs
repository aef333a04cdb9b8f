//! What the runtime itself costs: `cargo run --release -p facette-flow --example runtime_speed [-- WORD…]`.
//!
//! Prints one row per case, medians of [`RUNS`] runs with the best beside them. Words choose rows by their text. Every
//! task is chosen at run time and called through a box, each changes its frame, and the sum over all frames is checked.

use std::{
    env, hint,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use facette_flow::{
    BoxError, Source, Task,
    graph::{Forward, Graph, Out, Pipeline, Sampling, Sequence, Settings, Stage, Waiting},
};

const RUNS: usize = 7;

/// A frame with a number to change: 16 bytes, or a block that moves by its owner.
trait Load: Send + 'static {
    fn number(&mut self) -> &mut u64;
}

impl Load for [u64; 2] {
    fn number(&mut self) -> &mut u64 {
        &mut self[0]
    }
}

impl Load for Box<[u64]> {
    fn number(&mut self) -> &mut u64 {
        &mut self[0]
    }
}

struct AddOne<T>(std::marker::PhantomData<fn(T)>);

impl<T: Load> Forward for AddOne<T> {
    type Frame = T;
    fn run(&mut self, frame: &mut T) -> Result<(), BoxError> {
        *frame.number() += 1;
        Ok(())
    }
    fn replica(&self) -> Option<Self> {
        Some(AddOne(self.0))
    }
}

impl<T: Load> Task for AddOne<T> {
    type In = T;
    type Out = T;
    fn run(&mut self, mut frame: T) -> Result<T, BoxError> {
        *frame.number() += 1;
        Ok(frame)
    }
}

struct Zeros(u64);

impl Source for Zeros {
    type Out = [u64; 2];
    fn next(&mut self) -> Result<Option<[u64; 2]>, BoxError> {
        self.0 += 1;
        Ok(Some([0, self.0]))
    }
}

/// Blocks that come back from the end, so that only ownership moves.
struct Recycle(Arc<std::sync::Mutex<Vec<Box<[u64]>>>>, usize);

impl Source for Recycle {
    type Out = Box<[u64]>;
    fn next(&mut self) -> Result<Option<Box<[u64]>>, BoxError> {
        let block = self.0.lock().map_err(|e| e.to_string())?.pop();
        let mut block = block.unwrap_or_else(|| vec![0; self.1].into());
        block[0] = 0;
        Ok(Some(block))
    }
}

/// Adds up what arrives; tells at the end.
struct Sum {
    here: u64,
    total: Arc<AtomicU64>,
}

impl Sum {
    fn new() -> (Self, Arc<AtomicU64>) {
        let total = Arc::new(AtomicU64::new(0));
        (Sum { here: 0, total: total.clone() }, total)
    }
}

impl Task for Sum {
    type In = [u64; 2];
    type Out = ();
    fn run(&mut self, frame: [u64; 2]) -> Result<(), BoxError> {
        self.here += frame[0];
        // Its own cache line, which nobody else reads before the end.
        self.total.store(self.here, Ordering::Relaxed);
        Ok(())
    }
    fn replica(&self) -> Option<Self> {
        None
    }
}

/// One row: the cost of one frame in seconds, over several runs, and how it is to be printed.
fn row(words: &[String], name: &str, target: &str, unit: Unit, mut case: impl FnMut() -> f64) {
    if !words.is_empty() && !words.iter().any(|word| name.contains(word.as_str())) {
        return;
    }
    case();
    let mut seconds: Vec<f64> = (0..RUNS).map(|_| case()).collect();
    seconds.sort_by(f64::total_cmp);
    say(name, target, unit, seconds[RUNS / 2], seconds[0]);
}

#[derive(Clone, Copy)]
enum Unit {
    Nanoseconds,
    FramesPerSecond,
    Microseconds,
}

#[expect(clippy::print_stdout, reason = "the program's product")]
fn say(name: &str, target: &str, unit: Unit, median: f64, best: f64) {
    let (unit, median, best) = match unit {
        Unit::Nanoseconds => ("ns", 1e9 * median, 1e9 * best),
        Unit::Microseconds => ("µs", 1e6 * median, 1e6 * best),
        Unit::FramesPerSecond => ("M/s", 1e-6 / median, 1e-6 / best),
    };
    println!("{name:58} {median:9.3} {best:9.3} {unit:4} target {target}");
}

fn settings(frames: u64) -> Settings {
    Settings { frames: Some(frames), ..Settings::default() }
}

/// Ten tasks on one thread; seconds per task.
fn sequence(in_place: bool, sampling: Sampling) -> f64 {
    const FRAMES: u64 = 300_000;
    let mut graph = Graph::new();
    let mut frame = graph.source(Zeros(0));
    for _ in 0..8 {
        frame = if in_place {
            graph.forward(frame, Box::new(AddOne(std::marker::PhantomData)) as Box<dyn Forward<Frame = _>>)
        } else {
            graph.task(frame, Box::new(AddOne(std::marker::PhantomData)) as Box<dyn Task<In = _, Out = _>>)
        };
    }
    let (sum, total) = Sum::new();
    graph.task(frame, Box::new(sum) as Box<dyn Task<In = _, Out = _>>);
    let mut sequence = Sequence::new(graph, 1).expect("builds");
    let started = Instant::now();
    sequence.run(&Settings { sampling, ..settings(FRAMES) }).expect("runs");
    let seconds = started.elapsed().as_secs_f64();
    assert_eq!(total.load(Ordering::Relaxed), 8 * FRAMES);
    seconds / (10 * FRAMES) as f64
}

/// Stages of `widths` replicas, one task each; seconds per frame.
fn pipeline(widths: &[usize], depth: usize, waiting: Waiting, pinned: bool, frames: u64) -> f64 {
    let mut graph = Graph::new();
    let mut frame = graph.source(Zeros(0));
    let middle = widths.len() - 2 + usize::from(*widths.last().unwrap_or(&1) > 1);
    for _ in 0..middle {
        frame = graph.forward(frame, AddOne(std::marker::PhantomData));
    }
    let (sum, total) = Sum::new();
    let mut total = total;
    let mut stages: Vec<Stage> = Vec::new();
    if *widths.last().unwrap_or(&1) > 1 {
        let all = Arc::new(AtomicU64::new(0));
        total = all.clone();
        graph.task(frame, SharedSum { here: 0, all });
        drop(sum);
    } else {
        graph.task(frame, Box::new(sum) as Box<dyn Task<In = _, Out = _>>);
    }
    for (i, &width) in widths.iter().enumerate() {
        let is_last_wide = i + 1 == widths.len() && width > 1;
        let tasks = if is_last_wide { 2 } else { 1 };
        let cores: &[usize] = if pinned { &[[0], [1]][i % 2] } else { &[] };
        stages.push(Stage::new(tasks).replicas(width).depth(depth).waiting(waiting).cores(cores));
    }
    let mut pipeline = Pipeline::new(graph, &stages).expect("builds");
    let started = Instant::now();
    pipeline.run(&settings(frames)).expect("runs");
    let seconds = started.elapsed().as_secs_f64();
    drop(pipeline);
    assert_eq!(total.load(Ordering::Relaxed), middle as u64 * frames);
    seconds / frames as f64
}

/// The sum of several replicas: each adds its part when it is dropped.
struct SharedSum {
    here: u64,
    all: Arc<AtomicU64>,
}

impl Task for SharedSum {
    type In = [u64; 2];
    type Out = ();
    fn run(&mut self, frame: [u64; 2]) -> Result<(), BoxError> {
        self.here += frame[0];
        Ok(())
    }
    fn replica(&self) -> Option<Self> {
        Some(SharedSum { here: 0, all: self.all.clone() })
    }
}

impl Drop for SharedSum {
    fn drop(&mut self) {
        self.all.fetch_add(self.here, Ordering::Relaxed);
    }
}

/// Stages 2-1 need a source that makes replicas.
fn two_to_one(depth: usize, waiting: Waiting, frames: u64) -> f64 {
    struct Many;
    impl Source for Many {
        type Out = [u64; 2];
        fn next(&mut self) -> Result<Option<[u64; 2]>, BoxError> {
            Ok(Some([1, 0]))
        }
        fn replica(&self) -> Option<Self> {
            Some(Many)
        }
    }
    let mut graph = Graph::new();
    let frame = graph.source(Many);
    let frame = graph.forward(frame, AddOne(std::marker::PhantomData));
    let (sum, total) = Sum::new();
    graph.task(frame, sum);
    let stages = [Stage::new(2).replicas(2).depth(depth).waiting(waiting), Stage::new(1)];
    let mut pipeline = Pipeline::new(graph, &stages).expect("builds");
    let started = Instant::now();
    pipeline.run(&settings(frames)).expect("runs");
    let seconds = started.elapsed().as_secs_f64();
    assert_eq!(total.load(Ordering::Relaxed), 2 * frames);
    seconds / frames as f64
}

/// Two stages that move blocks of `bytes`, unread but for one number.
fn blocks(bytes: usize, waiting: Waiting, frames: u64) -> f64 {
    let pool = Arc::new(std::sync::Mutex::new(Vec::new()));
    let mut graph = Graph::new();
    let frame: Out<Box<[u64]>> = graph.source(Recycle(pool.clone(), bytes / 8));
    let frame = graph.forward(frame, AddOne(std::marker::PhantomData));
    let total = Arc::new(AtomicU64::new(0));
    let sum = total.clone();
    let give_back = facette_flow::closures::map("GiveBack", move |block: Box<[u64]>| {
        sum.fetch_add(block[0], Ordering::Relaxed);
        pool.lock().map_err(|e| e.to_string())?.push(block);
        Ok(())
    });
    graph.task(frame, give_back);
    let stages = [Stage::new(2).waiting(waiting).cores(&[0]), Stage::new(1).cores(&[1])];
    let mut pipeline = Pipeline::new(graph, &stages).expect("builds");
    let started = Instant::now();
    pipeline.run(&settings(frames)).expect("runs");
    let seconds = started.elapsed().as_secs_f64();
    assert_eq!(total.load(Ordering::Relaxed), frames);
    seconds / frames as f64
}

/// One frame around a loop with one body task; seconds per iteration.
fn iteration(n: u64) -> f64 {
    let mut graph = Graph::new();
    let start = graph.source(Zeros(0));
    let end = graph.repeat_times(start, n, |graph, frame| {
        graph.forward(frame, Box::new(AddOne(std::marker::PhantomData)) as Box<dyn Forward<Frame = _>>)
    });
    let (sum, total) = Sum::new();
    graph.task(end, sum);
    let mut sequence = Sequence::new(graph, 1).expect("builds");
    let started = Instant::now();
    sequence.run(&settings(1)).expect("runs");
    let seconds = started.elapsed().as_secs_f64();
    assert_eq!(total.load(Ordering::Relaxed), n);
    seconds / n as f64
}

/// Several stages' tasks on one thread; seconds per frame.
fn fused(tasks: usize) -> f64 {
    const FRAMES: u64 = 1_000_000;
    let mut graph = Graph::new();
    let mut frame = graph.source(Zeros(0));
    for _ in 0..tasks - 2 {
        frame = graph.forward(frame, AddOne(std::marker::PhantomData));
    }
    let (sum, total) = Sum::new();
    graph.task(frame, sum);
    let mut sequence = Sequence::new(graph, 1).expect("builds");
    let started = Instant::now();
    sequence.run(&settings(FRAMES)).expect("runs");
    let seconds = started.elapsed().as_secs_f64();
    assert_eq!(total.load(Ordering::Relaxed), (tasks as u64 - 2) * FRAMES);
    seconds / FRAMES as f64
}

/// Start and stop of two stages with one frame.
fn restart() -> f64 {
    const N: u32 = 200;
    let mut graph = Graph::new();
    let frame = graph.source(Zeros(0));
    let (sum, _) = Sum::new();
    graph.task(frame, sum);
    let mut pipeline = Pipeline::new(graph, &[Stage::new(1), Stage::new(1)]).expect("builds");
    let started = Instant::now();
    for _ in 0..N {
        assert_eq!(pipeline.run(&settings(1)).expect("runs").frames, 1);
    }
    started.elapsed().as_secs_f64() / f64::from(N)
}

/// Construction of 1-16-1.
fn construct() -> f64 {
    const N: u32 = 200;
    let started = Instant::now();
    for _ in 0..N {
        let mut graph = Graph::new();
        let frame = graph.source(Zeros(0));
        let frame = graph.forward(frame, AddOne(std::marker::PhantomData));
        let (sum, _) = Sum::new();
        graph.task(frame, sum);
        let stages = [Stage::new(1), Stage::new(1).replicas(16), Stage::new(1)];
        hint::black_box(Pipeline::new(graph, &stages).expect("builds"));
    }
    started.elapsed().as_secs_f64() / f64::from(N)
}

/// Share of a core that an idle pipeline uses, in seconds of work per second.
#[cfg(target_os = "linux")]
fn idle() -> f64 {
    fn worked_s() -> f64 {
        let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
        let ticks: u64 = stat.rsplit(')').next().map_or(0, |rest| {
            rest.split_whitespace().skip(11).take(2).filter_map(|n| n.parse::<u64>().ok()).sum()
        });
        ticks as f64 / 100.0
    }
    let mut graph = Graph::new();
    let frame = graph.source(facette_flow::closures::iterate("Slow", 0..2_u64));
    let slow = facette_flow::closures::map("Sleep", |n: u64| {
        std::thread::sleep(Duration::from_secs(1));
        Ok(n)
    });
    let frame = graph.task(frame, slow);
    graph.task(frame, facette_flow::closures::map("End", |_: u64| Ok(())));
    let mut pipeline = Pipeline::new(graph, &[Stage::new(1), Stage::new(1), Stage::new(1)]).expect("builds");
    let (before, started) = (worked_s(), Instant::now());
    pipeline.run(&Settings::default()).expect("runs");
    (worked_s() - before) / started.elapsed().as_secs_f64()
}

/// 1 ms of work a frame, spread over `threads` stage threads; seconds per frame.
fn divided(threads: usize) -> f64 {
    let mut graph = Graph::new();
    let mut frame = graph.source(Zeros(0));
    for _ in 0..threads {
        let rounds = 2_200_000 / threads as u64;
        let work = facette_flow::closures::map("Work", move |[n, i]: [u64; 2]| {
            let mut x = i;
            (0..rounds).for_each(|k| x = hint::black_box(x ^ k));
            Ok([n + 1, hint::black_box(x)])
        });
        frame = graph.task(frame, work);
    }
    let (sum, total) = Sum::new();
    graph.task(frame, sum);
    let mut stages = vec![Stage::new(2)];
    stages.resize(threads - 1, Stage::new(1));
    stages.push(Stage::new(2));
    let mut pipeline = Pipeline::new(graph, &stages).expect("builds");
    let started = Instant::now();
    pipeline.run(&settings(400)).expect("runs");
    let seconds = started.elapsed().as_secs_f64();
    assert_eq!(total.load(Ordering::Relaxed), 400 * threads as u64);
    seconds / 400.0
}

fn main() {
    use Unit::{FramesPerSecond as Rate, Microseconds, Nanoseconds};
    use Waiting::{Park, Spin, SpinThenPark};
    let words: Vec<String> = env::args().skip(1).collect();
    let row =
        |name: &str, target: &str, unit, case: &mut dyn FnMut() -> f64| row(&words, name, target, unit, case);
    for (kind, in_place) in [("forward", true), ("in-out", false)] {
        let name = |what: &str| format!("sequence of 10 tasks, {kind}, {what}, per task");
        row(&name("all checks"), "<= 5", Nanoseconds, &mut || sequence(in_place, Sampling::Off));
        row(&name("timed 1 in 16"), "<= 10", Nanoseconds, &mut || sequence(in_place, Sampling::OneIn(16)));
        row(&name("all timed"), "<= 30", Nanoseconds, &mut || sequence(in_place, Sampling::Every));
    }
    for (depth, spin, park) in [(16, ">= 5", ">= 3"), (1, ">= 2.5", ">= 0.2")] {
        let name = |what: &str| format!("stages 1-1, depth {depth}, {what}");
        row(&name("pinned, spin"), spin, Rate, &mut || pipeline(&[1, 1], depth, Spin, true, 1_000_000));
        row(&name("spin then park"), park, Rate, &mut || {
            pipeline(&[1, 1], depth, SpinThenPark, false, 500_000)
        });
        row(&name("pinned, spin then park"), park, Rate, &mut || {
            pipeline(&[1, 1], depth, SpinThenPark, true, 500_000)
        });
        row(&name("park at once"), "-", Rate, &mut || pipeline(&[1, 1], depth, Park, false, 50_000));
    }
    for (waiting, what) in [(SpinThenPark, "spin then park"), (Park, "park at once"), (Spin, "spin")] {
        let (near, far) = if waiting == Spin { (">= 0.5", ">= 0.5") } else { (">= 3", ">= 2") };
        let name = |stages: &str| format!("stages {stages}, depth 16, {what}");
        row(&name("1-2"), near, Rate, &mut || pipeline(&[1, 2], 16, waiting, false, 200_000));
        row(&name("2-1"), near, Rate, &mut || two_to_one(16, waiting, 200_000));
        row(&name("1-2-1"), far, Rate, &mut || pipeline(&[1, 2, 1], 16, waiting, false, 200_000));
        row(&name("1-1-1-1"), far, Rate, &mut || pipeline(&[1, 1, 1, 1], 16, waiting, false, 200_000));
    }
    row("2 tasks fused on one thread", ">= 10", Rate, &mut || fused(2));
    row("3 tasks fused on one thread", ">= 10", Rate, &mut || fused(3));
    for (bytes, size) in [(16, "16 B"), (65_536, "64 KiB"), (1_048_576, "1 MiB")] {
        let name = format!("blocks of {size}, stages 1-1, depth 16, pinned, spin");
        row(&name, "as 16 B", Rate, &mut || blocks(bytes, Spin, 300_000));
    }
    row("loop iteration, one body task", "<= 20", Nanoseconds, &mut || iteration(1_000_000));
    row("loop of ten million iterations, one body task", "<= 20", Nanoseconds, &mut || iteration(10_000_000));
    row("start and stop, stages 1-1", "<= 50", Microseconds, &mut restart);
    row("construction of 1-16-1", "<= 500", Microseconds, &mut construct);
    row("1 ms of work per frame on 2 stage threads", "-", Microseconds, &mut || divided(2));
    row("1 ms of work per frame on 16 stage threads", "< 1.25 x", Microseconds, &mut || divided(16));
    #[cfg(target_os = "linux")]
    row("idle pipeline, µs of work per second", "< 10000", Microseconds, &mut idle);
}
