//! One replica of one stage at work on its thread: tasks bound to cells, and a program counter.

use std::{
    any::Any,
    panic::{AssertUnwindSafe, catch_unwind},
    rc::Rc,
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    time::Instant,
};

use super::{
    Sampling, Settings,
    body::{AnyModule, DROP, END, Linked, NEXT, Turn, Unlink},
    cell::{AnyCell, Cells, SlotInfo, Wires},
    layout::{Kit, StageLayout},
    report::Clock,
    ring::{Inlet, Outlet},
};
use crate::{
    BoxError, CancelToken, Error,
    env::{panic_error, task_error},
    frame::Fault,
};

/// What becomes of a frame.
pub(crate) enum Outcome {
    Done,
    Dropped,
    End,
    Failed(Error),
}

/// A task on its thread.
struct Step {
    task: Box<dyn Linked>,
    calls: u64,
    clock: Clock,
}

/// What was counted of a task.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Count {
    pub(crate) calls: u64,
    pub(crate) clock: Clock,
}

/// One replica of one stage.
pub(crate) struct Engine<'a> {
    layout: &'a StageLayout,
    steps: Vec<Step>,
    cells: Cells,
    modules: Vec<Option<(Rc<dyn Any>, Unlink)>>,
    sampling: Sampling,
    /// The op at work, for the name of a panic.
    at: usize,
    fault: Option<BoxError>,
}

impl<'a> Engine<'a> {
    /// Binds tasks to cells.
    pub(crate) fn link(layout: &'a StageLayout, slots: &[SlotInfo], kit: Kit, sampling: Sampling) -> Self {
        let mut cells = Cells::default();
        let link = |module: Box<dyn AnyModule>| {
            let unlinker = module.unlinker();
            (module.link(), unlinker)
        };
        let modules: Vec<_> = kit.modules.into_iter().map(|module| module.map(link)).collect();
        let data: Vec<_> = modules.iter().map(|m| m.as_ref().map(|(data, _)| data.clone())).collect();
        let bound = kit.bodies.into_iter().zip(&layout.bindings);
        let steps = bound.map(|(body, binding)| {
            let mut wires = Wires { binding, slots, cells: &mut cells, modules: &data };
            Step { task: body.link(&mut wires), calls: 0, clock: Clock::default() }
        });
        let steps = steps.collect();
        Engine { layout, steps, cells, modules, sampling, at: 0, fault: None }
    }

    /// The cell of a slot.
    pub(crate) fn cell(&mut self, slot: usize, slots: &[SlotInfo]) -> Rc<dyn AnyCell> {
        self.cells.any(slot, slots)
    }

    /// Unbinds the tasks.
    pub(crate) fn unlink(mut self) -> (Kit, Vec<Count>) {
        self.abandon();
        let counts = self.steps.iter().map(|step| Count { calls: step.calls, clock: step.clock }).collect();
        let bodies = self.steps.into_iter().map(|step| step.task.unlink()).collect();
        // Invariant: codelets held the only other references, and are unlinked.
        let modules =
            self.modules.into_iter().map(|module| module.and_then(|(data, unlink)| unlink(data))).collect();
        (Kit { bodies, modules }, counts)
    }

    /// Runs all tasks on one frame. What a frame leaves behind when it is abandoned is dropped.
    #[inline]
    pub(crate) fn frame(&mut self, frame: u64) -> Outcome {
        let is_timed = self.sampling.is_due(frame);
        let turn = catch_unwind(AssertUnwindSafe(|| if is_timed { self.run_timed() } else { self.run() }));
        if matches!(turn, Ok(NEXT)) { Outcome::Done } else { self.interrupt(frame, turn) }
    }

    #[cold]
    fn interrupt(&mut self, frame: u64, turn: std::thread::Result<Turn>) -> Outcome {
        let layout = self.layout;
        let name = layout.ops.get(self.at).map_or("", |op| &*layout.names[op.step]);
        let outcome = match turn {
            Ok(END) => Outcome::End,
            Ok(DROP) => Outcome::Dropped,
            Ok(_) => {
                let source = self.fault.take().unwrap_or_else(|| "a path that does not exist".into());
                Outcome::Failed(task_error(name, Some(frame), source))
            }
            Err(payload) => Outcome::Failed(panic_error(name, Some(frame), &*payload)),
        };
        self.abandon();
        outcome
    }

    /// Drops what lies in the cells; a panic while dropping is swallowed, for an error is known or the run is over.
    pub(crate) fn abandon(&mut self) {
        let _ = catch_unwind(AssertUnwindSafe(|| {
            self.cells.clear();
            self.steps.iter_mut().for_each(|step| step.task.reset());
        }));
    }

    #[inline]
    fn run(&mut self) -> Turn {
        let mut at = 0;
        while let Some(op) = self.layout.ops.get(at) {
            self.at = at;
            let step = &mut self.steps[op.step];
            step.calls += 1;
            match step.task.run(&mut self.fault) {
                NEXT => at = op.next,
                turn => match op.targets.get(turn - 1) {
                    Some(&target) => at = target,
                    None => return turn,
                },
            }
        }
        NEXT
    }

    #[inline(never)]
    fn run_timed(&mut self) -> Turn {
        let mut at = 0;
        let mut began = Instant::now();
        while let Some(op) = self.layout.ops.get(at) {
            self.at = at;
            let step = &mut self.steps[op.step];
            step.calls += 1;
            let turn = step.task.run(&mut self.fault);
            let ended = Instant::now();
            step.clock.add((ended - began).as_secs_f64());
            began = ended;
            match turn {
                NEXT => at = op.next,
                turn => match op.targets.get(turn - 1) {
                    Some(&target) => at = target,
                    None => return turn,
                },
            }
        }
        NEXT
    }
}

/// What all threads of a run look at.
pub(crate) struct Shared {
    pub(crate) frames: u64,
    pub(crate) cancel: CancelToken,
    pub(crate) expired: AtomicBool,
    pub(crate) fault: Fault,
    /// Next frame, where the first stage has several replicas.
    pub(crate) next: AtomicU64,
}

impl Shared {
    pub(crate) fn new(settings: &Settings) -> Self {
        Shared {
            frames: settings.frames.unwrap_or(u64::MAX),
            cancel: settings.cancel.clone(),
            expired: AtomicBool::new(false),
            fault: Fault::default(),
            next: AtomicU64::new(0),
        }
    }

    fn is_stopped(&self) -> bool {
        self.cancel.is_cancelled() || self.expired.load(Ordering::Relaxed)
    }

    pub(crate) fn into_result(self) -> Result<(), Error> {
        let (is_cancelled, is_expired) = (self.cancel.is_cancelled(), self.expired.into_inner());
        self.fault.into_result()?;
        match (is_cancelled, is_expired) {
            (true, _) => Err(Error::Cancelled),
            (_, true) => Err(Error::Deadline),
            _ => Ok(()),
        }
    }
}

/// How the frames of a first stage are numbered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Numbers {
    /// One thread counts by itself.
    Own,
    /// Several threads draw from one counter.
    Drawn,
}

/// Works as a first stage, taking a token before each frame if there are any; gives the number of frames.
pub(crate) fn lead(
    engine: &mut Engine<'_>,
    mut tokens: Option<Box<dyn Inlet>>,
    mut outlet: Option<&mut (dyn Outlet + 'static)>,
    numbers: Numbers,
    shared: &Shared,
) -> u64 {
    let mut done = 0;
    loop {
        let is_admitted = tokens.as_mut().is_none_or(|tokens| tokens.pull().is_some());
        if !is_admitted || shared.is_stopped() {
            return done;
        }
        let frame = match numbers {
            Numbers::Own => done,
            Numbers::Drawn => shared.next.fetch_add(1, Ordering::Relaxed),
        };
        if frame >= shared.frames {
            return done;
        }
        let outcome = if shared.fault.is_before(frame) { Outcome::End } else { engine.frame(frame) };
        let (is_alive, is_last) = match outcome {
            Outcome::Done => (true, false),
            Outcome::Dropped => (false, false),
            Outcome::End => (false, true),
            Outcome::Failed(error) => {
                shared.fault.record(frame, error);
                (false, true)
            }
        };
        if is_last && numbers == Numbers::Own {
            return done;
        }
        if let Some(outlet) = &mut outlet {
            outlet.push(frame, is_alive);
        }
        if is_last {
            return done;
        }
        done += 1;
    }
}

/// Works as a later stage until the stage in front has ended; gives the number of frames.
pub(crate) fn follow(
    engine: &mut Engine<'_>,
    inlet: &mut dyn Inlet,
    mut outlet: Option<&mut (dyn Outlet + 'static)>,
    shared: &Shared,
) -> u64 {
    let mut done = 0;
    while let Some((frame, mut is_alive)) = inlet.pull() {
        if is_alive && shared.fault.is_before(frame) {
            engine.abandon();
            is_alive = false;
        } else if is_alive {
            match engine.frame(frame) {
                Outcome::Done => {}
                Outcome::Dropped | Outcome::End => is_alive = false,
                Outcome::Failed(error) => {
                    shared.fault.record(frame, error);
                    is_alive = false;
                }
            }
        }
        if let Some(outlet) = &mut outlet {
            outlet.push(frame, is_alive);
        }
        done += 1;
    }
    done
}
