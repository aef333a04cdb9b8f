//! `AddPlanes`: the planes of one pass into the image.

use crate::Real;
use crate::{Counts, Gridded};
use flow::{BoxError, Task};
use kernels::GridPlan;
use ndarray::Array2;
use std::sync::Arc;

/// An image to which planes are still being added.
pub struct PartialImage<T> {
    pub(crate) pixels: Array2<T>,
    pub(crate) sum_weights: f64,
    pub(crate) counts: Counts,
}

/// Transforms gridded planes, corrects their w and adds them to the image.
///
/// # Inputs
/// [`PartialImage`], [`Gridded`].
/// # Outputs
/// [`PartialImage`].
/// # State
/// None.
/// # Replicable?
/// No: parallel inside, over rows and columns.
pub struct AddPlanes<T: Real> {
    plan: Arc<GridPlan<T>>,
}

impl<T: Real> AddPlanes<T> {
    /// With the plan that the planes were made by.
    pub fn new(plan: &Arc<GridPlan<T>>) -> Self {
        AddPlanes { plan: plan.clone() }
    }
}

impl<T: Real> PartialImage<T> {
    /// All pixels zero.
    pub fn new(plan: &GridPlan<T>) -> Self {
        let g = plan.geometry();
        PartialImage { pixels: Array2::zeros((g.ny, g.nx)), sum_weights: 0.0, counts: Counts::default() }
    }
}

impl<T: Real> Task for AddPlanes<T> {
    type In = (PartialImage<T>, Gridded<T>);
    type Out = PartialImage<T>;

    fn run(&mut self, (mut image, gridded): Self::In) -> Result<PartialImage<T>, BoxError> {
        self.plan.add_to_image(gridded.planes, &mut image.pixels);
        // Every pass sees the whole stream: its sums replace those of the pass before.
        image.sum_weights = gridded.sum_weights;
        image.counts = gridded.counts;
        Ok(image)
    }

    fn max_threads(&self) -> usize {
        usize::MAX
    }
}
