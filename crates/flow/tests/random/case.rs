//! One case: a program, how it is cut into stages, and what is to happen to it; all out of one tape.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering},
    },
    time::Duration,
};

use facette_flow::{
    BuildError, CancelToken,
    graph::{Graph, Pipeline, Sampling, Sequence, Settings, Stage, StreamReport, Waiting},
};

use crate::{
    declare::{Declared, declare},
    generate::program,
    model::{Mark, Model},
    program::Program,
    tape::Tape,
    values::{Delay, Spring, Trap, World},
};

/// What happens to a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    Nothing,
    /// Errors and panics.
    Failures,
    /// A task cancels.
    Cancelled,
    /// Something else cancels, after so many microseconds.
    CancelledAfter(u64),
    Deadline(u64),
    /// Cloning or dropping a frame panics.
    Trip(Spring),
}

/// How a program is executed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    Copies(usize),
    Stages(Vec<Cut>),
}

/// One stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cut {
    pub(crate) tasks: usize,
    pub(crate) replicas: usize,
    pub(crate) depth: usize,
    pub(crate) waiting: Waiting,
}

/// A case.
#[derive(Debug)]
pub(crate) struct Case {
    pub(crate) event: Event,
    pub(crate) delay: Delay,
    pub(crate) limit: Option<u64>,
    pub(crate) sampling: u64,
    pub(crate) program: Program,
    pub(crate) traps: Vec<Trap>,
    pub(crate) shape: Shape,
    /// The stages begin and end between statements, and are wide only where all tasks make replicas.
    pub(crate) is_legal: bool,
    /// The part of the tape that was used.
    pub(crate) drawn: Vec<u32>,
}

/// A program at work.
pub(crate) enum Runner {
    Sequence(Sequence),
    Pipeline(Pipeline),
}

impl Runner {
    pub(crate) fn new(graph: Graph, shape: &Shape) -> Result<Self, BuildError> {
        match shape {
            Shape::Copies(copies) => Sequence::new(graph, *copies).map(Runner::Sequence),
            Shape::Stages(cuts) => {
                let stage = |cut: &Cut| {
                    Stage::new(cut.tasks).replicas(cut.replicas).depth(cut.depth).waiting(cut.waiting)
                };
                let stages: Vec<Stage> = cuts.iter().map(stage).collect();
                Pipeline::new(graph, &stages).map(Runner::Pipeline)
            }
        }
    }

    pub(crate) fn run(&mut self, settings: &Settings) -> Result<StreamReport, facette_flow::Error> {
        match self {
            Runner::Sequence(sequence) => sequence.run(settings),
            Runner::Pipeline(pipeline) => pipeline.run(settings),
        }
    }
}

impl Case {
    /// Reads a case off a tape; `None` if it is too much work.
    pub(crate) fn of(choices: &[u32]) -> Option<Case> {
        let tape = &mut Tape::of(choices.to_vec());
        let event = event(tape);
        let delay = tape.pick(&[Delay::None, Delay::Yield, Delay::Sleep]);
        let is_scattered = tape.once_in(8);
        let limit = tape.once_in(6).then(|| tape.below(30) as u64);
        let sampling = tape.pick(&[0, 0, 1, 3]);
        let program = program(tape, is_scattered);
        let (shape, is_legal) = shape(tape, &program);
        let copies = if let Shape::Copies(n) = shape { n as u64 } else { 1 };
        let full = Model::new(&program, &[]).run(limit.map(|limit| limit * copies), true)?;
        let traps = traps(tape, event, &program, &full.marks);
        let drawn = tape.drawn();
        Some(Case { event, delay, limit, sampling, program, traps, shape, is_legal, drawn })
    }

    /// Frames that the sources are to give, at most.
    pub(crate) fn most(&self) -> Option<u64> {
        let copies = if let Shape::Copies(n) = self.shape { n as u64 } else { 1 };
        self.limit.map(|limit| limit * copies)
    }

    /// A new world, with its traps armed.
    pub(crate) fn world(&self) -> Arc<World> {
        let counters = || self.program.sources.iter().map(|_| AtomicU64::new(0)).collect();
        Arc::new(World {
            frames: AtomicI64::new(0),
            tasks: AtomicI64::new(0),
            traps: self.traps.clone(),
            is_armed: AtomicBool::new(true),
            is_sprung: AtomicBool::new(false),
            cancel: Mutex::new(CancelToken::new()),
            sinks: (0..self.program.n_tasks).map(|_| Mutex::new(Vec::new())).collect(),
            positions: counters(),
            given: counters(),
            delay: self.delay,
        })
    }

    pub(crate) fn settings(&self, world: &World) -> Settings {
        let sampling = match self.sampling {
            0 => Sampling::Off,
            1 => Sampling::Every,
            n => Sampling::OneIn(n),
        };
        let cancel = CancelToken::new();
        *world.cancel.lock().unwrap() = cancel.clone();
        let deadline = match self.event {
            Event::Deadline(after) if world.is_armed.load(Ordering::SeqCst) => {
                Some(std::time::Instant::now() + Duration::from_micros(after))
            }
            _ => None,
        };
        Settings { frames: self.limit, cancel, deadline, sampling, ..Settings::default() }
    }
}

fn event(tape: &mut Tape) -> Event {
    match tape.below(12) {
        0..=3 => Event::Nothing,
        4..=6 => Event::Failures,
        7 => Event::Cancelled,
        8 => Event::CancelledAfter(tape.below(2000) as u64),
        9 => Event::Deadline(tape.below(2000) as u64),
        10 => Event::Trip(Spring::Clone),
        _ => Event::Trip(Spring::Drop),
    }
}

fn traps(tape: &mut Tape, event: Event, program: &Program, marks: &[Mark]) -> Vec<Trap> {
    let springs: &[Spring] = match event {
        Event::Failures => &[Spring::Error, Spring::Panic],
        Event::Cancelled => &[Spring::Cancel],
        Event::Trip(Spring::Clone) => &[Spring::Clone],
        Event::Trip(_) => &[Spring::Drop],
        _ => return Vec::new(),
    };
    // Where frames overtake each other by right, only one failure is known to be the first.
    let is_single = event != Event::Failures || program.has_feedback() || program.is_scattered;
    let n = if is_single { 1 } else { tape.pick(&[1, 1, 2, 3]) };
    let mut traps = Vec::new();
    let mut has_finish = false;
    for _ in 0..n.min(marks.len()) {
        let mark = tape.pick(marks);
        if mark.is_finish && std::mem::replace(&mut has_finish, true) {
            continue;
        }
        traps.push(Trap { task: mark.task, number: mark.number, spring: tape.pick(springs) });
    }
    traps
}

const WAITINGS: [Waiting; 3] = [Waiting::SpinThenPark, Waiting::Park, Waiting::Spin];

/// Stages, mostly legal ones.
fn shape(tape: &mut Tape, program: &Program) -> (Shape, bool) {
    if program.is_scattered && tape.once_in(2) {
        return (Shape::Copies(1 + tape.below(4)), true);
    }
    if tape.once_in(10) {
        return (Shape::Copies(1), true);
    }
    let Declared { graph, seams, .. } = declare(program, &hollow(program));
    let n_tasks = graph.n_tasks();
    let is_legal = !tape.once_in(6);
    let mut stages = Vec::new();
    let (mut begun, mut is_wide) = (0, true);
    for (i, &(end, is_replicable)) in seams.iter().enumerate() {
        is_wide &= is_replicable;
        let is_last = i + 1 == seams.len();
        let end = if is_legal || is_last { end } else { end.saturating_sub(tape.below(4)) };
        if end > begun && (is_last || tape.once_in(2)) {
            let may_be_wide = is_wide || (!is_legal && tape.once_in(4));
            let replicas = if may_be_wide { tape.pick(&[1, 2, 4, 8, 3]) } else { 1 };
            let depth = tape.pick(&[1, 2, 16, 3]);
            let waiting = tape.pick(&WAITINGS);
            stages.push(Cut { tasks: end - begun, replicas, depth, waiting });
            (begun, is_wide) = (end, true);
        }
    }
    debug_assert_eq!(begun, n_tasks);
    (Shape::Stages(stages), is_legal)
}

/// A world that nothing runs in.
fn hollow(program: &Program) -> Arc<World> {
    Arc::new(World {
        frames: AtomicI64::new(0),
        tasks: AtomicI64::new(0),
        traps: Vec::new(),
        is_armed: AtomicBool::new(false),
        is_sprung: AtomicBool::new(false),
        cancel: Mutex::new(CancelToken::new()),
        sinks: Vec::new(),
        positions: program.sources.iter().map(|_| AtomicU64::new(0)).collect(),
        given: Vec::new(),
        delay: Delay::None,
    })
}
