//! Eight symbols at a time: they fill as many bytes as a symbol has bits, and are the parts of four samples.
//!
//! A row of samples is taken apart, looked up and multiplied in one pass, where rows begin with a byte and the factors of
//! correlations follow each other by four. The number of bits is known to the compiler, so that shifts are constant and no
//! look-up is checked: b bits cannot point beyond 2^b values. As one vector of symbols, then one of values, it took
//! twice as long.

/// Symbols of eight times `BITS` bits, the least significant first.
#[inline(always)]
pub(super) fn symbols<const BITS: usize>(group: &[u8; BITS]) -> [usize; 8] {
    let mask = (1_u64 << BITS) - 1;
    // Two words hold them all, neither of which cuts a symbol that it is asked for.
    let word = |start: usize| {
        let mut word = [0; 8];
        let n = BITS.min(8);
        word[..n].copy_from_slice(&group[start..start + n]);
        u64::from_le_bytes(word)
    };
    let start = BITS.saturating_sub(8);
    let (low, high) = (word(0), word(start));
    std::array::from_fn(|i| {
        let bit = i * BITS;
        let word = if bit + BITS <= 64 { low >> bit } else { high >> (bit - 8 * start) };
        (word & mask) as usize
    })
}

/// What the samples of a row are multiplied by.
pub(super) struct Factors<'a> {
    /// [channel, correlation].
    pub(super) by_chan: &'a [f64],
    /// Of the correlations of four samples.
    pub(super) of_corr: [f64; 4],
}

/// Makes the bytes of a row's samples, little-endian, of values by symbol, symbols and factors.
pub(super) type Row = fn(&[f64], &[u8], &Factors<'_>, &mut [u8]);

/// That for symbols of so many bits.
///
/// # Panics
/// When the format does not know `bits`.
pub(super) fn row_of(bits: u8) -> Row {
    match bits {
        2 => row::<2, 4>,
        3 => row::<3, 8>,
        4 => row::<4, 16>,
        6 => row::<6, 64>,
        8 => row::<8, 256>,
        10 => row::<10, 1024>,
        12 => row::<12, 4096>,
        16 => row::<16, 65536>,
        other => unreachable!("symbols of {other} bits"),
    }
}

fn row<const BITS: usize, const SIZE: usize>(
    values: &[f64],
    packed: &[u8],
    factors: &Factors<'_>,
    out: &mut [u8],
) {
    // A dictionary has a value for each symbol.
    let Some(values) = values.first_chunk::<SIZE>() else { return };
    let groups = packed.as_chunks::<BITS>().0.iter().zip(factors.by_chan.as_chunks::<4>().0);
    for ((group, chan), out) in groups.zip(out.as_chunks_mut::<32>().0) {
        let symbols = symbols(group);
        let samples = out.as_chunks_mut::<8>().0.iter_mut().enumerate();
        for (i, out) in samples {
            let factor = chan[i] * factors.of_corr[i];
            let wide = [symbols[2 * i], symbols[2 * i + 1]].map(|symbol| values[symbol & (SIZE - 1)]);
            // Both parts side by side, so that they are multiplied and rounded as one vector.
            let [re, im] = wide.map(|d| (d * factor) as f32).map(f32::to_bits);
            *out = (u64::from(re) | u64::from(im) << 32).to_le_bytes();
        }
    }
}
