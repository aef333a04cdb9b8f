//! The modes: each a short file that declares a chain of tasks.
#![forbid(unsafe_code)]
