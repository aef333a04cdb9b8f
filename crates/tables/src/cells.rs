//! What storage managers hand over: runs of whole cells, as they come from the files.

use crate::Error;

/// Several strings back to back.
#[derive(Default)]
pub(crate) struct Strings {
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

impl Strings {
    pub(crate) fn clear(&mut self) {
        self.bytes.clear();
        self.ends.clear();
    }

    pub(crate) fn push(&mut self, string: &[u8]) {
        self.bytes.extend_from_slice(string);
        self.ends.push(self.bytes.len());
    }

    /// String `i`.
    ///
    /// # Panics
    /// When there are not so many.
    pub(crate) fn get(&self, i: usize) -> &[u8] {
        let start = if i == 0 { 0 } else { self.ends[i - 1] };
        &self.bytes[start..self.ends[i]]
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &[u8]> {
        (0..self.ends.len()).map(|i| self.get(i))
    }
}

/// The elements of some cells.
#[derive(Clone, Copy)]
pub(crate) enum Data<'a> {
    /// Fixed-size elements in the table's byte order; Bool one byte each.
    Fixed(&'a [u8]),
    /// One string per element.
    Strings(&'a Strings),
}

/// Consecutive cells of one shape.
#[derive(Clone, Copy)]
pub(crate) struct Run<'a> {
    /// Slowest axis first; empty for scalars.
    pub(crate) shape: &'a [usize],
    /// Cells in `data`.
    pub(crate) n_cell: usize,
    /// How many times `data` follows itself.
    pub(crate) repeat: usize,
    pub(crate) data: Data<'a>,
}

/// Takes the cells of a range of rows in their order.
pub(crate) trait Sink {
    /// The next `n_cell * repeat` rows.
    fn defined(&mut self, run: Run<'_>) -> Result<(), Error>;

    /// The next `n` rows have no value.
    fn undefined(&mut self, n: u64) -> Result<(), Error>;

    /// Where the next `n_cell` cells of `shape` may be put as they are stored, instead of handing them over with
    /// [`Sink::defined`]; then [`Sink::placed`] follows. `None`: hand them over.
    fn room(&mut self, _shape: &[usize], _n_cell: usize) -> Result<Option<&mut [u8]>, Error> {
        Ok(None)
    }

    /// The room that was given last is filled.
    fn placed(&mut self) {}

    /// The next `n_cell` cells of `shape` as bits, after some that are skipped; whether they were taken. If not, they
    /// are to be handed over as bytes.
    fn bits(&mut self, _shape: &[usize], _n_cell: usize, _packed: (&[u8], usize)) -> Result<bool, Error> {
        Ok(false)
    }

    /// Whether only shapes matter and `data` may be empty.
    fn shape_only(&self) -> bool {
        false
    }
}

/// Elements of a shape, if they can be counted.
pub(crate) fn element_count(shape: &[usize]) -> Option<usize> {
    shape.iter().try_fold(1_usize, |p, &n| p.checked_mul(n))
}
