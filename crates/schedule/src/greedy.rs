//! The stage rule that OTAC, FERTAC and 2CATAC share: how far one stage should reach at a given period.
//!
//! A stage takes tasks while they fit on one core. If all of them are replicable, it takes the whole run of replicable
//! tasks instead, on as many cores as that needs; unless the sequential task behind the run can take over a tail of
//! it within the period, which saves a core here. Crossing, teams and memory are unknown to the rule: a task that is
//! parallel inside counts as sequential on one core.

use crate::plan::{Stage, stage};
use crate::problem::Problem;
use crate::table::{Pace, Table};
use std::ops::Range;

/// A stage by the rule: its end and its cores.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cut {
    pub(crate) end: usize,
    pub(crate) cores: usize,
}

/// Where and how the rule is applied.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rule<'a> {
    pub(crate) table: &'a Table,
    pub(crate) core_type: usize,
    pub(crate) pace: &'a Pace,
}

impl Rule<'_> {
    /// The stage that begins with `first`; `None` where it cannot keep the pace.
    ///
    /// With `limit`, a run that needs more cores is cut short until it does not, as FERTAC and 2CATAC do; without, it
    /// is the caller who counts, as in OTAC.
    pub(crate) fn cut(&self, first: usize, limit: Option<usize>) -> Option<Cut> {
        let (n, run_end) = (self.table.n_tasks(), self.table.next_fixed(first));
        let mut end = first + 1;
        while end < n && self.fits(first..end + 1, 1) {
            end += 1;
        }
        if end == n || run_end <= end {
            return self.closed(first, end, limit);
        }
        let cores = self.needs(first..run_end);
        match limit {
            Some(limit) if cores > limit => self.shortened(first..run_end, limit),
            _ if run_end == n => Some(Cut { end: n, cores }),
            _ => Some(self.tail_given_away(first..run_end, cores)),
        }
    }

    /// A stage that ends here anyhow.
    fn closed(&self, first: usize, end: usize, limit: Option<usize>) -> Option<Cut> {
        let cores = self.needs(first..end);
        let replicable = self.table.next_fixed(first) >= end;
        let legal = (cores == 1 || replicable) && limit.is_none_or(|limit| cores <= limit);
        legal.then_some(Cut { end, cores })
    }

    /// As much of a run as `limit` cores can do.
    fn shortened(&self, run: Range<usize>, limit: usize) -> Option<Cut> {
        let end = (run.start + 1..=run.end).rev().find(|&end| self.fits(run.start..end, limit))?;
        Some(Cut { end, cores: self.needs(run.start..end) })
    }

    /// A run on one core less, if the sequential task behind it takes the rest.
    fn tail_given_away(&self, run: Range<usize>, cores: usize) -> Cut {
        let whole = Cut { end: run.end, cores };
        // The run does not fit on one core, so a shortest kept part exists.
        let mut kept = run.end;
        while kept > run.start + 1 && self.fits(kept - 1..run.end + 1, 1) {
            kept -= 1;
        }
        if cores < 2 || !self.fits(run.start..kept, cores - 1) {
            return whole;
        }
        while kept < run.end && self.fits(run.start..kept + 1, cores - 1) {
            kept += 1;
        }
        Cut { end: kept, cores: cores - 1 }
    }

    fn fits(&self, tasks: Range<usize>, cores: usize) -> bool {
        self.pace.keeps(self.table.work(tasks, self.core_type), cores)
    }

    fn needs(&self, tasks: Range<usize>) -> usize {
        self.pace.replicas(self.table.work(tasks, self.core_type))
    }
}

/// The stage that a cut stands for.
pub(crate) fn stage_of(problem: &Problem, first: usize, cut: Cut, core_type: usize) -> Stage {
    stage(problem, first..cut.end, core_type, cut.cores)
}
