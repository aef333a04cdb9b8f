//! The flux scale of the demonstration, against the direct sum of the same visibilities.

use facette::{
    Session,
    demo::{DemoRequest, demo},
    fits,
    kernels::direct,
    sim::{Simulation, demo_geometry},
    types::{Complex64, StokesVis, VisChunk},
};

/// Stokes I of a chunk, the mean of XX and YY, with the weights of the chunk.
fn stokes_i(chunk: &VisChunk) -> StokesVis<f64> {
    let wide = |i: usize| Complex64::new(chunk.vis_rfc[i].re.into(), chunk.vis_rfc[i].im.into());
    let n = chunk.n_sample() / 2;
    StokesVis {
        i_chunk: 0,
        freq_hz: chunk.setup.freq_hz.clone(),
        uvw_m: chunk.uvw_m.clone(),
        vis_rf: (0..n).map(|i| (wide(2 * i) + wide(2 * i + 1)) / 2.0).collect(),
        weight_rf: (0..n)
            .map(|i| f64::from(chunk.weight_rfc[2 * i] + chunk.weight_rfc[2 * i + 1]) / 2.0)
            .collect(),
    }
}

/// The dirty image at the directions `lm`, Jy/beam: sums over sum of weights.
fn dirty_at(simulation: &Simulation, lm: &[(f64, f64)]) -> Vec<f64> {
    let (mut sums, mut sum_weights) = (vec![0.0; lm.len()], 0.0);
    for vis in (0..).map_while(|i| simulation.chunk(i, 5000)).map(|c| stokes_i(&c)) {
        sum_weights += vis.weight_rf.iter().sum::<f64>();
        for (sum, part) in sums.iter_mut().zip(direct::image_at(&vis, lm)) {
            *sum += part;
        }
    }
    sums.iter().map(|s| s / sum_weights).collect()
}

#[test]
fn the_demo_image_is_the_direct_sum_at_every_source_and_its_psf_peaks_at_one() {
    let dir = tempfile::tempdir().unwrap();
    let request = DemoRequest { out: dir.path().to_owned(), noise_jy: 0.0, ..DemoRequest::default() };
    demo(&request, &Session::silent()).unwrap();
    let (g, simulation) = (demo_geometry(), Simulation::demo(request.seed, 0.0));
    let psf = fits::read_image(&dir.path().join("demo.psf.fits")).unwrap().pixels;
    let (cx, cy) = g.center();
    assert!((psf[[cy, cx]] - 1.0).abs() < 1e-4, "{}", psf[[cy, cx]]);
    assert!(psf.iter().all(|&p| p < 1.0 + 1e-4));

    let dirty = fits::read_image(&dir.path().join("demo.dirty.fits")).unwrap().pixels;
    let nearest = |s: &facette::types::SkySource| {
        let (x, y) = g.xy(s.l, s.m);
        (x.round() as usize, y.round() as usize)
    };
    let pixels: Vec<_> = simulation.sources.iter().map(nearest).collect();
    assert!(pixels.len() >= 5);
    let lm: Vec<_> = pixels.iter().map(|&(x, y)| (g.l(x as f64), g.m(y as f64))).collect();
    let want = dirty_at(&simulation, &lm);
    let peak = want.iter().fold(0.0_f64, |a, p| a.max(p.abs()));
    assert!(peak > 0.1, "{want:?}");
    for (&(x, y), want) in pixels.iter().zip(want) {
        let error = (dirty[[y, x]] - want).abs() / peak;
        assert!(error < 1e-4, "({x}, {y}): {} instead of {want}", dirty[[y, x]]);
    }
}
