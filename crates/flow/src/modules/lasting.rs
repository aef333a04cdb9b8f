//! A service time for any task: to measure schedules before the real work exists.

use std::{
    hint::spin_loop,
    time::{Duration, Instant},
};

use crate::{BoxError, Source, Task, graph::Forward};

/// A task, forward task or source whose calls take at least so long: it is busy for the rest of the time.
#[derive(Clone, Debug)]
pub struct Lasting<K> {
    task: K,
    time: Duration,
}

impl<K> Lasting<K> {
    /// Gives `task` a service time; with zero, the clock is not read.
    pub fn new(task: K, time: Duration) -> Self {
        Lasting { task, time }
    }

    fn last<R>(&mut self, work: impl FnOnce(&mut K) -> R) -> R {
        if self.time.is_zero() {
            return work(&mut self.task);
        }
        let started = Instant::now();
        let result = work(&mut self.task);
        while started.elapsed() < self.time {
            spin_loop();
        }
        result
    }
}

impl<K: Task> Task for Lasting<K> {
    type In = K::In;
    type Out = K::Out;

    fn name(&self) -> String {
        self.task.name()
    }

    fn run(&mut self, input: K::In) -> Result<K::Out, BoxError> {
        self.last(|task| task.run(input))
    }

    fn replica(&self) -> Option<Self> {
        Some(Lasting::new(self.task.replica()?, self.time))
    }

    fn max_threads(&self) -> usize {
        self.task.max_threads()
    }
}

impl<K: Forward> Forward for Lasting<K> {
    type Frame = K::Frame;

    fn name(&self) -> String {
        self.task.name()
    }

    fn run(&mut self, frame: &mut K::Frame) -> Result<(), BoxError> {
        self.last(|task| task.run(frame))
    }

    fn replica(&self) -> Option<Self> {
        Some(Lasting::new(self.task.replica()?, self.time))
    }
}

impl<K: Source> Source for Lasting<K> {
    type Out = K::Out;

    fn name(&self) -> String {
        self.task.name()
    }

    fn next(&mut self) -> Result<Option<K::Out>, BoxError> {
        self.last(Source::next)
    }

    fn n_chunks(&self) -> Option<u64> {
        self.task.n_chunks()
    }

    fn replica(&self) -> Option<Self> {
        Some(Lasting::new(self.task.replica()?, self.time))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::modules::{Fill, Increment, Relay};

    #[test]
    fn calls_take_the_time_whatever_they_are() {
        let time = Duration::from_millis(2);
        let started = Instant::now();
        let mut source = Lasting::new(Fill::new(1, 5), time);
        let frame = source.next().unwrap().unwrap();
        let mut frame = Task::run(&mut Lasting::new(Relay::new(), time), frame).unwrap();
        Forward::run(&mut Lasting::new(Increment::by(1), time), &mut frame).unwrap();
        assert_eq!(frame, [6]);
        assert!(started.elapsed() >= 3 * time);
        assert_eq!((Source::name(&source), source.replica().is_some()), ("Fill".to_owned(), true));
    }
}
