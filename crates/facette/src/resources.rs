//! What this machine allows: threads and memory, within its cgroup; and what this process has used.

use std::fs;

/// Threads this process may use (affinity and cgroup quota respected).
pub fn n_threads() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// Bytes of memory this process may use: the machine's, or less where its cgroup says so. `None` where neither is known.
pub fn memory_bytes() -> Option<u64> {
    let total = meminfo("MemTotal:");
    let limits = cgroup_limits();
    total.into_iter().chain(limits).min()
}

/// This computer, as profiles and outlooks name it.
pub fn computer() -> flow::Computer {
    let cpuinfo = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let name =
        cpuinfo.lines().find(|line| line.starts_with("model name")).and_then(|line| line.split_once(':'));
    flow::Computer {
        processor: name.map_or_else(String::new, |(_, name)| name.trim().to_owned()),
        cores: n_threads(),
        memory_bytes: memory_bytes().unwrap_or(0),
        system: format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
    }
}

fn meminfo(key: &str) -> Option<u64> {
    let text = fs::read_to_string("/proc/meminfo").ok()?;
    kib_after(&text, key)
}

fn kib_after(text: &str, key: &str) -> Option<u64> {
    let line = text.lines().find(|l| l.starts_with(key))?;
    line[key.len()..].trim().trim_end_matches("kB").trim().parse::<u64>().ok().map(|kib| kib * 1024)
}

/// The limits of this process's cgroup and all above it (version 2), or of version 1's memory controller.
fn cgroup_limits() -> Vec<u64> {
    let membership = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
    let path = membership.lines().find_map(|l| l.strip_prefix("0::")).unwrap_or("/").to_owned();
    let mut files = vec!["/sys/fs/cgroup/memory/memory.limit_in_bytes".to_owned()];
    let mut at = path.trim_end_matches('/');
    loop {
        files.push(format!("/sys/fs/cgroup{at}/memory.max"));
        match at.rfind('/') {
            Some(slash) => at = &at[..slash],
            None => break,
        }
    }
    // "max" does not parse and means no limit.
    files.iter().filter_map(|f| fs::read_to_string(f).ok()?.trim().parse().ok()).collect()
}

/// Largest resident set of this process so far, bytes. `None` where the system does not say.
pub fn peak_memory_bytes() -> Option<u64> {
    kib_after(&fs::read_to_string("/proc/self/status").ok()?, "VmHWM:")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kib_lines_parse() {
        assert_eq!(kib_after("A: 1 kB\nVmHWM:\t  2048 kB\n", "VmHWM:"), Some(2 << 20));
        assert_eq!(kib_after("A: 1 kB\n", "B:"), None);
    }

    #[test]
    fn this_machine_has_threads_and_memory() {
        assert!(n_threads() >= 1);
        let (have, used) = (memory_bytes().unwrap(), peak_memory_bytes().unwrap());
        assert!(used > 0 && used < have, "{used} of {have}");
    }
}
