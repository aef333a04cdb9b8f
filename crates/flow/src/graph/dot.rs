//! Graphs as pictures: text for Graphviz.
//!
//! A task is a box with its input sockets above its name and its output sockets below (of type `()` only where they are
//! read), a select and a commute are trapezes that narrow to the side of the one socket. Solid edges carry frames of the
//! type beside them, dashed ones only order. Stages are drawn around their tasks. `dot -Tsvg` makes the picture.

use super::{Graph, Role, Stage, TaskDecl, Waiting};
use crate::BuildError;

impl Graph {
    /// The graph in Graphviz's language; the same graph gives the same text.
    ///
    /// What is not bound yet is drawn as such, so it shows why a graph does not build.
    pub fn to_dot(&self) -> String {
        let tasks = (0..self.tasks.len()).map(|task| self.node(task, "  "));
        self.digraph(&tasks.collect::<String>())
    }

    /// The graph cut into stages, each with its replicas, its cores, and the boundary behind it.
    ///
    /// # Errors
    /// [`BuildError::StageTasks`] if the stages do not count the tasks of the graph. Whether it can be cut there is
    /// not looked at.
    pub fn to_dot_stages(&self, stages: &[Stage]) -> Result<String, BuildError> {
        let got = stages.iter().fold(0_usize, |sum, stage| sum.saturating_add(stage.tasks));
        let units = self.units();
        if got != units.len() {
            return Err(BuildError::StageTasks { expected: units.len(), got });
        }
        let (mut clusters, mut first, mut units) = (String::new(), 0, units.into_iter());
        for (i, stage) in stages.iter().enumerate() {
            let n_tasks = units.by_ref().take(stage.tasks).sum::<usize>();
            let tasks = (first..first + n_tasks).map(|task| self.node(task, "    "));
            let (tasks, text) = (tasks.collect::<String>(), stage_text(stage, i, i + 1 == stages.len()));
            clusters += &format!("  subgraph cluster_{i} {{\n    label=\"{text}\";\n{tasks}  }}\n");
            first += n_tasks;
        }
        Ok(self.digraph(&clusters))
    }

    fn digraph(&self, nodes: &str) -> String {
        let edges = (0..self.tasks.len()).map(|task| self.edges(task)).collect::<String>();
        format!("digraph flow {{\n  node [shape=record];\n{nodes}{edges}}}\n")
    }

    fn node(&self, task: usize, indent: &str) -> String {
        let TaskDecl { name, role, reads, writes, module, .. } = &self.tasks[task];
        let mut title = escaped(name);
        if let Some(module) = module {
            title += &format!("\\nmodule {module}");
        }
        let shape = match role {
            Role::Select => "shape=invtrapezium, ",
            Role::Commute => "shape=trapezium, ",
            _ => {
                let inputs = (0..reads.len()).map(|i| format!("<i{i}> {}", self.input_name(task, i)));
                let shown = (0..writes.len()).filter(|&i| self.is_shown(writes[i]));
                let outputs = shown.map(|i| format!("<o{i}> {}", output_name(&self.tasks[task], i)));
                title = record(&inputs.collect::<Vec<_>>(), &title, &outputs.collect::<Vec<_>>());
                ""
            }
        };
        format!("{indent}t{task} [{shape}label=\"{title}\"];\n")
    }

    /// What an input is called: sockets that were declared before their task have a name.
    fn input_name(&self, task: usize, input: usize) -> String {
        let task = &self.tasks[task];
        let slot = &self.slots[task.reads[input]];
        match (slot.writer, task.role) {
            (None, _) => escaped(&slot.name),
            (_, Role::Forward) => "forward".to_owned(),
            _ if task.reads.len() == 1 => "in".to_owned(),
            _ => format!("in {input}"),
        }
    }

    fn is_shown(&self, slot: usize) -> bool {
        let is_read =
            || self.tasks.iter().flat_map(|task| &task.reads).any(|&read| self.origin(read) == slot);
        self.slots[slot].info.kind.type_name() != "()" || is_read()
    }

    /// The slot that a read means, as far as it is bound.
    fn origin(&self, slot: usize) -> usize {
        let step = |&slot: &usize| self.slots[slot].bound;
        // Inputs that are bound in a circle have no origin: any of them will do.
        std::iter::successors(Some(slot), step).take(self.slots.len()).last().unwrap_or(slot)
    }

    /// The edges that end at a task.
    fn edges(&self, task: usize) -> String {
        let decl = &self.tasks[task];
        let mut edges = String::new();
        for (input, &read) in decl.reads.iter().enumerate() {
            let head = match decl.role {
                Role::Select => (format!("t{task}"), format!(", headlabel=\"{input}\"")),
                Role::Commute => (format!("t{task}"), String::new()),
                _ => (format!("t{task}:i{input}"), String::new()),
            };
            edges += &self.edge(self.origin(read), head);
        }
        let after = decl.after.iter().filter_map(|&slot| self.slots[self.origin(slot)].writer);
        edges.extend(after.map(|writer| format!("  t{writer} -> t{task} [style=dashed];\n")));
        edges
    }

    /// An edge out of `slot`; a slot that nobody writes is drawn as a node of its own.
    fn edge(&self, slot: usize, (head, more): (String, String)) -> String {
        let kind = escaped(&short_type(self.slots[slot].info.kind.type_name()));
        let Some(writer) = self.slots[slot].writer else {
            let name = escaped(&self.slots[slot].name);
            let node = format!("  s{slot} [shape=plaintext, label=\"{name} is not bound\"];\n");
            return format!("{node}  s{slot} -> {head} [label=\"{kind}\", style=dotted{more}];\n");
        };
        let output = self.tasks[writer].writes.iter().position(|&write| write == slot).unwrap_or(0);
        let (tail, more) = match self.tasks[writer].role {
            Role::Select => (format!("t{writer}"), more),
            Role::Commute => (format!("t{writer}"), format!("{more}, taillabel=\"{output}\"")),
            _ => (format!("t{writer}:o{output}"), more),
        };
        format!("  {tail} -> {head} [label=\"{kind}\"{more}];\n")
    }
}

fn output_name(task: &TaskDecl, output: usize) -> String {
    match task.role {
        Role::Forward => "forward".to_owned(),
        _ if task.writes.len() == 1 => "out".to_owned(),
        _ => format!("out {output}"),
    }
}

/// Inputs above the title, outputs below.
fn record(inputs: &[String], title: &str, outputs: &[String]) -> String {
    let row = |sockets: &[String]| Some(format!("{{{}}}", sockets.join("|"))).filter(|_| !sockets.is_empty());
    let rows = [row(inputs), Some(title.to_owned()), row(outputs)];
    format!("{{{}}}", rows.into_iter().flatten().collect::<Vec<_>>().join("|"))
}

fn stage_text(stage: &Stage, i: usize, is_last: bool) -> String {
    let Stage { replicas, depth, waiting, cores, .. } = stage;
    let plural = if *replicas == 1 { "" } else { "s" };
    let cores = cores
        .iter()
        .take(*replicas)
        .map(|set| if set.is_empty() { "any".to_owned() } else { set.to_string() });
    let cores = cores.collect::<Vec<_>>().join("; ");
    let on = if cores.is_empty() { String::new() } else { format!(" on cores {cores}") };
    let waiting = match waiting {
        Waiting::Spin => "spin",
        Waiting::SpinThenPark => "spin then park",
        Waiting::Park => "park",
    };
    let behind = if is_last { String::new() } else { format!("\\ndepth {depth}, {waiting}") };
    format!("stage {i}\\n{replicas} replica{plural}{on}{behind}")
}

/// `a::b::Name<c::D>` → `Name<D>`.
fn short_type(full: &str) -> String {
    let is_word = |c: char| c.is_alphanumeric() || matches!(c, '_' | '{' | '}' | '#');
    let mut short = String::with_capacity(full.len());
    let mut rest = full;
    while let Some(c) = rest.chars().next() {
        match rest.strip_prefix("::") {
            Some(behind) if short.ends_with(is_word) => {
                short.truncate(short.trim_end_matches(is_word).len());
                rest = behind;
            }
            _ => {
                short.push(c);
                rest = &rest[c.len_utf8()..];
            }
        }
    }
    short
}

/// Text inside a label, of a box or of anything else.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' => escaped.push_str("\\n"),
            '&' => escaped.push_str("&amp;"),
            '"' | '\\' | '{' | '}' | '|' | '<' | '>' => escaped.extend(['\\', c]),
            c if c.is_control() => escaped.push(' '),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_lose_their_paths() {
        let cases = [
            (std::any::type_name::<Vec<Option<f64>>>(), "Vec<Option<f64>>"),
            ("(u64, alloc::sync::Arc<[a::b_c::D; 3]>)", "(u64, Arc<[D; 3]>)"),
            ("alloc::boxed::Box<dyn a::B<Out = &str> + core::marker::Send>", "Box<dyn B<Out = &str> + Send>"),
            ("a::f::{{closure}}::É", "É"),
            ("<a::T as b::U>::V", "<T as U>::V"),
            ("()", "()"),
            ("::a", "::a"),
        ];
        for (full, short) in cases {
            assert_eq!(short_type(full), short);
        }
    }
}
