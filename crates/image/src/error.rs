//! What can go wrong with a fit.

/// A fit that was not possible.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// An image whose shape is not that of the geometry.
    #[error("{what} has the shape [{got_ny}, {got_nx}], its geometry [{ny}, {nx}] (ny, nx)")]
    Shape {
        /// Which image.
        what: String,
        /// Columns expected.
        nx: usize,
        /// Rows expected.
        ny: usize,
        /// Columns found.
        got_nx: usize,
        /// Rows found.
        got_ny: usize,
    },
    /// A PSF of too few pixels to see its main lobe fall off.
    #[error(
        "the PSF has {nx} × {ny} pixels: a beam fit needs at least 3 × 3, the peak and those beside it\n  \
         try: a larger image"
    )]
    TooSmall {
        /// Columns.
        nx: usize,
        /// Rows.
        ny: usize,
    },
    /// The PSF's center pixel is not a finite, positive maximum.
    #[error(
        "the PSF has no peak at its center pixel ({x}, {y}): {value} there, {neighbor} beside it\n  \
         is all of the selection flagged or of weight zero?"
    )]
    NoPeak {
        /// Column of the center, from 0.
        x: usize,
        /// Row of the center, from 0.
        y: usize,
        /// Value at the center.
        value: f64,
        /// The largest value beside it, or NaN.
        neighbor: f64,
    },
    /// The main lobe is too narrow to be measured.
    #[error(
        "the cell is too coarse: the beam is {fwhm_px:.2} pixels wide, expected at least {least_px}\n  \
         try: a cell of a third of the present one"
    )]
    CellTooCoarse {
        /// Width of the beam as far as it can be told, pixels.
        fwhm_px: f64,
        /// Least width that is accepted, pixels.
        least_px: f64,
    },
    /// The main lobe does not fall off on all sides within the image.
    #[error(
        "the main lobe of the PSF is not closed: it does not fall off on all sides\n  try: a larger image, or longer data"
    )]
    OpenLobe,
    /// A response that cannot be fitted: not finite or zero where its source is, or a source outside the image.
    #[error(
        "the response image of source {i_source} (from 0) is {value} at the source, expected a positive number"
    )]
    Response {
        /// Index of the source.
        i_source: usize,
        /// Value at the position of the source; NaN outside the image.
        value: f64,
    },
    /// Not enough pixels around the sources.
    #[error(
        "{n_pixel} pixels around the sources are usable, {n_unknown} unknowns need more\n  larger boxes or fewer sources are needed"
    )]
    TooFewPixels {
        /// Usable pixels in the boxes.
        n_pixel: usize,
        /// Unknowns: three a source.
        n_unknown: usize,
    },
    /// The table of derivatives would not fit a sensible memory.
    #[error(
        "{n_source} sources with {n_pixel} pixels are too many for one joint fit\n  fewer sources or smaller boxes are needed"
    )]
    TooManySources {
        /// Sources.
        n_source: usize,
        /// Pixels in their boxes.
        n_pixel: usize,
    },
    /// Sources so close together that the image cannot tell them apart.
    #[error("the image cannot tell the sources apart: two of them are at the same place")]
    Degenerate,
    /// The iteration ended without a minimum.
    #[error("the fit of {what} did not converge: {reason}")]
    NotConverged {
        /// What was fitted.
        what: &'static str,
        /// The solver's reason.
        reason: String,
    },
}
