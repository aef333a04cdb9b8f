//! `cargo xtask advisories`: known vulnerabilities in what we depend on, where they can be looked up.

use crate::run;
use anyhow::{Result, bail};
use std::process::Output;

pub(crate) const COMMAND: crate::Command = crate::Command {
    name: "advisories",
    about: "looks for known vulnerabilities with cargo-deny or cargo-audit, if installed and online",
    help: "usage: cargo xtask advisories\n\n\
           Uses cargo-deny, else cargo-audit. Where neither is installed, or the database cannot be\n\
           reached, it prints `NOT RUN advisories: …` and succeeds.",
    run: |args| {
        crate::no_arguments(args)?;
        check()
    },
};

/// Looks the dependencies up.
///
/// # Errors
/// When there is an advisory.
pub(crate) fn check() -> Result<()> {
    if is_installed("deny") {
        let fetched = output(&["deny", "fetch", "db"])?;
        if !fetched.status.success() {
            return not_run(&format!("cargo-deny cannot fetch the database ({})", last_line(&fetched)));
        }
        return run::run(run::cargo().args(["deny", "check", "--disable-fetch", "advisories"]));
    }
    if is_installed("audit") {
        return judge_audit(&output(&["audit"])?);
    }
    not_run("neither cargo-deny nor cargo-audit is installed (cargo install cargo-deny)")
}

fn not_run(why: &str) -> Result<()> {
    println!("NOT RUN advisories: {why}");
    Ok(())
}

/// cargo-audit ends alike for a finding and for an absent database; its words tell them apart.
fn judge_audit(audit: &Output) -> Result<()> {
    let text =
        format!("{}{}", String::from_utf8_lossy(&audit.stdout), String::from_utf8_lossy(&audit.stderr));
    if audit.status.success() {
        println!("{}", text.trim_end());
        return Ok(());
    }
    if text.contains("couldn't fetch advisory database") {
        return not_run(&format!("cargo-audit cannot fetch the database ({})", last_line(audit)));
    }
    bail!("{}", text.trim_end());
}

fn is_installed(tool: &str) -> bool {
    output(&[tool, "--version"]).is_ok_and(|o| o.status.success())
}

fn output(args: &[&str]) -> Result<Output> {
    Ok(run::cargo().args(args).output()?)
}

fn last_line(output: &Output) -> String {
    let text = String::from_utf8_lossy(&output.stderr);
    text.lines().rev().find(|l| !l.trim().is_empty()).unwrap_or("no reason given").trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::process::ExitStatusExt;
    use std::process::ExitStatus;

    fn audit(code: i32, stderr: &str) -> Output {
        Output { status: ExitStatus::from_raw(code << 8), stdout: Vec::new(), stderr: stderr.into() }
    }

    #[test]
    fn a_finding_fails_and_an_absent_database_does_not() {
        assert!(judge_audit(&audit(1, "error: 1 vulnerability found!")).is_err());
        assert!(judge_audit(&audit(1, "error: couldn't fetch advisory database: git")).is_ok());
        assert!(judge_audit(&audit(0, "")).is_ok());
        assert!(!is_installed("no-such-tool-of-cargo"));
    }
}
