//! Model checks of the ring: loom runs interleavings of some threads on a tiny ring.
//!
//! `RUSTFLAGS="--cfg loom" cargo test --release -p facette-flow --lib model`. What is checked: every frame arrives
//! once, in order behind one consumer, a stream ends for all consumers, and nobody sleeps for ever (loom reports a
//! deadlock). The parking rings are the interesting ones: a lost wake-up is a deadlock.

use std::sync::Arc;

use loom::thread;

use super::{
    ring::{Ring, RingSpec, Waited},
    wait::Waiting,
};

/// Every interleaving with at most two preemptions: all of them take hours, and known races need one or two.
fn model(work: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(2);
    builder.check(work);
}

fn spec(capacity: usize, producers: usize, consumers: usize, waiting: Waiting) -> RingSpec {
    let is_ordered = producers > 1 && consumers == 1;
    RingSpec { capacity, producers, consumers, waiting, is_ordered, is_prefilled: false }
}

fn put(ring: &Ring<u64>, position: u64) {
    ring.fill(position, &mut Waited::default(), |_, parcel| parcel.value = Some(position));
}

fn get(ring: &Ring<u64>, position: u64) -> Option<u64> {
    ring.drain(position, &mut Waited::default(), |_, parcel| parcel.value.take()).flatten()
}

/// One producer, one consumer: `frames` frames and the end.
fn one_to_one(capacity: usize, frames: u64, waiting: Waiting) {
    model(move || {
        let ring = Arc::new(Ring::<u64>::new(spec(capacity, 1, 1, waiting), Vec::new()));
        let producer = ring.clone();
        let thread = thread::spawn(move || {
            (0..frames).for_each(|frame| put(&producer, frame));
            producer.leave(frames);
        });
        for frame in 0..frames {
            assert_eq!(get(&ring, frame), Some(frame));
        }
        assert_eq!(get(&ring, frames), None);
        thread.join().unwrap();
    });
}

#[test]
fn one_to_one_parks_and_wakes() {
    one_to_one(1, 2, Waiting::Park);
    one_to_one(2, 2, Waiting::Park);
}

#[test]
fn one_to_one_spins() {
    one_to_one(1, 2, Waiting::Spin);
}

#[test]
fn two_producers_keep_the_order_of_frames() {
    model(|| {
        let ring = Arc::new(Ring::<u64>::new(spec(1, 2, 1, Waiting::Park), Vec::new()));
        let threads: Vec<_> = [1, 0]
            .into_iter()
            .map(|frame| {
                let ring = ring.clone();
                thread::spawn(move || {
                    put(&ring, frame);
                    ring.leave(1);
                })
            })
            .collect();
        assert_eq!([get(&ring, 0), get(&ring, 1), get(&ring, 2)], [Some(0), Some(1), None]);
        threads.into_iter().for_each(|thread| thread.join().unwrap());
    });
}

#[test]
fn two_consumers_on_one_slot_both_wake() {
    model(|| {
        let ring = Arc::new(Ring::<u64>::new(spec(1, 1, 2, Waiting::Park), Vec::new()));
        let threads: Vec<_> = [0, 1]
            .into_iter()
            .map(|position| {
                let ring = ring.clone();
                thread::spawn(move || get(&ring, position))
            })
            .collect();
        put(&ring, 0);
        ring.leave(1);
        let got: Vec<_> = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
        assert_eq!(got, [Some(0), None]);
    });
}
