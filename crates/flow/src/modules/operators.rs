//! Operators on the elements of frames, out of closures and functions.
//!
//! One function per shape instead of one struct per operator: what the operator is, the language already says.
//!
//! | StreamPU | here |
//! | --- | --- |
//! | `abs`, `neg`, `not`, `sign`, cast | `unary("abs", f64::abs)`, `unary("neg", i32::neg)`, `unary("not", i32::not)`, `unary("sign", i32::signum)`, `unary("cast", f64::from)` |
//! | `add`, `sub`, `mul`, `div` | `binary("add", i32::add)`, … |
//! | `min`, `max` | `binary("min", f64::min)`, `binary("max", u8::max)` |
//! | `and`, `or`, `xor` | `binary("and", u8::bitand)`, … |
//! | `eq`, `neq`, `gt`, `ge`, `lt`, `le` | `binary("less", \|a, b\| a < b)`, … |
//! | reducers of these | `reduce("sum", i64::add)`, `reduce("peak", f64::max)`, … |
//!
//! A constant is captured (`unary("twice", |x| 2 * x)`), or comes as a frame of one element.

use std::marker::PhantomData;

use crate::{BoxError, Task, closures::replicable, graph::Forward};

/// Two frames whose elements do not pair up, or none to reduce.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LengthError {
    /// The operands differ in length.
    #[error(
        "operands of {left} and {right} elements; give both the same number, or one of them a single element"
    )]
    Mismatch {
        /// Elements of the first operand.
        left: usize,
        /// Elements of the second operand.
        right: usize,
    },
    /// A frame without elements.
    #[error("a frame without elements cannot be reduced; filter it out before")]
    Empty,
}

/// Applies `f` to every element; where the types have the same layout, in the memory of the frame that came.
pub fn unary<T, U, F>(name: &str, f: F) -> impl Task<In = Vec<T>, Out = Vec<U>> + use<T, U, F>
where
    T: Send + 'static,
    U: Send + 'static,
    F: Fn(T) -> U + Clone + Send + 'static,
{
    replicable(name, move |frame: Vec<T>| Ok(frame.into_iter().map(&f).collect()))
}

/// Replaces every element by what `f` makes of it: for `Vec`, arrays, and pooled buffers.
pub fn unary_in_place<V, T, F>(name: &str, f: F) -> impl Forward<Frame = V> + use<V, T, F>
where
    V: AsMut<[T]> + Send + 'static,
    T: Copy + 'static,
    F: Fn(T) -> T + Clone + Send + 'static,
{
    in_place(name, move |frame: &mut V| {
        frame.as_mut().iter_mut().for_each(|element| *element = f(*element));
        Ok(())
    })
}

/// Applies `f` to the elements of two frames pair by pair. A frame of one element pairs with every element of the
/// other. Other lengths are a [`LengthError`].
///
/// ```
/// use facette_flow::{BoxError, Task, modules::binary};
/// use std::ops::Sub;
///
/// let mut subtract = binary("subtract", i32::sub);
/// assert_eq!(subtract.run((vec![5, 6, 7], vec![1, 2, 3]))?, [4, 4, 4]);
/// assert_eq!(subtract.run((vec![5, 6, 7], vec![5]))?, [0, 1, 2]);
/// assert_eq!(subtract.run((vec![5], vec![1, 2]))?, [4, 3]);
/// assert!(subtract.run((vec![1, 2, 3], vec![1, 2])).is_err());
/// # Ok::<(), BoxError>(())
/// ```
pub fn binary<A, B, U, F>(
    name: &str,
    f: F,
) -> impl Task<In = (Vec<A>, Vec<B>), Out = Vec<U>> + use<A, B, U, F>
where
    A: Clone + Send + 'static,
    B: Clone + Send + 'static,
    U: Send + 'static,
    F: Fn(A, B) -> U + Clone + Send + 'static,
{
    replicable(name, move |(a, b): (Vec<A>, Vec<B>)| match (&a[..], &b[..]) {
        (left, right) if left.len() == right.len() => {
            Ok(a.into_iter().zip(b).map(|(a, b)| f(a, b)).collect())
        }
        (_, [b]) => Ok(a.into_iter().map(|a| f(a, b.clone())).collect()),
        ([a], _) => Ok(b.into_iter().map(|b| f(a.clone(), b)).collect()),
        (left, right) => Err(LengthError::Mismatch { left: left.len(), right: right.len() }.into()),
    })
}

/// Folds the elements of a frame, from the first to the last, into a frame of one element, which pairs with any other
/// frame in [`binary`]. A frame without elements is a [`LengthError`].
pub fn reduce<T, F>(name: &str, f: F) -> impl Task<In = Vec<T>, Out = Vec<T>> + use<T, F>
where
    T: Send + 'static,
    F: Fn(T, T) -> T + Clone + Send + 'static,
{
    replicable(name, move |frame: Vec<T>| {
        let result = frame.into_iter().reduce(&f).ok_or(LengthError::Empty)?;
        Ok(vec![result])
    })
}

/// A forward task out of a closure: works on frames in place, and makes replicas.
pub fn in_place<V, F>(name: &str, f: F) -> impl Forward<Frame = V> + use<V, F>
where
    V: Send + 'static,
    F: FnMut(&mut V) -> Result<(), BoxError> + Clone + Send + 'static,
{
    InPlace { name: name.to_owned(), f, frames: PhantomData }
}

struct InPlace<V, F> {
    name: String,
    f: F,
    frames: PhantomData<fn(V)>,
}

impl<V, F> Forward for InPlace<V, F>
where
    V: Send + 'static,
    F: FnMut(&mut V) -> Result<(), BoxError> + Clone + Send + 'static,
{
    type Frame = V;

    fn name(&self) -> String {
        self.name.clone()
    }

    fn run(&mut self, frame: &mut V) -> Result<(), BoxError> {
        (self.f)(frame)
    }

    fn replica(&self) -> Option<Self> {
        Some(InPlace { name: self.name.clone(), f: self.f.clone(), frames: PhantomData })
    }
}

#[cfg(test)]
mod tests {
    use std::ops::{Add, BitAnd, BitOr, BitXor, Div, Mul, Neg, Not, Sub};

    use super::*;

    #[test]
    fn all_unary_operators() {
        let frame = vec![-2, 0, 3];
        let of = |f: fn(i32) -> i32| unary("operator", f).run(frame.clone()).unwrap();
        assert_eq!(of(i32::abs), [2, 0, 3]);
        assert_eq!(of(i32::neg), [2, 0, -3]);
        assert_eq!(of(i32::not), [1, -1, -4]);
        assert_eq!(of(i32::signum), [-1, 0, 1]);
        assert_eq!(of(|x| 2 * x), [-4, 0, 6]);
        assert_eq!(unary("cast", f64::from).run(frame.clone()).unwrap(), [-2.0, 0.0, 3.0]);
        assert_eq!(unary("cast", |x| x as u8).run(frame).unwrap(), [254, 0, 3]);
    }

    #[test]
    fn all_binary_operators() {
        let frames = || (vec![12, 5, 7], vec![5, 5, 2]);
        let of = |f: fn(i32, i32) -> i32| binary("operator", f).run(frames()).unwrap();
        assert_eq!(of(i32::add), [17, 10, 9]);
        assert_eq!(of(i32::sub), [7, 0, 5]);
        assert_eq!(of(i32::mul), [60, 25, 14]);
        assert_eq!(of(i32::div), [2, 1, 3]);
        assert_eq!(of(i32::min), [5, 5, 2]);
        assert_eq!(of(i32::max), [12, 5, 7]);
        assert_eq!(of(i32::bitand), [4, 5, 2]);
        assert_eq!(of(i32::bitor), [13, 5, 7]);
        assert_eq!(of(i32::bitxor), [9, 0, 5]);
        let of = |f: fn(i32, i32) -> bool| binary("operator", f).run(frames()).unwrap();
        assert_eq!(of(|a, b| a == b), [false, true, false]);
        assert_eq!(of(|a, b| a != b), [true, false, true]);
        assert_eq!(of(|a, b| a < b), [false, false, false]);
        assert_eq!(of(|a, b| a <= b), [false, true, false]);
        assert_eq!(of(|a, b| a > b), [true, false, true]);
        assert_eq!(of(|a, b| a >= b), [true, true, true]);
    }

    #[test]
    fn reducers_fold_in_order_and_refuse_nothing_at_all() {
        let of = |f: fn(i32, i32) -> i32| reduce("operator", f).run(vec![20, 3, 5]).unwrap();
        assert_eq!((of(i32::add), of(i32::sub), of(i32::mul)), (vec![28], vec![12], vec![300]));
        assert_eq!((of(i32::div), of(i32::min), of(i32::max)), (vec![1], vec![3], vec![20]));
        assert_eq!((of(i32::bitand), of(i32::bitor), of(i32::bitxor)), (vec![0], vec![23], vec![18]));
        let error = reduce("sum", i32::add).run(vec![]).unwrap_err();
        assert_eq!(error.downcast_ref(), Some(&LengthError::Empty));
        let error = binary("add", i32::add).run((vec![1, 2], Vec::<i32>::new())).unwrap_err();
        assert_eq!(error.downcast_ref(), Some(&LengthError::Mismatch { left: 2, right: 0 }));
    }

    #[test]
    fn in_place_keeps_the_memory_and_unary_uses_it_again() {
        let mut frame = vec![1.0, 2.0];
        let at = frame.as_ptr();
        unary_in_place("halve", |x: f64| x / 2.0).run(&mut frame).unwrap();
        assert_eq!((&frame[..], frame.as_ptr()), (&[0.5, 1.0][..], at));
        let frame = unary("double", |x: f64| 2.0 * x).run(frame).unwrap();
        assert_eq!((&frame[..], frame.as_ptr()), (&[1.0, 2.0][..], at));
    }
}
