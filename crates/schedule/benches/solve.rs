//! Time to a plan: OTAC with 160 tasks on 320 cores, the exact search with 160 tasks on 160 + 160.

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use facette_schedule::{CoreType, Kind, Problem, Task, algorithm};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::hint::black_box;

/// Costs of 1 to 100 on a big core, one to five times as long on a little one; a share of the tasks is replicable.
fn chain(n: usize, share: f64, cores: &[u32]) -> Problem {
    let mut rng = ChaCha8Rng::seed_from_u64(160);
    let tasks = (0..n).map(|i| {
        let big = f64::from(rng.random_range(1..=100));
        let little = (big * rng.random_range(1.0..5.0)).ceil();
        let kind = if rng.random_bool(share) { Kind::Replicable } else { Kind::Sequential };
        Task::new(format!("t{i}"), [big, little][..cores.len()].to_vec(), kind)
    });
    let cores = cores.iter().map(|&count| CoreType::new(count.to_string(), count)).collect();
    Problem::new(tasks.collect(), cores).unwrap()
}

fn one(c: &mut Criterion, name: &str, n: usize, cores: &[u32]) {
    let mut group = c.benchmark_group(format!("{name}/{n} tasks on {cores:?}"));
    for share in [0.2, 0.5, 0.8, 1.0] {
        let problem = chain(n, share, cores);
        let solver = algorithm(name).unwrap();
        let id = BenchmarkId::from_parameter(share);
        group.bench_with_input(id, &problem, |b, p| b.iter(|| black_box(solver.solve(black_box(p)))));
    }
}

fn all(c: &mut Criterion) {
    one(c, "otac", 20, &[20]);
    one(c, "otac", 160, &[320]);
    one(c, "fertac", 160, &[160, 160]);
    one(c, "exact", 20, &[20, 20]);
    one(c, "exact", 60, &[100, 100]);
    one(c, "exact", 160, &[160, 160]);
}

criterion_group!(benches, all);
criterion_main!(benches);
