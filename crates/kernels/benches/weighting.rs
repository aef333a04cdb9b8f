//! Density and imaging weights of one block; unit: visibilities.

mod observation;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use facette_kernels::weighting::UvDensity;
use observation::{geometry, observation};
use types::Weighting;

fn all(c: &mut Criterion) {
    let vis = observation::<f32>();
    let mut group = c.benchmark_group("weighting");
    group.throughput(Throughput::Elements(vis.n_sample() as u64));
    let mut density = UvDensity::new(&geometry());
    group.bench_function("density", |b| b.iter(|| density.add(&vis)));
    let weights = density.finish(Weighting::Briggs { robust: 0.0 });
    group.bench_function("briggs", |b| {
        b.iter_batched_ref(|| vis.clone(), |vis| weights.apply(vis), BatchSize::LargeInput);
    });
}

criterion_group!(benches, all);
criterion_main!(benches);
