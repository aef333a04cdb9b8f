//! Loops and branches: the expected values are those of StreamPU's test programs.

use facette_flow::{
    closures::{iterate, map, replicable},
    graph::{Graph, Out, Pipeline, Select, Sequence, Settings, Stage},
};

use crate::support::{Add, keep, kept};

fn six_more(graph: &mut Graph, mut frame: Out<u64>) -> Out<u64> {
    for _ in 0..6 {
        frame = graph.forward(frame, Add(1));
    }
    frame
}

/// What comes out of `declare` for the frames 0 to 4, from a sequence and from a replicated stage.
fn values(declare: impl Fn(&mut Graph, Out<u64>) -> Out<u64>) -> Vec<u64> {
    let mut results = Vec::new();
    for replicas in [0, 1, 3] {
        let mut graph = Graph::new();
        let frame = graph.source(iterate("Count", 0..5_u64));
        let frame = graph.task(frame, replicable("Relay", Ok));
        let n_before = graph.n_tasks();
        let frame = declare(&mut graph, frame);
        let n_inside = graph.n_tasks() - n_before;
        let (keep, all) = keep();
        graph.task(frame, keep);
        if replicas == 0 {
            Sequence::new(graph, 1).unwrap().run(&Settings::default()).unwrap();
        } else {
            let stages = [Stage::new(1), Stage::new(1 + n_inside).replicas(replicas), Stage::new(1)];
            Pipeline::new(graph, &stages).unwrap().run(&Settings::default()).unwrap();
        }
        results.push(kept(&all));
    }
    assert!(results.iter().all(|result| *result == results[0]), "{results:?}");
    results.swap_remove(0)
}

#[test]
fn for_loop() {
    for n in [0, 1, 10] {
        let got = values(|graph, frame| graph.repeat_times(frame, n, six_more));
        assert_eq!(got, [0, 1, 2, 3, 4].map(|f| f + 6 * n));
    }
}

#[test]
fn do_while_loop() {
    let got = values(|graph, frame| graph.repeat_until(frame, six_more, |&n| n >= 24));
    assert_eq!(got, [24, 25, 26, 27, 28]);
    let got = values(|graph, frame| graph.repeat_until(frame, six_more, |_| true));
    assert_eq!(got, [6, 7, 8, 9, 10]);
}

#[test]
fn nested_loops() {
    let got = values(|graph, frame| {
        graph.repeat_times(frame, 3, |graph, frame| graph.repeat_times(frame, 4, six_more))
    });
    assert_eq!(got, [0, 1, 2, 3, 4].map(|f| f + 6 * 3 * 4));
    let got = values(|graph, frame| {
        graph.repeat_times(frame, 3, |graph, frame| {
            let frame = graph.repeat_times(frame, 4, |graph, frame| graph.repeat_times(frame, 5, six_more));
            graph.forward(frame, Add(1000))
        })
    });
    assert_eq!(got, [0, 1, 2, 3, 4].map(|f| f + 3 * (6 * 4 * 5 + 1000)));
}

#[test]
fn nested_do_while_loops() {
    let got = values(|graph, frame| {
        let body = |graph: &mut Graph, frame| {
            let frame = graph.repeat_until(frame, six_more, |&n| n % 4 >= 2);
            graph.forward(frame, Add(1))
        };
        graph.repeat_until(frame, body, |&n| n >= 60)
    });
    let want = [0, 1, 2, 3, 4].map(|mut n: u64| {
        while n < 60 {
            n += 6;
            while n % 4 < 2 {
                n += 6;
            }
            n += 1;
        }
        n
    });
    assert_eq!(got, want);
}

#[test]
fn exclusive_paths_and_what_follows_them() {
    let got = values(|graph, frame| {
        let control = graph.task(frame.clone(), replicable("Choose", |n: u64| Ok((n % 3) as usize)));
        let paths = graph.commute(frame, control, 3);
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
fn a_switch_in_a_loop_in_a_switch() {
    let collatz = |graph: &mut Graph, frame: Out<u64>| {
        let paths = graph.branch(frame, 2, |n| (n % 2) as usize);
        let Select { inputs, out } = graph.select(2);
        let steps: [fn(u64) -> u64; 2] = [|n| n / 2, |n| 3 * n + 1];
        for ((path, input), step) in paths.into_iter().zip(inputs).zip(steps) {
            let path = graph.task(path, replicable("Step", move |n| Ok(step(n))));
            graph.bind(path, input);
        }
        out
    };
    let got = values(|graph, frame| {
        let mut paths = graph.branch(frame, 2, |&n| usize::from(n == 0)).into_iter();
        let (some, zero) = (paths.next().unwrap(), paths.next().unwrap());
        let one = graph.repeat_while(some, |&n| n != 1, collatz);
        let zero = graph.forward(zero, Add(77));
        let Select { inputs, out } = graph.select(2);
        for (frame, input) in [one, zero].into_iter().zip(inputs) {
            graph.bind(frame, input);
        }
        graph.forward(out, Add(1))
    });
    assert_eq!(got, [78, 2, 2, 2, 2]);
}

#[test]
fn a_loop_reads_what_lies_outside_it_every_time() {
    let got = values(|graph, frame| {
        let step = graph.task(frame.clone(), replicable("Step", |n: u64| Ok(n + 1)));
        let start = graph.task(frame, replicable("Start", |_: u64| Ok(0_u64)));
        graph.repeat_times(start, 5, |graph, sum| {
            graph.task((sum, step.clone()), replicable("Sum", |(sum, step)| Ok(sum + step)))
        })
    });
    assert_eq!(got, [5, 10, 15, 20, 25]);
}

#[test]
fn the_start_of_a_loop_may_have_other_readers() {
    let got = values(|graph, frame| {
        let end = graph.repeat_times(frame.clone(), 3, six_more);
        graph.task((end, frame), replicable("Join", |(end, frame): (u64, u64)| Ok(1000 * end + frame)))
    });
    assert_eq!(got, [0, 1, 2, 3, 4].map(|f| 1000 * (f + 18) + f));
}

#[test]
fn ten_million_iterations_on_a_small_stack() {
    let work = || {
        let mut graph = Graph::new();
        let start = graph.source(iterate("Give", [0_u64]));
        let end = graph.repeat_times(start, 10_000_000, |graph, frame| graph.forward(frame, Add(1)));
        let (keep, all) = keep();
        graph.task(end, keep);
        Sequence::new(graph, 1).unwrap().run(&Settings::default()).unwrap();
        assert_eq!(kept(&all), [10_000_000]);
    };
    let small = std::thread::Builder::new().stack_size(64 << 10).spawn(work).unwrap();
    small.join().unwrap();
}

#[test]
fn a_loop_starts_anew_after_a_frame_that_failed_inside_it() {
    let mut graph = Graph::new();
    let start = graph.source(iterate("Count", 0..5_u64));
    let end = graph.repeat_times(start, 10, |graph, frame| {
        graph.task(frame, map("Trip", |n: u64| if n == 3 { Err("trip".into()) } else { Ok(n + 100) }))
    });
    let (keep, all) = keep();
    graph.task(end, keep);
    let mut sequence = Sequence::new(graph, 1).unwrap();
    assert!(sequence.run(&Settings::default()).is_err());
    assert_eq!(kept(&all), [1000, 1001, 1002]);
    sequence.run(&Settings::default()).unwrap();
    assert_eq!(kept(&all), [1004]);
}

#[test]
fn a_path_that_does_not_exist_is_an_error_of_the_commute() {
    let mut graph = Graph::new();
    let frame = graph.source(iterate("Count", [0_u64]));
    graph.branch(frame, 2, |_| 2);
    let error = Sequence::new(graph, 1).unwrap().run(&Settings::default()).unwrap_err();
    assert!(matches!(&error, facette_flow::Error::Task { task, source, .. }
        if task == "branch" && source.to_string().contains("path 2")));
}
