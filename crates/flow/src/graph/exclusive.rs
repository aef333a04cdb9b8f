//! Tasks that can never run because they read from paths of which a frame takes only one: what their error says.

use std::collections::BTreeMap;

use super::{Role, draft::Draft};
use crate::BuildError;

/// The paths that a frame must have taken to come to a slot: which path of each commute.
type Way = BTreeMap<usize, usize>;

/// Two inputs of a task that lie on exclusive paths, and the commute that they part at.
struct Meeting {
    one: usize,
    other: usize,
    commute: usize,
}

impl Draft {
    /// The error for the first of `tasks` that reads or waits for frames of exclusive paths, if any does.
    pub(crate) fn exclusive(&self, tasks: &[usize]) -> Option<BuildError> {
        let ways = self.ways();
        tasks.iter().find_map(|&task| {
            let Meeting { one, other, commute } = self.meeting(task, &ways)?;
            let (one, other) = (self.describe(one), self.describe(other));
            Some(BuildError::ExclusivePaths { task: self.name(task), one, other, branch: self.name(commute) })
        })
    }

    /// The way to every slot, as far as it is known: rounds around loops until nothing changes.
    fn ways(&self) -> Vec<Option<Way>> {
        let mut ways: Vec<Option<Way>> = vec![None; self.graph.slots.len()];
        for _ in 0..=self.graph.tasks.len() {
            let before = ways.clone();
            for task in 0..self.graph.tasks.len() {
                let Some(way) = self.way_to(task, &ways) else { continue };
                let decl = &self.graph.tasks[task];
                for (path, &slot) in decl.writes.iter().enumerate() {
                    let mut way = way.clone();
                    if decl.role == Role::Commute {
                        way.insert(task, path);
                    }
                    ways[slot] = Some(way);
                }
            }
            if ways == before {
                break;
            }
        }
        ways
    }

    /// What a frame must have passed to come to a task; `None` where that is not known yet.
    fn way_to(&self, task: usize, ways: &[Option<Way>]) -> Option<Way> {
        let inputs = self.inputs(task).map(|slot| ways[slot].as_ref());
        if self.graph.tasks[task].role != Role::Select {
            let ways: Vec<&Way> = inputs.collect::<Option<_>>()?;
            return Some(ways.into_iter().flatten().map(|(&commute, &path)| (commute, path)).collect());
        }
        // Any of its inputs leads here, so only what they have in common is needed.
        let mut inputs = inputs.flatten();
        let first = inputs.next()?.clone();
        Some(inputs.fold(first, |mut common, way| {
            common.retain(|commute, path| way.get(commute) == Some(path));
            common
        }))
    }

    fn inputs(&self, task: usize) -> impl Iterator<Item = usize> {
        self.reads[task].iter().chain(&self.after[task]).copied()
    }

    fn meeting(&self, task: usize, ways: &[Option<Way>]) -> Option<Meeting> {
        if self.graph.tasks[task].role == Role::Select {
            return None;
        }
        let known = || self.inputs(task).filter_map(|slot| Some((slot, ways[slot].as_ref()?)));
        known().enumerate().find_map(|(i, (other, way))| {
            known().take(i).find_map(|(one, before)| {
                let parts = |(commute, path): (&usize, &usize)| {
                    before.get(commute).is_some_and(|taken| taken != path).then_some(*commute)
                };
                way.iter().find_map(parts).map(|commute| Meeting { one, other, commute })
            })
        })
    }

    /// What gives a slot, with its path if it is a commute.
    fn describe(&self, slot: usize) -> String {
        let writer = self.writer(slot);
        let decl = &self.graph.tasks[writer];
        let path = decl.writes.iter().position(|&write| write == slot);
        match path.filter(|_| decl.role == Role::Commute) {
            Some(path) => format!("path {path} of {}", decl.name),
            None => decl.name.to_string(),
        }
    }
}
