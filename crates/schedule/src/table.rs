//! Sums of costs, so that the time of any stage is two subtractions.
//!
//! A stage is an interval of tasks on r cores of one type. What r cores do for it:
//!
//! | tasks of the stage | r cores are | time for one frame |
//! | --- | --- | --- |
//! | all replicable | r replicas | `(Σ cost + crossing) / r` |
//! | a parallel one among them | one team | `Σ cost of the others + Σ parallel cost at r + crossing` |
//! | otherwise | not allowed, r = 1 | `Σ cost + crossing` |
//!
//! Invariant: a stage that takes too long on all cores of a type takes too long with one task more, too (crossing
//! aside). All searches stop extending a stage there.

use crate::fraction::Ratio;
use crate::problem::Given;
use crate::task::Kind;
use crate::ticks::Tick;
use std::ops::Range;

#[derive(Debug, Clone)]
pub(crate) struct Table {
    /// `[v][i]`: ticks of the tasks before `i` on one core of type `v`.
    work: Vec<Vec<u64>>,
    /// `[v][r - 1][i]`: ticks that a team of `r` saves on the tasks before `i`; no entries without parallel tasks.
    saved: Vec<Vec<Vec<u64>>>,
    /// `[i]`: 1 + the last task before `i` that is not replicable, or 0.
    after_fixed: Vec<usize>,
    /// `[i]`: the first task from `i` on that is not replicable, or the number of tasks.
    next_fixed: Vec<usize>,
    /// `[i]`: 1 + the last parallel task before `i`, or 0.
    after_parallel: Vec<usize>,
    /// `[i]`: ticks that each side pays for a boundary before task `i`; 0 at both ends.
    crossing: Vec<u64>,
    /// `[i]`: bytes of one replica of the tasks before `i`.
    memory: Vec<u64>,
}

/// What more cores do for a stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scaling {
    Replicas,
    Team,
    Single,
}

/// What a stage has to do at a given core type: everything that [`Pace::cores`] needs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Load {
    pub(crate) scaling: Scaling,
    pub(crate) first: usize,
    pub(crate) end: usize,
    pub(crate) core_type: usize,
    /// Ticks on one core, crossing included.
    pub(crate) ticks: u64,
}

impl Table {
    pub(crate) fn new(given: &Given, tick: Tick) -> Self {
        let (tasks, n) = (&given.tasks, given.tasks.len());
        let types = 0..given.core_types.len();
        let is_fixed = |i: usize| tasks[i].kind != Kind::Replicable;
        let is_parallel = |i: usize| matches!(tasks[i].kind, Kind::Parallel(_));
        let work = types.clone().map(|v| sums((0..n).map(|i| tick.count(tasks[i].costs[v]))));
        let handed_over = |i: usize| given.crossing.get(i).map_or(0, |&c| tick.count(c));
        let boundaries = (0..=n).map(|i| if i == 0 || i == n { 0 } else { handed_over(i - 1) });
        Self {
            work: work.collect(),
            saved: types.map(|v| saved(given, tick, v)).collect(),
            after_fixed: after(n, is_fixed),
            next_fixed: next(n, is_fixed),
            after_parallel: after(n, is_parallel),
            crossing: boundaries.collect(),
            memory: sums(tasks.iter().map(|t| t.memory_bytes)),
        }
    }

    pub(crate) fn n_tasks(&self) -> usize {
        self.memory.len() - 1
    }

    /// Ticks of tasks on one core, without crossing.
    pub(crate) fn work(&self, tasks: Range<usize>, core_type: usize) -> u64 {
        self.work[core_type][tasks.end] - self.work[core_type][tasks.start]
    }

    /// Bytes of one replica of tasks.
    pub(crate) fn memory(&self, tasks: Range<usize>) -> u64 {
        self.memory[tasks.end].saturating_sub(self.memory[tasks.start])
    }

    /// The first task from `task` on that is not replicable, or the number of tasks.
    pub(crate) fn next_fixed(&self, task: usize) -> usize {
        self.next_fixed[task]
    }

    pub(crate) fn scaling(&self, tasks: &Range<usize>) -> Scaling {
        if self.after_fixed[tasks.end] <= tasks.start {
            Scaling::Replicas
        } else if self.after_parallel[tasks.end] > tasks.start {
            Scaling::Team
        } else {
            Scaling::Single
        }
    }

    /// Ticks that a stage pays for its two boundaries.
    pub(crate) fn crossing(&self, tasks: &Range<usize>) -> u64 {
        self.crossing[tasks.start] + self.crossing[tasks.end]
    }

    pub(crate) fn load(&self, tasks: Range<usize>, core_type: usize) -> Load {
        let ticks = self.work(tasks.clone(), core_type) + self.crossing(&tasks);
        Load { scaling: self.scaling(&tasks), first: tasks.start, end: tasks.end, core_type, ticks }
    }

    /// One task as a stage, without crossing.
    pub(crate) fn alone(&self, task: usize, core_type: usize) -> Load {
        Load { ticks: self.work(task..task + 1, core_type), ..self.load(task..task + 1, core_type) }
    }

    /// The time of a stage on `cores` cores in ticks. Cores that the stage cannot use are idle.
    pub(crate) fn time(&self, load: &Load, cores: usize) -> Ratio {
        match load.scaling {
            Scaling::Replicas => Ratio::new(load.ticks, cores),
            Scaling::Team => Ratio::new(load.ticks - self.saved_by(load, cores), 1),
            Scaling::Single => Ratio::new(load.ticks, 1),
        }
    }

    /// The largest team that is faster than any smaller one, for every stage.
    pub(crate) fn largest_team(&self, core_type: usize) -> usize {
        self.saved[core_type].len().max(1)
    }

    fn saved_by(&self, load: &Load, cores: usize) -> u64 {
        let teams = &self.saved[load.core_type];
        match teams.get(cores.min(teams.len()).saturating_sub(1)) {
            Some(saved) => saved[load.end] - saved[load.first],
            None => 0,
        }
    }
}

/// A period, and how much work r cores do within it.
#[derive(Debug)]
pub(crate) struct Pace {
    pub(crate) period: Ratio,
    /// `[r]`: whole ticks within `r` periods, so `work ≤ r × period` is `work ≤ within[r]`.
    within: Vec<u64>,
}

/// What a stage needs to keep a pace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Need {
    /// Least cores; `None` where no number is enough.
    pub(crate) cores: Option<usize>,
    /// The shortest longer period at which it needs fewer.
    pub(crate) relief: Option<Ratio>,
}

impl Pace {
    /// `max_cores` is the most cores that any stage may have.
    pub(crate) fn new(period: Ratio, max_cores: usize) -> Self {
        let (whole, rest) = (period.num / period.den, period.num % period.den);
        let (mut ticks, mut over) = (0u128, 0u128);
        let mut within = Vec::with_capacity(max_cores + 1);
        within.push(0);
        for _ in 0..max_cores {
            ticks += whole;
            over += rest;
            if over >= period.den {
                over -= period.den;
                ticks += 1;
            }
            within.push(u64::try_from(ticks).unwrap_or(u64::MAX));
        }
        Self { period, within }
    }

    /// Whether `cores` replicas do so much work within a period.
    pub(crate) fn keeps(&self, ticks: u64, cores: usize) -> bool {
        ticks <= self.within[cores]
    }

    /// Least replicas that do so much work within a period, at least 1, at most one more than there are.
    pub(crate) fn replicas(&self, ticks: u64) -> usize {
        self.within.partition_point(|&w| w < ticks).max(1)
    }

    /// The shortest longer period that is `ticks / r` with at most so many cores: no plan lies between.
    pub(crate) fn next_candidate(&self) -> Ratio {
        let above = (1..self.within.len()).map(|r| Ratio::new(self.within[r].saturating_add(1), r));
        above.min().unwrap_or(self.period)
    }

    /// Least cores with which a stage keeps the pace, of `limit` that there are.
    pub(crate) fn need(&self, table: &Table, load: &Load, limit: usize) -> Need {
        match load.scaling {
            Scaling::Replicas => {
                let cores = self.replicas(load.ticks);
                let relief = (cores > 1).then(|| Ratio::new(load.ticks, (cores - 1).min(limit)));
                Need { cores: (cores <= limit).then_some(cores), relief }
            }
            Scaling::Single => self.need_of_team(table, load, 1),
            Scaling::Team => self.need_of_team(table, load, limit.min(table.largest_team(load.core_type))),
        }
    }

    fn need_of_team(&self, table: &Table, load: &Load, largest: usize) -> Need {
        let too_slow = |cores: usize| table.time(load, cores) > self.period;
        if too_slow(largest) {
            return Need { cores: None, relief: Some(table.time(load, largest)) };
        }
        let (mut low, mut high) = (1, largest);
        while low < high {
            let middle = usize::midpoint(low, high);
            if too_slow(middle) { low = middle + 1 } else { high = middle }
        }
        Need { cores: Some(high), relief: (high > 1).then(|| table.time(load, high - 1)) }
    }
}

fn sums(values: impl Iterator<Item = u64>) -> Vec<u64> {
    let add = |sum: &mut u64, value: u64| {
        *sum = sum.saturating_add(value);
        Some(*sum)
    };
    std::iter::once(0).chain(values.scan(0, add)).collect()
}

fn after(n: usize, is: impl Fn(usize) -> bool) -> Vec<usize> {
    let step = |last: &mut usize, i: usize| {
        if is(i) {
            *last = i + 1;
        }
        Some(*last)
    };
    std::iter::once(0).chain((0..n).scan(0, step)).collect()
}

fn next(n: usize, is: impl Fn(usize) -> bool) -> Vec<usize> {
    let mut next = vec![n; n + 1];
    for i in (0..n).rev() {
        next[i] = if is(i) { i } else { next[i + 1] };
    }
    next
}

/// For every team size what it saves on the tasks before each task, on cores of type `v`.
fn saved(given: &Given, tick: Tick, v: usize) -> Vec<Vec<u64>> {
    let measured = given.tasks.iter().filter_map(|t| match &t.kind {
        Kind::Parallel(measured) => Some(measured.last().map_or(1, |m| m.0)),
        _ => None,
    });
    let largest = measured.max().unwrap_or(0).min(given.core_types[v].count);
    let saves = |cores: u32| {
        sums(given.tasks.iter().map(move |task| {
            let one = tick.count(task.costs[v]);
            let Kind::Parallel(measured) = &task.kind else { return 0 };
            let reached = measured.iter().take_while(|m| m.0 <= cores);
            let times =
                reached.map(|&(r, efficiency)| tick.count(task.costs[v] / (f64::from(r) * efficiency)));
            one - times.min().unwrap_or(one).min(one)
        }))
    };
    (1..=largest).map(saves).collect()
}
