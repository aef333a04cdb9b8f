//! `Grid`: visibilities onto the w planes of one pass.

use crate::Counts;
use crate::Real;
use flow::{Accumulator, BoxError};
use kernels::{GridPlan, Planes};
use std::sync::Arc;
use types::StokesVis;

/// The planes of one pass and what went into them.
pub struct Gridded<T: Real> {
    /// The grids.
    pub planes: Planes<T>,
    /// Sum of the weights of all samples of the stream, whatever plane they went to.
    pub sum_weights: f64,
    /// Samples of the stream.
    pub counts: Counts,
}

/// Grids the visibilities of the stream that touch the planes of one pass.
///
/// # Inputs
/// [`StokesVis`] with imaging weights, in stream order.
/// # Outputs
/// [`Gridded`].
/// # State
/// The grids.
/// # Replicable?
/// No: parallel inside, over strips of the uv plane, every cell summed in stream order.
pub struct Grid<T: Real> {
    plan: Arc<GridPlan<T>>,
    i_pass: usize,
    gridded: Option<Gridded<T>>,
}

impl<T: Real> Grid<T> {
    /// Grids onto the planes of pass `i_pass` of `plan`; they are allocated with the first chunk.
    pub fn new(plan: &Arc<GridPlan<T>>, i_pass: usize) -> Self {
        Grid { plan: plan.clone(), i_pass, gridded: None }
    }

    fn empty(&self) -> Gridded<T> {
        Gridded { planes: self.plan.new_planes(self.i_pass), sum_weights: 0.0, counts: Counts::default() }
    }
}

impl<T: Real> Accumulator for Grid<T> {
    type In = StokesVis<T>;
    type Out = Gridded<T>;

    fn add(&mut self, vis: StokesVis<T>) -> Result<(), BoxError> {
        let mut gridded = self.gridded.take().unwrap_or_else(|| self.empty());
        self.plan.grid(&vis, &mut gridded.planes);
        gridded.sum_weights += vis.weight_rf.iter().map(|w| w.to_double()).sum::<f64>();
        gridded.counts.add(&vis);
        self.gridded = Some(gridded);
        Ok(())
    }

    fn finish(&mut self) -> Result<Gridded<T>, BoxError> {
        Ok(self.gridded.take().unwrap_or_else(|| self.empty()))
    }

    fn max_threads(&self) -> usize {
        usize::MAX
    }
}
