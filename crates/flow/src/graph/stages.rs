//! Whether the stages fit together: what may cross a boundary, at which rate, and the order within each stage.

use std::collections::VecDeque;

use super::{
    Role, SlotDecl,
    blocks::RateOps,
    draft::Draft,
    order::{Op, Wiring, order},
    rates::{BASE, Rates},
};
use crate::BuildError;

impl Draft {
    /// Frames move forwards from stage to stage, and the tasks of a module stay together.
    pub(crate) fn check_stages(&self) -> Result<(), BuildError> {
        for task in 0..self.graph.tasks.len() {
            let stage = self.stage_of[task];
            if self.graph.tasks[task].role == Role::Source && stage > 0 {
                return Err(BuildError::LateSource { source_task: self.name(task), stage });
            }
            for &slot in self.reads[task].iter().chain(&self.after[task]) {
                let producer = self.writer(slot);
                if self.stage_of[producer] > self.stage_of[task] {
                    let (task, producer) = (self.name(task), self.name(producer));
                    return Err(BuildError::Backward { task, producer });
                }
            }
        }
        for (task, decl) in self.graph.tasks.iter().enumerate() {
            let is_other = |other: &usize| {
                let is_shared = decl.module.is_some() && self.graph.tasks[*other].module == decl.module;
                is_shared && self.stage_of[*other] != self.stage_of[task]
            };
            if let Some(other) = (0..task).find(is_other) {
                return Err(BuildError::SplitModule { task: self.name(task), other: self.name(other) });
            }
        }
        Ok(())
    }

    /// Every frame of a loop around stages comes to its end.
    pub(crate) fn check_loops(&self, rates: &Rates) -> Result<(), BuildError> {
        let is_loop = |rate: usize| {
            self.graph.feedbacks.iter().any(|feedback| rates.opener[rate] == Some(feedback.enter))
        };
        let is_wrong =
            |&task: &usize| self.graph.tasks[task].role == Role::Filter && is_loop(rates.of_task[task]);
        match (0..self.stage_of.len()).find(is_wrong) {
            Some(task) => Err(BuildError::FilterInFeedback { task: self.name(task) }),
            None => Ok(()),
        }
    }

    /// The rate of the frames that drive each stage.
    pub(crate) fn drives(&self, rates: &Rates, n_stages: usize) -> Result<Vec<usize>, BuildError> {
        let mut drives = vec![BASE];
        for stage in 1..n_stages {
            let mut crossing = self.crossing_slots(stage).map(|slot| rates.of_slot[slot]);
            let first = crossing.next();
            if let (Some(one), Some(other)) = (first, crossing.find(|&rate| Some(rate) != first)) {
                return Err(self.two_rates(stage, [one, other], rates));
            }
            drives.push(first.unwrap_or(drives[stage - 1]));
        }
        for (task, &stage) in self.stage_of.iter().enumerate() {
            let rate = rates.of_task[task];
            let is_here = rates.opener[rate].is_some_and(|opener| self.stage_of[opener] == stage);
            if rate != drives[stage] && !is_here {
                return Err(self.two_rates(stage, [drives[stage], rate], rates));
            }
        }
        Ok(drives)
    }

    /// Slots that tasks from `stage` on read or wait for, and that are written before.
    pub(crate) fn crossing_slots(&self, stage: usize) -> impl Iterator<Item = usize> {
        let behind = (0..self.stage_of.len()).filter(move |&task| self.stage_of[task] >= stage);
        let slots = behind.flat_map(|task| self.reads[task].iter().chain(&self.after[task]).copied());
        slots.filter(move |&slot| self.stage_of[self.writer(slot)] < stage)
    }

    pub(crate) fn two_rates(&self, stage: usize, pair: [usize; 2], rates: &Rates) -> BuildError {
        let name =
            |rate: usize| rates.opener[rate].map_or_else(|| "the sources".to_owned(), |t| self.name(t));
        BuildError::RatesCross { stage, one: name(pair[0]), other: name(pair[1]) }
    }

    /// Orders the tasks of a stage, rate by rate, a rate behind the one that it is opened at.
    pub(crate) fn blocks(
        &self,
        stage: usize,
        drive: usize,
        rates: &Rates,
    ) -> Result<Vec<RateOps>, BuildError> {
        let mut blocks: Vec<RateOps> = Vec::new();
        let mut open = VecDeque::from([drive]);
        while let Some(rate) = open.pop_front() {
            let members = self.members(stage).into_iter().filter(|&task| rates.of_task[task] == rate);
            let mut members: Vec<usize> = members.collect();
            members.sort_by_key(|&task| self.turn_of(task));
            let is_opener = |task: usize| self.graph.tasks[task].role == Role::Opens;
            let opened = |task: usize| rates.opener.iter().position(|&opener| opener == Some(task));
            open.extend(members.iter().filter(|&&task| is_opener(task)).filter_map(|&task| opened(task)));
            let (ops, full) = self.order(stage, rate, &members, rates)?;
            let slots = (0..rates.of_slot.len()).filter(|&slot| rates.of_slot[slot] == rate).collect();
            blocks.push(RateOps { rate, opener: rates.opener[rate], ops, full, slots });
        }
        Ok(blocks)
    }

    /// When a task is to run, as far as its sockets allow: a discard right behind the task whose frame it drops.
    pub(crate) fn turn_of(&self, task: usize) -> (usize, usize) {
        let is_discard = self.graph.tasks[task].writes.is_empty() && self.graph.tasks[task].is_internal;
        match self.reads[task].first().filter(|_| is_discard) {
            Some(&slot) => (self.writer(slot), 1),
            None => (task, 0),
        }
    }

    pub(crate) fn order(
        &self,
        stage: usize,
        rate: usize,
        members: &[usize],
        rates: &Rates,
    ) -> Result<(Vec<Op>, Vec<bool>), BuildError> {
        let comes = |(slot, decl): (usize, &SlotDecl)| {
            let is_before = |task: usize| self.stage_of[task] < stage || rates.opener[rate] == Some(task);
            rates.of_slot[slot] == rate && decl.writer.is_some_and(is_before)
        };
        let wiring = Wiring {
            tasks: &self.graph.tasks,
            members,
            reads: &self.reads,
            after: &self.after,
            arrived: self.graph.slots.iter().enumerate().map(comes).collect(),
        };
        let name = |task| self.name(task);
        order(&wiring).map_err(|lost| {
            let exclusive = self.exclusive(&lost);
            exclusive.unwrap_or_else(|| BuildError::Cycle { tasks: lost.into_iter().map(name).collect() })
        })
    }
}
