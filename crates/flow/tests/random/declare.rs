//! A program as a graph, and where its tasks lie.

use std::{marker::PhantomData, sync::Arc};

use facette_flow::{
    BoxError, Task,
    graph::{Graph, Out},
};

use crate::{
    program::{Block, Kind, Loop, Program, Split, Stmt, TaskId, Var},
    tape::mix,
    values::{Boxed, Single, Sock, Tracked, Ty, Value, World},
    work::{Board, Count, Fold, Give, InPlace, Several, Sink, Spec, Take, Work, read, step, write},
};

/// A declared program.
pub(crate) struct Declared {
    pub(crate) graph: Graph,
    /// Where stages may end without cutting through a construct: tasks in front, and whether the statement in front
    /// of it makes replicas.
    pub(crate) seams: Vec<(usize, bool)>,
    /// Which of the units that stages count each task is.
    pub(crate) units: Vec<usize>,
    /// Unit and socket of each read and each write.
    pub(crate) reads: Vec<(usize, Var)>,
    pub(crate) writes: Vec<(usize, Var)>,
}

struct Declaring<'a> {
    program: &'a Program,
    world: &'a Arc<World>,
    uses: Vec<usize>,
    socks: Vec<Option<Sock>>,
    to: Declared,
}

/// Runs an expression with the typed end in a socket.
macro_rules! typed {
    ($sock:expr, $out:ident => $run:expr) => {
        match $sock {
            Sock::Number($out) => $run,
            Sock::Text($out) => $run,
            Sock::List($out) => $run,
            Sock::Shared($out) => $run,
            Sock::Copied($out) => $run,
            Sock::Single($out) => $run,
            Sock::Boxed($out) => $run,
            Sock::Nothing(_) => unreachable!("nobody reads what a sink gives"),
        }
    };
}

/// Runs an expression with a type.
macro_rules! of_type {
    ($ty:expr, $T:ident => $run:expr) => {
        match $ty {
            Ty::Number => {
                type $T = u64;
                $run
            }
            Ty::Text => {
                type $T = String;
                $run
            }
            Ty::List => {
                type $T = Vec<u64>;
                $run
            }
            Ty::Shared => {
                type $T = Arc<Tracked>;
                $run
            }
            Ty::Copied => {
                type $T = Tracked;
                $run
            }
            Ty::Single => {
                type $T = Single;
                $run
            }
            Ty::Boxed => {
                type $T = Boxed;
                $run
            }
            Ty::Nothing => unreachable!("only sinks give nothing"),
        }
    };
}

/// Declares a program.
pub(crate) fn declare(program: &Program, world: &Arc<World>) -> Declared {
    let to = Declared {
        graph: Graph::new(),
        seams: Vec::new(),
        units: vec![0; program.n_tasks],
        reads: Vec::new(),
        writes: Vec::new(),
    };
    let socks = program.vars.iter().map(|_| None).collect();
    let mut declaring = Declaring { program, world, uses: program.uses(), socks, to };
    for (index, &(task, var, n)) in program.sources.iter().enumerate() {
        declaring.source(index, task, (var, n));
    }
    let n = declaring.to.graph.n_tasks();
    declaring.to.seams.push((n, program.is_scattered));
    for stmt in &program.body {
        declaring.statement(stmt);
        let n = declaring.to.graph.n_tasks();
        declaring.to.seams.push((n, stmt.is_replicable()));
    }
    declaring.to
}

/// A task in front of a commute: gives the path.
struct Control<T>(Spec, u64, PhantomData<fn(T)>);

impl<T: Value> Task for Control<T> {
    type In = T;
    type Out = usize;
    fn name(&self) -> String {
        self.0.name()
    }
    fn run(&mut self, input: T) -> Result<usize, BoxError> {
        let number = step(self.0.id, input.number(), &mut self.0.memory);
        self.0.world.check(self.0.id, number)?;
        Ok((number % self.1) as usize)
    }
    fn replica(&self) -> Option<Self> {
        let spec = self.0.memory.is_none().then(|| Spec::new(self.0.id, false, &self.0.world))?;
        Some(Control(spec, self.1, PhantomData))
    }
}

impl Take for Vec<Tracked> {
    fn number(&self) -> u64 {
        crate::work::join(&self.iter().map(Value::number).collect::<Vec<_>>())
    }
}

impl Declaring<'_> {
    fn spec(&self, task: TaskId) -> Spec {
        Spec::new(task.id, task.is_sequential, self.world)
    }

    fn unit(&self) -> usize {
        self.to.graph.n_tasks() - 1
    }

    /// One end of a socket: the last one, where nobody else reads it.
    fn read(&mut self, var: Var) -> Sock {
        let is_shared = self.uses[var] > 1 || self.program.vars[var].is_shared;
        self.to.reads.push((usize::MAX, var));
        let again = self.socks[var].as_ref().filter(|_| is_shared).and_then(Sock::again);
        again.or_else(|| self.socks[var].take()).expect("the generator gives each end once")
    }

    /// Notes a task that was just declared.
    fn note<T: Value>(&mut self, task: usize, after: Option<Var>, out: (Var, Out<T>)) {
        self.order(after, &out.1);
        self.place(task);
        self.fill(out.0, T::sock(out.1));
    }

    fn place(&mut self, task: usize) {
        self.to.units[task] = self.unit();
        self.settle();
    }

    /// Reads that were made for the task that was just declared are made by its unit.
    fn settle(&mut self) {
        let unit = self.unit();
        self.to.reads.iter_mut().filter(|read| read.0 == usize::MAX).for_each(|read| read.0 = unit);
    }

    fn fill(&mut self, var: Var, sock: Sock) {
        self.to.writes.push((self.unit(), var));
        self.socks[var] = Some(sock);
    }

    fn order<T>(&mut self, after: Option<Var>, out: &Out<T>) {
        let Some(var) = after else { return };
        let Some(sock) = &self.socks[var] else { return };
        let graph = &mut self.to.graph;
        match sock {
            Sock::Nothing(before) => graph.order(before, out),
            sock => typed!(sock, before => graph.order(before, out)),
        }
        self.to.reads.push((usize::MAX, var));
    }

    fn source(&mut self, index: usize, task: TaskId, (var, n): (Var, u64)) {
        of_type!(self.program.vars[var].ty, T => {
            let (spec, is_replicable) = (self.spec(task), self.program.is_scattered);
            let count = Count::<T> { spec, index, n, is_replicable, marker: PhantomData };
            let out = self.to.graph.source(count);
            self.note(task.id, None, (var, out));
        });
    }

    fn statement(&mut self, stmt: &Stmt) {
        let after = stmt.after;
        match &stmt.kind {
            Kind::Task { task, inputs, out } => self.task(*task, inputs, *out, after),
            Kind::Forward { task, input, out } => typed!(self.read(*input), socket => {
                let forward = InPlace(self.spec(*task), PhantomData);
                let result = self.to.graph.forward(socket, forward);
                self.note(task.id, after, (*out, result));
            }),
            Kind::Unzip { task, input, outs } => typed!(self.read(*input), socket => {
                self.unzip(*task, socket, outs, after);
            }),
            Kind::Filter { task, input, out } => typed!(self.read(*input), socket => {
                match self.program.vars[*out].ty {
                    Ty::Number => self.filter::<_, u64>(*task, socket, *out, after),
                    Ty::Copied => self.filter::<_, Tracked>(*task, socket, *out, after),
                    _ => self.filter::<_, Single>(*task, socket, *out, after),
                }
            }),
            Kind::Codelets { module, ids, input, outs } => typed!(self.read(*input), socket => {
                self.codelets(*module, *ids, (socket, *outs), after);
            }),
            Kind::Branch { control, input, paths, out } => {
                of_type!(self.program.vars[*input].ty, T => self.branch::<T>(*control, *input, paths, *out));
            }
            Kind::Loop { kind, input, block, out } => {
                typed!(self.read(*input), start => self.repeat(*kind, start, block, *out));
            }
            Kind::Feedback { width, input, block, out } => {
                typed!(self.read(*input), start => self.feedback(*width, start, block, *out));
            }
            Kind::Split { task, kind, input, out } => self.split(*task, *kind, (*input, *out), after),
            Kind::Set { body } => self.set(body),
            Kind::Sink { task, input, out } => typed!(self.read(*input), socket => {
                let sink = Sink(self.spec(*task), PhantomData);
                let end = self.to.graph.task(socket, sink);
                self.order(after, &end);
                self.place(task.id);
                self.fill(*out, Sock::Nothing(end));
            }),
        }
    }

    fn task(&mut self, task: TaskId, inputs: &[Var], out: Var, after: Option<Var>) {
        let socks: Vec<Sock> = inputs.iter().map(|&input| self.read(input)).collect();
        let mut socks = socks.into_iter();
        match (socks.next(), socks.next(), socks.next()) {
            (Some(a), None, _) => typed!(a, a => of_type!(self.program.vars[out].ty, T => {
                self.work::<_, T>(task, a, out, after);
            })),
            (Some(a), Some(b), None) => typed!(a, a => typed!(b, b => {
                self.work::<_, u64>(task, (a, b), out, after);
            })),
            (Some(a), Some(Sock::Number(b)), Some(Sock::Number(c))) => typed!(a, a => {
                self.work::<_, u64>(task, (a, b, c), out, after);
            }),
            _ => unreachable!("the second and the third of three are numbers"),
        }
    }

    fn work<I, T: Value>(&mut self, task: TaskId, inputs: I, out: Var, after: Option<Var>)
    where
        I: facette_flow::graph::Outs<Values: Take>,
    {
        let work = Work::<I::Values, T>(self.spec(task), PhantomData);
        let result = self.to.graph.task(inputs, work);
        self.note(task.id, after, (out, result));
    }

    fn unzip<T: Value>(&mut self, task: TaskId, socket: Out<T>, outs: &[Var], after: Option<Var>) {
        let graph = &mut self.to.graph;
        if let &[a, b, c] = outs {
            let spec = Spec::new(task.id, task.is_sequential, self.world);
            let parts = graph.task(socket, Work::<T, (Single, String, Arc<Tracked>)>(spec, PhantomData));
            self.order(after, &parts);
            self.place(task.id);
            let parts = self.to.graph.unzip(parts);
            self.fill(a, Sock::Single(parts.0));
            self.fill(b, Sock::Text(parts.1));
            self.fill(c, Sock::Shared(parts.2));
        } else {
            let spec = Spec::new(task.id, task.is_sequential, self.world);
            let parts = graph.task(socket, Work::<T, (u64, Tracked)>(spec, PhantomData));
            self.order(after, &parts);
            self.place(task.id);
            let parts = self.to.graph.unzip(parts);
            self.fill(outs[0], Sock::Number(parts.0));
            self.fill(outs[1], Sock::Copied(parts.1));
        }
    }

    fn filter<T: Value, O: Value>(&mut self, task: TaskId, socket: Out<T>, out: Var, after: Option<Var>)
    where
        Option<O>: Give,
    {
        let work = Work::<T, Option<O>>(self.spec(task), PhantomData);
        let maybe = self.to.graph.task(socket, work);
        self.order(after, &maybe);
        self.place(task.id);
        let passed = self.to.graph.filter(maybe);
        self.fill(out, O::sock(passed));
    }

    fn codelets<T: Value>(
        &mut self,
        module: TaskId,
        [writer, reader]: [usize; 2],
        (socket, outs): (Out<T>, [Var; 2]),
        after: Option<Var>,
    ) {
        let spec = self.spec(module);
        let board = self.to.graph.module(Board { spec, value: 0 });
        let work = move |board: &mut Board, input: T| write(writer, board, input.number());
        let first = self.to.graph.codelet(board, &format!("t{writer}"), socket, work);
        self.note(writer, after, (outs[0], first));
        let Sock::Number(first) = self.read(outs[0]) else { unreachable!("codelets give numbers") };
        let work = move |board: &mut Board, input: u64| read(reader, board, input);
        let second = self.to.graph.codelet(board, &format!("t{reader}"), first, work);
        self.note(reader, None, (outs[1], second));
    }

    /// Declares the inside of a construct.
    fn block(&mut self, block: &Block, entry: Sock) -> Sock {
        self.fill(block.entry, entry);
        block.body.iter().for_each(|stmt| self.statement(stmt));
        self.read(block.end)
    }

    fn branch<T: Value>(&mut self, control: Option<TaskId>, input: Var, paths: &[Block], out: Var) {
        let n = paths.len();
        let entries = match control {
            Some(task) => {
                let typed: [Out<T>; 2] = [self.end(input), self.end(input)];
                let [one, other] = typed;
                let chosen = self.to.graph.task(one, Control(self.spec(task), n as u64, PhantomData));
                self.place(task.id);
                self.to.graph.commute(other, chosen, n)
            }
            None => {
                let frame: Out<T> = self.end(input);
                self.to.graph.branch(frame, n, move |frame| (mix(frame.number(), 5) % n as u64) as usize)
            }
        };
        self.settle();
        let ends: Vec<Sock> =
            entries.into_iter().zip(paths).map(|(entry, path)| self.block(path, T::sock(entry))).collect();
        of_type!(self.program.vars[out].ty, U => {
            let select = self.to.graph.select::<U>(n);
            self.settle();
            for (end, input) in ends.into_iter().zip(select.inputs) {
                self.to.graph.bind(end_of::<U>(end), input);
            }
            self.fill(out, U::sock(select.out));
        });
    }

    fn end<T: Value>(&mut self, var: Var) -> Out<T> {
        end_of(self.read(var))
    }

    fn repeat<T: Value>(&mut self, kind: Loop, start: Out<T>, block: &Block, out: Var) {
        // The loop hands out the graph alone; swapping lets the body see everything.
        let mut graph = std::mem::take(&mut self.to.graph);
        let body = |graph: &mut Graph, frame: Out<T>| {
            std::mem::swap(graph, &mut self.to.graph);
            self.settle();
            let end = end_of::<T>(self.block(block, T::sock(frame)));
            std::mem::swap(graph, &mut self.to.graph);
            end
        };
        let end = match kind {
            Loop::While => graph.repeat_while(start, |frame| goes_on(frame.number()), body),
            Loop::Until => graph.repeat_until(start, body, |frame| !goes_on(frame.number())),
            Loop::Times(n) => graph.repeat_times(start, n, body),
        };
        self.to.graph = graph;
        self.settle();
        self.fill(out, T::sock(end));
    }

    fn feedback<T: Value>(&mut self, width: usize, start: Out<T>, block: &Block, out: Var) {
        let mut graph = std::mem::take(&mut self.to.graph);
        let body = |graph: &mut Graph, frame: Out<T>| {
            std::mem::swap(graph, &mut self.to.graph);
            self.settle();
            let end = end_of::<T>(self.block(block, T::sock(frame)));
            std::mem::swap(graph, &mut self.to.graph);
            end
        };
        let end = graph.feedback(start, width, body, |frame| !goes_on(frame.number()));
        self.to.graph = graph;
        self.settle();
        self.fill(out, T::sock(end));
    }

    fn split(&mut self, task: TaskId, kind: Split, (input, out): (Var, Var), after: Option<Var>) {
        let spec = self.spec(task);
        let marker = PhantomData;
        match (kind, self.read(input)) {
            (Split::Several, sock) => typed!(sock, socket => {
                let several = Several::<_, Tracked> { spec, number: 0, left: 0, marker: value(&socket) };
                let item = self.to.graph.split(socket, several);
                self.note(task.id, after, (out, item));
            }),
            (Split::Fold, sock) => typed!(sock, socket => {
                let fold = Fold::<_, u64> { spec, sum: 0, marker: value(&socket) };
                let sum = self.to.graph.accumulate(socket, fold);
                self.note(task.id, after, (out, sum));
            }),
            (Split::Each, Sock::List(list)) => {
                let item = self.to.graph.each(list);
                self.note(task.id, after, (out, item));
            }
            (Split::Batch(n), Sock::Copied(socket)) => {
                let batch = self.to.graph.batch(socket, n);
                self.order(after, &batch);
                self.settle();
                let number = self.to.graph.task(batch, Work::<Vec<Tracked>, u64>(spec, marker));
                self.note(task.id, None, (out, number));
            }
            _ => unreachable!("lists come apart, tracked frames are batched"),
        }
    }

    fn set(&mut self, body: &[Stmt]) {
        let mut graph = std::mem::take(&mut self.to.graph);
        graph.set("set", (), |graph, ()| {
            std::mem::swap(graph, &mut self.to.graph);
            body.iter().for_each(|stmt| self.statement(stmt));
            std::mem::swap(graph, &mut self.to.graph);
        });
        self.to.graph = graph;
    }
}

/// Whether a loop is to run once more.
pub(crate) fn goes_on(number: u64) -> bool {
    !number.is_multiple_of(3)
}

/// Names the type of a socket's frames.
fn value<T, O>(_: &Out<T>) -> PhantomData<fn(T) -> O> {
    PhantomData
}

fn end_of<T: Value>(sock: Sock) -> Out<T> {
    let any: Box<dyn std::any::Any> = typed!(sock, out => Box::new(out));
    *any.downcast().unwrap_or_else(|_| unreachable!("a socket has the type of its variable"))
}
