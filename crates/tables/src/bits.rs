//! Bool arrays are stored as bits: element i is bit i % 8 of byte i / 8, bit 0 the least significant.

/// Appends `n` elements as bytes 0 or 1, the first being bit `first` of `packed`.
///
/// # Panics
/// When `packed` has fewer than `first + n` bits.
pub(crate) fn unpack(packed: &[u8], first: usize, n: usize, out: &mut Vec<u8>) {
    let packed = &packed[first / 8..(first + n).div_ceil(8)];
    let skip = first % 8;
    let head = if skip == 0 { 0 } else { n.min(8 - skip) };
    out.extend((0..head).map(|i| (packed[0] >> (skip + i)) & 1));
    let packed = &packed[usize::from(head > 0)..];
    let whole = (n - head) / 8;
    let start = out.len();
    out.resize(start + 8 * whole, 0);
    for (out, &byte) in out[start..].as_chunks_mut().0.iter_mut().zip(packed) {
        *out = SPREAD[usize::from(byte)];
    }
    let tail = (n - head) % 8;
    out.extend((0..tail).map(|i| (packed[whole] >> i) & 1));
}

/// Fills `out` with elements, the first being bit `first` of `packed`.
///
/// # Panics
/// When `packed` has fewer than `first` bits and those of `out`.
pub(crate) fn unpack_into(packed: &[u8], first: usize, out: &mut [bool]) {
    let packed = &packed[first / 8..(first + out.len()).div_ceil(8)];
    let skip = first % 8;
    let (head, out) = out.split_at_mut(if skip == 0 { 0 } else { out.len().min(8 - skip) });
    head.iter_mut().enumerate().for_each(|(i, out)| *out = (packed[0] >> (skip + i)) & 1 != 0);
    let packed = &packed[usize::from(!head.is_empty())..];
    let (whole, tail) = out.as_chunks_mut();
    for (out, &byte) in whole.iter_mut().zip(packed) {
        *out = SPREAD_BOOL[usize::from(byte)];
    }
    let n_whole = whole.len();
    tail.iter_mut().enumerate().for_each(|(i, out)| *out = (packed[n_whole] >> i) & 1 != 0);
}

static SPREAD_BOOL: [[bool; 8]; 256] = {
    let mut table = [[false; 8]; 256];
    let mut byte = 0;
    while byte < 256 {
        let mut bit = 0;
        while bit < 8 {
            table[byte][bit] = (byte >> bit) & 1 != 0;
            bit += 1;
        }
        byte += 1;
    }
    table
};

/// The eight bits of each byte, each in a byte of its own.
static SPREAD: [[u8; 8]; 256] = {
    let mut table = [[0; 8]; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = spread(byte as u8);
        byte += 1;
    }
    table
};

/// Isolates bit i in byte i, then carries it down to bit 0.
const fn spread(byte: u8) -> [u8; 8] {
    let isolated = (byte as u64).wrapping_mul(0x0101_0101_0101_0101) & 0x8040_2010_0804_0201;
    (((isolated + 0x7f7f_7f7f_7f7f_7f7f) >> 7) & 0x0101_0101_0101_0101).to_le_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_start_and_length_equals_one_bit_at_a_time() {
        let packed: Vec<u8> = (0..9u32).map(|i| (i * 89 + 37) as u8).collect();
        for first in 0..24 {
            for n in 0..=(72 - first) {
                let mut got = Vec::new();
                unpack(&packed, first, n, &mut got);
                let want: Vec<u8> = (first..first + n).map(|i| (packed[i / 8] >> (i % 8)) & 1).collect();
                assert_eq!(got, want, "{first} {n}");
                let mut bools = vec![false; n];
                unpack_into(&packed, first, &mut bools);
                assert!(bools.iter().map(|&b| u8::from(b)).eq(want), "{first} {n}");
            }
        }
    }

    #[test]
    fn every_byte_spreads() {
        for byte in 0..=255u8 {
            assert_eq!(SPREAD[usize::from(byte)], std::array::from_fn(|i| (byte >> i) & 1));
        }
    }
}
