//! The machine that something was measured on, in the words of its system.

use serde::{Deserialize, Serialize};
use std::{fs, thread::available_parallelism};

/// What decides how fast a chain runs, as far as the system tells.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Machine {
    /// Name of the processor; empty where it is not known.
    pub processor: String,
    /// Processors that this process may use.
    pub cores: usize,
    /// Memory of the machine, bytes; 0 where it is not known.
    pub memory_bytes: u64,
    /// Operating system and architecture.
    pub system: String,
}

impl Machine {
    /// This machine.
    pub fn here() -> Self {
        let text = |path| fs::read_to_string(path).unwrap_or_default();
        Machine {
            processor: value(&text("/proc/cpuinfo"), "model name").unwrap_or_default(),
            cores: available_parallelism().map_or(1, usize::from),
            memory_bytes: value(&text("/proc/meminfo"), "MemTotal").as_deref().and_then(kib).unwrap_or(0),
            system: format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
        }
    }
}

/// The value of the first line `key: value`.
fn value(text: &str, key: &str) -> Option<String> {
    let line = text.lines().find(|line| line.starts_with(key))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

fn kib(text: &str) -> Option<u64> {
    text.trim_end_matches("kB").trim().parse::<u64>().ok()?.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn systems_are_read() {
        let text = "processor\t: 0\nmodel name\t: Some CPU @ 2 GHz\n";
        assert_eq!(value(text, "model name").as_deref(), Some("Some CPU @ 2 GHz"));
        assert_eq!((value(text, "flags"), kib("2048 kB"), kib("many")), (None, Some(2 << 20), None));
        let here = Machine::here();
        assert!(here.cores > 0 && here.system.contains(' '), "{here:?}");
    }
}
