//! Where the elements of a cell stand in tiles, for cells that are overwritten there.

use crate::Error;
use crate::storage::Spot;
use crate::tsm::{Layout, Tiled, step};

impl Tiled {
    /// As [`crate::storage::Storage::spots`].
    pub(crate) fn cell_spots<'a>(
        &'a self,
        i_column: usize,
        row: u64,
        shape: &[usize],
        spots: &mut Vec<Spot<'a>>,
    ) -> Result<bool, Error> {
        let segment = self.segments(row..row + 1).next().and_then(|(_, segment)| segment);
        let Some((segment, cube)) = segment.and_then(|s| Some((s, s.cube?))) else { return Ok(false) };
        if !self.parts.contains(&i_column) {
            return Ok(false);
        }
        let Some(layout) = self.layout(&self.header.cubes[cube], i_column)? else { return Ok(false) };
        let position = segment.last_position.checked_sub(segment.last_row - row);
        let position = position.filter(|&p| p < layout.n_row && layout.shape == shape);
        Ok(position.is_some_and(|position| layout.spots(position, spots)))
    }
}

impl<'a> Layout<'a> {
    /// Where the elements of one row stand; whether all of them are in the file.
    fn spots(&self, row: u64, spots: &mut Vec<Spot<'a>>) -> bool {
        let (band, in_tile, _) = self.place(row);
        let first_tile = band.and_then(|band| band.checked_mul(self.band));
        // Nothing beyond the file, so that what follows can be counted.
        let len = self.file.len();
        let first = in_tile.checked_mul(self.plane as u64).filter(|&first| first <= len.saturating_mul(8));
        let Some(first) = first else { return false };
        let mut index = vec![0; self.cell.len()];
        for tile in 0..self.band {
            let part = first_tile.and_then(|t| t.checked_add(tile)?.checked_mul(self.bucket_size));
            let Some(part) = part.and_then(|part| part.checked_add(self.start)).filter(|&at| at < len) else {
                return false;
            };
            let mut is_inside = true;
            self.lines(&index, |from, to, n| {
                let element = first + from as u64;
                let at = if self.is_bool { part * 8 + element } else { part + element * self.size as u64 };
                let end =
                    if self.is_bool { (at + n as u64).div_ceil(8) } else { at + (n * self.size) as u64 };
                is_inside &= end <= len;
                spots.push(Spot { file: self.file.path(), at, elements: to..to + n });
            });
            if !is_inside {
                return false;
            }
            step(&mut index, |axis| self.cell[axis].div_ceil(self.tile[axis]));
        }
        true
    }
}
