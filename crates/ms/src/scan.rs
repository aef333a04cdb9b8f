//! Which rows of the main table are selected, found block by block.

use crate::{
    Error, Ms,
    spans::{RowKind, Span, join, runs},
};
use std::{
    collections::{BTreeMap, VecDeque},
    ops::Range,
};
use tables::Column;

/// How many rows a field has with a data description.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// FIELD_ID.
    pub field: i32,
    /// DATA_DESC_ID.
    pub ddid: i32,
    /// Rows of two antennas.
    pub n_cross: u64,
    /// Rows of one antenna with itself.
    pub n_auto: u64,
}

/// The four columns that selections look at.
struct Ids {
    columns: [Column; 4],
    values: [Vec<i32>; 4],
}

impl Ids {
    fn open(ms: &Ms) -> Result<Self, Error> {
        let open = |name| ms.main().column(name);
        let columns = [open("FIELD_ID")?, open("DATA_DESC_ID")?, open("ANTENNA1")?, open("ANTENNA2")?];
        Ok(Ids { columns, values: Default::default() })
    }

    /// FIELD_ID, DATA_DESC_ID and whether the antennas differ, of each of `rows`.
    fn read(&mut self, rows: Range<u64>) -> Result<impl Iterator<Item = (i32, i32, bool)>, Error> {
        for (column, values) in self.columns.iter().zip(&mut self.values) {
            values.clear();
            column.read_flat(rows.clone(), values)?;
        }
        let [field, ddid, antenna1, antenna2] = &self.values;
        let cross = antenna1.iter().zip(antenna2).map(|(a, b)| a != b);
        Ok(field.iter().zip(ddid).zip(cross).map(|((&f, &d), cross)| (f, d, cross)))
    }
}

/// Counts the rows of every pair of field and data description, ascending.
pub(crate) fn count_parts(ms: &Ms) -> Result<Vec<Part>, Error> {
    const READ_ROWS: usize = 1 << 16;
    let mut ids = Ids::open(ms)?;
    let mut counts = BTreeMap::<(i32, i32), [u64; 2]>::new();
    for rows in blocks(ms.n_row(), READ_ROWS) {
        for (field, ddid, cross) in ids.read(rows)? {
            counts.entry((field, ddid)).or_default()[usize::from(cross)] += 1;
        }
    }
    let part =
        |((field, ddid), [n_auto, n_cross]): ((i32, i32), [u64; 2])| Part { field, ddid, n_cross, n_auto };
    Ok(counts.into_iter().map(part).collect())
}

/// The rows of a table in blocks of `read_rows`.
pub(crate) fn blocks(n_row: u64, read_rows: usize) -> impl Iterator<Item = Range<u64>> {
    let step = read_rows.max(1);
    (0..n_row).step_by(step).map(move |start| start..start.saturating_add(step as u64).min(n_row))
}

/// What rows must look like to be selected.
#[derive(Clone, Debug)]
pub(crate) struct RowFilter {
    pub(crate) field: i32,
    pub(crate) ddid: i32,
    /// For every data description, whether its cells have the shape of the selected one's.
    pub(crate) same_shape: Vec<bool>,
}

impl RowFilter {
    fn kind(&self, (field, ddid, cross): (i32, i32, bool)) -> RowKind {
        let same_shape = || usize::try_from(ddid).is_ok_and(|d| self.same_shape.get(d) == Some(&true));
        match (field, ddid, cross) {
            (f, d, true) if f == self.field && d == self.ddid => RowKind::Wanted,
            _ if same_shape() => RowKind::SameShape,
            _ => RowKind::OtherShape,
        }
    }
}

/// The selected rows of one block of the main table.
pub(crate) struct Block {
    /// All rows of the block, selected or not.
    pub(crate) n_row: u64,
    /// The selected rows.
    pub(crate) all: Span,
    /// The same rows, by what is read at a time from columns whose cells differ in shape.
    pub(crate) spans: Vec<Span>,
}

/// Walks through the main table once.
pub(crate) struct Scan {
    ids: Ids,
    filter: RowFilter,
    kinds: Vec<RowKind>,
    /// Rows that were not looked at so far: ascending and apart, none empty.
    left: VecDeque<Range<u64>>,
    read_rows: usize,
}

impl Scan {
    /// Looks at `rows` alone if they are given.
    pub(crate) fn open(
        ms: &Ms,
        filter: RowFilter,
        rows: Option<&[Range<u64>]>,
        read_rows: usize,
    ) -> Result<Self, Error> {
        let all = 0..ms.n_row();
        let left = rows.unwrap_or(std::slice::from_ref(&all)).iter();
        let left = left.filter(|rows| !rows.is_empty()).cloned().collect();
        Ok(Scan { ids: Ids::open(ms)?, filter, kinds: Vec::new(), left, read_rows: read_rows.max(1) })
    }

    /// Rows that were not looked at so far.
    pub(crate) fn n_left(&self) -> u64 {
        self.left.iter().map(|rows| rows.end - rows.start).sum()
    }

    /// The next block, whether or not a row of it is selected; `None` at the end.
    pub(crate) fn next(&mut self) -> Result<Option<Block>, Error> {
        let Some(rows) = self.left.front_mut() else { return Ok(None) };
        let (start, end) = (rows.start, rows.start.saturating_add(self.read_rows as u64).min(rows.end));
        rows.start = end;
        if rows.is_empty() {
            self.left.pop_front();
        }
        let filter = &self.filter;
        self.kinds.clear();
        self.kinds.extend(self.ids.read(start..end)?.map(|ids| filter.kind(ids)));
        let all = runs(start, &self.kinds);
        let spans = join(start, &self.kinds, all.clone());
        Ok(Some(Block { n_row: end - start, all, spans }))
    }
}
