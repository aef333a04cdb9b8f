//! Where chance comes from: a tape of numbers, which can be cut and thinned out until only what matters is left.

/// The choices of one case in the order in which they are asked for; 0, the simplest, behind the end.
#[derive(Clone, Debug)]
pub(crate) struct Tape {
    choices: Vec<u32>,
    at: usize,
}

impl Tape {
    pub(crate) fn of(choices: Vec<u32>) -> Self {
        Tape { choices, at: 0 }
    }

    /// The tape of a seed.
    pub(crate) fn from_seed(seed: u64, length: usize) -> Vec<u32> {
        (0..length as u64).map(|i| (mix(seed, i) >> 32) as u32).collect()
    }

    /// One of `0..n`.
    pub(crate) fn below(&mut self, n: usize) -> usize {
        let choice = self.choices.get(self.at).copied().unwrap_or(0);
        self.at += 1;
        choice as usize % n.max(1)
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

/// The smallest tape found that still fails: without tails, without parts, with zeros and halves.
pub(crate) fn shrink(mut choices: Vec<u32>, mut fails: impl FnMut(&[u32]) -> bool) -> Vec<u32> {
    let mut tries = 400;
    let mut is_better = |choices: &[u32], tries: &mut i32| {
        *tries -= 1;
        *tries >= 0 && fails(choices)
    };
    loop {
        let before = choices.clone();
        while choices.len() > 1 && is_better(&choices[..choices.len() / 2], &mut tries) {
            choices.truncate(choices.len() / 2);
        }
        for length in [32, 8, 2, 1] {
            let mut at = 0;
            while at < choices.len() {
                let end = (at + length).min(choices.len());
                let without: Vec<u32> = [&choices[..at], &choices[end..]].concat();
                let mut zeroed = choices.clone();
                zeroed[at..end].fill(0);
                if is_better(&without, &mut tries) {
                    choices = without;
                } else {
                    if zeroed != choices && is_better(&zeroed, &mut tries) {
                        choices = zeroed;
                    }
                    at = end;
                }
            }
        }
        if choices == before || tries < 0 {
            return choices;
        }
    }
}

#[test]
fn shrinking_leaves_what_matters() {
    let choices = Tape::from_seed(7, 300);
    let want = choices[123];
    assert_eq!(shrink(choices, |choices| choices.contains(&want)), [want]);
}
