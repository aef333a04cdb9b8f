//! A Python with the peers that tests compare with.

use std::path::Path;
use std::process::Command;

/// A command that runs the Python named in `FACETTE_PYTHON`, else the one that `peers/setup.sh` beside the repository
/// makes.
///
/// `None` where there is none: the caller returns, after this printed that the test was skipped.
pub fn peer_python(test: &str) -> Option<Command> {
    let named = std::env::var_os("FACETTE_PYTHON").map(Into::into);
    let home = std::env::var_os("HOME").unwrap_or_default();
    let python = named.unwrap_or_else(|| Path::new(&home).join(".cache/facette-peers/core/bin/python"));
    if python.exists() {
        return Some(Command::new(python));
    }
    announce(test);
    None
}

#[expect(clippy::print_stderr, reason = "a skipped test is said aloud")]
fn announce(test: &str) {
    eprintln!("SKIPPED {test}: no Python with python-casacore (FACETTE_PYTHON)");
}
