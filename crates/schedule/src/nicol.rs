//! Nicol's partition of a chain: the shortest period without any replication.
//!
//! D. M. Nicol, *Rectilinear partitioning of irregular data parallel computations*, J. Parallel Distrib. Comput. 23
//! (1994): for one core after the other, bisection finds the shortest first part that could be the longest of all;
//! either it is, or the part is one task shorter. Here it is a baseline: what stages alone give, on the best type.

use crate::error::Error;
use crate::plan::{Plan, Stage, stage};
use crate::problem::Problem;
use crate::table::Table;
use crate::{Algorithm, Optimal};
use std::ops::Range;

pub(crate) const ALGORITHM: Algorithm = Algorithm {
    name: "nicol",
    about: "baseline: the best stages of one core each, no replicas, on the best core type",
    optimal: Optimal::Never,
    solve: |problem| {
        let plans = problem.usable().into_iter().map(|v| Plan::price(problem, on(problem, v)));
        plans.reduce(|a, b| if b.beats(&a) { b } else { a }).ok_or(Error::NoCores { types: 0 })
    },
};

fn on(problem: &Problem, core_type: usize) -> Vec<Stage> {
    let parts = Parts { table: problem.table(), core_type };
    let cores = problem.count(core_type);
    let target = problem.target_ticks().map(|t| u64::try_from(t.num / t.den).unwrap_or(u64::MAX));
    let kept = target.and_then(|longest| parts.cut(0, longest, cores));
    let cut = kept.or_else(|| parts.cut(0, parts.shortest(cores), cores));
    cut.unwrap_or_default().into_iter().map(|tasks| stage(problem, tasks, core_type, 1)).collect()
}

struct Parts<'a> {
    table: &'a Table,
    core_type: usize,
}

impl Parts<'_> {
    /// The tasks from `first` on in the fewest parts that are no longer than `longest`, if so many are enough.
    fn cut(&self, first: usize, longest: u64, parts: usize) -> Option<Vec<Range<usize>>> {
        let (mut cut, mut start) = (Vec::new(), first);
        while start < self.table.n_tasks() {
            let ends = start + 1..=self.table.n_tasks();
            let end = start + ends.into_iter().take_while(|&end| self.work(start..end) <= longest).count();
            if end == start || cut.len() == parts {
                return None;
            }
            cut.push(start..end);
            start = end;
        }
        Some(cut)
    }

    /// The least longest part among so many.
    fn shortest(&self, parts: usize) -> u64 {
        let n = self.table.n_tasks();
        let (mut start, mut best) = (0, self.work(0..n));
        for left in (2..=parts.min(n)).rev() {
            let (mut low, mut high) = (start + 1, n);
            while low < high {
                let end = usize::midpoint(low, high);
                let enough = self.cut(start, self.work(start..end), left).is_some();
                if enough { high = end } else { low = end + 1 }
            }
            best = best.min(self.work(start..high));
            start = high - 1;
        }
        best.min(self.work(start..n))
    }

    fn work(&self, tasks: Range<usize>) -> u64 {
        self.table.work(tasks, self.core_type)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fraction::Fraction;
    use crate::testing::{check_plan, one_type};

    /// All ways to cut a chain.
    fn brute(costs: &[u64], parts: usize) -> u64 {
        if parts == 1 || costs.len() == 1 {
            return costs.iter().sum();
        }
        let first = |end: usize| costs[..end].iter().sum::<u64>().max(brute(&costs[end..], parts - 1));
        (1..costs.len()).map(first).chain([costs.iter().sum()]).min().unwrap()
    }

    #[test]
    fn no_partition_is_shorter() {
        let mut state = 7u64;
        for case in 0..300 {
            let mut costs = Vec::new();
            for _ in 0..case % 9 + 1 {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                costs.push((state >> 33) % 20);
            }
            let text: Vec<String> = costs.iter().map(u64::to_string).collect();
            for parts in 1..6 {
                let problem = one_type(&text.join(" "), parts);
                let plan = ALGORITHM.solve(&problem).unwrap();
                check_plan(&problem, &plan);
                assert_eq!(plan.period, Fraction::from(brute(&costs, parts as usize)), "{costs:?} {parts}");
            }
        }
    }

    #[test]
    fn a_target_takes_the_fewest_parts() {
        let problem = one_type("3 3 3 3", 4).with_target(6.5).unwrap();
        assert_eq!(ALGORITHM.solve(&problem).unwrap().cores, [2]);
    }
}
