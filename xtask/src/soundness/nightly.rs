//! The nightly toolchain with the components that Miri and ThreadSanitizer need.

use std::path::Path;
use std::process::{Command, Output, Stdio};

/// A toolchain that has what is needed.
pub(super) struct Nightly {
    name: String,
    /// The triple of this computer.
    pub(super) host: String,
    /// What rustc says that it is.
    pub(super) version: String,
}

impl Nightly {
    /// Finds the toolchain; adds its components if they are missing.
    ///
    /// # Errors
    /// Why it cannot be had: what rustup said.
    pub(super) fn prepare(name: &str) -> Result<Self, String> {
        if said(Command::new("rustup").arg("--version")).is_none() {
            return Err("no rustup here, which brings nightly toolchains: https://rustup.rs".to_owned());
        }
        let mut refusal = String::new();
        for args in [
            &["component", "add", "miri", "rust-src", "--toolchain", name][..],
            &["toolchain", "install", name, "--profile", "minimal", "--component", "miri,rust-src"],
        ] {
            if !has_components(name) {
                println!("rustup {}", args.join(" "));
                refusal = last_words(quiet(Command::new("rustup").args(args)));
            }
        }
        if !has_components(name) {
            return Err(format!("the toolchain `{name}` lacks miri or rust-src; rustup said: {refusal}"));
        }
        let verbose = said(run_in(name, "rustc").arg("-vV")).unwrap_or_default();
        let version = verbose.lines().next().unwrap_or(name).to_owned();
        let host = host(&verbose).ok_or_else(|| format!("`rustc -vV` of `{name}` names no host"))?;
        Ok(Nightly { name: name.to_owned(), host, version })
    }

    /// Cargo of this toolchain. Rustup starts it: the one that runs us is of another toolchain.
    pub(super) fn cargo(&self) -> Command {
        let mut command = run_in(&self.name, "cargo");
        command.current_dir(crate::repo::root());
        command
    }
}

fn run_in(toolchain: &str, program: &str) -> Command {
    let mut command = Command::new("rustup");
    command.args(["run", toolchain, program]);
    command
}

fn has_components(toolchain: &str) -> bool {
    let has_miri = said(run_in(toolchain, "cargo").args(["miri", "--version"])).is_some();
    let sysroot = said(run_in(toolchain, "rustc").args(["--print", "sysroot"])).unwrap_or_default();
    has_miri && Path::new(sysroot.trim()).join("lib/rustlib/src/rust/library").is_dir()
}

/// What a command wrote, if it succeeded.
fn said(command: &mut Command) -> Option<String> {
    let output = quiet(command).ok().filter(|o| o.status.success())?;
    Some(String::from_utf8_lossy(&output.stdout).into_owned())
}

fn quiet(command: &mut Command) -> std::io::Result<Output> {
    // Asking for a toolchain must not install it on the side.
    command.env("RUSTUP_AUTO_INSTALL", "0").stdin(Stdio::null()).output()
}

/// Why something was refused: the lines from the error on, without a backtrace; else the last line.
fn last_words(output: std::io::Result<Output>) -> String {
    let text = match output {
        Ok(output) => String::from_utf8_lossy(&output.stderr).into_owned(),
        Err(error) => error.to_string(),
    };
    let told = text.split("Stack backtrace").next().unwrap_or_default();
    let lines: Vec<&str> = told.lines().map(str::trim).filter(|l| !l.is_empty()).collect();
    let first = lines.iter().position(|l| l.starts_with("error")).unwrap_or(lines.len().saturating_sub(1));
    lines[first..].join("; ")
}

/// The line `host: …` of `rustc -vV`.
fn host(verbose: &str) -> Option<String> {
    verbose.lines().find_map(|l| l.strip_prefix("host: ")).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_host_is_read() {
        let text = "rustc 1.99.0-nightly (a 2026-01-01)\nbinary: rustc\nhost: x86_64-unknown-linux-gnu\n";
        assert_eq!(host(text).unwrap(), "x86_64-unknown-linux-gnu");
        assert_eq!(host("rustc"), None);
    }

    #[test]
    fn a_refusal_is_told_without_progress_and_backtrace() {
        let refused = |script: &str| last_words(Command::new("sh").args(["-c", script]).output());
        let long = "printf 'info: a\nerror: b\n\ncaused by: c\nStack backtrace:\n 0: d\n' >&2; exit 1";
        assert_eq!(refused(long), "error: b; caused by: c");
        assert_eq!(refused("printf 'a\nb\n' >&2; exit 1"), "b");
        assert_eq!(refused("exit 1"), "");
    }
}
