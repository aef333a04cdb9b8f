//! Fuzz target: several files of a table at once.
#![no_main]

use facette_fuzz::replace_many;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    replace_many(data);
});
