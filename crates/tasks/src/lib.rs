//! Tasks of the imaging chains: one task, one file.
#![forbid(unsafe_code)]
