//! The exact search gives what HeRAD gives: 40 tasks on 12 + 12 cores, and with `FACETTE_SLOW=1` 160 on 160 + 160.

use facette_schedule::{CoreType, Kind, Problem, Task, algorithm, check, frontier};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

fn chain(seed: u64, n: usize, cores: u32) -> Problem {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let share = [0.0, 0.2, 0.5, 0.8, 1.0][seed as usize % 5];
    let tasks = (0..n).map(|i| {
        let big = f64::from(rng.random_range(1..=100));
        let little = (big * rng.random_range(1.0..5.0)).ceil();
        let kind = if rng.random_bool(share) { Kind::Replicable } else { Kind::Sequential };
        Task::new(format!("t{i}"), [big, little], kind)
    });
    let cores = ["big", "little"].map(|name| CoreType::new(name, cores));
    Problem::new(tasks.collect(), cores.into()).unwrap()
}

fn compare(seed: u64, n: usize, cores: u32) {
    let problem = chain(seed, n, cores);
    let [exact, herad] = ["exact", "herad"].map(|name| algorithm(name).unwrap().solve(&problem).unwrap());
    assert_eq!(check(&problem, &exact), Ok(()));
    assert_eq!(check(&problem, &herad), Ok(()));
    assert_eq!(exact.period, herad.period, "seed {seed}, {n} tasks");
    let points = frontier(&problem).unwrap().plans;
    let on_frontier = points.iter().any(|p| p.cores == herad.cores);
    assert!(
        on_frontier,
        "seed {seed}: HeRAD uses {:?}, the frontier begins with {:?}",
        herad.cores, exact.cores
    );
}

#[test]
fn exact_equals_herad() {
    let slow = std::env::var_os("FACETTE_SLOW").is_some();
    (0..20).for_each(|seed| compare(seed, 40, 12));
    let seeds = if slow { 0..20 } else { 0..0 };
    seeds.for_each(|seed| compare(seed, 160, 160));
}
