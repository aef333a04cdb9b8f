//! Who reads each socket: the last reader takes the frame, the others get clones, and a lone forward task works in place.

use std::collections::BTreeSet;

use super::{Role, blocks::RateOps, draft::Draft, order::leads};
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

    /// Which readers take: those that nobody can read after, on the path that leads to them.
    pub(crate) fn takes(
        &self,
        readers: &[Vec<Reader>],
        orders: &[Vec<RateOps>],
    ) -> Result<Vec<Vec<bool>>, BuildError> {
        let mut takes: Vec<Vec<bool>> = self.reads.iter().map(|reads| vec![true; reads.len()]).collect();
        for (slot, readers) in readers.iter().enumerate() {
            let is_early = |reader: &&Reader| !self.is_last(reader, slot, readers, orders);
            readers.iter().filter(is_early).for_each(|reader| takes[reader.task][reader.input] = false);
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

    /// Whether no reader, itself included, comes after this one before the frame is written anew.
    fn is_last(&self, reader: &Reader, slot: usize, readers: &[Reader], orders: &[Vec<RateOps>]) -> bool {
        let place = (reader.stage, reader.block);
        let mut others = readers.iter();
        if others.any(|other| {
            let is_further = other.position == reader.position && other.input > reader.input;
            (other.stage, other.block) > place || ((other.stage, other.block) == place && is_further)
        }) {
            return false;
        }
        // A select takes what comes from outside once, and is fed from inside afterwards.
        if self.graph.tasks[reader.task].role == Role::Select {
            return true;
        }
        let (ops, writer) = (&orders[reader.stage][reader.block].ops, self.writer(slot));
        let is_reader = |at| readers.iter().any(|r| (r.stage, r.block, r.position) == (place.0, place.1, at));
        !leads(ops, reader.position, |at| ops[at].step == writer, is_reader)
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
