//! Limits in bytes: of a boundary and of a pipeline; what is alive never weighs more, and everything arrives.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    thread,
    time::Duration,
};

use facette_flow::{
    BuildError, Error,
    closures::{iterate, map, replicable},
    graph::{Graph, Out, Pipeline, Settings, Stage},
};

use crate::support::{WAITINGS, keep, kept, watched};

/// A frame that is counted while it lives.
struct Block {
    number: u64,
    bytes: usize,
    alive: Arc<AtomicI64>,
}

impl Drop for Block {
    fn drop(&mut self) {
        self.alive.fetch_sub(self.bytes as i64, Ordering::SeqCst);
    }
}

/// Blocks of 1 to 10 bytes, some of them 50; the most bytes that lived at a time.
fn blocks(graph: &mut Graph, n: u64) -> (Out<Block>, Arc<AtomicI64>) {
    let (alive, most) = (Arc::new(AtomicI64::new(0)), Arc::new(AtomicI64::new(0)));
    let peak = most.clone();
    let make = move |number: u64| {
        let bytes = if number % 37 == 5 { 50 } else { 1 + number as usize * 7 % 10 };
        let now = alive.fetch_add(bytes as i64, Ordering::SeqCst) + bytes as i64;
        peak.fetch_max(now, Ordering::SeqCst);
        Block { number, bytes, alive: alive.clone() }
    };
    let block = graph.source(iterate("Blocks", (0..n).map(make)));
    graph.weigh(&block, |block: &Block| block.bytes);
    (block, most)
}

fn slow(number: u64) {
    if number % 11 == 3 {
        thread::sleep(Duration::from_micros(300));
    }
}

#[test]
fn memory_of_a_pipeline_is_kept_and_everything_arrives_in_order() {
    for waiting in WAITINGS {
        for (limit, widths) in
            [(60, vec![1]), (60, vec![4]), (200, vec![3, 2]), (1, vec![2]), (100_000, vec![4])]
        {
            watched(format!("{limit} {widths:?} {waiting:?}"), move || {
                let mut graph = Graph::new();
                let (mut block, most) = blocks(&mut graph, 300);
                for _ in &widths {
                    block = graph.task(
                        block,
                        replicable("Slow", |block: Block| {
                            slow(block.number);
                            Ok(block)
                        }),
                    );
                    graph.weigh(&block, |block: &Block| block.bytes);
                }
                let (task, all) = keep();
                let number = graph.task(block, map("Number", |block: Block| Ok(block.number)));
                graph.task(number, task);
                let stage = |n: usize| Stage::new(n).depth(64).waiting(waiting);
                let mut stages = vec![stage(1)];
                stages.extend(widths.iter().map(|&width| stage(1).replicas(width)));
                stages.push(stage(2));
                let mut pipeline = Pipeline::new(graph, &stages).unwrap().memory(limit).unwrap();
                pipeline.run(&Settings::default()).unwrap();
                assert!(kept(&all).into_iter().eq(0..300));
                // The frame that is being made is not known yet; the heaviest before it is reserved.
                let most = most.load(Ordering::SeqCst);
                assert!(most <= (limit + 50) as i64, "{most} of {limit}");
            });
        }
    }
}

#[test]
fn a_boundary_holds_no_more_bytes_and_lets_heavy_and_early_frames_pass() {
    for waiting in WAITINGS {
        for widths in [[1, 1], [4, 1], [1, 4], [3, 2]] {
            watched(format!("{widths:?} {waiting:?}"), move || {
                let mut graph = Graph::new();
                let (block, most) = blocks(&mut graph, 300);
                let block = graph.task(
                    block,
                    replicable("Slow", |block: Block| {
                        slow(block.number);
                        Ok(block)
                    }),
                );
                graph.weigh(&block, |block: &Block| block.bytes);
                let number = graph.task(
                    block,
                    replicable("Number", |block: Block| {
                        slow(block.number + 5);
                        Ok(block.number)
                    }),
                );
                let (task, all) = keep();
                graph.task(number, task);
                let stage = |width: usize| Stage::new(1).depth(64).bytes(20).replicas(width).waiting(waiting);
                let stages = [stage(1), stage(widths[0]), Stage::new(1).replicas(widths[1]), Stage::new(1)];
                Pipeline::new(graph, &stages).unwrap().run(&Settings::default()).unwrap();
                assert!(kept(&all).into_iter().eq(0..300));
                // Two boundaries of 20 bytes or one heavy frame, and one frame in every hand.
                let hands = 1 + widths[0] + widths[1];
                let most = most.load(Ordering::SeqCst);
                assert!(most <= (2 * 50 + 50 * hands) as i64, "{most}");
                assert!(widths != [1, 1] || most < 300, "{most}");
            });
        }
    }
}

#[test]
fn bytes_behind_neighboring_wide_stages_do_not_lock_them() {
    for widths in [[2, 2], [3, 2], [2, 3]] {
        watched(format!("{widths:?}"), move || {
            let mut graph = Graph::new();
            let (block, _) = blocks(&mut graph, 200);
            let block = graph.task(
                block,
                replicable("Slow", |block: Block| {
                    if block.number.is_multiple_of(20) {
                        thread::sleep(Duration::from_millis(3));
                    }
                    Ok(block)
                }),
            );
            let block = graph.task(block, replicable("Pass", Ok::<Block, facette_flow::BoxError>));
            graph.weigh(&block, |block: &Block| block.bytes);
            let (task, all) = keep();
            let number = graph.task(block, map("Number", |block: Block| Ok(block.number)));
            graph.task(number, task);
            let wide = |n: usize| Stage::new(1).replicas(n).depth(1);
            let stages = [Stage::new(1), wide(widths[0]), wide(widths[1]).bytes(12), Stage::new(2)];
            Pipeline::new(graph, &stages).unwrap().run(&Settings::default()).unwrap();
            assert!(kept(&all).into_iter().eq(0..200));
        });
    }
}

#[test]
fn failures_do_not_leave_anybody_waiting_for_bytes() {
    for round in 0..40_u64 {
        watched(format!("{round}"), move || {
            let mut graph = Graph::new();
            let (block, _) = blocks(&mut graph, 1000);
            let block =
                graph.task(
                    block,
                    replicable("Fail", move |block: Block| {
                        if block.number == 20 + round { Err("trap".into()) } else { Ok(block) }
                    }),
                );
            graph.weigh(&block, |block: &Block| block.bytes);
            graph.task(block, map("End", |_: Block| Ok(())));
            let stages = [Stage::new(1).bytes(10), Stage::new(1).replicas(3).bytes(10), Stage::new(1)];
            let mut pipeline = Pipeline::new(graph, &stages).unwrap().memory(40).unwrap();
            let error = pipeline.run(&Settings::default()).unwrap_err();
            assert!(matches!(&error, Error::Task { chunk: Some(n), .. } if *n == 20 + round), "{error:?}");
        });
    }
}

#[test]
fn limits_of_nothing_are_named() {
    let graph = || {
        let mut graph = Graph::new();
        let number = graph.source(iterate("Count", 0..5_u64));
        graph.task(number, map("End", |_: u64| Ok(())));
        graph
    };
    let error = Pipeline::new(graph(), &[Stage::new(1).bytes(5), Stage::new(1)]).err().unwrap();
    assert_eq!(error, BuildError::Unweighed { stage: Some(0) });
    let error = Pipeline::new(graph(), &[Stage::new(1), Stage::new(1).bytes(5)]).err().unwrap();
    assert_eq!(error, BuildError::NoBoundary { stage: 1 });
    assert!(error.to_string().contains("there is no boundary behind it"), "{error}");
    let pipeline = Pipeline::new(graph(), &[Stage::new(1), Stage::new(1)]).unwrap();
    assert_eq!(pipeline.memory(5).err(), Some(BuildError::Unweighed { stage: None }));
    let error = Pipeline::new(graph(), &[Stage::new(1).bytes(0), Stage::new(1)]).err().unwrap();
    assert_eq!(error, BuildError::Zero { setting: "bytes" });
}
