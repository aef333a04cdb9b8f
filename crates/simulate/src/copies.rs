//! The same pipeline on several nodes, each on a share of the frames, and the results put together at the end.
//!
//! Imaging is distributed this way: each node grids its share of the data, and the grids are added. They are added in a
//! binomial tree: in round `k` node `i + 2^k` sends its result to node `i`, if `i` is a multiple of `2^(k+1)`; a sender
//! is done then. So there are `⌈log2 n⌉` rounds, and each pair begins as soon as both have what they need.

use crate::check::is_amount;
use crate::cluster::Cluster;
use crate::error::Error;
use crate::outcome::Outcome;
use crate::pipeline::Pipeline;
use crate::run::{Run, simulate};
use serde::{Deserialize, Serialize};

/// What copies of a pipeline do together.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Copies {
    /// Nodes, each with a copy; all are like the first one of the cluster.
    pub nodes: u32,
    /// Bytes of the result of a copy, which it sends once.
    pub result_bytes: f64,
    /// Time to add the result of another to one's own.
    pub add_s: f64,
}

/// How copies went.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct CopiesOutcome {
    /// Each copy by itself. There are as many as frames if there are fewer frames than nodes.
    pub copies: Vec<Outcome>,
    /// The additions at the end, by round and node.
    pub merges: Vec<Merge>,
    /// From the start to the end of the last addition.
    pub makespan_s: f64,
    /// Of that, the time after the last copy had its own result.
    pub reduction_s: f64,
    /// Mean time between two frames that leave any node, in the steady parts.
    pub period_s: f64,
}

/// A result goes from one node to another and is added there.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Merge {
    /// Node that sends.
    pub from: usize,
    /// Node that adds.
    pub to: usize,
    /// When both are ready.
    pub start_s: f64,
    /// When the sum is there.
    pub end_s: f64,
}

/// Runs a pipeline on many nodes, each on a share of the frames, shares differing by one frame at most.
///
/// Nodes are like the first one of the cluster and share nothing but the network, which only results use.
///
/// # Errors
/// As those of [`simulate`]; [`Error::NoCopies`], [`Error::CopiesOnNodes`], [`Error::BadCopies`].
pub fn simulate_copies(
    cluster: &Cluster,
    pipeline: &Pipeline,
    run: &Run,
    copies: &Copies,
) -> Result<CopiesOutcome, Error> {
    check(pipeline, run, copies)?;
    let n = u64::from(copies.nodes).min(run.frames);
    let outcomes: Result<Vec<Outcome>, Error> =
        (0..n).map(|copy| simulate(cluster, pipeline, &part(run, copy, n))).collect();
    let outcomes = outcomes?;
    let mut ready_s: Vec<f64> = outcomes.iter().map(|o| o.makespan_s).collect();
    let last_s = ready_s.iter().copied().fold(0.0, f64::max);
    let network = cluster.network;
    let transfer_s = network.latency_s + network.transfer_s(copies.result_bytes);
    let merges = reduce(&mut ready_s, transfer_s + copies.add_s);
    let makespan_s = ready_s[0].max(last_s);
    let per_s: f64 = outcomes.iter().map(Outcome::throughput_per_s).sum();
    let period_s = 1.0 / per_s;
    Ok(CopiesOutcome { copies: outcomes, merges, makespan_s, reduction_s: makespan_s - last_s, period_s })
}

/// The run of one copy of `n`.
fn part(run: &Run, copy: u64, n: u64) -> Run {
    let at = |copy: u64| (u128::from(run.frames) * u128::from(copy) / u128::from(n)) as u64;
    let (first, frames) = (at(copy), at(copy + 1) - at(copy));
    let warm_up = (run.warm_up / n).min(frames - 1);
    let traced = run.traced.start.saturating_sub(first)..run.traced.end.saturating_sub(first);
    Run { frames, warm_up, first_frame: run.first_frame + first, traced, ..run.clone() }
}

/// Adds all up in node 0; `ready_s` becomes when each node is done.
fn reduce(ready_s: &mut [f64], took_s: f64) -> Vec<Merge> {
    let (n, mut merges, mut step) = (ready_s.len(), Vec::new(), 1);
    while step < n {
        for to in (0..n - step).step_by(2 * step) {
            let from = to + step;
            let start_s = ready_s[to].max(ready_s[from]);
            let end_s = start_s + took_s;
            ready_s[to] = end_s;
            merges.push(Merge { from, to, start_s, end_s });
        }
        step *= 2;
    }
    merges
}

fn check(pipeline: &Pipeline, run: &Run, copies: &Copies) -> Result<(), Error> {
    if copies.nodes == 0 {
        return Err(Error::NoCopies);
    }
    if run.frames == 0 {
        return Err(Error::NoFrames);
    }
    let elsewhere = pipeline.stages.iter().enumerate().find(|s| s.1.node != 0);
    if let Some((stage, at)) = elsewhere {
        return Err(Error::CopiesOnNodes { stage, node: at.node });
    }
    let figures = [("a result of bytes", copies.result_bytes), ("an addition of", copies.add_s)];
    match figures.into_iter().find(|f| !is_amount(f.1)) {
        Some((what, value)) => Err(Error::BadCopies { what, value }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tree_takes_the_logarithm_of_rounds_and_hears_everybody_once() {
        for n in [1_usize, 2, 3, 5, 8, 64] {
            let mut ready_s = vec![1.0; n];
            let merges = reduce(&mut ready_s, 0.5);
            let mut senders: Vec<usize> = merges.iter().map(|m| m.from).collect();
            senders.sort_unstable();
            assert_eq!(senders, (1..n).collect::<Vec<_>>());
            let rounds = n.next_power_of_two().trailing_zeros();
            assert_eq!(ready_s[0], 1.0 + 0.5 * f64::from(rounds), "{n}");
        }
        let mut ready_s = [1.0, 1.0, 9.0, 1.0];
        reduce(&mut ready_s, 1.0);
        assert_eq!(ready_s[0], 11.0, "the late node's pair is late, the other is not");
    }

    #[test]
    fn shares_differ_by_one_frame_at_most() {
        let run = Run::new(10);
        let parts: Vec<Run> = (0..4).map(|copy| part(&run, copy, 4)).collect();
        assert_eq!(parts.iter().map(|p| p.frames).collect::<Vec<_>>(), [2, 3, 2, 3]);
        assert_eq!(parts.iter().map(|p| p.first_frame).collect::<Vec<_>>(), [0, 2, 5, 7]);
        assert_eq!(part(&Run { traced: 4..6, ..run }, 1, 4).traced, 2..4);
    }
}
