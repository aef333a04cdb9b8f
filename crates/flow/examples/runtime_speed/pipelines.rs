//! Stages on threads of their own, with small frames and with large ones.

use std::sync::{Arc, Mutex};

use facette_flow::{
    BoxError, Source, Task,
    graph::{Graph, Pipeline, Stage, Waiting},
};

use crate::{
    Case, Timed, cores,
    frames::{
        Alike, Seen, Sum, add_in_place, add_replicable, numbers, settings, stream, sum_to, with_warm_up,
    },
};

/// How frames wait, in the names of the cases.
const WAITINGS: [(&str, Waiting); 3] =
    [("spin", Waiting::Spin), ("spin-then-park", Waiting::SpinThenPark), ("park", Waiting::Park)];

const WIDTHS: [(&str, &[usize]); 4] =
    [("1-2", &[1, 2]), ("2-1", &[2, 1]), ("1-2-1", &[1, 2, 1]), ("1-1-1-1", &[1, 1, 1, 1])];

/// Bytes of a block, in the names of the cases.
pub(crate) const BLOCKS: [(&str, usize); 3] = [("16-B", 16), ("64-KiB", 65_536), ("1-MiB", 1_048_576)];

/// The cases of this file.
pub(crate) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for (how, waiting) in WAITINGS {
        for depth in [16, 1] {
            let pair = Shape { widths: &[1, 1], depth, waiting };
            cases.push(Case::new(format!("pair-{depth}-{how}"), move || pair.time()));
        }
        for (name, widths) in WIDTHS {
            let shape = Shape { widths, depth: 16, waiting };
            cases.push(Case::new(format!("stages-{name}-{how}"), move || shape.time()));
        }
    }
    for (how, waiting) in [WAITINGS[0], WAITINGS[1]] {
        for (size, bytes) in BLOCKS {
            cases.push(Case::new(format!("blocks-{size}-{how}"), move || blocks(bytes, waiting)));
        }
    }
    cases
}

/// A pipeline with one task in each stage.
#[derive(Clone, Copy)]
struct Shape {
    widths: &'static [usize],
    depth: usize,
    waiting: Waiting,
}

impl Shape {
    /// Seconds per frame.
    fn time(self) -> Timed {
        let seen = Seen::default();
        let mut pipeline = Pipeline::new(self.graph(&seen), &self.stages())?;
        let frames = self.frames();
        let seconds = stream(frames, |n| pipeline.run(&settings(n)).map(drop))?;
        drop(pipeline);
        let all = with_warm_up(frames);
        let numbers = if self.widths[0] > 1 { all } else { sum_to(all) };
        seen.check((self.widths.len() as u64 - 1) * all, numbers)?;
        Ok(seconds)
    }

    /// Boxed tasks, but where a stage has replicas: a box cannot say how to make them.
    fn graph(self, seen: &Seen) -> Graph {
        let mut graph = Graph::new();
        let [first, middle @ .., last] = self.widths else { return graph };
        let mut frame = if *first > 1 { graph.source(Alike) } else { graph.source(numbers()) };
        for &width in middle {
            frame = match width {
                1 => graph.forward(frame, add_in_place()),
                _ => graph.forward(frame, add_replicable()),
            };
        }
        match last {
            1 => graph.task(frame, Sum::boxed(seen)),
            _ => graph.task(frame, Sum::new(seen)),
        };
        graph
    }

    /// Two spinning stages are pinned to a core each; anything else goes where the system puts it.
    fn stages(self) -> Vec<Stage> {
        let is_pinned = self.waiting == Waiting::Spin && self.widths == [1, 1];
        let pinned = cores::two().filter(|_| is_pinned);
        let pin = |i: usize| pinned.map_or(Vec::new(), |two| vec![two[i % 2]]);
        let stage = |(i, &width): (usize, &usize)| {
            Stage::new(1).replicas(width).depth(self.depth).waiting(self.waiting).cores(&pin(i))
        };
        self.widths.iter().enumerate().map(stage).collect()
    }

    /// Enough for a good part of a second.
    fn frames(self) -> u64 {
        match (self.waiting, self.widths.len(), self.depth) {
            (Waiting::Park, _, 1) => 10_000,
            (Waiting::Park, ..) => 150_000,
            (_, 2, 16) if self.widths == [1, 1] => 5_000_000,
            (_, 2, 1) => 1_500_000,
            _ => 400_000,
        }
    }
}

/// A frame that owns a block which nobody looks into.
struct Block {
    changes: u64,
    data: Box<[u8]>,
}

/// Blocks on their way back from the end of the pipeline to its beginning, many at a time.
type Pool = Arc<Mutex<Vec<Block>>>;

/// How many blocks go back together: the lock must not be what is measured.
const TOGETHER: usize = 64;

struct TakeBlocks {
    pool: Pool,
    here: Vec<Block>,
    bytes: usize,
}

impl Source for TakeBlocks {
    type Out = Block;
    fn next(&mut self) -> Result<Option<Block>, BoxError> {
        if self.here.is_empty() {
            std::mem::swap(&mut self.here, &mut *self.pool.lock().map_err(|e| e.to_string())?);
        }
        let fresh = || Block { changes: 0, data: vec![0; self.bytes].into() };
        let mut block = self.here.pop().unwrap_or_else(fresh);
        block.changes = 0;
        Ok(Some(block))
    }
}

struct GiveBlocks {
    pool: Pool,
    here: Vec<Block>,
    bytes: usize,
    sums: [u64; 2],
    seen: Seen,
}

impl Task for GiveBlocks {
    type In = Block;
    type Out = ();
    fn run(&mut self, mut block: Block) -> Result<(), BoxError> {
        block.changes += 1;
        self.sums[0] += block.changes;
        self.sums[1] += u64::from(block.data.len() == self.bytes);
        self.here.push(block);
        if self.here.len() == TOGETHER {
            self.pool.lock().map_err(|e| e.to_string())?.append(&mut self.here);
        }
        Ok(())
    }
}

impl Drop for GiveBlocks {
    fn drop(&mut self) {
        self.seen.add(self.sums);
    }
}

/// Two stages that move blocks by ownership; seconds per frame.
fn blocks(bytes: usize, waiting: Waiting) -> Timed {
    const FRAMES: u64 = 2_000_000;
    let (pool, seen) = (Pool::default(), Seen::default());
    let give = GiveBlocks { pool: pool.clone(), here: Vec::new(), bytes, sums: [0, 0], seen: seen.clone() };
    let take = TakeBlocks { pool, here: Vec::new(), bytes };
    let mut graph = Graph::new();
    let block = graph.source(Box::new(take) as Box<dyn Source<Out = Block>>);
    graph.task(block, Box::new(give) as Box<dyn Task<In = Block, Out = ()>>);
    let stages = Shape { widths: &[1, 1], depth: 16, waiting }.stages();
    let mut pipeline = Pipeline::new(graph, &stages)?;
    let seconds = stream(FRAMES, |n| pipeline.run(&settings(n)).map(drop))?;
    drop(pipeline);
    seen.check(with_warm_up(FRAMES), with_warm_up(FRAMES))?;
    Ok(seconds)
}
