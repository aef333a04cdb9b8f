//! Fuzz target: IncrementalStMan: header, index and buckets.
#![no_main]

use facette_fuzz::replace;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    replace("ism", "table.f0", data);
});
