//! Stages of any width to stages of any width: values, order, runs again, waits, frames by need.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex},
    thread,
    time::{Duration, Instant},
};

use facette_flow::{
    BoxError, Source,
    closures::{iterate, map, replicable},
    graph::{Graph, Pipeline, Settings, Stage, Waiting},
};

use crate::support::{Add, WAITINGS, keep, kept, watched};

#[test]
fn any_widths_in_any_waiting_keep_all_frames_in_order() {
    for waiting in WAITINGS {
        for depth in [1, 3, 16] {
            for widths in
                [&[1_usize][..], &[2], &[1, 1], &[3, 2], &[2, 5, 1], &[1, 3, 2, 4], &[4, 4, 4, 1, 2, 2]]
            {
                let what = format!("{widths:?} depth {depth} {waiting:?}");
                let widths = widths.to_vec();
                watched(what.clone(), move || {
                    let mut graph = Graph::new();
                    let mut frame = graph.source(iterate("Count", 0..300_u64));
                    for _ in &widths {
                        frame = graph.forward(frame, Add(1));
                    }
                    let (keep, all) = keep();
                    graph.task(frame, keep);
                    let stage = |n: usize| Stage::new(n).depth(depth).waiting(waiting);
                    let mut stages = vec![stage(1)];
                    stages.extend(widths.iter().map(|&width| stage(1).replicas(width)));
                    stages.push(stage(1));
                    let mut pipeline = Pipeline::new(graph, &stages).unwrap();
                    let report = pipeline.run(&Settings::default()).unwrap();
                    let n = widths.len() as u64;
                    assert_eq!(kept(&all), (n..300 + n).collect::<Vec<_>>(), "{what}");
                    assert_eq!(report.frames, 300);
                    assert!(report.tasks.iter().skip(1).all(|task| task.calls == 300), "{what}");
                });
            }
        }
    }
}

#[test]
fn a_pipeline_runs_again_and_again() {
    for waiting in WAITINGS {
        watched(format!("{waiting:?}"), move || {
            let mut graph = Graph::new();
            let frame = graph.source(iterate("Count", 0_u64..));
            let frame = graph.forward(frame, Add(0));
            let (keep, all) = keep();
            graph.task(frame, keep);
            let stage = || Stage::new(1).waiting(waiting).depth(2);
            let stages = [stage(), stage().replicas(3), stage()];
            let mut pipeline = Pipeline::new(graph, &stages).unwrap();
            let settings = Settings { frames: Some(20), ..Settings::default() };
            for round in 0..50_u64 {
                assert_eq!(pipeline.run(&settings).unwrap().frames, 20);
                assert_eq!(kept(&all), (20 * round..20 * (round + 1)).collect::<Vec<_>>());
            }
        });
    }
}

#[test]
fn sockets_cross_several_boundaries_and_are_relayed() {
    let mut graph = Graph::new();
    let number = graph.source(iterate("Count", 0..200_u64));
    let text = graph.task(number.clone(), replicable("Text", |n: u64| Ok(n.to_string())));
    let more = graph.forward(number.clone(), Add(1000));
    let (keep, all) = keep();
    graph.task((number, text, more), keep);
    let stages = [Stage::new(1), Stage::new(1).replicas(2), Stage::new(1).replicas(3), Stage::new(1)];
    Pipeline::new(graph, &stages).unwrap().run(&Settings::default()).unwrap();
    let want: Vec<_> = (0..200_u64).map(|n| (n, n.to_string(), n + 1000)).collect();
    assert_eq!(kept(&all), want);
}

#[test]
fn a_boundary_without_data_keeps_the_frames_in_step() {
    let trace = Arc::new(Mutex::new(Vec::new()));
    let mut graph = Graph::new();
    let say = |at: usize| {
        let trace = trace.clone();
        map("Say", move |(): ()| {
            trace.lock().unwrap().push(at);
            Ok(())
        })
    };
    let a = graph.task((), say(0));
    let b = graph.task((), say(1));
    graph.order(&a, &b);
    let mut pipeline = Pipeline::new(graph, &[Stage::new(1).depth(1), Stage::new(1)]).unwrap();
    pipeline.run(&Settings { frames: Some(100), ..Settings::default() }).unwrap();
    let trace = trace.lock().unwrap();
    let mut ahead = 0_i32;
    for &at in trace.iter() {
        ahead += if at == 0 { 1 } else { -1 };
        assert!((0..=3).contains(&ahead), "{trace:?}");
    }
    assert_eq!((trace.len(), ahead), (200, 0));
}

#[test]
fn a_filtered_frame_leaves_no_hole_behind_replicas() {
    let mut graph = Graph::new();
    let number = graph.source(iterate("Count", 0..300_u64));
    let some = graph.task(number, replicable("Some", |n: u64| Ok((n % 7 < 3).then_some(n))));
    let some = graph.filter(some);
    let (keep, all) = keep();
    graph.task(some, keep);
    let stages = [Stage::new(1), Stage::new(2).replicas(4).depth(2), Stage::new(1)];
    let report = Pipeline::new(graph, &stages).unwrap().run(&Settings::default()).unwrap();
    let want: Vec<_> = (0..300).filter(|n| n % 7 < 3).collect();
    assert_eq!(report.tasks[3].calls, want.len() as u64);
    assert_eq!(kept(&all), want);
}

#[test]
fn replicas_of_a_source_share_the_numbers_of_frames() {
    struct Ten(u64);
    impl Source for Ten {
        type Out = u64;
        fn next(&mut self) -> Result<Option<u64>, BoxError> {
            self.0 += 1;
            Ok((self.0 <= 10).then_some(self.0))
        }
        fn replica(&self) -> Option<Self> {
            Some(Ten(0))
        }
    }
    for waiting in WAITINGS {
        let all = watched(format!("{waiting:?}"), move || {
            let mut graph = Graph::new();
            let number = graph.source(Ten(0));
            let (keep, all) = keep();
            graph.task(number, keep);
            let stages = [Stage::new(1).replicas(3).depth(1).waiting(waiting), Stage::new(1)];
            Pipeline::new(graph, &stages).unwrap().run(&Settings::default()).unwrap();
            kept(&all)
        });
        assert_eq!(all.len(), 30);
        assert_eq!(all.into_iter().collect::<BTreeSet<_>>(), (1..=10).collect());
    }
}

/// StreamPU needs 0.86 s where 0.50 s is ideal, because frames go to replicas in turn.
#[test]
fn alternately_slow_frames_finish_near_the_ideal_time() {
    let once = || {
        let mut graph = Graph::new();
        let number = graph.source(iterate("Count", 0..200_u64));
        let slow = replicable("Slow", |n: u64| {
            if n.is_multiple_of(2) {
                thread::sleep(Duration::from_millis(5));
            }
            Ok(n)
        });
        let number = graph.task(number, slow);
        let (keep, all) = keep();
        graph.task(number, keep);
        let stages = [Stage::new(1), Stage::new(1).replicas(2), Stage::new(1)];
        let mut pipeline = Pipeline::new(graph, &stages).unwrap();
        let started = Instant::now();
        pipeline.run(&Settings::default()).unwrap();
        assert_eq!(kept(&all), (0..200).collect::<Vec<_>>());
        started.elapsed().as_secs_f64()
    };
    // Sleeps take longer than asked for on a busy machine: the best of some runs counts.
    let best = (0..6).map(|_| once()).fold(f64::INFINITY, f64::min);
    let ideal = {
        let started = Instant::now();
        (0..50).for_each(|_| thread::sleep(Duration::from_millis(5)));
        started.elapsed().as_secs_f64()
    };
    // 5 % is the aim on a quiet machine; elsewhere a neighbor may take as much, which must not fail a build.
    let margin = if std::env::var_os("FACETTE_SLOW").is_some() { 1.05 } else { 1.25 };
    assert!(best < margin * ideal.max(0.25), "{best} s, ideal {ideal} s");
}

#[test]
fn boundaries_tell_who_waited() {
    let mut graph = Graph::new();
    let number = graph.source(iterate("Count", 0..30_u64));
    let number = graph.task(number, map("Relay", |n: u64| Ok(n)));
    let slow = map("Slow", |_: u64| {
        thread::sleep(Duration::from_millis(2));
        Ok(())
    });
    graph.task(number, slow);
    let stage = || Stage::new(1).depth(1).waiting(Waiting::Park);
    let report =
        Pipeline::new(graph, &[stage(), stage(), stage()]).unwrap().run(&Settings::default()).unwrap();
    let [first, second] = &report.boundaries[..] else { panic!("{:?}", report.boundaries) };
    assert!(first.waited_room_s > 0.02 && second.waited_room_s > 0.02, "{:?}", report.boundaries);
    assert!(second.waited_frame_s < first.waited_room_s, "{:?}", report.boundaries);
}

#[test]
fn without_order_a_slow_frame_is_overtaken_and_nothing_is_lost() {
    for waiting in WAITINGS {
        for widths in [&[2_usize, 1][..], &[3, 1, 4, 1], &[2, 3, 1]] {
            let widths = widths.to_vec();
            watched(format!("{widths:?} {waiting:?}"), move || {
                let mut graph = Graph::new();
                let mut frame = graph.source(iterate("Count", 0..200_u64));
                for i in 0..widths.len() - 1 {
                    let slow = move |n: u64| {
                        if n == 0 && i == 0 {
                            thread::sleep(Duration::from_millis(50));
                        }
                        Ok(n)
                    };
                    frame = graph.task(frame, replicable("Slow", slow));
                }
                let (keep, all) = keep();
                graph.task(frame, keep);
                let stage =
                    |&width: &usize| Stage::new(1).replicas(width).depth(2).waiting(waiting).unordered();
                let stages: Vec<Stage> = [1].iter().chain(&widths).map(stage).collect();
                let report = Pipeline::new(graph, &stages).unwrap().run(&Settings::default()).unwrap();
                let mut all = kept(&all);
                assert_eq!((report.frames, all.len()), (200, 200));
                assert_ne!(all[0], 0, "the slow frame was waited for");
                all.sort();
                assert!(all.iter().copied().eq(0..200));
            });
        }
    }
}
