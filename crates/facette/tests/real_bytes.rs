//! The same bytes for real data of more than one chunk, however they are read and executed.

use facette::{Request, Session, types};
use types::ARCSEC_RAD;

const TEST: &str = "bytes_of_several_chunks_do_not_depend_on_threads_reads_or_execution";

#[test]
fn bytes_of_several_chunks_do_not_depend_on_threads_reads_or_execution() {
    let Some(path) = testkit::real_data(TEST, "ms/askap_csimulator.ms") else { return };
    let bytes = |change: &dyn Fn(&mut Request)| {
        let dir = tempfile::tempdir().unwrap();
        let mut request = Request {
            ms: vec![path.clone()],
            out: dir.path().join("t"),
            npix: Some((256, 250)),
            cell_rad: Some(8.0 * ARCSEC_RAD),
            threads: Some(2),
            ..Request::default()
        };
        change(&mut request);
        let summary = facette::run::image(&request, &Session::silent()).unwrap();
        let grid = summary.tasks.iter().find(|t| t.name == "Grid").unwrap();
        assert!(grid.calls >= 2, "only {} chunks", grid.calls);
        let image = facette::fits::read_image(&request.output("fits")).unwrap();
        image.pixels.iter().map(|p| p.to_bits()).collect::<Vec<_>>()
    };
    let want = bytes(&|r| r.threads = Some(1));
    assert!(want.iter().any(|&b| b != want[0]));
    for threads in [2, 5] {
        assert!(bytes(&|r| r.threads = Some(threads)) == want, "{threads} threads");
    }
    for rows in [1000, 16_384, 100_000] {
        assert!(bytes(&|r| r.read_rows = Some(rows)) == want, "{rows} rows at a time");
    }
    assert!(bytes(&|r| r.pipeline = facette::Pipeline::Sequential) == want, "sequential");
}
