//! Fuzz target: headers of tiled storage of all kinds, in both byte orders.
#![no_main]

use facette_fuzz::fixtures::{TILED, replace_in};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    replace_in(TILED, data);
});
