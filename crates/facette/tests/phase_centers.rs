//! Several MeasurementSets make one image only where they share a phase center.

use facette::{Request, Session, types};
use std::{
    f64::consts::PI,
    fs,
    path::{Path, PathBuf},
};
use types::ARCSEC_RAD;

/// A copy of the fixture whose field has its right ascension, π in the fixture, moved by `offset_rad`.
fn moved(dir: &Path, name: &str, offset_rad: f64) -> PathBuf {
    let ms = dir.join(name);
    testkit::copy_tree(&testkit::fixture("tiny.ms"), &ms);
    let path = ms.join("FIELD/table.f0i");
    let mut bytes = fs::read(&path).unwrap();
    let (old, new) = (PI, PI + offset_rad);
    let mut n_replaced = 0;
    for (old, new) in [(old.to_le_bytes(), new.to_le_bytes()), (old.to_be_bytes(), new.to_be_bytes())] {
        for i in 0..bytes.len() - 7 {
            if bytes[i..i + 8] == old {
                bytes[i..i + 8].copy_from_slice(&new);
                n_replaced += 1;
            }
        }
    }
    assert!(n_replaced >= 1, "no direction in {}", path.display());
    fs::write(&path, bytes).unwrap();
    ms
}

fn request(dir: &Path, second: PathBuf) -> Request {
    Request {
        ms: vec![testkit::fixture("tiny.ms"), second],
        out: dir.join("out"),
        npix: Some((64, 64)),
        cell_rad: Some(20.0 * ARCSEC_RAD),
        ..Request::default()
    }
}

#[test]
fn two_phase_centers_are_refused_with_both_names() {
    let dir = tempfile::tempdir().unwrap();
    let request = request(dir.path(), moved(dir.path(), "moved.ms", 10.0 * ARCSEC_RAD));
    let error = facette::run::image(&request, &Session::silent()).unwrap_err();
    let message = error.to_string();
    for text in ["tiny.ms", "moved.ms", "12:00:00.00", "12:00:00.67", "try:"] {
        assert!(message.contains(text), "`{text}` is not in: {message}");
    }
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "a product was left behind");
}

#[test]
fn a_difference_that_is_rounding_is_none() {
    let dir = tempfile::tempdir().unwrap();
    let request = request(dir.path(), moved(dir.path(), "same.ms", 1e-6 * ARCSEC_RAD));
    let summary = facette::run::image(&request, &Session::silent()).unwrap();
    assert_eq!(summary.visibilities_used, 2 * 336);
}
