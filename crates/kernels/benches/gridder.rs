//! Gridding and degridding of one block, without transforms; unit: visibilities.

mod observation;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use facette_kernels::{GridPlan, GridderSpec, Real};
use ndarray::Array2;
use observation::{geometry, observation, w_range};

fn bench<T: Real>(c: &mut Criterion, epsilon: f64) {
    let mut vis = observation::<T>();
    let spec = GridderSpec {
        geometry: geometry(),
        epsilon,
        w_abs_lambda: w_range(&vis),
        w_correction: true,
        memory_bytes: None,
        threads: 1,
        block_samples: vis.n_sample() as u64,
    };
    let plan = GridPlan::<T>::new(&spec).expect("the benchmark's plan is valid");
    let mut group = c.benchmark_group("gridder");
    group.throughput(Throughput::Elements(vis.n_sample() as u64)).sample_size(10);
    let name = |what: &str| BenchmarkId::new(format!("{what} {}", T::NAME), epsilon);
    let mut planes = plan.new_planes(0);
    group.bench_function(name("grid"), |b| b.iter(|| plan.grid(&vis, &mut planes)));
    let model = Array2::from_elem((geometry().ny, geometry().nx), T::one());
    let planes = plan.planes_of_model(&plan.prepare_model(&model), 0);
    group.bench_function(name("degrid"), |b| b.iter(|| plan.degrid(&planes, &mut vis)));
}

fn all(c: &mut Criterion) {
    bench::<f32>(c, 1e-4);
    bench::<f64>(c, 1e-7);
}

criterion_group!(benches, all);
criterion_main!(benches);
