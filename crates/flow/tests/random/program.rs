//! A declaration as data: what a random graph is made of, read by the model and by the runtime.

use std::fmt;

use crate::values::Ty;

/// A socket of a program: an index into [`Program::vars`].
pub(crate) type Var = usize;

/// One socket.
#[derive(Clone, Copy)]
pub(crate) struct VarInfo {
    pub(crate) ty: Ty,
    pub(crate) rate: usize,
    /// Read from inside a construct that it lies outside of.
    pub(crate) is_shared: bool,
}

/// One task in a program.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct TaskId {
    pub(crate) id: usize,
    /// What it gives depends on all frames that it has seen; not replicable.
    pub(crate) is_sequential: bool,
}

/// How a loop ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Loop {
    While,
    Until,
    Times(u64),
}

/// How a rate is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Split {
    Several,
    /// Lists come apart; the input is of that type.
    Each,
    /// Batches of so many numbers.
    Batch(usize),
    Fold,
}

/// Statements, and the value that leaves them.
#[derive(Clone, Debug)]
pub(crate) struct Block {
    /// What comes in.
    pub(crate) entry: Var,
    pub(crate) body: Vec<Stmt>,
    pub(crate) end: Var,
}

/// One statement, executed at a rate.
#[derive(Clone)]
pub(crate) struct Stmt {
    pub(crate) rate: usize,
    /// What runs before, by a binding that only orders.
    pub(crate) after: Option<Var>,
    pub(crate) kind: Kind,
}

#[derive(Clone, Debug)]
pub(crate) enum Kind {
    /// One input gives any type, two and three give a number.
    Task {
        task: TaskId,
        inputs: Vec<Var>,
        out: Var,
    },
    Forward {
        task: TaskId,
        input: Var,
        out: Var,
    },
    /// A task with several outputs.
    Unzip {
        task: TaskId,
        input: Var,
        outs: Vec<Var>,
    },
    Filter {
        task: TaskId,
        input: Var,
        out: Var,
    },
    /// Two tasks that share data; the second reads what the first gave.
    Codelets {
        module: TaskId,
        ids: [usize; 2],
        input: Var,
        outs: [Var; 2],
    },
    /// By the frame itself, or by a control socket that a task gives.
    Branch {
        control: Option<TaskId>,
        input: Var,
        paths: Vec<Block>,
        out: Var,
    },
    Loop {
        kind: Loop,
        input: Var,
        block: Block,
        out: Var,
    },
    Feedback {
        width: usize,
        input: Var,
        block: Block,
        out: Var,
    },
    Split {
        task: TaskId,
        kind: Split,
        input: Var,
        out: Var,
    },
    Set {
        body: Vec<Stmt>,
    },
    Sink {
        task: TaskId,
        input: Var,
        out: Var,
    },
}

/// A whole declaration.
#[derive(Clone, Debug)]
pub(crate) struct Program {
    pub(crate) vars: Vec<VarInfo>,
    /// Of each source: the task, its socket, and how many frames it has.
    pub(crate) sources: Vec<(TaskId, Var, u64)>,
    pub(crate) body: Vec<Stmt>,
    pub(crate) n_tasks: usize,
    pub(crate) n_modules: usize,
    /// The order of execution within a frame follows from the declaration alone.
    pub(crate) is_exact: bool,
    /// Frames are dealt out to copies of the source.
    pub(crate) is_scattered: bool,
}

impl fmt::Debug for VarInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}@{}{}", self.ty, self.rate, if self.is_shared { "+" } else { "" })
    }
}

impl fmt::Debug for TaskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "t{}{}", self.id, if self.is_sequential { "!" } else { "" })
    }
}

impl fmt::Debug for Stmt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\n@{} {:?}", self.rate, self.kind)?;
        self.after.map_or(Ok(()), |after| write!(f, " after {after}"))
    }
}

impl Program {
    /// Visits all statements, those inside before those around them.
    pub(crate) fn visit<'a>(&'a self, see: &mut impl FnMut(&'a Stmt)) {
        visit(&self.body, see);
    }

    /// How often each socket is read.
    pub(crate) fn uses(&self) -> Vec<usize> {
        let mut uses = vec![0; self.vars.len()];
        self.visit(&mut |stmt| stmt.reads().into_iter().for_each(|var| uses[var] += 1));
        uses
    }

    pub(crate) fn has_feedback(&self) -> bool {
        let mut found = false;
        self.visit(&mut |stmt| found |= matches!(stmt.kind, Kind::Feedback { .. }));
        found
    }

    /// Sinks whose frames come in no order that the model knows: in the body of a loop around stages.
    pub(crate) fn is_in_feedback(&self) -> Vec<bool> {
        let mut inside = vec![false; self.n_tasks];
        self.visit(&mut |stmt| {
            if let Kind::Feedback { block, .. } = &stmt.kind {
                visit(&block.body, &mut |stmt| {
                    if let Kind::Sink { task, .. } = &stmt.kind {
                        inside[task.id] = true;
                    }
                });
            }
        });
        inside
    }
}

/// Visits statements and what lies in them.
pub(crate) fn visit<'a>(body: &'a [Stmt], see: &mut impl FnMut(&'a Stmt)) {
    for stmt in body {
        match &stmt.kind {
            Kind::Branch { paths, .. } => paths.iter().for_each(|path| visit(&path.body, see)),
            Kind::Loop { block, .. } | Kind::Feedback { block, .. } => visit(&block.body, see),
            Kind::Set { body } => visit(body, see),
            _ => {}
        }
        see(stmt);
    }
}

impl Stmt {
    /// Sockets that it reads itself.
    pub(crate) fn reads(&self) -> Vec<Var> {
        match &self.kind {
            Kind::Task { inputs, .. } => inputs.clone(),
            Kind::Branch { input, paths, control, .. } => {
                let inputs = std::iter::once(*input).chain(control.map(|_| *input));
                inputs.chain(paths.iter().map(|path| path.end)).collect()
            }
            Kind::Loop { input, block, .. } | Kind::Feedback { input, block, .. } => vec![*input, block.end],
            Kind::Codelets { input, outs, .. } => vec![*input, outs[0]],
            Kind::Forward { input, .. }
            | Kind::Unzip { input, .. }
            | Kind::Filter { input, .. }
            | Kind::Split { input, .. }
            | Kind::Sink { input, .. } => vec![*input],
            Kind::Set { .. } => Vec::new(),
        }
    }

    /// Whether all its tasks make replicas.
    pub(crate) fn is_replicable(&self) -> bool {
        match &self.kind {
            Kind::Task { task, .. }
            | Kind::Forward { task, .. }
            | Kind::Unzip { task, .. }
            | Kind::Filter { task, .. }
            | Kind::Sink { task, .. } => !task.is_sequential,
            Kind::Codelets { module, .. } => !module.is_sequential,
            Kind::Split { task, kind, .. } => *kind == Split::Fold && !task.is_sequential,
            Kind::Branch { control, paths, .. } => {
                control.is_none_or(|task| !task.is_sequential)
                    && paths.iter().flat_map(|path| &path.body).all(Stmt::is_replicable)
            }
            Kind::Loop { block, .. } => block.body.iter().all(Stmt::is_replicable),
            Kind::Feedback { .. } => false,
            Kind::Set { body } => body.iter().all(Stmt::is_replicable),
        }
    }
}
