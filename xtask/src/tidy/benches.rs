//! One bench per kernel, with the kernel's name.

use super::{Findings, Rule};
use crate::repo::Repo;
use std::collections::BTreeSet;

pub(super) const RULE: Rule = Rule {
    name: "benches",
    asks: "every kernel family in crates/kernels/src has crates/kernels/benches/<its name>.rs, named in Cargo.toml",
    check: |repo: &Repo| -> Findings { missing(repo).into() },
};

/// Modules of `kernels` that are no kernels, and why.
const NOT_KERNELS: &[(&str, &str)] = &[
    ("lib", "the crate root"),
    ("direct", "the naive twin: right, not fast"),
    ("error", "the error type"),
    ("real", "the trait over f32 and f64"),
    ("arch", "intrinsics, measured through the kernels that use them"),
];

const SRC: &str = "crates/kernels/src/";

fn missing(repo: &Repo) -> Vec<String> {
    let manifest =
        repo.manifests.iter().find(|m| m.0 == "crates/kernels/Cargo.toml").map_or("", |m| m.1.as_str());
    let families = repo.sources.iter().filter_map(|s| s.path.strip_prefix(SRC)).map(family);
    let kernels: BTreeSet<&str> = families.filter(|f| NOT_KERNELS.iter().all(|n| n.0 != *f)).collect();
    let problem = |kernel: &str| {
        let bench = format!("crates/kernels/benches/{kernel}.rs");
        if !repo.sources.iter().any(|s| s.path == bench) {
            return Some(format!("the kernel `{kernel}` has no bench: {bench} is missing"));
        }
        // Without its entry cargo would run the bench under the wrong harness, and it would measure nothing.
        let declared = manifest.lines().any(|l| l.trim() == format!("name = \"{kernel}\""));
        (!declared).then(|| {
            format!("{bench} has no [[bench]] entry with harness = false in crates/kernels/Cargo.toml")
        })
    };
    kernels.into_iter().filter_map(problem).collect()
}

/// `fft` for `fft.rs` and for `fft/plan.rs`.
fn family(path: &str) -> &str {
    path.split('/').next().unwrap_or(path).trim_end_matches(".rs")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::testing::repo_of;

    #[test]
    fn a_kernel_without_bench_is_named_once() {
        let mut repo = repo_of(&[
            ("crates/kernels/src/lib.rs", ""),
            ("crates/kernels/src/fft/mod.rs", ""),
            ("crates/kernels/src/fft/plan.rs", ""),
            ("crates/kernels/src/weigh.rs", ""),
            ("crates/kernels/benches/weigh.rs", ""),
        ]);
        let found = missing(&repo);
        assert_eq!(found[0], "the kernel `fft` has no bench: crates/kernels/benches/fft.rs is missing");
        assert!(found[1].contains("no [[bench]] entry"), "{found:?}");
        let manifest = "[[bench]]\nname = \"weigh\"\nharness = false\n";
        repo.manifests.push(("crates/kernels/Cargo.toml".to_owned(), manifest.to_owned()));
        assert_eq!(missing(&repo).len(), 1);
    }
}
