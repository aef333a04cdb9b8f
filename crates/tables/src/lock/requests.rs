//! The request list of table.lock: who was refused a lock and waits for it.
//!
//! 65 big-endian Ints: a count, then 32 pairs (process, host; the host is 0 in what casacore writes). An auto-locking
//! casacore looks at the count now and then and lets go of its lock when there is one. Nobody locks the list itself:
//! two that write it at once may lose one entry, and then that process waits as if it had asked nobody.

/// Bytes of the list.
pub(crate) const LENGTH: usize = 260;
const MOST: usize = 32;

/// Processes that wait, in the order of their requests.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Requests(pub(crate) Vec<i32>);

impl Requests {
    /// The list at the start of `bytes`; what does not make sense counts as empty.
    pub(crate) fn parse(bytes: &[u8]) -> Self {
        let mut ints = bytes.chunks_exact(4).map(|raw| i32::from_be_bytes([raw[0], raw[1], raw[2], raw[3]]));
        let n = ints.next().and_then(|n| usize::try_from(n).ok()).unwrap_or(0).min(MOST);
        Requests(ints.step_by(2).take(n).collect())
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut ints = vec![0; LENGTH / 4];
        ints[0] = self.0.len().min(MOST) as i32;
        for (pair, &process) in ints[1..].chunks_exact_mut(2).zip(&self.0) {
            pair[0] = process;
        }
        ints.iter().flat_map(|int| int.to_be_bytes()).collect()
    }

    /// Adds a process; whether the list is another one now.
    pub(crate) fn add(&mut self, process: i32) -> bool {
        let adds = !self.0.contains(&process) && self.0.len() < MOST;
        if adds {
            self.0.push(process);
        }
        adds
    }

    /// Takes a process out; whether the list is another one now.
    pub(crate) fn remove(&mut self, process: i32) -> bool {
        let before = self.0.len();
        self.0.retain(|&other| other != process);
        self.0.len() != before
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn in_and_out() {
        let mut list = Requests::default();
        assert!(list.add(7) && list.add(0x4c1d) && !list.add(7));
        let bytes = list.bytes();
        assert_eq!((bytes.len(), &bytes[..14]), (LENGTH, &[0, 0, 0, 2, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0][..]));
        assert_eq!(Requests::parse(&bytes), list);
        assert!(list.remove(7) && !list.remove(7));
        assert_eq!(Requests::parse(&list.bytes()), Requests(vec![0x4c1d]));
    }

    #[test]
    fn nonsense_and_full_lists() {
        assert_eq!(Requests::parse(&[]), Requests::default());
        assert_eq!(Requests::parse(&[0xff; LENGTH]), Requests::default());
        let mut list = Requests((0..MOST as i32).collect());
        assert!(!list.add(99));
        assert_eq!(Requests::parse(&list.bytes()), list);
        assert_eq!(Requests::parse(&[0x7f; LENGTH]).0.len(), MOST);
    }
}
