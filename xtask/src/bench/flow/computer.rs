//! What the table was measured on.

use super::programs::Programs;
use crate::{repo, run};
use anyhow::Result;
use serde_json::{Value, json};
use std::fs::read_to_string;
use std::process::Command;

/// A load that is felt in the figures.
const BUSY: f64 = 0.5;

/// The computer and the versions, before anything was measured.
pub(super) struct Computer {
    model: String,
    n_cores: usize,
    cores: String,
    kernel: String,
    rustc: String,
    crossbeam: String,
    commit: String,
    /// Mean over the last minute of how many programs wanted to run; `None` where the system does not tell.
    load: Option<f64>,
}

impl Computer {
    /// Asks the system; what it does not tell is a question mark.
    ///
    /// # Errors
    /// When rustc cannot be asked.
    pub(super) fn read(programs: &Programs, load: Option<f64>) -> Result<Self> {
        let git = |args: &[&str]| Command::new("git").args(args).current_dir(repo::root()).output().ok();
        let said = |args| git(args).map(|o| String::from_utf8_lossy(&o.stdout).trim().to_owned());
        let is_changed =
            said(&["status", "--porcelain", "--untracked-files=no"]).is_some_and(|s| !s.is_empty());
        let commit = said(&["rev-parse", "--short", "HEAD"]).filter(|s| !s.is_empty());
        let changed = if is_changed { " and changes" } else { "" };
        let numbers = &programs.cores.numbers;
        let siblings = if programs.cores.siblings { ", threads of one physical core" } else { "" };
        let lock = read_to_string(repo::root().join("Cargo.lock")).unwrap_or_default();
        Ok(Computer {
            model: model(&file("/proc/cpuinfo")),
            n_cores: std::thread::available_parallelism()?.get(),
            cores: if numbers.is_empty() { "any".to_owned() } else { format!("{numbers:?}{siblings}") },
            kernel: or_unknown(file("/proc/sys/kernel/osrelease").trim()),
            rustc: run::stdout(Command::new("rustc").arg("--version").current_dir(repo::root()))?
                .trim()
                .to_owned(),
            crossbeam: locked(&lock, "crossbeam-channel"),
            commit: commit.map_or("?".to_owned(), |c| c + changed),
            load,
        })
    }

    /// For the eye, with a warning when others work here too.
    pub(super) fn text(&self) -> String {
        let Computer { model, n_cores, cores, kernel, rustc, crossbeam, commit, .. } = self;
        let load = self.load.map_or("?".to_owned(), |l| l.to_string());
        let mut text = format!(
            "{model}, {n_cores} cores, of which {cores} are used; kernel {kernel}; {rustc}; commit {commit}\n\
             crossbeam-channel {crossbeam}; load average at the start: {load}\n"
        );
        if self.load.is_some_and(|l| l > BUSY) {
            text += &format!(
                "WARNING: others work on this computer (load above {BUSY}): the figures are worse than they could be\n"
            );
        }
        text + "\n"
    }

    /// For the file.
    pub(super) fn as_json(&self) -> Value {
        json!({
            "model": self.model, "cores": self.n_cores, "used": self.cores, "kernel": self.kernel,
            "rustc": self.rustc, "crossbeam-channel": self.crossbeam, "commit": self.commit, "load": self.load,
        })
    }
}

fn file(path: &str) -> String {
    read_to_string(path).unwrap_or_default()
}

fn or_unknown(text: &str) -> String {
    if text.is_empty() { "?".to_owned() } else { text.to_owned() }
}

/// The first `model name` of `/proc/cpuinfo`.
fn model(cpuinfo: &str) -> String {
    let line = cpuinfo.lines().find(|l| l.starts_with("model name"));
    or_unknown(line.and_then(|l| l.split_once(':')).map_or("", |(_, name)| name.trim()))
}

/// The load of the last minute. To be asked before anything is built: building is a load, too.
pub(super) fn load() -> Option<f64> {
    first_number(&file("/proc/loadavg"))
}

fn first_number(loadavg: &str) -> Option<f64> {
    loadavg.split_whitespace().next()?.parse().ok()
}

/// The version of a crate in `Cargo.lock`.
fn locked(lock: &str, name: &str) -> String {
    let mut lines = lock.lines().skip_while(|l| *l != format!("name = \"{name}\""));
    let version = lines.nth(1).and_then(|l| l.strip_prefix("version = "));
    or_unknown(version.unwrap_or_default().trim_matches('"'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_system_tells_is_read_and_the_rest_is_a_question_mark() {
        assert_eq!(model("processor\t: 0\nmodel name\t: Some CPU @ 2 GHz\n"), "Some CPU @ 2 GHz");
        assert_eq!(model(""), "?");
        assert_eq!(first_number("0.52 0.40 1.2 1/87 99\n"), Some(0.52));
        assert_eq!(first_number(""), None);
        let lock = "[[package]]\nname = \"a\"\nversion = \"1.2.3\"\n";
        assert_eq!((locked(lock, "a"), locked(lock, "b")), ("1.2.3".to_owned(), "?".to_owned()));
    }
}
