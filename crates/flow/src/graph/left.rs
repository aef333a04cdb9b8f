//! What is left when a run is over: frames that nobody has taken, which are dropped one by one.
//!
//! Dropping a frame is user code. Two panics of it at a time would abort the process, so each frame is dropped under a
//! guard of its own; the first panic becomes the error of the run, unless the run has failed anyway.

use std::{
    any::Any,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use super::{cell::AnyCell, fault, layout::Layout, ring::Carrier, shared::Shared};
use crate::env::panic_error;

/// What a panic carries.
pub(crate) type Payload = Box<dyn Any + Send>;

/// A frame that was left and panicked while it was dropped.
pub(crate) struct Left {
    /// Which socket of the ring it was of.
    pub(crate) socket: usize,
    pub(crate) panic: Payload,
}

/// Drops a value; gives the panic of its `drop`.
pub(crate) fn drop_guarded<T>(value: T) -> Option<Payload> {
    catch_unwind(AssertUnwindSafe(|| drop(value))).err()
}

/// Drops what lies in a cell; gives the panic of its `drop`.
pub(crate) fn clear_guarded(cell: &dyn AnyCell) -> Option<Payload> {
    catch_unwind(AssertUnwindSafe(|| cell.clear())).err()
}

/// Empties the rings of a run, when all its workers have left.
pub(crate) fn drain(
    rings: &mut [Arc<dyn Carrier>],
    backs: &mut [Arc<dyn Carrier>],
    layout: &Layout,
    shared: &Shared,
) {
    let crossing = layout.stages.iter().map(|stage| (stage.index, &stage.exports[..]));
    let back = layout.feedbacks.iter().map(|back| (back.until, &back.back[..]));
    let rings = rings.iter_mut().zip(crossing).chain(backs.iter_mut().zip(back));
    for (ring, (stage, slots)) in rings {
        let left = Arc::get_mut(ring).map_or_else(Vec::new, |ring| ring.drain());
        for Left { socket, panic } in left {
            let giver = slots.get(socket).map_or("", |&slot| layout.giver(slot, stage));
            shared.fault.record(fault::LAST, panic_error(giver, None, &*panic));
        }
    }
}
