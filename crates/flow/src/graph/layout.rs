//! A graph made ready: sockets resolved, stages cut, tasks ordered, and for each reader whether it takes or clones.

use std::{collections::BTreeSet, sync::Arc};

use super::{
    Graph, Role, TaskDecl,
    body::{AnyModule, Body},
    cell::{Binding, SlotInfo},
    order::{Op, Wiring, comes_back, order},
};
use crate::BuildError;

/// A graph made ready.
pub(crate) struct Layout {
    pub(crate) slots: Vec<SlotInfo>,
    pub(crate) stages: Vec<StageLayout>,
}

/// One stage made ready: everything that its replicas have in common.
pub(crate) struct StageLayout {
    pub(crate) ops: Vec<Op>,
    pub(crate) names: Vec<Arc<str>>,
    pub(crate) bindings: Vec<Binding>,
    /// Slots that come from stages in front.
    pub(crate) imports: Vec<usize>,
    /// Slots that stages behind read.
    pub(crate) exports: Vec<usize>,
}

/// What one replica of a stage owns.
pub(crate) struct Kit {
    pub(crate) bodies: Vec<Box<dyn Body>>,
    /// Where the stage uses the module.
    pub(crate) modules: Vec<Option<Box<dyn AnyModule>>>,
}

impl Kit {
    /// A copy of the kit for one more replica.
    pub(crate) fn replica(&self, names: &[Arc<str>], bindings: &[Binding]) -> Result<Kit, BuildError> {
        let refuse = |name: &Arc<str>| BuildError::NotReplicable { task: name.to_string() };
        let bodies = self.bodies.iter().zip(names);
        let bodies = bodies.map(|(body, name)| body.replica().ok_or_else(|| refuse(name)));
        let bodies = bodies.collect::<Result<_, _>>()?;
        let user = |module| {
            let i = bindings.iter().position(|binding| binding.module == Some(module));
            i.map_or_else(|| "module".into(), |i| names[i].clone())
        };
        let copy = |(i, module): (usize, &Option<Box<dyn AnyModule>>)| match module {
            Some(module) => module.replica().map(Some).ok_or_else(|| refuse(&user(i))),
            None => Ok(None),
        };
        let modules = self.modules.iter().enumerate().map(copy).collect::<Result<_, _>>()?;
        Ok(Kit { bodies, modules })
    }
}

/// Cuts a graph into stages of `counts` tasks; gives the layout and the first kit of each stage.
pub(crate) fn lay_out(mut graph: Graph, counts: &[usize]) -> Result<(Layout, Vec<Kit>), BuildError> {
    graph.error.take().map_or(Ok(()), Err)?;
    let (expected, got) = (graph.tasks.len(), counts.iter().sum());
    if expected != got {
        return Err(BuildError::StageTasks { expected, got });
    }
    let stage_of: Vec<usize> =
        counts.iter().enumerate().flat_map(|(stage, &n)| std::iter::repeat_n(stage, n)).collect();
    let mut draft = Draft::new(graph, stage_of)?;
    draft.give_selects_their_own()?;
    draft.check_stages()?;
    let orders = (0..counts.len()).map(|stage| draft.order(stage)).collect::<Result<Vec<_>, _>>()?;
    let (ops, full): (Vec<_>, Vec<_>) = orders.into_iter().unzip();
    draft.finish(ops, &full)
}

/// One reader of a slot.
#[derive(Clone, Copy)]
struct Reader {
    stage: usize,
    position: usize,
    task: usize,
    input: usize,
}

struct Draft {
    graph: Graph,
    stage_of: Vec<usize>,
    /// Slots that each task reads, resolved.
    reads: Vec<Vec<usize>>,
    /// Slots that each task waits for, resolved.
    after: Vec<Vec<usize>>,
}

impl Draft {
    fn new(graph: Graph, stage_of: Vec<usize>) -> Result<Self, BuildError> {
        let resolve = |task: &TaskDecl, slots: &[usize]| {
            slots.iter().map(|&slot| resolve(&graph, task, slot)).collect::<Result<Vec<_>, _>>()
        };
        let reads = graph.tasks.iter().map(|t| resolve(t, &t.reads)).collect::<Result<_, _>>()?;
        let after = graph.tasks.iter().map(|t| resolve(t, &t.after)).collect::<Result<_, _>>()?;
        Ok(Draft { graph, stage_of, reads, after })
    }

    fn name(&self, task: usize) -> String {
        self.graph.tasks[task].name.to_string()
    }

    fn writer(&self, slot: usize) -> usize {
        self.graph.slots[slot].writer.expect("resolved slots have a writer")
    }

    fn members(&self, stage: usize) -> Vec<usize> {
        (0..self.stage_of.len()).filter(|&task| self.stage_of[task] == stage).collect()
    }

    /// A select empties its inputs, so where others read the same frame it gets a copy of its own.
    fn give_selects_their_own(&mut self) -> Result<(), BuildError> {
        for select in 0..self.graph.tasks.len() {
            for input in 0..self.reads[select].len() {
                let slot = self.reads[select][input];
                let n_readers = self.reads.iter().flatten().filter(|&&read| read == slot).count();
                if self.graph.tasks[select].role != Role::Select || n_readers == 1 {
                    continue;
                }
                let (kind, stage) = (self.graph.slots[slot].info.kind.clone(), self.stage_of[select]);
                let body = kind.relay();
                let copy = self.graph.slots.len();
                let info = SlotInfo { kind, copier: None };
                let (task, name) = (self.graph.tasks.len(), "relay".to_owned());
                self.graph.slots.push(super::SlotDecl { info, bound: None, writer: Some(task), name });
                self.graph.tasks.push(TaskDecl {
                    name: "relay".into(),
                    body,
                    role: Role::Plain,
                    reads: vec![slot],
                    writes: vec![copy],
                    after: Vec::new(),
                    module: None,
                });
                self.reads.push(vec![slot]);
                self.after.push(Vec::new());
                self.stage_of.push(stage);
                self.reads[select][input] = copy;
            }
        }
        Ok(())
    }

    /// Frames move forwards from stage to stage, and the tasks of a module stay together.
    fn check_stages(&self) -> Result<(), BuildError> {
        for task in 0..self.graph.tasks.len() {
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

    fn order(&self, stage: usize) -> Result<(Vec<Op>, Vec<bool>), BuildError> {
        let members = self.members(stage);
        let comes = |slot: &super::SlotDecl| slot.writer.is_some_and(|task| self.stage_of[task] < stage);
        let wiring = Wiring {
            tasks: &self.graph.tasks,
            members: &members,
            reads: &self.reads,
            after: &self.after,
            arrived: self.graph.slots.iter().map(comes).collect(),
        };
        let name = |task| self.name(task);
        order(&wiring).map_err(|lost| BuildError::Cycle { tasks: lost.into_iter().map(name).collect() })
    }

    /// The readers of every slot in the order in which they run.
    fn readers(&self, ops: &[Vec<Op>]) -> Vec<Vec<Reader>> {
        let mut readers = vec![Vec::new(); self.graph.slots.len()];
        for (stage, ops) in ops.iter().enumerate() {
            for (position, op) in ops.iter().enumerate() {
                for (input, &slot) in self.reads[op.step].iter().enumerate() {
                    readers[slot].push(Reader { stage, position, task: op.step, input });
                }
            }
        }
        readers
    }

    fn finish(self, mut ops: Vec<Vec<Op>>, full: &[Vec<bool>]) -> Result<(Layout, Vec<Kit>), BuildError> {
        let readers = self.readers(&ops);
        self.check_paths(&readers, full)?;
        let takes = self.takes(&readers, &ops)?;
        let physical = self.physical(&readers, &takes);
        let bindings: Vec<Binding> = (0..self.graph.tasks.len())
            .map(|task| Binding {
                reads: self.reads[task].iter().map(|&s| physical[s]).zip(takes[task].clone()).collect(),
                writes: self.graph.tasks[task].writes.iter().map(|&s| physical[s]).collect(),
                module: self.graph.tasks[task].module,
            })
            .collect();
        let crossing: Vec<Vec<usize>> =
            (1..ops.len()).map(|stage| self.crossing(stage, &readers, &physical)).collect();
        let mut stages = Vec::with_capacity(ops.len());
        for (stage, ops) in ops.iter_mut().enumerate() {
            let members = self.members(stage);
            let step = |task: usize| members.binary_search(&task).expect("ops are members");
            ops.iter_mut().for_each(|op| op.step = step(op.step));
            stages.push(StageLayout {
                ops: std::mem::take(ops),
                names: members.iter().map(|&task| self.graph.tasks[task].name.clone()).collect(),
                bindings: members.iter().map(|&task| bindings[task].clone()).collect(),
                imports: stage.checked_sub(1).map_or_else(Vec::new, |i| crossing[i].clone()),
                exports: crossing.get(stage).cloned().unwrap_or_default(),
            });
        }
        Ok(self.pack(stages, &physical))
    }

    /// Which readers take: the last of each slot.
    fn takes(&self, readers: &[Vec<Reader>], ops: &[Vec<Op>]) -> Result<Vec<Vec<bool>>, BuildError> {
        let mut takes: Vec<Vec<bool>> = self.reads.iter().map(|reads| vec![false; reads.len()]).collect();
        for (slot, readers) in readers.iter().enumerate() {
            let last = readers.iter().rfind(|reader| !self.is_again(reader, slot, ops));
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
    fn check_paths(&self, readers: &[Vec<Reader>], full: &[Vec<bool>]) -> Result<(), BuildError> {
        for (slot, readers) in readers.iter().enumerate() {
            let Some(producer) = self.graph.slots[slot].writer else { continue };
            let stage = self.stage_of[producer];
            if let Some(reader) = readers.iter().find(|r| r.stage > stage && !full[stage][slot]) {
                let (task, producer) = (self.name(reader.task), self.name(producer));
                return Err(BuildError::PathCut { task, producer });
            }
        }
        Ok(())
    }

    /// Whether a reader runs more often than the frame is written: in a loop, the frame coming from outside.
    fn is_again(&self, reader: &Reader, slot: usize, ops: &[Vec<Op>]) -> bool {
        let ops = &ops[reader.stage];
        let written = ops.iter().position(|op| op.step == self.writer(slot));
        // A select takes what comes from outside once, and is fed from inside afterwards.
        let is_select = self.graph.tasks[reader.task].role == Role::Select;
        !is_select && comes_back(ops, reader.position, written)
    }

    /// Where slots really lie: a forward task that alone reads a frame works in its place.
    fn physical(&self, readers: &[Vec<Reader>], takes: &[Vec<bool>]) -> Vec<usize> {
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
    fn crossing(&self, stage: usize, readers: &[Vec<Reader>], physical: &[usize]) -> Vec<usize> {
        let crosses = |&slot: &usize| {
            let writer = self.graph.slots[slot].writer;
            writer.is_some_and(|task| self.stage_of[task] < stage)
                && readers[slot].iter().any(|reader| reader.stage >= stage)
        };
        let slots: BTreeSet<usize> = (0..physical.len()).filter(crosses).map(|slot| physical[slot]).collect();
        slots.into_iter().collect()
    }

    fn pack(self, stages: Vec<StageLayout>, physical: &[usize]) -> (Layout, Vec<Kit>) {
        let Draft { graph, stage_of, .. } = self;
        let mut kits: Vec<Kit> = stages.iter().map(|_| Kit { bodies: vec![], modules: vec![] }).collect();
        let home = |module: usize| {
            let user = graph.tasks.iter().position(|task| task.module == Some(module));
            user.map_or(0, |task| stage_of[task])
        };
        let homes: Vec<usize> = (0..graph.modules.len()).map(home).collect();
        for (module, home) in graph.modules.into_iter().zip(homes) {
            let mut module = Some(module);
            for (stage, kit) in kits.iter_mut().enumerate() {
                kit.modules.push(module.take_if(|_| stage == home));
            }
        }
        for (task, stage) in graph.tasks.into_iter().zip(stage_of) {
            kits[stage].bodies.push(task.body);
        }
        let mut slots: Vec<SlotInfo> = graph.slots.into_iter().map(|slot| slot.info).collect();
        for slot in 0..slots.len() {
            if let Some(copier) = slots[slot].copier.clone() {
                slots[physical[slot]].copier.get_or_insert(copier);
            }
        }
        (Layout { slots, stages }, kits)
    }
}

/// The slot that a read really means.
fn resolve(graph: &Graph, task: &TaskDecl, slot: usize) -> Result<usize, BuildError> {
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
