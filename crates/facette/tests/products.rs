//! Products appear together or not at all.

use facette::{Error, Product, Request, Screen, Session, demo, flow::CancelToken};
use std::{fs, path::Path, sync::Arc};

fn request(out: &Path) -> Request {
    Request {
        ms: vec![testkit::fixture("tiny.ms")],
        out: out.join("t"),
        npix: Some((64, 64)),
        cell_rad: Some(1e-4),
        ..Request::default()
    }
}

fn files(dir: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        fs::read_dir(dir).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// Cancels the run when the n-th pass over the data has ended: the survey, the weights, the gridding.
struct CancelAfter {
    passes: std::sync::atomic::AtomicUsize,
    cancel: CancelToken,
}

impl Screen for CancelAfter {
    fn fact(&self, _: &str, _: &str) {}
    fn note(&self, _: &str) {}
    fn pass_started(&self) {}
    fn progress(&self, _: &str, _: u64, _: u64) {}
    fn pass_done(&self) {
        if self.passes.fetch_sub(1, std::sync::atomic::Ordering::SeqCst) == 1 {
            self.cancel.cancel();
        }
    }
}

#[test]
fn a_run_cancelled_after_any_pass_leaves_nothing() {
    for passes in 1..=3 {
        let dir = tempfile::tempdir().unwrap();
        let cancel = CancelToken::new();
        let screen = Arc::new(CancelAfter { passes: passes.into(), cancel: cancel.clone() });
        let session = Session { screen, cancel, ..Session::silent() };
        let error = facette::run::image(&request(dir.path()), &session).unwrap_err();
        assert_eq!(error.exit_code(), 130, "{error}");
        assert_eq!(files(dir.path()), [""; 0], "after pass {passes}");
    }
}

#[test]
fn all_three_products_come_and_nothing_else() {
    for (product, name) in [(Product::Dirty, "dirty"), (Product::Psf, "psf")] {
        let dir = tempfile::tempdir().unwrap();
        facette::run::image(&Request { product, ..request(dir.path()) }, &Session::silent()).unwrap();
        assert_eq!(files(dir.path()), ["fits", "png", "summary.json"].map(|e| format!("t.{name}.{e}")));
    }
}

#[test]
fn a_product_that_cannot_be_placed_stops_the_run_before_it_starts() {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("t.dirty.png")).unwrap();
    let request = Request { overwrite: true, ..request(dir.path()) };
    let error = facette::run::image(&request, &Session::silent()).unwrap_err();
    assert!(error.to_string().contains("t.dirty.png"), "{error}");
    assert_eq!(files(dir.path()), ["t.dirty.png"]);

    fs::create_dir(dir.path().join("demo.psf.png")).unwrap();
    let request = demo::DemoRequest { out: dir.path().to_owned(), ..demo::DemoRequest::default() };
    let error = demo::demo(&request, &Session::silent()).unwrap_err();
    assert!(error.to_string().contains("demo.psf.png"), "{error}");
    assert_eq!(files(dir.path()), ["demo.psf.png", "t.dirty.png"]);
}

#[test]
fn outputs_inside_a_table_or_without_a_name_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let ms = dir.path().join("x.ms");
    fs::create_dir(&ms).unwrap();
    fs::write(ms.join("table.dat"), "").unwrap();
    for out in [ms.join("image"), dir.path().join("")] {
        let error =
            facette::run::image(&Request { out: out.clone(), ..request(dir.path()) }, &Session::silent());
        assert!(matches!(error, Err(Error::Option { option: "out", .. })), "{}", out.display());
    }
}
