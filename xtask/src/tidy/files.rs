//! Crates that compute touch neither files, nor the network, nor other programs.

use super::{Findings, Rule};
use crate::repo::Repo;
use crate::source::Source;

pub(super) const RULE: Rule = Rule {
    name: "files",
    asks: "types, schedule, flow, simulate, kernels, image, sim and modes use no files, network or processes",
    check: |repo: &Repo| -> Findings { repo.sources.iter().flat_map(reaches_out).collect::<Vec<_>>().into() },
};

const PURE: &[&str] = &["types", "schedule", "flow", "simulate", "kernels", "image", "sim", "modes"];
/// Files of these crates that may, and why.
const EXCEPT: &[(&str, &str)] = &[
    ("crates/flow/src/graph/topology.rs", "Linux tells what a machine is made of in files under /sys"),
    ("crates/flow/src/graph/stall.rs", "Linux tells how much a thread has worked in a file under /proc"),
];
const OUTSIDE: &[&str] = &["fs", "net", "process"];

fn reaches_out(source: &Source) -> Vec<String> {
    if !PURE.contains(&source.crate_dir()) || EXCEPT.iter().any(|(path, _)| *path == source.path) {
        return Vec::new();
    }
    let uses = source.find_members(&["std"], OUTSIDE).into_iter();
    let lines = uses.map(|at| source.line_of(at)).filter(|&line| !source.in_test[line]);
    let dir = source.crate_dir();
    lines
        .map(|line| format!("{}: `{dir}` must not touch files, network or processes", source.place(line)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::testing::wrong_in;

    #[test]
    fn a_kernel_that_reads_a_file_is_wrong() {
        let text = "let x = std::fs::read(\"a\");";
        assert_eq!(wrong_in(&RULE, "crates/kernels/src/a.rs", text).len(), 1);
        assert_eq!(wrong_in(&RULE, "crates/kernels/src/a.rs", "use std::{fmt, fs};").len(), 1);
        assert!(wrong_in(&RULE, "crates/kernels/src/a.rs", "use std::{fmt, sync::Arc};").is_empty());
        assert!(wrong_in(&RULE, "crates/ms/src/a.rs", text).is_empty());
        assert_eq!(wrong_in(&RULE, "crates/flow/src/graph/a.rs", text).len(), 1);
        assert!(wrong_in(&RULE, EXCEPT[0].0, text).is_empty());
        assert!(wrong_in(&RULE, "crates/kernels/tests/a.rs", text).is_empty());
        assert!(wrong_in(&RULE, "crates/kernels/examples/a.rs", text).is_empty());
    }
}
