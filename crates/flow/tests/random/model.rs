//! What a program means: executed on numbers, frame by frame, depth first. It knows nothing of threads.

use std::collections::VecDeque;

use crate::{
    declare::goes_on,
    program::{Block, Kind, Loop, Program, Split, Stmt, TaskId, Var, visit},
    tape::mix,
    values::{Spring, Trap},
    work::{add, join, passes, step},
};

/// One number that one task came to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mark {
    pub(crate) task: usize,
    pub(crate) number: u64,
    /// Behind the last frame of the sources.
    pub(crate) is_finish: bool,
}

/// The frames that a failure happened in: rate, how many were given before it, and what filters dropped of these.
pub(crate) type Stack = Vec<(usize, u64, Vec<usize>)>;

#[derive(Clone, Debug)]
pub(crate) struct Failure {
    pub(crate) trap: Trap,
    pub(crate) stack: Stack,
    pub(crate) is_finish: bool,
}

/// What one run gives.
#[derive(Clone, Debug, Default)]
pub(crate) struct Outcome {
    pub(crate) sinks: Vec<Vec<u64>>,
    pub(crate) calls: Vec<u64>,
    pub(crate) frames: u64,
    pub(crate) marks: Vec<Mark>,
    pub(crate) failure: Option<Failure>,
}

/// Why a frame goes no further.
enum Stop {
    Dropped(usize),
    Failed,
    /// More work than a test should do.
    TooMuch,
}

#[derive(Clone)]
pub(crate) struct Model<'p> {
    program: &'p Program,
    traps: Vec<Trap>,
    memory: Vec<Option<u64>>,
    boards: Vec<u64>,
    batches: Vec<Vec<u64>>,
    sums: Vec<u64>,
    pub(crate) positions: Vec<u64>,
    values: Vec<u64>,
    /// By rate: frames given, and what filters dropped of them.
    rates: Vec<(u64, Vec<usize>)>,
    stack: Vec<usize>,
    is_finish: bool,
    outcome: Outcome,
}

/// Marks of one run, at most.
const MOST: usize = 60_000;

impl<'p> Model<'p> {
    pub(crate) fn new(program: &'p Program, traps: &[Trap]) -> Self {
        let n = program.n_tasks;
        let mut memory = vec![None; n];
        let mut remember = |task: &TaskId| memory[task.id] = task.is_sequential.then_some(0);
        program.visit(&mut |stmt| match &stmt.kind {
            Kind::Task { task, .. }
            | Kind::Forward { task, .. }
            | Kind::Unzip { task, .. }
            | Kind::Filter { task, .. }
            | Kind::Split { task, .. }
            | Kind::Sink { task, .. } => remember(task),
            Kind::Branch { control, .. } => control.iter().for_each(&mut remember),
            _ => {}
        });
        let n_rates = 1 + program.vars.iter().map(|var| var.rate).max().unwrap_or(0);
        Model {
            program,
            traps: traps.to_vec(),
            memory,
            boards: vec![0; program.n_modules],
            batches: vec![Vec::new(); n],
            sums: vec![0; n],
            positions: vec![0; program.sources.len()],
            values: vec![0; program.vars.len()],
            rates: vec![(0, Vec::new()); n_rates],
            stack: Vec::new(),
            is_finish: false,
            outcome: Outcome::default(),
        }
    }

    pub(crate) fn disarm(&mut self) {
        self.traps.clear();
    }

    /// Runs `limit` frames, at most; `None` if that is too much. A run that was stopped from outside is not whole.
    pub(crate) fn run(&mut self, limit: Option<u64>, is_whole: bool) -> Option<Outcome> {
        let n = self.program.n_tasks;
        self.outcome = Outcome { sinks: vec![Vec::new(); n], calls: vec![0; n], ..Outcome::default() };
        self.rates.iter_mut().for_each(|rate| *rate = (0, Vec::new()));
        (self.is_finish, self.stack) = (false, Vec::new());
        let mut stopped = None;
        while stopped.is_none() && limit.is_none_or(|limit| self.outcome.frames < limit) {
            self.stack = vec![0];
            match self.frame() {
                Ok(false) => break,
                Ok(true) => {}
                Err(stop) => stopped = Some(stop),
            }
        }
        self.stack.clear();
        if stopped.is_none() {
            self.is_finish = true;
            stopped = self.finish(is_whole).err();
        }
        (!matches!(stopped, Some(Stop::TooMuch))).then(|| std::mem::take(&mut self.outcome))
    }

    /// One frame of the sources; false where one has ended.
    fn frame(&mut self) -> Result<bool, Stop> {
        for (index, &(task, var, n)) in self.program.sources.iter().enumerate() {
            if self.positions[index] >= n {
                return Ok(false);
            }
            self.positions[index] += 1;
            self.values[var] = self.call(task, self.positions[index] - 1)?;
        }
        let body = &self.program.body;
        let result = self.all(body, body, 0);
        self.outcome.frames += 1;
        self.rates[0].0 += 1;
        match result {
            Ok(()) | Err(Stop::Dropped(_)) => Ok(true),
            Err(stop) => Err(stop),
        }
    }

    /// Statements of one rate; what a splitter gives runs through the statements of `home`.
    fn all(&mut self, home: &'p [Stmt], body: &'p [Stmt], rate: usize) -> Result<(), Stop> {
        for stmt in body {
            match &stmt.kind {
                Kind::Set { body } => self.all(home, body, rate)?,
                _ if stmt.rate == rate => self.statement(home, stmt)?,
                _ => {}
            }
        }
        Ok(())
    }

    fn call(&mut self, task: TaskId, number: u64) -> Result<u64, Stop> {
        self.outcome.calls[task.id] += 1;
        let number = step(task.id, number, &mut self.memory[task.id]);
        self.check(task.id, number)?;
        Ok(number)
    }

    fn check(&mut self, task: usize, number: u64) -> Result<(), Stop> {
        if self.outcome.marks.len() > MOST {
            return Err(Stop::TooMuch);
        }
        self.outcome.marks.push(Mark { task, number, is_finish: self.is_finish });
        let springs = |trap: &&Trap| {
            let is_here = trap.task == task && trap.number == number;
            is_here && matches!(trap.spring, Spring::Error | Spring::Panic)
        };
        let Some(&trap) = self.traps.iter().find(springs) else { return Ok(()) };
        let level = |&rate: &usize| (rate, self.rates[rate].0, self.rates[rate].1.clone());
        let stack = self.stack.iter().map(level).collect();
        self.outcome.failure = Some(Failure { trap, stack, is_finish: self.is_finish });
        Err(Stop::Failed)
    }

    fn statement(&mut self, home: &'p [Stmt], stmt: &'p Stmt) -> Result<(), Stop> {
        match &stmt.kind {
            Kind::Task { task, inputs, out } => {
                let numbers: Vec<u64> = inputs.iter().map(|&input| self.values[input]).collect();
                self.values[*out] = self.call(*task, join(&numbers))?;
            }
            Kind::Forward { task, input, out } => {
                self.values[*out] = self.call(*task, self.values[*input])?;
            }
            Kind::Unzip { task, input, outs } => {
                let number = self.call(*task, self.values[*input])?;
                outs.iter().zip(0..).for_each(|(&out, part)| self.values[out] = mix(number, part));
            }
            Kind::Filter { task, input, out } => {
                let number = self.call(*task, self.values[*input])?;
                if !passes(number) {
                    return Err(Stop::Dropped(task.id));
                }
                self.values[*out] = number;
            }
            Kind::Codelets { module, ids, input, outs } => self.codelets(*module, *ids, (*input, *outs))?,
            Kind::Branch { control, input, paths, out } => {
                let (number, n) = (self.values[*input], paths.len() as u64);
                let path = match control {
                    Some(task) => self.call(*task, number)? % n,
                    None => mix(number, 5) % n,
                };
                let path = &paths[path as usize];
                self.values[*out] = self.inside(path, number, stmt.rate)?;
            }
            Kind::Loop { kind, input, block, out } => {
                self.values[*out] = self.repeat(*kind, block, self.values[*input], stmt.rate)?;
            }
            Kind::Feedback { input, block, out, .. } => {
                let (around, behind) = (self.program.vars[block.entry].rate, self.program.vars[*out].rate);
                let mut number = self.values[*input];
                loop {
                    self.stack.push(around);
                    number = self.inside(block, number, around)?;
                    self.stack.pop();
                    self.rates[around].0 += 1;
                    if !goes_on(number) {
                        break;
                    }
                }
                self.item(home, (*out, behind), number)?;
            }
            Kind::Split { task, kind, input, out } => {
                self.split(home, (*task, *kind), *out, self.values[*input])?;
            }
            Kind::Sink { task, input, .. } => {
                let number = self.call(*task, self.values[*input])?;
                self.outcome.sinks[task.id].push(number);
            }
            Kind::Set { .. } => {}
        }
        Ok(())
    }

    fn codelets(
        &mut self,
        module: TaskId,
        [writer, reader]: [usize; 2],
        (input, outs): (Var, [Var; 2]),
    ) -> Result<(), Stop> {
        let number = self.values[input];
        let board = &mut self.boards[module.id];
        *board = if module.is_sequential { mix(*board, number) } else { number };
        self.outcome.calls[writer] += 1;
        let number = mix(number, writer as u64);
        self.check(writer, number)?;
        self.values[outs[0]] = number;
        self.outcome.calls[reader] += 1;
        let number = mix(mix(self.boards[module.id], number), reader as u64);
        self.check(reader, number)?;
        self.values[outs[1]] = number;
        Ok(())
    }

    fn inside(&mut self, block: &'p Block, number: u64, rate: usize) -> Result<u64, Stop> {
        self.values[block.entry] = number;
        self.all(&block.body, &block.body, rate)?;
        Ok(self.values[block.end])
    }

    fn repeat(&mut self, kind: Loop, block: &'p Block, mut number: u64, rate: usize) -> Result<u64, Stop> {
        let mut done = 0;
        loop {
            let is_over = match kind {
                Loop::While => !goes_on(number),
                Loop::Times(n) => done == n,
                Loop::Until => done > 0 && !goes_on(number),
            };
            if is_over {
                return Ok(number);
            }
            number = self.inside(block, number, rate)?;
            done += 1;
        }
    }

    /// One frame of another rate.
    fn item(&mut self, home: &'p [Stmt], (out, rate): (Var, usize), number: u64) -> Result<(), Stop> {
        self.values[out] = number;
        self.stack.push(rate);
        let result = self.all(home, home, rate);
        if let Err(Stop::Failed | Stop::TooMuch) = result {
            return result;
        }
        self.stack.pop();
        self.rates[rate].0 += 1;
        if let Err(Stop::Dropped(filter)) = result {
            self.rates[rate].1.push(filter);
        }
        Ok(())
    }

    fn split(
        &mut self,
        home: &'p [Stmt],
        (task, kind): (TaskId, Split),
        out: Var,
        number: u64,
    ) -> Result<(), Stop> {
        let to = (out, self.program.vars[out].rate);
        match kind {
            Split::Several => {
                let number = self.call(task, number)?;
                for left in (0..number % 4).rev() {
                    let item = mix(number, left);
                    self.check(task.id, item)?;
                    self.item(home, to, item)?;
                }
            }
            Split::Each => {
                for _ in 0..1 + number as usize % 5 {
                    self.item(home, to, number)?;
                }
            }
            Split::Batch(n) => {
                self.batches[task.id].push(number);
                if self.batches[task.id].len() == n {
                    self.give_batch(home, task, to)?;
                }
            }
            Split::Fold => {
                self.outcome.calls[task.id] += 1;
                let number = mix(number, task.id as u64);
                self.check(task.id, number)?;
                self.sums[task.id] = add(self.sums[task.id], number, task.is_sequential);
            }
        }
        Ok(())
    }

    fn give_batch(&mut self, home: &'p [Stmt], task: TaskId, to: (Var, usize)) -> Result<(), Stop> {
        let batch = std::mem::take(&mut self.batches[task.id]);
        // The task behind the batch runs at the rate of the batches.
        self.stack.push(to.1);
        let number = self.call(task, join(&batch))?;
        self.stack.pop();
        self.item(home, to, number)
    }

    /// The end of the stream: splitters give what is left, those of one rate before those of the rates behind.
    fn finish(&mut self, is_whole: bool) -> Result<(), Stop> {
        let mut openers = Vec::new();
        collect(&self.program.body, &mut openers);
        let mut rates = VecDeque::from([0]);
        while let Some(rate) = rates.pop_front() {
            for &(home, stmt) in openers.iter().filter(|(_, stmt)| stmt.rate == rate) {
                match &stmt.kind {
                    Kind::Feedback { block, out, .. } => {
                        let vars = &self.program.vars;
                        rates.extend([vars[block.entry].rate, vars[*out].rate]);
                    }
                    Kind::Split { task, kind, out, .. } => {
                        let to = (*out, self.program.vars[*out].rate);
                        rates.push_back(to.1);
                        match kind {
                            Split::Batch(_) if !self.batches[task.id].is_empty() => {
                                self.give_batch(home, *task, to)?;
                            }
                            Split::Fold if is_whole => {
                                let sum = std::mem::take(&mut self.sums[task.id]);
                                let number = mix(sum, 1 + task.id as u64);
                                self.check(task.id, number)?;
                                self.item(home, to, number)?;
                            }
                            _ => {}
                        }
                    }
                    _ => {}
                }
            }
        }
        Ok(())
    }
}

/// All splitters and loops around stages, in the order of declaration, with the statements that their frames run
/// through.
fn collect<'p>(home: &'p [Stmt], openers: &mut Vec<(&'p [Stmt], &'p Stmt)>) {
    fn walk<'p>(home: &'p [Stmt], body: &'p [Stmt], openers: &mut Vec<(&'p [Stmt], &'p Stmt)>) {
        for stmt in body {
            match &stmt.kind {
                Kind::Set { body } => walk(home, body, openers),
                Kind::Branch { paths, .. } => paths.iter().for_each(|path| collect(&path.body, openers)),
                Kind::Loop { block, .. } => collect(&block.body, openers),
                Kind::Split { .. } => openers.push((home, stmt)),
                Kind::Feedback { block, .. } => {
                    openers.push((home, stmt));
                    collect(&block.body, openers);
                }
                _ => {}
            }
        }
    }
    walk(home, home, openers);
}

/// Whether a run leaves nothing in any task.
pub(crate) fn is_stateless(program: &Program) -> bool {
    let mut keeps = false;
    visit(&program.body, &mut |stmt| {
        keeps |= match &stmt.kind {
            Kind::Split { kind: Split::Batch(_) | Split::Fold, .. } => true,
            Kind::Codelets { module: task, .. }
            | Kind::Task { task, .. }
            | Kind::Forward { task, .. }
            | Kind::Unzip { task, .. }
            | Kind::Filter { task, .. }
            | Kind::Split { task, .. }
            | Kind::Sink { task, .. } => task.is_sequential,
            Kind::Branch { control, .. } => control.is_some_and(|task| task.is_sequential),
            Kind::Loop { .. } | Kind::Feedback { .. } | Kind::Set { .. } => false,
        };
    });
    !keeps
}
