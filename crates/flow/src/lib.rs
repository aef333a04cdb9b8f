//! A typed dataflow runtime: tasks, sockets, sequences and pipelines with replicated stages.
#![forbid(unsafe_code)]
