//! A graph step by step, for debugging: one task at a time, with the values that it gives.

use std::{collections::BTreeSet, fmt, ops::ControlFlow, sync::Arc, time::Instant};

use super::{
    Graph, Sampling, StreamReport,
    blocks::{Code, decode},
    board::Board,
    cell::SlotInfo,
    crew::report,
    engine::{Engine, FINISH, Outcome, Tools},
    layout::{StageLayout, lay_out},
    order::Op,
    snapshot::Scene,
};
use crate::{BuildError, Error};

/// Characters of a value that are shown unless said otherwise.
const LIMIT: usize = 200;

/// A graph on the calling thread, task by task: the same calls in the same order as a [`super::Sequence`] of one copy
/// makes them, loops, branches and splitters included.
///
/// ```
/// use facette_flow::{closures::{iterate, map}, graph::{Graph, Stepper, Then}};
///
/// let mut graph = Graph::new();
/// let number = graph.source(iterate("Count", 1..=3_u64));
/// let square = graph.task(number, map("Square", |n: u64| Ok(n * n)));
/// graph.show(&square);
/// graph.task(square, map("End", |_: u64| Ok(())));
///
/// let mut stepper = Stepper::new(graph)?;
/// assert_eq!(stepper.step()?.expect("the source").task, "Count");
/// let step = stepper.step()?.expect("a task");
/// assert_eq!((step.to_string().as_str(), &step.then), (
///     "frame 0: Square, call 1; Square = 1; then End",
///     &Then::Task("End".to_owned()),
/// ));
/// stepper.break_at("Square")?;
/// stepper.run_on()?; // to the next square: it has not run yet
/// assert_eq!(stepper.step()?.expect("a task").outputs[0].value, "4");
/// assert_eq!(stepper.next_frame()?, Some(1)); // what is left of it
/// assert_eq!(stepper.next_frame()?, Some(2));
/// assert_eq!(stepper.next_frame()?, None);
/// # Ok::<(), facette_flow::Error>(())
/// ```
pub struct Stepper {
    engine: Engine,
    stages: Vec<Arc<StageLayout>>,
    slots: Vec<SlotInfo>,
    board: Arc<Board>,
    started: Instant,
    state: State,
    /// The frame at work, or the next.
    frame: u64,
    breaks: BTreeSet<String>,
    limit: usize,
}

/// What is to be done next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// A frame is to be begun.
    Between,
    /// The op is to be run.
    At(usize),
    /// A splitter is to be asked for what is left.
    Ending,
    Over,
}

/// One call of a task.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Step {
    /// Name of the task.
    pub task: String,
    /// The frame of the sources; `None` at the end of the stream.
    pub frame: Option<u64>,
    /// Which call of the task it was, from 1; a splitter that is asked again for the same frame makes no further call.
    pub call: u64,
    /// What it gave, of sockets that can be shown ([`Graph::show`]).
    pub outputs: Vec<Shown>,
    /// Where it leads.
    pub then: Then,
}

/// A frame that a task gave.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Shown {
    /// The socket: named as its task, or `path n` of a branch and `part n` of an unzip.
    pub socket: String,
    /// The frame as its type says it (`Debug`); `…` where it was cut ([`Stepper::set_limit`]).
    pub value: String,
}

/// Where a call leads.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Then {
    /// To this task.
    Task(String),
    /// To the end of the frame.
    FrameDone,
    /// The frame ends here: a filter dropped it.
    FrameDropped,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Step { task, frame, call, outputs, then } = self;
        match frame {
            Some(frame) => write!(f, "frame {frame}: {task}, call {call}")?,
            None => write!(f, "end of the stream: {task}")?,
        }
        outputs.iter().try_for_each(|Shown { socket, value }| write!(f, "; {socket} = {value}"))?;
        match then {
            Then::Task(task) => write!(f, "; then {task}"),
            Then::FrameDone => write!(f, "; frame done"),
            Then::FrameDropped => write!(f, "; frame dropped"),
        }
    }
}

impl Stepper {
    /// Binds the tasks; none has run yet. Tasks that are parallel inside work in rayon's global pool.
    ///
    /// # Errors
    /// A [`BuildError`] that names the task, as for a [`super::Sequence`].
    pub fn new(graph: Graph) -> Result<Self, BuildError> {
        let n_tasks = graph.n_tasks();
        if n_tasks == 0 {
            return Err(BuildError::Zero { setting: "tasks" });
        }
        let (layout, kits) = lay_out(graph, &[n_tasks])?;
        // Invariant: there is one stage, and a kit for it.
        let (stage, kit) =
            (layout.stages[0].clone(), kits.into_iter().next().expect("one stage was laid out"));
        let board = Arc::new(Board::new([(stage.steps.len(), 1)].into_iter()));
        let desk = board.stages[0][0].clone();
        let tools = Tools { sampling: Sampling::Off, observer: None, pool: None, desk, once: None, first: 0 };
        let engine = Engine::link(stage, &layout.slots, kit, tools);
        Ok(Stepper {
            engine,
            stages: layout.stages,
            slots: layout.slots,
            board,
            started: Instant::now(),
            state: State::Between,
            frame: 0,
            breaks: BTreeSet::new(),
            limit: LIMIT,
        })
    }

    /// Shows so many characters of each value; 200 unless said otherwise.
    pub fn set_limit(&mut self, limit: usize) {
        self.limit = limit;
    }

    /// Lets [`Stepper::run_on`] stop in front of a task.
    ///
    /// # Errors
    /// [`BuildError::NoTask`] if there is none.
    pub fn break_at(&mut self, task: &str) -> Result<(), BuildError> {
        let names =
            self.stages[0].steps.iter().filter(|step| !step.is_internal).map(|step| step.name.to_string());
        let known: Vec<String> = names.collect();
        if !known.iter().any(|name| name == task) {
            return Err(BuildError::NoTask { task: task.to_owned(), known });
        }
        self.breaks.insert(task.to_owned());
        Ok(())
    }

    /// Takes the breakpoint at a task away, if there is one.
    pub fn clear_break(&mut self, task: &str) {
        self.breaks.remove(task);
    }

    /// The task that the next step runs, as far as it is known: between two frames a source may have nothing left.
    pub fn next_task(&self) -> Option<&str> {
        let first = || self.stages[0].ops.first().map(|op| op.step);
        let step = match self.state {
            State::Between => first(),
            State::At(op) => self.step_behind(op).or_else(first),
            State::Ending => self.engine.next_to_finish(),
            State::Over => None,
        };
        step.map(|step| &*self.stages[0].steps[step].name)
    }

    /// The first step from an op on that is no internal one; `None` if the frame ends before.
    fn step_behind(&self, mut op: usize) -> Option<usize> {
        let layout = &self.stages[0];
        while let Some(Op { step, next, .. }) = layout.ops.get(op) {
            if !layout.steps[*step].is_internal {
                return Some(*step);
            }
            op = *next;
        }
        let Code::Close(block) = decode(op) else { return None };
        layout.openers.iter().find(|opener| opener.1 == block).map(|opener| opener.0)
    }

    /// Runs one task; `None` at the end of the stream.
    ///
    /// # Errors
    /// [`Error::Task`] and [`Error::Panic`]; there are no further steps then.
    pub fn step(&mut self) -> Result<Option<Step>, Error> {
        loop {
            let done = match self.state {
                State::Between => {
                    let way = self.engine.begin(self.frame);
                    self.go(way).map(|_| None)
                }
                State::At(op) => self.run(op),
                State::Ending => self.finish(),
                State::Over => return Ok(None),
            };
            match done {
                Ok(None) => {}
                Ok(step) => return Ok(step),
                Err(error) => {
                    self.state = State::Over;
                    return Err(error);
                }
            }
        }
    }

    /// Runs to the end of the frame at work, or through the next one: its number, or `None` at the end of the stream,
    /// after whatever splitters had left.
    ///
    /// # Errors
    /// As for [`Stepper::step`].
    pub fn next_frame(&mut self) -> Result<Option<u64>, Error> {
        while let Some(step) = self.step()? {
            if step.frame.is_some() && !matches!(step.then, Then::Task(_)) {
                return Ok(step.frame);
            }
        }
        Ok(None)
    }

    /// Runs at least one task, and on to the next breakpoint: the name of the task in front of which it stands, or
    /// `None` at the end of the stream.
    ///
    /// # Errors
    /// As for [`Stepper::step`].
    pub fn run_on(&mut self) -> Result<Option<String>, Error> {
        while self.step()?.is_some() {
            if let Some(task) = self.next_task().filter(|&task| self.breaks.contains(task)) {
                return Ok(Some(task.to_owned()));
            }
        }
        Ok(None)
    }

    /// What was counted so far; nothing is timed.
    pub fn report(&self) -> StreamReport {
        let (stages, board) = (self.stages.clone(), self.board.clone());
        report(&Scene { stages, capacities: Vec::new(), board, started: self.started }, &[])
    }

    fn run(&mut self, op: usize) -> Result<Option<Step>, Error> {
        let layout = self.stages[0].clone();
        let step = layout.ops[op].step;
        let turn = self.engine.call(op);
        let (frame, outputs) = (self.frame_at_work(), self.outputs(step));
        let call = self.board.stages[0][0].tallies[step].calls();
        let way = self.engine.settle(turn);
        let Some(then) = self.go(way)? else { return Ok(None) };
        if layout.steps[step].is_internal {
            return Ok(None);
        }
        Ok(Some(Step { task: layout.steps[step].name.to_string(), frame, call, outputs, then }))
    }

    /// Asks the next splitter for what is left.
    fn finish(&mut self) -> Result<Option<Step>, Error> {
        let Some((step, way)) = self.engine.finish_next(true) else {
            self.state = State::Over;
            return Ok(None);
        };
        let (has_given, outputs) = (way.is_continue(), self.outputs(step));
        let Some(then) = self.go(way)?.filter(|_| has_given) else { return Ok(None) };
        let call = self.board.stages[0][0].tallies[step].calls();
        let task = self.stages[0].steps[step].name.to_string();
        Ok(Some(Step { task, frame: None, call, outputs, then }))
    }

    /// What the sockets of a step hold, as far as they can be shown.
    fn outputs(&mut self, step: usize) -> Vec<Shown> {
        let Stepper { engine, stages, slots, limit, .. } = self;
        let shown = stages[0].steps[step].shows.iter().filter_map(|(slot, show)| {
            let value = show.print(engine.cell(*slot, slots), *limit)?;
            Some(Shown { socket: show.socket.clone(), value })
        });
        shown.collect()
    }

    fn frame_at_work(&self) -> Option<u64> {
        Some(self.board.stages[0][0].frame()).filter(|&frame| frame != FINISH)
    }

    /// Notes what is to be done next; `None` if the stream has ended.
    fn go(&mut self, way: ControlFlow<Outcome, usize>) -> Result<Option<Then>, Error> {
        let outcome = match way {
            ControlFlow::Continue(op) => {
                self.state = State::At(op);
                let name = |step: usize| Then::Task(self.stages[0].steps[step].name.to_string());
                return Ok(Some(self.step_behind(op).map_or(Then::FrameDone, name)));
            }
            ControlFlow::Break(outcome) => outcome,
        };
        let then = match outcome {
            Outcome::End => {
                self.state = State::Ending;
                return Ok(None);
            }
            Outcome::Failed(error) => return Err(error),
            Outcome::Dropped => Then::FrameDropped,
            // A single stage emits nothing.
            Outcome::Done | Outcome::Emit => Then::FrameDone,
        };
        self.state = self.frame_at_work().map_or(State::Ending, |_| State::Between);
        if self.state == State::Between {
            self.frame += 1;
            self.board.stages[0][0].set_taken(self.frame);
        }
        Ok(Some(then))
    }
}
