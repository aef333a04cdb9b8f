//! Crates are layers: the edges between them are listed here, complete, and nothing else is allowed.
//!
//! A new edge is a decision page first (docs/decisions/), then a word in this table.

use super::Rule;
use crate::metadata::{Edge, Package};
use crate::repo::Repo;

pub(super) const RULE: Rule = Rule {
    name: "graph",
    asks: "dependencies between our crates follow ARCHITECTURE.md; testkit is a dev-dependency only",
    check: |repo: &Repo| wrong_edges(&repo.packages).into(),
};

/// Package and what it may depend on, short names.
const EDGES: &[(&str, &[&str])] = &[
    ("types", &[]),
    ("tables", &[]),
    ("schedule", &[]),
    ("flow", &["schedule"]),
    ("simulate", &["schedule"]),
    ("kernels", &["types"]),
    ("fits", &["types"]),
    ("report", &["types"]),
    ("testkit", &["types"]),
    ("ms", &["tables", "types"]),
    ("export", &["tables"]),
    ("capi", &["tables"]),
    ("image", &["types", "kernels"]),
    ("sim", &["types", "kernels"]),
    ("tasks", &["types", "flow", "kernels", "image", "ms", "fits", "sim", "report"]),
    ("modes", &["types", "flow", "tasks"]),
    (
        "facette",
        &[
            "types", "tables", "schedule", "flow", "simulate", "kernels", "fits", "report", "ms", "export",
            "image", "sim", "tasks", "modes",
        ],
    ),
    ("cli", &["facette"]),
    ("xtask", &[]),
];

/// `facette-types` is `types`; the facade and xtask are called what they are.
fn short(package: &str) -> &str {
    package.strip_prefix("facette-").unwrap_or(package)
}

fn wrong_edges(packages: &[Package]) -> Vec<String> {
    packages.iter().flat_map(wrong_in_package).collect()
}

fn wrong_in_package(package: &Package) -> Vec<String> {
    let Some((name, allowed)) = EDGES.iter().find(|e| e.0 == short(&package.name)) else {
        return vec![format!("{} is not in the table of xtask/src/tidy/graph.rs", package.name)];
    };
    let forbidden = |edge: &&Edge| {
        let to = short(&edge.to);
        if to == "testkit" { !edge.dev || *name == "xtask" } else { !allowed.contains(&to) }
    };
    let say = |edge: &Edge| {
        let kind = if edge.dev { "dev-dependency" } else { "dependency" };
        let list = if allowed.is_empty() { "nothing of ours".to_owned() } else { allowed.join(", ") };
        format!("{name} → {} is not an allowed {kind}; {name} may depend on {list}", short(&edge.to))
    };
    package.ours.iter().filter(forbidden).map(say).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrong(from: &str, to: &str, dev: bool) -> Vec<String> {
        wrong_edges(&[Package { name: from.into(), ours: vec![Edge { to: to.into(), dev }] }])
    }

    #[test]
    fn an_edge_outside_the_table_is_named() {
        let found = wrong("facette-kernels", "facette-flow", false);
        assert_eq!(found, ["kernels → flow is not an allowed dependency; kernels may depend on types"]);
        assert_eq!(wrong("facette-flow", "facette-types", true).len(), 1);
        assert_eq!(wrong("facette-cli", "facette-tasks", false).len(), 1);
        assert_eq!(wrong("facette-tasks", "facette-report", false), [""; 0]);
        assert_eq!(wrong("facette-cli", "facette", false), [""; 0]);
    }

    #[test]
    fn testkit_is_for_tests_only_and_a_new_crate_needs_a_line() {
        assert_eq!(wrong("facette-ms", "facette-testkit", true), [""; 0]);
        assert_eq!(wrong("facette-ms", "facette-testkit", false).len(), 1);
        assert_eq!(wrong("xtask", "facette-testkit", true).len(), 1);
        assert!(wrong("facette-gpu", "facette-types", false)[0].contains("not in the table"));
    }

    /// The table itself must be a layering: every crate depends on crates that stand above it in the list.
    #[test]
    fn the_table_has_no_cycle() {
        for (i, (name, allowed)) in EDGES.iter().enumerate() {
            let above: Vec<&str> = EDGES[..i].iter().map(|e| e.0).collect();
            assert!(allowed.iter().all(|a| above.contains(a)), "{name}");
        }
    }
}
