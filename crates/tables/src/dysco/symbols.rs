//! Symbols of b bits back to back: symbol s is bits s·b to s·b + b − 1 of a stream, least significant bit first.
//!
//! Eight symbols fill b bytes, so whole groups are taken apart with shifts that the compiler knows.

use super::groups::symbols;

/// Makes `out` the `n` symbols whose bits begin at bit `first` of `packed`.
///
/// # Panics
/// When `packed` has fewer bits, or the format does not know `bits`.
pub(super) fn unpack(bits: u8, packed: &[u8], first: usize, n: usize, out: &mut Vec<u16>) {
    out.clear();
    match bits {
        2 => unpack_by::<2>(packed, first, n, out),
        3 => unpack_by::<3>(packed, first, n, out),
        4 => unpack_by::<4>(packed, first, n, out),
        6 => unpack_by::<6>(packed, first, n, out),
        8 => unpack_by::<8>(packed, first, n, out),
        10 => unpack_by::<10>(packed, first, n, out),
        12 => unpack_by::<12>(packed, first, n, out),
        16 => unpack_by::<16>(packed, first, n, out),
        other => unreachable!("symbols of {other} bits"),
    }
}

fn unpack_by<const BITS: usize>(packed: &[u8], first: usize, n: usize, out: &mut Vec<u16>) {
    out.reserve(n);
    let mut done = 0;
    // Up to where a group begins at a byte, one at a time.
    while done < n && !(first + done * BITS).is_multiple_of(8) {
        out.push(one::<BITS>(packed, first + done * BITS));
        done += 1;
    }
    let groups = &packed[(first + done * BITS).div_ceil(8)..(first + n * BITS).div_ceil(8)];
    for group in groups.as_chunks::<BITS>().0.iter().take((n - done) / 8) {
        out.extend_from_slice(&symbols(group).map(|symbol| symbol as u16));
        done += 8;
    }
    while done < n {
        out.push(one::<BITS>(packed, first + done * BITS));
        done += 1;
    }
}

/// The symbol whose bits begin at `bit`.
fn one<const BITS: usize>(packed: &[u8], bit: usize) -> u16 {
    let bytes = &packed[bit / 8..(bit + BITS).div_ceil(8)];
    let word = bytes.iter().rev().fold(0_u32, |word, &byte| word << 8 | u32::from(byte));
    ((word >> (bit % 8)) & ((1 << BITS) - 1)) as u16
}

/// Appends symbols to `out`, which ends with a whole byte before and after.
pub(super) fn pack(bits: u8, symbols: impl Iterator<Item = u16>, out: &mut Vec<u8>) {
    let (mut word, mut n_bit) = (0_u64, 0);
    for symbol in symbols {
        word |= u64::from(symbol) << n_bit;
        n_bit += u32::from(bits);
        while n_bit >= 8 {
            out.push(word as u8);
            word >>= 8;
            n_bit -= 8;
        }
    }
    if n_bit > 0 {
        out.push(word as u8);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dysco::settings::BITS;

    #[test]
    fn what_is_packed_is_unpacked_from_every_start() {
        for bits in BITS {
            let symbols: Vec<u16> =
                (0..61_u32).map(|i| (i.wrapping_mul(0x9e37_79b9) >> (32 - u32::from(bits))) as u16).collect();
            let mut packed = Vec::new();
            pack(bits, symbols.iter().copied(), &mut packed);
            assert_eq!(packed.len(), (61 * usize::from(bits)).div_ceil(8));
            for start in 0..61 {
                for n in 0..=61 - start {
                    let mut got = Vec::new();
                    unpack(bits, &packed, start * usize::from(bits), n, &mut got);
                    assert_eq!(got, symbols[start..start + n], "{bits} bits, {n} from {start}");
                }
            }
        }
    }

    #[test]
    fn the_first_symbol_has_the_lowest_bits() {
        let mut packed = Vec::new();
        pack(3, [1, 2, 7].into_iter(), &mut packed);
        assert_eq!(packed, [0b1101_0001, 0b1]);
    }
}
