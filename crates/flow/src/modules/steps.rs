//! Stages for tests, measurements and delays: what hands frames on, adds to them, or takes time.

use std::{marker::PhantomData, ops::AddAssign, thread, time::Duration};

use crate::{BoxError, Task, graph::Forward};

/// Hands frames on as they are: as a task by moving them, as a forward task without touching them.
pub struct Relay<T>(PhantomData<fn(T)>);

impl<T> Relay<T> {
    /// A relay.
    pub fn new() -> Self {
        Relay(PhantomData)
    }
}

impl<T> Default for Relay<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: Send + 'static> Task for Relay<T> {
    type In = T;
    type Out = T;

    fn run(&mut self, frame: T) -> Result<T, BoxError> {
        Ok(frame)
    }

    fn replica(&self) -> Option<Self> {
        Some(Relay::new())
    }
}

impl<T: Send + 'static> Forward for Relay<T> {
    type Frame = T;

    fn run(&mut self, _: &mut T) -> Result<(), BoxError> {
        Ok(())
    }

    fn replica(&self) -> Option<Self> {
        Some(Relay::new())
    }
}

/// Adds a number to every element of a frame, which is a `Vec` or anything that gives a slice.
///
/// Elements that go round at the end of their range are `std::num::Wrapping`; plain ones overflow as Rust does.
pub struct Increment<T, V> {
    step: T,
    frames: PhantomData<fn(V)>,
}

impl<T, V> Increment<T, V> {
    /// Adds `step`.
    pub fn by(step: T) -> Self {
        Increment { step, frames: PhantomData }
    }
}

impl<T: AddAssign + Copy, V: AsMut<[T]>> Increment<T, V> {
    fn add(&self, frame: &mut V) {
        frame.as_mut().iter_mut().for_each(|element| *element += self.step);
    }
}

impl<T, V> Task for Increment<T, V>
where
    T: AddAssign + Copy + Send + 'static,
    V: AsMut<[T]> + Send + 'static,
{
    type In = V;
    type Out = V;

    fn run(&mut self, mut frame: V) -> Result<V, BoxError> {
        self.add(&mut frame);
        Ok(frame)
    }

    fn replica(&self) -> Option<Self> {
        Some(Increment::by(self.step))
    }
}

impl<T, V> Forward for Increment<T, V>
where
    T: AddAssign + Copy + Send + 'static,
    V: AsMut<[T]> + Send + 'static,
{
    type Frame = V;

    fn run(&mut self, frame: &mut V) -> Result<(), BoxError> {
        self.add(frame);
        Ok(())
    }

    fn replica(&self) -> Option<Self> {
        Some(Increment::by(self.step))
    }
}

/// Sleeps, and hands the frame on. The core is free meanwhile; [`super::Lasting`] keeps it busy.
pub struct Sleep<T> {
    time: Duration,
    frames: PhantomData<fn(T)>,
}

impl<T> Sleep<T> {
    /// Sleeps so long on each frame; the operating system may add to it.
    pub fn new(time: Duration) -> Self {
        Sleep { time, frames: PhantomData }
    }
}

impl<T: Send + 'static> Task for Sleep<T> {
    type In = T;
    type Out = T;

    fn run(&mut self, frame: T) -> Result<T, BoxError> {
        thread::sleep(self.time);
        Ok(frame)
    }

    fn replica(&self) -> Option<Self> {
        Some(Sleep::new(self.time))
    }
}

#[cfg(test)]
mod tests {
    use std::{num::Wrapping, time::Instant};

    use super::*;

    #[test]
    fn frames_are_incremented_in_both_ways_and_in_any_container() {
        assert_eq!(Task::run(&mut Increment::by(2), vec![1_u8, 2]).unwrap(), [3, 4]);
        let mut frame = [1.5, 2.5];
        Forward::run(&mut Increment::by(0.5), &mut frame).unwrap();
        assert_eq!(frame, [2.0, 3.0]);
        let round = Task::run(&mut Increment::by(Wrapping(3_u8)), vec![Wrapping(254)]).unwrap();
        assert_eq!(round, [Wrapping(1)]);
    }

    #[test]
    fn a_relay_moves_and_a_sleeper_takes_its_time() {
        let frame = vec![1];
        let at = frame.as_ptr();
        let frame = Task::run(&mut Relay::new(), frame).unwrap();
        assert_eq!((frame.as_ptr(), &frame[..]), (at, &[1][..]));
        let started = Instant::now();
        assert_eq!(Sleep::new(Duration::from_millis(3)).run("frame").unwrap(), "frame");
        assert!(started.elapsed() >= Duration::from_millis(3));
    }
}
