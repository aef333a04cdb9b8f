//! Tasks that take their time: the same work on few and on many threads, uneven frames, and no work at all.

use std::{
    hint::black_box,
    thread,
    time::{Duration, Instant},
};

use facette_flow::{
    closures::{iterate, map, replicable},
    graph::{Graph, Pipeline, Sequence, Settings, Stage},
};

use crate::{
    Case, Timed,
    frames::{Frame, Seen, Sum, numbers, settings, sum_to},
};

/// The cases of this file.
pub(crate) fn cases() -> Vec<Case> {
    let mut cases = vec![Case::new("work-1-thread", || divided(1))];
    cases.extend([2, 16].map(|n| Case::new(format!("work-{n}-threads"), move || divided(n))));
    cases.push(Case::new("slow-frames", slow_frames));
    #[cfg(target_os = "linux")]
    cases.push(Case::new("idle", idle));
    cases
}

/// A chain of dependent operations that a core cannot shorten; never inlined, so that it costs the same everywhere.
#[inline(never)]
fn toil(mut x: u64, rounds: u64) -> u64 {
    for k in 0..rounds {
        x ^= x << 13;
        x ^= x >> 7;
        x = (x ^ (x << 17)).wrapping_add(k);
    }
    x
}

/// Rounds that cost a millisecond of one core: the best of many tries is the one that nothing disturbed.
fn rounds_per_ms() -> u64 {
    const ROUNDS: u64 = 300_000;
    let time = |_| {
        let started = Instant::now();
        black_box(toil(black_box(1), ROUNDS));
        started.elapsed().as_secs_f64()
    };
    let best = (0..100).map(time).fold(f64::INFINITY, f64::min);
    (ROUNDS as f64 * 1e-3 / best) as u64
}

/// 1 ms of work a frame, in equal parts on so many stage threads; seconds per frame.
fn divided(threads: usize) -> Timed {
    const FRAMES: u64 = 300;
    let rounds = rounds_per_ms() / threads as u64;
    let seen = Seen::default();
    let mut graph = Graph::new();
    let mut frame = graph.source(numbers());
    for _ in 0..threads {
        let work = map("Work", move |[n, i]: Frame| {
            black_box(toil(i, rounds));
            Ok([n + 1, i])
        });
        frame = graph.task(frame, work);
    }
    graph.task(frame, Sum::boxed(&seen));
    let seconds = match threads {
        1 => {
            let mut sequence = Sequence::new(graph, 1)?;
            timed(|| sequence.run(&settings(FRAMES)))?
        }
        _ => {
            let mut stages = vec![Stage::new(1); threads];
            (stages[0], stages[threads - 1]) = (Stage::new(2), Stage::new(2));
            let mut pipeline = Pipeline::new(graph, &stages)?;
            timed(|| pipeline.run(&settings(FRAMES)))?
        }
    };
    seen.check((threads as u64 + 1) * FRAMES, sum_to(FRAMES))?;
    Ok(seconds / FRAMES as f64)
}

fn timed<R, E>(run: impl FnOnce() -> Result<R, E>) -> Result<f64, E> {
    let started = Instant::now();
    run()?;
    Ok(started.elapsed().as_secs_f64())
}

/// Two replicas, and every other frame takes 2 ms; how much longer than the ideal time it takes, as a part of it.
fn slow_frames() -> Timed {
    const FRAMES: u64 = 500;
    const SLOW: Duration = Duration::from_millis(2);
    let seen = Seen::default();
    let mut graph = Graph::new();
    let frame = graph.source(numbers());
    let work = replicable("Work", |[n, i]: Frame| {
        if i % 2 == 0 {
            rest_until(Instant::now() + SLOW);
        }
        Ok([n + 1, i])
    });
    let frame = graph.task(frame, work);
    graph.task(frame, Sum::boxed(&seen));
    let stages = [Stage::new(1).depth(4), Stage::new(1).replicas(2).depth(4), Stage::new(1)];
    let mut pipeline = Pipeline::new(graph, &stages)?;
    let seconds = timed(|| pipeline.run(&settings(FRAMES)))?;
    drop(pipeline);
    seen.check(2 * FRAMES, sum_to(FRAMES))?;
    let ideal = SLOW.as_secs_f64() * FRAMES as f64 / 2.0 / 2.0;
    Ok(seconds / ideal - 1.0)
}

/// Sleeps, but for the end: sleeping alone ends some 60 µs too late, which would be 3 % of the ideal time.
fn rest_until(end: Instant) {
    let left = end.saturating_duration_since(Instant::now());
    thread::sleep(left.saturating_sub(Duration::from_micros(200)));
    while Instant::now() < end {
        thread::yield_now();
    }
}

/// A pipeline of three stages in which nothing happens for a second; seconds of work per second, all threads together.
#[cfg(target_os = "linux")]
fn idle() -> Timed {
    let (tell, told) = std::sync::mpsc::channel();
    let mut graph = Graph::new();
    let frame = graph.source(iterate("Once", [0_u64]));
    let slow = map("Sleep", move |n: u64| {
        let (before, started) = (worked_s(), Instant::now());
        thread::sleep(Duration::from_secs(1));
        let after = worked_s();
        let share = before.zip(after).map(|(b, a)| (a - b) / started.elapsed().as_secs_f64());
        tell.send(share)?;
        Ok(n)
    });
    let frame = graph.task(frame, slow);
    graph.task(frame, map("End", |_: u64| Ok(())));
    let mut pipeline = Pipeline::new(graph, &[Stage::new(1), Stage::new(1), Stage::new(1)])?;
    pipeline.run(&Settings::default())?;
    told.recv()?.ok_or_else(|| "this kernel does not tell how long threads have worked (schedstat)".into())
}

/// Seconds that the threads of this program have worked so far.
#[cfg(target_os = "linux")]
fn worked_s() -> Option<f64> {
    let mut sum_ns = 0;
    for thread in std::fs::read_dir("/proc/self/task").ok()? {
        // A thread that has ended meanwhile is none that waits.
        let Ok(text) = std::fs::read_to_string(thread.ok()?.path().join("schedstat")) else { continue };
        sum_ns += text.split_whitespace().next()?.parse::<u64>().ok()?;
    }
    Some(1e-9 * sum_ns as f64)
}
