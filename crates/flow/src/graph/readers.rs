//! Who reads each socket: the last reader takes the frame, the others get clones, and a lone forward task works in place.

use std::collections::BTreeSet;

use super::{Role, blocks::RateOps, draft::Draft, order::comes_back};
use crate::BuildError;

/// One reader of a slot.
#[derive(Clone, Copy)]
pub(crate) struct Reader {
    stage: usize,
    block: usize,
    position: usize,
    task: usize,
    input: usize,
}

impl Draft {
    /// The readers of every slot in the order in which they run.
    pub(crate) fn readers(&self, orders: &[Vec<RateOps>]) -> Vec<Vec<Reader>> {
        let mut readers = vec![Vec::new(); self.graph.slots.len()];
        for (stage, blocks) in orders.iter().enumerate() {
            for (block, RateOps { ops, .. }) in blocks.iter().enumerate() {
                for (position, op) in ops.iter().enumerate() {
                    for (input, &slot) in self.reads[op.step].iter().enumerate() {
                        readers[slot].push(Reader { stage, block, position, task: op.step, input });
                    }
                }
            }
        }
        readers
    }

    /// Which readers take: the last of each slot.
    pub(crate) fn takes(
        &self,
        readers: &[Vec<Reader>],
        orders: &[Vec<RateOps>],
    ) -> Result<Vec<Vec<bool>>, BuildError> {
        let mut takes: Vec<Vec<bool>> = self.reads.iter().map(|reads| vec![false; reads.len()]).collect();
        for (slot, readers) in readers.iter().enumerate() {
            let last = readers.iter().rfind(|reader| !self.is_again(reader, slot, orders));
            if let Some(last) = last.filter(|last| readers.last().is_some_and(|r| r.task == last.task)) {
                takes[last.task][last.input] = true;
            }
            let is_stuck = |reader: &&Reader| !takes[reader.task][reader.input];
            if let Some(reader) = readers.iter().find(is_stuck)
                && self.graph.slots[slot].info.copier.is_none()
            {
                let (task, producer) = (self.name(reader.task), self.name(self.writer(slot)));
                return Err(BuildError::NeedsClone { task, producer });
            }
        }
        Ok(takes)
    }

    /// A frame that only some paths lead to cannot be read by a later stage.
    pub(crate) fn check_paths(
        &self,
        readers: &[Vec<Reader>],
        orders: &[Vec<RateOps>],
    ) -> Result<(), BuildError> {
        for (slot, readers) in readers.iter().enumerate() {
            let Some(producer) = self.graph.slots[slot].writer else { continue };
            let stage = self.stage_of[producer];
            let is_full = orders[stage].iter().any(|block| block.full[slot]);
            if let Some(reader) = readers.iter().find(|r| r.stage > stage && !is_full) {
                let (task, producer) = (self.name(reader.task), self.name(producer));
                return Err(BuildError::PathCut { task, producer });
            }
        }
        Ok(())
    }

    /// Whether a reader runs more often than the frame is written: in a loop, the frame coming from outside.
    pub(crate) fn is_again(&self, reader: &Reader, slot: usize, orders: &[Vec<RateOps>]) -> bool {
        let ops = &orders[reader.stage][reader.block].ops;
        let written = ops.iter().position(|op| op.step == self.writer(slot));
        // A select takes what comes from outside once, and is fed from inside afterwards.
        let is_select = self.graph.tasks[reader.task].role == Role::Select;
        !is_select && comes_back(ops, reader.position, written)
    }

    /// Where slots really lie: a forward task that alone reads a frame works in its place.
    pub(crate) fn physical(&self, readers: &[Vec<Reader>], takes: &[Vec<bool>]) -> Vec<usize> {
        let mut place: Vec<usize> = (0..self.graph.slots.len()).collect();
        for (task, decl) in self.graph.tasks.iter().enumerate() {
            if decl.role == Role::Forward && readers[self.reads[task][0]].len() == 1 && takes[task][0] {
                place[decl.writes[0]] = self.reads[task][0];
            }
        }
        let root = |mut slot: usize| {
            while place[slot] != slot {
                slot = place[slot];
            }
            slot
        };
        (0..place.len()).map(root).collect()
    }

    /// The slots that come into `stage` from the front, for it or for stages behind.
    pub(crate) fn crossing(&self, stage: usize, readers: &[Vec<Reader>], physical: &[usize]) -> Vec<usize> {
        let crosses = |&slot: &usize| {
            let writer = self.graph.slots[slot].writer;
            writer.is_some_and(|task| self.stage_of[task] < stage)
                && readers[slot].iter().any(|reader| reader.stage >= stage)
        };
        let slots: BTreeSet<usize> = (0..physical.len()).filter(crosses).map(|slot| physical[slot]).collect();
        slots.into_iter().collect()
    }
}
