//! One replica of one stage at work on its thread: tasks bound to cells, and a program counter.

use std::{
    any::Any,
    ops::ControlFlow,
    panic::{AssertUnwindSafe, catch_unwind},
    rc::Rc,
    sync::Arc,
    thread,
};

use rayon::ThreadPool;

use super::{
    Sampling,
    blocks::{Code, close, decode},
    board::{Desk, Tally},
    body::{AnyModule, DROP, END, FAIL, FINISHED, Linked, NEXT, Turn, Unlink},
    cell::{AnyCell, Cells, SlotInfo, Wires},
    layout::{Kit, StageLayout, StepLayout},
    ring::Inlet,
    tick::Tick,
    timers::{self, Counting, Mode},
};
use crate::{
    BoxError, Call, CancelToken, Error, Observer,
    env::{panic_error, task_error},
};

/// The number of the frame when there is none any more; even at the base rate below the key of no failure.
pub(crate) const FINISH: u64 = (1 << 56) - 2;
/// Where the last op of the frames that come in leads.
const END_OF_FRAME: Turn = close(0);

/// What becomes of a frame.
pub(crate) enum Outcome {
    Done,
    /// A frame of another rate is ready to go out; [`Engine::resume`] goes on.
    Emit,
    Dropped,
    End,
    Failed(Error),
}

/// A task on its thread.
struct Step {
    task: Box<dyn Linked>,
    tally: Arc<Tally>,
    /// Timers of the task's own.
    timers: Vec<(&'static str, Arc<Tally>)>,
    /// Gives frames at a rate of its own, so that it is asked several times for each that it takes.
    opens: bool,
    /// Nanoseconds that it has worked on the frame at work so far, where that is timed and it opens.
    so_far: u64,
}

impl Step {
    /// Counts a call that gave `turn`, and notes its time.
    #[inline]
    fn measure(&mut self, nanoseconds: u64, turn: Turn) {
        if !self.opens {
            self.tally.time(nanoseconds);
        } else if turn == 1 {
            self.so_far += nanoseconds;
            self.tally.count();
        } else {
            self.tally.time(std::mem::take(&mut self.so_far) + nanoseconds);
        }
    }
}

/// What an engine needs beside its tasks.
#[derive(Clone)]
pub(crate) struct Tools {
    pub(crate) sampling: Sampling,
    pub(crate) observer: Option<Arc<dyn Observer>>,
    /// Threads for tasks that are parallel inside.
    pub(crate) pool: Option<Arc<ThreadPool>>,
    /// Where it counts.
    pub(crate) desk: Arc<Desk>,
    /// There is one frame, the run itself: it has no number, and a stop is looked for between tasks.
    pub(crate) once: Option<CancelToken>,
    /// What is added to the numbers of frames when they are told.
    pub(crate) first: u64,
}

impl Tools {
    /// What timers do in a frame that is timed.
    fn mode(&self) -> Mode {
        if self.observer.is_some() { Mode::Spans } else { Mode::Sums }
    }
}

/// One replica of one stage.
pub(crate) struct Engine {
    layout: Arc<StageLayout>,
    steps: Vec<Step>,
    cells: Cells,
    modules: Vec<Option<(Rc<dyn Any>, Unlink)>>,
    tools: Tools,
    fault: Option<BoxError>,
    frame: u64,
    /// The op that opened each block.
    back: Vec<usize>,
    /// How far the end of the stream has come; `None` before it.
    ending: Option<Ending>,
    /// Nothing lies between two frames, so that one begins when the one before has ended.
    pub(crate) is_seamless: bool,
    /// When the frame before ended, where that is when this one begins.
    last: Option<Tick>,
}

#[derive(Clone, Copy)]
struct Ending {
    /// Splitters that have given all that was left.
    n_done: usize,
    is_whole: bool,
}

impl Engine {
    /// Binds tasks to cells.
    pub(crate) fn link(layout: Arc<StageLayout>, slots: &[SlotInfo], kit: Kit, tools: Tools) -> Self {
        let mut cells = Cells::default();
        let link = |module: Box<dyn AnyModule>| {
            let unlinker = module.unlinker();
            (module.link(), unlinker)
        };
        let modules: Vec<_> = kit.modules.into_iter().map(|module| module.map(link)).collect();
        let data: Vec<_> = modules.iter().map(|m| m.as_ref().map(|(data, _)| data.clone())).collect();
        let bound = kit.bodies.into_iter().zip(&layout.bindings).zip(&tools.desk.tallies);
        let steps = bound.enumerate().map(|(i, ((body, binding), tally))| {
            let pool = tools.pool.as_ref();
            let mut wires = Wires { binding, slots, cells: &mut cells, modules: &data, pool };
            let opens = layout.openers.iter().any(|&(step, _)| step == i);
            let task = body.link(&mut wires);
            Step { task, tally: tally.clone(), timers: Vec::new(), opens, so_far: 0 }
        });
        let steps = steps.collect();
        let back = vec![0; layout.blocks.len()];
        let (fault, frame, ending) = (None, 0, None);
        let (is_seamless, last) = (false, None);
        Engine { layout, steps, cells, modules, tools, fault, frame, back, ending, is_seamless, last }
    }

    /// Takes over what a copy of this stage has gathered in its accumulators.
    ///
    /// # Errors
    /// [`Error::Panic`] of the accumulator that panicked.
    pub(crate) fn merge(&mut self, kit: &mut Kit) -> Result<(), Error> {
        for &(step, _) in &self.layout.openers {
            let (task, body) = (&mut self.steps[step].task, &mut *kit.bodies[step]);
            catch_unwind(AssertUnwindSafe(|| task.merge(body)))
                .map_err(|payload| panic_error(&self.layout.steps[step].name, None, &*payload))?;
        }
        Ok(())
    }

    /// Gives the entry of a loop the end where its frames come back.
    pub(crate) fn attach(&mut self, step: usize, inlet: Box<dyn Inlet>) {
        self.steps[step].task.attach(inlet);
    }

    /// The cell of a slot.
    pub(crate) fn cell(&mut self, slot: usize, slots: &[SlotInfo]) -> Rc<dyn AnyCell> {
        self.cells.any(slot, slots)
    }

    /// Unbinds the tasks.
    pub(crate) fn unlink(mut self) -> Kit {
        self.abandon();
        let bodies = self.steps.into_iter().map(|step| step.task.unlink()).collect();
        // Invariant: codelets held the only other references, and are unlinked.
        let modules =
            self.modules.into_iter().map(|module| module.and_then(|(data, unlink)| unlink(data))).collect();
        Kit { bodies, modules }
    }

    /// Runs all tasks on one frame. What a frame leaves behind when it is abandoned is dropped.
    #[inline]
    pub(crate) fn frame(&mut self, frame: u64) -> Outcome {
        self.frame = frame;
        self.tools.desk.set_frame(frame);
        self.go(self.layout.blocks[0].start)
    }

    /// Goes on after [`Outcome::Emit`].
    pub(crate) fn resume(&mut self) -> Outcome {
        let outcome = match self.close(self.layout.emits) {
            ControlFlow::Continue(at) => self.go(at),
            ControlFlow::Break(outcome) => outcome,
        };
        match (outcome, self.ending) {
            (Outcome::Done, Some(Ending { is_whole, .. })) => self.finish(is_whole),
            (outcome, _) => outcome,
        }
    }

    /// The stream has ended: lets splitters give what is left.
    pub(crate) fn finish(&mut self, is_whole: bool) -> Outcome {
        while let Some((_, way)) = self.finish_next(is_whole) {
            let outcome = match way {
                ControlFlow::Continue(at) => self.go(at),
                ControlFlow::Break(outcome) => outcome,
            };
            if !matches!(outcome, Outcome::Done) {
                return outcome;
            }
        }
        Outcome::Done
    }

    /// Asks the next splitter for what is left: which step it was, and where that leads. `None` when all have given all.
    pub(crate) fn finish_next(&mut self, is_whole: bool) -> Option<(usize, ControlFlow<Outcome, usize>)> {
        // The end takes time of its own.
        self.last = None;
        self.frame = FINISH;
        self.tools.desk.set_frame(FINISH);
        let Ending { n_done, .. } = *self.ending.get_or_insert(Ending { n_done: 0, is_whole });
        let &(step, block) = self.layout.openers.get(n_done)?;
        let way = match self.finish_one(step, is_whole) {
            Ok(1) => self.settle(Ok(self.layout.blocks[block].start)),
            Ok(FINISHED | NEXT) => {
                self.ending = Some(Ending { n_done: n_done + 1, is_whole });
                ControlFlow::Break(Outcome::Done)
            }
            turn => ControlFlow::Break(self.interrupt(turn)),
        };
        Some((step, way))
    }

    /// The splitter that is to be asked next for what is left.
    pub(crate) fn next_to_finish(&self) -> Option<usize> {
        let n_done = self.ending.map_or(0, |ending| ending.n_done);
        self.layout.openers.get(n_done).map(|&(step, _)| step)
    }

    fn finish_one(&mut self, step: usize, is_whole: bool) -> thread::Result<Turn> {
        let is_timed = self.tools.sampling != Sampling::Off;
        let _counting = is_timed.then(|| Counting::begin(self.tools.mode()));
        self.tools.desk.set_doing(self.layout.ops.iter().position(|op| op.step == step).unwrap_or(0));
        catch_unwind(AssertUnwindSafe(|| {
            let began = Tick::now();
            let turn = self.steps[step].task.finish(is_whole, &mut self.fault);
            if is_timed && turn == 1 {
                let ended = Tick::now();
                self.steps[step].tally.extend(began.until(ended));
                self.note(step, began, ended);
            }
            turn
        }))
    }

    /// Runs from an op to the end of the frame, or to one of another rate that is to go out.
    #[inline]
    fn go(&mut self, mut at: usize) -> Outcome {
        loop {
            let turn = if self.tools.sampling.is_due(self.frame) {
                let _counting = Counting::begin(self.tools.mode());
                catch_unwind(AssertUnwindSafe(|| self.run_timed(at)))
            } else {
                catch_unwind(AssertUnwindSafe(|| self.run(at)))
            };
            if matches!(turn, Ok(END_OF_FRAME)) {
                return Outcome::Done;
            }
            match self.turned(turn) {
                ControlFlow::Continue(next) => at = next,
                ControlFlow::Break(outcome) => return outcome,
            }
        }
    }

    /// Begins a frame whose ops are run one by one: where the first is.
    pub(crate) fn begin(&mut self, frame: u64) -> ControlFlow<Outcome, usize> {
        self.frame = frame;
        self.tools.desk.set_frame(frame);
        self.settle(Ok(self.layout.blocks[0].start))
    }

    /// Runs one op.
    pub(crate) fn call(&mut self, at: usize) -> thread::Result<Turn> {
        self.tools.desk.set_doing(at);
        catch_unwind(AssertUnwindSafe(|| {
            let op = &self.layout.ops[at];
            let step = &mut self.steps[op.step];
            step.tally.count();
            op.behind(step.task.run(&mut self.fault))
        }))
    }

    /// The op that a turn leads to.
    pub(crate) fn settle(&mut self, mut turn: thread::Result<Turn>) -> ControlFlow<Outcome, usize> {
        loop {
            match turn {
                Ok(END_OF_FRAME) => return ControlFlow::Break(Outcome::Done),
                Ok(at) if at < self.layout.ops.len() => return ControlFlow::Continue(at),
                other => turn = Ok(self.turned(other)?),
            }
        }
    }

    /// What is to be done where the straight way ends.
    #[inline(never)]
    fn turned(&mut self, turn: thread::Result<Turn>) -> ControlFlow<Outcome, usize> {
        let Ok(code) = turn else { return ControlFlow::Break(self.interrupt(turn)) };
        let at = self.tools.desk.doing();
        match decode(code) {
            Code::Open(block) => {
                self.back[block] = at;
                ControlFlow::Continue(self.layout.blocks[block].start)
            }
            Code::Close(block) if block == self.layout.emits => ControlFlow::Break(Outcome::Emit),
            Code::Close(block) => self.close(block),
            Code::Turn if code == DROP && self.layout.ops[at].block > 0 => {
                let block = self.layout.ops[at].block;
                self.cells.clear_slots(&self.layout.blocks[block].slots);
                self.close(block)
            }
            Code::Turn => ControlFlow::Break(self.interrupt(turn)),
        }
    }

    /// Goes back to the splitter that opened the block.
    fn close(&mut self, block: usize) -> ControlFlow<Outcome, usize> {
        let ending = self.ending.and_then(|ending| self.layout.openers.get(ending.n_done));
        if ending.is_some_and(|&(_, b)| b == block) {
            return ControlFlow::Break(Outcome::Done);
        }
        // The splitter is asked again for the same frame, which is no further call.
        self.steps[self.layout.ops[self.back[block]].step].tally.discount();
        ControlFlow::Continue(self.back[block])
    }

    /// The number of the frame, if it has one.
    fn number(&self) -> Option<u64> {
        let number = Some(self.frame).filter(|&frame| frame != FINISH && self.tools.once.is_none());
        number.map(|number| number + self.tools.first)
    }

    #[cold]
    fn interrupt(&mut self, turn: thread::Result<Turn>) -> Outcome {
        let (layout, frame) = (&self.layout, self.number());
        let at = self.tools.desk.doing();
        let name = layout.ops.get(at).map_or("", |op| &*layout.steps[op.step].name);
        let outcome = match turn {
            Ok(END) => {
                self.steps[layout.ops[at].step].tally.discount();
                Outcome::End
            }
            Ok(DROP) => Outcome::Dropped,
            Ok(_) => {
                let source = self.fault.take().unwrap_or_else(|| "a path that does not exist".into());
                Outcome::Failed(task_error(name, frame, source))
            }
            Err(payload) => {
                let step = layout.ops.get(at).map(|op| &self.steps[op.step]);
                // A timed call is counted when it has ended, and this one has not.
                let timed = step.filter(|_| self.tools.sampling.is_due(self.frame));
                timed.into_iter().for_each(|step| step.tally.count());
                Outcome::Failed(panic_error(name, frame, &*payload))
            }
        };
        self.abandon();
        outcome
    }

    /// Drops what lies in the cells; a panic while dropping is swallowed, for an error is known or the run is over.
    pub(crate) fn abandon(&mut self) {
        self.cells.clear_guarded();
        for step in &mut self.steps {
            step.so_far = 0;
            let _ = catch_unwind(AssertUnwindSafe(|| step.task.reset()));
        }
    }

    #[inline]
    fn run(&mut self, mut at: usize) -> Turn {
        let Engine { layout, steps, tools, fault, .. } = self;
        let (ops, desk) = (&layout.ops[..], &*tools.desk);
        while let Some(op) = ops.get(at) {
            desk.set_doing(at);
            let step = &mut steps[op.step];
            step.tally.count();
            at = op.behind(step.task.run(fault));
        }
        at
    }

    #[inline(never)]
    fn run_timed(&mut self, mut at: usize) -> Turn {
        let is_seen = self.tools.observer.is_some();
        let mut began = self.last.take().unwrap_or_else(Tick::now);
        loop {
            let Engine { layout, steps, tools, fault, .. } = self;
            let Some(op) = layout.ops.get(at) else {
                // What an observer did since is nobody's time.
                self.last = Some(began).filter(|_| self.is_seamless && !is_seen);
                return at;
            };
            tools.desk.set_doing(at);
            if tools.once.as_ref().is_some_and(CancelToken::is_cancelled) {
                *fault = Some(Error::Cancelled.into());
                return FAIL;
            }
            let (i, step) = (op.step, &mut steps[op.step]);
            let turn = step.task.run(fault);
            let ended = Tick::now();
            at = op.behind(turn);
            if turn == END || turn == FAIL {
                step.tally.count();
            } else {
                step.measure(began.until(ended), turn);
                if is_seen || timers::has_news() {
                    self.note(i, began, ended);
                }
            }
            began = ended;
        }
    }

    /// Tells what there is to be told of a timed call.
    #[inline(never)]
    fn note(&mut self, step: usize, began: Tick, ended: Tick) {
        if timers::has_news() {
            self.collect(step);
        }
        self.tell(step, None, began, ended);
    }

    /// Adds up what the timers of a task have noted.
    fn collect(&mut self, step: usize) {
        let notes = timers::collect();
        let Engine { steps, tools, .. } = self;
        let known = &mut steps[step].timers;
        for (name, sum) in notes.sums {
            let at = known.iter().position(|(other, _)| *other == name).unwrap_or_else(|| {
                known.push((name, tools.desk.add_timer(step, name)));
                known.len() - 1
            });
            known[at].1.absorb(&sum);
        }
        notes.spans.iter().for_each(|span| self.tell(step, Some(span.name), span.began, span.ended));
    }

    fn tell(&self, step: usize, timer: Option<&str>, began: Tick, ended: Tick) {
        let StepLayout { name, is_internal, .. } = &self.layout.steps[step];
        let Some(observer) = self.tools.observer.as_deref().filter(|_| !is_internal) else { return };
        let Desk { stage, replica, .. } = *self.tools.desk;
        let frame = self.number();
        let (began, ended) = (began.instant(), ended.instant());
        let call = Call { task: name, stage, replica, rate: self.layout.n_changes, frame, began, ended };
        match timer {
            Some(timer) => observer.timed(timer, &call),
            None => observer.called(&call),
        }
    }
}
