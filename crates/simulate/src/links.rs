//! The network: one link for each node, on which frames follow each other.

use crate::cluster::Network;

/// When the links are free.
#[derive(Debug)]
pub(crate) struct Links {
    network: Network,
    out_free_s: Vec<f64>,
    in_free_s: Vec<f64>,
}

/// A frame on its way.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Sent {
    pub(crate) start_s: f64,
    pub(crate) arrival_s: f64,
}

impl Links {
    pub(crate) fn new(network: Network, n_nodes: usize) -> Self {
        Self { network, out_free_s: vec![0.0; n_nodes], in_free_s: vec![0.0; n_nodes] }
    }

    /// Sends bytes from one node to another, as soon as both links are free; links serve in the order of calls.
    pub(crate) fn send(&mut self, now_s: f64, (from, to): (usize, usize), bytes: f64) -> Sent {
        let start_s = now_s.max(self.out_free_s[from]).max(self.in_free_s[to]);
        let end_s = start_s + self.network.transfer_s(bytes);
        (self.out_free_s[from], self.in_free_s[to]) = (end_s, end_s);
        Sent { start_s, arrival_s: end_s + self.network.latency_s }
    }
}

impl Network {
    /// How long bytes occupy a link.
    pub(crate) fn transfer_s(&self, bytes: f64) -> f64 {
        self.bytes_per_s.map_or(0.0, |rate| bytes / rate)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_follow_each_other_on_each_link() {
        let mut links = Links::new(Network { latency_s: 0.5, bytes_per_s: Some(10.0) }, 3);
        assert_eq!(links.send(1.0, (0, 1), 10.0), Sent { start_s: 1.0, arrival_s: 2.5 });
        assert_eq!(links.send(1.0, (0, 2), 10.0), Sent { start_s: 2.0, arrival_s: 3.5 });
        assert_eq!(links.send(1.0, (1, 2), 10.0), Sent { start_s: 3.0, arrival_s: 4.5 });
        assert_eq!(links.send(1.0, (2, 0), 10.0), Sent { start_s: 1.0, arrival_s: 2.5 });
    }
}
