//! `cargo xtask bench read`: what share reading has in warm runs of `facette dirty` and `facette psf`.
//!
//! Each run tells in its summary how long each task worked and what the stages of its pipeline are. Reading is the
//! bottleneck where no other stage works longer than the one that reads.

use super::median;
use crate::{repo, run};
use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Runs that ask for little but reading, and one that asks for the most: mode and options.
const CASES: &[(&str, &str)] = &[
    ("dirty", "--npix 4096 --cell 1.5arcsec --weight natural"),
    ("dirty", "--npix 4096 --cell 1.5arcsec --weight briggs"),
    ("dirty", "--npix 1024 --cell 1.5arcsec --weight natural"),
    ("dirty", "--npix 1024 --cell 1.5arcsec --weight natural --epsilon 1e-2"),
    ("dirty", "--npix 1024 --cell 1.5arcsec --weight natural --epsilon 1e-6 --precision double"),
    ("psf", "--npix 1024 --cell 1.5arcsec --weight natural --epsilon 1e-2"),
];

/// The observation that is read unless one is given: 1 GB of DATA.
const SIMULATED: &str =
    "--telescope meerkat --duration 32min --dt 8s --nchan 64 --chan-width 836kHz --sefd 420Jy";

/// Measures, prints the table and stores it.
///
/// # Errors
/// When a run fails, or reading is the bottleneck of one.
pub(super) fn run(args: &[String]) -> Result<()> {
    let (mut rounds, mut ms) = (3, None);
    let mut args = args.iter();
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--rounds" => {
                let value = args.next().and_then(|n| n.parse().ok()).filter(|n| *n > 0);
                rounds = value.context("--rounds: a number from 1")?;
            }
            option if option.starts_with('-') => bail!("`{option}` is not understood; see --help"),
            path => ms = Some(PathBuf::from(path)),
        }
    }
    run::run(run::cargo().args(["build", "--locked", "--release", "--package", "facette-cli"]))?;
    let program = repo::target().join("release/facette");
    let ms = ms.map_or_else(|| simulated(&program), Ok)?;
    println!("{}\nseconds of a pass, medians of {rounds} warm runs\n", ms.display());
    println!(
        "{:<66} {:>7} {:>7} {:>7} {:>7}  busiest other stage",
        "run", "threads", "pass", "reads", "share"
    );
    let all = std::thread::available_parallelism().map_or(1, usize::from);
    let (mut stored, mut n_behind) = (Vec::new(), 0);
    for (mode, options) in CASES {
        for threads in if all > 1 { vec![1, all] } else { vec![1] } {
            // The first warms the page cache.
            let passes = (0..=rounds).map(|_| one(&program, &ms, (mode, options), threads));
            let passes: Vec<Pass> = passes.skip(1).collect::<Result<_>>()?;
            let pass = Pass::median(&passes);
            let is_behind = pass.read_s >= pass.other_s;
            n_behind += usize::from(is_behind);
            println!(
                "{:<66} {threads:>7} {:>7.2} {:>7.2} {:>5.0} %  {} {:.2}{}",
                format!("{mode} {options}"),
                pass.wall_s,
                pass.read_s,
                100.0 * pass.read_s / pass.wall_s,
                pass.other,
                pass.other_s,
                if is_behind { "  READING IS THE BOTTLENECK" } else { "" }
            );
            stored.push(pass.json(mode, options, threads));
        }
    }
    let json = repo::target().join("bench/read.json");
    std::fs::write(&json, format!("{:#}\n", json!({"rounds": rounds, "runs": stored})))
        .with_context(|| format!("cannot write {}", json.display()))?;
    println!("\nevery run is in {}", json.display());
    ensure!(n_behind == 0, "reading is the bottleneck of {n_behind} runs");
    Ok(())
}

fn simulated(program: &Path) -> Result<PathBuf> {
    let ms = repo::target().join("bench/read.ms");
    if !ms.exists() {
        std::fs::create_dir_all(repo::target().join("bench"))
            .context("cannot make the folder of the bench")?;
        run::run(Command::new(program).arg("simulate").arg(&ms).args(SIMULATED.split(' ')))?;
    }
    Ok(ms)
}

/// The gridding pass of a run.
#[derive(Clone, Debug, PartialEq)]
struct Pass {
    wall_s: f64,
    /// One replica of the stage that reads.
    read_s: f64,
    /// The stage that works longest beside it, one replica of it.
    other: String,
    other_s: f64,
}

impl Pass {
    /// From a run's summary: its last pipeline, which grids, and the times of the tasks, which are listed last for it.
    fn of(summary: &Value) -> Result<Pass> {
        let pipelines = summary["pipelines"].as_array().context("no pipelines in the summary")?;
        let last = pipelines.last().context("no pipeline in the summary")?;
        let tasks = summary["tasks"].as_array().context("no tasks in the summary")?;
        let busy_s = |name: &str| {
            let task = tasks.iter().rfind(|task| task["name"] == *name)?;
            Some(task["busy_s"].as_f64()? / task["replicas"].as_f64()?)
        };
        let stages = last["stages"].as_str().context("no stages in the summary")?;
        // On one thread each task counts by itself.
        let apart = if stages.contains(" | ") { " | " } else { " → " };
        let (mut read_s, mut others) = (0.0, Vec::new());
        for stage in stages.split(apart) {
            let names = stage.split(" → ").map(|name| name.split(' ').next().unwrap_or(name));
            let times = names.clone().map(|name| busy_s(name).with_context(|| format!("no task {name}")));
            let stage_s = times.sum::<Result<f64>>()?;
            match names.clone().any(|name| name == "ReadChunks") {
                true => read_s = stage_s,
                false => others.push((names.collect::<Vec<_>>().join(" → "), stage_s)),
            }
        }
        let other = others.into_iter().max_by(|a, b| a.1.total_cmp(&b.1));
        let (other, other_s) = other.context("no stage but the one that reads")?;
        let wall_s = last["wall_s"].as_f64().context("no time in the summary")?;
        Ok(Pass { wall_s, read_s, other, other_s })
    }

    fn median(passes: &[Pass]) -> Pass {
        let of = |number: fn(&Pass) -> f64| median(&passes.iter().map(number).collect::<Vec<_>>());
        let other = passes.first().map_or_else(String::new, |pass| pass.other.clone());
        Pass { wall_s: of(|p| p.wall_s), read_s: of(|p| p.read_s), other, other_s: of(|p| p.other_s) }
    }

    fn json(&self, mode: &str, options: &str, threads: usize) -> Value {
        json!({
            "mode": mode, "options": options, "threads": threads, "pass_s": self.wall_s, "read_s": self.read_s,
            "busiest_other": self.other, "busiest_other_s": self.other_s,
        })
    }
}

fn one(program: &Path, ms: &Path, (mode, options): (&str, &str), threads: usize) -> Result<Pass> {
    let out = repo::target().join("bench/read");
    let mut command = Command::new(program);
    command.arg(mode).arg(ms).args(options.split(' ')).args([
        "--threads",
        &threads.to_string(),
        "--overwrite",
    ]);
    run::run(command.arg("--quiet").arg("--out").arg(&out))?;
    let path = out.with_extension(format!("{mode}.summary.json"));
    let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    Pass::of(&serde_json::from_str(&text)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stages_are_added_up_by_replica() {
        let task = |name: &str, busy_s: f64, replicas: f64| json!({"name": name, "busy_s": busy_s, "replicas": replicas});
        let summary = |stages: &str| {
            json!({
                "pipelines": [{"stages": "ReadChunks", "wall_s": 9.0}, {"stages": stages, "wall_s": 3.0}],
                "tasks": [
                    task("ReadChunks", 8.0, 1.0), task("ReadChunks", 1.0, 1.0), task("ToStokes", 1.5, 2.0),
                    task("Weigh", 0.5, 2.0), task("Grid", 2.5, 1.0)
                ],
            })
        };
        let pass = Pass::of(&summary("ReadChunks | ToStokes → Weigh ×2 | Grid (2 threads)")).unwrap();
        assert_eq!(pass, Pass { wall_s: 3.0, read_s: 1.0, other: "Grid".into(), other_s: 2.5 });
        let pass = Pass::of(&summary("ReadChunks → ToStokes | Weigh → Grid")).unwrap();
        assert_eq!((pass.read_s, pass.other_s), (1.75, 2.75));
        assert!(Pass::of(&summary("ReadChunks → Else")).is_err());
        let alone = Pass::of(&summary("ReadChunks → ToStokes → Weigh → Grid")).unwrap();
        assert_eq!((alone.read_s, alone.other.as_str(), alone.other_s), (1.0, "Grid", 2.5));
    }
}
