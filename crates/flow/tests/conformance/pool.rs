//! Pools in pipelines: as many buffers as are in flight, and none lost.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use facette_flow::{
    Error,
    closures::{iterate, map, replicable},
    graph::{Graph, Pipeline, Settings, Stage},
    pool::{Pool, Pooled},
};

use crate::support::{WAITINGS, watched};

/// A buffer that is counted.
struct Block {
    values: Vec<u64>,
    alive: Arc<AtomicUsize>,
}

impl Block {
    fn new(alive: &Arc<AtomicUsize>) -> Self {
        alive.fetch_add(1, Ordering::Relaxed);
        Block { values: Vec::with_capacity(100), alive: alive.clone() }
    }
}

impl Drop for Block {
    fn drop(&mut self) {
        self.alive.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Source → `replicas` × sum → check, in pooled buffers; frame `fails` fails in stage 1.
fn pipeline(pool: &Pool<Block>, alive: &Arc<AtomicUsize>, fails: u64, stages: &[Stage; 3]) -> Pipeline {
    let (pool, alive) = (pool.clone(), alive.clone());
    let mut graph = Graph::new();
    let number = graph.source(iterate("Count", 0..5000_u64));
    let block = graph.task(
        number,
        map("Fill", move |n| {
            let mut block = pool.take_or(|| Block::new(&alive));
            block.values.clear();
            block.values.resize(100, n);
            Ok(block)
        }),
    );
    let add = replicable("Add", move |mut block: Pooled<Block>| {
        block.values.iter_mut().for_each(|value| *value += 1);
        if block.values[0] == fails + 1 { Err("as asked".into()) } else { Ok(block) }
    });
    let block = graph.task(block, add);
    let mut next = 1;
    let check = map("Check", move |block: Pooled<Block>| {
        let is_right = block.values == [next; 100];
        next += 1;
        if is_right { Ok(()) } else { Err("wrong values".into()) }
    });
    graph.task(block, check);
    Pipeline::new(graph, stages).unwrap()
}

#[test]
fn no_more_buffers_are_made_than_are_in_flight() {
    for (i, (replicas, depth)) in [(1, 1), (1, 16), (3, 2), (4, 8)].into_iter().enumerate() {
        let waiting = WAITINGS[i % 3];
        watched(format!("{replicas} replicas, depth {depth}"), move || {
            let (pool, alive) = (Pool::new(1000), Arc::new(AtomicUsize::new(0)));
            let stages = [Stage::new(2), Stage::new(1).replicas(replicas), Stage::new(1)]
                .map(|stage| stage.depth(depth).waiting(waiting));
            let mut pipeline = pipeline(&pool, &alive, u64::MAX - 1, &stages);
            assert_eq!(pipeline.run(&Settings::default()).unwrap().frames, 5000);
            // One in every hand, two boundaries, and the frames that may overtake a slow one.
            let most = 1 + depth + replicas + (depth + replicas - 1) + 1;
            let stats = pool.stats();
            assert_eq!(stats.made + stats.reused, 5000);
            assert!(stats.made as usize <= most, "{stats:?}, at most {most} in flight");
            assert_eq!((stats.idle as u64, alive.load(Ordering::Relaxed) as u64), (stats.made, stats.made));
            drop((pipeline, pool));
            assert_eq!(alive.load(Ordering::Relaxed), 0);
        });
    }
}

#[test]
fn a_failure_loses_no_buffer() {
    for replicas in [1, 4] {
        for fails in [0, 1, 17, 999] {
            let (pool, alive) = (Pool::new(1000), Arc::new(AtomicUsize::new(0)));
            let stages = [Stage::new(2), Stage::new(1).replicas(replicas), Stage::new(1)];
            let mut pipeline = pipeline(&pool, &alive, fails, &stages);
            let error = pipeline.run(&Settings::default()).unwrap_err();
            assert!(
                matches!(&error, Error::Task { task, chunk, .. } if task == "Add" && *chunk == Some(fails))
            );
            let stats = pool.stats();
            assert_eq!((stats.idle as u64, alive.load(Ordering::Relaxed) as u64), (stats.made, stats.made));
            drop((pipeline, pool));
            assert_eq!(alive.load(Ordering::Relaxed), 0);
        }
    }
}
