//! Fuzz target: DyscoStMan: header and blocks.
#![no_main]

use facette_fuzz::replace;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    for name in ["dysco_af", "dysco_rf", "dysco_row"] {
        replace(name, "table.f0", data);
    }
});
