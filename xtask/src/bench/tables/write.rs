//! Writing columns, to the page cache and durably.

use super::{Options, Peers};
use crate::{bench::median, repo, run};
use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use std::process::Command;

/// How many times as fast as casacore it is to be.
const TARGET: f64 = 2.0;
/// Channels and correlations of a row.
const SHAPE: [&str; 2] = ["64", "4"];
const WAYS: [&str; 2] = ["to_page_cache_mb_s", "durable_mb_s"];

pub(super) fn measure(peers: &Peers, options: &Options, n_missed: &mut usize) -> Result<Vec<Value>> {
    let place = options.table.with_extension("written");
    let writer = repo::target().join("release/examples/write_speed");
    let script = repo::root().join("bench/tables/write_peers.py");
    let mut rounds = Vec::new();
    for _ in 0..options.rounds {
        let with = |command: &mut Command| lines(command.arg(&place).arg(&options.rows).args(SHAPE));
        rounds.push((with(&mut Command::new(&writer))?, with(Command::new(&peers.python).arg(&script))?));
    }
    let same =
        rounds.iter().all(|(ours, theirs)| ours.len() == theirs.len() && ours.len() == rounds[0].0.len());
    ensure!(same, "the programs wrote other columns");
    println!("\nMB/s written, to the page cache and durable; × is ours / casacore's in the same round\n");
    println!(
        "{:<16} {:>9} {:>9} {:>6} {:>9} {:>9} {:>6}",
        "column", "ours", "casacore", "×", "ours", "casacore", "×"
    );
    let mut all = Vec::new();
    for i in 0..rounds[0].0.len() {
        let name = rounds[0].0[i]["column"].as_str().context("a column")?;
        let mut text = format!("{name:<16}");
        let mut stored = json!({"column": name});
        let mut is_missed = false;
        for way in WAYS {
            let of = |lines: &Vec<Value>| lines[i][way].as_f64().with_context(|| format!("{way} of {name}"));
            let ours = rounds.iter().map(|round| of(&round.0)).collect::<Result<Vec<_>>>()?;
            let theirs = rounds.iter().map(|round| of(&round.1)).collect::<Result<Vec<_>>>()?;
            let ratios: Vec<f64> = ours.iter().zip(&theirs).map(|(ours, theirs)| ours / theirs).collect();
            // What a disk takes to make bytes durable is the same for both.
            is_missed |= way == WAYS[0] && median(&ratios) < TARGET;
            text += &format!(" {:>9.0} {:>9.0} {:>6.2}", median(&ours), median(&theirs), median(&ratios));
            stored[way] = json!({"ours": ours, "casacore": theirs});
        }
        *n_missed += usize::from(is_missed);
        println!("{text}{}", if is_missed { format!("  missed: {TARGET} ×") } else { String::new() });
        all.push(stored);
    }
    Ok(all)
}

/// One JSON value a line.
fn lines(command: &mut Command) -> Result<Vec<Value>> {
    run::stdout(command)?.lines().map(|line| serde_json::from_str(line).context("a line of JSON")).collect()
}
