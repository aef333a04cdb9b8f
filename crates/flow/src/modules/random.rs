//! Random frames that depend on a seed and the number of the frame, and on nothing else.

use crate::{BoxError, Source, Task};

/// The generator SplitMix64 (Steele, Lea and Flood, OOPSLA 2014, doi:10.1145/2660193.2660195): a counter, mixed.
///
/// Fast, of period 2⁶⁴, and good enough for test data; not for cryptography.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SplitMix {
    state: u64,
}

impl SplitMix {
    /// The increment of the counter: the golden ratio as a fraction of 2⁶⁴, made odd.
    const GAMMA: u64 = 0x9e37_79b9_7f4a_7c15;

    /// Starts at a seed.
    pub fn new(seed: u64) -> Self {
        SplitMix { state: seed }
    }

    /// The generator of one frame of a stream.
    pub fn of_frame(seed: u64, frame: u64) -> Self {
        // Seed and number are mixed one after the other, so that neighbors of both have nothing in common.
        let mut start = SplitMix::new(SplitMix::new(seed).next_u64() ^ frame);
        SplitMix::new(start.next_u64())
    }

    /// 64 random bits.
    pub fn next_u64(&mut self) -> u64 {
        self.state = self.state.wrapping_add(Self::GAMMA);
        let z = (self.state ^ (self.state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number from 0 up to but not including 1, in steps of 2⁻⁵³.
    pub fn unit(&mut self) -> f64 {
        (self.next_u64() >> 11) as f64 * (0.5_f64).powi(53)
    }
}

/// Random frames: `draw` makes each out of a generator of its own.
///
/// As a [`Source`] it numbers its frames from 0. As a [`Task`] it takes the number, and so makes replicas that work on
/// any frames in any order and give the same stream.
///
/// ```
/// use facette_flow::{BoxError, Source, Task, modules::Random};
///
/// let mut dice = Random::new(7, |random| 1 + random.next_u64() % 6);
/// let third = dice.clone().run(2)?;
/// let throws: Vec<_> = (0..3).map(|_| dice.next()).collect::<Result<_, _>>()?;
/// assert_eq!(throws[2], Some(third));
/// # Ok::<(), BoxError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Random<F> {
    seed: u64,
    frame: u64,
    draw: F,
}

impl<T, F: FnMut(&mut SplitMix) -> T> Random<F> {
    /// The stream of a seed.
    pub fn new(seed: u64, draw: F) -> Self {
        Random { seed, frame: 0, draw }
    }

    fn frame(&mut self, frame: u64) -> T {
        (self.draw)(&mut SplitMix::of_frame(self.seed, frame))
    }
}

/// Frames of `n` random bits, one per element, as StreamPU's random source gives.
pub fn random_bits<T: From<bool>>(
    n: usize,
    seed: u64,
) -> Random<impl FnMut(&mut SplitMix) -> Vec<T> + Clone + use<T>> {
    Random::new(seed, move |random: &mut SplitMix| {
        let mut bits = Vec::with_capacity(n);
        while bits.len() < n {
            let word = random.next_u64();
            bits.extend((0..64.min(n - bits.len())).map(|i| T::from(word >> i & 1 == 1)));
        }
        bits
    })
}

impl<T, F> Source for Random<F>
where
    T: Send + 'static,
    F: FnMut(&mut SplitMix) -> T + Send + 'static,
{
    type Out = T;

    fn next(&mut self) -> Result<Option<T>, BoxError> {
        self.frame += 1;
        Ok(Some(self.frame(self.frame - 1)))
    }
}

impl<T, F> Task for Random<F>
where
    T: Send + 'static,
    F: FnMut(&mut SplitMix) -> T + Clone + Send + 'static,
{
    type In = u64;
    type Out = T;

    fn run(&mut self, frame: u64) -> Result<T, BoxError> {
        Ok(self.frame(frame))
    }

    fn replica(&self) -> Option<Self> {
        Some(self.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first values for the seed 1234567, as printed with the reference code of the generator.
    #[test]
    fn the_generator_is_the_published_one() {
        let mut random = SplitMix::new(1_234_567);
        let want = [
            6_457_827_717_110_365_317_u64,
            3_203_168_211_198_807_973,
            9_817_491_932_198_370_423,
            4_593_380_528_125_082_431,
            16_408_922_859_458_223_821,
        ];
        assert_eq!([(); 5].map(|()| random.next_u64()), want);
    }

    #[test]
    fn bits_are_fair_and_frames_differ() {
        let mut bits = random_bits::<u8>(1000, 3);
        let frames: Vec<Vec<u8>> = (0..100).map(|frame| bits.run(frame).unwrap()).collect();
        let ones: usize = frames.iter().flatten().map(|&bit| usize::from(bit)).sum();
        // 100 000 fair bits: the standard deviation is 158.
        assert!((49_200..50_800).contains(&ones), "{ones}");
        assert!(frames.iter().all(|frame| frame.len() == 1000 && frame.iter().all(|&bit| bit < 2)));
        assert!((1..100).all(|i| frames[i] != frames[i - 1]));
        assert_ne!(random_bits::<u8>(1000, 4).run(0).unwrap(), frames[0]);
    }

    #[test]
    fn units_lie_below_one_and_fill_the_range() {
        let mut random = SplitMix::new(5);
        let units: Vec<f64> = (0..10_000).map(|_| random.unit()).collect();
        assert!(units.iter().all(|x| (0.0..1.0).contains(x)));
        let mean = units.iter().sum::<f64>() / 1e4;
        // The standard deviation of the mean is 0.0029.
        assert!((mean - 0.5).abs() < 0.015, "{mean}");
    }
}
