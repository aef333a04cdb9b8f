//! Fuzz target: table.dat of every template.
#![no_main]

use facette_fuzz::{TEMPLATES, replace};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    if let Some((&number, rest)) = data.split_first() {
        let (name, _) = TEMPLATES[usize::from(number) % TEMPLATES.len()];
        replace(name, "table.dat", rest);
    }
});
