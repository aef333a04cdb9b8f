//! `FinishImage`: gridding correction and normalisation.

use crate::Real;
use crate::{Imaged, PartialImage};
use flow::{BoxError, Task};
use kernels::GridPlan;
use std::sync::Arc;

/// Divides by the transform of the gridding kernel and by the sum of weights: pixels in Jy/beam.
///
/// # Inputs
/// [`PartialImage`] with all planes added.
/// # Outputs
/// [`Imaged`].
/// # State
/// None.
/// # Replicable?
/// No: parallel inside.
pub struct FinishImage<T: Real> {
    plan: Arc<GridPlan<T>>,
}

impl<T: Real> FinishImage<T> {
    /// With the plan that the planes were made by.
    pub fn new(plan: &Arc<GridPlan<T>>) -> Self {
        FinishImage { plan: plan.clone() }
    }
}

/// Why there is no image.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NoImage {
    #[error(
        "all {n_flagged} samples of the selection are flagged, not finite or without weight: there is nothing to \
         image\n  try: another field, data description, channels or column, or look at the flags"
    )]
    AllFlagged { n_flagged: u64 },
    #[error(
        "the {what} is not finite: visibilities or weights are too large for {precision} precision\n  try: double \
         precision, or look at the data column and its weights"
    )]
    Overflow { what: &'static str, precision: &'static str },
}

impl<T: Real> Task for FinishImage<T> {
    type In = PartialImage<T>;
    type Out = Imaged<T>;

    fn run(&mut self, mut image: PartialImage<T>) -> Result<Imaged<T>, BoxError> {
        if image.counts.n_used == 0 {
            return Err(NoImage::AllFlagged { n_flagged: image.counts.n_flagged }.into());
        }
        let overflow = |what| Err(NoImage::Overflow { what, precision: T::NAME }.into());
        if !image.sum_weights.is_normal() {
            return overflow("sum of the weights");
        }
        self.plan.finish_image(&mut image.pixels);
        let per_weight = 1.0 / image.sum_weights;
        image.pixels.mapv_inplace(|p| T::from_double(p.to_double() * per_weight));
        if !image.pixels.iter().all(|p| p.is_finite()) {
            return overflow("image");
        }
        let pixels = Arc::new(image.pixels);
        Ok(Imaged { pixels, sum_weights: image.sum_weights, counts: image.counts, beam: None })
    }

    fn max_threads(&self) -> usize {
        usize::MAX
    }
}
