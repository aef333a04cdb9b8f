//! Counts the words of a text: `cargo run -p facette-flow --example word_count -- FILE [THREADS]`.
//!
//! ```text
//! ReadLines → CountWords (replicated) → Merge ⇒ Top → Print
//! ```

use std::{
    collections::HashMap,
    env,
    fs::File,
    io::{BufRead, BufReader},
};

use facette_flow::{Accumulator, BoxError, Chain, Run, Source, Task};

type Counts = HashMap<String, u64>;

/// Gives the lines of a text in blocks.
struct ReadLines<R> {
    text: R,
    block: usize,
}

impl<R: BufRead + Send + 'static> Source for ReadLines<R> {
    type Out = Vec<String>;

    fn next(&mut self) -> Result<Option<Vec<String>>, BoxError> {
        let lines = self.text.by_ref().lines().take(self.block).collect::<Result<Vec<_>, _>>()?;
        Ok((!lines.is_empty()).then_some(lines))
    }
}

/// Counts the words of one block; stateless, so copies may work side by side.
struct CountWords;

impl Task for CountWords {
    type In = Vec<String>;
    type Out = Counts;

    fn run(&mut self, lines: Vec<String>) -> Result<Counts, BoxError> {
        let mut counts = Counts::new();
        for word in lines.iter().flat_map(|line| line.split(|c: char| !c.is_alphanumeric())) {
            if !word.is_empty() {
                *counts.entry(word.to_lowercase()).or_default() += 1;
            }
        }
        Ok(counts)
    }

    fn replica(&self) -> Option<Self> {
        Some(CountWords)
    }
}

/// Adds the counts of all blocks.
#[derive(Default)]
struct Merge(Counts);

impl Accumulator for Merge {
    type In = Counts;
    type Out = Counts;

    fn add(&mut self, counts: Counts) -> Result<(), BoxError> {
        counts.into_iter().for_each(|(word, n)| *self.0.entry(word).or_default() += n);
        Ok(())
    }

    fn finish(&mut self) -> Result<Counts, BoxError> {
        Ok(std::mem::take(&mut self.0))
    }
}

/// The most frequent words; ties in alphabetical order.
struct Top(usize);

impl Task for Top {
    type In = Counts;
    type Out = Vec<(String, u64)>;

    fn run(&mut self, counts: Counts) -> Result<Self::Out, BoxError> {
        let mut words: Vec<_> = counts.into_iter().collect();
        words.sort_by(|(a, n_a), (b, n_b)| n_b.cmp(n_a).then(a.cmp(b)));
        words.truncate(self.0);
        Ok(words)
    }
}

struct Print;

impl Task for Print {
    type In = Vec<(String, u64)>;
    type Out = ();

    #[expect(clippy::print_stdout, reason = "the example's product")]
    fn run(&mut self, words: Self::In) -> Result<(), BoxError> {
        words.iter().for_each(|(word, n)| println!("{n:8}  {word}"));
        Ok(())
    }
}

#[expect(clippy::print_stdout, reason = "an example talks")]
fn main() -> Result<(), BoxError> {
    let mut args = env::args().skip(1);
    let text: Box<dyn BufRead + Send> = match args.next() {
        Some(path) => Box::new(BufReader::new(File::open(path)?)),
        None => Box::new(include_str!("word_count.rs").as_bytes()),
    };
    let threads = args.next().map_or(Ok(2), |n| n.parse())?;

    let mut chain = Chain::new();
    let counts = chain.per_chunk(ReadLines { text, block: 1000 }, |c, lines| {
        let counts = c.then(lines, CountWords);
        c.accumulate(counts, Merge::default())
    });
    let top = chain.then(counts, Top(10));
    chain.sink(top, Print);

    let report = chain.run(&Run::pipeline(threads))?;
    for task in &report.tasks {
        println!(
            "{:12} {:6} calls  {:.4} s  {} replica(s)",
            task.name, task.calls, task.busy_s, task.replicas
        );
    }
    Ok(())
}
