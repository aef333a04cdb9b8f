//! Pipelines for tests, written short or drawn from a seed.
#![allow(dead_code, reason = "each test uses some of it")]

use facette_simulate::{Order, Outcome, Pipeline, Service, Sharing, Stage, Task, Waiting, Wake};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

pub(crate) fn constant(time_s: f64) -> Task {
    Task::new("t", Service::constant(time_s))
}

pub(crate) fn exponential(mean_s: f64) -> Task {
    Task::new("t", Service::Gamma { mean_s, cv: 1.0 })
}

pub(crate) fn stage(time_s: f64, replicas: u32) -> Stage {
    Stage::new(vec![constant(time_s)]).replicas(replicas)
}

pub(crate) fn shared(stages: Vec<Stage>) -> Pipeline {
    Pipeline { sharing: Sharing::Shared, ..Pipeline::new(stages) }
}

pub(crate) fn rng(seed: u64) -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(seed)
}

/// Up to five stages of up to four replicas of up to three tasks, everything else drawn too.
pub(crate) fn random_pipeline(seed: u64) -> Pipeline {
    let mut rng = rng(seed);
    let stages = (0..rng.random_range(1..=5)).map(|_| random_stage(&mut rng)).collect();
    let sharing = if rng.random_bool(0.5) { Sharing::Shared } else { Sharing::Dedicated };
    let window = rng.random_bool(0.3).then(|| rng.random_range(1..12));
    Pipeline { stages, sharing, window }
}

fn random_stage(rng: &mut ChaCha8Rng) -> Stage {
    let tasks = (0..rng.random_range(1..=3)).map(|_| random_task(rng)).collect();
    let wake = Wake { latency_s: rng.random_range(0.0..0.2), call_s: rng.random_range(0.0..0.05) };
    let waiting = match rng.random_range(0..4) {
        0 => Waiting::Spin,
        1 => Waiting::SpinThenPark { spin_s: rng.random_range(0.0..0.3), wake },
        2 => Waiting::Park { wake },
        _ => Waiting::default(),
    };
    Stage {
        depth: rng.random_range(1..6),
        waiting,
        order: if rng.random_bool(0.2) { Order::AsReady } else { Order::Restored },
        crossing_s: if rng.random_bool(0.3) { rng.random_range(0.0..0.1) } else { 0.0 },
        ..Stage::new(tasks).replicas(rng.random_range(1..=4))
    }
}

fn random_task(rng: &mut ChaCha8Rng) -> Task {
    let (mean_s, cv) = (rng.random_range(0.0..1.0), rng.random_range(0.0..1.5));
    let service = match rng.random_range(0..5) {
        0 => Service::constant(mean_s),
        1 => Service::Cycle { times_s: vec![0.1, mean_s, 0.0] },
        2 => Service::Samples { times_s: vec![mean_s, 2.0 * mean_s, 0.3] },
        3 => Service::LogNormal { mean_s, cv },
        _ => Service::Gamma { mean_s, cv },
    };
    let traffic_bytes = if rng.random_bool(0.3) { rng.random_range(0.0..2.0) } else { 0.0 };
    Task { traffic_bytes, output_bytes: rng.random_range(0.0..9.0), ..Task::new("t", service) }
}

pub(crate) fn near(value: f64, expected: f64, relative: f64) {
    assert!(
        (value - expected).abs() <= relative * expected.abs(),
        "{value} is not {expected} within {relative}"
    );
}

/// The frames in the order in which they left.
pub(crate) fn order(outcome: &Outcome) -> Vec<u64> {
    outcome.passages.iter().map(|p| p.frame).collect()
}
