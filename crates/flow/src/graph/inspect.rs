//! What the chain asks a graph about.

use super::{Graph, Out, Role, body::Body};
use crate::plan::{Kind, Link};

impl Graph {
    /// Makes the task that gives `socket` one of the runtime's own: not reported, and placed with its neighbors.
    pub(crate) fn set_internal<T>(&mut self, socket: &Out<T>, name: &str) {
        if let Some(task) = self.tasks.get_mut(socket.port.task) {
            (task.is_internal, task.name) = (true, name.into());
        }
    }

    /// Whether the socket is one of this graph.
    pub(crate) fn owns<T>(&self, socket: &Out<T>) -> bool {
        socket.port.graph == self.id
    }

    /// Whether any task reads the socket.
    pub(crate) fn is_read<T>(&self, socket: &Out<T>) -> bool {
        self.reads_slot(socket.port.slot)
    }

    fn reads_slot(&self, slot: usize) -> bool {
        let bound = self.slots.iter().filter_map(|slot| slot.bound);
        self.tasks.iter().flat_map(|task| task.reads.iter().copied()).chain(bound).any(|read| read == slot)
    }

    /// Which input of the task declared last is bound to the socket.
    pub(crate) fn input_of_last<T>(&self, socket: &Out<T>) -> Option<usize> {
        self.tasks.last()?.reads.iter().position(|&slot| slot == socket.port.slot)
    }

    /// Tasks declared so far that are not the runtime's own.
    pub(crate) fn n_reported(&self) -> usize {
        self.tasks.iter().filter(|task| !task.is_internal).count()
    }

    /// Names of the tasks that give something that nobody reads.
    pub(crate) fn unread(&self) -> Vec<String> {
        let is_lost = |&slot: &usize| !self.reads_slot(slot) && !self.slots[slot].info.kind.is_unit();
        let tasks = self.tasks.iter().filter(|task| !task.is_internal && task.writes.iter().any(is_lost));
        tasks.map(|task| task.name.to_string()).collect()
    }

    /// Whether any task can use several threads inside.
    pub(crate) fn is_parallel(&self) -> bool {
        self.tasks.iter().any(|task| task.body.max_threads() > 1)
    }

    /// The tasks that stages are made of, each with those of the runtime's own that go with it.
    pub(crate) fn links(&self) -> Vec<Link> {
        let of = |unit: usize, kind: Kind| Link {
            name: self.tasks[unit].name.to_string(),
            units: unit..unit + 1,
            kind,
            is_parallel: self.tasks[unit].body.max_threads() > 1,
        };
        let mut links: Vec<Link> = Vec::new();
        for (unit, kind) in self.kinds().into_iter().enumerate() {
            match links.last_mut().filter(|_| kind == Kind::Neutral) {
                Some(last) => last.units.end = unit + 1,
                None => links.push(of(unit, kind)),
            }
        }
        links
    }

    /// What the cut into stages needs to know of each task.
    fn kinds(&self) -> Vec<Kind> {
        let kind = |body: &dyn Body| match body.replica() {
            _ if body.max_threads() > 1 => Kind::Alone,
            Some(_) => Kind::Replicable,
            None => Kind::Sequential,
        };
        let kinds = self.tasks.iter().map(|task| match task.role {
            _ if task.is_internal => Kind::Neutral,
            Role::Opens => Kind::Alone,
            _ => kind(&*task.body),
        });
        kinds.collect()
    }
}

impl<T> Out<T> {
    /// The same socket without its type: for orders, not for reading.
    pub(crate) fn untyped(&self) -> Out<()> {
        let mut out = Out::new(&self.port.graph, self.port.slot, self.port.task);
        out.port.copier = None;
        out
    }

    pub(crate) fn is_same<U>(&self, other: &Out<U>) -> bool {
        self.port.graph == other.port.graph && self.port.slot == other.port.slot
    }
}
