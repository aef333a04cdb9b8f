//! A slab of w planes of the uv grid.

use super::recipe::Recipe;
use super::runs::TILE;
use crate::Real;
use rayon::prelude::*;
use std::ops::Range;

/// The planes of one pass, as `[v][plane][u]`, real and imaginary parts interleaved.
///
/// Invariant: rows nv to the end are guard rows: footprints of the last strip spill into them instead of wrapping to
/// row 0; they are added there before the transforms.
#[derive(Clone, Debug)]
pub struct Planes<T> {
    /// The pass.
    pub(super) i_pass: usize,
    /// Which planes of the plan these are.
    pub(super) range: Range<usize>,
    pub(super) nu: usize,
    pub(super) nv: usize,
    /// All rows, guard included.
    pub(super) values: Vec<T>,
    /// Which rows may be non-zero.
    pub(super) used: Vec<bool>,
}

impl<T: Real> Planes<T> {
    pub(super) fn new(recipe: &Recipe, i_pass: usize) -> Self {
        assert!(i_pass < recipe.n_passes, "pass {i_pass} of {}", recipe.n_passes);
        let first = i_pass * recipe.planes_per_pass;
        let range = first..recipe.n_planes.min(first + recipe.planes_per_pass);
        let n_rows = (recipe.nv.div_ceil(TILE) + 1) * TILE;
        // A plain vector of zeros comes from the system untouched: rows that no sample reaches cost no memory.
        let values = vec![T::zero(); n_rows * range.len() * recipe.nu * 2];
        Planes { i_pass, range, nu: recipe.nu, nv: recipe.nv, values, used: vec![false; n_rows] }
    }

    /// The pass that these planes belong to.
    pub fn i_pass(&self) -> usize {
        self.i_pass
    }

    /// Adds another slab of the same pass: for gridding by parts.
    ///
    /// # Panics
    /// When the slabs are of different passes or plans.
    pub fn merge(&mut self, other: &Self) {
        assert_eq!((self.i_pass, self.values.len()), (other.i_pass, other.values.len()), "different slabs");
        self.values.par_iter_mut().zip(&other.values).for_each(|(a, b)| *a += *b);
        self.used.iter_mut().zip(&other.used).for_each(|(a, b)| *a |= b);
    }

    /// Length of a row of all planes.
    pub(super) fn row_len(&self) -> usize {
        2 * self.nu * self.range.len()
    }

    /// Adds the guard rows to the rows that they stand for, in order.
    pub(super) fn fold_guard(&mut self) {
        let row_len = self.row_len();
        let nv = self.nv;
        let (rows, guard) = self.values.split_at_mut(nv * row_len);
        for (i, guard_row) in guard.chunks_exact_mut(row_len).enumerate() {
            if std::mem::take(&mut self.used[nv + i]) {
                let row = i % nv;
                self.used[row] = true;
                let row = &mut rows[row * row_len..(row + 1) * row_len];
                for (to, from) in row.iter_mut().zip(guard_row) {
                    *to += std::mem::replace(from, T::zero());
                }
            }
        }
    }
}
