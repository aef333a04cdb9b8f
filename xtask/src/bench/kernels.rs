//! `cargo xtask bench [NAME]…`: the criterion benches of the kernels.

use crate::{repo, run};
use anyhow::{Result, bail};

/// Runs the benches named, or all.
///
/// # Errors
/// When a name is unknown, or a bench fails.
pub(super) fn run(args: &[String]) -> Result<()> {
    let (own, criterion) = match args.iter().position(|a| a == "--") {
        Some(at) => (&args[..at], &args[at + 1..]),
        None => (args, &args[..0]),
    };
    let names = names()?;
    if own == ["--list"] {
        names.iter().for_each(|n| println!("{n}"));
        return Ok(());
    }
    if let Some(unknown) = own.iter().find(|n| !names.contains(n)) {
        bail!("no bench `{unknown}`; there are: flow, {}", names.join(", "));
    }
    let chosen = if own.is_empty() { names.as_slice() } else { own };
    let mut command = run::cargo();
    command.args(["bench", "--locked", "--package", "facette-kernels"]);
    command.args(chosen.iter().flat_map(|name| ["--bench", name]));
    run::run(command.arg("--").args(criterion))
}

fn names() -> Result<Vec<String>> {
    let files = repo::sorted_entries(&repo::root().join("crates/kernels/benches"))?;
    let rust = files.iter().filter(|f| f.extension().is_some_and(|e| e == "rs"));
    let names: Vec<String> = rust.filter_map(|f| Some(f.file_stem()?.to_str()?.to_owned())).collect();
    if names.is_empty() {
        bail!("crates/kernels/benches holds no bench");
    }
    Ok(names)
}
