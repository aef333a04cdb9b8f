//! Where tests find MeasurementSets: the small one committed here, and real ones beside the repository.

use std::path::PathBuf;

/// A file or table committed under `crates/testkit/fixtures/`; its README says which command made it.
///
/// # Panics
/// When there is no such fixture.
pub fn fixture(name: &str) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(name);
    assert!(path.exists(), "no fixture {}", path.display());
    path
}

/// A path below the folder of real data (`FACETTE_DATA`, else `../shared/data` beside the repository).
///
/// `None` where it is absent: the caller returns, after this printed that the test was skipped, in a form that
/// `cargo xtask ci` collects.
pub fn real_data(test: &str, path: &str) -> Option<PathBuf> {
    let root = std::env::var_os("FACETTE_DATA").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"),
        PathBuf::from,
    );
    // Without `..` and links, as peers name the tables they have open.
    if let Ok(full) = root.join(path).canonicalize() {
        return Some(full);
    }
    announce(test, path);
    None
}

#[expect(clippy::print_stderr, reason = "a skipped test is said aloud")]
fn announce(test: &str, path: &str) {
    eprintln!("SKIPPED {test}: no {path} below FACETTE_DATA or ../shared/data");
}
