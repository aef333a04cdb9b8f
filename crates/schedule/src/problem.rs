//! The question: a chain, the cores, and the limits, checked once.

use crate::error::Error;
use crate::fraction::{Fraction, Ratio};
use crate::table::Table;
use crate::task::{CoreType, Kind, Task};
use crate::ticks::{SUM_LIMIT, TICKS_LIMIT, Tick};

/// Cores of one type that a plan can number.
pub const MAX_CORES: u32 = 32_767;

/// A chain of tasks, the cores it may use and the limits it must keep; every value of this type can be planned.
#[derive(Debug, Clone)]
pub struct Problem {
    given: Given,
    tick: Tick,
    table: Table,
}

/// What the caller gave, checked.
#[derive(Debug, Clone)]
pub(crate) struct Given {
    pub(crate) tasks: Vec<Task>,
    pub(crate) core_types: Vec<CoreType>,
    /// Cost of handing the output of each task over; empty if it costs nothing.
    pub(crate) crossing: Vec<f64>,
    pub(crate) memory_cap: Option<u64>,
    pub(crate) target: Option<f64>,
}

impl Problem {
    /// A chain in its order and the cores it may use.
    ///
    /// # Errors
    /// No tasks, no cores, too many cores, a cost that is missing, superfluous or no time, efficiencies that make no
    /// sense: each names the task or the core type.
    pub fn new(tasks: Vec<Task>, core_types: Vec<CoreType>) -> Result<Self, Error> {
        Given { tasks, core_types, crossing: Vec::new(), memory_cap: None, target: None }.checked()
    }

    /// Adds what it costs to hand the output of each task over to another stage: one cost per task, in the unit of the
    /// tasks' costs; that of the last task is never paid.
    ///
    /// Both stages pay: the one before the boundary gives, the one after it takes, each on the core that does it, for
    /// every frame. Replicas therefore share the cost like the work.
    ///
    /// # Errors
    /// [`Error::CrossingCount`], [`Error::BadCrossing`], [`Error::TooExpensive`].
    pub fn with_crossing(self, costs: impl Into<Vec<f64>>) -> Result<Self, Error> {
        let crossing = costs.into();
        if crossing.len() != self.given.tasks.len() {
            return Err(Error::CrossingCount { expected: self.given.tasks.len(), got: crossing.len() });
        }
        Given { crossing, ..self.given }.checked()
    }

    /// Adds a cap on the memory of all replicas of all tasks together, in bytes.
    ///
    /// # Errors
    /// [`Error::MemoryCap`] where one replica of everything already exceeds it.
    pub fn with_memory_cap(self, bytes: u64) -> Result<Self, Error> {
        Given { memory_cap: Some(bytes), ..self.given }.checked()
    }

    /// Adds a target: plans then use as few cores as they can while their period is at most this.
    ///
    /// # Errors
    /// [`Error::BadTarget`].
    pub fn with_target(self, period: f64) -> Result<Self, Error> {
        Given { target: Some(period), ..self.given }.checked()
    }

    /// The tasks in the order of the chain.
    #[must_use]
    pub fn tasks(&self) -> &[Task] {
        &self.given.tasks
    }

    /// The core types, big ones first.
    #[must_use]
    pub fn core_types(&self) -> &[CoreType] {
        &self.given.core_types
    }

    /// What it costs to hand the output of each task over, in the order of the chain; empty if it costs nothing.
    #[must_use]
    pub fn crossing(&self) -> &[f64] {
        &self.given.crossing
    }

    /// The cap on memory in bytes, if there is one.
    #[must_use]
    pub fn memory_cap(&self) -> Option<u64> {
        self.given.memory_cap
    }

    /// The target period, if there is one.
    #[must_use]
    pub fn target(&self) -> Option<f64> {
        self.given.target
    }

    pub(crate) fn given(&self) -> &Given {
        &self.given
    }

    pub(crate) fn table(&self) -> &Table {
        &self.table
    }

    pub(crate) fn has_crossing(&self) -> bool {
        self.given.crossing.iter().any(|&c| c > 0.0)
    }

    /// How many cores of a type there are.
    pub(crate) fn count(&self, core_type: usize) -> usize {
        self.given.core_types[core_type].count as usize
    }

    /// Core types that have cores, in order.
    pub(crate) fn usable(&self) -> Vec<usize> {
        (0..self.given.core_types.len()).filter(|&v| self.count(v) > 0).collect()
    }

    pub(crate) fn target_ticks(&self) -> Option<Ratio> {
        self.given.target.map(|t| self.tick.target(t))
    }

    /// A period in ticks in the caller's unit.
    pub(crate) fn period(&self, ticks: Ratio) -> Fraction {
        self.tick.period(ticks)
    }
}

impl Given {
    pub(crate) fn checked(self) -> Result<Problem, Error> {
        self.check_cores()?;
        self.tasks.iter().try_for_each(|t| self.check_task(t))?;
        self.check_limits()?;
        let tick = self.tick()?;
        let table = Table::new(&self, tick);
        Ok(Problem { given: self, tick, table })
    }

    fn check_cores(&self) -> Result<(), Error> {
        if self.tasks.is_empty() {
            return Err(Error::NoTasks);
        }
        if self.core_types.iter().all(|c| c.count == 0) {
            return Err(Error::NoCores { types: self.core_types.len() });
        }
        match self.core_types.iter().find(|c| c.count > MAX_CORES) {
            Some(CoreType { name, count }) => {
                Err(Error::TooManyCores { core_type: name.clone(), count: *count, limit: MAX_CORES })
            }
            None => Ok(()),
        }
    }

    fn check_task(&self, task: &Task) -> Result<(), Error> {
        let name = || task.name.clone();
        let (expected, got) = (self.core_types.len(), task.costs.len());
        if let Some(missing) = self.core_types.get(got) {
            return Err(Error::MissingCost { task: name(), core_type: missing.name.clone() });
        }
        if got > expected {
            return Err(Error::ExtraCosts { task: name(), expected, got });
        }
        for (&cost, core_type) in task.costs.iter().zip(&self.core_types) {
            if !is_time(cost) {
                return Err(Error::BadCost { task: name(), core_type: core_type.name.clone(), cost });
            }
        }
        let Kind::Parallel(measured) = &task.kind else { return Ok(()) };
        let mut last = 0;
        for &(cores, efficiency) in measured {
            if cores <= last || !is_time(efficiency) || efficiency <= 0.0 {
                return Err(Error::BadEfficiency { task: name(), cores, efficiency });
            }
            last = cores;
        }
        Ok(())
    }

    fn check_limits(&self) -> Result<(), Error> {
        for (&cost, task) in self.crossing.iter().zip(&self.tasks) {
            if !is_time(cost) {
                return Err(Error::BadCrossing { task: task.name.clone(), cost });
            }
        }
        if let Some(target) = self.target.filter(|&t| !is_time(t) || t == 0.0) {
            return Err(Error::BadTarget { target });
        }
        let needed_bytes = self.tasks.iter().fold(0, |sum: u64, t| sum.saturating_add(t.memory_bytes));
        match (self.memory_cap, self.tasks.iter().max_by_key(|t| t.memory_bytes)) {
            (Some(cap_bytes), Some(largest)) if needed_bytes > cap_bytes => Err(Error::MemoryCap {
                cap_bytes,
                needed_bytes,
                task: largest.name.clone(),
                task_bytes: largest.memory_bytes,
            }),
            _ => Ok(()),
        }
    }

    fn tick(&self) -> Result<Tick, Error> {
        let crossing = 2.0 * self.crossing.iter().sum::<f64>();
        let mut most: f64 = 0.0;
        for (v, core_type) in self.core_types.iter().enumerate() {
            let sum = crossing + self.tasks.iter().map(|t| t.costs[v]).sum::<f64>();
            if sum.is_nan() || sum > SUM_LIMIT / 2.0 {
                let core_type = core_type.name.clone();
                return Err(Error::TooExpensive { core_type, sum, limit: SUM_LIMIT / 2.0 });
            }
            most = most.max(sum);
        }
        let costs = self.tasks.iter().flat_map(|t| t.costs.iter().copied());
        let divided = self.tasks.iter().any(|t| matches!(t.kind, Kind::Parallel(_)));
        // Rounding adds at most half a tick per cost.
        let slack = 1.0 + 4.0 * self.tasks.len() as f64 / TICKS_LIMIT;
        Ok(Tick::choose(costs.chain(self.crossing.iter().copied()), most * slack, divided))
    }
}

fn is_time(value: f64) -> bool {
    value.is_finite() && value >= 0.0
}
