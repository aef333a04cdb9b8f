//! Casacore tables for other languages: rows as an Arrow C stream, which pyarrow, R, Julia and others take without a
//! copy.
//!
//! The interface is Arrow's `ArrowArrayStream`; whoever takes the stream calls its `release`, and every array keeps its
//! buffers until its own `release` is called, also after the stream is gone.
#![deny(unsafe_code)]

mod stream;

pub use stream::facette_table_stream;
