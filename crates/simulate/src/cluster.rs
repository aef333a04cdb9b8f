//! What a pipeline runs on: nodes with cores of several types and a memory bandwidth, and the network between them.

use schedule::Problem;
use serde::{Deserialize, Serialize};

/// Nodes and the network between them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Cluster {
    /// The nodes; a stage names its node by the position here.
    pub nodes: Vec<Node>,
    /// What connects them.
    #[serde(default)]
    pub network: Network,
}

/// Cores that share a memory.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Node {
    /// Name for results and messages.
    pub name: String,
    /// Its cores; a stage names their type by the position here, big ones first as in [`Problem::core_types`].
    pub cores: Vec<Cores>,
    /// What the memory gives to all cores together, bytes/s; `None` where it never limits.
    #[serde(default)]
    pub memory_bytes_per_s: Option<f64>,
}

/// Cores of one type on a node.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Cores {
    /// Name of the type.
    pub core_type: String,
    /// How many there are.
    pub count: u32,
    /// How fast one is, relative to the core for which the service times hold.
    #[serde(default = "one")]
    pub speed: f64,
    /// What so many busy cores are worth together, as multiples of one alone: (count, worth), counts rising.
    ///
    /// Empty where n busy cores do n times the work of one. Less where clocks fall under load, where two threads share
    /// a core, or where a virtual core is not always there. Between two counts worth is linear; beyond the last, cores
    /// are worth as much each as there.
    #[serde(default)]
    pub worth: Vec<(u32, f64)>,
    /// What a thread that spins takes of a core, relative to one that works, where they share it: 0 to 1.
    #[serde(default = "one")]
    pub spin_weight: f64,
}

/// One link for each node, full duplex: frames leave a node one after the other, and arrive one after the other.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Network {
    /// From the last byte sent to its arrival.
    pub latency_s: f64,
    /// Of each link in each direction; `None` where only the latency counts.
    #[serde(default)]
    pub bytes_per_s: Option<f64>,
}

impl Default for Network {
    /// A network that takes no time.
    fn default() -> Self {
        Self { latency_s: 0.0, bytes_per_s: None }
    }
}

impl Cluster {
    /// One node with so many cores of one type, all worth the same, and a memory that never limits.
    #[must_use]
    pub fn uniform(cores: u32) -> Self {
        let node =
            Node { name: "node".into(), cores: vec![Cores::new("core", cores)], memory_bytes_per_s: None };
        Self { nodes: vec![node], network: Network::default() }
    }

    /// One node with the cores that a plan was made for.
    #[must_use]
    pub fn of(problem: &Problem) -> Self {
        let cores = problem.core_types().iter().map(|c| Cores::new(&c.name, c.count)).collect();
        let node = Node { name: "node".into(), cores, memory_bytes_per_s: None };
        Self { nodes: vec![node], network: Network::default() }
    }
}

impl Cores {
    /// Cores of full speed, each worth as much as one alone.
    #[must_use]
    pub fn new(core_type: &str, count: u32) -> Self {
        Self { core_type: core_type.into(), count, speed: 1.0, worth: Vec::new(), spin_weight: 1.0 }
    }

    /// What `busy` cores are worth together.
    pub(crate) fn worth(&self, busy: f64) -> f64 {
        let (mut below, mut worth_below) = (0.0, 0.0);
        let one = (self.worth.first().is_none_or(|w| w.0 > 1)).then_some((1, 1.0));
        for (count, worth) in one.into_iter().chain(self.worth.iter().copied()) {
            let count = f64::from(count);
            if busy <= count {
                return worth_below + (worth - worth_below) * (busy - below) / (count - below);
            }
            (below, worth_below) = (count, worth);
        }
        busy * worth_below / below
    }
}

fn one() -> f64 {
    1.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn worth_is_linear_between_what_was_measured() {
        let cores = |worth: &[(u32, f64)]| Cores { worth: worth.to_vec(), ..Cores::new("core", 8) };
        assert_eq!([0.5, 1.0, 7.0].map(|n| cores(&[]).worth(n)), [0.5, 1.0, 7.0]);
        let two = cores(&[(2, 1.5), (4, 2.0)]);
        assert_eq!([1.0, 1.5, 2.0, 3.0, 4.0, 8.0].map(|n| two.worth(n)), [1.0, 1.25, 1.5, 1.75, 2.0, 4.0]);
        assert_eq!(cores(&[(1, 0.9)]).worth(2.0), 1.8);
    }
}
