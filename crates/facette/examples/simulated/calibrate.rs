//! What the simulator has to know, measured without a pipeline of these tasks.

use crate::Failure;
use crate::chains::Chain;
use crate::tasks::{Seat, Work, rounds, toil};
use flow::closures::{iterate, map};
use flow::graph::{Graph, Pipeline, Settings, Stage};
use rayon::{ThreadPool, ThreadPoolBuilder};
use schedule::Kind;
use serde_json::{Value, json};
use std::sync::{Arc, Barrier, Condvar, Mutex, PoisonError};
use std::thread;
use std::time::Instant;

/// What was measured.
pub(crate) struct Known {
    /// By task: the time of each frame of its cycle, alone on one core.
    pub(crate) alone_s: Vec<Vec<f64>>,
    /// From a call to a sleeper until it runs.
    pub(crate) wake_s: f64,
    /// What the call costs the caller.
    pub(crate) call_s: f64,
    /// What a boundary costs each side.
    pub(crate) crossing_s: f64,
    /// What several threads reach.
    pub(crate) together: Together,
}

/// What several threads reach, measured in turn with one thread, so that all of it holds for the same moments.
pub(crate) struct Together {
    /// What two busy cores are worth, as multiples of one alone.
    pub(crate) worth: f64,
    /// What the memory gives to two cores, where that is less than they could take.
    pub(crate) memory_bytes_per_s: Option<f64>,
    /// By task: how many times as fast a team of the plan's size is, 1 for what is not parallel inside.
    pub(crate) speedup: Vec<f64>,
}

/// Measures all that the simulator has to know of a chain.
pub(crate) fn calibrate(chain: &Chain) -> Result<Known, Failure> {
    let alone_s: Result<Vec<Vec<f64>>, Failure> = chain.tasks.iter().map(|task| alone_s(&**task)).collect();
    let (wake_s, call_s) = wake_s();
    let crossing_s = crossing_s()?;
    let together = together(chain)?;
    Ok(Known { alone_s: alone_s?, wake_s, call_s, crossing_s, together })
}

impl Known {
    pub(crate) fn to_json(&self) -> Value {
        json!({
            "alone_s": self.alone_s,
            "speedup": self.together.speedup,
            "worth_of_two": self.together.worth,
            "memory_bytes_per_s": self.together.memory_bytes_per_s,
            "wake_s": self.wake_s,
            "call_s": self.call_s,
            "crossing_s": self.crossing_s,
        })
    }
}

fn seconds(work: impl FnOnce()) -> f64 {
    let started = Instant::now();
    work();
    started.elapsed().as_secs_f64()
}

/// Enough turns for about a tenth of a second, at least five.
fn turns(once_s: f64) -> usize {
    ((0.1 / once_s.max(1e-6)) as usize).clamp(5, 200)
}

/// The time of each frame of a task's cycle, on one thread.
fn alone_s(task: &dyn Work) -> Result<Vec<f64>, Failure> {
    let pool = ThreadPoolBuilder::new().num_threads(1).build()?;
    let (mut seat, cycle) = (task.seat(), task.cycle());
    let is_parallel = matches!(task.kind(), Kind::Parallel(_));
    let mut one = |frame: u64| {
        if is_parallel { seconds(|| pool.install(|| seat(frame))) } else { seconds(|| seat(frame)) }
    };
    let first_s: f64 = (0..cycle).map(&mut one).sum();
    let turns = (0..turns(first_s)).map(|_| (0..cycle).map(&mut one).collect());
    let turns: Vec<Vec<f64>> = turns.collect();
    let of = |i: usize| mean(&turns.iter().map(|t| t[i]).collect::<Vec<_>>());
    Ok((0..cycle as usize).map(of).collect())
}

/// The mean without the longest tenth: what came between is not the task's.
fn mean(times_s: &[f64]) -> f64 {
    let mut times_s = times_s.to_vec();
    times_s.sort_by(f64::total_cmp);
    let n = times_s.len() - times_s.len() / 10;
    times_s[..n].iter().sum::<f64>() / n as f64
}

/// How many turns a second some threads get through together, all at work for so long.
fn turns_per_s(seats: &mut [Seat], for_s: f64) -> f64 {
    let barrier = Barrier::new(seats.len());
    let work = |seat: &mut Seat| {
        barrier.wait();
        let (started, mut turns) = (Instant::now(), 0);
        while started.elapsed().as_secs_f64() < for_s {
            turns += 1;
            seat(turns);
        }
        turns as f64 / started.elapsed().as_secs_f64()
    };
    thread::scope(|scope| {
        let threads: Vec<_> = seats.iter_mut().map(|seat| scope.spawn(|| work(seat))).collect();
        threads.into_iter().filter_map(|thread| thread.join().ok()).sum()
    })
}

/// How often each of the measurements on several threads is made.
const TURNS: usize = 4;
/// How long each of them takes.
const TURN_S: f64 = 0.1;

/// What two busy cores are worth.
pub(crate) fn worth() -> f64 {
    let mut seats = [arithmetic(), arithmetic()];
    let one = turns_per_s(&mut seats[..1], TURN_S);
    let two: Vec<f64> = (0..=TURNS).map(|_| turns_per_s(&mut seats, TURN_S)).collect();
    worth_of(one, &two)
}

fn arithmetic() -> Seat {
    let rounds = rounds(0.2);
    Box::new(move |frame| toil(frame, rounds))
}

/// From turns a second of one thread, and of two again and again. Virtual cores may have saved time while one of them
/// was idle, so the first does not count. Two are worth no more than two: what says so was disturbed when it was alone.
fn worth_of(one: f64, two: &[f64]) -> f64 {
    (mean_but_first(two) / one).min(2.0)
}

fn mean_but_first(values: &[f64]) -> f64 {
    values[1..].iter().sum::<f64>() / (values.len() - 1) as f64
}

fn together(chain: &Chain) -> Result<Together, Failure> {
    let mut seats = [arithmetic(), arithmetic()];
    let heavy = chain.tasks.iter().find(|task| task.traffic_bytes() > 0.0);
    let mut sweeps: Vec<Seat> = heavy.into_iter().flat_map(|task| [task.seat(), task.seat()]).collect();
    let teams = chain.plan.iter().flat_map(|cut| vec![cut.team; cut.tasks]);
    let mut teams: Vec<Option<Team>> =
        chain.tasks.iter().zip(teams).map(|(task, n)| Team::new(&**task, n)).collect::<Result<_, _>>()?;
    // First all that keeps one core busy, then all that keeps two, without a pause.
    let one = turns_per_s(&mut seats[..1], TURN_S);
    let one_sweep = if sweeps.is_empty() { 0.0 } else { turns_per_s(&mut sweeps[..1], TURN_S) };
    let single_s: Vec<f64> =
        teams.iter_mut().map(|team| team.as_mut().map_or(0.0, |t| t.frame_s(1))).collect();
    let (mut two, mut two_sweeps) = (Vec::new(), Vec::new());
    let mut team_s = vec![Vec::new(); teams.len()];
    for _ in 0..=TURNS {
        two.push(turns_per_s(&mut seats, TURN_S));
        if !sweeps.is_empty() {
            two_sweeps.push(turns_per_s(&mut sweeps, TURN_S));
        }
        for (team, times_s) in teams.iter_mut().zip(&mut team_s) {
            times_s.extend(team.as_mut().map(|team| team.frame_s(team.threads)));
        }
    }
    let worth = worth_of(one, &two);
    let speedup = |(&single_s, team_s): (&f64, &Vec<f64>)| match team_s.as_slice() {
        [] => 1.0,
        times_s => single_s / mean_but_first(times_s),
    };
    Ok(Together {
        worth,
        memory_bytes_per_s: heavy
            .and_then(|task| limit(task.traffic_bytes(), worth * one_sweep, &two_sweeps)),
        speedup: single_s.iter().zip(&team_s).map(speedup).collect(),
    })
}

/// Two that are no slower than their cores are do not say what the memory could give.
fn limit(traffic_bytes: f64, two_cores: f64, two_sweeps: &[f64]) -> Option<f64> {
    let reached = mean_but_first(two_sweeps);
    (reached < 0.9 * two_cores).then_some(traffic_bytes * reached)
}

/// A task that is parallel inside, and the threads that it gets.
struct Team {
    seat: Seat,
    threads: usize,
    pools: [ThreadPool; 2],
}

impl Team {
    fn new(task: &dyn Work, threads: u32) -> Result<Option<Self>, Failure> {
        let threads = threads as usize;
        if threads == 1 {
            return Ok(None);
        }
        let pool = |n: usize| ThreadPoolBuilder::new().num_threads(n).build();
        Ok(Some(Self { seat: task.seat(), threads, pools: [pool(1)?, pool(threads)?] }))
    }

    /// The time of a frame on one thread or on all.
    fn frame_s(&mut self, threads: usize) -> f64 {
        let pool = &self.pools[usize::from(threads > 1)];
        let (started, mut frames) = (Instant::now(), 0);
        while started.elapsed().as_secs_f64() < TURN_S {
            pool.install(|| (self.seat)(frames));
            frames += 1;
        }
        started.elapsed().as_secs_f64() / frames as f64
    }
}

/// Two threads that wake each other in turn, as `flow` does: from call to running, and what a call costs.
fn wake_s() -> (f64, f64) {
    const CALLS: usize = 500;
    let shared = Arc::new((Mutex::new(0_usize), Condvar::new()));
    let play = move |me: usize| {
        let mut calls_s = Vec::new();
        let (turn, called) = &*shared;
        for _ in 0..CALLS {
            let now = turn.lock().unwrap_or_else(PoisonError::into_inner);
            let mut now =
                called.wait_while(now, |now| *now % 2 != me).unwrap_or_else(PoisonError::into_inner);
            *now += 1;
            drop(now);
            calls_s.push(seconds(|| called.notify_one()));
        }
        calls_s
    };
    let started = Instant::now();
    let other = thread::spawn({
        let play = play.clone();
        move || play(1)
    });
    let mut calls_s = play(0);
    calls_s.extend(other.join().unwrap_or_default());
    let wake_s = started.elapsed().as_secs_f64() / (2 * CALLS) as f64;
    (wake_s, testkit::median(&calls_s))
}

/// A pipeline that does nothing: what is left are its boundaries.
fn crossing_s() -> Result<f64, Failure> {
    const FRAMES: u64 = 20_000;
    let mut graph = Graph::new();
    let number = graph.source(iterate("Count", 0..FRAMES));
    graph.task(number, map("End", |_: u64| Ok(())));
    let report = Pipeline::new(graph, &[Stage::new(1), Stage::new(1)])?.run(&Settings::default())?;
    Ok(report.wall_s / FRAMES as f64)
}
