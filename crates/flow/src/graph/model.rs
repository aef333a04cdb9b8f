//! Model checks of the ring: loom runs interleavings of some threads on a tiny ring. Those of the limits and of loops
//! around stages lie beside it.
//!
//! `RUSTFLAGS="--cfg loom" cargo test --release -p facette-flow --lib model`. What is checked: every frame arrives
//! once, in order behind one consumer, a stream ends for all consumers, nobody sleeps for ever (loom reports a
//! deadlock), no slot is touched by two threads at a time (loom's cells tell), and each frame is dropped once.

use std::{
    cell::RefCell,
    marker::PhantomData,
    rc::Rc,
    sync::{
        Arc,
        atomic::{AtomicIsize, AtomicUsize, Ordering},
    },
};

use loom::thread;

use super::{
    cell::{AnyCell, Cell, Kind, SlotKind, no_data},
    ring::{Carrier, Gated, Inlet, Outlet, Releasing, RingSpec},
    wait::Waiting,
};

// The first thread keeps each ring until the others have ended: the ring drops what is left in it, and loom does not see
// what the count of an `Arc` orders.

/// Preemptions where two threads make them cheap.
pub(super) const MANY: usize = 5;
pub(super) const WAITINGS: [Waiting; 3] = [Waiting::Spin, Waiting::SpinThenPark, Waiting::Park];
/// For three threads and more: with two of them spinning, loom finds that the third may starve.
pub(super) const PARKING: [Waiting; 2] = [Waiting::SpinThenPark, Waiting::Park];

/// Every interleaving with at most `preemptions`: all of them take hours, and known races need one or two.
pub(super) fn model(preemptions: usize, work: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(preemptions);
    builder.max_branches = 10_000;
    builder.check(work);
}

pub(super) fn spec(capacity: usize, producers: usize, consumers: usize, waiting: Waiting) -> RingSpec {
    let is_ordered = producers > 1 && consumers == 1;
    RingSpec { capacity, producers, consumers, waiting, is_ordered, is_prefilled: false }
}

pub(super) fn ring(spec: RingSpec) -> Arc<dyn Carrier> {
    Kind::<u64>(PhantomData).ring(spec, Vec::new())
}

/// A cell of a thread, with its type and without.
pub(super) fn cell<T: Send + 'static>() -> (Cell<T>, Rc<dyn AnyCell>) {
    let cell: Cell<T> = Rc::new(RefCell::new(None));
    (cell.clone(), cell)
}

/// Pushes frames and leaves.
fn produce(ring: Arc<dyn Carrier>, frames: impl IntoIterator<Item = u64>) {
    let (cell, any) = cell();
    let mut outlet = ring.outlet(vec![any]);
    for frame in frames {
        *cell.borrow_mut() = Some(10 + frame);
        outlet.push(frame, true);
    }
    outlet.close();
}

/// Pulls frames to the end.
fn consume(ring: Arc<dyn Carrier>) -> Vec<u64> {
    let (cell, any) = cell();
    let mut inlet = ring.inlet(vec![any]);
    let mut frames = Vec::new();
    while let Some((frame, is_alive)) = inlet.pull() {
        assert!(is_alive);
        assert_eq!(cell.borrow_mut().take(), Some(10 + frame));
        frames.push(frame);
    }
    frames
}

/// Producers with their frames, and consumers, of which one works on the first thread.
fn hand_over(preemptions: usize, shape: RingSpec, frames: &'static [&'static [u64]]) {
    model(preemptions, move || {
        let ring = ring(shape);
        let produce = |frames: &'static [u64]| {
            let ring = ring.clone();
            thread::spawn(move || produce(ring, frames.iter().copied()))
        };
        let producers: Vec<_> = frames.iter().map(|frames| produce(frames)).collect();
        let consume_too = |_| {
            let ring = ring.clone();
            thread::spawn(move || consume(ring))
        };
        let consumers: Vec<_> = (1..shape.consumers).map(consume_too).collect();
        let mut all = consume(ring.clone());
        for more in consumers {
            let more = more.join().unwrap();
            // A producer puts its frames in order, and a consumer finds them so.
            assert!(shape.producers > 1 || more.is_sorted());
            all.extend(more);
        }
        if shape.consumers > 1 {
            all.sort_unstable();
        }
        let n = frames.iter().map(|frames| frames.len()).sum::<usize>() as u64;
        assert_eq!(all, (0..n).collect::<Vec<_>>());
        producers.into_iter().for_each(|thread| thread.join().unwrap());
    });
}

#[test]
fn one_to_one() {
    for waiting in WAITINGS {
        hand_over(MANY, spec(1, 1, 1, waiting), &[&[0, 1, 2]]);
        hand_over(MANY, spec(2, 1, 1, waiting), &[&[0, 1, 2]]);
    }
}

#[test]
fn two_to_one_in_order() {
    for waiting in PARKING {
        hand_over(1, spec(2, 2, 1, waiting), &[&[0, 3], &[1, 2]]);
    }
    // Enough room, so that only the consumer waits.
    for waiting in WAITINGS {
        hand_over(3, spec(2, 2, 1, waiting), &[&[1], &[0]]);
    }
}

/// The second producer may wait for the same slot as the first one, a round later.
#[test]
fn two_to_one_with_one_slot() {
    hand_over(1, spec(1, 2, 1, Waiting::Park), &[&[0, 2], &[1]]);
}

#[test]
fn one_to_two_by_need() {
    for waiting in PARKING {
        hand_over(1, spec(1, 1, 2, waiting), &[&[0, 1]]);
    }
    hand_over(1, spec(2, 1, 2, Waiting::Park), &[&[0, 1, 2]]);
}

/// Two producers, of which one then consumes, beside another consumer.
#[test]
fn two_to_two_by_need() {
    for waiting in PARKING {
        model(1, move || {
            let ring = ring(spec(2, 2, 2, waiting));
            let (far, farther) = (ring.clone(), ring.clone());
            let producer = thread::spawn(move || produce(far, [0]));
            let consumer = thread::spawn(move || consume(farther));
            produce(ring.clone(), [1]);
            let mut all = consume(ring.clone());
            all.extend(consumer.join().unwrap());
            all.sort_unstable();
            assert_eq!(all, [0, 1]);
            producer.join().unwrap();
        });
    }
}

/// Two producers draw positions, then two consumers; nobody has to wait.
#[test]
fn drawing_positions() {
    model(2, || {
        let ring = ring(spec(4, 2, 2, Waiting::Spin));
        let far = ring.clone();
        let thread = thread::spawn(move || produce(far, [0, 1]));
        produce(ring.clone(), [2, 3]);
        thread.join().unwrap();
        let far = ring.clone();
        let thread = thread::spawn(move || consume(far));
        let mut all = consume(ring.clone());
        all.extend(thread.join().unwrap());
        all.sort_unstable();
        assert_eq!(all, [0, 1, 2, 3]);
    });
}

/// Two consumers sleep, and two frames come in any order: both get one, though the stream does not end.
#[test]
fn no_frame_waits_while_a_consumer_sleeps() {
    model(3, || {
        let ring = ring(spec(2, 3, 2, Waiting::Park));
        let consume_one = |ring: Arc<dyn Carrier>| {
            let (_cell, any) = cell::<u64>();
            assert!(ring.inlet(vec![any]).pull().is_some());
        };
        let (far, farther) = (ring.clone(), ring.clone());
        let consumer = thread::spawn(move || consume_one(far));
        let producer = thread::spawn(move || produce(farther, [0]));
        produce(ring.clone(), [1]);
        consume_one(ring.clone());
        consumer.join().unwrap();
        producer.join().unwrap();
    });
}

/// A second socket crosses with the first one.
#[test]
fn a_lane() {
    for waiting in WAITINGS {
        model(MANY, move || {
            let lane = Kind::<String>(PhantomData).lane(1);
            let ring = Kind::<u64>(PhantomData).ring(spec(1, 1, 1, waiting), vec![lane]);
            let far = ring.clone();
            let thread = thread::spawn(move || {
                let ((number, any), (text, any_text)) = (cell::<u64>(), cell::<String>());
                let mut outlet = far.outlet(vec![any, any_text]);
                for frame in 0..2 {
                    *number.borrow_mut() = Some(frame);
                    *text.borrow_mut() = Some(frame.to_string());
                    outlet.push(frame, true);
                }
                outlet.push(2, false);
                outlet.close();
            });
            let ((number, any), (text, any_text)) = (cell::<u64>(), cell::<String>());
            let mut inlet = ring.inlet(vec![any, any_text]);
            for frame in 0..2 {
                assert_eq!(inlet.pull(), Some((frame, true)));
                assert_eq!(number.take(), Some(frame));
                assert_eq!(text.take(), Some(frame.to_string()));
            }
            assert_eq!(inlet.pull(), Some((2, false)));
            assert_eq!((number.take(), text.take()), (None, None));
            assert_eq!(inlet.pull(), None);
            thread.join().unwrap();
        });
    }
}

/// A ring with more room than there are tokens.
#[test]
fn a_token_gate() {
    for waiting in WAITINGS {
        model(MANY, move || {
            let ring = ring(spec(2, 1, 1, waiting));
            let tokens = no_data(RingSpec { is_prefilled: true, ..spec(1, 1, 1, waiting) });
            let inside = Arc::new(AtomicIsize::new(0));
            let (far, far_tokens, count) = (ring.clone(), tokens.clone(), inside.clone());
            let thread = thread::spawn(move || {
                let (cell, any) = cell();
                let (outlet, tokens) = (far.outlet(vec![any]), far_tokens.inlet(Vec::new()));
                let mut gated: Box<dyn Outlet> = Box::new(Gated { outlet, tokens });
                for frame in 0..3_u64 {
                    *cell.borrow_mut() = Some(frame);
                    gated.push(frame, true);
                    // One was pushed, and perhaps one pulled whose token came back.
                    assert!(count.fetch_add(1, Ordering::Relaxed) <= 1);
                }
                gated.close();
            });
            let (cell, any) = cell();
            let (inlet, tokens) = (ring.inlet(vec![any]), tokens.outlet(Vec::new()));
            let mut releasing = Releasing { inlet, tokens };
            for frame in 0..3 {
                assert_eq!(releasing.pull(), Some((frame, true)));
                assert_eq!(cell.take(), Some(frame));
                inside.fetch_sub(1, Ordering::Relaxed);
            }
            assert_eq!(releasing.pull(), None);
            thread.join().unwrap();
        });
    }
}

/// Counts its drops.
struct Counted(Arc<AtomicUsize>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// A consumer that leaves early holds up nobody, and what it leaves behind is dropped once.
#[test]
fn frames_left_behind() {
    for waiting in WAITINGS {
        for capacity in [1, 2] {
            model(MANY, move || {
                let drops = Arc::new(AtomicUsize::new(0));
                let lane = Kind::<Counted>(PhantomData).lane(capacity);
                let ring = Kind::<Counted>(PhantomData).ring(spec(capacity, 1, 1, waiting), vec![lane]);
                let (far, count) = (ring.clone(), drops.clone());
                let thread = thread::spawn(move || {
                    let ((first, any), (second, any_second)) = (cell(), cell());
                    let mut outlet = far.outlet(vec![any, any_second]);
                    for frame in 0..3 {
                        *first.borrow_mut() = Some(Counted(count.clone()));
                        *second.borrow_mut() = Some(Counted(count.clone()));
                        outlet.push(frame, true);
                    }
                    outlet.close();
                });
                let ((_first, any), (_second, any_second)) = (cell::<Counted>(), cell::<Counted>());
                let mut inlet = ring.clone().inlet(vec![any, any_second]);
                assert_eq!(inlet.pull(), Some((0, true)));
                drop(inlet);
                thread.join().unwrap();
                drop((ring, _first, _second));
                assert_eq!(drops.load(Ordering::Relaxed), 6);
            });
        }
    }
}

/// A producer that is lost ends the stream, also for a consumer that sleeps.
#[test]
fn a_lost_producer() {
    for waiting in WAITINGS {
        model(MANY, move || {
            let ring = ring(spec(2, 2, 1, waiting));
            let far = ring.clone();
            let thread = thread::spawn(move || {
                let (cell, any) = cell();
                let mut outlet = far.outlet(vec![any]);
                *cell.borrow_mut() = Some(10_u64);
                outlet.push(0, true);
            });
            let frames = consume(ring.clone());
            assert!(frames.is_empty() || frames == [0]);
            thread.join().unwrap();
        });
    }
}
