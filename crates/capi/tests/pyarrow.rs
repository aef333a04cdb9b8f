//! pyarrow takes record batches where they are: addresses before and after are equal, values are casacore's.

use std::path::{Path, PathBuf};

/// The shared library that cargo built beside this test.
fn library() -> Option<PathBuf> {
    let test = std::env::current_exe().ok()?;
    let folder = test.parent()?;
    let name = format!("{}facette_capi{}", std::env::consts::DLL_PREFIX, std::env::consts::DLL_SUFFIX);
    [folder, folder.parent()?].into_iter().map(|f| f.join(&name)).find(|p| p.exists())
}

#[test]
fn pyarrow_copies_nothing() {
    let test = "pyarrow_copies_nothing";
    let library = library().expect("cargo builds the shared library with the tests");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/take.py");
    let mut tables = vec![testkit::fixture("tiny.ms")];
    for name in ["ms/evla_day2.ms", "ms/vla_casa_simulated.ms", "ms/ovro_lwa.ms"] {
        tables.extend(testkit::real_data(test, name));
    }
    for table in tables {
        let Some(mut python) = testkit::peer_python(test) else { return };
        let columns = ["DATA", "FLAG", "UVW", "TIME", "ANTENNA1", "WEIGHT", "FLAG_ROW"];
        let output = python.arg(&script).arg(&library).arg(&table).args(columns).output().unwrap();
        let (said, failed) =
            (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "{}: {failed}", table.display());
        assert!(said.contains("shared "), "{said}");
        let different = said.lines().filter(|l| l.starts_with("arcae ") && !l.ends_with(" same"));
        assert_eq!(different.collect::<Vec<_>>(), [""; 0], "{}", table.display());
    }
}
