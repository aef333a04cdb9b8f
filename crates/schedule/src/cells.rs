//! The table of the exact search: what the first tasks of a chain need at a given period, for all numbers of cores.
//!
//! For a period P let c(i, j, v) be the least cores of type v with which a stage of the tasks i..j keeps P. With two
//! types, `F[j][b]` = the least little cores with which the first j tasks keep P beside at most b big ones:
//!
//! ```text
//! F[0][b] = 0        F[j][b] = min over i of  min( F[i][b − c(i, j, big)],  F[i][b] + c(i, j, little) )
//! ```
//!
//! With k types the index counts the cores of all types but one, and the value those of that one (the type with the
//! most cores, so that the table is small). With a cap on memory the index counts all types, and the value is bytes.
//!
//! 1. One stage per core count is enough: of the stages that end with task j and need c cores, the one that begins
//!    first leaves least to the others. Not so with crossing or memory, where more tasks may cost less or more.
//! 2. A stage that is too long on all cores of a type ends the loop over i: it only gets longer.
//! 3. On failure, the least period at which any c(i, j, v) falls is the next one at which the answer can change.

use crate::error::Error;
use crate::fraction::Ratio;
use crate::plan::{Stage, stage};
use crate::problem::Problem;
use crate::table::{Load, Need, Pace};

/// Cells that a table may have.
pub(crate) const CELL_LIMIT: u128 = 1 << 26;

/// A value of a cell: cores of one type, or bytes.
pub(crate) trait Amount: Copy + Ord {
    const ZERO: Self;
    /// No plan.
    const NEVER: Self;
    fn plus(self, other: Self) -> Self;
    /// Cores, or the bytes of so many replicas.
    fn of(cores: usize, bytes: u64) -> Self;
    /// The number, of cores or of bytes.
    fn number(self) -> u64;
}

impl Amount for u16 {
    const ZERO: Self = 0;
    const NEVER: Self = Self::MAX;
    fn plus(self, other: Self) -> Self {
        self.saturating_add(other)
    }
    fn of(cores: usize, _bytes: u64) -> Self {
        Self::try_from(cores).unwrap_or(Self::MAX)
    }
    fn number(self) -> u64 {
        self.into()
    }
}

impl Amount for u64 {
    const ZERO: Self = 0;
    const NEVER: Self = Self::MAX;
    fn plus(self, other: Self) -> Self {
        self.saturating_add(other)
    }
    fn of(_cores: usize, bytes: u64) -> Self {
        bytes
    }
    fn number(self) -> u64 {
        self
    }
}

/// How cores are counted: which types by position, which one by value.
#[derive(Debug, Clone)]
pub(crate) struct Axes {
    /// Core types that the index of a cell counts, in order.
    pub(crate) indexed: Vec<Axis>,
    /// The type that the value counts; `None` where the value is bytes.
    pub(crate) counted: Option<usize>,
    /// Cells for each number of tasks.
    pub(crate) n_cells: usize,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Axis {
    pub(crate) core_type: usize,
    pub(crate) count: usize,
    stride: usize,
}

impl Axes {
    pub(crate) fn new(problem: &Problem, count_bytes: bool) -> Result<Self, Error> {
        let usable = problem.usable();
        let most = usable.iter().copied().max_by_key(|&v| problem.count(v));
        let counted = most.filter(|_| !count_bytes);
        let (mut indexed, mut n_cells) = (Vec::new(), 1u128);
        for v in usable.into_iter().filter(|&v| Some(v) != counted) {
            let (count, stride) = (problem.count(v), usize::try_from(n_cells).unwrap_or(usize::MAX));
            indexed.push(Axis { core_type: v, count, stride });
            n_cells = n_cells.saturating_mul(count as u128 + 1);
        }
        let cells = n_cells.saturating_mul(problem.tasks().len() as u128 + 1);
        if cells > CELL_LIMIT {
            return Err(Error::TooLarge { algorithm: "exact", cells, limit: CELL_LIMIT });
        }
        Ok(Self { indexed, counted, n_cells: usize::try_from(n_cells).unwrap_or(usize::MAX) })
    }
}

impl Axis {
    /// Cores that the index of a cell stands for.
    pub(crate) fn cores(&self, cell: usize) -> usize {
        cell / self.stride % (self.count + 1)
    }

    /// The cell with one core less.
    pub(crate) fn one_less(&self, cell: usize) -> Option<usize> {
        (self.cores(cell) > 0).then(|| cell - self.stride)
    }
}

/// The filled table at one period.
pub(crate) struct Cells<'a, A> {
    problem: &'a Problem,
    axes: &'a Axes,
    pace: Pace,
    /// `[tasks][cell]`.
    values: Vec<A>,
    /// The next longer period at which the table can change.
    pub(crate) relief: Option<Ratio>,
}

impl<'a, A: Amount> Cells<'a, A> {
    pub(crate) fn fill(problem: &'a Problem, axes: &'a Axes, period: Ratio) -> Self {
        let most = problem.usable().into_iter().map(|v| problem.count(v)).max().unwrap_or(0);
        let n = problem.tasks().len();
        let mut values = vec![A::NEVER; (n + 1) * axes.n_cells];
        values[..axes.n_cells].fill(A::ZERO);
        let mut cells = Self { problem, axes, pace: Pace::new(period, most), values, relief: None };
        for end in 1..=n {
            for v in problem.usable() {
                cells.fill_row(end, v);
            }
        }
        cells
    }

    /// All last stages of the first `end` tasks on cores of type `v`.
    fn fill_row(&mut self, end: usize, v: usize) {
        let (table, limit) = (self.problem.table(), self.problem.count(v));
        let crossing = self.problem.has_crossing();
        let one_each = !crossing && self.axes.counted.is_some();
        let mut waiting: Option<(usize, usize)> = None;
        for start in (0..end).rev() {
            let load = table.load(start..end, v);
            let need = self.pace.need(table, &load, limit);
            match need.cores {
                Some(cores) if one_each => match waiting.replace((start, cores)) {
                    // The first stage of a core count is the shortest, so its relief is the least.
                    Some((_, same)) if same == cores => {}
                    Some((before, fewer)) => {
                        self.note(need);
                        self.add_stage(before, end, v, fewer);
                    }
                    None => self.note(need),
                },
                Some(cores) => {
                    self.note(need);
                    self.add_stage(start, end, v, cores);
                }
                None => {
                    self.note(need);
                    if !crossing || self.never_again(&load, limit) {
                        break;
                    }
                }
            }
        }
        if let Some((start, cores)) = waiting {
            self.add_stage(start, end, v, cores);
        }
    }

    fn note(&mut self, need: Need) {
        self.relief = match (self.relief, need.relief) {
            (Some(known), Some(new)) => Some(known.min(new)),
            (known, new) => known.or(new),
        };
    }

    /// Whether a stage is too long even without crossing, so that all longer ones are, too.
    fn never_again(&mut self, load: &Load, limit: usize) -> bool {
        let table = self.problem.table();
        let ticks = load.ticks - table.crossing(&(load.first..load.end));
        let need = self.pace.need(table, &Load { ticks, ..*load }, limit);
        if need.cores.is_none() {
            self.note(need);
        }
        need.cores.is_none()
    }

    /// Lets the tasks `start..end` be the last stage, on `cores` cores of type `v`.
    fn add_stage(&mut self, start: usize, end: usize, v: usize, cores: usize) {
        let amount = self.amount(start, end, v, cores);
        let n_cells = self.axes.n_cells;
        let (before, row) = self.values.split_at_mut(end * n_cells);
        let (from, row) = (&before[start * n_cells..][..n_cells], &mut row[..n_cells]);
        let improve = |from: &[A], to: &mut [A]| {
            for (to, from) in to.iter_mut().zip(from) {
                *to = (*to).min(from.plus(amount));
            }
        };
        let Some(axis) = self.axes.indexed.iter().find(|a| a.core_type == v) else {
            return improve(from, row);
        };
        let (shift, block) = (cores * axis.stride, (axis.count + 1) * axis.stride);
        for (from, to) in from.chunks(block).zip(row.chunks_mut(block)) {
            improve(&from[..block - shift], &mut to[shift..]);
        }
    }

    /// What a stage adds to the value of a cell.
    fn amount(&self, start: usize, end: usize, v: usize, cores: usize) -> A {
        if self.axes.counted == Some(v) {
            return A::of(cores, 0);
        }
        if self.axes.counted.is_some() {
            return A::ZERO;
        }
        let replicas = u64::from(stage(self.problem, start..end, v, cores).replicas);
        A::of(0, self.problem.table().memory(start..end).saturating_mul(replicas))
    }

    /// The value of a cell for the whole chain.
    pub(crate) fn last(&self, cell: usize) -> A {
        self.values[self.problem.tasks().len() * self.axes.n_cells + cell]
    }

    /// The stages behind a cell of the whole chain, of all that it may stand for those that reach furthest back.
    pub(crate) fn stages(&self, mut cell: usize) -> Vec<Stage> {
        let (mut end, mut stages) = (self.problem.tasks().len(), Vec::new());
        while end > 0 {
            let Some((last, before)) = self.last_stage(end, cell) else { return Vec::new() };
            end = last.tasks.start;
            cell = before;
            stages.push(last);
        }
        stages.reverse();
        stages
    }

    fn last_stage(&self, end: usize, cell: usize) -> Option<(Stage, usize)> {
        let (table, n_cells) = (self.problem.table(), self.axes.n_cells);
        let value = self.values[end * n_cells + cell];
        for start in 0..end {
            for v in self.problem.usable() {
                let load = table.load(start..end, v);
                let need = self.pace.need(table, &load, self.problem.count(v));
                let Some((cores, before)) = need.cores.and_then(|c| Some((c, self.without(cell, v, c)?)))
                else {
                    continue;
                };
                let rest = self.values[start * n_cells + before];
                if rest != A::NEVER && rest.plus(self.amount(start, end, v, cores)) == value {
                    return Some((stage(self.problem, start..end, v, cores), before));
                }
            }
        }
        None
    }

    /// The cell with so many cores of a type less; the same where the value counts them.
    fn without(&self, cell: usize, v: usize, cores: usize) -> Option<usize> {
        match self.axes.indexed.iter().find(|a| a.core_type == v) {
            Some(axis) => (axis.cores(cell) >= cores).then(|| cell - cores * axis.stride),
            None => Some(cell),
        }
    }
}
