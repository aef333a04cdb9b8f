//! Which core a thread runs on.

use crate::BuildError;

/// Whether this process may use all of `cores`: containers and batch systems restrict the set.
pub(crate) fn check(cores: &[usize]) -> Result<(), BuildError> {
    let Some(allowed) = allowed() else { return Ok(()) };
    match cores.iter().find(|core| !allowed.contains(core)) {
        Some(&core) => Err(BuildError::Core { core, allowed }),
        None => Ok(()),
    }
}

/// Cores that this thread may use; `None` where the system does not tell.
#[cfg(target_os = "linux")]
fn allowed() -> Option<Vec<usize>> {
    let set = rustix::thread::sched_getaffinity(None).ok()?;
    Some((0..rustix::thread::CpuSet::MAX_CPU).filter(|&core| set.is_set(core)).collect())
}

#[cfg(not(target_os = "linux"))]
fn allowed() -> Option<Vec<usize>> {
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

/// Pins the calling thread to the core of `replica`. The set was checked before; if the system has changed its mind
/// since, the thread runs where it may.
#[cfg(target_os = "linux")]
pub(crate) fn pin(cores: &[usize], replica: usize) -> Pinned {
    use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};
    let Some(&core) = cores.get(replica % cores.len().max(1)) else { return Pinned(None) };
    let before = sched_getaffinity(None).ok();
    let mut set = CpuSet::new();
    set.set(core);
    Pinned(before.filter(|_| sched_setaffinity(None, &set).is_ok()))
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn pin(_: &[usize], _: usize) {}
