//! Tasks that many graphs need: sources, sinks, test stages, paths, operators and probes.
//!
//! They are plain structs over [`Task`](crate::Task), [`Source`](crate::Source),
//! [`Accumulator`](crate::Accumulator) and [`Forward`](crate::graph::Forward), generic over what a frame is made of, and
//! make replicas where they have no state. What StreamPU calls a module of its library is here:
//!
//! | StreamPU | here |
//! | --- | --- |
//! | `Source_random` | [`Random`], [`random_bits`]: a frame depends on the seed and its number alone |
//! | `Source_AZCW`, `Initializer` | [`Fill`], [`Fill::zeros`]; [`per_copy`] where copies of a sequence differ |
//! | `Source_user` | [`Pattern`]: frames out of a text |
//! | `Source_user_binary` | [`ReadBytes`]: the length of a frame is its count |
//! | `Sink_NO`, `Sink_user_binary` | [`Discard`]; [`WriteBytes`], which commits only a stream that ended well |
//! | `Finalizer` | [`Keep`]: the history, or the end of it |
//! | `Incrementer`, `Relayer` | [`Increment`], [`Relay`]: as [`Task`](crate::Task), and in place |
//! | `Sleeper`, `set_ns` | [`Sleep`]; [`Lasting`] gives any task a service time |
//! | `Delayer` | [`delay`]: a value of the frame before |
//! | `Unaryop`, `Binaryop`, `Reducer` | [`unary`], [`unary_in_place`], [`binary`], [`reduce`], with closures |
//! | `Iterator`, `Controller_*` | [`Iterate`], [`FixedPath`], [`CyclicPath`], [`LimitedPath`] |
//! | `Probe_*`, `Reporter_probe` | [`ProbeLog`] and its probes; [`ProbeTable`] as text or CSV |
//!
//! The switcher is part of the graph: [`Graph::select`](crate::graph::Graph::select) and
//! [`Graph::commute`](crate::graph::Graph::commute).

mod bytes;
mod delay;
mod fill;
mod lasting;
mod operators;
mod paths;
mod pattern;
mod probes;
mod random;
mod sinks;
mod steps;
mod table;

pub use bytes::{BytesError, ReadBytes, WriteBytes};
pub use delay::delay;
pub use fill::{Fill, PerCopy, per_copy};
pub use lasting::Lasting;
pub use operators::{LengthError, binary, in_place, reduce, unary, unary_in_place};
pub use paths::{CyclicPath, FixedPath, Iterate, LimitedPath};
pub use pattern::{Pattern, PatternError};
pub use probes::{Probe, ProbeLog, ProbeValue, Stamp, Stamps};
pub use random::{Random, SplitMix, random_bits};
pub use sinks::{Discard, Keep};
pub use steps::{Increment, Relay, Sleep};
pub use table::{ProbeColumn, ProbeRow, ProbeTable, Value};
