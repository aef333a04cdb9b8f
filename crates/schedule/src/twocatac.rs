//! 2CATAC: like FERTAC, but every stage tries both core types and keeps the better plan of the rest.
//!
//! *Two-Choice Allocation for TAsk Chains* (arXiv 2502.10000, 2025), for two core types. Of two plans that keep the
//! period the better one has more little and fewer big cores, otherwise fewer cores; if neither holds, the one that
//! continues with the other type.
//!
//! The published recursion visits up to 2^stages nodes per probe, which takes seconds for 60 tasks. But the plan of a
//! rest depends only on its first task, the cores left and the type tried first; so each such state is visited once
//! here, and the plans are the same. So that no input runs for ever, a probe visits at most [`NODE_LIMIT`] states and
//! then counts as failed: beyond it the plan is legal, but may be slower than the published one.

use crate::error::Error;
use crate::fertac::bounds;
use crate::fraction::Ratio;
use crate::greedy::{Cut, Rule, stage_of};
use crate::plan::{Plan, Stage};
use crate::problem::Problem;
use crate::search::published;
use crate::table::Pace;
use crate::{Algorithm, Optimal};
use std::collections::HashMap;

/// States that one probe may visit.
pub const NODE_LIMIT: usize = 1 << 20;

pub(crate) const ALGORITHM: Algorithm = Algorithm {
    name: "2catac",
    about: "tries both core types at every stage, of at most two types",
    optimal: Optimal::Never,
    solve,
};

fn solve(problem: &Problem) -> Result<Plan, Error> {
    let types = problem.usable();
    let [big, little] = match types[..] {
        [only] => [only, only],
        [big, little] => [big, little],
        _ => return Err(Error::CoreTypes { algorithm: ALGORITHM.name, limit: 2, got: types.len() }),
    };
    let cores = [problem.count(big), if big == little { 0 } else { problem.count(little) }];
    let probe = |period: Ratio| {
        let pace = Pace::new(period, cores[0].max(cores[1]));
        Tree { problem, types: [big, little], pace: &pace, known: HashMap::new() }.best(cores)
    };
    let stages = match problem.target_ticks().and_then(probe) {
        Some(stages) => stages,
        None => {
            let (low, step) = bounds(problem);
            published(problem, low, step, probe).stages
        }
    };
    Ok(Plan::price(problem, stages))
}

/// A rest of the chain: its first task, the cores left, the type that its first stage takes (0 big, 1 little).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Rest {
    first: usize,
    left: [usize; 2],
    side: usize,
}

/// How a rest is best planned: its first stage, the rest after that, and the cores of both.
#[derive(Debug, Clone, Copy)]
struct Best {
    cut: Cut,
    then: Option<Rest>,
    used: [usize; 2],
}

struct Tree<'a> {
    problem: &'a Problem,
    types: [usize; 2],
    pace: &'a Pace,
    known: HashMap<Rest, Option<Best>>,
}

impl Tree<'_> {
    fn best(&mut self, left: [usize; 2]) -> Option<Vec<Stage>> {
        let starts = [0, 1].map(|side| Rest { first: 0, left, side });
        for start in starts {
            self.visit(start)?;
        }
        let mut rest = self.better(starts[0], starts[1]);
        let mut stages = Vec::new();
        while let Some((at, best)) = rest {
            stages.push(stage_of(self.problem, at.first, best.cut, self.types[at.side]));
            rest = best.then.and_then(|then| Some((then, self.known(then)?)));
        }
        (!stages.is_empty()).then_some(stages)
    }

    /// Makes a rest known, everything that it depends on first; a stack of its own, since stages can be many. `None` at
    /// the limit.
    fn visit(&mut self, rest: Rest) -> Option<()> {
        let mut open = vec![rest];
        while let Some(&at) = open.last() {
            if self.known.len() > NODE_LIMIT {
                return None;
            }
            let next = self.first_stage(at).map(|cut| (cut, self.rests(at, cut)));
            let best = match next {
                None => None,
                Some((cut, None)) => Some(self.joined(at, cut, None)),
                Some((cut, Some(rests))) => {
                    let open_before = open.len();
                    open.extend(rests.iter().filter(|r| !self.known.contains_key(*r)));
                    if open.len() > open_before {
                        continue;
                    }
                    self.better(rests[0], rests[1]).map(|then| self.joined(at, cut, Some(then)))
                }
            };
            self.known.insert(at, best);
            open.pop();
        }
        Some(())
    }

    fn first_stage(&self, at: Rest) -> Option<Cut> {
        let rule = Rule { table: self.problem.table(), core_type: self.types[at.side], pace: self.pace };
        match at.left[at.side] {
            0 => None,
            left => rule.cut(at.first, Some(left)),
        }
    }

    /// What remains after a stage, continued with the same type or with the other; `None` at the end of the chain.
    fn rests(&self, at: Rest, cut: Cut) -> Option<[Rest; 2]> {
        let mut left = at.left;
        left[at.side] -= cut.cores;
        let rest = |side: usize| Rest { first: cut.end, left, side };
        (cut.end < self.problem.tasks().len()).then(|| [rest(at.side), rest(1 - at.side)])
    }

    fn joined(&self, at: Rest, cut: Cut, then: Option<(Rest, Best)>) -> Best {
        let mut used = then.map_or([0, 0], |(_, best)| best.used);
        used[at.side] += cut.cores;
        Best { cut, then: then.map(|t| t.0), used }
    }

    fn known(&self, rest: Rest) -> Option<Best> {
        self.known.get(&rest).copied().flatten()
    }

    /// The better of two rests; the second where neither is.
    fn better(&self, first: Rest, second: Rest) -> Option<(Rest, Best)> {
        let known = |rest: Rest| self.known(rest).map(|best| (rest, best));
        match (known(first), known(second)) {
            (Some(a), Some(b)) => Some(if is_better(a.1.used, b.1.used) { a } else { b }),
            (a, b) => a.or(b),
        }
    }
}

fn is_better([big, little]: [usize; 2], [other_big, other_little]: [usize; 2]) -> bool {
    if little > other_little && big < other_big {
        return true;
    }
    let worse = little < other_little && big > other_big;
    !worse && big + little < other_big + other_little
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fraction::Fraction;
    use crate::testing::{chain, check_plan, one_type};

    #[test]
    fn a_second_choice_finds_what_the_first_misses() {
        // FERTAC gives the little core to the first task, and the second is left with the big one.
        let problem = chain("30/30S 10/40S 30/30S", &[2, 1]).with_target(40.0).unwrap();
        let plan = ALGORITHM.solve(&problem).unwrap();
        check_plan(&problem, &plan);
        assert_eq!(plan.period, Fraction::from(40));
    }

    #[test]
    fn one_type_is_enough_and_three_are_too_many() {
        let problem = one_type("10 10 10 2S", 3);
        check_plan(&problem, &ALGORITHM.solve(&problem).unwrap());
        let three = chain("1/1/1", &[1, 1, 1]);
        assert_eq!(ALGORITHM.solve(&three), Err(Error::CoreTypes { algorithm: "2catac", limit: 2, got: 3 }));
        assert!(ALGORITHM.solve(&chain("1/1/1", &[1, 0, 1])).is_ok());
    }

    /// The recursion as published, without memory of what it has seen.
    fn recursion(tree: &Tree<'_>, at: Rest) -> Option<[usize; 2]> {
        let cut = tree.first_stage(at)?;
        let mut used = match tree.rests(at, cut) {
            None => [0, 0],
            Some([same, other]) => match (recursion(tree, same), recursion(tree, other)) {
                (Some(a), Some(b)) => {
                    if is_better(a, b) {
                        a
                    } else {
                        b
                    }
                }
                (a, b) => a.or(b)?,
            },
        };
        used[at.side] += cut.cores;
        Some(used)
    }

    #[test]
    fn seeing_each_state_once_changes_nothing() {
        let problem = chain("9/20 4/9S 8/9 7/21 3/8S 5/6 9/9 2/9S 4/5 8/21", &[4, 5]);
        for ticks in 8..40 {
            let pace = Pace::new(Ratio::new(ticks, 1), 5);
            let mut tree = Tree { problem: &problem, types: [0, 1], pace: &pace, known: HashMap::new() };
            for side in [0, 1] {
                let start = Rest { first: 0, left: [4, 5], side };
                tree.visit(start).unwrap();
                assert_eq!(tree.known(start).map(|b| b.used), recursion(&tree, start), "{ticks}");
            }
        }
    }
}
