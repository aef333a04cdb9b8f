//! How visibilities are weighted, and in which precision they are gridded.

/// Imaging weights (docs/conventions/weights.md).
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Weighting {
    /// The data's weights as they are: best sensitivity.
    Natural,
    /// Weight over the sum of weights in the uv cell: best resolution.
    Uniform,
    /// Between the two (Briggs 1995): −2 is close to uniform, +2 close to natural.
    Briggs {
        /// Briggs' robustness parameter.
        robust: f64,
    },
}

impl Weighting {
    /// Whether a first pass has to sum the weights of every uv cell.
    pub fn needs_density(self) -> bool {
        self != Weighting::Natural
    }
}

/// Precision of grids and images.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Precision {
    /// 32-bit floating point.
    Single,
    /// 64-bit floating point.
    Double,
}
