//! A Python with the peers that tests compare with.

use std::path::PathBuf;
use std::process::Command;

/// A command that starts the Python named in `FACETTE_PYTHON` (else the one that `peers/setup.sh` beside the repository
/// makes, else `python3`), if it has `module`.
///
/// `None` where it has not: the caller returns, after this printed that the test was skipped, in a form that
/// `cargo xtask ci` collects.
pub fn python(test: &str, module: &str) -> Option<Command> {
    let python = interpreter();
    let output = Command::new(&python).args(["-c", &format!("import {module}")]).output();
    if output.is_ok_and(|o| o.status.success()) {
        return Some(Command::new(python));
    }
    announce(test, module);
    None
}

/// A command that starts the Python of [`python`] with python-casacore.
pub fn peer_python(test: &str) -> Option<Command> {
    python(test, "casacore.tables")
}

fn interpreter() -> PathBuf {
    let home = std::env::var_os("HOME").map(PathBuf::from).unwrap_or_default();
    let made = home.join(".cache/facette-peers/core/bin/python");
    let named = std::env::var_os("FACETTE_PYTHON").map(PathBuf::from);
    named.or_else(|| made.exists().then_some(made)).unwrap_or_else(|| "python3".into())
}

#[expect(clippy::print_stderr, reason = "a skipped test is said aloud")]
fn announce(test: &str, module: &str) {
    eprintln!("SKIPPED {test}: no {module} in the Python of FACETTE_PYTHON");
}
