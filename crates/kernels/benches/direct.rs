//! Direct sums; unit: visibilities times sources (or pixels).

mod observation;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use facette_kernels::direct::{image_at, predict_sources};
use observation::observation;
use types::{Gaussian, SkySource};

fn all(c: &mut Criterion) {
    let vis = observation::<f64>();
    let mut group = c.benchmark_group("direct");
    group.throughput(Throughput::Elements(vis.n_sample() as u64)).sample_size(10);
    let point = SkySource { l: 1e-3, m: -2e-3, flux_jy: 1.0, gaussian: None };
    let shape = Gaussian { fwhm_major_rad: 1e-5, fwhm_minor_rad: 5e-6, pa_rad: 0.3 };
    let extended = SkySource { gaussian: Some(shape), ..point };
    for (name, source) in [("point", point), ("gaussian", extended)] {
        group.bench_function(name, |b| b.iter(|| predict_sources(&[source], &vis.uvw_m, &vis.freq_hz)));
    }
    group.bench_function("pixel", |b| b.iter(|| image_at(&vis, &[(1e-3, -2e-3)])));
}

criterion_group!(benches, all);
criterion_main!(benches);
