//! At which rate each task runs: the frames of the sources, or those that a splitter gives.

use super::{Role, TaskDecl};
use crate::BuildError;

/// The rate of the sources, and of tasks that are bound to nothing.
pub(crate) const BASE: usize = 0;

/// Rates of tasks and slots, found from what they are bound to.
pub(crate) struct Rates {
    /// The rate at which each task is called.
    pub(crate) of_task: Vec<usize>,
    /// The rate at which each slot is written.
    pub(crate) of_slot: Vec<usize>,
    /// The task that opens each rate; `None` for the base.
    pub(crate) opener: Vec<Option<usize>>,
}

/// What rates follow from; slots are resolved.
pub(crate) struct Bound<'a> {
    pub(crate) tasks: &'a [TaskDecl],
    pub(crate) reads: &'a [Vec<usize>],
    pub(crate) after: &'a [Vec<usize>],
    pub(crate) n_slots: usize,
}

impl Bound<'_> {
    /// Finds all rates.
    ///
    /// # Errors
    /// [`BuildError::TwoRates`] for a task that reads or waits for sockets of different rates.
    pub(crate) fn rates(&self) -> Result<Rates, BuildError> {
        let openers = (0..self.tasks.len()).filter(|&task| self.tasks[task].role == Role::Opens);
        let opener: Vec<Option<usize>> = std::iter::once(None).chain(openers.map(Some)).collect();
        let mut of_task: Vec<Option<usize>> = vec![None; self.tasks.len()];
        let mut of_slot: Vec<Option<usize>> = vec![None; self.n_slots];
        for (rate, task) in opener.iter().enumerate() {
            task.iter().flat_map(|&t| &self.tasks[t].writes).for_each(|&slot| of_slot[slot] = Some(rate));
        }
        // A loop feeds itself, so one known input is enough; that all agree is checked below.
        while self.spread(&mut of_task, &mut of_slot) {}
        let known = |rates: Vec<Option<usize>>| rates.into_iter().map(|r| r.unwrap_or(BASE)).collect();
        let rates = Rates { of_task: known(of_task), of_slot: known(of_slot), opener };
        self.check(&rates)?;
        Ok(rates)
    }

    fn bound(&self, task: usize) -> impl Iterator<Item = usize> {
        self.reads[task].iter().chain(&self.after[task]).copied()
    }

    /// One round; whether anything new was found.
    fn spread(&self, of_task: &mut [Option<usize>], of_slot: &mut [Option<usize>]) -> bool {
        let mut is_news = false;
        for (task, decl) in
            self.tasks.iter().enumerate().filter(|(task, _)| of_task[*task].is_none()).collect::<Vec<_>>()
        {
            let is_free = self.bound(task).next().is_none();
            let rate = if is_free { Some(BASE) } else { self.bound(task).find_map(|slot| of_slot[slot]) };
            let Some(rate) = rate else { continue };
            (of_task[task], is_news) = (Some(rate), true);
            if decl.role != Role::Opens {
                decl.writes.iter().for_each(|&slot| of_slot[slot] = Some(rate));
            }
        }
        is_news
    }

    fn check(&self, rates: &Rates) -> Result<(), BuildError> {
        for (task, decl) in self.tasks.iter().enumerate() {
            let is_other = |slot: &usize| rates.of_slot[*slot] != rates.of_task[task];
            if let Some(slot) = self.bound(task).find(is_other) {
                let name = |task: Option<usize>| {
                    task.map_or_else(|| "the sources".to_owned(), |task| self.tasks[task].name.to_string())
                };
                return Err(BuildError::TwoRates {
                    task: decl.name.to_string(),
                    one: name(rates.opener[rates.of_task[task]]),
                    other: name(rates.opener[rates.of_slot[slot]]),
                });
            }
        }
        Ok(())
    }
}
