//! Where memory is short the data are read several times, and the image stays the same.

use facette::{Request, Session, Summary, fits, types};
use ndarray::Array2;
use types::{ARCSEC_RAD, Precision};

/// The image and summary within so much memory.
fn image(memory_bytes: u64) -> (Array2<f64>, Summary) {
    let dir = tempfile::tempdir().unwrap();
    let request = Request {
        ms: vec![testkit::fixture("tiny.ms")],
        out: dir.path().join("t"),
        npix: Some((512, 512)),
        cell_rad: Some(20.0 * ARCSEC_RAD),
        epsilon: 1e-9,
        precision: Precision::Double,
        memory_bytes: Some(memory_bytes),
        threads: Some(2),
        ..Request::default()
    };
    let summary = facette::run::image(&request, &Session::silent()).unwrap();
    (fits::read_image(&request.output("fits")).unwrap().pixels, summary)
}

#[test]
fn an_image_of_several_passes_is_that_of_one() {
    let (want, one) = image(4 << 30);
    assert_eq!(one.gridder.n_passes, 1);
    assert!(one.gridder.n_planes >= 4, "{:?}", one.gridder);
    let mut n_passes_seen = vec![1];
    // One byte too few for all planes at once, then less and less.
    for step in 0..4 {
        let planes_bytes = 16 * (one.gridder.grid_size.0 * one.gridder.grid_size.1) as u64;
        let less = step * planes_bytes * one.gridder.n_planes as u64 / 5;
        let (got, several) = image(one.planned_memory_bytes - 1 - less);
        assert!(several.planned_memory_bytes < one.planned_memory_bytes - less);
        assert_eq!(several.gridder.support, one.gridder.support, "another taper is another comparison");
        n_passes_seen.push(several.gridder.n_passes);
        let error = testkit::max_rel_err(got.as_slice().unwrap(), want.as_slice().unwrap());
        assert!(error < 1e-12, "{} passes: {error:e}", several.gridder.n_passes);
        assert_eq!(several.visibilities_used, one.visibilities_used);
        assert!((several.image.sum_weights / one.image.sum_weights - 1.0).abs() < 1e-14);
    }
    n_passes_seen.dedup();
    assert!(n_passes_seen.len() >= 3 && n_passes_seen[1] == 2, "{n_passes_seen:?}");
}
