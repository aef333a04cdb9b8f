//! Sets of cores.

use std::{collections::BTreeSet, fmt};

/// More cores than any machine has: longer lists are taken for garbage.
const MOST: usize = 1 << 16;

/// A set of cores, by the numbers that the operating system gives them.
///
/// It is written as Linux writes it: `0-3,8`.
///
/// ```
/// use facette_flow::graph::CoreSet;
///
/// let cores: CoreSet = [8, 0, 1, 2].into_iter().collect();
/// assert_eq!((cores.to_string(), cores.len(), cores.contains(3)), ("0-2,8".to_owned(), 4, false));
/// ```
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CoreSet(BTreeSet<usize>);

impl CoreSet {
    /// The set of one core.
    pub fn one(core: usize) -> Self {
        CoreSet(BTreeSet::from([core]))
    }

    /// How many cores there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is no core.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether `core` is one of them.
    pub fn contains(&self, core: usize) -> bool {
        self.0.contains(&core)
    }

    /// The cores in rising order.
    pub fn iter(&self) -> impl Iterator<Item = usize> + '_ {
        self.0.iter().copied()
    }

    /// The cores that are in both sets.
    pub fn intersection(&self, other: &Self) -> Self {
        CoreSet(self.0.intersection(&other.0).copied().collect())
    }

    /// Reads Linux's way of writing; `None` where the text is something else.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut cores = BTreeSet::new();
        for range in text.trim().split(',').filter(|range| !range.is_empty()) {
            let (first, last) = range.split_once('-').unwrap_or((range, range));
            let (first, last): (usize, usize) = (first.parse().ok()?, last.parse().ok()?);
            if last >= MOST {
                return None;
            }
            cores.extend(first..=last);
        }
        Some(CoreSet(cores))
    }
}

impl Extend<usize> for CoreSet {
    fn extend<I: IntoIterator<Item = usize>>(&mut self, cores: I) {
        self.0.extend(cores);
    }
}

impl FromIterator<usize> for CoreSet {
    fn from_iter<I: IntoIterator<Item = usize>>(cores: I) -> Self {
        CoreSet(cores.into_iter().collect())
    }
}

impl fmt::Display for CoreSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut runs: Vec<(usize, usize)> = Vec::new();
        for core in self.iter() {
            match runs.last_mut() {
                Some((_, last)) if *last + 1 == core => *last = core,
                _ => runs.push((core, core)),
            }
        }
        for (i, (first, last)) in runs.into_iter().enumerate() {
            let comma = if i > 0 { "," } else { "" };
            match last - first {
                0 => write!(f, "{comma}{first}")?,
                _ => write!(f, "{comma}{first}-{last}")?,
            }
        }
        Ok(())
    }
}

impl fmt::Debug for CoreSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{{{self}}}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_read_and_written_as_linux_does() {
        for text in ["", "0", "0-3", "0-3,8", "1,3,5-6"] {
            assert_eq!(CoreSet::parse(text).unwrap().to_string(), text);
        }
        assert_eq!(CoreSet::parse("0,1,2\n").unwrap().to_string(), "0-2");
        for text in ["x", "1-", "-1", "1-x", "0-99999999999", "1 2"] {
            assert_eq!(CoreSet::parse(text), None, "{text}");
        }
        assert!(CoreSet::parse("5-2").unwrap().is_empty());
    }
}
