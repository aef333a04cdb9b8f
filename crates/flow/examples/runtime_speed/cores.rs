//! The two cores that everything is measured on.

use std::sync::OnceLock;

/// The first core that we may use, and the next that is no sibling of it (else the next at all).
///
/// `None` where the system does not tell, or allows one core only: then nothing is pinned.
pub(crate) fn two() -> Option<[usize; 2]> {
    // Asked for once, before any thread is pinned.
    static TWO: OnceLock<Option<[usize; 2]>> = OnceLock::new();
    *TWO.get_or_init(|| {
        let allowed = allowed();
        let first = *allowed.first()?;
        let siblings = siblings(first);
        let others = || allowed[1..].iter();
        let second = others().find(|core| !siblings.contains(core)).or_else(|| others().next())?;
        Some([first, *second])
    })
}

#[cfg(target_os = "linux")]
fn allowed() -> Vec<usize> {
    use rustix::thread::{CpuSet, sched_getaffinity};
    let Ok(set) = sched_getaffinity(None) else { return Vec::new() };
    (0..CpuSet::MAX_CPU).filter(|&core| set.is_set(core)).collect()
}

/// Hardware threads of the same physical core, as the kernel tells (a virtual machine may hide it).
#[cfg(target_os = "linux")]
fn siblings(core: usize) -> Vec<usize> {
    let path = format!("/sys/devices/system/cpu/cpu{core}/topology/thread_siblings_list");
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let ends = |part: &str| {
        let (first, last) = part.trim().split_once('-').unwrap_or((part.trim(), part.trim()));
        Some(first.parse::<usize>().ok()?..=last.parse::<usize>().ok()?)
    };
    text.split(',').filter_map(ends).flatten().collect()
}

/// Keeps the calling thread, and all that it starts, to `cores`.
#[cfg(target_os = "linux")]
pub(crate) fn keep_to(cores: &[usize]) {
    let mut set = rustix::thread::CpuSet::new();
    cores.iter().for_each(|&core| set.set(core));
    if !cores.is_empty() {
        // They were allowed a moment ago; if they are not any more, the measurement says where it ran.
        let _ = rustix::thread::sched_setaffinity(None, &set);
    }
}

/// Keeps the whole program to two cores, so that the table says the same on any machine.
pub(crate) fn keep_to_two() {
    keep_to(two().as_ref().map_or(&[], |two| two));
}

/// The two cores, and whether they share one physical core.
pub(crate) fn as_json() -> String {
    let two = two();
    let shared = two.is_some_and(|[first, second]| siblings(first).contains(&second));
    format!("{{\"cores\":{:?},\"siblings\":{shared}}}", two.map_or(Vec::new(), Vec::from))
}

#[cfg(not(target_os = "linux"))]
fn allowed() -> Vec<usize> {
    Vec::new()
}

#[cfg(not(target_os = "linux"))]
fn siblings(_: usize) -> Vec<usize> {
    Vec::new()
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn keep_to(_: &[usize]) {}
