//! Frames of 16 bytes, the tasks that change them, and the check at the end.

use std::{
    hint::black_box,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

use facette_flow::{
    BoxError, Source, Task,
    graph::{Forward, Settings},
};

use crate::Timed;

/// How often it was changed, and its number in the stream.
pub(crate) type Frame = [u64; 2];

/// A source of numbered frames; on a cache line of its own, for another core works on the boxes beside it.
#[repr(align(128))]
struct Numbers(u64);

impl Source for Numbers {
    type Out = Frame;
    fn next(&mut self) -> Result<Option<Frame>, BoxError> {
        self.0 += 1;
        Ok(Some([0, self.0]))
    }
}

/// A source whose replicas give the same frame: which of them gives how many is a matter of luck.
#[derive(Clone)]
pub(crate) struct Alike;

impl Source for Alike {
    type Out = Frame;
    fn next(&mut self) -> Result<Option<Frame>, BoxError> {
        Ok(Some([0, 1]))
    }
    fn replica(&self) -> Option<Self> {
        Some(Alike)
    }
}

#[derive(Clone)]
struct AddOne;

impl Forward for AddOne {
    type Frame = Frame;
    fn run(&mut self, frame: &mut Frame) -> Result<(), BoxError> {
        frame[0] += 1;
        Ok(())
    }
}

impl Task for AddOne {
    type In = Frame;
    type Out = Frame;
    fn run(&mut self, frame: Frame) -> Result<Frame, BoxError> {
        Ok([frame[0] + 1, frame[1]])
    }
}

/// What a stage with replicas needs: a task behind a box that can be copied.
trait Step: Send {
    fn change(&mut self, frame: &mut Frame);
    fn copy(&self) -> Box<dyn Step>;
}

impl Step for AddOne {
    fn change(&mut self, frame: &mut Frame) {
        frame[0] += 1;
    }
    fn copy(&self) -> Box<dyn Step> {
        Box::new(self.clone())
    }
}

struct Chosen(Box<dyn Step>);

impl Forward for Chosen {
    type Frame = Frame;
    fn run(&mut self, frame: &mut Frame) -> Result<(), BoxError> {
        self.0.change(frame);
        Ok(())
    }
    fn replica(&self) -> Option<Self> {
        Some(Chosen(self.0.copy()))
    }
}

/// A boxed source: the compiler does not see what is in the box.
pub(crate) fn numbers() -> Box<dyn Source<Out = Frame>> {
    black_box(Box::new(Numbers(0)))
}

/// A boxed task that works in place.
pub(crate) fn add_in_place() -> Box<dyn Forward<Frame = Frame>> {
    black_box(Box::new(AddOne))
}

/// A boxed task that takes a frame and gives another.
pub(crate) fn add_in_out() -> Box<dyn Task<In = Frame, Out = Frame>> {
    black_box(Box::new(AddOne))
}

/// A task that works in place through a box, and makes replicas.
pub(crate) fn add_replicable() -> impl Forward<Frame = Frame> {
    Chosen(black_box(Box::new(AddOne)))
}

/// What all replicas of the last task have seen: changes, and the sum of the numbers.
#[derive(Clone, Default)]
pub(crate) struct Seen(Arc<[AtomicU64; 2]>);

impl Seen {
    /// Adds what somebody saw.
    pub(crate) fn add(&self, sums: Frame) {
        self.0.iter().zip(sums).for_each(|(all, sum)| _ = all.fetch_add(sum, Ordering::Relaxed));
    }

    /// Whether there were `changes` in all, and numbers that sum up to `numbers`.
    ///
    /// # Errors
    /// What was expected and what was got.
    pub(crate) fn check(&self, changes: u64, numbers: u64) -> Result<(), String> {
        let got = [&self.0[0], &self.0[1]].map(|sum| sum.load(Ordering::Relaxed));
        if got == [changes, numbers] {
            return Ok(());
        }
        Err(format!("wrong frames at the end: expected the sums {changes} and {numbers}, got {got:?}"))
    }
}

/// The last task: changes the frame once more and sums up; tells when it is dropped. Alone on its cache line.
#[repr(align(128))]
pub(crate) struct Sum {
    here: Frame,
    seen: Seen,
}

impl Sum {
    /// A sum that adds to `seen`.
    pub(crate) fn new(seen: &Seen) -> Self {
        Sum { here: [0, 0], seen: seen.clone() }
    }

    /// The same as a task in a box.
    pub(crate) fn boxed(seen: &Seen) -> Box<dyn Task<In = Frame, Out = ()>> {
        black_box(Box::new(Sum::new(seen)))
    }
}

impl Task for Sum {
    type In = Frame;
    type Out = ();
    fn run(&mut self, frame: Frame) -> Result<(), BoxError> {
        self.here = [self.here[0] + frame[0] + 1, self.here[1] + frame[1]];
        Ok(())
    }
    fn replica(&self) -> Option<Self> {
        Some(Sum::new(&self.seen))
    }
}

impl Drop for Sum {
    fn drop(&mut self) {
        self.seen.add(self.here);
    }
}

/// 1 + 2 + … + n.
pub(crate) fn sum_to(n: u64) -> u64 {
    n * (n + 1) / 2
}

/// Settings for so many frames.
pub(crate) fn settings(frames: u64) -> Settings {
    Settings { frames: Some(frames), ..Settings::default() }
}

/// Frames in all, those of [`stream`]'s warm-up included.
pub(crate) fn with_warm_up(frames: u64) -> u64 {
    frames + frames / 10
}

/// Seconds per frame of `run`, which gets the number of frames; a tenth of them to warm up first.
pub(crate) fn stream(frames: u64, mut run: impl FnMut(u64) -> Result<(), facette_flow::Error>) -> Timed {
    run(frames / 10)?;
    let started = Instant::now();
    run(frames)?;
    Ok(started.elapsed().as_secs_f64() / frames as f64)
}
