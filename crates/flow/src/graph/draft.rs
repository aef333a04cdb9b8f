//! A graph on its way to a layout: sockets resolved, tasks of the runtime's own added.

use super::{Graph, Role, SlotDecl, TaskDecl, body::Body, cell::SlotInfo};
use crate::BuildError;

/// A graph cut into stages, before its tasks are ordered.
pub(crate) struct Draft {
    pub(crate) graph: Graph,
    pub(crate) stage_of: Vec<usize>,
    /// Slots that each task reads, resolved.
    pub(crate) reads: Vec<Vec<usize>>,
    /// Slots that each task waits for, resolved.
    pub(crate) after: Vec<Vec<usize>>,
}

impl Draft {
    pub(crate) fn new(graph: Graph, stage_of: Vec<usize>) -> Result<Self, BuildError> {
        let resolve = |task: &TaskDecl, slots: &[usize]| {
            slots.iter().map(|&slot| resolve(&graph, task, slot)).collect::<Result<Vec<_>, _>>()
        };
        let reads = graph.tasks.iter().map(|t| resolve(t, &t.reads)).collect::<Result<_, _>>()?;
        let after = graph.tasks.iter().map(|t| resolve(t, &t.after)).collect::<Result<_, _>>()?;
        Ok(Draft { graph, stage_of, reads, after })
    }

    pub(crate) fn name(&self, task: usize) -> String {
        self.graph.tasks[task].name.to_string()
    }

    pub(crate) fn writer(&self, slot: usize) -> usize {
        self.graph.slots[slot].writer.expect("resolved slots have a writer")
    }

    pub(crate) fn members(&self, stage: usize) -> Vec<usize> {
        (0..self.stage_of.len()).filter(|&task| self.stage_of[task] == stage).collect()
    }

    /// Adds a task of the runtime's own, in the stage of the task that it goes with.
    pub(crate) fn add_internal(
        &mut self,
        name: &str,
        body: Box<dyn Body>,
        (reads, writes): (Vec<usize>, Vec<usize>),
        stage: usize,
    ) {
        self.graph.tasks.push(TaskDecl {
            name: name.into(),
            given: name.into(),
            body,
            role: Role::Plain,
            reads: reads.clone(),
            writes,
            after: Vec::new(),
            module: None,
            is_internal: true,
            set: None,
        });
        self.reads.push(reads);
        self.after.push(Vec::new());
        self.stage_of.push(stage);
    }

    /// A select empties its inputs, so where others read the same frame it gets a copy of its own.
    pub(crate) fn give_selects_their_own(&mut self) {
        for select in 0..self.graph.tasks.len() {
            for input in 0..self.reads[select].len() {
                let slot = self.reads[select][input];
                let n_readers = self.reads.iter().flatten().filter(|&&read| read == slot).count();
                if self.graph.tasks[select].role != Role::Select || n_readers == 1 {
                    continue;
                }
                let (kind, stage) = (self.graph.slots[slot].info.kind.clone(), self.stage_of[select]);
                let (copy, writer) = (self.graph.slots.len(), Some(self.graph.tasks.len()));
                let (body, info) = (kind.relay(), SlotInfo { kind, copier: None, weigher: None });
                self.graph.slots.push(SlotDecl { info, bound: None, writer, name: "relay".to_owned() });
                self.add_internal("relay", body, (vec![slot], vec![copy]), stage);
                self.reads[select][input] = copy;
            }
        }
    }

    /// What nobody reads is dropped at once, not when the next frame comes.
    pub(crate) fn discard_unread(&mut self) {
        for slot in 0..self.graph.slots.len() {
            let Some(writer) = self.graph.slots[slot].writer else { continue };
            if self.graph.feedbacks.iter().any(|feedback| feedback.back.contains(&slot)) {
                continue;
            }
            if !self.reads.iter().flatten().any(|&read| read == slot)
                && let Some(body) = self.graph.slots[slot].info.kind.discard()
            {
                self.add_internal("discard", body, (vec![slot], Vec::new()), self.stage_of[writer]);
            }
        }
    }
}

/// The slot that a read really means.
pub(crate) fn resolve(graph: &Graph, task: &TaskDecl, slot: usize) -> Result<usize, BuildError> {
    let mut at = slot;
    for _ in 0..=graph.slots.len() {
        match (graph.slots[at].bound, graph.slots[at].writer) {
            (Some(next), _) => at = next,
            (None, Some(_)) => return Ok(at),
            (None, None) => break,
        }
    }
    Err(BuildError::UnboundInput { socket: graph.slots[at].name.clone(), task: task.name.to_string() })
}
