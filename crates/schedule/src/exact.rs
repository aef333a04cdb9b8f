//! The exact search for any number of core types, with crossing, teams, memory and targets.
//!
//! For a period, the table of [`crate::cells`] says which numbers of cores suffice; a search over the period (as in
//! OTAC) finds the least for which some numbers do, among those that there are. The same table then holds all
//! *frontier* points at that period: numbers of cores of which none can be lowered without raising another.
//!
//! O(n² Π(c + 1)) per probe, the product running over all core types but the one with the most cores, and about
//! log2(n R) probes. Two types of 160 cores and 160 tasks take milliseconds, where dynamic programming over cores
//! (HeRAD) takes seconds; a cap on memory adds the last type to the product.

use crate::cells::{Amount, Axes, Cells};
use crate::error::Error;
use crate::fertac;
use crate::fraction::{Fraction, Ratio};
use crate::plan::{Plan, stage};
use crate::problem::Problem;
use crate::search::{Found, exact};
use crate::table::{Load, Scaling, Table};
use crate::{Algorithm, Optimal};

pub(crate) const ALGORITHM: Algorithm = Algorithm {
    name: "exact",
    about: "shortest period on any core types, with crossing, teams, memory and targets; fewest big cores",
    optimal: Optimal::Always,
    // Invariant: where there is a period, its frontier has a point.
    solve: |problem| Ok(plans(problem, 1)?.1.remove(0)),
};

/// All ways to keep the shortest period (or the target) that differ in cores and waste none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frontier {
    /// The period that every plan keeps: the optimum, or the target.
    pub period: Fraction,
    /// One plan for each way, fewest cores of the first type first. Never empty.
    pub plans: Vec<Plan>,
}

impl Frontier {
    /// The plan that uses the fewest cores in all; of those the one with the fewest of the first types.
    #[must_use]
    pub fn fewest_cores(&self) -> Option<&Plan> {
        self.plans.iter().min_by_key(|p| (p.cores_in_all(), p.cores.clone()))
    }
}

/// The frontier of a problem.
///
/// # Errors
/// [`Error::Target`] where the target cannot be met, [`Error::TooLarge`].
pub fn frontier(problem: &Problem) -> Result<Frontier, Error> {
    let (period, plans) = plans(problem, usize::MAX)?;
    Ok(Frontier { period, plans })
}

/// The shortest period, or the target, and the first plans of its frontier.
fn plans(problem: &Problem, how_many: usize) -> Result<(Fraction, Vec<Plan>), Error> {
    match problem.memory_cap() {
        None => {
            let axes = Axes::new(problem, false)?;
            let limit = axes.counted.map_or(0, |v| problem.count(v));
            Search::<u16> { problem, axes: &axes, limit: u16::of(limit, 0) }.plans(how_many)
        }
        Some(cap) => {
            let axes = Axes::new(problem, true)?;
            // The largest number stands for no plan.
            Search::<u64> { problem, axes: &axes, limit: cap.min(u64::MAX - 1) }.plans(how_many)
        }
    }
}

struct Search<'a, A> {
    problem: &'a Problem,
    axes: &'a Axes,
    /// The most that the value of a cell may be: cores of the counted type, or bytes.
    limit: A,
}

impl<A: Amount> Search<'_, A> {
    fn plans(&self, how_many: usize) -> Result<(Fraction, Vec<Plan>), Error> {
        let period = match self.problem.target_ticks() {
            Some(target) if self.keeps(target) => target,
            _ => self.least_period(),
        };
        let cells = self.fill(period);
        let mut points = self.points(&cells);
        points.sort();
        let plans = points.into_iter().take(how_many);
        let plans: Vec<Plan> = plans.map(|(_, cell)| Plan::price(self.problem, cells.stages(cell))).collect();
        let period = self.problem.period(period);
        match (self.problem.target(), self.problem.target_ticks()) {
            (Some(target), Some(ticks)) if period > self.problem.period(ticks) => {
                Err(Error::Target { algorithm: "exact", target, reached: period.to_f64() })
            }
            _ => Ok((period, plans)),
        }
    }

    fn fill(&self, period: Ratio) -> Cells<'_, A> {
        Cells::fill(self.problem, self.axes, period)
    }

    /// The cell of all cores: no other has a lower value.
    fn all(&self) -> usize {
        self.axes.n_cells - 1
    }

    fn keeps(&self, period: Ratio) -> bool {
        self.fill(period).last(self.all()) <= self.limit
    }

    fn least_period(&self) -> Ratio {
        let probe = |period: Ratio| {
            let cells = self.fill(period);
            if cells.last(self.all()) <= self.limit {
                return Ok(Found::new(self.problem, cells.stages(self.all())));
            }
            Err(cells.relief.unwrap_or(period))
        };
        exact(floor(self.problem), known(self.problem), probe).period
    }

    /// Numbers of cores of which none can be lowered, and their cells.
    fn points(&self, cells: &Cells<'_, A>) -> Vec<(Vec<u64>, usize)> {
        // Bytes only have to stay below the cap; cores of the counted type are worth lowering.
        let worth = |cell: usize| match (cells.last(cell), self.axes.counted) {
            (value, _) if value > self.limit => A::NEVER,
            (value, Some(_)) => value,
            (_, None) => A::ZERO,
        };
        let wasteful = |cell: usize| {
            let mut fewer = self.axes.indexed.iter().filter_map(|axis| axis.one_less(cell));
            fewer.any(|less| worth(less) <= worth(cell))
        };
        let good = (0..self.axes.n_cells).filter(|&c| worth(c) != A::NEVER && !wasteful(c));
        good.map(|cell| (self.cores(cells, cell), cell)).collect()
    }

    /// Cores of each type that a cell of the whole chain stands for.
    fn cores(&self, cells: &Cells<'_, A>, cell: usize) -> Vec<u64> {
        let mut cores = vec![0; self.problem.core_types().len()];
        self.axes.indexed.iter().for_each(|axis| cores[axis.core_type] = axis.cores(cell) as u64);
        if let Some(v) = self.axes.counted {
            cores[v] = cells.last(cell).number();
        }
        cores
    }
}

/// No period is shorter: the task that takes longest on its best cores, and all cores busy with the cheapest work.
fn floor(problem: &Problem) -> Ratio {
    let (table, usable) = (problem.table(), problem.usable());
    let cores: usize = usable.iter().map(|&v| problem.count(v)).sum();
    let (mut longest, mut work) = (Ratio::ZERO, 0);
    for i in 0..table.n_tasks() {
        let times = usable.iter().map(|&v| table.time(&table.alone(i, v), problem.count(v)));
        longest = longest.max(times.min().unwrap_or(Ratio::ZERO));
        work += usable.iter().map(|&v| least_work(table, &table.alone(i, v))).min().unwrap_or(0);
    }
    longest.max(Ratio::new(work, cores))
}

/// Core time that a frame takes at least: a team may be more than efficient, so that of its best size.
fn least_work(table: &Table, load: &Load) -> u64 {
    if load.scaling != Scaling::Team {
        return load.ticks;
    }
    let work = |r: usize| table.time(load, r).num.saturating_mul(r as u128);
    let least = (1..=table.largest_team(load.core_type)).map(work).min();
    least.and_then(|work| u64::try_from(work).ok()).unwrap_or(load.ticks)
}

/// A plan to begin with: the greedy one, or where that keeps too much memory, everything on one core.
fn known(problem: &Problem) -> Found {
    let greedy = Found::new(problem, fertac::solve(problem));
    let memory = Plan::price(problem, greedy.stages.clone()).memory_bytes;
    if problem.memory_cap().is_none_or(|cap| memory <= cap) {
        return greedy;
    }
    let all = 0..problem.tasks().len();
    let single = |v: usize| Found::new(problem, vec![stage(problem, all.clone(), v, 1)]);
    problem.usable().into_iter().map(single).min_by_key(|found| found.period).unwrap_or(greedy)
}
