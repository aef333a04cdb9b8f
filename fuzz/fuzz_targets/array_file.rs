//! Fuzz target: the file of arrays of any shape.
#![no_main]

use facette_fuzz::replace;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    replace("ssm", "table.f0i", data);
    replace("ism", "table.f0i", data);
    replace("aipsio", "table.f0i", data);
});
