//! From a graph of tasks to a chain: an order in which every task comes after those that it reads from.

use crate::error::Error;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// An order of `tasks` tasks, numbered from 0, in which every edge `(from, to)` points forward; of the tasks that can
/// come next, the one with the lowest number does. Any interval of such an order can be a stage.
///
/// # Errors
/// [`Error::BadEdge`] for a task that is not there, [`Error::Cycle`].
pub fn topological_order(tasks: usize, edges: &[(usize, usize)]) -> Result<Vec<usize>, Error> {
    let mut readers = vec![Vec::new(); tasks];
    let mut waits_for = vec![0usize; tasks];
    for &(from, to) in edges {
        if from.max(to) >= tasks {
            return Err(Error::BadEdge { from, to, tasks });
        }
        readers[from].push(to);
        waits_for[to] += 1;
    }
    let mut ready: BinaryHeap<_> = (0..tasks).filter(|&t| waits_for[t] == 0).map(Reverse).collect();
    let mut order = Vec::with_capacity(tasks);
    while let Some(Reverse(task)) = ready.pop() {
        order.push(task);
        for &reader in &readers[task] {
            waits_for[reader] -= 1;
            if waits_for[reader] == 0 {
                ready.push(Reverse(reader));
            }
        }
    }
    if order.len() == tasks {
        return Ok(order);
    }
    Err(Error::Cycle { tasks: (0..tasks).filter(|&t| waits_for[t] > 0).collect() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edges_point_forward_and_ties_go_by_number() {
        assert_eq!(topological_order(5, &[(3, 1), (1, 4), (0, 4)]), Ok(vec![0, 2, 3, 1, 4]));
        assert_eq!(topological_order(3, &[]), Ok(vec![0, 1, 2]));
        assert_eq!(topological_order(3, &[(1, 2), (2, 1)]), Err(Error::Cycle { tasks: vec![1, 2] }));
        let outside = topological_order(2, &[(0, 2)]);
        assert_eq!(outside, Err(Error::BadEdge { from: 0, to: 2, tasks: 2 }));
    }
}
