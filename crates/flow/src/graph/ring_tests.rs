//! The ring by itself, on real threads: boxed frames, so that Miri and the sanitizers see each one come and go.
//!
//! `cargo +nightly miri test -p facette-flow --lib ring_tests`. Under Miri there are few frames.

use std::{
    cell::RefCell,
    marker::PhantomData,
    rc::Rc,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

use super::{
    cell::{AnyCell, Cell, Kind, SlotKind, no_data},
    ring::{Carrier, Gated, Inlet, Outlet, Releasing, RingSpec},
    wait::Waiting,
};

const WAITINGS: [Waiting; 3] = [Waiting::Spin, Waiting::SpinThenPark, Waiting::Park];
const FRAMES: u64 = if cfg!(miri) { 12 } else { 2000 };

/// A frame that owns memory and counts its drops.
struct Counted(Box<u64>, Arc<AtomicUsize>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.1.fetch_add(1, Ordering::Relaxed);
    }
}

fn spec(capacity: usize, producers: usize, consumers: usize, waiting: Waiting) -> RingSpec {
    let is_ordered = producers > 1 && consumers == 1;
    RingSpec { capacity, producers, consumers, waiting, is_ordered, is_prefilled: false }
}

fn cell<T: Send + 'static>() -> (Cell<T>, Rc<dyn AnyCell>) {
    let cell: Cell<T> = Rc::new(RefCell::new(None));
    (cell.clone(), cell)
}

/// A ring for [`Counted`] with a text beside it.
fn ring(spec: RingSpec) -> Arc<dyn Carrier> {
    let lane = Kind::<String>(PhantomData).lane(spec.capacity);
    Kind::<Counted>(PhantomData).ring(spec, vec![lane])
}

/// Pushes the frames of a counter that producers share; every seventh is not alive.
fn produce(ring: Arc<dyn Carrier>, next: &AtomicUsize, drops: &Arc<AtomicUsize>) {
    let ((number, any), (text, any_text)) = (cell(), cell());
    let mut outlet = ring.outlet(vec![any, any_text]);
    loop {
        let frame = next.fetch_add(1, Ordering::Relaxed) as u64;
        if frame >= FRAMES {
            break;
        }
        let is_alive = frame % 7 != 6;
        if is_alive {
            *number.borrow_mut() = Some(Counted(Box::new(frame), drops.clone()));
            *text.borrow_mut() = Some(frame.to_string());
        }
        outlet.push(frame, is_alive);
    }
    outlet.close();
}

/// Pulls to the end; gives the numbers of frames.
fn consume(ring: Arc<dyn Carrier>) -> Vec<u64> {
    let ((number, any), (text, any_text)) = (cell::<Counted>(), cell::<String>());
    let mut inlet = ring.inlet(vec![any, any_text]);
    let mut frames = Vec::new();
    while let Some((frame, is_alive)) = inlet.pull() {
        assert_eq!(is_alive, frame % 7 != 6);
        assert_eq!(number.borrow_mut().take().map(|frame| *frame.0), is_alive.then_some(frame));
        assert_eq!(text.borrow_mut().take(), is_alive.then(|| frame.to_string()));
        frames.push(frame);
    }
    frames
}

fn check(shape: RingSpec) {
    let (ring, next, drops) = (ring(shape), AtomicUsize::new(0), Arc::new(AtomicUsize::new(0)));
    let mut all = thread::scope(|scope| {
        for _ in 0..shape.producers {
            let ring = ring.clone();
            scope.spawn(|| produce(ring, &next, &drops));
        }
        let consume_too = |_| {
            let ring = ring.clone();
            scope.spawn(|| consume(ring))
        };
        let consumers: Vec<_> = (0..shape.consumers).map(consume_too).collect();
        consumers.into_iter().map(|thread| thread.join().unwrap()).collect::<Vec<_>>()
    });
    let mut all = if all.len() == 1 { all.remove(0) } else { all.concat() };
    if shape.consumers > 1 {
        all.sort_unstable();
    }
    assert!(all.into_iter().eq(0..FRAMES), "{shape:?}");
    assert_eq!(drops.load(Ordering::Relaxed) as u64, FRAMES - FRAMES / 7);
}

#[test]
fn every_frame_arrives_once_and_in_order_behind_one_consumer() {
    for waiting in WAITINGS {
        for (producers, consumers) in [(1, 1), (2, 1), (1, 2), (2, 2), (3, 2)] {
            for capacity in [1, 4] {
                check(spec(capacity + producers - 1, producers, consumers, waiting));
            }
        }
    }
}

/// What lies in slots and lanes when both ends have left is dropped with the ring; before that, what has no consumer.
#[test]
fn frames_left_behind_are_dropped_once() {
    for waiting in WAITINGS {
        for pulled in [0, 1, 3] {
            let (ring, drops) = (ring(spec(2, 1, 1, waiting)), Arc::new(AtomicUsize::new(0)));
            let (next, far) = (AtomicUsize::new(0), ring.clone());
            thread::scope(|scope| {
                scope.spawn(|| produce(far, &next, &drops));
                let ((_number, any), (_text, any_text)) = (cell::<Counted>(), cell::<String>());
                let mut inlet = ring.clone().inlet(vec![any, any_text]);
                for frame in 0..pulled {
                    assert_eq!(inlet.pull(), Some((frame, true)));
                }
            });
            let made = FRAMES - FRAMES / 7;
            assert_eq!(made - drops.load(Ordering::Relaxed) as u64, 2, "in the ring");
            drop(ring);
            assert_eq!(drops.load(Ordering::Relaxed) as u64, made);
        }
    }
}

/// A frame that cannot be dropped in peace.
struct Sticky(Arc<AtomicUsize>);

impl Drop for Sticky {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::Relaxed);
        panic!("sticks");
    }
}

/// Each frame that was left is dropped under a guard of its own, whether the ring is emptied or only dropped.
#[test]
fn frames_left_behind_may_all_panic() {
    for is_drained in [true, false] {
        let drops = Arc::new(AtomicUsize::new(0));
        let lane = Kind::<Sticky>(PhantomData).lane(3);
        let mut ring = Kind::<Sticky>(PhantomData).ring(spec(3, 1, 1, Waiting::Park), vec![lane]);
        let ((first, any), (second, any_second)) = (cell(), cell());
        let mut outlet = ring.clone().outlet(vec![any, any_second]);
        for frame in 0..2 {
            *first.borrow_mut() = Some(Sticky(drops.clone()));
            *second.borrow_mut() = Some(Sticky(drops.clone()));
            outlet.push(frame, true);
        }
        outlet.close();
        if is_drained {
            let left = Arc::get_mut(&mut ring).unwrap().drain();
            let sockets: Vec<usize> = left.iter().map(|left| left.socket).collect();
            assert_eq!(sockets, [0, 0, 1, 1]);
            assert!(left.iter().all(|left| left.panic.downcast_ref::<&str>() == Some(&"sticks")));
        }
        drop(ring);
        assert_eq!(drops.load(Ordering::Relaxed), 4);
    }
}

#[test]
fn a_lost_producer_ends_the_stream() {
    for waiting in WAITINGS {
        let ring = ring(spec(3, 2, 1, waiting));
        let far = ring.clone();
        let thread = thread::spawn(move || {
            thread::sleep(Duration::from_millis(2));
            drop(far.outlet(vec![cell::<Counted>().1, cell::<String>().1]));
        });
        assert_eq!(consume(ring), [0_u64; 0]);
        thread.join().unwrap();
    }
}

#[test]
fn no_more_frames_are_inside_than_there_are_tokens() {
    const TOKENS: usize = 2;
    for waiting in WAITINGS {
        let (ring, inside) = (ring(spec(8, 1, 1, waiting)), AtomicUsize::new(0));
        let tokens = no_data(RingSpec { is_prefilled: true, ..spec(TOKENS, 1, 1, waiting) });
        thread::scope(|scope| {
            let (far, far_tokens, inside) = (ring.clone(), tokens.clone(), &inside);
            scope.spawn(move || {
                let ((number, any), (_text, any_text)) = (cell(), cell::<String>());
                let (outlet, tokens) = (far.outlet(vec![any, any_text]), far_tokens.inlet(Vec::new()));
                let mut gated: Box<dyn Outlet> = Box::new(Gated { outlet, tokens });
                for frame in 0..FRAMES {
                    *number.borrow_mut() = Some(Counted(Box::new(frame), Arc::default()));
                    inside.fetch_add(1, Ordering::SeqCst);
                    gated.push(frame, true);
                }
                gated.close();
            });
            let (inlet, tokens) =
                (ring.inlet(vec![cell::<Counted>().1, cell::<String>().1]), tokens.outlet(Vec::new()));
            let mut releasing = Releasing { inlet, tokens };
            while releasing.pull().is_some() {
                // Those in the ring, the one just pulled, and one whose producer is at the gate.
                assert!(inside.fetch_sub(1, Ordering::SeqCst) <= TOKENS + 2);
            }
        });
        assert_eq!(inside.load(Ordering::SeqCst), 0);
    }
}

#[test]
#[should_panic(expected = "no more ends than it was made for")]
fn an_end_too_many_is_refused() {
    let ring = ring(spec(1, 1, 1, Waiting::Park));
    let _one = ring.clone().inlet(vec![cell::<Counted>().1, cell::<String>().1]);
    let _two = ring.inlet(vec![cell::<Counted>().1, cell::<String>().1]);
}
