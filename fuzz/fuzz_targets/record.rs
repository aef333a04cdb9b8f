//! Fuzz target: records: keywords behind a sound beginning of table.dat.
#![no_main]

use facette_fuzz::replace;
use libfuzzer_sys::fuzz_target;

/// Up to the table's keywords: the objects Table (12 rows, little-endian, plain) and TableDesc.
const BEGINNING: &[u8] =
    b"\xbe\xbe\xbe\xbe\0\0\x08\0\0\0\0\x05Table\0\0\0\x02\0\0\0\x0c\0\0\0\x01\0\0\0\x0aPlainTable\
    \0\0\x07\0\0\0\0\x09TableDesc\0\0\0\x02\0\0\0\0\0\0\0\0\0\0\0\0";

fuzz_target!(|data: &[u8]| {
    let mut bytes = BEGINNING.to_vec();
    bytes.extend_from_slice(data);
    replace("ssm", "table.dat", &bytes);
});
