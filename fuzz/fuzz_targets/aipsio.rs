//! Fuzz target: StManAipsIO.
#![no_main]

use facette_fuzz::replace;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    replace("aipsio", "table.f0", data);
});
