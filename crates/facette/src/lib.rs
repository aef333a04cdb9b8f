//! Facette, a radio interferometry imager: facade over the crates and the runner of the modes.
#![forbid(unsafe_code)]
