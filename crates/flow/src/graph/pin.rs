//! Which cores a thread may run on.

use super::CoreSet;
use crate::BuildError;

/// Whether this process may use all of `sets`: containers and batch systems restrict the cores.
pub(crate) fn check(sets: &[CoreSet]) -> Result<(), BuildError> {
    let Some(allowed) = allowed() else { return Ok(()) };
    match sets.iter().flat_map(CoreSet::iter).find(|&core| !allowed.contains(core)) {
        Some(core) => Err(BuildError::Core { core, allowed: allowed.iter().collect() }),
        None => Ok(()),
    }
}

/// Cores that this thread may use; `None` where the system does not tell.
#[cfg(target_os = "linux")]
pub(crate) fn allowed() -> Option<CoreSet> {
    let set = rustix::thread::sched_getaffinity(None).ok()?;
    Some((0..rustix::thread::CpuSet::MAX_CPU).filter(|&core| set.is_set(core)).collect())
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn allowed() -> Option<CoreSet> {
    None
}

/// Gives the thread its former cores back when dropped: the last stage works on the caller's thread.
#[cfg(target_os = "linux")]
pub(crate) struct Pinned(Option<rustix::thread::CpuSet>);

#[cfg(target_os = "linux")]
impl Drop for Pinned {
    fn drop(&mut self) {
        if let Some(set) = &self.0 {
            let _ = rustix::thread::sched_setaffinity(None, set);
        }
    }
}

/// Pins the calling thread to the cores of `replica`; no cores leave it where it is. The sets were checked before; if
/// the system has changed its mind since, the thread runs where it may.
#[cfg(target_os = "linux")]
pub(crate) fn pin(sets: &[CoreSet], replica: usize) -> Pinned {
    use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};
    let cores = sets.get(replica % sets.len().max(1)).filter(|cores| !cores.is_empty());
    let Some(cores) = cores else { return Pinned(None) };
    let before = sched_getaffinity(None).ok();
    let mut set = CpuSet::new();
    cores.iter().filter(|&core| core < CpuSet::MAX_CPU).for_each(|core| set.set(core));
    Pinned(before.filter(|_| sched_setaffinity(None, &set).is_ok()))
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn pin(_: &[CoreSet], _: usize) {}
