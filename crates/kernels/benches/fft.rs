//! Transforms between one plane and an image; unit: cells of the grid.

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use facette_kernels::Real;
use facette_kernels::fft::{Fft2, GridRows, STRIP, StripAt};

fn bench<T: Real>(c: &mut Criterion, n_grid: usize) {
    let n_image = n_grid * 2 / 3;
    let fft = Fft2::<T>::new([n_grid, n_grid], [n_image, n_image]);
    let used = vec![true; n_grid];
    let mut rows = vec![T::one(); n_grid * fft.row_len(1)];
    let mut group = c.benchmark_group("fft");
    group.throughput(Throughput::Elements((n_grid * n_grid) as u64)).sample_size(10);
    let name = |what: &str| BenchmarkId::new(format!("{what} {}", T::NAME), n_grid);
    group.bench_function(name("rows to image"), |b| b.iter(|| fft.rows_to_image(&mut rows, 1, &used)));
    rows.fill(T::one());
    let mut columns = fft.new_columns();
    group.bench_function(name("columns to image"), |b| {
        let rows = GridRows { values: &rows, used: &used, n_planes: 1 };
        b.iter(|| {
            for x0 in (0..n_image).step_by(STRIP) {
                let n = STRIP.min(n_image - x0);
                fft.columns_to_image(&rows, StripAt { i_plane: 0, x0, n }, &mut columns);
            }
        });
    });
    group.bench_function(name("rows to grid"), |b| b.iter(|| fft.rows_to_grid(&mut rows, 1)));
}

fn all(c: &mut Criterion) {
    for n_grid in [768, 3072] {
        bench::<f32>(c, n_grid);
        bench::<f64>(c, n_grid);
    }
}

criterion_group!(benches, all);
criterion_main!(benches);
