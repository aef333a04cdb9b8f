//! Automation and repository rules.
#![forbid(unsafe_code)]
fn main() {}
