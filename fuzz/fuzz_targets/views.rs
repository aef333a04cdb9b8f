//! Fuzz target: tables that show cells of others: selections, sortings, concatenations, forwarded columns.
#![no_main]

use facette_fuzz::fixtures::{VIEWS, replace_in};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    replace_in(VIEWS, data);
});
