//! All plans, one by one: every cut, every core type, every number of cores.

use crate::random::Random;
use facette_schedule::{Fraction, Kind, Task};
use std::ops::Range;

/// The shortest period (or the target) and all numbers of cores that keep it and waste none.
#[derive(Debug)]
pub(crate) struct Best {
    pub(crate) period: Fraction,
    pub(crate) frontier: Vec<Vec<u32>>,
}

pub(crate) fn best(random: &Random) -> Best {
    let cores: Vec<u32> = random.problem.core_types().iter().map(|c| c.count).collect();
    let mut seen = Seen { random, best: None, used: Vec::new() };
    let target = random.problem.target().map(exact);
    seen.best = target;
    seen.rest(0, &cores, Fraction::ZERO, 0);
    let used: Vec<Vec<u32>> =
        seen.used.iter().map(|left| cores.iter().zip(left).map(|(c, l)| c - l).collect()).collect();
    let mut frontier: Vec<Vec<u32>> =
        used.iter().filter(|u| !used.iter().any(|o| wastes(u, o))).cloned().collect();
    frontier.sort();
    frontier.dedup();
    Best { period: seen.best.unwrap(), frontier }
}

/// Whether `a` uses no less of anything than `b`, and is not the same.
fn wastes(a: &[u32], b: &[u32]) -> bool {
    a != b && a.iter().zip(b).all(|(a, b)| a >= b)
}

struct Seen<'a> {
    random: &'a Random,
    best: Option<Fraction>,
    /// Cores left by all plans with the best period.
    used: Vec<Vec<u32>>,
}

impl Seen<'_> {
    fn rest(&mut self, first: usize, left: &[u32], period: Fraction, memory: u64) {
        let problem = &self.random.problem;
        let too_long = self.best.is_some_and(|best| period > best);
        if too_long || problem.memory_cap().is_some_and(|cap| memory > cap) {
            return;
        }
        let n = problem.tasks().len();
        if first == n {
            if problem.target().is_none() && self.best.is_none_or(|best| period < best) {
                (self.best, self.used) = (Some(period), Vec::new());
            }
            if !self.used.contains(&left.to_vec()) {
                self.used.push(left.to_vec());
            }
            return;
        }
        for end in first + 1..=n {
            for v in 0..left.len() {
                for cores in 1..=left[v] {
                    let Some((time, replicas)) = self.stage(first..end, v, cores) else { break };
                    let kept: u64 = problem.tasks()[first..end].iter().map(|t| t.memory_bytes).sum();
                    let mut left = left.to_vec();
                    left[v] -= cores;
                    self.rest(end, &left, period.max(time), memory + kept * u64::from(replicas));
                }
            }
        }
    }

    /// Time and replicas of a stage; `None` where it cannot have so many cores.
    fn stage(&self, tasks: Range<usize>, v: usize, cores: u32) -> Option<(Fraction, u32)> {
        let crossing = &self.random.crossing;
        let before = if tasks.start > 0 { crossing[tasks.start - 1] } else { 0 };
        let after = if tasks.end < crossing.len() { crossing[tasks.end - 1] } else { 0 };
        let tasks = &self.random.problem.tasks()[tasks];
        let crossing = (before + after) as f64;
        if tasks.iter().all(|t| t.kind == Kind::Replicable) {
            let work = crossing + tasks.iter().map(|t| t.costs[v]).sum::<f64>();
            return Some((Fraction::new(exact(work).num(), cores.into())?, cores));
        }
        if cores > 1 && !tasks.iter().any(|t| matches!(t.kind, Kind::Parallel(_))) {
            return None;
        }
        let work = crossing + tasks.iter().map(|t| on_team(t, v, cores)).sum::<f64>();
        Some((exact(work), 1))
    }
}

fn on_team(task: &Task, v: usize, cores: u32) -> f64 {
    let cost = task.costs[v];
    let Kind::Parallel(measured) = &task.kind else { return cost };
    let reached = measured.iter().filter(|m| m.0 <= cores);
    reached.map(|m| cost / (f64::from(m.0) * m.1)).fold(cost, f64::min)
}

/// A sum of eighths as a fraction.
fn exact(value: f64) -> Fraction {
    assert_eq!((value * 8.0).fract(), 0.0, "{value}");
    Fraction::new((value * 8.0) as u128, 8).unwrap()
}
