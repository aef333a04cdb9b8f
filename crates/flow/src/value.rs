//! Values without their types, as they lie in the slots of a chain or of a chunk.
//!
//! Invariant: a slot only ever holds the type of the socket that stands for it, and its readers come in declaration
//! order, the last one taking it. Both follow from how sockets are made, so a violation is a bug here, not a user's.

use std::any::Any;

/// A value on its way.
pub(crate) type Value = Box<dyn Any + Send>;

/// Places for values; empty where nothing lies.
pub(crate) type Slots = Vec<Option<Value>>;

/// How a value is copied for one more reader.
pub(crate) type CloneFn = fn(&(dyn Any + Send)) -> Value;

/// The [`CloneFn`] of a type.
pub(crate) fn clone_value<T: Clone + Send + 'static>(value: &(dyn Any + Send)) -> Value {
    Box::new(value.downcast_ref::<T>().expect("a slot holds the type of its socket").clone())
}

/// Where one input of a task comes from.
pub(crate) enum Input {
    /// The value of a slot, for good: this is its last reader.
    Take(usize),
    /// A copy of the value of a slot.
    Copy(usize, CloneFn),
    /// A value that is to be held while a stream runs, out of slot `once`.
    Hold {
        /// Slot of the chain.
        once: usize,
        /// Whether this is the last reader of that slot.
        is_last: bool,
        /// How each chunk gets its copy.
        clone: CloneFn,
    },
    /// A held value, copied for each chunk.
    Held(Value, CloneFn),
}

impl Input {
    /// Fetches what is to be held out of the slots of the chain.
    pub(crate) fn fetch(&mut self, once: &mut [Option<Value>]) {
        if let Input::Hold { once: i_slot, is_last, clone } = *self {
            let value = if is_last { take(once, i_slot) } else { copy(once, i_slot, clone) };
            *self = Input::Held(value, clone);
        }
    }

    /// The same input for a replica.
    pub(crate) fn replica(&self) -> Input {
        match self {
            Input::Take(i_slot) => Input::Take(*i_slot),
            Input::Copy(i_slot, clone) => Input::Copy(*i_slot, *clone),
            Input::Hold { once, clone, .. } => Input::Hold { once: *once, is_last: false, clone: *clone },
            Input::Held(value, clone) => Input::Held(clone(&**value), *clone),
        }
    }
}

/// The inputs of one call of a task, read in the order of its sockets.
#[doc(hidden)]
pub struct Reads<'a> {
    inputs: std::slice::IterMut<'a, Input>,
    slots: &'a mut [Option<Value>],
}

impl<'a> Reads<'a> {
    pub(crate) fn new(inputs: &'a mut [Input], slots: &'a mut [Option<Value>]) -> Self {
        Reads { inputs: inputs.iter_mut(), slots }
    }

    /// The next input.
    pub(crate) fn next<T: 'static>(&mut self) -> T {
        let value = match self.inputs.next().expect("as many inputs as sockets") {
            Input::Take(i_slot) => take(self.slots, *i_slot),
            Input::Copy(i_slot, clone) => copy(self.slots, *i_slot, *clone),
            Input::Held(value, clone) => clone(&**value),
            Input::Hold { .. } => unreachable!("held values are fetched before the stream starts"),
        };
        *value.downcast::<T>().unwrap_or_else(|_| unreachable!("a slot holds the type of its socket"))
    }
}

fn take(slots: &mut [Option<Value>], i_slot: usize) -> Value {
    slots[i_slot].take().expect("a slot is full until its last reader")
}

fn copy(slots: &[Option<Value>], i_slot: usize, clone: CloneFn) -> Value {
    clone(slots[i_slot].as_deref().expect("a slot is full until its last reader"))
}
