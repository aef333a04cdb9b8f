//! A filter on two threads between a source and a sink: `cargo run --release -p facette-flow --example pipeline`.
//!
//! ```text
//! stage 0     stage 1, two replicas     stage 2
//! Sine    →   LowPass               →   Power
//! ```

use facette_flow::{
    BoxError, Source, Task,
    closures::map,
    graph::{Graph, Pipeline, Sampling, Settings, Stage},
};

/// Samples of a frame.
type Samples = Vec<f32>;

/// Gives blocks of a sine, with as much of another that is fifty times as fast.
struct Sine {
    block: usize,
    n_blocks: usize,
}

impl Source for Sine {
    type Out = Samples;

    fn next(&mut self) -> Result<Option<Samples>, BoxError> {
        const LENGTH: usize = 4096;
        let first = self.block * LENGTH;
        self.block += 1;
        let sample = |i: usize| (0.01 * i as f32).sin() + (0.5 * i as f32).sin();
        Ok((self.block <= self.n_blocks).then(|| (first..first + LENGTH).map(sample).collect()))
    }
}

/// The mean of so many neighbors. It remembers nothing between blocks, so copies of it may work side by side.
struct LowPass {
    taps: usize,
}

impl Task for LowPass {
    type In = Samples;
    type Out = Samples;

    fn run(&mut self, samples: Samples) -> Result<Samples, BoxError> {
        Ok(samples.windows(self.taps).map(|window| window.iter().sum::<f32>() / self.taps as f32).collect())
    }

    fn replica(&self) -> Option<Self> {
        Some(LowPass { taps: self.taps })
    }
}

#[expect(clippy::print_stdout, reason = "an example talks")]
fn main() -> Result<(), BoxError> {
    let mut graph = Graph::new();
    let samples = graph.source(Sine { block: 0, n_blocks: 2000 });
    let smooth = graph.task(samples, LowPass { taps: 63 });
    // A stage of one replica sees the frames in order, whatever the stages in front of it did.
    let (mut power, mut n_blocks) = (0.0, 0);
    let sink = map("Power", move |samples: Samples| {
        power += samples.iter().map(|x| x * x).sum::<f32>() / samples.len() as f32;
        n_blocks += 1;
        let mean: f32 = power / n_blocks as f32;
        // The slow sine has a power of one half, and the fast one is gone.
        if n_blocks > 100 && (mean - 0.5).abs() > 0.05 {
            Err(format!("a power of {mean}").into())
        } else {
            Ok(())
        }
    });
    graph.task(smooth, sink);

    let stages = [Stage::new(1), Stage::new(1).replicas(2), Stage::new(1)];
    let mut pipeline = Pipeline::new(graph, &stages)?;
    let report = pipeline.run(&Settings { sampling: Sampling::OneIn(16), ..Settings::default() })?;
    println!("{}", report.table());
    Ok(())
}
