//! One thread: sequences, fused stages, loops; and what it costs to build and to start.

use std::{
    hint::black_box,
    time::{Duration, Instant},
};

use facette_flow::graph::{Graph, Pipeline, Sampling, Sequence, Settings, Stage};

use crate::{
    Case, Timed,
    frames::{
        Seen, Sum, add_in_out, add_in_place, add_replicable, numbers, settings, stream, sum_to, with_warm_up,
    },
};

/// The cases of this file.
pub(crate) fn cases() -> Vec<Case> {
    let mut cases = vec![Case::new("clock", || Ok(clock()))];
    for (kind, in_place) in [("forward", true), ("in-out", false)] {
        for (what, sampling) in
            [("checked", Sampling::Off), ("timed-1-in-16", Sampling::OneIn(16)), ("timed", Sampling::Every)]
        {
            cases.push(Case::new(format!("sequence-{kind}-{what}"), move || ten(in_place, sampling)));
        }
    }
    cases.extend([2, 3].map(|tasks| Case::new(format!("fused-{tasks}"), move || fused(tasks))));
    cases.push(Case::new("loop", || iteration(1_000_000)));
    cases.push(Case::new("loop-of-ten-million", || iteration(10_000_000)));
    cases.push(Case::new("start-and-stop", restart));
    cases.push(Case::new("construct-1-16-1", construct));
    cases
}

/// Seconds that reading the clock takes: what a time stamp at a task boundary costs at least.
fn clock() -> f64 {
    const N: u32 = 1_000_000;
    let started = Instant::now();
    (0..N).for_each(|_| _ = black_box(Instant::now()));
    started.elapsed().as_secs_f64() / f64::from(N)
}

/// A sequence of so many tasks, source and sum included; seconds per frame.
fn sequence(tasks: u64, in_place: bool, sampling: Sampling, frames: u64) -> Timed {
    let seen = Seen::default();
    let mut graph = Graph::new();
    let mut frame = graph.source(numbers());
    for _ in 0..tasks - 2 {
        frame = if in_place { graph.forward(frame, add_in_place()) } else { graph.task(frame, add_in_out()) };
    }
    graph.task(frame, Sum::boxed(&seen));
    let mut sequence = Sequence::new(graph, 1)?;
    let seconds = stream(frames, |n| sequence.run(&Settings { sampling, ..settings(n) }).map(drop))?;
    drop(sequence);
    let all = with_warm_up(frames);
    seen.check((tasks - 1) * all, sum_to(all))?;
    Ok(seconds)
}

/// Ten tasks; seconds per task.
fn ten(in_place: bool, sampling: Sampling) -> Timed {
    let frames = if sampling == Sampling::Every { 500_000 } else { 2_000_000 };
    Ok(sequence(10, in_place, sampling, frames)? / 10.0)
}

/// What would be so many stages, on one thread; seconds per frame.
fn fused(tasks: u64) -> Timed {
    sequence(tasks, true, Sampling::Off, 20_000_000)
}

/// One frame around a loop of `n` iterations with one body task, all through the switcher; seconds per iteration.
fn iteration(n: u64) -> Timed {
    let seen = Seen::default();
    let mut graph = Graph::new();
    let start = graph.source(numbers());
    let end = graph.repeat_times(start, n, |graph, frame| graph.forward(frame, add_in_place()));
    graph.task(end, Sum::boxed(&seen));
    let mut sequence = Sequence::new(graph, 1)?;
    sequence.run(&settings(1))?;
    let started = Instant::now();
    sequence.run(&settings(1))?;
    let seconds = started.elapsed().as_secs_f64();
    drop(sequence);
    seen.check(2 * (n + 1), 1 + 2)?;
    Ok(seconds / n as f64)
}

/// Start and stop of two stages with one frame; seconds for both.
fn restart() -> Timed {
    const N: u32 = 1000;
    let seen = Seen::default();
    let mut graph = Graph::new();
    let frame = graph.source(numbers());
    graph.task(frame, Sum::boxed(&seen));
    let mut pipeline = Pipeline::new(graph, &[Stage::new(1), Stage::new(1)])?;
    let started = Instant::now();
    for _ in 0..N {
        pipeline.run(&settings(1))?;
    }
    let seconds = started.elapsed().as_secs_f64() / f64::from(N);
    drop(pipeline);
    seen.check(u64::from(N), sum_to(u64::from(N)))?;
    Ok(seconds)
}

/// Declaration and construction of 1-16-1; seconds for one. What follows it must work: the last one is run.
fn construct() -> Timed {
    const N: u32 = 1000;
    let seen = Seen::default();
    let mut time = Duration::ZERO;
    for i in 1..=N {
        let started = Instant::now();
        let mut pipeline = black_box(one_sixteen_one(&seen)?);
        time += started.elapsed();
        if i == N {
            pipeline.run(&settings(100))?;
        }
    }
    seen.check(2 * 100, sum_to(100))?;
    Ok(time.as_secs_f64() / f64::from(N))
}

fn one_sixteen_one(seen: &Seen) -> Result<Pipeline, facette_flow::BuildError> {
    let mut graph = Graph::new();
    let frame = graph.source(numbers());
    let frame = graph.forward(frame, add_replicable());
    graph.task(frame, Sum::boxed(seen));
    Pipeline::new(graph, &[Stage::new(1), Stage::new(1).replicas(16), Stage::new(1)])
}
