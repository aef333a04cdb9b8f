//! Versions of dependencies stand in the root manifest and nowhere else.

use super::{Findings, Rule};
use crate::repo::Repo;

pub(super) const RULE: Rule = Rule {
    name: "manifests",
    asks: "a crate takes every dependency, its version and its lints from the workspace",
    check: |repo: &Repo| -> Findings {
        repo.manifests.iter().flat_map(|m| wrong_lines(&m.0, &m.1)).collect::<Vec<_>>().into()
    },
};

/// Keys of `[package]` that belong to the workspace.
const SHARED: &[&str] = &["version", "edition", "rust-version", "license"];

fn wrong_lines(path: &str, text: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut section = "";
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    for (i, line) in lines.iter().enumerate() {
        if let Some(name) = line.strip_prefix('[') {
            section = name.trim_matches(['[', ']']);
        }
        let problem = problem(section, line).map(|p| format!("{path}:{}: {p}", i + 1));
        wrong.extend(problem);
    }
    let inherits = lines.windows(2).any(|w| w == ["[lints]", "workspace = true"]);
    wrong.extend((!inherits).then(|| format!("{path}: `[lints] workspace = true` is missing")));
    wrong
}

fn problem(section: &str, line: &str) -> Option<String> {
    let section_kind = section.rsplit('.').next().unwrap_or(section);
    let is_dependencies = |s: &str| matches!(s, "dependencies" | "dev-dependencies" | "build-dependencies");
    if line.starts_with('[') {
        let nested = section.split('.').rev().skip(1).any(is_dependencies);
        return nested.then(|| format!("`{line}`: write the dependency as one line with workspace = true"));
    }
    let (key, value) = line.split_once('=').map(|(k, v)| (k.trim(), v.trim()))?;
    let from_workspace = key.ends_with(".workspace") && value == "true" || value.contains("workspace = true");
    let shared = section == "package" && SHARED.contains(&key);
    // `key = ` in a dependency section names a crate: everything about it comes from the root.
    let own = is_dependencies(section_kind) && !line.starts_with('#');
    ((shared || own) && !from_workspace)
        .then(|| format!("`{line}`: take it from the root Cargo.toml (workspace = true)"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrong(text: &str) -> Vec<String> {
        wrong_lines("crates/x/Cargo.toml", &format!("{text}\n[lints]\nworkspace = true\n"))
    }

    #[test]
    fn versions_of_a_crates_own_are_wrong() {
        for bad in [
            "[dependencies]\nrayon = \"1\"",
            "[dev-dependencies]\nrayon = { version = \"1\" }",
            "[target.'cfg(unix)'.dependencies]\nlibc = { path = \"../libc\" }",
            "[dependencies.rayon]",
            "[package]\nversion = \"0.1.0\"",
        ] {
            assert_eq!(wrong(bad).len(), 1, "{bad}");
        }
    }

    #[test]
    fn inherited_dependencies_and_other_keys_are_right() {
        let good = "[package]\nname = \"x\"\nversion.workspace = true\n[features]\ndefault = []\n[dependencies]\n\
                    # rayon = \"1\"\nrayon.workspace = true\nfits = { workspace = true, features = [\"a\"] }\n\
                    [[bench]]\nname = \"a\"\n";
        assert_eq!(wrong(good), [""; 0]);
    }

    #[test]
    fn lints_come_from_the_workspace() {
        assert_eq!(wrong_lines("crates/x/Cargo.toml", "[package]\nname = \"x\"\n").len(), 1);
    }
}
