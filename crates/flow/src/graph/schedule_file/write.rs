//! From stages to a file, and from a file to text.

use super::{
    CoreType, Entry, MOST, Node, Place, Policy, Resource, ScheduleError, ScheduleFile, ScheduleVersion,
};
use crate::graph::{CoreSet, Stage, Topology, Waiting};

pub(super) fn from_stages(
    stages: &[Stage],
    version: ScheduleVersion,
    machine: &Topology,
) -> Result<ScheduleFile, ScheduleError> {
    if stages.is_empty() {
        return Err(ScheduleError::NoStages);
    }
    let mut draft = Draft { machine, packed: Vec::new(), shared: Vec::new() };
    let entry = |(i, stage): (usize, &Stage)| {
        let is_last = i + 1 == stages.len();
        let numbers =
            [("tasks", stage.tasks), ("replicas", stage.replicas), ("frames of depth", stage.depth)];
        let is_fair = |(_, n): &&(&str, usize)| !(1..=MOST).contains(n);
        if let Some((name, n)) = numbers[..if is_last { 2 } else { 3 }].iter().find(is_fair) {
            return Err(ScheduleError::NotCarried { stage: i, what: format!("it has {n} {name}") });
        }
        let place = match version {
            ScheduleVersion::V1 => draft.pus(stage),
            ScheduleVersion::V2 => draft.policy(stage),
        };
        let place = place.map_err(|what| ScheduleError::NotCarried { stage: i, what })?;
        let waiting = if stage.waiting == Waiting::Spin { Waiting::Spin } else { Waiting::SpinThenPark };
        let depth = if is_last { 1 } else { stage.depth };
        let waiting = if is_last { Waiting::SpinThenPark } else { waiting };
        Ok(Entry { tasks: stage.tasks, threads: stage.replicas, place, depth, waiting })
    };
    let entries = stages.iter().enumerate().map(entry).collect::<Result<_, _>>()?;
    let resource = |pus: &[usize]| Resource { nodes: runs(pus), smt: 1 };
    let resources = match version {
        ScheduleVersion::V1 => Default::default(),
        ScheduleVersion::V2 => [resource(&draft.packed), resource(&draft.shared)],
    };
    Ok(ScheduleFile { version, resources, entries })
}

/// What stages take, so far.
struct Draft<'a> {
    machine: &'a Topology,
    /// PUs that replicas have for themselves, in order: the P-cores of version 2.
    packed: Vec<usize>,
    /// PUs that all replicas of a stage share: the E-cores of version 2.
    shared: Vec<usize>,
}

impl Draft<'_> {
    /// Version 1: a PU for each replica.
    fn pus(&self, stage: &Stage) -> Result<Place, String> {
        let Some(sets) = by_replica(stage)? else { return Ok(Place::Anywhere) };
        let own = |set: &&CoreSet| match &self.numbers(set)?[..] {
            [pu] => Ok(*pu),
            _ => Err(format!("a replica shares the cores {set}")),
        };
        Ok(Place::Pus(sets.iter().map(own).collect::<Result<_, _>>()?))
    }

    /// Version 2: a PU for each replica, packed; or the same PUs for all.
    fn policy(&mut self, stage: &Stage) -> Result<Place, String> {
        let Some(sets) = by_replica(stage)? else { return Ok(Place::By(CoreType::P, Policy::Loose)) };
        if sets.iter().all(|set| set.len() == 1) {
            for set in sets {
                self.packed.extend(self.numbers(set)?);
            }
            return Ok(Place::By(CoreType::P, Policy::Packed));
        }
        let pus = self.numbers(sets[0])?;
        if sets.iter().any(|set| *set != sets[0]) {
            return Err(format!("its replicas share different cores, such as {}", sets[0]));
        }
        if !self.shared.is_empty() && self.shared != pus {
            return Err(format!(
                "its replicas share the cores {}, and those of another stage others",
                sets[0]
            ));
        }
        self.shared = pus;
        Ok(Place::By(CoreType::E, Policy::Guided))
    }

    /// The numbers of PUs.
    fn numbers(&self, set: &CoreSet) -> Result<Vec<usize>, String> {
        let number = |core| {
            self.machine
                .number_of(core)
                .ok_or_else(|| format!("it runs on core {core}, which this machine lacks"))
        };
        let mut numbers = set.iter().map(number).collect::<Result<Vec<_>, _>>()?;
        numbers.sort_unstable();
        Ok(numbers)
    }
}

/// The cores of each replica; `None` where all may run anywhere.
fn by_replica(stage: &Stage) -> Result<Option<Vec<&CoreSet>>, String> {
    let sets: Vec<&CoreSet> = stage.cores.iter().cycle().take(stage.replicas).collect();
    match sets.iter().filter(|set| set.is_empty()).count() {
        0 if !sets.is_empty() => Ok(Some(sets)),
        n if n == sets.len() => Ok(None),
        _ => Err("some of its replicas are pinned and others are not".to_owned()),
    }
}

/// Numbers, neighbors taken together where they rise by one.
fn runs(pus: &[usize]) -> Vec<Node> {
    let mut nodes: Vec<Node> = Vec::new();
    for &pu in pus {
        match nodes.last_mut() {
            Some(node) if node.last + 1 == pu => node.last = pu,
            _ => nodes.push(Node { is_core: false, first: pu, last: pu }),
        }
    }
    nodes
}

pub(super) fn to_json(file: &ScheduleFile) -> String {
    let n = file.entries.len();
    let lines = file.entries.iter().enumerate().map(|(i, entry)| stage_json(entry, i + 1 == n));
    let stages = lines.collect::<Vec<_>>().join(",\n");
    let resources = match file.version {
        ScheduleVersion::V1 => String::new(),
        ScheduleVersion::V2 => {
            let [p, e] = &file.resources;
            let lines = [resource_json(CoreType::P, p), resource_json(CoreType::E, e)].join(",\n");
            format!("  \"resources\": {{\n{lines}\n  }},\n")
        }
    };
    format!("{{\n{resources}  \"schedule\": [\n{stages}\n  ]\n}}\n")
}

fn stage_json(entry: &Entry, is_last: bool) -> String {
    let Entry { tasks, threads, place, depth, waiting } = entry;
    let place = match place {
        Place::Anywhere => format!("\"cores\": {threads}"),
        Place::Pus(pus) => format!("\"cores\": {pus:?}"),
        Place::By(core_type, policy) => {
            let policy = Policy::ALL.iter().find(|(of, _)| of == policy).map_or("loose", |(_, name)| name);
            let core_type = core_type.name();
            format!(
                "\"threads\": {threads}, \"core-type\": \"{core_type}\", \"pinning-policy\": \"{policy}\""
            )
        }
    };
    let waiting = if *waiting == Waiting::Spin { "active" } else { "passive" };
    let boundary = match is_last {
        true => String::new(),
        false => format!(", \"sync_buff_size\": {depth}, \"sync_waiting_type\": \"{waiting}\""),
    };
    format!("    {{ \"tasks\": {tasks}, {place}{boundary} }}")
}

fn resource_json(core_type: CoreType, resource: &Resource) -> String {
    let node = |node: &Node| {
        let (kind, Node { first, last, .. }) = (if node.is_core { "core" } else { "PU" }, node);
        if first == last { format!("\"{kind}{first}\"") } else { format!("\"{kind}{first}-{last}\"") }
    };
    let nodes = resource.nodes.iter().map(node).collect::<Vec<_>>().join(", ");
    let (name, smt) = (core_type.name(), resource.smt);
    format!("    \"{name}\": {{ \"node-list\": [{nodes}], \"smt\": {smt} }}")
}
