//! The simulator against reality: chains run on this computer, and as `simulate` says they run.
//!
//! `cargo run --release -p facette --example simulated [rounds]` prints a line of JSON for every chain and round, then
//! one for every chain with the medians, then one for all. What the simulator is told is measured right before each run,
//! by itself: each task alone, what two busy cores are worth, the memory's bandwidth, waking, handing over. Nothing is
//! fitted to a pipeline. A round during which the computer changed, as what its cores are worth right after the run tells,
//! is printed and left out of the medians.
//!
//! A further chain is an entry of [`chains::chains`]: a name, its tasks, its plan. A task is anything that is a
//! [`tasks::Work`].
#![expect(clippy::print_stdout, reason = "an example prints")]

mod calibrate;
mod chains;
mod predict;
mod run;
mod tasks;

use chains::Chain;
use serde_json::json;

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    let rounds = std::env::args().nth(1).map_or(Ok(5), |word| word.parse())?;
    let chains = chains::chains();
    let mut pairs: Vec<Vec<Pair>> = chains.iter().map(|_| Vec::new()).collect();
    // Round by round, so that what disturbs the computer for a while disturbs all chains alike.
    for round in 0..MOST_TRIES * rounds {
        for (chain, pairs) in chains.iter().zip(&mut pairs) {
            let n_steady = pairs.iter().filter(|pair| pair.is_steady).count();
            if n_steady < rounds {
                pairs.push(compare(chain, round)?);
            }
        }
    }
    let of_chains: Vec<f64> =
        chains.iter().zip(&pairs).map(|(chain, pairs)| sum_up(chain, pairs).abs()).collect();
    let steady = pairs.iter().flatten().filter(|pair| pair.is_steady);
    let of_rounds: Vec<f64> = steady.map(|pair| pair.difference().abs()).collect();
    println!(
        "{}",
        json!({
            "chains": chains.len(),
            "rounds": rounds,
            "median_difference_of_chains": testkit::median(&of_chains),
            "median_difference_of_rounds": testkit::median(&of_rounds),
        })
    );
    Ok(())
}

/// The period that was predicted and the one that was measured.
struct Pair {
    predicted_s: f64,
    measured_s: f64,
    /// Cores were worth the same before and after the run.
    is_steady: bool,
}

/// Rounds at most for each that counts.
const MOST_TRIES: usize = 4;
/// How much the worth of two cores may change during a run that counts.
const STEADY: f64 = 0.1;

impl Pair {
    /// By how much the prediction is too long.
    fn difference(&self) -> f64 {
        self.predicted_s / self.measured_s - 1.0
    }
}

fn compare(chain: &Chain, round: usize) -> Result<Pair, Failure> {
    let known = calibrate::calibrate(chain)?;
    let predicted_s = predict::period_s(chain, &known)?;
    let measured_s = run::period_s(chain)?;
    let worth_after = calibrate::worth();
    let is_steady = (worth_after / known.together.worth - 1.0).abs() < STEADY;
    let pair = Pair { predicted_s, measured_s, is_steady };
    println!(
        "{}",
        json!({
            "chain": chain.name,
            "round": round,
            "predicted_s": predicted_s,
            "measured_s": measured_s,
            "difference": pair.difference(),
            "steady": is_steady,
            "worth_of_two_after": worth_after,
            "known": known.to_json(),
        })
    );
    Ok(pair)
}

fn sum_up(chain: &Chain, pairs: &[Pair]) -> f64 {
    let steady: Vec<&Pair> = pairs.iter().filter(|pair| pair.is_steady).collect();
    let of = |figure: fn(&Pair) -> f64| {
        testkit::median(&steady.iter().map(|&pair| figure(pair)).collect::<Vec<_>>())
    };
    let (predicted_s, measured_s) = (of(|p| p.predicted_s), of(|p| p.measured_s));
    let difference = of(Pair::difference);
    println!(
        "{}",
        json!({
            "chain": chain.name,
            "plan": chain.plan_text(),
            "rounds": steady.len(),
            "disturbed_rounds": pairs.len() - steady.len(),
            "predicted_s": predicted_s,
            "measured_s": measured_s,
            "difference": difference,
        })
    );
    difference
}

/// The period over the middle of a run, of the times at which frames left: neither filling nor draining counts.
fn middle_period_s(left_s: &[f64]) -> f64 {
    let (first, last) = (left_s.len() / 5, left_s.len() * 4 / 5);
    (left_s[last] - left_s[first]) / (last - first) as f64
}
