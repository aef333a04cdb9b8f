//! Fuzz target: headers of the tiled storage managers.
#![no_main]

use facette_fuzz::replace;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    replace("tiled_shape", "table.f1", data);
    replace("tiled_shape", "table.f0", data);
    replace("tiled_column", "table.f1", data);
});
