//! What the simulator has to know, measured without a pipeline of these tasks.

use crate::chains::Chain;
use crate::tasks::{Seat, Work, rounds, toil};
use crate::{Failure, median};
use flow::closures::{iterate, map};
use flow::graph::{Graph, Pipeline, Settings, Stage};
use rayon::ThreadPoolBuilder;
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

/// How many turns a second each of some threads gets through, all at work for so long.
fn turns_per_s(seats: Vec<Seat>, for_s: f64) -> f64 {
    let barrier = Arc::new(Barrier::new(seats.len()));
    let start = |mut seat: Seat| {
        let barrier = barrier.clone();
        thread::spawn(move || {
            seat(0);
            barrier.wait();
            let (started, mut turns) = (Instant::now(), 0);
            while started.elapsed().as_secs_f64() < for_s {
                turns += 1;
                seat(turns);
            }
            turns as f64 / started.elapsed().as_secs_f64()
        })
    };
    let threads: Vec<_> = seats.into_iter().map(start).collect();
    threads.into_iter().filter_map(|thread| thread.join().ok()).sum()
}

/// How often each of the measurements on several threads is made.
const TURNS: usize = 4;

/// What two busy cores are worth.
pub(crate) fn worth() -> f64 {
    let (mut one, mut two) = (0.0, 0.0);
    (0..TURNS).for_each(|_| add_arithmetic(&mut one, &mut two));
    worth_of(one, two)
}

/// Arithmetic on one thread, then on two: turns a second of each are added up.
fn add_arithmetic(one: &mut f64, two: &mut f64) {
    let rounds = rounds(0.2);
    let seats = |n| (0..n).map(|_| Box::new(move |frame| toil(frame, rounds)) as Seat).collect();
    *one += turns_per_s(seats(1), 0.04);
    *two += turns_per_s(seats(2), 0.08);
}

/// Two cores are worth no more than two: what says so was disturbed when it was alone.
fn worth_of(one: f64, two: f64) -> f64 {
    (two / one).min(2.0)
}

fn together(chain: &Chain) -> Result<Together, Failure> {
    let heavy = chain.tasks.iter().find(|task| task.traffic_bytes() > 0.0);
    let teams: Vec<u32> = chain.plan.iter().flat_map(|cut| vec![cut.team; cut.tasks]).collect();
    let (mut one, mut two) = (0.0, 0.0);
    let (mut one_sweep, mut two_sweep) = (0.0, 0.0);
    let (mut single_s, mut team_s) = (vec![0.0; teams.len()], vec![0.0; teams.len()]);
    for _ in 0..TURNS {
        add_arithmetic(&mut one, &mut two);
        if let Some(task) = heavy {
            one_sweep += turns_per_s(vec![task.seat()], 0.1);
            two_sweep += turns_per_s(vec![task.seat(), task.seat()], 0.1);
        }
        for (i, &team) in teams.iter().enumerate().filter(|(_, team)| **team > 1) {
            single_s[i] += team_s_of(&*chain.tasks[i], 1)?;
            team_s[i] += team_s_of(&*chain.tasks[i], team)?;
        }
    }
    let worth = worth_of(one, two);
    // Two that are no slower than their cores are do not say what the memory could give.
    let is_limited = two_sweep < 0.9 * worth * one_sweep;
    let traffic_bytes = heavy.map_or(0.0, |task| task.traffic_bytes());
    let speedup = |(single_s, team_s): (&f64, &f64)| if *team_s > 0.0 { single_s / team_s } else { 1.0 };
    Ok(Together {
        worth,
        memory_bytes_per_s: is_limited.then_some(traffic_bytes * two_sweep / TURNS as f64),
        speedup: single_s.iter().zip(&team_s).map(speedup).collect(),
    })
}

/// The time of a frame with so many threads.
fn team_s_of(task: &dyn Work, threads: u32) -> Result<f64, Failure> {
    let pool = ThreadPoolBuilder::new().num_threads(threads as usize).build()?;
    let mut seat = task.seat();
    let mut once_s = || seconds(|| pool.install(|| seat(0)));
    let first_s = once_s();
    let n = turns(first_s) / TURNS + 1;
    Ok((0..n).map(|_| once_s()).sum::<f64>() / n as f64)
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
    (wake_s, median(&calls_s))
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
