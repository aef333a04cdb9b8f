//! The runner on the small MeasurementSet, against the direct Fourier sum.

use facette::{Product, Request, Session, ms, types};
use ndarray::Array2;
use std::path::Path;
use types::{ARCSEC_RAD, Complex64, ImageGeometry, Precision, Stokes, StokesVis, Weighting};

const CELL_RAD: f64 = 20.0 * ARCSEC_RAD;

fn request(out: &Path) -> Request {
    Request {
        ms: vec![testkit::fixture("tiny.ms")],
        out: out.join("t"),
        npix: Some((128, 100)),
        cell_rad: Some(CELL_RAD),
        epsilon: 1e-9,
        precision: Precision::Double,
        ..Request::default()
    }
}

/// Makes the image of a request and reads its pixels back.
fn pixels(request: &Request) -> Array2<f64> {
    facette::run::image(request, &Session::silent()).unwrap();
    facette::fits::read_image(&request.output("fits")).unwrap().pixels
}

/// The direct sum of the fixture with these natural weights changed by `weigh`.
fn direct(geometry: &ImageGeometry, weigh: impl Fn(&mut StokesVis<f64>)) -> Array2<f64> {
    let ms = ms::Ms::open(testkit::fixture("tiny.ms")).unwrap();
    let selected = ms.select(&ms::Selection::default()).unwrap();
    let read = ms::Read { chunk_rows: 1000, read_rows: 1000, data: true, flags_and_weights: true };
    let chunk = selected.chunks(read).unwrap().next().unwrap().unwrap();
    let mean = |i: usize| {
        let v = (chunk.vis_rfc[i] + chunk.vis_rfc[i + 3]) * 0.5;
        Complex64::new(v.re.into(), v.im.into())
    };
    let n = chunk.n_sample() / 4;
    let mut vis = StokesVis {
        i_chunk: 0,
        freq_hz: chunk.setup.freq_hz.clone(),
        uvw_m: chunk.uvw_m.clone(),
        vis_rf: (0..n).map(|i| mean(4 * i)).collect(),
        weight_rf: vec![1.0; n],
    };
    weigh(&mut vis);
    let sum: f64 = vis.weight_rf.iter().sum();
    facette::kernels::direct::image(&vis, geometry) / sum
}

fn geometry() -> ImageGeometry {
    ImageGeometry { nx: 128, ny: 100, cell_rad: CELL_RAD }
}

#[test]
fn natural_uniform_and_briggs_images_equal_the_direct_sum() {
    let g = geometry();
    for weighting in [Weighting::Natural, Weighting::Uniform, Weighting::Briggs { robust: 0.5 }] {
        let dir = tempfile::tempdir().unwrap();
        let got = pixels(&Request { weighting, ..request(dir.path()) });
        let want = direct(&g, |vis| {
            let mut density = facette::kernels::weighting::UvDensity::new(&g);
            density.add(vis);
            density.finish(weighting).apply(vis);
        });
        let error = testkit::max_rel_err(got.as_slice().unwrap(), want.as_slice().unwrap());
        // The mean of two f32 values in f32 differs from that in f64 by 6e-8 at most.
        assert!(error < 2e-7, "{weighting:?}: {error:e}");
    }
}

#[test]
fn the_brightest_source_stands_where_it_was_put() {
    // exact_ms.py: 5 Jy at 0.3 and 0.25 of 128 pixels of 20 arcsec, l to the East, so at x = 64 − 38, y = 50 + 32.
    let dir = tempfile::tempdir().unwrap();
    let image = pixels(&Request { weighting: Weighting::Natural, ..request(dir.path()) });
    let (x, y, peak) = facette::peak_near(&image, 26.0, 82.0, 2.0);
    assert!((x - 26.0).abs() < 0.3 && (y - 82.0).abs() < 0.3, "({x}, {y})");
    assert!(peak > 4.0, "{peak}");
}

#[test]
fn psf_has_its_peak_of_one_at_the_center_for_odd_and_even_sizes() {
    for npix in [(128, 100), (101, 64)] {
        let dir = tempfile::tempdir().unwrap();
        let request = Request { product: Product::Psf, npix: Some(npix), ..request(dir.path()) };
        let psf = pixels(&request);
        assert!((psf[[npix.1 / 2, npix.0 / 2]] - 1.0).abs() < 1e-8);
        assert!(psf.iter().all(|&p| p <= 1.0 + 1e-8));
        let header = facette::fits::read_image(&request.output("fits")).unwrap().header;
        let beam = header.beam.unwrap();
        assert!(beam.bmaj_rad >= beam.bmin_rad && beam.bmin_rad > 5.0 * ARCSEC_RAD, "{beam:?}");
    }
}

#[test]
fn bytes_do_not_depend_on_threads_reads_or_execution() {
    let bytes = |change: &dyn Fn(&mut Request)| {
        let dir = tempfile::tempdir().unwrap();
        let mut r = Request { precision: Precision::Single, epsilon: 1e-4, ..request(dir.path()) };
        change(&mut r);
        pixels(&r).iter().map(|p| p.to_bits()).collect::<Vec<_>>()
    };
    let want = bytes(&|r| r.threads = Some(1));
    for threads in [2, 3, 8] {
        assert!(bytes(&|r| r.threads = Some(threads)) == want, "{threads} threads");
    }
    for rows in [1, 7, 100_000] {
        assert!(bytes(&|r| r.read_rows = Some(rows)) == want, "{rows} rows");
    }
    assert!(bytes(&|r| r.pipeline = facette::Pipeline::Sequential) == want, "sequential");
}

#[test]
fn other_stokes_parameters_come_from_the_same_data() {
    let dir = tempfile::tempdir().unwrap();
    let rms = |stokes| {
        let r = Request { stokes, overwrite: true, ..request(dir.path()) };
        facette::run::image(&r, &Session::silent()).unwrap().image.rms_jy_per_beam
    };
    // The sky of the fixture is unpolarised: the rest is noise.
    let i = rms(Stokes::I);
    for stokes in [Stokes::Q, Stokes::U, Stokes::V] {
        assert!(rms(stokes) < 0.1 * i, "{stokes:?}");
    }
}

#[test]
fn two_sets_of_one_field_are_one_image_and_the_summary_counts_both() {
    let dir = tempfile::tempdir().unwrap();
    let one = request(dir.path());
    let two = Request {
        ms: vec![one.ms[0].clone(), one.ms[0].clone()],
        out: dir.path().join("two"),
        ..one.clone()
    };
    let (a, b) = (pixels(&one), pixels(&two));
    let error = testkit::max_rel_err(a.as_slice().unwrap(), b.as_slice().unwrap());
    assert!(error < 1e-12, "{error:e}");
    let text = std::fs::read_to_string(two.output("summary.json")).unwrap();
    let summary: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(summary["format"], 1);
    assert_eq!(summary["visibilities_used"], 2 * 84 * 4);
    assert_eq!(summary["observed_s"], 240.0, "the same times count once");
}
