//! HeRAD: the optimum for one or two core types by dynamic programming, as published; the reference for tests.
//!
//! *Heterogeneous Resource Allocation using Dynamic programming* (arXiv 2502.10000, 2025). The best plan of the first j
//! tasks on b big and l little cores is the best of: the one with a big or a little core less, and, for every last
//! stage that begins with task i and has u cores of one type, the best plan of the first i tasks on the cores that u
//! leaves. Periods that tie are decided by the cores used: more little and fewer big ones win, and so do not more of
//! either.
//!
//! O(n² b l (b + l)) time and O(n b l) memory. Cells are visited in the published order and ties decided as published.
//! Only combinations that are certainly longer than the best so far are left out: the last stage gets longer with
//! every task and shorter with every core, the rest longer with every core taken from it. That makes it about fifty
//! times faster and changes no result. [`crate::ALL`]'s `exact` is faster still.
//!
//! Periods are compared as `f64`, rounded once; they are those of distinct fractions in order as long as the sum of
//! costs times the cores stays below 2^51 ticks.

use crate::error::Error;
use crate::plan::{Plan, Stage, stage};
use crate::problem::Problem;
use crate::table::Scaling;
use crate::{Algorithm, Optimal};

pub(crate) const ALGORITHM: Algorithm = Algorithm {
    name: "herad",
    about: "dynamic programming over at most two core types: the reference, slow",
    optimal: Optimal::TwoTypes,
    solve,
};

/// Cells of the table, each of 32 bytes.
const CELL_LIMIT: u128 = 1 << 24;

fn solve(problem: &Problem) -> Result<Plan, Error> {
    let types = problem.usable();
    let [big, little] = match types[..] {
        [only] => [only, only],
        [big, little] => [big, little],
        _ => return Err(Error::CoreTypes { algorithm: ALGORITHM.name, limit: 2, got: types.len() }),
    };
    let cores = [problem.count(big), if big == little { 0 } else { problem.count(little) }];
    let cells = (cores[0] as u128 + 1) * (cores[1] as u128 + 1) * problem.tasks().len() as u128;
    if cells > CELL_LIMIT {
        return Err(Error::TooLarge { algorithm: ALGORITHM.name, cells, limit: CELL_LIMIT });
    }
    let mut table = Table::new(problem, [big, little], cores);
    for end in 0..problem.tasks().len() {
        table.fill_first_stage(end);
        table.fill(end);
    }
    Ok(Plan::price(problem, table.stages(table.answer())))
}

/// The best plan of the first tasks on given cores: its period, the cores it uses, and its last stage.
#[derive(Debug, Clone, Copy)]
struct Cell {
    period: f64,
    /// Big and little cores used.
    used: [u16; 2],
    /// First task of the last stage.
    start: u32,
    /// Cores of the last stage.
    cores: u16,
    /// Its type: 0 big, 1 little.
    side: u8,
    /// Cores left for the tasks before the last stage.
    rest: [u16; 2],
}

const NONE: Cell = Cell { period: f64::INFINITY, used: [0, 0], start: 0, cores: 0, side: 0, rest: [0, 0] };

impl Cell {
    /// Whether the published order of preferences replaces this cell by another of that period and those cores.
    fn yields_to(&self, period: f64, [big, little]: [u16; 2]) -> bool {
        let [my_big, my_little] = self.used;
        let more_little = little > my_little && big < my_big;
        let not_more = little <= my_little && big <= my_big;
        period < self.period || (period == self.period && (more_little || not_more))
    }
}

struct Table<'a> {
    problem: &'a Problem,
    types: [usize; 2],
    cores: [usize; 2],
    /// `[end][big][little]`, `end` counting from the first task alone.
    cells: Vec<Cell>,
    /// The periods of `cells` again: all that the inner loop reads, and a quarter of the memory.
    periods: Vec<f64>,
}

/// Where a cell stands: the last of its tasks and its cores.
#[derive(Debug, Clone, Copy)]
struct At {
    end: usize,
    cores: [usize; 2],
}

impl<'a> Table<'a> {
    fn new(problem: &'a Problem, types: [usize; 2], cores: [usize; 2]) -> Self {
        let n_cells = (cores[0] + 1) * (cores[1] + 1) * problem.tasks().len();
        Self { problem, types, cores, cells: vec![NONE; n_cells], periods: vec![f64::INFINITY; n_cells] }
    }

    fn index(&self, At { end, cores: [big, little] }: At) -> usize {
        (end * (self.cores[0] + 1) + big) * (self.cores[1] + 1) + little
    }

    /// The whole prefix as one stage: little cores if they are no slower.
    fn fill_first_stage(&mut self, end: usize) {
        for big in 0..=self.cores[0] {
            for little in 0..=self.cores[1] {
                let (on_big, on_little) = (self.one_stage(end, 0, big), self.one_stage(end, 1, little));
                let cell = if on_big.period < on_little.period { on_big } else { on_little };
                self.store(At { end, cores: [big, little] }, cell);
            }
        }
    }

    fn one_stage(&self, end: usize, side: usize, cores: usize) -> Cell {
        if cores == 0 {
            return NONE;
        }
        let single = self.problem.table().scaling(&(0..end + 1)) != Scaling::Replicas;
        let cores = if single { 1 } else { cores };
        let period = self.work(0, end, side) / cores as f64;
        let mut used = [0, 0];
        used[side] = narrow(cores);
        Cell { period, used, cores: narrow(cores), side: u8::from(side == 1), ..NONE }
    }

    fn fill(&mut self, end: usize) {
        for big in 0..=self.cores[0] {
            for little in 0..=self.cores[1] {
                if big + little > 0 {
                    let at = At { end, cores: [big, little] };
                    let cell = self.best(at);
                    self.store(at, cell);
                }
            }
        }
    }

    fn store(&mut self, at: At, cell: Cell) {
        let index = self.index(at);
        self.cells[index] = cell;
        self.periods[index] = cell.period;
    }

    fn best(&self, at: At) -> Cell {
        let mut best = self.cells[self.index(at)];
        for side in [1, 0] {
            if at.cores[side] > 0 {
                let mut fewer = at;
                fewer.cores[side] -= 1;
                let neighbor = self.cells[self.index(fewer)];
                if best.yields_to(neighbor.period, neighbor.used) {
                    best = neighbor;
                }
            }
        }
        let mut sides = [0, 1].map(|side| Side { side, least: 1, open: at.cores[side] > 0 });
        for start in (1..=at.end).rev() {
            for side in &mut sides {
                if side.open {
                    self.try_last_stage(at, start, side, &mut best);
                }
            }
            if !sides[0].open && !sides[1].open {
                break;
            }
        }
        best
    }

    /// All core counts of a last stage that begins with `start`.
    fn try_last_stage(&self, at: At, start: usize, side: &mut Side, best: &mut Cell) {
        let Side { side: s, least, open } = side;
        let replicable = self.problem.table().next_fixed(start) > at.end;
        let most = if replicable { at.cores[*s] } else { 1 };
        let work = self.work(start, at.end, *s);
        while *least <= most && work / *least as f64 > best.period {
            *least += 1;
        }
        if *least > most {
            // Longer stages take longer still, and the best only improves.
            *open = false;
            return;
        }
        let stride = if *s == 0 { self.cores[1] + 1 } else { 1 };
        let before = self.index(At { end: start - 1, cores: at.cores });
        for cores in *least..=most {
            let rest = before - cores * stride;
            if self.periods[rest] > best.period {
                break;
            }
            let period = self.periods[rest].max(work / cores as f64);
            let mut used = self.cells[rest].used;
            used[*s] += narrow(cores);
            if best.yields_to(period, used) {
                let mut left = at.cores;
                left[*s] -= cores;
                let rest = left.map(narrow);
                let start = u32::try_from(start).unwrap_or(u32::MAX);
                *best = Cell { period, used, start, cores: narrow(cores), side: u8::from(*s == 1), rest };
            }
        }
    }

    /// Ticks of the tasks `start..=end` on one core, exact.
    #[expect(clippy::cast_precision_loss, reason = "ticks are below 2^52")]
    fn work(&self, start: usize, end: usize, side: usize) -> f64 {
        self.problem.table().work(start..end + 1, self.types[side]) as f64
    }

    /// All cores, or with a target the fewest big and then little ones that keep it.
    fn answer(&self) -> At {
        let end = self.problem.tasks().len() - 1;
        let target = self.problem.target_ticks().map(crate::fraction::Ratio::to_f64);
        let all =
            (0..=self.cores[0]).flat_map(|b| (0..=self.cores[1]).map(move |l| At { end, cores: [b, l] }));
        let mut keeping = all.filter(|&at| target.is_some_and(|t| self.periods[self.index(at)] <= t));
        keeping.next().unwrap_or(At { end, cores: self.cores })
    }

    /// The stages of a cell, neighbors of one type that are replicable joined, as published.
    fn stages(&self, mut at: At) -> Vec<Stage> {
        let mut stages = Vec::new();
        loop {
            let cell = self.cells[self.index(at)];
            let start = cell.start as usize;
            let core_type = self.types[usize::from(cell.side)];
            stages.push(stage(self.problem, start..at.end + 1, core_type, cell.cores.into()));
            if start == 0 {
                break;
            }
            at = At { end: start - 1, cores: cell.rest.map(usize::from) };
        }
        stages.reverse();
        self.joined(stages)
    }

    fn joined(&self, stages: Vec<Stage>) -> Vec<Stage> {
        let replicable = |s: &Stage| self.problem.table().scaling(&s.tasks) == Scaling::Replicas;
        let mut joined: Vec<Stage> = Vec::new();
        for stage in stages {
            match joined.last_mut() {
                Some(last) if last.core_type == stage.core_type && replicable(last) && replicable(&stage) => {
                    last.tasks.end = stage.tasks.end;
                    last.replicas += stage.replicas;
                }
                _ => joined.push(stage),
            }
        }
        joined
    }
}

/// The state of one core type while the last stage of a cell grows to the left.
struct Side {
    side: usize,
    /// No last stage from here on keeps the best period with fewer cores.
    least: usize,
    /// Whether any can.
    open: bool,
}

#[expect(clippy::cast_possible_truncation, reason = "a problem has at most MAX_CORES of a type")]
fn narrow(cores: usize) -> u16 {
    cores as u16
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fraction::Fraction;
    use crate::testing::{chain, check_plan};

    #[test]
    fn little_cores_are_preferred_where_they_keep_the_period() {
        let problem = chain("10/20S 20/20S", &[2, 2]);
        let plan = ALGORITHM.solve(&problem).unwrap();
        check_plan(&problem, &plan);
        assert_eq!((plan.period, plan.cores), (Fraction::from(20), vec![0, 2]));
        let target = ALGORITHM.solve(&problem.with_target(35.0).unwrap()).unwrap();
        assert_eq!(target.cores, [0, 2]);
    }

    #[test]
    fn neighbors_are_joined() {
        let problem = chain("10/20 10/20", &[2, 0]);
        let plan = ALGORITHM.solve(&problem).unwrap();
        check_plan(&problem, &plan);
        assert_eq!((plan.stages.len(), plan.period), (1, Fraction::from(10)));
    }

    #[test]
    fn three_types_and_huge_tables_are_refused() {
        let three = ALGORITHM.solve(&chain("1/1/1", &[1, 1, 1]));
        assert_eq!(three, Err(Error::CoreTypes { algorithm: "herad", limit: 2, got: 3 }));
        let huge = ALGORITHM.solve(&chain("1/1", &[32_767, 32_767]));
        assert!(matches!(huge, Err(Error::TooLarge { .. })));
    }
}
