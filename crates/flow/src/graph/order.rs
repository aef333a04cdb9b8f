//! The order of the tasks of one stage at one rate: straight runs, ended by commutes, joined at selects.
//!
//! On each path the tasks that are fed run in the order of declaration, then the path ends: at a commute, which opens
//! new paths, or at a select that other paths lead to as well. The first path to reach a select goes on behind it; the
//! later ones jump there, which for a loop is backwards. What does not depend on the path that a commute takes runs
//! before the commute if it is fed by then, else behind the construct.

use super::{
    Role, TaskDecl,
    body::{NEXT, Turn},
};

/// Behind the last task of a block.
pub(crate) const STOP: usize = usize::MAX;

/// One task call, and where it leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Op {
    /// Which task of the stage.
    pub(crate) step: usize,
    pub(crate) next: usize,
    /// Where the paths of a commute lead, or the block that a splitter opens.
    pub(crate) targets: Box<[usize]>,
    /// The block that it lies in.
    pub(crate) block: usize,
}

impl Op {
    /// Where a turn leads: to an op, or beyond all of them.
    #[inline]
    pub(crate) fn behind(&self, turn: Turn) -> usize {
        match turn {
            NEXT => self.next,
            turn => self.targets.get(turn - 1).copied().unwrap_or(turn),
        }
    }
}

/// What the order is made from; slots are resolved.
pub(crate) struct Wiring<'a> {
    pub(crate) tasks: &'a [TaskDecl],
    /// The tasks of the stage.
    pub(crate) members: &'a [usize],
    /// Slots that tasks read, by task.
    pub(crate) reads: &'a [Vec<usize>],
    /// Slots that tasks wait for without reading, by task.
    pub(crate) after: &'a [Vec<usize>],
    /// Slots that are full when the frame arrives.
    pub(crate) arrived: Vec<bool>,
}

/// Orders the tasks of a stage; gives also the slots that are full whichever path a frame took.
///
/// # Errors
/// The tasks that can never run: they wait for each other, or for a path that does not lead to them.
pub(crate) fn order(wiring: &Wiring<'_>) -> Result<(Vec<Op>, Vec<bool>), Vec<usize>> {
    let n_tasks = wiring.tasks.len();
    let mut compiler = Compiler { wiring, ops: Vec::new(), position: vec![None; n_tasks], full: None };
    let mut path = Path {
        full: wiring.arrived.clone(),
        done: vec![false; n_tasks],
        may: vec![false; n_tasks],
        later: vec![false; n_tasks],
        arrivals: Vec::new(),
        tail: Tail::Start,
    };
    wiring.members.iter().for_each(|&task| path.may[task] = true);
    let slots: Vec<usize> = (0..path.full.len()).filter(|&slot| path.full[slot]).collect();
    slots.into_iter().for_each(|slot| compiler.note_arrival(&mut path, slot));
    compiler.follow(path);
    let is_lost = |&&task: &&usize| compiler.position[task].is_none();
    let lost: Vec<usize> = wiring.members.iter().filter(is_lost).copied().collect();
    if !lost.is_empty() {
        return Err(lost);
    }
    compiler.check_loops()?;
    let full = compiler.full.unwrap_or_else(|| vec![false; wiring.arrived.len()]);
    Ok((compiler.ops, full))
}

/// Where the end of a path is to be tied on.
#[derive(Clone, Copy)]
enum Tail {
    Start,
    Next(usize),
    Target(usize, usize),
}

/// One path while it is followed.
#[derive(Clone)]
struct Path {
    /// Slots that are full.
    full: Vec<bool>,
    /// Tasks that have run.
    done: Vec<bool>,
    /// Tasks that may run on this path.
    may: Vec<bool>,
    /// Tasks that may run when nothing else is left and the path ends here.
    later: Vec<bool>,
    /// Selects that were fed and have not run for it.
    arrivals: Vec<usize>,
    tail: Tail,
}

struct Compiler<'a> {
    wiring: &'a Wiring<'a>,
    ops: Vec<Op>,
    /// Where a task was emitted first.
    position: Vec<Option<usize>>,
    /// Slots that are full at every end.
    full: Option<Vec<bool>>,
}

impl Compiler<'_> {
    fn follow(&mut self, mut path: Path) {
        loop {
            if let Some(task) = self.ready(&path, |role| !matches!(role, Role::Select | Role::Commute)) {
                self.emit(&mut path, task);
            } else if let Some(commute) = self.ready(&path, |role| role == Role::Commute) {
                return self.fork(path, commute);
            } else if let Some(select) = self.arrival(&mut path) {
                if let Some(position) = self.position[select] {
                    return self.tie(path.tail, position);
                }
                self.emit(&mut path, select);
            } else if path.later.iter().any(|&later| later) {
                path.may = std::mem::replace(&mut path.later, vec![false; path.may.len()]);
            } else {
                let full = self.full.get_or_insert_with(|| path.full.clone());
                full.iter_mut().zip(&path.full).for_each(|(all, one)| *all &= one);
                return self.tie(path.tail, STOP);
            }
        }
    }

    /// The first task in the order of declaration that may run now.
    fn ready(&self, path: &Path, is_kind: impl Fn(Role) -> bool) -> Option<usize> {
        let Wiring { tasks, members, reads, after, .. } = self.wiring;
        let is_fed = |task: usize| reads[task].iter().chain(&after[task]).all(|&slot| path.full[slot]);
        let is_ready =
            |task: usize| path.may[task] && !path.done[task] && is_kind(tasks[task].role) && is_fed(task);
        members.iter().copied().find(|&task| is_ready(task))
    }

    /// A select that was fed and may run here: one that has not run yet, or the innermost that other paths led to,
    /// which is the one that was fed last.
    fn arrival(&self, path: &mut Path) -> Option<usize> {
        let is_ordered = |select: usize| self.wiring.after[select].iter().all(|&slot| path.full[slot]);
        let is_known = |select: usize| self.position[select].is_some();
        let is_new = |&select: &usize| path.may[select] && !is_known(select) && is_ordered(select);
        let is_joined = |&select: &usize| is_known(select) && is_ordered(select);
        let i =
            path.arrivals.iter().position(is_new).or_else(|| path.arrivals.iter().rposition(is_joined))?;
        Some(path.arrivals.remove(i))
    }

    fn emit(&mut self, path: &mut Path, task: usize) -> usize {
        let position = self.ops.len();
        self.tie(path.tail, position);
        self.ops.push(Op { step: task, next: STOP, targets: Box::default(), block: 0 });
        self.position[task].get_or_insert(position);
        path.done[task] = true;
        path.tail = Tail::Next(position);
        if self.wiring.tasks[task].role != Role::Commute {
            for &slot in &self.wiring.tasks[task].writes {
                self.fill(path, slot);
            }
        }
        position
    }

    fn fill(&self, path: &mut Path, slot: usize) {
        path.full[slot] = true;
        self.note_arrival(path, slot);
    }

    fn note_arrival(&self, path: &mut Path, slot: usize) {
        let Wiring { tasks, members, reads, .. } = self.wiring;
        let is_fed = |&&task: &&usize| tasks[task].role == Role::Select && reads[task].contains(&slot);
        path.arrivals.extend(members.iter().filter(is_fed));
    }

    /// Emits a commute and follows its paths.
    fn fork(&mut self, mut path: Path, commute: usize) {
        let position = self.emit(&mut path, commute);
        let outs = &self.wiring.tasks[commute].writes;
        self.ops[position].targets = vec![STOP; outs.len()].into();
        let reached: Vec<Vec<bool>> = outs.iter().map(|&slot| self.reach(&path, slot)).collect();
        for (k, &slot) in outs.iter().enumerate() {
            let mut branch = path.clone();
            branch.tail = Tail::Target(position, k);
            for task in 0..branch.may.len() {
                let waits = (path.may[task] || path.later[task]) && !path.done[task];
                branch.may[task] = waits && reached[k][task];
                branch.later[task] = waits && !reached.iter().any(|reached| reached[task]);
            }
            self.fill(&mut branch, slot);
            self.follow(branch);
        }
    }

    /// The tasks that a frame in `slot` leads to, as far as selects that have run.
    fn reach(&self, path: &Path, slot: usize) -> Vec<bool> {
        let Wiring { tasks, members, reads, after, .. } = self.wiring;
        let mut reached = vec![false; tasks.len()];
        let mut slots = vec![slot];
        while let Some(slot) = slots.pop() {
            for &task in *members {
                let is_bound = reads[task].contains(&slot) || after[task].contains(&slot);
                if is_bound && !reached[task] && !path.done[task] {
                    reached[task] = true;
                    slots.extend(&tasks[task].writes);
                }
            }
        }
        reached
    }

    fn tie(&mut self, tail: Tail, position: usize) {
        match tail {
            Tail::Start => {}
            Tail::Next(op) => self.ops[op].next = position,
            Tail::Target(op, k) => self.ops[op].targets[k] = position,
        }
    }

    /// A way that comes back without a commute would never end.
    fn check_loops(&self) -> Result<(), Vec<usize>> {
        let is_straight = |at: &usize| self.ops.get(*at).is_some_and(|op| op.targets.is_empty());
        for start in 0..self.ops.len() {
            let onward = |&at: &usize| Some(self.ops[at].next).filter(is_straight);
            let walk: Vec<usize> = std::iter::successors(Some(start).filter(is_straight), onward)
                .take(self.ops.len() + 1)
                .collect();
            if let Some(back) = walk.iter().skip(1).position(|&at| at == start) {
                return Err(walk[..=back].iter().map(|&at| self.ops[at].step).collect());
            }
        }
        Ok(())
    }
}

/// Whether a frame that has passed the op at `start` can come to a goal before it comes to a fence.
pub(crate) fn leads(
    ops: &[Op],
    start: usize,
    is_fence: impl Fn(usize) -> bool,
    is_goal: impl Fn(usize) -> bool,
) -> bool {
    let mut seen = vec![false; ops.len()];
    let mut open = vec![start];
    while let Some(at) = open.pop() {
        for &to in std::iter::once(&ops[at].next).chain(&ops[at].targets) {
            if to == STOP {
                continue;
            }
            if is_goal(to) {
                return true;
            }
            if !is_fence(to) && !std::mem::replace(&mut seen[to], true) {
                open.push(to);
            }
        }
    }
    false
}
