//! Fuzz target: StManAipsIO and its file of arrays, in both byte orders.
#![no_main]

use facette_fuzz::fixtures::{AIPSIO, replace_in};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    replace_in(AIPSIO, data);
});
