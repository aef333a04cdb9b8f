//! Why a gridder cannot be planned.

use types::format_bytes;

/// A gridder that cannot be planned as asked.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum PlanError {
    /// The accuracy is out of range for the precision.
    #[error(
        "accuracy {epsilon:e} is outside {min:e} to 1e-1, what {precision} precision can do; \
         change the accuracy or the precision"
    )]
    Epsilon {
        /// What was asked for.
        epsilon: f64,
        /// Smallest that the precision can promise.
        min: f64,
        /// `single` or `double`.
        precision: &'static str,
    },
    /// The image has no pixels, or its cell is no angle.
    #[error(
        "an image of {nx} × {ny} pixels of {cell_rad} rad cannot be made; sizes and cell must be above 0"
    )]
    Geometry {
        /// Pixels along x.
        nx: usize,
        /// Pixels along y.
        ny: usize,
        /// Side of a pixel, radians.
        cell_rad: f64,
    },
    /// The range of |w| is no range.
    #[error("|w| from {min} to {max} wavelengths is no range; both must be finite, 0 ≤ min ≤ max")]
    WRange {
        /// Smallest |w|, wavelengths.
        min: f64,
        /// Largest |w|, wavelengths.
        max: f64,
    },
    /// |w| is larger than that of any observation of this field.
    #[error(
        "|w| up to {max_lambda:.3e} wavelengths is beyond the {limit_lambda:.3e} that an image of this width can be \
         gridded with; the uvw or the frequencies of the data must be wrong"
    )]
    WTooLarge {
        /// Largest |w|, wavelengths.
        max_lambda: f64,
        /// Largest |w| possible, wavelengths; falls with the width of the image.
        limit_lambda: f64,
    },
    /// Not even one w plane fits.
    #[error(
        "one w plane ({}) and the image ({}) with scratch need {} but the limit is {}; \
         raise the memory limit, or lower the size or the precision",
        format_bytes(*plane_bytes), format_bytes(*image_bytes), format_bytes(*needed_bytes), format_bytes(*limit_bytes)
    )]
    Memory {
        /// Bytes of one w plane.
        plane_bytes: u64,
        /// Bytes of the image.
        image_bytes: u64,
        /// Bytes of the smallest pass: image, one plane and scratch.
        needed_bytes: u64,
        /// The limit given.
        limit_bytes: u64,
    },
    /// The grid has more cells than this machine can address.
    #[error("a grid for {nx} × {ny} pixels is larger than this machine can address; lower the size")]
    TooLarge {
        /// Pixels along x.
        nx: usize,
        /// Pixels along y.
        ny: usize,
    },
}
