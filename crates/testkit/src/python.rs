//! The Python with the packages that tests compare with.

use std::process::Command;

/// A command that starts the Python of `FACETTE_PYTHON` (else `python3`), if it has `module`.
///
/// `None` where it has not: the caller returns, after this printed that the test was skipped, in a form that
/// `cargo xtask ci` collects.
pub fn python(test: &str, module: &str) -> Option<Command> {
    let python = std::env::var_os("FACETTE_PYTHON").unwrap_or_else(|| "python3".into());
    let output = Command::new(&python).args(["-c", &format!("import {module}")]).output();
    if output.is_ok_and(|o| o.status.success()) {
        return Some(Command::new(python));
    }
    announce(test, module);
    None
}

#[expect(clippy::print_stderr, reason = "a skipped test is said aloud")]
fn announce(test: &str, module: &str) {
    eprintln!("SKIPPED {test}: no {module} in the Python of FACETTE_PYTHON");
}
