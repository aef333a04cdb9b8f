//! What a run leaves for people and programs: pictures and JSON summaries.
#![forbid(unsafe_code)]
