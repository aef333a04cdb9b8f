//! What cannot be built, and what the error says.

use facette_flow::{
    BuildError,
    closures::{iterate, map},
    graph::{Graph, Module, Pipeline, Sequence, Stage},
};

fn error(graph: Graph, stages: &[Stage]) -> BuildError {
    match Pipeline::new(graph, stages) {
        Ok(_) => panic!("builds"),
        Err(error) => error,
    }
}

fn pair() -> Graph {
    let mut graph = Graph::new();
    let n = graph.source(iterate("Count", 0..3_u64));
    graph.task(n, map("End", |_: u64| Ok(())));
    graph
}

#[test]
fn settings_of_zero_are_named() {
    let one = || Stage::new(1);
    let cases = [
        (vec![], "stages"),
        (vec![one(), one().replicas(0)], "replicas"),
        (vec![one().depth(0), one()], "depth"),
        (vec![Stage::new(2), Stage::new(0)], "tasks"),
    ];
    for (stages, setting) in cases {
        assert_eq!(error(pair(), &stages), BuildError::Zero { setting });
    }
    assert!(matches!(Sequence::new(pair(), 0), Err(BuildError::Zero { setting: "copies" })));
}

#[test]
fn stages_must_count_the_tasks_of_the_graph() {
    let stages = [Stage::new(1), Stage::new(2)];
    assert_eq!(error(pair(), &stages), BuildError::StageTasks { expected: 2, got: 3 });
}

#[test]
fn a_task_without_replicas_is_not_replicated() {
    let stages = [Stage::new(1), Stage::new(1).replicas(2)];
    assert_eq!(error(pair(), &stages), BuildError::NotReplicable { task: "End".to_owned() });
    assert!(matches!(Sequence::new(pair(), 2), Err(BuildError::NotReplicable { task }) if task == "Count"));
}

#[test]
fn an_unbound_input_names_socket_and_task() {
    let mut graph = Graph::new();
    let (_input, later) = graph.open::<u64>("weights");
    graph.task(later, map("Use", |_: u64| Ok(())));
    let want = BuildError::UnboundInput { socket: "weights".to_owned(), task: "Use".to_owned() };
    assert_eq!(error(graph, &[Stage::new(1)]), want);
}

#[test]
fn an_open_input_is_fed_by_a_task_declared_later() {
    let mut graph = Graph::new();
    let (input, later) = graph.open::<u64>("number");
    let (keep, all) = crate::support::keep();
    graph.task(later, keep);
    let n = graph.source(iterate("Count", 0..3_u64));
    graph.bind(n, input);
    Sequence::new(graph, 1).unwrap().run(&Default::default()).unwrap();
    assert_eq!(crate::support::kept(&all), [0, 1, 2]);
}

#[test]
fn a_cycle_without_a_loop_names_its_tasks() {
    let mut graph = Graph::new();
    let (input, back) = graph.open::<u64>("back");
    let a = graph.task(back, map("A", |n: u64| Ok(n)));
    let b = graph.task(a, map("B", |n: u64| Ok(n)));
    graph.bind(b, input);
    let want = BuildError::Cycle { tasks: vec!["A".to_owned(), "B".to_owned()] };
    assert_eq!(error(graph, &[Stage::new(2)]), want);
    // A select alone does not end a loop either.
    let mut graph = Graph::new();
    let start = graph.source(iterate("Start", [0_u64]));
    let select = graph.select(2);
    let body = graph.task(select.out, map("Body", |n: u64| Ok(n)));
    for (socket, input) in [start, body].into_iter().zip(select.inputs) {
        graph.bind(socket, input);
    }
    let is_cycle = matches!(&error(graph, &[Stage::new(3)]), BuildError::Cycle { tasks } if tasks.len() == 2);
    assert!(is_cycle);
}

#[test]
fn a_loop_around_two_stages_names_both_tasks() {
    let mut graph = Graph::new();
    let start = graph.source(iterate("Start", [0_u64]));
    graph.repeat_times(start, 3, |graph, n| graph.task(n, map("Body", |n: u64| Ok(n + 1))));
    let error = error(graph, &[Stage::new(3), Stage::new(1)]);
    let want = BuildError::Backward { task: "select".to_owned(), producer: "Body".to_owned() };
    assert_eq!(error, want);
}

#[test]
fn a_path_cannot_end_in_a_later_stage() {
    let mut graph = Graph::new();
    let n = graph.source(iterate("Count", 0..3_u64));
    let mut paths = graph.branch(n, 2, |&n| (n % 2) as usize).into_iter();
    graph.task(paths.next().unwrap(), map("Even", |_: u64| Ok(())));
    let want = BuildError::PathCut { task: "Even".to_owned(), producer: "branch".to_owned() };
    assert_eq!(error(graph, &[Stage::new(2), Stage::new(1)]), want);
}

#[test]
fn a_join_of_exclusive_paths_names_both_and_the_way_out() {
    // Both paths themselves.
    let mut graph = Graph::new();
    let n = graph.source(iterate("Count", 0..3_u64));
    let mut paths = graph.branch(n, 2, |&n| (n % 2) as usize).into_iter();
    let (even, odd) = (paths.next().unwrap(), paths.next().unwrap());
    graph.task((even, odd), map("Join", |(a, b): (u64, u64)| Ok(a + b)));
    let text = "task Join reads from path 0 of branch and from path 1 of branch, but a frame takes only one of the \
                paths of branch; join exclusive paths by a `select`";
    assert_eq!(error(graph, &[Stage::new(3)]).to_string(), text);
    // Tasks on them, of which one has come out of a loop, beside what every frame has.
    let mut graph = Graph::new();
    let n = graph.source(iterate("Count", 0..3_u64));
    let mut paths = graph.branch(n.clone(), 3, |&n| n as usize).into_iter();
    let (even, odd) = (paths.next().unwrap(), paths.next().unwrap());
    let even = graph.task(even, map("Even", |n: u64| Ok(n)));
    let even = graph.repeat_times(even, 2, |graph, n| graph.task(n, map("Again", |n: u64| Ok(n))));
    let even = graph.task(even, map("Half", |n: u64| Ok(n / 2)));
    let odd = graph.task(odd, map("Odd", |n: u64| Ok(n)));
    let joined = graph.task((n, even, odd), map("Join", |(n, _, _): (u64, u64, u64)| Ok(n)));
    graph.task(joined, map("End", |_: u64| Ok(())));
    let want = BuildError::ExclusivePaths {
        task: "Join".to_owned(),
        one: "Half".to_owned(),
        other: "Odd".to_owned(),
        branch: "branch".to_owned(),
    };
    let n_tasks = graph.n_tasks();
    assert_eq!(error(graph, &[Stage::new(n_tasks)]), want);
}

#[test]
fn a_loop_that_empties_what_lies_outside_it_names_both() {
    struct Big;
    let mut graph = Graph::new();
    let start = graph.source(iterate("Start", [0_u64]));
    let big = graph.task((), map("Make", |(): ()| Ok(Big)));
    graph.repeat_times(start, 3, |graph, n| graph.task((n, big), map("Use", |(n, _): (u64, Big)| Ok(n))));
    let want = BuildError::NeedsClone { task: "Use".to_owned(), producer: "Make".to_owned() };
    assert_eq!(error(graph, &[Stage::new(5)]), want);
}

#[test]
fn a_module_stays_in_one_stage() {
    struct Data;
    impl Module for Data {}
    let mut graph = Graph::new();
    let data = graph.module(Data);
    let n = graph.source(iterate("Count", 0..3_u64));
    let n = graph.codelet(data, "first", n, |_, n: u64| Ok(n));
    graph.codelet(data, "second", n, |_, _: u64| Ok(()));
    let want = BuildError::SplitModule { task: "second".to_owned(), other: "first".to_owned() };
    assert_eq!(error(graph, &[Stage::new(2), Stage::new(1)]), want);
}

#[test]
fn sockets_of_another_graph_are_refused() {
    let mut other = Graph::new();
    let n = other.source(iterate("Count", 0..3_u64));
    let mut graph = Graph::new();
    graph.task(n, map("End", |_: u64| Ok(())));
    let want = BuildError::ForeignSocket { task: "End".to_owned(), input: 0 };
    assert_eq!(error(graph, &[Stage::new(1)]), want);
}

#[cfg(target_os = "linux")]
#[test]
fn a_core_outside_the_allowed_set_is_named() {
    let error = error(pair(), &[Stage::new(1).cores(&[1_000_000]), Stage::new(1)]);
    let is_named = matches!(&error, BuildError::Core { core: 1_000_000, allowed } if !allowed.is_empty());
    assert!(is_named, "{error:?}");
}

/// A graph with several tasks of a name: in a set, in a loop, and with a name that looks like a number was put to it.
fn alike() -> Graph {
    let mut graph = Graph::new();
    let mut n = graph.source(iterate("Count", 0..3_u64));
    for name in ["Add", "Add", "Add 2", "Add"] {
        n = graph.task(n, map(name, |n: u64| if n < 9 { Ok(n + 1) } else { Err("large".into()) }));
    }
    for _ in 0..2 {
        n = graph.set("Set", n, |graph, n| graph.task(n, map("Add", |n: u64| Ok(n))));
    }
    graph.task(n, map("End", |_: u64| Ok(())));
    graph
}

#[test]
fn later_tasks_of_one_name_are_numbered_everywhere() {
    let names = ["Count", "Add", "Add 3", "Add 2", "Add 4", "Set/Add", "Set/Add 2", "End"];
    for stages in [&[8][..], &[3, 2, 3]] {
        let stages: Vec<Stage> = stages.iter().map(|&n| Stage::new(n)).collect();
        let dot = alike().to_dot_stages(&stages).unwrap();
        let report = Pipeline::new(alike(), &stages).unwrap().run(&Default::default()).unwrap();
        assert_eq!(report.tasks.iter().map(|task| &*task.name).collect::<Vec<_>>(), names);
        let mut rest = &*dot;
        for name in names {
            rest = rest.split_once(&format!("|{name}")).or_else(|| rest.split_once(name)).unwrap().1;
        }
        assert_eq!(alike().to_dot().matches("Add 3").count(), 1);
    }
    // In errors of a run, and of a graph that does not build.
    let mut graph = Graph::new();
    let mut n = graph.source(iterate("Count", 0..20_u64));
    for _ in 0..3 {
        n = graph.task(n, map("Check", |n: u64| if n < 12 { Ok(n + 1) } else { Err("large".into()) }));
    }
    graph.task(n, map("End", |_: u64| Ok(())));
    let error = Sequence::new(graph, 1).unwrap().run(&Default::default()).unwrap_err();
    assert_eq!(error.to_string(), "task Check 3 failed at chunk 10");
    let mut other = Graph::new();
    let foreign = other.source(iterate("Count", 0..3_u64));
    let mut graph = alike();
    graph.task(foreign, map("Add", |n: u64| Ok(n)));
    let want = BuildError::ForeignSocket { task: "Add 5".to_owned(), input: 0 };
    assert_eq!(error_of(graph), want);
}

fn error_of(graph: Graph) -> BuildError {
    let n_tasks = graph.n_tasks();
    error(graph, &[Stage::new(n_tasks)])
}
