//! `cargo xtask licenses`: what we link may be linked by anyone.

use crate::metadata::{self, Foreign};
use crate::spdx;
use anyhow::{Result, bail};
use std::collections::{BTreeMap, BTreeSet};

pub(crate) const COMMAND: crate::Command = crate::Command {
    name: "licenses",
    about: "licences of all normal and build dependencies against the list that is allowed",
    help: "usage: cargo xtask licenses\n\n\
           Reads `cargo metadata` (all platforms) and prints a table by licence.\n\
           Fails when an expression cannot be met with the allowed licences; deny.toml has the same list.",
    run: |args| {
        crate::no_arguments(args)?;
        check()
    },
};

/// Licences that a dependency may have; `deny.toml` holds the same list, and a test compares them.
const ALLOWED: &[&str] = &["MIT", "Apache-2.0", "Unicode-3.0", "Zlib", "CC0-1.0"];

/// Prints the table and checks it.
///
/// # Errors
/// When a dependency has no licence, or one that is not allowed.
pub(crate) fn check() -> Result<()> {
    let crates = metadata::foreign_crates()?;
    print!("{}", table(&crates));
    let wrong: Vec<String> = crates.iter().filter_map(problem).collect();
    if !wrong.is_empty() {
        bail!("licences that are not allowed:\n  {}", wrong.join("\n  "));
    }
    println!("{} crates, all under {}", crates.len(), ALLOWED.join(", "));
    Ok(())
}

fn problem(foreign: &Foreign) -> Option<String> {
    let Some(license) = &foreign.license else {
        return Some(format!("{} names no licence in its manifest", foreign.id));
    };
    match spdx::is_allowed(license, ALLOWED) {
        Ok(true) => None,
        Ok(false) => Some(format!("{} is under {license}", foreign.id)),
        Err(error) => Some(format!("{}: {error}", foreign.id)),
    }
}

fn table(crates: &BTreeSet<Foreign>) -> String {
    let mut by_license: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for foreign in crates {
        by_license.entry(foreign.license.as_deref().unwrap_or("none")).or_default().push(&foreign.id);
    }
    let row = |(license, ids): (&&str, &Vec<&str>)| format!("{:>4}  {license}: {}\n", ids.len(), shown(ids));
    by_license.iter().map(row).collect()
}

/// A few names, so that the table stays a table.
fn shown(ids: &[&str]) -> String {
    let some = ids.iter().take(4).copied().collect::<Vec<_>>().join(", ");
    if ids.len() > 4 { format!("{some}, …") } else { some }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn foreign(license: Option<&str>) -> Foreign {
        Foreign { id: "x 1.0".into(), license: license.map(str::to_owned) }
    }

    #[test]
    fn copyleft_and_absent_licences_are_named() {
        assert_eq!(problem(&foreign(Some("GPL-3.0"))).unwrap(), "x 1.0 is under GPL-3.0");
        assert_eq!(problem(&foreign(Some("MIT OR GPL-3.0"))), None);
        assert!(problem(&foreign(None)).unwrap().contains("names no licence"));
        assert!(problem(&foreign(Some("MIT OR"))).unwrap().contains("missing"));
    }

    #[test]
    fn deny_toml_has_the_same_list() {
        let text = std::fs::read_to_string(crate::repo::root().join("deny.toml")).unwrap();
        let section = text.split("[licenses]").nth(1).expect("a section [licenses] in deny.toml");
        let list =
            section.split("allow = [").nth(1).and_then(|l| l.split(']').next()).expect("a list `allow`");
        let words: BTreeSet<&str> =
            list.split(',').map(|w| w.trim().trim_matches('"')).filter(|w| !w.is_empty()).collect();
        assert_eq!(words, ALLOWED.iter().copied().collect());
    }
}
