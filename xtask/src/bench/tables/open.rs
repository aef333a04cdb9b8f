//! Opening an MS with all its subtables.

use super::{Peers, Round};
use crate::{bench::median, repo};
use anyhow::Result;
use serde_json::{Value, json};
use std::process::Command;

/// The longest that it may take.
const MOST_S: f64 = 2e-3;
/// Openings in a round.
const RUNS: &str = "21";

pub(super) fn measure(peers: &Peers, rounds: usize, n_missed: &mut usize) -> Result<Value> {
    let ms = repo::root().join("crates/testkit/fixtures/tiny.ms");
    let (mut ours_s, mut casacore_s) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        let mut ours = Command::new(&peers.ours);
        ours_s.push(Round::of(ours.arg(&ms).args(["-", "open", "1", RUNS]))?.seconds);
        let mut theirs = Command::new(&peers.python);
        theirs.arg(repo::root().join("bench/tables/peers.py")).arg(&ms);
        casacore_s.push(Round::of(theirs.args(["-", "casacore", "open", "1", RUNS]))?.seconds);
    }
    let is_missed = median(&ours_s) > MOST_S;
    *n_missed += usize::from(is_missed);
    println!(
        "\nopening a main table with its 12 subtables: {:.2} ms, casacore {:.2} ms{}",
        1e3 * median(&ours_s),
        1e3 * median(&casacore_s),
        if is_missed { "  missed: 2 ms" } else { "" }
    );
    Ok(json!({"ours_s": ours_s, "casacore_s": casacore_s}))
}
