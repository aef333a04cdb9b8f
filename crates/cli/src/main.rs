//! The `facette` command.
#![forbid(unsafe_code)]
fn main() {}
