//! What `cargo metadata` says: the packages of the workspace, and all crates that they depend on.

use crate::run;
use anyhow::{Context, Result};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// One package of the workspace.
#[derive(Clone, Debug, Default)]
pub(crate) struct Package {
    /// Name of the package (`facette-types`).
    pub(crate) name: String,
    /// Its direct dependencies inside this repository.
    pub(crate) ours: Vec<Edge>,
}

/// A direct dependency on a package of this repository.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Edge {
    /// Name of the package depended on.
    pub(crate) to: String,
    /// Whether it is a dev-dependency.
    pub(crate) dev: bool,
}

/// A crate from elsewhere that ends in our program or builds it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Foreign {
    /// Name and version.
    pub(crate) id: String,
    /// SPDX expression of its manifest, if it has one.
    pub(crate) license: Option<String>,
}

/// The packages of the workspace; needs neither network nor downloaded crates.
///
/// # Errors
/// When cargo fails or answers in a form that we do not know.
pub(crate) fn workspace_packages() -> Result<Vec<Package>> {
    let args = ["metadata", "--format-version", "1", "--no-deps", "--offline"];
    let value: Value = serde_json::from_str(&run::stdout(run::cargo().args(args))?)?;
    value["packages"].as_array().context("metadata without packages")?.iter().map(package).collect()
}

fn package(value: &Value) -> Result<Package> {
    let edge = |d: &Value| {
        // Only dependencies given by a path are ours.
        d["path"].as_str()?;
        Some(Edge { to: d["name"].as_str()?.to_owned(), dev: d["kind"] == "dev" })
    };
    let dependencies = value["dependencies"].as_array().context("package without dependencies")?;
    Ok(Package {
        name: value["name"].as_str().context("package without name")?.to_owned(),
        ours: dependencies.iter().filter_map(edge).collect(),
    })
}

/// All normal and build dependencies of the workspace, on every platform.
///
/// # Errors
/// When cargo fails or answers in a form that we do not know.
pub(crate) fn foreign_crates() -> Result<BTreeSet<Foreign>> {
    let args = ["metadata", "--format-version", "1", "--locked"];
    foreign_of(&serde_json::from_str(&run::stdout(run::cargo().args(args))?)?)
}

/// Follows normal and build edges from the members through the resolved graph.
pub(crate) fn foreign_of(metadata: &Value) -> Result<BTreeSet<Foreign>> {
    let list = |value: &Value, what: &'static str| value.as_array().cloned().context(what);
    let id_of = |v: &Value| v["id"].as_str().map(str::to_owned);
    let index = |values: Vec<Value>| -> BTreeMap<String, Value> {
        values.into_iter().filter_map(|v| Some((id_of(&v)?, v))).collect()
    };
    let packages = index(list(&metadata["packages"], "metadata without packages")?);
    let nodes = index(list(&metadata["resolve"]["nodes"], "metadata without resolve.nodes")?);
    let members = list(&metadata["workspace_members"], "metadata without workspace_members")?;
    let mut todo: Vec<String> = members.iter().filter_map(|m| m.as_str().map(str::to_owned)).collect();
    let mut seen = BTreeSet::new();
    while let Some(id) = todo.pop() {
        if seen.insert(id.clone()) {
            todo.extend(nodes.get(&id).map(needed_by).unwrap_or_default());
        }
    }
    let foreign = seen.iter().filter_map(|id| packages.get(id)).filter(|p| !p["source"].is_null());
    Ok(foreign.map(describe).collect())
}

/// The ids of the normal and build dependencies of a node.
fn needed_by(node: &Value) -> Vec<String> {
    let kinds = |dep: &Value| dep["dep_kinds"].as_array().cloned().unwrap_or_default();
    let needed = |dep: &&Value| kinds(dep).iter().any(|k| k["kind"] != "dev");
    let deps = node["deps"].as_array().map(Vec::as_slice).unwrap_or_default();
    deps.iter().filter(needed).filter_map(|d| d["pkg"].as_str().map(str::to_owned)).collect()
}

fn describe(package: &Value) -> Foreign {
    let text = |key: &str| package[key].as_str().unwrap_or("?");
    Foreign {
        id: format!("{} {}", text("name"), text("version")),
        license: package["license"].as_str().map(str::to_owned),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn dev_dependencies_are_followed_neither_directly_nor_further() {
        let package = |id: &str, source: Value| json!({"id": id, "name": id, "version": "1", "source": source, "license": "MIT"});
        let metadata = json!({
            "packages": [package("us", Value::Null), package("lib", json!("r")), package("cc", json!("r")),
                         package("dev", json!("r")), package("below-dev", json!("r"))],
            "workspace_members": ["us"],
            "resolve": {"nodes": [
                {"id": "us", "deps": [{"pkg": "lib", "dep_kinds": [{"kind": null}]},
                                      {"pkg": "dev", "dep_kinds": [{"kind": "dev"}]}]},
                {"id": "lib", "deps": [{"pkg": "cc", "dep_kinds": [{"kind": "build"}]}]},
                {"id": "dev", "deps": [{"pkg": "below-dev", "dep_kinds": [{"kind": null}]}]},
            ]},
        });
        let ids: Vec<String> = foreign_of(&metadata).unwrap().into_iter().map(|f| f.id).collect();
        assert_eq!(ids, ["cc 1", "lib 1"]);
    }

    #[test]
    fn the_workspace_is_described_offline() {
        let packages = workspace_packages().unwrap();
        let ms = packages.iter().find(|p| p.name == "facette-ms").unwrap();
        assert!(ms.ours.contains(&Edge { to: "facette-tables".into(), dev: false }));
        assert!(ms.ours.contains(&Edge { to: "facette-testkit".into(), dev: true }));
    }
}
