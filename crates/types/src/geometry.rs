//! The geometry of an image: size, cell, and where a pixel lies.

/// Size and cell of an image in FITS orientation: x to the West (l falls with x), y to the North.
///
/// Pixels are counted from 0; the reference pixel, where l = m = 0, is (nx/2, ny/2) by integer division.
/// Arrays of pixels have the shape `[ny, nx]`: a row of the array is a row of the image.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ImageGeometry {
    /// Pixels along x (right ascension).
    pub nx: usize,
    /// Pixels along y (declination).
    pub ny: usize,
    /// Side of a pixel, radians (of direction cosine).
    pub cell_rad: f64,
}

impl ImageGeometry {
    /// The pixel, counted from 0, at the phase centre.
    pub fn center(&self) -> (usize, usize) {
        (self.nx / 2, self.ny / 2)
    }

    /// Direction cosine l of column `x`, growing to the East.
    pub fn l(&self, x: f64) -> f64 {
        -(x - (self.nx / 2) as f64) * self.cell_rad
    }

    /// Direction cosine m of row `y`, growing to the North.
    pub fn m(&self, y: f64) -> f64 {
        (y - (self.ny / 2) as f64) * self.cell_rad
    }

    /// The position (x, y), counted from 0, of direction cosines (l, m).
    pub fn xy(&self, l: f64, m: f64) -> (f64, f64) {
        ((self.nx / 2) as f64 - l / self.cell_rad, (self.ny / 2) as f64 + m / self.cell_rad)
    }

    /// Number of pixels.
    pub fn n_pixels(&self) -> usize {
        self.nx * self.ny
    }

    /// Largest l² + m² of a pixel centre; an image fits on the sphere where this is below 1.
    pub fn max_r2(&self) -> f64 {
        let far = |n: usize| (n / 2).max(n - 1 - n / 2) as f64 * self.cell_rad;
        far(self.nx).powi(2) + far(self.ny).powi(2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reference_pixel_and_round_trip_for_odd_and_even_sizes() {
        for (nx, ny, center) in [(512, 512, (256, 256)), (5, 8, (2, 4)), (1, 1, (0, 0))] {
            let g = ImageGeometry { nx, ny, cell_rad: 1e-3 };
            assert_eq!(g.center(), center);
            assert_eq!((g.l(center.0 as f64), g.m(center.1 as f64)), (0.0, 0.0));
            let (x, y) = g.xy(g.l(1.25), g.m(2.5));
            assert!((x - 1.25).abs() < 1e-12 && (y - 2.5).abs() < 1e-12);
        }
        assert!(ImageGeometry { nx: 4, ny: 4, cell_rad: 1.0 }.l(3.0) < 0.0);
    }
}
