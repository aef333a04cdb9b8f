//! `cargo xtask fuzz`: tables made of random bytes, opened and read until something goes wrong.

use anyhow::{Context, Result, bail};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::repo;

pub(crate) const COMMAND: crate::Command = crate::Command {
    name: "fuzz",
    about: "damaged tables until something panics, hangs or takes memory",
    help: "usage: cargo xtask fuzz [--seconds N] [--sanitizer NAME] [--toolchain NAME] [TARGET]…\n\n\
           Runs the fuzz targets in fuzz/fuzz_targets, or those named, one after the other, each until it finds\n\
           something or its time is over. What a target learnt is put into fuzz/corpus/TARGET, as few inputs as\n\
           reach as much; an input that fails stays in fuzz/artifacts/TARGET and is an error.\n\
           It needs rustup with a nightly toolchain and cargo-fuzz (`cargo install cargo-fuzz`); without them it\n\
           says NOT RUN with the reason and fails.\n\n  \
           --seconds N       for each target, else 60\n  \
           --sanitizer NAME  `none`, or `address`, with which far fewer inputs are tried\n  \
           --toolchain NAME  the nightly toolchain, else `nightly`",
    run,
};

/// Limits of libFuzzer: MiB of memory, seconds and bytes of an input. The targets count memory more narrowly.
const LIMITS: &[&str] = &["-rss_limit_mb=1024", "-timeout=10", "-max_len=8192"];

struct Options<'a> {
    seconds: u32,
    sanitizer: &'a str,
    toolchain: &'a str,
    targets: Vec<&'a str>,
}

fn run(args: &[String]) -> Result<()> {
    let all = targets()?;
    let options = parse(args, &all)?;
    if let Err(reason) = has_cargo_fuzz(options.toolchain) {
        // Not a success: nothing was tried.
        bail!("NOT RUN: {reason}");
    }
    let mut failed = Vec::new();
    for target in &options.targets {
        println!("== {target}");
        if !fuzz(target, &options)? {
            failed.push(*target);
        }
    }
    match failed[..] {
        [] => Ok(()),
        _ => bail!("{} found something; the inputs are in fuzz/artifacts", failed.join(", ")),
    }
}

/// The names of the targets in alphabetical order.
fn targets() -> Result<Vec<String>> {
    let files = repo::sorted_entries(&folder().join("fuzz_targets"))?;
    let stem = |file: &PathBuf| Some(file.file_stem()?.to_str()?.to_owned());
    Ok(files.iter().filter_map(stem).collect())
}

fn parse<'a>(args: &'a [String], all: &'a [String]) -> Result<Options<'a>> {
    let mut options = Options { seconds: 60, sanitizer: "none", toolchain: "nightly", targets: Vec::new() };
    let mut args = args.iter().map(String::as_str);
    while let Some(arg) = args.next() {
        match arg {
            "--seconds" => {
                let text = args.next().context("--seconds needs a number")?;
                options.seconds =
                    text.parse().with_context(|| format!("--seconds needs a number, not `{text}`"))?;
            }
            "--sanitizer" => options.sanitizer = args.next().context("--sanitizer needs a name")?,
            "--toolchain" => options.toolchain = args.next().context("--toolchain needs a name")?,
            name if all.iter().any(|t| t == name) => options.targets.push(name),
            other => bail!("no target `{other}`; there are {}", all.join(", ")),
        }
    }
    if options.targets.is_empty() {
        options.targets = all.iter().map(String::as_str).collect();
    }
    Ok(options)
}

fn has_cargo_fuzz(toolchain: &str) -> Result<(), String> {
    let output = cargo_fuzz(toolchain).arg("--version").stdin(Stdio::null()).output();
    match output {
        Ok(output) if output.status.success() => Ok(()),
        Ok(output) => {
            let text = String::from_utf8_lossy(&output.stderr).into_owned();
            let first = text.lines().find(|l| !l.trim().is_empty()).unwrap_or("it said nothing");
            Err(format!(
                "`rustup run {toolchain} cargo fuzz` does not start; try `rustup toolchain install {toolchain}` and \
                 `cargo install cargo-fuzz`; it said: {first}"
            ))
        }
        Err(error) => {
            Err(format!("no rustup here, which brings nightly toolchains ({error}): https://rustup.rs"))
        }
    }
}

/// Runs one target and keeps what it learnt; whether it found nothing wrong.
fn fuzz(target: &str, options: &Options<'_>) -> Result<bool> {
    let kept = folder().join("corpus").join(target);
    let work = repo::target().join("fuzz-corpus").join(target);
    std::fs::create_dir_all(&work).with_context(|| work.display().to_string())?;
    std::fs::create_dir_all(&kept).with_context(|| kept.display().to_string())?;
    let mut command = run_target(target, options);
    command.args([&work, &kept]).arg("--").args(LIMITS);
    command.args(["-print_final_stats=1", &format!("-max_total_time={}", options.seconds)]);
    let sound = command.status().context("cannot start cargo fuzz")?.success();
    if sound {
        keep(target, options, (&work, &kept))?;
    }
    Ok(sound)
}

/// Makes `kept` the fewest inputs of both folders that reach all that they reach together.
fn keep(target: &str, options: &Options<'_>, (work, kept): (&Path, &Path)) -> Result<()> {
    let small = work.with_extension("small");
    let _ = std::fs::remove_dir_all(&small);
    std::fs::create_dir_all(&small)?;
    let mut command = run_target(target, options);
    command.args([&small, kept, work]).args(["--", "-set_cover_merge=1"]).args(LIMITS);
    if !command.status().context("cannot start cargo fuzz")?.success() {
        bail!("the inputs of {target} cannot be merged");
    }
    std::fs::remove_dir_all(kept)?;
    std::fs::create_dir_all(kept)?;
    for input in repo::sorted_entries(&small)? {
        std::fs::copy(&input, kept.join(input.file_name().unwrap_or_default()))?;
    }
    Ok(())
}

fn run_target(target: &str, options: &Options<'_>) -> Command {
    let mut command = cargo_fuzz(options.toolchain);
    command.args(["run", "--sanitizer", options.sanitizer, target]);
    command
}

/// Rustup starts it: the cargo that runs us is of another toolchain.
fn cargo_fuzz(toolchain: &str) -> Command {
    let mut command = Command::new("rustup");
    command.args(["run", toolchain, "cargo", "fuzz"]).current_dir(repo::root());
    // Asking for a toolchain must not install it on the side.
    command.env("RUSTUP_AUTO_INSTALL", "0");
    command
}

fn folder() -> PathBuf {
    repo::root().join("fuzz")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        text.split(' ').map(str::to_owned).collect()
    }

    #[test]
    fn targets_and_seconds_are_read_and_mistakes_are_named() {
        let all = words("dysco ssm");
        assert_eq!(parse(&[], &all).unwrap().targets, ["dysco", "ssm"]);
        let args = words("ssm --seconds 5");
        let options = parse(&args, &all).unwrap();
        assert_eq!((options.seconds, options.targets), (5, vec!["ssm"]));
        let args = words("hdf5");
        let error = parse(&args, &all).err().unwrap().to_string();
        assert_eq!(error, "no target `hdf5`; there are dysco, ssm");
        assert!(parse(&words("--seconds x"), &all).is_err());
    }

    #[test]
    fn every_target_has_its_entry_and_a_corpus() {
        let manifest = std::fs::read_to_string(folder().join("Cargo.toml")).unwrap();
        let all = targets().unwrap();
        assert!(!all.is_empty());
        for target in all {
            assert!(manifest.contains(&format!("path = \"fuzz_targets/{target}.rs\"")), "{target}");
            assert!(
                !repo::sorted_entries(&folder().join("corpus").join(&target)).unwrap().is_empty(),
                "{target}"
            );
        }
    }
}
