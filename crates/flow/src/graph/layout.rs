//! A graph made ready: sockets resolved, stages cut, tasks ordered, and for each reader whether it takes or clones.

use std::{collections::BTreeSet, sync::Arc};

use super::{
    Graph, Role, TaskDecl,
    blocks::{Block, RateOps, join},
    body::{AnyModule, Body},
    cell::{Binding, SlotInfo},
    feedback::FeedbackDecl,
    order::{Op, Wiring, leads, order},
    rates::{BASE, Bound, Rates},
};
use crate::BuildError;

/// A graph made ready.
pub(crate) struct Layout {
    pub(crate) slots: Vec<SlotInfo>,
    pub(crate) stages: Vec<StageLayout>,
    pub(crate) feedbacks: Vec<Feedback>,
}

/// A loop around several stages.
pub(crate) struct Feedback {
    /// Stage and step of its entry.
    pub(crate) enter: (usize, usize),
    /// The stage that it leaves from.
    pub(crate) until: usize,
    /// Slots that go back.
    pub(crate) back: [usize; 2],
    /// Frames in the loop, at most.
    pub(crate) width: usize,
}

/// One stage made ready: everything that its replicas have in common.
pub(crate) struct StageLayout {
    pub(crate) index: usize,
    pub(crate) ops: Vec<Op>,
    /// Runs of ops at one rate, the first of them at the rate of the frames that come in.
    pub(crate) blocks: Vec<Block>,
    /// Step and block of each splitter, in the order in which they end.
    pub(crate) openers: Vec<(usize, usize)>,
    /// The block whose frames go out.
    pub(crate) emits: usize,
    /// How often the rate has changed in front of the stage.
    pub(crate) n_changes: u64,
    pub(crate) steps: Vec<StepLayout>,
    pub(crate) bindings: Vec<Binding>,
    /// Slots that come from stages in front.
    pub(crate) imports: Vec<usize>,
    /// Slots that stages behind read.
    pub(crate) exports: Vec<usize>,
}

/// What is known of a task when it is at work.
pub(crate) struct StepLayout {
    pub(crate) name: Arc<str>,
    /// The runtime's own: not reported.
    pub(crate) is_internal: bool,
}

/// How a task is copied.
pub(crate) type Copying = fn(&dyn Body) -> Option<Box<dyn Body>>;

/// What one replica of a stage owns.
pub(crate) struct Kit {
    pub(crate) bodies: Vec<Box<dyn Body>>,
    /// Where the stage uses the module.
    pub(crate) modules: Vec<Option<Box<dyn AnyModule>>>,
}

impl Kit {
    /// A copy of the kit: for one more replica of a stage, or for one more copy of a sequence.
    pub(crate) fn again(&self, stage: &StageLayout, copy: Copying) -> Result<Kit, BuildError> {
        let StageLayout { steps, bindings, .. } = stage;
        let refuse = |name: &Arc<str>| BuildError::NotReplicable { task: name.to_string() };
        let bodies = self.bodies.iter().zip(steps);
        let bodies = bodies.map(|(body, step)| copy(&**body).ok_or_else(|| refuse(&step.name)));
        let bodies = bodies.collect::<Result<_, _>>()?;
        let user = |module| {
            let i = bindings.iter().position(|binding| binding.module == Some(module));
            i.map_or_else(|| "module".into(), |i| steps[i].name.clone())
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
    let units = graph.units();
    let (expected, got) = (units.len(), counts.iter().sum());
    if expected != got {
        return Err(BuildError::StageTasks { expected, got });
    }
    let stages = counts.iter().enumerate().flat_map(|(stage, &n)| std::iter::repeat_n(stage, n));
    let stage_of: Vec<usize> =
        stages.zip(units).flat_map(|(stage, n)| std::iter::repeat_n(stage, n)).collect();
    let mut draft = Draft::new(graph, stage_of)?;
    draft.give_selects_their_own();
    draft.discard_unread();
    draft.check_stages()?;
    let bound = Bound {
        tasks: &draft.graph.tasks,
        reads: &draft.reads,
        after: &draft.after,
        n_slots: draft.graph.slots.len(),
    };
    let rates = bound.rates()?;
    draft.check_loops(&rates)?;
    let drives = draft.drives(&rates, counts.len())?;
    let orders = drives.iter().enumerate().map(|(stage, &rate)| draft.blocks(stage, rate, &rates));
    let orders = orders.collect::<Result<Vec<_>, _>>()?;
    draft.finish(orders, &drives)
}

/// One reader of a slot.
#[derive(Clone, Copy)]
struct Reader {
    stage: usize,
    block: usize,
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

    /// Adds a task of the runtime's own, in the stage of the task that it goes with.
    fn add_internal(
        &mut self,
        name: &str,
        body: Box<dyn Body>,
        (reads, writes): (Vec<usize>, Vec<usize>),
        stage: usize,
    ) {
        self.graph.tasks.push(TaskDecl {
            name: name.into(),
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
    fn give_selects_their_own(&mut self) {
        for select in 0..self.graph.tasks.len() {
            for input in 0..self.reads[select].len() {
                let slot = self.reads[select][input];
                let n_readers = self.reads.iter().flatten().filter(|&&read| read == slot).count();
                if self.graph.tasks[select].role != Role::Select || n_readers == 1 {
                    continue;
                }
                let (kind, stage) = (self.graph.slots[slot].info.kind.clone(), self.stage_of[select]);
                let (copy, writer) = (self.graph.slots.len(), Some(self.graph.tasks.len()));
                let (body, info) = (kind.relay(), SlotInfo { kind, copier: None });
                self.graph.slots.push(super::SlotDecl {
                    info,
                    bound: None,
                    writer,
                    name: "relay".to_owned(),
                });
                self.add_internal("relay", body, (vec![slot], vec![copy]), stage);
                self.reads[select][input] = copy;
            }
        }
    }

    /// What nobody reads is dropped at once, not when the next frame comes.
    fn discard_unread(&mut self) {
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

    /// Frames move forwards from stage to stage, and the tasks of a module stay together.
    fn check_stages(&self) -> Result<(), BuildError> {
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
    fn check_loops(&self, rates: &Rates) -> Result<(), BuildError> {
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
    fn drives(&self, rates: &Rates, n_stages: usize) -> Result<Vec<usize>, BuildError> {
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
    fn crossing_slots(&self, stage: usize) -> impl Iterator<Item = usize> {
        let behind = (0..self.stage_of.len()).filter(move |&task| self.stage_of[task] >= stage);
        let slots = behind.flat_map(|task| self.reads[task].iter().chain(&self.after[task]).copied());
        slots.filter(move |&slot| self.stage_of[self.writer(slot)] < stage)
    }

    fn two_rates(&self, stage: usize, pair: [usize; 2], rates: &Rates) -> BuildError {
        let name =
            |rate: usize| rates.opener[rate].map_or_else(|| "the sources".to_owned(), |t| self.name(t));
        BuildError::RatesCross { stage, one: name(pair[0]), other: name(pair[1]) }
    }

    /// Orders the tasks of a stage, rate by rate, a rate behind the one that it is opened at.
    fn blocks(&self, stage: usize, drive: usize, rates: &Rates) -> Result<Vec<RateOps>, BuildError> {
        let mut blocks: Vec<RateOps> = Vec::new();
        let mut open = std::collections::VecDeque::from([drive]);
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
    fn turn_of(&self, task: usize) -> (usize, usize) {
        let is_discard = self.graph.tasks[task].writes.is_empty() && self.graph.tasks[task].is_internal;
        match self.reads[task].first().filter(|_| is_discard) {
            Some(&slot) => (self.writer(slot), 1),
            None => (task, 0),
        }
    }

    fn order(
        &self,
        stage: usize,
        rate: usize,
        members: &[usize],
        rates: &Rates,
    ) -> Result<(Vec<Op>, Vec<bool>), BuildError> {
        let comes = |(slot, decl): (usize, &super::SlotDecl)| {
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
        order(&wiring).map_err(|lost| BuildError::Cycle { tasks: lost.into_iter().map(name).collect() })
    }

    /// The readers of every slot in the order in which they run.
    fn readers(&self, orders: &[Vec<RateOps>]) -> Vec<Vec<Reader>> {
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

    fn finish(self, orders: Vec<Vec<RateOps>>, drives: &[usize]) -> Result<(Layout, Vec<Kit>), BuildError> {
        let readers = self.readers(&orders);
        self.check_paths(&readers, &orders)?;
        let takes = self.takes(&readers, &orders)?;
        let physical = self.physical(&readers, &takes);
        let bindings: Vec<Binding> = (0..self.graph.tasks.len())
            .map(|task| Binding {
                reads: self.reads[task].iter().map(|&s| physical[s]).zip(takes[task].clone()).collect(),
                writes: self.graph.tasks[task].writes.iter().map(|&s| physical[s]).collect(),
                back: self.back_to(task),
                module: self.graph.tasks[task].module,
            })
            .collect();
        let crossing: Vec<Vec<usize>> =
            (1..orders.len()).map(|stage| self.crossing(stage, &readers, &physical)).collect();
        let mut stages = Vec::with_capacity(orders.len());
        for (stage, blocks) in orders.into_iter().enumerate() {
            let members = self.members(stage);
            let goes_out = drives.get(stage + 1).copied();
            let emits = goes_out.and_then(|rate| blocks.iter().position(|block| block.rate == rate));
            let joined =
                join(blocks, |task| members.binary_search(&task).expect("ops are members"), &physical);
            let step = |&task: &usize| {
                let TaskDecl { name, is_internal, .. } = &self.graph.tasks[task];
                StepLayout { name: name.clone(), is_internal: *is_internal }
            };
            stages.push(StageLayout {
                index: stage,
                ops: joined.ops,
                blocks: joined.blocks,
                openers: joined.openers,
                emits: emits.unwrap_or(0),
                n_changes: drives[..=stage].windows(2).filter(|pair| pair[0] != pair[1]).count() as u64,
                steps: members.iter().map(step).collect(),
                bindings: members.iter().map(|&task| bindings[task].clone()).collect(),
                imports: stage.checked_sub(1).map_or_else(Vec::new, |i| crossing[i].clone()),
                exports: crossing.get(stage).cloned().unwrap_or_default(),
            });
        }
        Ok(self.pack(stages, &physical))
    }

    /// Slots of the way back to the entry of a loop.
    fn back_to(&self, task: usize) -> Vec<usize> {
        let mut loops = self.graph.feedbacks.iter();
        loops.find(|feedback| feedback.enter == task).map_or_else(Vec::new, |feedback| feedback.back.to_vec())
    }

    /// Loops that leave their stage.
    fn feedbacks(&self) -> Vec<Feedback> {
        let step = |task: usize| self.members(self.stage_of[task]).binary_search(&task).unwrap_or(0);
        let place = |decl: &FeedbackDecl| {
            let [enter, until] = [decl.enter, decl.until].map(|task| (self.stage_of[task], step(task)));
            Feedback { enter, until: until.0, back: decl.back, width: decl.width }
        };
        self.graph.feedbacks.iter().map(place).filter(|loops| loops.enter.0 != loops.until).collect()
    }

    /// Which readers take: those that nobody can read after, on the path that leads to them.
    fn takes(&self, readers: &[Vec<Reader>], orders: &[Vec<RateOps>]) -> Result<Vec<Vec<bool>>, BuildError> {
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
    fn check_paths(&self, readers: &[Vec<Reader>], orders: &[Vec<RateOps>]) -> Result<(), BuildError> {
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
        let feedbacks = self.feedbacks();
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
        (Layout { slots, stages, feedbacks }, kits)
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
