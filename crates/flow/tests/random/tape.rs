//! Where chance comes from: a tape of numbers, which can be cut and thinned out until only what matters is left.

/// The choices of one case in the order in which they are asked for; 0, the simplest, behind the end.
#[derive(Clone, Debug)]
pub(crate) struct Tape {
    choices: Vec<u32>,
    /// What was chosen.
    drawn: Vec<u32>,
}

impl Tape {
    pub(crate) fn of(choices: Vec<u32>) -> Self {
        Tape { choices, drawn: Vec::new() }
    }

    /// The tape of a seed.
    pub(crate) fn from_seed(seed: u64, length: usize) -> Vec<u32> {
        (0..length as u64).map(|i| (mix(seed, i) >> 32) as u32).collect()
    }

    /// One of `0..n`.
    pub(crate) fn below(&mut self, n: usize) -> usize {
        let choice = self.choices.get(self.drawn.len()).map_or(0, |&choice| choice as usize % n.max(1));
        self.drawn.push(choice as u32);
        choice
    }

    /// The choices that were used, each as small as it can be written.
    pub(crate) fn drawn(&self) -> Vec<u32> {
        self.drawn.clone()
    }

    /// True once in `n` times; never where the tape has ended.
    pub(crate) fn once_in(&mut self, n: usize) -> bool {
        self.below(n) == n - 1
    }

    pub(crate) fn pick<T: Clone>(&mut self, items: &[T]) -> T {
        items[self.below(items.len())].clone()
    }
}

/// A hash of two numbers.
pub(crate) fn mix(a: u64, b: u64) -> u64 {
    let mut z = a.rotate_left(23) ^ b.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// The smallest tape found that still fails: without parts, and with smaller numbers.
pub(crate) fn shrink(mut choices: Vec<u32>, fails: impl Fn(&[u32]) -> bool) -> Vec<u32> {
    let mut tries = 600;
    let mut try_it = |choices: &mut Vec<u32>, other: Vec<u32>| {
        tries -= 1;
        let is_better = tries >= 0 && other != *choices && fails(&other);
        if is_better {
            *choices = other;
        }
        is_better
    };
    loop {
        let before = choices.clone();
        for length in [64, 16, 4, 2, 1] {
            let mut at = 0;
            while at < choices.len() {
                let end = (at + length).min(choices.len());
                let without = [&choices[..at], &choices[end..]].concat();
                at += if try_it(&mut choices, without) { 0 } else { length };
            }
        }
        for at in 0..choices.len() {
            for divisor in [u32::MAX, 4, 2] {
                let mut smaller = choices.clone();
                smaller[at] /= divisor;
                try_it(&mut choices, smaller);
            }
            let mut smaller = choices.clone();
            smaller[at] = smaller[at].saturating_sub(1);
            try_it(&mut choices, smaller);
        }
        if choices == before {
            return choices;
        }
    }
}

#[test]
fn shrinking_leaves_what_matters() {
    let choices = Tape::from_seed(7, 300);
    assert_eq!(shrink(choices, |choices| choices.iter().any(|&c| c >= 77)), [77]);
}
