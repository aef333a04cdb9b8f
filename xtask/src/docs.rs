//! `cargo xtask docs`: the documentation of all libraries, warnings as errors.

use crate::run;
use anyhow::Result;

pub(crate) const COMMAND: crate::Command = crate::Command {
    name: "docs",
    about: "builds the documentation of all libraries; a broken link is an error",
    help: "usage: cargo xtask docs\n\nWrites target/doc/; open target/doc/facette/index.html.",
    run: |args| {
        crate::no_arguments(args)?;
        build()
    },
};

/// Builds the documentation.
///
/// # Errors
/// When rustdoc warns.
pub(crate) fn build() -> Result<()> {
    // Libraries only: the program and the facade are both called `facette` and would write the same pages.
    let args = ["doc", "--workspace", "--lib", "--no-deps", "--locked"];
    run::run(run::cargo().args(args).env("RUSTDOCFLAGS", "-D warnings"))
}
