//! A graph made ready: sockets resolved, stages cut, tasks ordered, and for each reader whether it takes or clones.

use std::sync::Arc;

use super::{
    Graph, TaskDecl,
    blocks::{Block, RateOps, join},
    body::{AnyModule, Body},
    cell::{Binding, SlotInfo},
    draft::{Draft, resolve},
    feedback::FeedbackDecl,
    order::Op,
    rates::Bound,
    show::Show,
};
use crate::BuildError;

/// A graph made ready.
pub(crate) struct Layout {
    pub(crate) slots: Vec<SlotInfo>,
    pub(crate) stages: Vec<Arc<StageLayout>>,
    pub(crate) feedbacks: Vec<Feedback>,
}

impl Layout {
    /// Whether any socket that crosses the boundary behind a stage is weighed.
    pub(crate) fn is_weighed(&self, stage: usize) -> bool {
        self.stages[stage].exports.iter().any(|&slot| self.slots[slot].weigher.is_some())
    }
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
    /// What it writes that can be shown: where it lies, and how.
    pub(crate) shows: Vec<(usize, Show)>,
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
    let stage_of = graph.stage_of(counts);
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

impl Draft {
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
                let shows = self.shows(task, &physical);
                StepLayout { name: name.clone(), is_internal: *is_internal, shows }
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

    /// What a task writes that can be shown.
    fn shows(&self, task: usize, physical: &[usize]) -> Vec<(usize, Show)> {
        let shows = self.graph.shows.iter().filter_map(|(slot, show)| {
            let slot = resolve(&self.graph, &self.graph.tasks[task], *slot).ok()?;
            (self.writer(slot) == task).then(|| (physical[slot], show.clone()))
        });
        shows.collect()
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
            if let Some(weigher) = slots[slot].weigher.clone() {
                slots[physical[slot]].weigher.get_or_insert(weigher);
            }
        }
        (Layout { slots, stages: stages.into_iter().map(Arc::new).collect(), feedbacks }, kits)
    }
}
