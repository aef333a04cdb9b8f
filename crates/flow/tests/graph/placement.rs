//! Placements: what they mean on machines of many kinds, what is refused, and that threads really stay there.

use facette_flow::{
    BuildError, Error,
    graph::{ObjectKind, Placement, PlacementError, Stage, Topology},
};
use proptest::prelude::*;

use crate::machines::{Files, hybrid, smt, two_sockets};

/// The cores of each stage's replicas, as text.
fn cores(machine: &Topology, text: &str, replicas: &[usize]) -> Vec<Vec<String>> {
    let sets = Placement::parse(text).unwrap().cores(machine, replicas).unwrap();
    sets.iter().map(|stage| stage.iter().map(ToString::to_string).collect()).collect()
}

/// All objects of a kind, as text.
fn objects(machine: &Topology, kind: ObjectKind) -> String {
    let cores = (0..machine.count(kind)).map(|i| machine.get(kind, i).unwrap().to_string());
    cores.collect::<Vec<_>>().join(" ")
}

#[test]
fn streampus_example_with_all_separators() {
    let machine = smt().topology(0..8);
    let text = "PU_0 | PU_4, PU_5; PU_4, PU_5; PU_6, PU_7; PU_6, PU_7 | PU_0, PU_1, PU_2, PU_3";
    assert_eq!(
        cores(&machine, text, &[1, 4, 1]),
        [vec!["0"], vec!["2,6", "2,6", "3,7", "3,7"], vec!["0-1,4-5"]]
    );
    assert_eq!(
        cores(&machine, "| PACKAGE_0 |CORE_1 , CORE_3", &[1, 2, 1]),
        [vec![""], vec!["0-7", "0-7"], vec!["1,3,5,7"]]
    );
    assert_eq!(cores(&machine, "PU_1;NO_PIN|NO_PIN", &[2, 3]), [vec!["4", ""], vec!["", "", ""]]);
    assert_eq!(cores(&machine, " L2D _ 2 ", &[1, 2]), [vec!["2,6"], vec!["2,6", "2,6"]]);
    assert_eq!(cores(&machine, "", &[1, 1]), [vec![""], vec![""]]);
}

#[test]
fn threads_of_a_core_are_neighbors_whatever_the_system_calls_them() {
    let machine = smt().topology(0..8);
    assert_eq!(objects(&machine, ObjectKind::Pu), "0 4 1 5 2 6 3 7");
    assert_eq!(objects(&machine, ObjectKind::Core), "0,4 1,5 2,6 3,7");
    assert_eq!(objects(&machine, ObjectKind::L1i), "0,4 1,5 2,6 3,7");
    assert_eq!(objects(&machine, ObjectKind::L3d), "0-7");
    assert_eq!(objects(&machine, ObjectKind::Numa), "0-7");
}

#[test]
fn chips_and_memories_come_before_numbers() {
    let machine = two_sockets().topology(0..8);
    assert_eq!(objects(&machine, ObjectKind::Pu), "0 4 2 6 1 5 3 7");
    assert_eq!(objects(&machine, ObjectKind::Package), "0,2,4,6 1,3,5,7");
    assert_eq!(objects(&machine, ObjectKind::Numa), "0,4 2,6 1,5 3,7");
    // A memory that is no chip is a group besides.
    assert_eq!(objects(&machine, ObjectKind::Group), "0,4 2,6 1,5 3,7");
    assert_eq!(cores(&machine, "NUMA_1, PU_7 | MACHINE_0", &[1, 1]), [vec!["2,6-7"], vec!["0-7"]]);
}

#[test]
fn a_hybrid_machine_has_cores_of_both_kinds() {
    let machine = hybrid().topology(0..8);
    assert_eq!(objects(&machine, ObjectKind::Core), "0-1 2-3 4 5 6 7");
    assert_eq!(objects(&machine, ObjectKind::L2d), "0-1 2-3 4-7");
    // The cluster is the cache, so there is no group, and chips stand for groups.
    assert_eq!(objects(&machine, ObjectKind::Group), "0-7");
}

#[test]
fn missing_files_leave_what_is_known() {
    let bare = |text: Option<&str>| {
        let text = text.map(str::to_owned);
        let read = |path: &str| text.clone().filter(|_| path == "sys/devices/system/cpu/online");
        Topology::from_files(read, (1..3).collect())
    };
    for machine in [bare(None), bare(Some("nonsense")), bare(Some("")), bare(Some("1-2"))] {
        for kind in ObjectKind::ALL {
            let want = if matches!(kind, ObjectKind::Machine | ObjectKind::Numa) { "1-2" } else { "1 2" };
            assert_eq!(objects(&machine, kind), want, "{kind:?}");
        }
    }
    // A reader that answers everything, always the same, does no harm either.
    let machine = Topology::from_files(|_| Some("0-1".to_owned()), (0..2).collect());
    assert_eq!(objects(&machine, ObjectKind::Pu), "0 1");
}

#[test]
fn a_control_group_hides_cores_and_an_affinity_forbids_them() {
    let mut files = smt();
    files.put("proc/self/cgroup", "0::/a/b\n");
    files.put("sys/fs/cgroup/a/cpuset.cpus.effective", "2-3,6-7\n");
    let mut old = smt();
    old.put("proc/self/cgroup", "5:memory:/x\n4:cpu,cpuset:/job_7\n0::/\n");
    old.put("sys/fs/cgroup/cpuset/job_7/cpuset.cpus", "2-3,6-7\n");
    let mut outside = smt();
    outside.put("proc/self/cgroup", "0::/../../job\n");
    outside.put("sys/fs/cgroup/cpuset.cpus.effective", "2-3,6-7\n");
    for files in [files, old, outside] {
        let machine = files.topology([2, 3, 6, 7]);
        assert_eq!(objects(&machine, ObjectKind::Pu), "2 6 3 7");
        assert_eq!(objects(&machine, ObjectKind::Core), "2,6 3,7");
        assert_eq!(objects(&machine, ObjectKind::Package), "2-3,6-7");
    }
    // By affinity alone the numbers stay, what is partly allowed stands for that part, the rest is refused.
    let machine = smt().topology([1, 2, 6]);
    assert_eq!(cores(&machine, "PACKAGE_0 | CORE_2 | CORE_1", &[1, 1, 1]), [["1-2,6"], ["2,6"], ["1"]]);
    let error = Placement::parse("PU_2, PU_0").unwrap().cores(&machine, &[1]).unwrap_err();
    let text = "`PU_0` at character 7 of the placement is core 0; this process may use 1-2,6";
    assert_eq!(error.to_string(), text);
}

#[test]
fn what_is_no_placement_is_named_with_its_position() {
    let unknown = |text: &str, at| PlacementError::Unknown { text: text.to_owned(), at };
    let cases = [
        ("PU_0 | CPU_1", unknown("CPU_1", 8)),
        ("PU_0;\tpu_1", unknown("pu_1", 7)),
        ("PU", unknown("PU", 1)),
        ("PU_", unknown("PU_", 1)),
        ("PU_-1", unknown("PU_-1", 1)),
        ("PU_+1", unknown("PU_+1", 1)),
        ("PU_0-3", unknown("PU_0-3", 1)),
        ("é_1", unknown("é_1", 1)),
        ("é | ü", unknown("é", 1)),
        ("PU_0,", PlacementError::Missing { at: 6 }),
        ("PU_0 | ; PU_1", PlacementError::Missing { at: 8 }),
        ("PU_0 | PU_1, NO_PIN", PlacementError::Beside { at: 14 }),
    ];
    for (text, error) in cases {
        assert_eq!(Placement::parse(text), Err(error), "{text}");
    }
}

#[test]
fn counts_and_objects_that_do_not_fit_are_named() {
    let machine = smt().topology(0..8);
    let error = |text: &str, replicas: &[usize]| {
        Placement::parse(text).unwrap().cores(&machine, replicas).unwrap_err()
    };
    assert_eq!(error("PU_0 | PU_1", &[1, 1, 1]), PlacementError::Stages { expected: 3, got: 2 });
    assert_eq!(error("PU_0 | PU_1", &[]), PlacementError::Stages { expected: 0, got: 2 });
    let replicas = PlacementError::Replicas { stage: 1, expected: 3, got: 2 };
    assert_eq!(error("PU_0 | PU_1; PU_2", &[1, 3]), replicas);
    let absent = error("PU_0 | PU_1, CORE_4", &[1, 1]);
    let text = "`CORE_4` at character 14 of the placement does not exist; there are 4, CORE_0 to CORE_3";
    assert_eq!(absent.to_string(), text);
    for text in ["PU_99999999999999999999999999", "MACHINE_1"] {
        assert!(matches!(error(text, &[1]), PlacementError::Absent { at: 1, .. }), "{text}");
    }
    // Nothing is placed by half.
    let mut stages = [Stage::new(1), Stage::new(1)];
    let before = stages.clone();
    let error = Placement::parse("PU_0 | PU_8").unwrap().apply_on(&machine, &mut stages).unwrap_err();
    assert_eq!(stages, before);
    assert!(matches!(Error::from(error), Error::Build(BuildError::Placement(_))));
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in "[ |;,_A-Z0-9é]{0,20}", machine in 0..3) {
        let machine = [smt as fn() -> Files, two_sockets, hybrid][machine as usize]().topology(0..6);
        if let Ok(placement) = Placement::parse(&text) {
            let again = placement.to_string();
            let (one, other) = (placement.cores(&machine, &[1]), again.parse::<Placement>().unwrap());
            prop_assert_eq!(one.ok(), other.cores(&machine, &[1]).ok(), "{} {}", text, again);
        }
    }

    #[test]
    fn what_is_written_is_read_again(numbers in prop::collection::vec(
        prop::collection::vec(prop::collection::vec(0..8_usize, 0..3), 1..4), 1..4)) {
        let machine = two_sockets().topology(0..8);
        let list = |pus: &Vec<usize>| match pus.is_empty() {
            true => "NO_PIN".to_owned(),
            false => pus.iter().map(|n| format!("PU_{n}")).collect::<Vec<_>>().join(", "),
        };
        let stage = |lists: &Vec<_>| lists.iter().map(list).collect::<Vec<_>>().join("; ");
        let text = numbers.iter().map(stage).collect::<Vec<_>>().join(" | ");
        let placement = Placement::parse(&text).unwrap();
        prop_assert_eq!(placement.to_string(), text);
        let replicas: Vec<usize> = numbers.iter().map(Vec::len).collect();
        let cores = placement.cores(&machine, &replicas).unwrap();
        let order = [0, 4, 2, 6, 1, 5, 3, 7];
        for (set, pus) in cores.iter().flatten().zip(numbers.iter().flatten()) {
            prop_assert_eq!(set, &pus.iter().map(|&n| order[n]).collect());
        }
    }
}

#[cfg(target_os = "linux")]
mod on_this_machine {
    use std::{
        collections::BTreeMap,
        process::Command,
        sync::{Arc, Barrier, Mutex},
        thread,
    };

    use facette_flow::{
        BuildError,
        closures::{iterate, map, replicable},
        graph::{CoreSet, Graph, ObjectKind, Pipeline, Placement, Sequence, Settings, Stage, Topology},
    };
    use rustix::thread::{CpuSet, sched_getaffinity, sched_getcpu, sched_setaffinity};

    /// The cores that the calling thread may use.
    fn mine() -> CoreSet {
        let set = sched_getaffinity(None).unwrap();
        (0..CpuSet::MAX_CPU).filter(|&core| set.is_set(core)).collect()
    }

    /// By thread: the cores it may use, and all on which it was seen.
    type Seen = Arc<Mutex<BTreeMap<String, (CoreSet, CoreSet)>>>;

    fn look(seen: &Seen, caller: &str) {
        let name = thread::current().name().unwrap_or_default().to_owned();
        let name = if name.starts_with("flow ") { name } else { caller.to_owned() };
        let core = sched_getcpu();
        let mut seen = seen.lock().unwrap();
        let (allowed, on) = seen.entry(name).or_default();
        *allowed = mine();
        on.extend([core]);
    }

    fn run(stages: &[Stage]) -> BTreeMap<String, (CoreSet, CoreSet)> {
        let seen = Seen::default();
        let [one, two, three] = [seen.clone(), seen.clone(), seen.clone()];
        let mut graph = Graph::new();
        let number = graph.source(iterate("Count", 0..400_u64));
        let number = graph.task(
            number,
            map("First", move |n: u64| {
                look(&one, "");
                Ok(n)
            }),
        );
        let (both, mut is_first) = (Arc::new(Barrier::new(2)), true);
        let number = graph.task(
            number,
            replicable("Middle", move |n: u64| {
                look(&two, "");
                // Each replica waits for the other at its first frame, so that both are seen.
                if std::mem::take(&mut is_first) {
                    both.wait();
                }
                Ok(n)
            }),
        );
        graph.task(
            number,
            map("Last", move |_: u64| {
                look(&three, "caller");
                Ok(())
            }),
        );
        let report = Pipeline::new(graph, stages).unwrap().run(&Settings::default()).unwrap();
        assert_eq!(report.frames, 400);
        let seen = seen.lock().unwrap();
        seen.clone()
    }

    #[test]
    fn threads_stay_where_they_were_put_and_the_caller_gets_its_cores_back() {
        let machine = Topology::here();
        let before = mine();
        assert_eq!(machine.allowed(), &before);
        let is_usable =
            |&pu: &usize| machine.get(ObjectKind::Pu, pu).is_some_and(|pu| *pu == pu.intersection(&before));
        let usable: Vec<usize> = (0..machine.count(ObjectKind::Pu)).filter(is_usable).collect();
        let (a, b) = (usable[0], usable[usable.len() - 1]);
        let core = |pu: usize| machine.get(ObjectKind::Pu, pu).unwrap().clone();
        let text = format!("PU_{a} | PU_{b}; PU_{a}, PU_{b} | PU_{b}");
        let mut stages = [Stage::new(2), Stage::new(1).replicas(2), Stage::new(1)];
        Placement::parse(&text).unwrap().apply(&mut stages).unwrap();
        let both: CoreSet = core(a).iter().chain(core(b).iter()).collect();
        let want = [("flow 0.0", core(a)), ("flow 1.0", core(b)), ("flow 1.1", both), ("caller", core(b))];
        let seen = run(&stages);
        for (thread, want) in want {
            let (allowed, on) = &seen[thread];
            assert_eq!(*allowed, want, "{thread}");
            assert_eq!(on.intersection(&want), *on, "{thread}");
        }
        assert_eq!(seen.len(), 4);
        assert_eq!(mine(), before);
        // Without a place threads keep what the caller has.
        Placement::parse("NO_PIN").unwrap().apply(&mut stages).unwrap();
        assert!(run(&stages).values().all(|(allowed, _)| *allowed == before));
    }

    #[test]
    fn copies_of_a_sequence_stay_where_they_were_put() {
        let before = mine();
        let usable: Vec<usize> = before.iter().collect();
        let sets = [CoreSet::one(usable[0]), CoreSet::one(usable[usable.len() - 1])];
        let seen = Seen::default();
        let log = seen.clone();
        let mut graph = Graph::new();
        let work = replicable("Work", move |()| {
            look(&log, "caller");
            Ok(())
        });
        graph.task((), work);
        let mut sequence = Sequence::new(graph, 2).unwrap().pin(&sets).unwrap();
        sequence.run(&Settings { frames: Some(50), ..Settings::default() }).unwrap();
        let seen = seen.lock().unwrap();
        assert_eq!(seen["caller"].0, sets[0]);
        assert_eq!(seen["flow 0.1"].0, sets[1]);
        assert_eq!(mine(), before);
        let absent = CoreSet::one(before.iter().max().unwrap_or(0) + 1);
        let refused = Sequence::new(Graph::new(), 1).unwrap().pin(&[absent]).err();
        assert!(matches!(refused, Some(BuildError::Core { .. })));
    }

    /// Where hwloc is there, it must agree.
    #[test]
    fn pus_are_numbered_as_hwloc_numbers_them() {
        let machine = Topology::here();
        let Ok(output) = Command::new("hwloc-calc").args(["--po", "-I", "PU", "all"]).output() else {
            return crate::machines::skipped("hwloc is not installed");
        };
        let order = (0..machine.count(ObjectKind::Pu)).map(|pu| machine.get(ObjectKind::Pu, pu).unwrap());
        let order: Vec<String> = order.map(ToString::to_string).collect();
        assert_eq!(order.join(","), String::from_utf8_lossy(&output.stdout).trim());
    }

    #[test]
    fn a_narrow_caller_is_respected() {
        let work = || {
            let core = mine().iter().next().unwrap();
            let mut set = CpuSet::new();
            set.set(core);
            sched_setaffinity(None, &set).unwrap();
            let machine = Topology::here();
            let mut stages = [Stage::new(2), Stage::new(1).replicas(2), Stage::new(1)];
            Placement::parse("MACHINE_0 | NO_PIN").unwrap().apply(&mut stages).unwrap_err();
            Placement::parse("MACHINE_0").unwrap().apply(&mut stages).unwrap();
            assert!(run(&stages).values().all(|(allowed, _)| *allowed == CoreSet::one(core)));
            assert_eq!(machine.allowed(), &CoreSet::one(core));
            assert_eq!(mine(), CoreSet::one(core));
        };
        thread::spawn(work).join().unwrap();
    }
}
