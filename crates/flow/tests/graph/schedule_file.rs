//! StreamPU's schedule files: examples of both versions, what is refused, and there and back again.

use facette_flow::{
    BuildError, Error,
    closures::{iterate, map, replicable},
    graph::{
        CoreSet, Graph, ObjectKind, Pipeline, ScheduleError, ScheduleFile, ScheduleVersion, Settings, Stage,
        Topology, Waiting,
    },
};
use proptest::prelude::*;

use crate::machines::{hybrid, smt, two_sockets};

fn read(text: &str) -> ScheduleFile {
    ScheduleFile::parse(text).unwrap()
}

/// As a file has them: depth 1 and passive where it says nothing, Facette's own values behind the last stage.
fn inner(tasks: usize) -> Stage {
    Stage::new(tasks).depth(1)
}

const V1: &str = r#"{
    "schedule": [
        { "tasks": 5, "cores": 1, "sync_buff_size": 8, "sync_waiting_type": "active" },
        { "tasks": 2, "cores": [1, 2, 7], "sync_waiting_type": "passive" },
        { "tasks": 1, "cores": [0] }
    ],
    "date": "2025-07-23"
}"#;

/// Two P-cores of two threads and four E-cores, as on the hybrid machine.
const V2: &str = r#"{
    "platform": "here",
    "resources": {
        "p-core": { "node-list": ["core0-1"], "cluster-size": 1, "smt": 2 },
        "e-core": { "node-list": ["core2", "PU5-6", 7], "cluster-size": 4, "smt": 1 }
    },
    "scheduler_name": "HeRAD",
    "schedule": [
        { "tasks": 5, "threads": 1, "core-type": "p-core", "pinning-policy": "packed", "sync_buff_size": 4,
          "sync_waiting_type": "active" },
        { "tasks": 1, "threads": 1, "core-type": "p-core", "pinning-policy": "packed", "sync_buff_size": 8 },
        { "tasks": 4, "threads": 2, "core-type": "p-core", "pinning-policy": "guided" },
        { "tasks": 3, "threads": 3, "core-type": "e-core", "pinning-policy": "distant",
          "sync_waiting_type": "active" },
        { "tasks": 1, "threads": 2, "core-type": "e-core", "pinning-policy": "loose" },
        { "tasks": 4, "threads": 1, "core-type": "p-core" }
    ]
}"#;

#[test]
fn version_1_counts_or_lists_cores() {
    let file = read(V1);
    assert_eq!((file.version(), file.n_tasks()), (ScheduleVersion::V1, 8));
    let stages = [inner(5).depth(8).waiting(Waiting::Spin), inner(2).replicas(3), Stage::new(1)];
    assert_eq!(file.stages(), stages);
    let [first, second, third] = stages;
    // PUs are counted core by core, two threads each.
    let placed = [first, second.cores(&[4, 1, 7]), third.cores(&[0])];
    assert_eq!(file.placed_stages(&smt().topology(0..8)).unwrap(), placed);
    assert_eq!(ScheduleFile::parse_as(V1, ScheduleVersion::V1), Ok(file));
}

#[test]
fn version_2_has_core_types_and_policies() {
    let file = read(V2);
    assert_eq!((file.version(), file.n_tasks()), (ScheduleVersion::V2, 18));
    let stages = [
        inner(5).depth(4).waiting(Waiting::Spin).cores(&[0]),
        inner(1).depth(8).cores(&[2]),
        inner(4).replicas(2).pin(&[[1, 3].into_iter().collect()]),
        // From the first half, the second, and the first again.
        inner(3).replicas(3).waiting(Waiting::Spin).cores(&[4, 6, 5]),
        inner(1).replicas(2),
        Stage::new(4),
    ];
    assert_eq!(file.placed_stages(&hybrid().topology(0..8)).unwrap(), stages);
    let free: Vec<Stage> = stages.into_iter().map(|stage| stage.pin(&[])).collect();
    assert_eq!(file.stages(), free);
}

/// The cores of stages of one task each, for stages written as "threads policy" on P-cores.
fn p_cores(
    machine: &Topology,
    list: &str,
    smt: usize,
    stages: &[(usize, &str)],
) -> Result<String, ScheduleError> {
    let stage = |(threads, policy): &(usize, &str)| {
        format!(
            r#"{{"tasks": 1, "threads": {threads}, "core-type": "p-core", "pinning-policy": "{policy}"}}"#
        )
    };
    let stages = stages.iter().map(stage).collect::<Vec<_>>().join(",");
    let list = format!(r#"{{"node-list": {list}, "smt": {smt}}}"#);
    let none = r#"{"node-list": [], "smt": 1}"#;
    let text = format!(r#"{{"resources": {{"p-core": {list}, "e-core": {none}}}, "schedule": [{stages}]}}"#);
    Ok(format!("{:?}", read(&text).placed_stages(machine)?))
}

#[test]
fn policies_take_from_the_list_as_streampu_does() {
    let machine = smt().topology(0..8);
    let has = |list: &str, smt: usize, stages: &[(usize, &str)], want: &[&str]| {
        let got = p_cores(&machine, list, smt, stages).unwrap();
        let sets: Vec<&str> =
            got.split("cores: ").skip(1).map(|rest| rest.split_inclusive(']').next().unwrap()).collect();
        assert_eq!(sets, want, "{list} {smt} {stages:?}");
    };
    // First threads of all cores first; the next stage begins with what is left of the first core.
    has(r#"["core0-1"]"#, 1, &[(3, "packed"), (1, "packed")], &["[{0}, {1}, {4}]", "[{5}]"]);
    has(r#"["core0-1"]"#, 1, &[(1, "packed"), (1, "packed")], &["[{0}]", "[{4}]"]);
    has(r#"["core0-1"]"#, 2, &[(1, "packed"), (1, "packed")], &["[{0}]", "[{1}]"]);
    has("[3, 0, 0]", 1, &[(2, "packed"), (1, "packed")], &["[{5}, {0}]", "[{0}]"]);
    // The second distant stage begins in the middle.
    has("[\"PU0-7\"]", 1, &[(2, "distant"), (2, "distant")], &["[{0}, {2}]", "[{6}, {4}]"]);
    has("[\"PU0-7\"]", 1, &[(2, "loose"), (2, "distant")], &["[]", "[{2}, {0}]"]);
    // Nothing is taken, and nothing may be left.
    has("[0, 2]", 1, &[(3, "guided"), (2, "packed"), (2, "guided")], &["[{0-1}]", "[{0}, {1}]", "[]"]);
    has("[\"core0-1\"]", 1, &[(2, "guided"), (9, "loose")], &["[{0-1}]", "[]"]);
}

#[test]
fn cores_that_are_not_there_not_allowed_or_used_up_are_named() {
    let machine = smt().topology(0..4);
    let error = |list: &str, stages: &[(usize, &str)]| p_cores(&machine, list, 1, stages).unwrap_err();
    let absent = error("[\"core0-999999\"]", &[(1, "packed")]);
    let text = "resources.p-core in the schedule names CORE 4, which does not exist; this machine has 4";
    assert_eq!(absent.to_string(), text);
    let used_up = error("[0, 2]", &[(1, "packed"), (2, "packed")]);
    assert_eq!(used_up, ScheduleError::UsedUp { stage: 1, core_type: "p-core" });
    let denied = error("[0, 1]", &[(2, "packed")]);
    let text = "stage 0 of the schedule would run on core 4; this process may use 0-3";
    assert_eq!(denied.to_string(), text);
    // What is partly allowed stands for that part, and what nobody is pinned to may lie elsewhere.
    assert!(p_cores(&machine, "[0, 1]", 1, &[(2, "guided")]).unwrap().contains("cores: [{0}]"));
    assert!(p_cores(&machine, "[\"core9\"]", 1, &[(2, "loose")]).is_ok());
    let pu = ScheduleFile::parse(r#"{"schedule": [{"tasks": 1, "cores": [9]}]}"#).unwrap();
    let want =
        ScheduleError::Absent { place: "stage 0".to_owned(), kind: ObjectKind::Pu, number: 9, count: 8 };
    assert_eq!(pu.placed_stages(&machine), Err(want));
}

/// Every text is refused with its message.
fn refused(cases: &[(String, &str)]) {
    for (text, message) in cases {
        let error = ScheduleFile::parse(text).expect_err(text);
        assert_eq!(error.to_string(), *message, "{text}");
    }
}

#[test]
fn what_is_wrong_in_a_file_of_version_1_is_named() {
    let v1 = |text: &str| format!(r#"{{"schedule": [{text}]}}"#);
    let two = |text: &str| v1(&format!(r#"{{"tasks": 1, "cores": 1, {text}}}, {{"tasks": 1, "cores": 1}}"#));
    let last = r#"{"tasks": 1, "cores": 1}, {"tasks": 1, "cores": 1, "sync_buff_size": 2}"#;
    macro_rules! number {
        ($what:literal) => {
            concat!($what, "; it must be a number from 1 to 1000000")
        };
    }
    macro_rules! cores {
        ($got:literal) => {
            concat!(
                "`cores` of stage 0 in the schedule is ",
                $got,
                "; it must be a number from 1 to 1000000, or a list of PU numbers, not empty"
            )
        };
    }
    refused(&[
        ("5".to_owned(), "the top level in the schedule is 5; it must be an object"),
        ("{}".to_owned(), "the top level in the schedule has no `schedule`"),
        (r#"{"schedule": 5}"#.to_owned(), "`schedule` in the schedule is 5; it must be a list"),
        (v1(""), "the schedule has no stages; it must have at least one"),
        (v1("[]"), "stage 0 in the schedule is []; it must be an object"),
        (v1(r#"{"tasks": 1}"#), "stage 0 in the schedule has no `cores`"),
        (v1(r#"{"cores": 1}"#), "stage 0 in the schedule has no `tasks`"),
        (v1(r#"{"tasks": 1, "cores": 0}"#), cores!("0")),
        (v1(r#"{"tasks": 1, "cores": []}"#), cores!("[]")),
        (v1(r#"{"tasks": 1, "cores": [-1]}"#), cores!("[-1]")),
        (v1(r#"{"tasks": 0, "cores": 1}"#), number!("`tasks` of stage 0 in the schedule is 0")),
        (v1(r#"{"tasks": 1.0, "cores": 1}"#), number!("`tasks` of stage 0 in the schedule is 1.0")),
        (v1(r#"{"tasks": 1000001, "cores": 1}"#), number!("`tasks` of stage 0 in the schedule is 1000001")),
        (two(r#""sync_buff_size": 0"#), number!("`sync_buff_size` of stage 0 in the schedule is 0")),
        (
            two(r#""sync_waiting_type": "lazy""#),
            r#"`sync_waiting_type` of stage 0 in the schedule is "lazy"; it must be "active" or "passive""#,
        ),
        (
            v1(last),
            "`sync_buff_size` of stage 1 of the schedule is about the boundary to a next stage, but there is none; \
             remove it",
        ),
    ]);
    let error = ScheduleFile::parse(&V1.replace("8,", "8")).unwrap_err();
    assert!(error.to_string().contains("line 3"), "{error}");
    // The version can be insisted on.
    let error = ScheduleFile::parse_as(V1, ScheduleVersion::V2).unwrap_err();
    assert_eq!(error, ScheduleError::Missing { place: "the top level".to_owned(), key: "resources" });
}

#[test]
fn what_is_wrong_in_a_file_of_version_2_is_named() {
    let v2 = |keys: &str| {
        let resources = r#"{"p-core": {"node-list": [], "smt": 1}, "e-core": {"node-list": [], "smt": 1}}"#;
        format!(r#"{{"resources": {resources}, "schedule": [{{"tasks": 1{keys}}}]}}"#)
    };
    let list = |text: &str| {
        format!(r#"{{"resources": {{"p-core": {{"node-list": {text}, "smt": 1}}}}, "schedule": [1]}}"#)
    };
    macro_rules! nodes {
        ($got:literal) => {
            concat!(
                "`node-list` of resources.p-core in the schedule is ",
                $got,
                r#"; it must be a list of PUs or cores such as 7, "PU0-3" or "core0-5""#
            )
        };
    }
    refused(&[
        (v2(r#", "threads": 1"#), "stage 0 in the schedule has no `core-type`"),
        (v2(r#", "core-type": "p-core""#), "stage 0 in the schedule has no `threads`"),
        (
            v2(r#", "threads": 0, "core-type": "p-core""#),
            "`threads` of stage 0 in the schedule is 0; it must be a number from 1 to 1000000",
        ),
        (
            v2(r#", "threads": 1, "core-type": "big""#),
            r#"`core-type` of stage 0 in the schedule is "big"; it must be "p-core" or "e-core""#,
        ),
        (
            v2(r#", "threads": 1, "core-type": "p-core", "pinning-policy": "tight""#),
            "`pinning-policy` of stage 0 in the schedule is \"tight\"; it must be \"loose\", \"guided\", \
             \"packed\" or \"distant\"",
        ),
        (list("[]"), "resources in the schedule has no `e-core`"),
        (list("7"), "`node-list` of resources.p-core in the schedule is 7; it must be a list"),
        (list("[\"PU3-1\"]"), nodes!("\"PU3-1\"")),
        (list("[\"core+1\"]"), nodes!("\"core+1\"")),
        (list("[1.5]"), nodes!("1.5")),
        (
            r#"[{"tasks": 1, "cores": [B, L]}]"#.to_owned(),
            r#"`cores` of stage 0 in the schedule is ["B","L"]; it must be a list of the letter B or of the letter L"#,
        ),
    ]);
}

#[test]
fn a_misspelt_key_is_named_with_the_nearest_and_what_streampu_ignores_is_not() {
    let error = |text: &str, right: &str, wrong: &str| {
        let text = text.replacen(right, wrong, 1);
        match ScheduleFile::parse(&text) {
            Err(ScheduleError::UnknownKey { place, key, nearest }) => format!("{place}: {key}, {nearest}"),
            other => panic!("{right} → {wrong}: {other:?}"),
        }
    };
    let cases = [
        (V1, "\"sync_buff_size\"", "\"sync_buf_size\"", "stage 0: sync_buf_size, sync_buff_size"),
        (V1, "\"sync_waiting_type\"", "\"sync_waiting\"", "stage 0: sync_waiting, sync_waiting_type"),
        (V1, "\"cores\": [0]", "\"cores\": [0], \"Tasks\": 3", "stage 2: Tasks, tasks"),
        (V1, "\"date\"", "\"dates\"", "the top level: dates, date"),
        (V1, "\"tasks\": 5", "\"tasks\": 5, \"threads\": 2", "stage 0: threads, cores"),
        (V2, "\"pinning-policy\"", "\"pinning_policy\"", "stage 0: pinning_policy, pinning-policy"),
        (V2, "\"cluster-size\"", "\"cluster_size\"", "resources.p-core: cluster_size, cluster-size"),
        (V2, "\"p-core\": {", "\"pcore\": 1, \"p-core\": {", "resources: pcore, p-core"),
        ("[{\"tasks\": 1, \"cores\": [B], x}]", "x", "\"core\": 1", "stage 0: core, cores"),
    ];
    for (text, right, wrong, want) in cases {
        assert!(text.contains(right), "{right}");
        assert_eq!(error(text, right, wrong), want);
    }
    let text = "stage 0 in the schedule has the key `sync_buf_size`, which is not known there; the nearest known is \
                `sync_buff_size`";
    let error = ScheduleFile::parse(&V1.replacen("sync_buff_size", "sync_buf_size", 1)).unwrap_err();
    assert_eq!(error.to_string(), text);
}

#[test]
fn lists_of_amp_scheduling_are_read() {
    let text = "[\n  { \"tasks\": 5, \"cores\": [B,B] },\n  { \"tasks\": 2, \"cores\": [L] }\n]\n";
    let file = read(text);
    assert_eq!(file.stages(), [inner(5).replicas(2), Stage::new(2)]);
    assert_eq!(file, read(&text.replace('B', "\"B\"")));
    assert_eq!(file, read(&file.to_json()));
    let stages = file.placed_stages(&smt().topology(0..1)).unwrap();
    assert_eq!(stages, file.stages());
}

#[test]
fn a_schedule_runs_and_must_suit_the_graph() {
    let graph = || {
        let mut graph = Graph::new();
        let number = graph.source(iterate("Count", 0..100_u64));
        let number = graph.task(number, replicable("Square", |n: u64| Ok(n * n)));
        graph.task(number, map("End", |_: u64| Ok(())));
        graph
    };
    let text = |tasks: usize| {
        let first = r#"{"tasks": 1, "cores": 1, "sync_buff_size": 3}"#;
        format!(r#"{{"schedule": [{first}, {{"tasks": {tasks}, "cores": 2}}, {{"tasks": 1, "cores": 1}}]}}"#)
    };
    let report = Pipeline::new(graph(), &read(&text(1)).stages()).unwrap().run(&Settings::default()).unwrap();
    assert_eq!((report.frames, report.tasks[1].replicas), (100, 2));
    let error = Pipeline::new(graph(), &read(&text(2)).stages()).err();
    assert_eq!(error, Some(BuildError::StageTasks { expected: 3, got: 4 }));
    let error = Error::from(ScheduleFile::parse("{").unwrap_err());
    assert!(matches!(error, Error::Build(BuildError::Schedule(ScheduleError::Json { .. }))));
}

#[test]
fn files_are_written_a_stage_a_line() {
    let machine = smt().topology(0..8);
    let shared = [1, 2].into_iter().collect();
    let stages = [
        inner(2).depth(4).waiting(Waiting::Spin).cores(&[0]),
        inner(1).replicas(2).waiting(Waiting::Park).pin(&[shared]),
        Stage::new(3).replicas(2).cores(&[4, 1]),
    ];
    let file = ScheduleFile::from_stages(&stages, ScheduleVersion::V2, &machine).unwrap();
    let text = r#"{
  "resources": {
    "p-core": { "node-list": ["PU0-2"], "smt": 1 },
    "e-core": { "node-list": ["PU2", "PU4"], "smt": 1 }
  },
  "schedule": [
    { "tasks": 2, "threads": 1, "core-type": "p-core", "pinning-policy": "packed", "sync_buff_size": 4, "sync_waiting_type": "active" },
    { "tasks": 1, "threads": 2, "core-type": "e-core", "pinning-policy": "guided", "sync_buff_size": 1, "sync_waiting_type": "passive" },
    { "tasks": 3, "threads": 2, "core-type": "p-core", "pinning-policy": "packed" }
  ]
}
"#;
    assert_eq!(file.to_json(), text);
    let file =
        ScheduleFile::from_stages(&[inner(1), stages[2].clone()], ScheduleVersion::V1, &machine).unwrap();
    let text = r#"{
  "schedule": [
    { "tasks": 1, "cores": 1, "sync_buff_size": 1, "sync_waiting_type": "passive" },
    { "tasks": 3, "cores": [1, 2] }
  ]
}
"#;
    assert_eq!(file.to_json(), text);
}

#[test]
fn what_a_version_cannot_say_is_named() {
    let machine = smt().topology(0..8);
    let what = |stages: &[Stage], version| match ScheduleFile::from_stages(stages, version, &machine) {
        Err(ScheduleError::NotCarried { stage, what }) => format!("{stage}: {what}"),
        other => panic!("{other:?}"),
    };
    let set = |cores: &[usize]| cores.iter().copied().collect::<CoreSet>();
    let shared = |cores: &[usize]| Stage::new(1).pin(&[set(cores)]);
    use ScheduleVersion::{V1, V2};
    assert_eq!(what(&[shared(&[0, 4])], V1), "0: a replica shares the cores 0,4");
    let others = "1: its replicas share the cores 1,5, and those of another stage others";
    assert_eq!(what(&[shared(&[0, 4]), shared(&[1, 5])], V2), others);
    let half = Stage::new(1).replicas(2).pin(&[set(&[0]), set(&[])]);
    let mixed = Stage::new(1).replicas(2).pin(&[set(&[0, 1]), set(&[2])]);
    assert_eq!(what(&[mixed], V2), "0: its replicas share different cores, such as 0-1");
    for version in [V1, V2] {
        assert_eq!(
            what(std::slice::from_ref(&half), version),
            "0: some of its replicas are pinned and others are not"
        );
        assert_eq!(what(&[Stage::new(1), Stage::new(0)], version), "1: it has 0 tasks");
        assert_eq!(what(&[Stage::new(1).depth(0), Stage::new(1)], version), "0: it has 0 frames of depth");
        assert_eq!(what(&[Stage::new(1).replicas(1_000_001)], version), "0: it has 1000001 replicas");
        let lacking = "0: it runs on core 8, which this machine lacks";
        assert_eq!(what(&[Stage::new(1).cores(&[8])], version), lacking);
        assert_eq!(ScheduleFile::from_stages(&[], version, &machine), Err(ScheduleError::NoStages));
    }
}

/// A stage without its place; the last has no boundary.
fn any_stage() -> impl Strategy<Value = (usize, usize, usize, bool, Option<Vec<usize>>, bool)> {
    let place = prop::option::of(prop::collection::vec(0..8_usize, 5));
    (1..100_usize, 1..6_usize, 1..100_usize, any::<bool>(), place, any::<bool>())
}

proptest! {
    #[test]
    fn stages_survive_a_file(
        parts in prop::collection::vec(any_stage(), 1..6),
        shared in prop::collection::btree_set(0..8_usize, 2..5),
        is_first in any::<bool>(),
    ) {
        let machine = two_sockets().topology(0..8);
        let version = if is_first { ScheduleVersion::V1 } else { ScheduleVersion::V2 };
        let shared: CoreSet = shared.into_iter().collect();
        let n = parts.len();
        let stage = |(i, (tasks, replicas, depth, spins, place, shares))| {
            let stage = Stage::new(tasks).replicas(replicas);
            let waiting = if spins { Waiting::Spin } else { Waiting::SpinThenPark };
            let stage = if i + 1 < n { stage.depth(depth).waiting(waiting) } else { stage };
            match place as Option<Vec<usize>> {
                None => stage,
                Some(_) if shares && !is_first => stage.pin(std::slice::from_ref(&shared)),
                Some(cores) => stage.cores(&cores[..replicas]),
            }
        };
        let stages: Vec<Stage> = parts.into_iter().enumerate().map(stage).collect();
        let file = ScheduleFile::from_stages(&stages, version, &machine).unwrap();
        let again = ScheduleFile::parse(&file.to_json()).unwrap();
        prop_assert_eq!(&again, &file);
        prop_assert_eq!(file.version(), version);
        prop_assert_eq!(again.placed_stages(&machine).unwrap(), stages);
    }

    #[test]
    fn any_json_is_read_or_refused(text in any_json()) {
        check(&text)?;
    }

    #[test]
    fn any_slip_of_the_pen_is_read_or_refused(
        is_first in any::<bool>(),
        at in 0..2000_usize,
        n in 0..8_usize,
        by in "[\\[\\]{},:\"0-9BLe.-]{0,6}",
    ) {
        let mut text = if is_first { V1 } else { V2 }.to_owned();
        let at = at % text.len();
        text.replace_range(at..(at + n).min(text.len()), &by);
        check(&text)?;
    }

    #[test]
    fn any_text_is_refused(text in "\\PC{0,40}") {
        prop_assert!(ScheduleFile::parse(&text).is_err());
    }
}

/// No panic, and what is read can be written and read again.
fn check(text: &str) -> Result<(), TestCaseError> {
    let machine = hybrid().topology(0..6);
    for version in [None, Some(ScheduleVersion::V1), Some(ScheduleVersion::V2)] {
        let file = version.map_or_else(|| ScheduleFile::parse(text), |v| ScheduleFile::parse_as(text, v));
        if let Ok(file) = file {
            prop_assert_eq!(file.n_tasks() > 0, true);
            let placed = file.placed_stages(&machine);
            let again = ScheduleFile::parse_as(&file.to_json(), file.version());
            prop_assert_eq!(again.as_ref(), Ok(&file));
            prop_assert_eq!(placed, file.placed_stages(&machine));
        }
    }
    Ok(())
}

/// JSON out of the words of schedules.
fn any_json() -> impl Strategy<Value = String> {
    const KEYS: [&str; 13] = [
        "schedule",
        "resources",
        "p-core",
        "e-core",
        "node-list",
        "smt",
        "tasks",
        "cores",
        "threads",
        "core-type",
        "pinning-policy",
        "sync_buff_size",
        "sync_waiting_type",
    ];
    const WORDS: [&str; 16] = [
        "p-core",
        "e-core",
        "packed",
        "guided",
        "distant",
        "loose",
        "active",
        "passive",
        "core0",
        "core0-1",
        "PU0-7",
        "PU9999999999999999999",
        "PU1-",
        "B",
        "core999999-0",
        "PU",
    ];
    let number = prop_oneof![
        (0..9_u64).prop_map(|n| n.to_string()),
        any::<i64>().prop_map(|n| n.to_string()),
        any::<f64>().prop_filter("JSON has no others", |x| x.is_finite()).prop_map(|x| format!("{x:e}")),
        Just("1e999".to_owned()),
    ];
    let word = prop::sample::select(&WORDS[..]).prop_map(|word| format!("\"{word}\""));
    let leaf =
        prop_oneof![4 => number, 3 => word, 1 => Just("null".to_owned()), 1 => Just("true".to_owned())];
    leaf.prop_recursive(6, 60, 8, |inner| {
        let list =
            prop::collection::vec(inner.clone(), 0..5).prop_map(|list| format!("[{}]", list.join(",")));
        let pair =
            (prop::sample::select(&KEYS[..]), inner).prop_map(|(key, value)| format!("\"{key}\":{value}"));
        let object = prop::collection::vec(pair, 0..9).prop_map(|pairs| format!("{{{}}}", pairs.join(",")));
        prop_oneof![2 => list, 3 => object]
    })
}
