//! What a machine is made of: packages, caches, cores and threads of cores, numbered as hwloc numbers them.
//!
//! Objects are sets of cores that lie inside each other. Beside each other they stand in the order of their lowest core;
//! walking through them from the outside in gives the threads of cores (PU) their order, and every kind of object is
//! numbered in the order in which its first PU comes. So the two threads of core 0 are `PU_0` and `PU_1`, whatever
//! numbers the operating system has for them.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
};

use super::{CoreSet, pin};

/// A kind of object of a machine, from the outside in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ObjectKind {
    /// All of it.
    Machine,
    /// Cores that the system calls a cluster, or that share a memory but are no package.
    Group,
    /// Cores that share a memory.
    Numa,
    /// A chip.
    Package,
    /// Data or unified cache of level 5.
    L5d,
    /// Data or unified cache of level 4.
    L4d,
    /// Data or unified cache of level 3.
    L3d,
    /// Instruction cache of level 3.
    L3i,
    /// Data or unified cache of level 2.
    L2d,
    /// Instruction cache of level 2.
    L2i,
    /// Data or unified cache of level 1.
    L1d,
    /// Instruction cache of level 1.
    L1i,
    /// A core with all its threads.
    Core,
    /// One thread of a core: what the operating system calls a core or CPU.
    Pu,
}

/// The number of kinds.
const N_KINDS: usize = ObjectKind::ALL.len();

impl ObjectKind {
    /// All kinds, from the outside in.
    pub const ALL: [ObjectKind; 14] = [
        ObjectKind::Machine,
        ObjectKind::Group,
        ObjectKind::Numa,
        ObjectKind::Package,
        ObjectKind::L5d,
        ObjectKind::L4d,
        ObjectKind::L3d,
        ObjectKind::L3i,
        ObjectKind::L2d,
        ObjectKind::L2i,
        ObjectKind::L1d,
        ObjectKind::L1i,
        ObjectKind::Core,
        ObjectKind::Pu,
    ];

    /// What it is called in placements.
    pub fn name(self) -> &'static str {
        const NAMES: [&str; N_KINDS] = [
            "MACHINE", "GROUP", "NUMA", "PACKAGE", "L5D", "L4D", "L3D", "L3I", "L2D", "L2I", "L1D", "L1I",
            "CORE", "PU",
        ];
        NAMES[self as usize]
    }

    fn of_cache(level: &str, kind: &str) -> Option<Self> {
        Some(match (level, kind) {
            ("1", "Instruction") => ObjectKind::L1i,
            ("2", "Instruction") => ObjectKind::L2i,
            ("3", "Instruction") => ObjectKind::L3i,
            ("1", "Data" | "Unified") => ObjectKind::L1d,
            ("2", "Data" | "Unified") => ObjectKind::L2d,
            ("3", "Data" | "Unified") => ObjectKind::L3d,
            ("4", "Data" | "Unified") => ObjectKind::L4d,
            ("5", "Data" | "Unified") => ObjectKind::L5d,
            _ => return None,
        })
    }
}

/// The objects of a machine, and the cores that this process may use.
///
/// ```
/// use facette_flow::graph::{ObjectKind, Topology};
///
/// let machine = Topology::here();
/// assert!(machine.count(ObjectKind::Pu) >= machine.count(ObjectKind::Core));
/// assert_eq!(machine.count(ObjectKind::Machine), 1);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Topology {
    /// By kind.
    objects: Vec<Vec<CoreSet>>,
    allowed: CoreSet,
}

impl Topology {
    /// This machine, as Linux describes it under `/sys`; elsewhere so many cores as the system says that there are.
    ///
    /// Cores outside the process's control group are left out, as hwloc leaves them out: in a container they do not
    /// exist. What the group leaves but the affinity of the calling thread forbids (batch systems, `taskset`) keeps
    /// its number and is not [allowed](Self::allowed).
    pub fn here() -> Self {
        let count = || std::thread::available_parallelism().map_or(1, usize::from);
        let allowed = pin::allowed().unwrap_or_else(|| (0..count()).collect());
        Self::from_files(|path| std::fs::read_to_string(std::path::Path::new("/").join(path)).ok(), allowed)
    }

    /// The machine that files describe, of which a process may use the cores `allowed`.
    ///
    /// `read` gives the text of a file by its path from the root, such as `sys/devices/system/cpu/online`, and `None`
    /// where there is no such file. What files do not tell is left out: without any, the machine is `allowed`.
    pub fn from_files(read: impl Fn(&str) -> Option<String>, allowed: CoreSet) -> Self {
        let files = Files { read: &read };
        let online = files.cores("sys/devices/system/cpu/online").filter(|cores| !cores.is_empty());
        let draft = Draft::new(&files, online.unwrap_or_else(|| allowed.clone()));
        let visible = files.control_group().unwrap_or_else(|| draft.machine.clone());
        let keep = Some(draft.machine.intersection(&visible)).filter(|keep| !keep.is_empty());
        let keep = keep.unwrap_or_else(|| draft.machine.clone());
        Topology { objects: draft.finish(&keep), allowed }
    }

    /// How many objects of a kind there are. Where there is none, those of the next kind inside stand for them.
    pub fn count(&self, kind: ObjectKind) -> usize {
        self.objects(kind).len()
    }

    /// All cores of an object, by its kind and its number from 0.
    pub fn get(&self, kind: ObjectKind, number: usize) -> Option<&CoreSet> {
        self.objects(kind).get(number)
    }

    /// The cores that the process may use.
    pub fn allowed(&self) -> &CoreSet {
        &self.allowed
    }

    /// The number of the PU that the operating system calls `core`.
    pub(crate) fn number_of(&self, core: usize) -> Option<usize> {
        self.objects(ObjectKind::Pu).iter().position(|pu| pu.contains(core))
    }

    /// The PUs of object `number` of a kind, by their numbers.
    pub(crate) fn pus_of(&self, kind: ObjectKind, number: usize) -> Option<Vec<usize>> {
        let cores = self.get(kind, number)?;
        let pus = self.objects(ObjectKind::Pu).iter().enumerate();
        Some(pus.filter(|(_, pu)| pu.iter().all(|core| cores.contains(core))).map(|(i, _)| i).collect())
    }

    /// Memories stand beside the other kinds, and for none of them.
    fn objects(&self, kind: ObjectKind) -> &[CoreSet] {
        let inside = ObjectKind::ALL[kind as usize..].iter();
        let mut kinds = inside.filter(|&&inner| inner == kind || inner != ObjectKind::Numa);
        let found = kinds.find(|&&inner| !self.objects[inner as usize].is_empty());
        found.map_or(&[], |&inner| &self.objects[inner as usize])
    }
}

/// Caches of one core; there are four or five.
const MOST_CACHES: usize = 32;

/// Where the files come from.
struct Files<'a> {
    read: &'a dyn Fn(&str) -> Option<String>,
}

impl Files<'_> {
    fn word(&self, path: &str) -> Option<String> {
        (self.read)(path).map(|text| text.trim().to_owned())
    }

    fn cores(&self, path: &str) -> Option<CoreSet> {
        CoreSet::parse(&(self.read)(path)?)
    }

    /// The cores of the process's control group: version 2 first, then version 1. A group that says nothing has those
    /// of the group around it.
    fn control_group(&self) -> Option<CoreSet> {
        let groups = (self.read)("proc/self/cgroup")?;
        let found = |controllers: &str, root: &str, names: &[&str]| {
            let mut lines = groups.lines().filter_map(|line| line.split_once(':')?.1.split_once(':'));
            let (_, mut path) = lines.find(|(list, _)| list.split(',').any(|one| one == controllers))?;
            // A group outside the visible tree is written with dots: then the root of the tree is all there is.
            path = if path.contains("..") { "" } else { path.trim_end_matches('/') };
            loop {
                let cores = names.iter().find_map(|name| self.cores(&format!("{root}{path}/{name}")));
                match (cores.filter(|cores| !cores.is_empty()), path.rfind('/')) {
                    (Some(cores), _) => return Some(cores),
                    (None, Some(end)) => path = &path[..end],
                    (None, None) => return None,
                }
            }
        };
        found("", "sys/fs/cgroup", &["cpuset.cpus.effective"])
            .or_else(|| found("cpuset", "sys/fs/cgroup/cpuset", &["cpuset.effective_cpus", "cpuset.cpus"]))
    }
}

/// The sets of cores that the files name.
struct Draft {
    machine: CoreSet,
    /// By kind.
    sets: Vec<BTreeSet<CoreSet>>,
    /// Objects that have no kind here, but count for the order.
    dies: BTreeSet<CoreSet>,
    /// Groups, unless they are something else.
    clusters: BTreeSet<CoreSet>,
}

impl Draft {
    fn new(files: &Files<'_>, machine: CoreSet) -> Self {
        let (dies, clusters) = Default::default();
        let mut draft = Draft { sets: vec![BTreeSet::new(); N_KINDS], dies, clusters, machine };
        draft.put(ObjectKind::Machine, Some(draft.machine.clone()));
        for core in draft.machine.clone().iter() {
            draft.put(ObjectKind::Pu, Some(CoreSet::one(core)));
            draft.read_core(files, &format!("sys/devices/system/cpu/cpu{core}"));
        }
        // A node of memory without cores has no place for a thread, so it is no object here.
        let nodes = files.cores("sys/devices/system/node/online").unwrap_or_default();
        for node in nodes.iter() {
            draft.put(ObjectKind::Numa, files.cores(&format!("sys/devices/system/node/node{node}/cpulist")));
        }
        if draft.sets[ObjectKind::Numa as usize].is_empty() {
            draft.put(ObjectKind::Numa, Some(draft.machine.clone()));
        }
        draft.find_groups();
        draft
    }

    fn read_core(&mut self, files: &Files<'_>, cpu: &str) {
        let topology = |new: &str, old: &str| {
            let read = |name: &str| files.cores(&format!("{cpu}/topology/{name}"));
            read(new).or_else(|| read(old))
        };
        self.put(ObjectKind::Package, topology("package_cpus_list", "core_siblings_list"));
        self.put(ObjectKind::Core, topology("core_cpus_list", "thread_siblings_list"));
        for (name, sets) in [("die", &mut self.dies), ("cluster", &mut self.clusters)] {
            let set = files.cores(&format!("{cpu}/topology/{name}_cpus_list"));
            let set = set.map(|set| set.intersection(&self.machine));
            sets.extend(set.filter(|set| !set.is_empty()));
        }
        for index in 0..MOST_CACHES {
            let cache = |name: &str| files.word(&format!("{cpu}/cache/index{index}/{name}"));
            let (Some(level), Some(kind)) = (cache("level"), cache("type")) else { break };
            if let Some(kind) = ObjectKind::of_cache(&level, &kind) {
                self.put(kind, files.cores(&format!("{cpu}/cache/index{index}/shared_cpu_list")));
            }
        }
    }

    fn put(&mut self, kind: ObjectKind, set: Option<CoreSet>) {
        let set = set.map(|set| set.intersection(&self.machine));
        self.sets[kind as usize].extend(set.filter(|set| !set.is_empty()));
    }

    /// Clusters and memories that are nothing else: they alone bring structure.
    fn find_groups(&mut self) {
        let numa = ObjectKind::Numa as usize;
        let is_new = |set: &&CoreSet| {
            let mut kinds = self.sets.iter().enumerate().filter(|(kind, _)| *kind != numa);
            !self.dies.contains(*set) && kinds.all(|(_, sets)| !sets.contains(*set))
        };
        let groups = self.clusters.iter().chain(&self.sets[numa]).filter(is_new).cloned().collect();
        self.sets[ObjectKind::Group as usize] = groups;
    }

    /// Numbers the objects, then leaves out what lies outside `keep`.
    fn finish(self, keep: &CoreSet) -> Vec<Vec<CoreSet>> {
        let rank = self.rank();
        let first = |set: &CoreSet| set.iter().filter_map(|core| rank.get(&core)).min().copied();
        let number = |sets: BTreeSet<CoreSet>| {
            let mut sets: Vec<CoreSet> = sets.into_iter().collect();
            sets.sort_by_key(|set| (first(set), Reverse(set.len())));
            sets.iter().map(|set| set.intersection(keep)).filter(|set| !set.is_empty()).collect()
        };
        self.sets.into_iter().map(number).collect()
    }

    /// The place of every core in a walk through the objects from the outside in.
    fn rank(&self) -> BTreeMap<usize, usize> {
        let mut all: Vec<&CoreSet> = self.sets.iter().flatten().chain(&self.dies).collect();
        all.sort_by_key(|set| (Reverse(set.len()), *set));
        all.dedup();
        let mut paths: BTreeMap<usize, Vec<usize>> = Default::default();
        for set in all {
            let lowest = set.iter().next().unwrap_or(0);
            set.iter().for_each(|core| paths.entry(core).or_default().push(lowest));
        }
        let mut cores: Vec<(Vec<usize>, usize)> =
            paths.into_iter().map(|(core, path)| (path, core)).collect();
        cores.sort();
        cores.into_iter().enumerate().map(|(rank, (_, core))| (core, rank)).collect()
    }
}
