//! Step by step: the same calls as a run makes, what each step says, breakpoints, mistakes.

use std::sync::{Arc, Mutex};

use facette_flow::{
    BuildError, Call, Error, Observer,
    closures::{fold, iterate, map},
    graph::{Graph, Out, Sampling, Select, Sequence, Settings, Stepper, Then},
};

use crate::support::{Add, keep, kept};

type Calls = Vec<(String, Option<u64>)>;

#[derive(Default)]
struct Log(Mutex<Calls>);

impl Observer for Log {
    fn called(&self, call: &Call<'_>) {
        self.0.lock().unwrap().push((call.task.to_owned(), call.frame));
    }
}

/// Steps to the end and checks that a run makes the same calls and gives the same values.
fn same<T>(declare: impl Fn(&mut Graph) -> Out<T>) -> Vec<T>
where
    T: PartialEq + std::fmt::Debug + Send + 'static,
{
    let graph = || {
        let mut graph = Graph::new();
        let end = declare(&mut graph);
        let (task, all) = keep();
        graph.task(end, task);
        (graph, all)
    };
    let (one, run_all) = graph();
    let log = Arc::new(Log::default());
    let settings = Settings { observer: Some(log.clone()), sampling: Sampling::Every, ..Settings::default() };
    let run = Sequence::new(one, 1).unwrap().run(&settings).unwrap();

    let (other, all) = graph();
    let mut stepper = Stepper::new(other).unwrap();
    let mut calls = Calls::new();
    let mut told: Option<Then> = None;
    loop {
        let next = stepper.next_task().map(str::to_owned);
        let Some(step) = stepper.step().unwrap() else { break };
        if let Some(Then::Task(task)) = &told {
            assert_eq!((task, Some(task)), (&step.task, next.as_ref()));
        }
        calls.push((step.task, step.frame));
        told = Some(step.then);
    }
    assert_eq!(stepper.next_task(), None);
    assert_eq!(calls, kept(&log.0));
    let (values, want) = (kept(&all), kept(&run_all));
    assert_eq!(values, want);
    let counts = |report: &facette_flow::graph::StreamReport| -> Vec<(String, u64)> {
        report.tasks.iter().map(|task| (task.name.to_string(), task.calls)).collect()
    };
    assert_eq!(counts(&stepper.report()), counts(&run));
    assert_eq!(stepper.report().frames, run.frames);
    values
}

fn six_more(graph: &mut Graph, mut frame: Out<u64>) -> Out<u64> {
    for _ in 0..6 {
        frame = graph.forward(frame, Add(1));
    }
    frame
}

#[test]
fn chains_and_fan_out() {
    let got = same(|graph| {
        let n = graph.source(iterate("Count", 0..5_u64));
        six_more(graph, n)
    });
    assert_eq!(got, [6, 7, 8, 9, 10]);
    let got = same(|graph| {
        let pair = graph.source(iterate("Pairs", (0..5_u64).map(|n| (n, n.to_string()))));
        let (n, text) = graph.unzip(pair);
        let more = graph.forward(n.clone(), Add(10));
        graph.task(text.clone(), map("Unread", |text: String| Ok(text)));
        graph.task((n, more, text), map("Join", |(n, more, text)| Ok(format!("{n} {more} {text}"))))
    });
    assert_eq!(got[4], "4 14 4");
}

#[test]
fn loops_nested_and_not() {
    let got = same(|graph| {
        let n = graph.source(iterate("Count", 0..5_u64));
        graph.repeat_times(n, 3, |graph, n| graph.repeat_times(n, 4, six_more))
    });
    assert_eq!(got, [0, 1, 2, 3, 4].map(|f| f + 72));
    let got = same(|graph| {
        let n = graph.source(iterate("Count", 0..5_u64));
        graph.repeat_until(n, six_more, |&n| n >= 24)
    });
    assert_eq!(got, [24, 25, 26, 27, 28]);
}

#[test]
fn branches() {
    let got = same(|graph| {
        let n = graph.source(iterate("Count", 0..5_u64));
        let control = graph.task(n.clone(), map("Choose", |n: u64| Ok((n % 3) as usize)));
        let paths = graph.commute(n, control, 3);
        let Select { inputs, out } = graph.select(3);
        for ((path, input), n) in paths.into_iter().zip(inputs).zip([300, 200, 100]) {
            let path = graph.forward(path, Add(n));
            graph.bind(path, input);
        }
        graph.forward(out, Add(1))
    });
    assert_eq!(got, [301, 202, 103, 304, 205]);
}

#[test]
fn filters_splitters_batches_and_accumulators() {
    let got = same(|graph| {
        let n = graph.source(iterate("Count", 0..50_u64));
        let some = graph.task(n, map("Some", |n: u64| Ok((!n.is_multiple_of(3)).then_some(n))));
        let some = graph.filter(some);
        graph.batch(some, 7)
    });
    assert_eq!((got.len(), got[4].len(), got[0].clone()), (5, 5, vec![1, 2, 4, 5, 7, 8, 10]));
    let got = same(|graph| {
        let line = graph.source(iterate("Lines", [vec![5_u64, 0, 3], vec![], vec![2]]));
        let n = graph.each(line);
        let n = graph.task(n, map("Positive", |n: u64| Ok((n > 0).then_some(n))));
        let n = graph.filter(n);
        let state = graph.task(n, map("Start", |n: u64| Ok((n, 1_u64))));
        let state = graph.repeat_while(
            state,
            |&(n, _)| n > 1,
            |graph, state| graph.task(state, map("Times", |(n, product)| Ok((n - 1, product * n)))),
        );
        let pair = graph.batch(state, 2);
        let all = graph.each(pair);
        let add = |sum: &mut u64, (_, product): (u64, u64)| {
            *sum += product;
            Ok(())
        };
        graph.accumulate(all, fold("Sum", 0_u64, add))
    });
    assert_eq!(got, [128]);
}

#[test]
fn values_are_shown_as_long_as_they_may_be() {
    let mut graph = Graph::new();
    let n = graph.source(iterate("Count", 1..3_u64));
    let long = graph.task(n.clone(), map("Long", |n: u64| Ok(vec![n; 1000])));
    let more = graph.forward(n, Add(10));
    let mut paths = graph.branch(more, 2, |n| (n % 2) as usize).into_iter();
    let (even, odd) = (paths.next().unwrap(), paths.next().unwrap());
    graph.show(&long);
    graph.show(&even);
    graph.show(&odd);
    graph.task(even, map("Even", |_: u64| Ok(())));
    graph.task(odd, map("Odd", |_: u64| Ok(())));
    graph.task(long, map("End", |_: Vec<u64>| Ok(())));
    let mut stepper = Stepper::new(graph).unwrap();
    stepper.set_limit(10);
    let mut texts = Vec::new();
    while let Some(step) = stepper.step().unwrap() {
        texts.push(step.to_string());
    }
    let want = [
        "frame 0: Count, call 1; then Long",
        "frame 0: Long, call 1; Long = [1, 1, 1, …; then Add",
        "frame 0: Add, call 1; then End",
        "frame 0: End, call 1; then branch",
        "frame 0: branch, call 1; path 1 = 11; then Odd",
        "frame 0: Odd, call 1; frame done",
        "frame 1: Count, call 2; then Long",
        "frame 1: Long, call 2; Long = [2, 2, 2, …; then Add",
        "frame 1: Add, call 2; then End",
        "frame 1: End, call 2; then branch",
        "frame 1: branch, call 2; path 0 = 12; then Even",
        "frame 1: Even, call 1; frame done",
    ];
    assert_eq!(texts, want);
}

#[test]
fn breakpoints_stop_in_front_of_a_task_in_a_loop() {
    let mut graph = Graph::new();
    let n = graph.source(iterate("Count", 0..2_u64));
    let n = graph.repeat_times(n, 3, |graph, n| graph.task(n, map("Body", |n: u64| Ok(n + 1))));
    let (task, all) = keep();
    graph.task(n, task);
    let mut stepper = Stepper::new(graph).unwrap();
    let error = stepper.break_at("Bodi").unwrap_err();
    assert!(
        matches!(&error, BuildError::NoTask { task, known } if task == "Bodi" && known.contains(&"Body".to_owned()))
    );
    stepper.break_at("Body").unwrap();
    for call in 1..=6 {
        assert_eq!(stepper.run_on().unwrap().as_deref(), Some("Body"));
        assert_eq!(stepper.report().tasks.iter().find(|task| &*task.name == "Body").unwrap().calls, call - 1);
    }
    stepper.clear_break("Body");
    assert_eq!(stepper.run_on().unwrap(), None);
    assert_eq!(kept(&all), [3, 4]);
}

#[test]
fn frame_by_frame() {
    let mut graph = Graph::new();
    let n = graph.source(iterate("Count", 0..4_u64));
    let odd = graph.task(n, map("Odd", |n: u64| Ok((n % 2 == 1).then_some(n))));
    let odd = graph.filter(odd);
    let batch = graph.batch(odd, 10);
    let (task, all) = keep();
    graph.task(batch, task);
    let mut stepper = Stepper::new(graph).unwrap();
    let step = |stepper: &mut Stepper| stepper.step().unwrap().unwrap();
    assert_eq!(
        (step(&mut stepper).task, step(&mut stepper).then),
        ("Count".into(), Then::Task("filter".into()))
    );
    assert_eq!(step(&mut stepper).then, Then::FrameDropped);
    for frame in 1..4 {
        assert_eq!(stepper.next_frame().unwrap(), Some(frame));
    }
    assert!(kept(&all).is_empty());
    assert_eq!(stepper.next_frame().unwrap(), None);
    assert_eq!(kept(&all), [vec![1, 3]]);
    assert_eq!((stepper.next_frame().unwrap(), stepper.step().unwrap()), (None, None));
}

#[test]
fn errors_and_panics_end_it() {
    for panics in [false, true] {
        let mut graph = Graph::new();
        let n = graph.source(iterate("Count", 0..9_u64));
        graph.task(
            n,
            map("Trip", move |n: u64| match n {
                2 if panics => panic!("tripped"),
                2 => Err("tripped".into()),
                _ => Ok(()),
            }),
        );
        let mut stepper = Stepper::new(graph).unwrap();
        let error = loop {
            if let Err(error) = stepper.step() {
                break error;
            }
        };
        match error {
            Error::Task { task, chunk, .. } if !panics => {
                assert_eq!((task.as_str(), chunk), ("Trip", Some(2)))
            }
            Error::Panic { task, message, .. } => {
                assert_eq!((task.as_str(), message.as_str()), ("Trip", "tripped"))
            }
            other => panic!("{other:?}"),
        }
        assert!(stepper.step().unwrap().is_none() && stepper.next_task().is_none());
    }
}

#[test]
fn mistakes_in_the_graph() {
    assert_eq!(Stepper::new(Graph::new()).err(), Some(BuildError::Zero { setting: "tasks" }));
    let mut other = Graph::new();
    let foreign = other.source(iterate("Count", 0..3_u64));
    let mut graph = Graph::new();
    graph.source(iterate("Count", 0..3_u64));
    graph.show(&foreign);
    assert!(
        matches!(Stepper::new(graph).err(), Some(BuildError::ForeignSocket { task, .. }) if task == "show")
    );
}
