//! Fuzz target: StandardStMan: header, index, buckets and strings.
#![no_main]

use facette_fuzz::replace;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    replace("ssm", "table.f0", data);
});
