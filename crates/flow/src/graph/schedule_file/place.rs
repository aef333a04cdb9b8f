//! From PUs and policies to the cores of every replica.

use super::{CoreType, Entry, Place, Policy, Resource, ScheduleError, ScheduleFile};
use crate::graph::{CoreSet, ObjectKind, Topology};

/// The cores of each stage by replica; none where it may run anywhere.
pub(super) fn places(file: &ScheduleFile, machine: &Topology) -> Result<Vec<Vec<CoreSet>>, ScheduleError> {
    let mut pools = [pool(file, CoreType::P, machine)?, pool(file, CoreType::E, machine)?];
    let place = |(stage, entry): (usize, &Entry)| {
        let floor = Floor { stage, machine };
        match &entry.place {
            Place::Anywhere => Ok(Vec::new()),
            Place::Pus(pus) => pus.iter().map(|&pu| floor.cores(&[pu])).collect(),
            Place::By(core_type, policy) => {
                let pool = &mut pools[*core_type as usize];
                pool.n_stages += 1;
                match policy {
                    Policy::Loose => Ok(Vec::new()),
                    Policy::Guided => floor.shared(pool),
                    _ => (0..entry.threads).map(|replica| floor.own(pool, *policy, replica)).collect(),
                }
            }
        }
    };
    file.entries.iter().enumerate().map(place).collect()
}

/// What is left of the cores of one type.
struct Pool {
    core_type: CoreType,
    smt: usize,
    /// PUs by core, as far as the file names whole cores; no entry is empty.
    cores: Vec<Vec<usize>>,
    /// Where the next packed replica of the stage looks.
    next: usize,
    /// Stages of the type so far, with this one.
    n_stages: usize,
}

/// The PUs of a type; none where no stage is pinned to it, so that the file may come from another machine.
fn pool(file: &ScheduleFile, core_type: CoreType, machine: &Topology) -> Result<Pool, ScheduleError> {
    let Resource { nodes, smt } = &file.resources[core_type as usize];
    let mut pool = Pool { core_type, smt: *smt, cores: Vec::new(), next: 0, n_stages: 0 };
    let is_pinned = |entry: &Entry| matches!(&entry.place, Place::By(of, policy) if *of == core_type && *policy != Policy::Loose);
    if !file.entries.iter().any(is_pinned) {
        return Ok(pool);
    }
    for node in nodes {
        let kind = if node.is_core { ObjectKind::Core } else { ObjectKind::Pu };
        let absent = |number| {
            let place = format!("resources.{}", core_type.name());
            ScheduleError::Absent { place, kind, number, count: machine.count(kind) }
        };
        for number in node.first..=node.last {
            pool.cores.push(machine.pus_of(kind, number).ok_or_else(|| absent(number))?);
        }
    }
    for _ in 1..*smt {
        let seconds = |pus: &mut Vec<usize>| (pus.len() > 1).then(|| vec![pus.remove(1)]);
        let seconds: Vec<Vec<usize>> = pool.cores.iter_mut().filter_map(seconds).collect();
        if seconds.is_empty() {
            break;
        }
        pool.cores.extend(seconds);
    }
    Ok(pool)
}

impl Pool {
    /// The PU of a replica, which is then gone.
    fn take(&mut self, policy: Policy, replica: usize) -> Option<usize> {
        let n = self.cores.len();
        let at = match policy {
            Policy::Distant => (self.n_stages - 1 + replica) % 2 * (n / (2 * self.smt)),
            _ if replica == 0 => 0,
            _ => self.next,
        };
        let pus = self.cores.get_mut(at)?;
        let pu = pus.remove(0);
        let is_gone = pus.is_empty();
        if is_gone {
            self.cores.remove(at);
        }
        let next = if is_gone { at } else { at + 1 };
        self.next = next % self.cores.len().max(1);
        Some(pu)
    }
}

/// The machine, as one stage sees it.
struct Floor<'a> {
    stage: usize,
    machine: &'a Topology,
}

impl Floor<'_> {
    fn own(&self, pool: &mut Pool, policy: Policy, replica: usize) -> Result<CoreSet, ScheduleError> {
        let pu = pool.take(policy, replica);
        let none = || ScheduleError::UsedUp { stage: self.stage, core_type: pool.core_type.name() };
        self.cores(&[pu.ok_or_else(none)?])
    }

    /// All PUs that are left, one of each core, for every replica.
    fn shared(&self, pool: &Pool) -> Result<Vec<CoreSet>, ScheduleError> {
        let pus: Vec<usize> = pool.cores.iter().map(|pus| pus[0]).collect();
        if pus.is_empty() { Ok(Vec::new()) } else { Ok(vec![self.cores(&pus)?]) }
    }

    /// What the process may use of some PUs.
    fn cores(&self, pus: &[usize]) -> Result<CoreSet, ScheduleError> {
        let mut cores = CoreSet::default();
        for &number in pus {
            let kind = ObjectKind::Pu;
            let (place, count) = (format!("stage {}", self.stage), self.machine.count(kind));
            let absent = ScheduleError::Absent { place, kind, number, count };
            cores.extend(self.machine.get(kind, number).ok_or(absent)?.iter());
        }
        let usable = cores.intersection(self.machine.allowed());
        if usable.is_empty() {
            let (stage, allowed) = (self.stage, self.machine.allowed().clone());
            return Err(ScheduleError::Denied { stage, cores, allowed });
        }
        Ok(usable)
    }
}
