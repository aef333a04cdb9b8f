//! Fuzz target: virtual columns: scaled, compressed, mapped, flags from bits.
#![no_main]

use facette_fuzz::fixtures::{ENGINES, replace_in};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    replace_in(ENGINES, data);
});
