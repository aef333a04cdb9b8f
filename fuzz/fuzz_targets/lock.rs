//! Fuzz target: table.lock: requests and the record of what writers did.
#![no_main]

use facette_fuzz::replace;
use libfuzzer_sys::fuzz_target;

/// Bytes of the list of requests.
const REQUESTS: usize = 260;

fuzz_target!(|data: &[u8]| {
    let mut data = data.to_vec();
    // Processes that no system has: one that lives would be waited for.
    for process in data.iter_mut().take(REQUESTS).skip(4).step_by(4) {
        *process |= 0x40;
    }
    replace("ssm", "table.lock", &data);
});
