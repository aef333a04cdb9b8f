//! Tests of the fits on synthetic images whose truth is exact between pixels.

mod array;
mod beam;
mod sources;
