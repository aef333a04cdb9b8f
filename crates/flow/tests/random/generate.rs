//! Programs made at random.

use crate::{
    program::{Block, Kind, Loop, Program, Split, Stmt, TaskId, Var, VarInfo},
    tape::Tape,
    values::{TYPES, Ty},
};

/// The sockets of one rate that a statement may read.
#[derive(Clone)]
struct Scope {
    rate: usize,
    vars: Vec<Var>,
    /// Sockets from outside the construct.
    n_outer: usize,
    /// In a path or a loop, at its own rate; the first socket of its own is what comes in.
    is_inside: bool,
    last: Option<Var>,
}

/// Where statements stand.
#[derive(Clone, Copy)]
struct Place {
    depth: usize,
    /// In a path or a loop.
    is_inside: bool,
    is_in_feedback: bool,
}

struct Generator<'t> {
    tape: &'t mut Tape,
    vars: Vec<VarInfo>,
    is_used: Vec<bool>,
    n_tasks: usize,
    n_modules: usize,
    n_rates: usize,
    /// Statements that may still be made.
    budget: usize,
    has_constructs: bool,
    is_exact: bool,
    is_scattered: bool,
}

/// A program out of the tape; `is_scattered` for copies of a sequence and for wide first stages.
pub(crate) fn program(tape: &mut Tape, is_scattered: bool) -> Program {
    let has_constructs = !tape.once_in(3);
    let is_exact = !has_constructs || !tape.once_in(4);
    let budget = tape.below(14);
    let mut generator = Generator {
        tape,
        vars: Vec::new(),
        is_used: Vec::new(),
        n_tasks: 0,
        n_modules: 0,
        n_rates: 1,
        budget,
        has_constructs,
        is_exact,
        is_scattered,
    };
    let sources = generator.sources();
    let vars: Vec<Var> = sources.iter().map(|&(_, var, _)| var).collect();
    let mut scopes = vec![Scope { rate: 0, last: vars.last().copied(), vars, n_outer: 0, is_inside: false }];
    let place = Place { depth: 0, is_inside: false, is_in_feedback: false };
    let mut body = generator.block(&mut scopes, place);
    for scope in scopes.iter_mut().rev() {
        generator.sink(scope, place, &mut body);
    }
    let Generator { vars, n_tasks, n_modules, .. } = generator;
    Program { vars, sources, body, n_tasks, n_modules, is_exact, is_scattered }
}

impl Generator<'_> {
    fn sources(&mut self) -> Vec<(TaskId, Var, u64)> {
        let n_sources = if self.is_scattered || !self.tape.once_in(4) { 1 } else { 2 };
        let most = self.tape.pick(&[4, 12, 12, 40, 40, 200]);
        let source = |_| {
            let n = self.tape.below(most + 1) as u64;
            let ty = self.tape.pick(&TYPES);
            (self.task(false), self.var(ty, 0), n)
        };
        (0..n_sources).map(source).collect()
    }

    fn var(&mut self, ty: Ty, rate: usize) -> Var {
        self.vars.push(VarInfo { ty, rate, is_shared: false });
        self.is_used.push(false);
        self.vars.len() - 1
    }

    fn task(&mut self, may_be_sequential: bool) -> TaskId {
        self.n_tasks += 1;
        let is_sequential = may_be_sequential && !self.is_scattered && self.tape.once_in(5);
        TaskId { id: self.n_tasks - 1, is_sequential }
    }

    /// A socket to read; the latest ones more often.
    fn pick(&mut self, scope: &Scope, wanted: impl Fn(Ty) -> bool) -> Option<Var> {
        let is_free =
            |&var: &Var| (self.vars[var].ty.is_clone() || !self.is_used[var]) && wanted(self.vars[var].ty);
        let free: Vec<Var> = scope.vars.iter().copied().filter(is_free).collect();
        let reach = if self.tape.once_in(4) { free.len() } else { free.len().min(3) };
        let var = *free.get(free.len().checked_sub(1 + self.tape.below(reach))?)?;
        self.is_used[var] = true;
        self.vars[var].is_shared |= scope.vars.iter().position(|&v| v == var) < Some(scope.n_outer);
        Some(var)
    }

    /// Whether an end of it is left when all others have been given away.
    fn stays(&self, var: Var) -> bool {
        let ty = self.vars[var].ty;
        ty.is_clone() || ty == Ty::Nothing
    }

    /// What the next statement of a scope is bound behind.
    fn after(&mut self, scope: &Scope) -> Option<Var> {
        let after = match (self.has_constructs, self.is_exact) {
            (true, true) => scope.last,
            // What depends on nothing inside would run in front of the construct.
            _ if scope.is_inside => {
                let own = scope.vars[scope.n_outer + 1..].iter().copied();
                let own: Vec<Var> = own.filter(|&var| self.stays(var)).collect();
                (!own.is_empty()).then(|| self.tape.pick(&own))
            }
            _ if self.tape.once_in(6) => Some(self.tape.pick(&scope.vars)),
            _ => None,
        };
        // An end stays, so that others can be bound behind it.
        after.inspect(|&var| self.vars[var].is_shared = true)
    }

    /// Adds a statement that gives one socket.
    fn put(
        &mut self,
        scope: &mut Scope,
        body: &mut Vec<Stmt>,
        ty: Ty,
        kind: impl FnOnce(Var) -> Kind,
    ) -> Var {
        let (after, out) = (self.after(scope), self.var(ty, scope.rate));
        body.push(Stmt { rate: scope.rate, after, kind: kind(out) });
        scope.vars.push(out);
        scope.last = Some(out);
        out
    }

    fn block(&mut self, scopes: &mut Vec<Scope>, place: Place) -> Vec<Stmt> {
        let mut body = Vec::new();
        let most = if place.depth == 0 { usize::MAX } else { self.tape.below(4) };
        let mut made = 0;
        while self.budget > 0 && made < most {
            (self.budget, made) = (self.budget - 1, made + 1);
            let old = scopes.len() > 1 && self.tape.once_in(5);
            let i = scopes.len() - 1 - usize::from(old);
            self.statement(scopes, i, place, &mut body);
        }
        body
    }

    fn statement(&mut self, scopes: &mut Vec<Scope>, i: usize, place: Place, body: &mut Vec<Stmt>) {
        let scope = &mut scopes[i];
        let may_split = !place.is_in_feedback && !self.is_scattered;
        match self.tape.below(16) {
            0..=3 => self.plain(scope, place, body),
            4 => self.forward(scope, place, body),
            5 => self.unzip(scope, place, body),
            6 if self.is_exact && !place.is_in_feedback => self.filter(scope, body),
            7 => self.codelets(scope, place, body),
            8 | 9 => self.sink(scope, place, body),
            10 if place.depth < 3 && self.has_constructs => self.branch(scope, place, body),
            11 | 12 if place.depth < 3 && self.has_constructs => self.repeat(scope, place, body),
            13 if place.depth == 0 => self.feedback(scopes, i, place, body),
            14 if may_split => self.split(scopes, i, place, body),
            15 if place.depth < 3 => {
                let place = Place { depth: place.depth.max(1), ..place };
                let inner = self.block(scopes, place);
                if !inner.is_empty() {
                    body.push(Stmt { rate: 0, after: None, kind: Kind::Set { body: inner } });
                }
            }
            _ => self.plain(scope, place, body),
        }
    }

    fn plain(&mut self, scope: &mut Scope, place: Place, body: &mut Vec<Stmt>) {
        let Some(first) = self.pick(scope, |_| true) else { return };
        let mut inputs = vec![first];
        match self.tape.below(5) {
            0 | 1 => {}
            2 | 3 => inputs.extend(self.pick(scope, |_| true)),
            _ => inputs.extend((0..2).filter_map(|_| self.pick(scope, |ty| ty == Ty::Number))),
        }
        let ty = if inputs.len() == 1 { self.tape.pick(&TYPES) } else { Ty::Number };
        let task = self.task(!place.is_in_feedback);
        self.put(scope, body, ty, |out| Kind::Task { task, inputs, out });
    }

    /// A task whose frame the next statement works on.
    fn fresh(&mut self, scope: &mut Scope, body: &mut Vec<Stmt>, ty: Ty) -> Option<Var> {
        let input = self.pick(scope, |_| true)?;
        let task = self.task(false);
        let out = self.put(scope, body, ty, |out| Kind::Task { task, inputs: vec![input], out });
        self.is_used[out] = true;
        Some(out)
    }

    fn forward(&mut self, scope: &mut Scope, place: Place, body: &mut Vec<Stmt>) {
        let Some(input) = self.pick(scope, |_| true) else { return };
        let (task, ty) = (self.task(!place.is_in_feedback), self.vars[input].ty);
        self.put(scope, body, ty, |out| Kind::Forward { task, input, out });
    }

    fn unzip(&mut self, scope: &mut Scope, place: Place, body: &mut Vec<Stmt>) {
        let Some(input) = self.pick(scope, |_| true) else { return };
        let types: &[Ty] = if self.tape.once_in(2) {
            &[Ty::Single, Ty::Text, Ty::Shared]
        } else {
            &[Ty::Number, Ty::Copied]
        };
        let (task, rate) = (self.task(!place.is_in_feedback), scope.rate);
        let (after, outs) =
            (self.after(scope), types.iter().map(|&ty| self.var(ty, rate)).collect::<Vec<_>>());
        scope.vars.extend(&outs);
        scope.last = outs.first().copied();
        body.push(Stmt { rate, after, kind: Kind::Unzip { task, input, outs } });
    }

    fn filter(&mut self, scope: &mut Scope, body: &mut Vec<Stmt>) {
        let Some(input) = self.pick(scope, |_| true) else { return };
        let (task, ty) = (self.task(true), self.tape.pick(&[Ty::Number, Ty::Copied, Ty::Single]));
        self.put(scope, body, ty, |out| Kind::Filter { task, input, out });
    }

    fn codelets(&mut self, scope: &mut Scope, place: Place, body: &mut Vec<Stmt>) {
        let Some(input) = self.pick(scope, |_| true) else { return };
        let is_sequential = self.task(!place.is_in_feedback).is_sequential;
        let ids = [self.n_tasks, self.n_tasks + 1];
        (self.n_tasks, self.n_modules) = (self.n_tasks + 2, self.n_modules + 1);
        let module = TaskId { id: self.n_modules - 1, is_sequential };
        let first = self.var(Ty::Number, scope.rate);
        self.put(scope, body, Ty::Number, |out| Kind::Codelets { module, ids, input, outs: [first, out] });
        scope.vars.push(first);
    }

    /// Gives a socket, too, that others can be bound behind.
    fn sink(&mut self, scope: &mut Scope, place: Place, body: &mut Vec<Stmt>) {
        let Some(input) = self.pick(scope, |_| true) else { return };
        let task = self.task(!place.is_in_feedback);
        let out = self.put(scope, body, Ty::Nothing, |out| Kind::Sink { task, input, out });
        self.is_used[out] = true;
    }

    /// The inside of a construct: what comes in is read first, and what goes out depends on it.
    fn inside(&mut self, outer: &Scope, input: Ty, ty: Ty, place: Place) -> Block {
        let entry = self.var(input, outer.rate);
        let vars: Vec<Var> = [&outer.vars[..], &[entry]].concat();
        let mut scope =
            Scope { rate: outer.rate, n_outer: vars.len() - 1, vars, last: Some(entry), is_inside: true };
        let mut body = Vec::new();
        self.is_used[entry] = true;
        let task = self.task(false);
        let number =
            self.put(&mut scope, &mut body, Ty::Number, |out| Kind::Task { task, inputs: vec![entry], out });
        let mut scopes = vec![scope];
        body.extend(self.block(&mut scopes, Place { depth: place.depth + 1, is_inside: true, ..place }));
        let scope = &mut scopes[0];
        let inputs = std::iter::once(number).chain(self.pick(scope, |_| true)).collect();
        let task = self.task(false);
        let mut end = self.put(scope, &mut body, Ty::Number, |out| Kind::Task { task, inputs, out });
        if ty != Ty::Number {
            let (task, inputs) = (self.task(false), vec![end]);
            end = self.put(scope, &mut body, ty, |out| Kind::Task { task, inputs, out });
        }
        self.is_used[end] = true;
        Block { entry, body, end }
    }

    fn branch(&mut self, scope: &mut Scope, place: Place, body: &mut Vec<Stmt>) {
        let types = (self.tape.pick(&TYPES), self.tape.pick(&TYPES));
        let Some(input) = self.fresh(scope, body, types.0) else { return };
        let has_control = types.0.is_clone() && self.tape.once_in(3);
        let control = has_control.then(|| self.task(!place.is_in_feedback));
        let n_paths = 2 + self.tape.below(2);
        let paths = (0..n_paths).map(|_| self.inside(scope, types.0, types.1, place)).collect();
        self.put(scope, body, types.1, |out| Kind::Branch { control, input, paths, out });
    }

    fn repeat(&mut self, scope: &mut Scope, place: Place, body: &mut Vec<Stmt>) {
        let ty = self.tape.pick(&TYPES);
        let Some(input) = self.fresh(scope, body, ty) else { return };
        let kind = match self.tape.below(3) {
            0 => Loop::Times(self.tape.below(4) as u64),
            1 => Loop::While,
            _ => Loop::Until,
        };
        // What is read in every turn must have clones.
        let is_clone = |&var: &Var| self.vars[var].ty.is_clone();
        let vars = scope.vars.iter().copied().filter(is_clone).collect();
        let block = self.inside(&Scope { vars, ..scope.clone() }, ty, ty, place);
        self.put(scope, body, ty, |out| Kind::Loop { kind, input, block, out });
    }

    fn feedback(&mut self, scopes: &mut Vec<Scope>, i: usize, place: Place, body: &mut Vec<Stmt>) {
        let ty = self.tape.pick(&TYPES);
        // What is declared later at the old rate is bound behind what goes in.
        let ty = if ty.is_clone() || !self.is_exact { ty } else { Ty::Copied };
        let Some(input) = self.fresh(&mut scopes[i], body, ty) else { return };
        let width = self.tape.pick(&[1, 2, 3, 8]);
        let (around, behind) = (self.n_rates, self.n_rates + 1);
        self.n_rates += 2;
        let inner = Scope { rate: around, vars: Vec::new(), n_outer: 0, is_inside: true, last: None };
        let block = self.inside(&inner, ty, ty, Place { depth: 1, is_inside: true, is_in_feedback: true });
        let out = self.var(ty, behind);
        let kind = Kind::Feedback { width, input, block, out };
        body.push(Stmt { rate: scopes[i].rate, after: None, kind });
        self.open(scopes, out, place);
    }

    fn split(&mut self, scopes: &mut Vec<Scope>, i: usize, place: Place, body: &mut Vec<Stmt>) {
        let kind = match self.tape.below(4) {
            0 => Split::Several,
            1 => Split::Each,
            2 => Split::Batch(1 + self.tape.below(5)),
            _ => Split::Fold,
        };
        let (input, out) = match kind {
            Split::Several => (self.pick(&scopes[i], Ty::is_clone), Ty::Copied),
            Split::Fold => (self.pick(&scopes[i], Ty::is_clone), Ty::Number),
            Split::Each => (self.fresh(&mut scopes[i], body, Ty::List), Ty::Number),
            Split::Batch(_) => (self.fresh(&mut scopes[i], body, Ty::Copied), Ty::Number),
        };
        let Some(input) = input else { return };
        let (task, after, rate) = (self.task(true), self.after(&scopes[i]), self.n_rates);
        self.n_rates += 1;
        let out = self.var(out, rate);
        body.push(Stmt { rate: scopes[i].rate, after, kind: Kind::Split { task, kind, input, out } });
        self.open(scopes, out, place);
    }

    /// A new rate; nothing more is declared at the old ones, most times.
    fn open(&mut self, scopes: &mut Vec<Scope>, out: Var, place: Place) {
        if !place.is_inside && !self.tape.once_in(4) {
            scopes.clear();
        }
        scopes.push(Scope {
            rate: self.vars[out].rate,
            vars: vec![out],
            n_outer: 0,
            is_inside: false,
            last: Some(out),
        });
    }
}
