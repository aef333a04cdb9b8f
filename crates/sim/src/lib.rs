//! Simulated observations: antenna layouts, skies, noise.
#![forbid(unsafe_code)]
