//! Dirty image and PSF of MeasurementSets that real telescopes and other people's software wrote.
//!
//! Where the data are absent each test says so and passes; `cargo xtask ci` lists them.

use facette::{Product, Request, Session, fits, ms, types};
use types::{ARCSEC_RAD, Complex64, ImageGeometry, Precision, StokesVis, VisChunk, Weighting};

/// Sizes and cells of the data's README.
const MAIN_JOB: [(&str, usize, f64); 6] = [
    ("evla_day2.ms", 512, 0.5),
    ("vla_casa_simulated.ms", 1024, 1.0),
    ("askap_csimulator.ms", 1024, 2.0),
    ("oskar_ska_low.ms", 512, 120.0),
    ("ovro_lwa.ms", 256, 600.0),
    ("wsrt_ndppp.ms", 256, 10.0),
];

/// The parallel hands of a chunk as Stokes I with natural weights, in double precision.
fn stokes_i(chunk: &VisChunk) -> StokesVis<f64> {
    let corrs: Vec<_> = chunk.setup.correlations.iter().map(|c| c.name()).collect();
    let hands: Vec<_> = (0..corrs.len()).filter(|&i| ["XX", "YY", "RR", "LL"].contains(&corrs[i])).collect();
    let (mut vis_rf, mut weight_rf) = (Vec::new(), Vec::new());
    for base in (0..chunk.n_sample()).step_by(corrs.len()) {
        let at = |i: &usize| {
            (chunk.vis_rfc[base + i], chunk.flag_rfc[base + i], f64::from(chunk.weight_rfc[base + i]))
        };
        let good = hands.iter().map(at).all(|(v, flag, _)| !flag && v.is_finite());
        let n = hands.len() as f64;
        let mean: Complex64 =
            hands.iter().map(at).map(|(v, ..)| Complex64::new(v.re.into(), v.im.into())).sum::<Complex64>()
                / n;
        vis_rf.push(if good { mean } else { Complex64::ZERO });
        weight_rf.push(if good { hands.iter().map(at).map(|(.., w)| w).sum::<f64>() / n } else { 0.0 });
    }
    StokesVis {
        i_chunk: 0,
        freq_hz: chunk.setup.freq_hz.clone(),
        uvw_m: chunk.uvw_m.clone(),
        vis_rf,
        weight_rf,
    }
}

/// The direct sum at some pixels, normalised by the sum of weights.
fn direct(path: &std::path::Path, lm: &[(f64, f64)]) -> Vec<f64> {
    let selected = ms::Ms::open(path).unwrap().select(&ms::Selection::default()).unwrap();
    let read = ms::Read { chunk_rows: 5000, read_rows: 777, data: true, flags_and_weights: true };
    let mut chunks = selected.chunks(read).unwrap();
    let (mut image, mut sum_weights) = (vec![0.0; lm.len()], 0.0);
    while let Some(chunk) = chunks.next().unwrap() {
        let vis = stokes_i(&chunk);
        sum_weights += vis.weight_rf.iter().sum::<f64>();
        for (sum, part) in image.iter_mut().zip(facette::kernels::direct::image_at(&vis, lm)) {
            *sum += part;
        }
    }
    image.iter().map(|p| p / sum_weights).collect()
}

fn request(path: &std::path::Path, out: &std::path::Path, npix: usize, cell_arcsec: f64) -> Request {
    Request {
        ms: vec![path.to_owned()],
        out: out.join("t"),
        npix: Some((npix, npix)),
        cell_rad: Some(cell_arcsec * ARCSEC_RAD),
        weighting: Weighting::Natural,
        epsilon: 1e-9,
        precision: Precision::Double,
        ..Request::default()
    }
}

#[test]
fn dirty_images_equal_the_direct_sum() {
    for (name, npix, cell_arcsec) in MAIN_JOB {
        let Some(path) = testkit::real_data("dirty_images_equal_the_direct_sum", &format!("ms/{name}"))
        else {
            return;
        };
        let dir = tempfile::tempdir().unwrap();
        let request = request(&path, dir.path(), npix, cell_arcsec);
        facette::run::image(&request, &Session::silent()).unwrap();
        let image = fits::read_image(&request.output("fits")).unwrap().pixels;
        // A coarse raster over the whole field, corners included.
        let g = ImageGeometry { nx: npix, ny: npix, cell_rad: cell_arcsec * ARCSEC_RAD };
        let raster: Vec<_> = (0..49).map(|i| ((i % 7) * (npix - 1) / 6, (i / 7) * (npix - 1) / 6)).collect();
        let lm: Vec<_> = raster.iter().map(|&(x, y)| (g.l(x as f64), g.m(y as f64))).collect();
        let want = direct(&path, &lm);
        let peak = image.iter().fold(0.0_f64, |a, p| a.max(p.abs()));
        for (&(x, y), want) in raster.iter().zip(want) {
            let error = (image[[y, x]] - want).abs() / peak;
            assert!(error < 1e-6, "{name} at ({x}, {y}): {} instead of {want}", image[[y, x]]);
        }
    }
}

#[test]
fn psfs_peak_at_one_in_the_center() {
    for (name, npix, cell_arcsec) in MAIN_JOB {
        let Some(path) = testkit::real_data("psfs_peak_at_one_in_the_center", &format!("ms/{name}")) else {
            return;
        };
        let dir = tempfile::tempdir().unwrap();
        let request = Request {
            product: Product::Psf,
            epsilon: 1e-5,
            precision: Precision::Single,
            ..request(&path, dir.path(), npix, cell_arcsec)
        };
        let summary = facette::run::image(&request, &Session::silent()).unwrap();
        let image = fits::read_image(&request.output("fits")).unwrap().pixels;
        assert!((image[[npix / 2, npix / 2]] - 1.0).abs() < 1e-5, "{name}");
        assert!(image.iter().all(|&p| p < 1.0 + 1e-5), "{name}");
        // The East-West array saw the field for a moment only: its PSF has no closed main lobe, and no beam is made up.
        assert_eq!(summary.image.beam.is_some(), name != "wsrt_ndppp.ms", "{name}");
    }
}

#[test]
fn the_simulated_sources_stand_where_casa_put_them() {
    let Some(path) =
        testkit::real_data("the_simulated_sources_stand_where_casa_put_them", "ms/vla_casa_simulated.ms")
    else {
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    let request = Request { weighting: Weighting::Uniform, ..request(&path, dir.path(), 1024, 1.0) };
    facette::run::image(&request, &Session::silent()).unwrap();
    let image = fits::read_image(&request.output("fits")).unwrap().pixels;
    // The two brightest; sidelobes of a dirty image move the peaks of the others.
    for (x, y) in [(512.0, 512.0), (919.73, 777.38)] {
        let (px, py, _) = facette::peak_near(&image, x, y, 3.0);
        assert!((px - x).abs() < 0.7 && (py - y).abs() < 0.7, "({x}, {y}) found at ({px}, {py})");
    }
}

#[test]
fn what_cannot_be_imaged_ends_in_a_clear_message() {
    for (name, says) in [("mwa_birli.ms", "cross"), ("paper_zen.ms", "XY")] {
        let test = "what_cannot_be_imaged_ends_in_a_clear_message";
        let Some(path) = testkit::real_data(test, &format!("ms/{name}")) else { return };
        let dir = tempfile::tempdir().unwrap();
        let error =
            facette::run::image(&request(&path, dir.path(), 64, 600.0), &Session::silent()).unwrap_err();
        assert!(error.to_string().contains(says), "{name}: {error}");
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0, "{name} left a product");
    }
}
