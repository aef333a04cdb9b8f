//! Random chains of up to eight tasks on up to eight cores.

use facette_schedule::{CoreType, Kind, Problem, Task};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// What is random besides the costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sort {
    Plain,
    Crossing,
    Teams,
    Memory,
    Target,
    Everything,
}

/// A problem, and its figures as brute force needs them.
#[derive(Debug)]
pub(crate) struct Random {
    pub(crate) problem: Problem,
    pub(crate) crossing: Vec<u64>,
}

pub(crate) fn chain(sort: Sort, types: usize, seed: u64) -> Random {
    let rng = &mut ChaCha8Rng::seed_from_u64(seed * 31 + types as u64);
    let has = |this: Sort| sort == this || sort == Sort::Everything;
    let (n, most) = (rng.random_range(1..=8), *[4u64, 20, 100].get(rng.random_range(0..3)).unwrap());
    let (replicable, parallel) = (f64::from(rng.random_range(0..=4)) / 4.0, has(Sort::Teams));
    let tasks = (0..n).map(|i| {
        let costs: Vec<f64> = (0..types).map(|_| rng.random_range(0..=most) as f64).collect();
        let kind = match rng.random_bool(replicable) {
            true => Kind::Replicable,
            false if parallel && rng.random_bool(0.6) => Kind::Parallel(efficiency(rng)),
            false => Kind::Sequential,
        };
        Task::new(format!("t{i}"), costs, kind).keeping(rng.random_range(0..6))
    });
    let tasks: Vec<Task> = tasks.collect();
    let memory = tasks.iter().map(|t| t.memory_bytes).sum::<u64>();
    let mut problem = Problem::new(tasks, cores(types, rng)).unwrap();
    let mut crossing = vec![0; n];
    if has(Sort::Crossing) {
        let dear = rng.random_range(0..=most / 2);
        crossing = (0..n).map(|_| rng.random_range(0..=dear)).collect();
        problem = problem.with_crossing(crossing.iter().map(|&c| c as f64).collect::<Vec<_>>()).unwrap();
    }
    if has(Sort::Memory) {
        problem = problem.with_memory_cap(memory + rng.random_range(0..20)).unwrap();
    }
    if has(Sort::Target) {
        // One that can be kept: what everything on one core takes, and less if the best plan allows it.
        let sum: f64 = problem.tasks().iter().map(|t| t.costs[0]).sum::<f64>().max(1.0);
        let easy = problem.clone().with_target(sum).unwrap();
        let hard = problem.with_target((sum * rng.random_range(1..=8) as f64 / 8.0 * 8.0).round() / 8.0);
        problem = hard.ok().filter(|p| facette_schedule::frontier(p).is_ok()).unwrap_or(easy);
    }
    Random { problem, crossing }
}

/// Up to eight cores, none of a type now and then, at least one of the first.
fn cores(types: usize, rng: &mut ChaCha8Rng) -> Vec<CoreType> {
    let mut left = 8;
    let mut take = |least: u32| {
        let count = rng.random_range(least..=left.max(least));
        left -= count.min(left);
        count
    };
    (0..types).map(|v| CoreType::new(["big", "little", "tiny"][v], take(u32::from(v == 0)))).collect()
}

/// Speeds that are powers of two, so that all times are exact.
fn efficiency(rng: &mut ChaCha8Rng) -> Vec<(u32, f64)> {
    let speeds = [1.0, 1.0, 2.0, 2.0, 4.0, 8.0];
    let mut measured = Vec::new();
    for cores in 1..=6 {
        if rng.random_bool(0.6) {
            measured.push((cores, speeds[rng.random_range(0..cores as usize)] / f64::from(cores)));
        }
    }
    measured
}
