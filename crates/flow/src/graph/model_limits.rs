//! Model checks of the limits in bytes: what lies in a boundary or is on its way never weighs more than it may, every frame
//! arrives, and nobody sleeps for ever.
//!
//! A frame is a number that says how heavy it is. The first thread keeps the ring until the others have ended, for loom
//! does not see what the count of an `Arc` orders.

use std::{
    any::Any,
    cell::RefCell,
    rc::Rc,
    sync::{
        Arc,
        atomic::{AtomicIsize, Ordering},
    },
};

use loom::thread;

use super::{
    cell::{AnyCell, Cell},
    limit::{Admission, Budget, Meter, Purse, Scale, Unloading, Weighed, Weight},
    model::{PARKING, cell, model, ring, spec},
    ring::{Carrier, Inlet, Outlet},
    wait::Waiting,
};

const LIMIT: usize = 5;
/// Heavier than the limit.
const HEAVY: u64 = 9;

/// What two threads share: a boundary, its limits, and how much lies there at least.
#[derive(Clone)]
struct Boundary {
    ring: Arc<dyn Carrier>,
    meter: Option<Arc<Meter>>,
    budget: Option<Arc<Budget>>,
    inside: Arc<AtomicIsize>,
}

impl Boundary {
    fn metered(ring: Arc<dyn Carrier>, is_ordered: bool) -> Self {
        let meter = Some(Arc::new(Meter::new(LIMIT, is_ordered)));
        Boundary { ring, meter, budget: None, inside: Arc::default() }
    }

    fn budgeted(ring: Arc<dyn Carrier>) -> Self {
        let budget = Some(Arc::new(Budget::new(LIMIT)));
        Boundary { ring, meter: None, budget, inside: Arc::default() }
    }

    /// The first stage: frames with their numbers and weights.
    fn give(self, frames: &[(u64, u64)]) {
        let (cell, any) = cell();
        let purse = self.budget.map(Purse::new);
        let mut admission = purse.clone().map(Admission);
        let outlet = self.ring.outlet(vec![any.clone()]);
        let mut outlet = Weighed { outlet, scale: scale(any, |_| ()), meter: self.meter, purse };
        for &(number, bytes) in frames {
            admission.iter_mut().for_each(|admission| assert!(admission.pull().is_some()));
            *cell.borrow_mut() = Some(bytes);
            outlet.push(number, true);
            // Who takes it says so before the limit knows, so there is never less than this.
            let inside = self.inside.fetch_add(bytes as isize, Ordering::SeqCst) + bytes as isize;
            assert!(inside <= HEAVY as isize, "{inside} bytes");
        }
        Box::new(outlet).close();
    }

    fn inlet(&self) -> (Cell<u64>, Unloading) {
        let (cell, any) = cell();
        let inlet = self.ring.clone().inlet(vec![any.clone()]);
        let inside = self.inside.clone();
        let scale = scale(any, move |bytes| {
            inside.fetch_sub(bytes as isize, Ordering::SeqCst);
        });
        let (meter, purse) = (self.meter.clone(), self.budget.clone().map(Purse::new));
        (cell, Unloading { inlet, scale, meter, purse })
    }

    /// The last stage: the numbers of the frames that it got.
    fn take(self) -> Vec<u64> {
        let (cell, mut inlet) = self.inlet();
        let mut numbers = Vec::new();
        while let Some((number, is_alive)) = inlet.pull() {
            assert!(is_alive && cell.borrow_mut().take().is_some());
            numbers.push(number);
        }
        numbers
    }
}

fn scale(cell: Rc<dyn AnyCell>, seen: impl Fn(u64) + Send + Sync + 'static) -> Scale {
    let weigher = move |cell: &dyn AnyCell| {
        let any: &dyn Any = cell;
        let bytes = any.downcast_ref::<RefCell<Option<u64>>>().and_then(|cell| *cell.borrow()).unwrap();
        seen(bytes);
        bytes as usize
    };
    Scale { boundary: 0, weights: vec![Weight { cell, weigher: Arc::new(weigher), giver: "".into() }] }
}

/// A heavy frame passes alone.
#[test]
fn bytes_in_a_boundary() {
    for waiting in PARKING {
        model(4, move || {
            let boundary = Boundary::metered(ring(spec(3, 1, 1, waiting)), false);
            let far = boundary.clone();
            let thread = thread::spawn(move || far.give(&[(0, 3), (1, HEAVY), (2, 3)]));
            assert_eq!(boundary.clone().take(), [0, 1, 2]);
            thread.join().unwrap();
        });
    }
}

/// The frame that is next in order passes, whatever its weight and whatever lies there already.
#[test]
fn bytes_where_the_order_is_restored() {
    model(2, || {
        let boundary = Boundary::metered(ring(spec(3, 2, 1, Waiting::Park)), true);
        // Together they are too heavy, and the later one may be there first.
        let give = |frames: &'static [(u64, u64)]| {
            let far = boundary.clone();
            thread::spawn(move || far.give(frames))
        };
        let threads = [give(&[(1, 4)]), give(&[(0, 4), (2, 1)])];
        assert_eq!(boundary.clone().take(), [0, 1, 2]);
        threads.into_iter().for_each(|thread| thread.join().unwrap());
    });
}

/// Nobody waits for bytes that nobody takes any more.
#[test]
fn bytes_in_a_deserted_boundary() {
    for waiting in PARKING {
        model(4, move || {
            let boundary = Boundary::metered(ring(spec(1, 1, 1, waiting)), false);
            let far = Boundary { inside: Arc::new(AtomicIsize::new(-100)), ..boundary.clone() };
            let thread = thread::spawn(move || far.give(&[(0, 4), (1, 4), (2, 4)]));
            let (_cell, mut inlet) = boundary.inlet();
            assert_eq!(inlet.pull(), Some((0, true)));
            drop(inlet);
            thread.join().unwrap();
        });
    }
}

/// No frame begins before there is room for the heaviest so far, but one is always on its way.
#[test]
fn bytes_of_a_pipeline() {
    for waiting in PARKING {
        model(4, move || {
            let boundary = Boundary::budgeted(ring(spec(3, 1, 1, waiting)));
            let far = boundary.clone();
            let thread = thread::spawn(move || far.give(&[(0, 3), (1, HEAVY), (2, 3)]));
            assert_eq!(boundary.clone().take(), [0, 1, 2]);
            thread.join().unwrap();
        });
    }
}

/// Two replicas give back what they had in hand.
#[test]
fn bytes_of_a_pipeline_with_a_wide_stage() {
    model(2, || {
        let boundary = Boundary::budgeted(ring(spec(2, 1, 2, Waiting::Park)));
        let (far, farther) = (boundary.clone(), boundary.clone());
        let source = thread::spawn(move || far.give(&[(0, 4), (1, 4)]));
        let replica = thread::spawn(move || farther.take());
        let mut all = boundary.clone().take();
        all.extend(replica.join().unwrap());
        all.sort_unstable();
        assert_eq!(all, [0, 1]);
        source.join().unwrap();
    });
}

/// What a lost worker leaves in the ring is never given back, so that the budget is opened.
#[test]
fn bytes_of_a_pipeline_that_has_lost_a_worker() {
    for waiting in PARKING {
        model(4, move || {
            let boundary = Boundary::budgeted(ring(spec(2, 1, 1, waiting)));
            let far = Boundary { inside: Arc::new(AtomicIsize::new(-100)), ..boundary.clone() };
            let thread = thread::spawn(move || far.give(&[(0, 4), (1, 4), (2, 4)]));
            let (_cell, mut inlet) = boundary.inlet();
            assert_eq!(inlet.pull(), Some((0, true)));
            drop(inlet);
            boundary.budget.iter().for_each(|budget| budget.open());
            thread.join().unwrap();
        });
    }
}
