//! One thread, n copies: values, fan-out, modules, order, statistics.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicU64, Ordering},
};

use facette_flow::{
    BoxError, Error, Source, Task,
    closures::{iterate, map, replicable},
    graph::{Forward, Graph, Module, Sampling, Sequence, Settings},
};

use crate::support::{Add, keep, kept};

fn run(graph: Graph) -> facette_flow::graph::StreamReport {
    Sequence::new(graph, 1).unwrap().run(&Settings::default()).unwrap()
}

#[test]
fn in_out_and_forward_tasks_mix_and_are_chosen_at_run_time() {
    for pattern in ["ffffff", "tttttt", "ftftft", "ttffft"] {
        let mut graph = Graph::new();
        let mut frame = graph.source(iterate("Count", 0..50_u64));
        for kind in pattern.chars() {
            frame = if kind == 'f' {
                graph.forward(frame, Box::new(Add(1)) as Box<dyn Forward<Frame = u64>>)
            } else {
                let task: Box<dyn Task<In = u64, Out = u64>> = Box::new(map("Increment", |n: u64| Ok(n + 1)));
                graph.task(frame, task)
            };
        }
        let (keep, all) = keep();
        graph.task(frame, keep);
        let report = run(graph);
        assert_eq!(kept(&all), (6..56).collect::<Vec<u64>>(), "{pattern}");
        assert_eq!((report.frames, report.tasks.len()), (50, 8));
        assert!(report.tasks[1..].iter().all(|task| task.calls == 50));
    }
}

#[test]
fn fan_out_clones_for_all_but_the_last_and_leaves_each_its_own() {
    let mut graph = Graph::new();
    let text = graph.source(iterate("Texts", ["a", "b"].map(String::from)));
    let (keep_raw, raw) = keep::<String>();
    let shout = map("Shout", |text: String| Ok(text.to_uppercase()));
    struct Push;
    impl Forward for Push {
        type Frame = String;
        fn run(&mut self, text: &mut String) -> Result<(), BoxError> {
            text.push('!');
            Ok(())
        }
    }
    let loud = graph.task(text.clone(), shout);
    let marked = graph.forward(text.clone(), Push);
    graph.task(text, keep_raw);
    let (keep_all, all) = keep();
    graph.task((loud, marked), keep_all);
    run(graph);
    assert_eq!(kept(&raw), ["a", "b"]);
    let want = [("A", "a!"), ("B", "b!")].map(|(a, b)| (a.to_owned(), b.to_owned()));
    assert_eq!(kept(&all), want);
}

#[test]
fn frames_that_cannot_be_cloned_or_shared_move() {
    struct Whole(std::cell::Cell<u64>, Box<dyn Fn(u64) -> u64 + Send>);
    let mut graph = Graph::new();
    let make = |n: u64| Whole(std::cell::Cell::new(n), Box::new(move |x| x * n));
    let whole = graph.source(iterate("Make", (1..4).map(make)));
    let (keep, all) = keep();
    let number = graph.task(whole, map("Use", |w: Whole| Ok((w.1)(w.0.get()))));
    graph.task(number, keep);
    run(graph);
    assert_eq!(kept(&all), [1, 4, 9]);
}

#[test]
fn tasks_of_a_module_share_its_data_and_replicas_have_their_own() {
    /// Gives a frame back one frame later: feedback.
    struct Delayer(u64);
    impl Module for Delayer {
        fn replica(&self) -> Option<Self> {
            Some(Delayer(self.0))
        }
    }
    struct Three(u64);
    impl Source for Three {
        type Out = u64;
        fn next(&mut self) -> Result<Option<u64>, BoxError> {
            self.0 += 1;
            Ok((self.0 <= 3).then_some(self.0))
        }
        fn replica(&self) -> Option<Self> {
            Some(Three(0))
        }
    }
    let mut graph = Graph::new();
    let delayer = graph.module(Delayer(100));
    let number = graph.source(Three(0));
    let before = graph.codelet(delayer, "produce", (), |delayer, ()| Ok(delayer.0));
    let memorized = graph.codelet(delayer, "memorize", number, |delayer, n: u64| {
        delayer.0 = n;
        Ok(())
    });
    graph.order(&before, &memorized);
    let all = Arc::new(Mutex::new(Vec::new()));
    let kept = all.clone();
    let keep = replicable("Keep", move |n: u64| {
        kept.lock().unwrap().push(n);
        Ok(())
    });
    graph.task(before, keep);
    let report = Sequence::new(graph, 2).unwrap().run(&Settings::default()).unwrap();
    let mut all = all.lock().unwrap().clone();
    all.sort_unstable();
    assert_eq!(all, [1, 1, 2, 2, 100, 100]);
    assert_eq!((report.frames, report.tasks[0].replicas), (6, 2));
}

#[test]
fn a_binding_that_only_orders_moves_a_task_behind_a_later_one() {
    let trace = Arc::new(Mutex::new(String::new()));
    let say = |c: char| {
        let trace = trace.clone();
        map(&c.to_string(), move |(): ()| {
            trace.lock().unwrap().push(c);
            Ok(())
        })
    };
    let mut graph = Graph::new();
    let a = graph.task((), say('a'));
    let b = graph.task((), say('b'));
    let c = graph.task((), say('c'));
    graph.order(&c, &a);
    graph.order(&a, &b);
    let settings = Settings { frames: Some(2), ..Settings::default() };
    Sequence::new(graph, 1).unwrap().run(&settings).unwrap();
    assert_eq!(*trace.lock().unwrap(), "cabcab");
}

#[test]
fn a_filter_ends_a_frame_and_drops_what_it_left() {
    let mut graph = Graph::new();
    let number = graph.source(iterate("Count", 0..10_u64));
    let odd = graph.task(number.clone(), map("Odd", |n: u64| Ok((n % 2 == 1).then_some(n))));
    let odd = graph.filter(odd);
    let (keep, all) = keep();
    graph.task((odd, number), keep);
    let report = run(graph);
    assert_eq!(kept(&all), [1, 3, 5, 7, 9].map(|n| (n, n)));
    assert_eq!((report.frames, report.tasks.last().unwrap().calls), (10, 5));
}

#[test]
fn a_sequence_runs_again_with_the_state_its_tasks_have() {
    let mut graph = Graph::new();
    let number = graph.source(iterate("Count", 0..9_u64));
    let (keep, all) = keep();
    graph.task(number, keep);
    let mut sequence = Sequence::new(graph, 1).unwrap();
    let settings = Settings { frames: Some(4), ..Settings::default() };
    for want in [vec![0, 1, 2, 3], vec![4, 5, 6, 7], vec![8]] {
        assert_eq!(sequence.run(&settings).unwrap().frames, want.len() as u64);
        assert_eq!(kept(&all), want);
    }
}

#[test]
fn statistics_count_all_calls_and_time_those_that_are_asked_for() {
    for (sampling, timed) in [(Sampling::Off, 0), (Sampling::OneIn(16), 7), (Sampling::Every, 100)] {
        let mut graph = Graph::new();
        let number = graph.source(iterate("Count", 0..100_u64));
        let pause = map("Pause", |n: u64| {
            std::thread::sleep(std::time::Duration::from_micros(50));
            Ok(n)
        });
        graph.task(number, pause);
        let settings = Settings { sampling, ..Settings::default() };
        let report = Sequence::new(graph, 1).unwrap().run(&settings).unwrap();
        let pause = &report.tasks[1];
        assert_eq!((&*pause.name, pause.calls, pause.clock.calls), ("Pause", 100, timed));
        if let Some(mean_s) = pause.clock.mean_s() {
            assert!(pause.clock.min_s >= 50e-6 && mean_s >= pause.clock.min_s && pause.clock.max_s >= mean_s);
        }
    }
}

#[test]
fn a_failure_in_one_copy_stops_all() {
    struct Forever(u64);
    impl Source for Forever {
        type Out = u64;
        fn next(&mut self) -> Result<Option<u64>, BoxError> {
            Ok(Some(self.0))
        }
        fn replica(&self) -> Option<Self> {
            Some(Forever(self.0 + 1))
        }
    }
    let calls = Arc::new(AtomicU64::new(0));
    let mut graph = Graph::new();
    let number = graph.source(Forever(0));
    let fail = replicable("Fail", move |n: u64| {
        let is_late = calls.fetch_add(1, Ordering::Relaxed) > 1000;
        if is_late && n == 0 { Err("enough".into()) } else { Ok(()) }
    });
    graph.task(number, fail);
    let error = Sequence::new(graph, 3).unwrap().run(&Settings::default()).unwrap_err();
    assert!(matches!(&error, Error::Task { task, .. } if task == "Fail"), "{error:?}");
}
