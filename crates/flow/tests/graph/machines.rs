//! Machines that do not exist: the files that Linux would show on them; and what real ones lack.

use std::collections::BTreeMap;

use facette_flow::graph::{CoreSet, Topology};

/// What one core, as the operating system counts them, belongs to.
#[derive(Clone, Copy, Default)]
pub(crate) struct Cpu {
    pub(crate) package: usize,
    pub(crate) core: usize,
    pub(crate) l2: usize,
    pub(crate) l3: usize,
    pub(crate) cluster: usize,
    pub(crate) node: usize,
}

/// The files of a machine.
#[derive(Clone)]
pub(crate) struct Files(pub(crate) BTreeMap<String, String>);

impl Files {
    pub(crate) fn new(cpus: &[Cpu]) -> Self {
        let mut files = Files(BTreeMap::new());
        files.put("sys/devices/system/cpu/online", format!("0-{}", cpus.len() - 1));
        let list = |part: fn(&Cpu) -> usize, of: usize| {
            let same = |&i: &usize| part(&cpus[i]) == of;
            format!("{}\n", (0..cpus.len()).filter(same).collect::<CoreSet>())
        };
        for (i, cpu) in cpus.iter().enumerate() {
            let dir = format!("sys/devices/system/cpu/cpu{i}");
            let topology = [
                ("package", list(|cpu| cpu.package, cpu.package)),
                ("core", list(|cpu| cpu.core, cpu.core)),
                ("cluster", list(|cpu| cpu.cluster, cpu.cluster)),
            ];
            for (name, text) in topology {
                files.put(&format!("{dir}/topology/{name}_cpus_list"), text);
            }
            let caches = [
                ("1", "Data", list(|cpu| cpu.core, cpu.core)),
                ("1", "Instruction", list(|cpu| cpu.core, cpu.core)),
                ("2", "Unified", list(|cpu| cpu.l2, cpu.l2)),
                ("3", "Unified", list(|cpu| cpu.l3, cpu.l3)),
            ];
            for (index, (level, kind, text)) in caches.into_iter().enumerate() {
                files.put(&format!("{dir}/cache/index{index}/level"), format!("{level}\n"));
                files.put(&format!("{dir}/cache/index{index}/type"), format!("{kind}\n"));
                files.put(&format!("{dir}/cache/index{index}/shared_cpu_list"), text);
            }
            let node = cpu.node;
            files.put(&format!("sys/devices/system/node/node{node}/cpulist"), list(|cpu| cpu.node, node));
        }
        let nodes: CoreSet = cpus.iter().map(|cpu| cpu.node).collect();
        files.put("sys/devices/system/node/online", nodes.to_string());
        files
    }

    pub(crate) fn put(&mut self, path: &str, text: impl Into<String>) {
        self.0.insert(path.to_owned(), text.into());
    }

    pub(crate) fn topology(&self, allowed: impl IntoIterator<Item = usize>) -> Topology {
        Topology::from_files(|path| self.0.get(path).cloned(), allowed.into_iter().collect())
    }
}

/// Four cores of two threads; as usual, the second threads are numbered behind all first ones.
pub(crate) fn smt() -> Files {
    let cpu = |i: usize| Cpu { core: i % 4, l2: i % 4, cluster: i % 4, ..Cpu::default() };
    Files::new(&(0..8).map(cpu).collect::<Vec<_>>())
}

/// Two chips of two memories each, cores dealt out in turn: 0, 2, 4, … lie on the first chip.
pub(crate) fn two_sockets() -> Files {
    let cpu = |i: usize| Cpu {
        package: i % 2,
        l3: i % 2,
        node: 2 * (i % 2) + i / 2 % 2,
        core: i,
        l2: i,
        cluster: i,
    };
    Files::new(&(0..8).map(cpu).collect::<Vec<_>>())
}

/// Two cores of two threads, then four small cores that share a cache.
pub(crate) fn hybrid() -> Files {
    let cpu = |i: usize| match i {
        0..4 => Cpu { core: i / 2, l2: i / 2, cluster: i / 2, ..Cpu::default() },
        _ => Cpu { core: i, l2: 9, cluster: 9, ..Cpu::default() },
    };
    Files::new(&(0..8).map(cpu).collect::<Vec<_>>())
}

/// Says aloud that a test, or what is left of it, needs a program that is not there.
#[expect(clippy::print_stderr, reason = "a skipped test is said aloud")]
pub(crate) fn skipped(why: &str) {
    eprintln!("SKIPPED facette-flow {}: {why}", std::thread::current().name().unwrap_or("test"));
}
