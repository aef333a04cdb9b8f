//! StManAipsIO into a file: one object with all columns, for software that knows nothing newer.
//!
//! ```text
//! object "StManAipsIO" v2 (big-endian always): String name; uInt seqnr, unique, nrow, ncol; ncol × Int dataType;
//!   per column, by its kind:
//!   scalar:          object "StManColumnAipsIO" v2: uInt nrow; (nrow > 0) uInt nrow, uInt n, n values
//!   direct array:    object "StManColumnArrayAipsIO" v2: object "StManColumnAipsIO" of all elements,
//!                    Bool as bits cell by cell
//!   any other array: object "StManColumnIndArrayAipsIO" v2: Int dataType; uInt seqnr; object "StManColumnAipsIO" of
//!                    uInt offsets in table.fNi (2³¹ + 1: an Int64 follows; 0: no value)
//! ```

use std::path::Path;

use crate::bytes::Order;
use crate::cells::{Data, Run, Sink};
use crate::storage::StoredColumn;
use crate::swapped::Swapped;
use crate::write::arrays::ArrayWriter;
use crate::write::out::{Out, pack};
use crate::write::storage::{NewColumn, NewFiles};
use crate::{DataType, Error};

/// Offsets beyond are marked by this.
const ESCAPE: u32 = 0x8000_0001;

pub(crate) fn write(files: &NewFiles<'_>, columns: &mut [NewColumn<'_>]) -> Result<Vec<u8>, Error> {
    let n_row = u32::try_from(files.n_row).map_err(|_| Error::Refused {
        table: files.table.to_owned(),
        reason: "StManAipsIO holds fewer than 2³² rows; use StandardStMan".to_owned(),
    })?;
    let any = columns.iter().any(|c| !c.stored.direct);
    let mut arrays = if any { Some(ArrayWriter::new(files.create("i")?, Order::Big, false)?) } else { None };
    let (mut bodies, mut n_byte) = (Vec::new(), 0);
    for column in columns.iter_mut() {
        let stored = column.stored.clone();
        let mut values = Values {
            column: &stored,
            arrays: &mut arrays,
            flags: Vec::new(),
            out: Out::new(Order::Big),
            n: 0,
        };
        match files.order {
            Order::Big => column.cells(0..files.n_row, &mut values)?,
            Order::Little => {
                column.cells(0..files.n_row, &mut Swapped::new(stored.data_type, &mut values))?
            }
        }
        let (n, body) = values.finish();
        n_byte += body.len();
        check_counts(files.table, n, n_byte)?;
        bodies.push((n, body));
    }
    let mut out = Out::new(Order::Big);
    out.object("StManAipsIO", 2, |out| {
        out.string(files.name);
        out.u32(files.seqnr);
        out.count(columns.iter().filter(|c| !c.stored.direct).count());
        out.u32(n_row);
        out.count(columns.len());
        columns.iter().for_each(|c| out.i32(c.stored.data_type.scalar_number().unwrap_or(0)));
        let mut i = 0;
        for (column, (n, body)) in columns.iter().zip(&bodies) {
            write_column(out, &column.stored, (i, n_row), (*n, body));
            i += u32::from(!column.stored.direct);
        }
    });
    files.disk.write(files.path(""), &out.bytes)?;
    arrays.map_or(Ok(()), ArrayWriter::finish)?;
    Ok(Vec::new())
}

/// Refuses more values of a column and more bytes than 32 bits can count.
fn check_counts(table: &Path, n: usize, n_byte: usize) -> Result<(), Error> {
    // The heads of the columns come as well.
    const MOST_BYTES: usize = (u32::MAX as usize) - (1 << 20);
    if u32::try_from(n).is_ok() && n_byte <= MOST_BYTES {
        return Ok(());
    }
    let reason = format!(
        "StManAipsIO holds fewer than 2³² values of a column and 4 GiB, not {n} values and {n_byte} bytes; use \
         StandardStMan"
    );
    Err(Error::Refused { table: table.to_owned(), reason })
}

/// A column with `n` values, which are `body`; `i` counts those in the array file.
fn write_column(out: &mut Out, column: &StoredColumn, (i, n_row): (u32, u32), (n, body): (usize, &[u8])) {
    let plain = |out: &mut Out| {
        out.object("StManColumnAipsIO", 2, |out| {
            out.u32(n_row);
            if n_row > 0 {
                out.u32(n_row);
                // Offsets come without their count.
                if column.direct {
                    out.count(n);
                }
                out.bytes.extend_from_slice(body);
            }
        });
    };
    if !column.is_array {
        plain(out);
    } else if column.direct {
        out.object("StManColumnArrayAipsIO", 2, plain);
    } else {
        out.object("StManColumnIndArrayAipsIO", 2, |out| {
            out.i32(column.data_type.scalar_number().unwrap_or(0));
            out.u32(i);
            plain(out);
        });
    }
}

/// Encodes a column's values.
struct Values<'a> {
    column: &'a StoredColumn,
    arrays: &'a mut Option<ArrayWriter>,
    /// Of a scalar column.
    flags: Vec<bool>,
    out: Out,
    n: usize,
}

impl Values<'_> {
    fn finish(mut self) -> (usize, Vec<u8>) {
        if !self.column.is_array && self.column.data_type == DataType::Bool {
            pack(self.flags.iter().copied(), &mut self.out.bytes);
        }
        (self.n, self.out.bytes)
    }

    fn offset(&mut self, run: &Run<'_>, i: usize) -> Result<(), Error> {
        let is_bool = self.column.data_type == DataType::Bool;
        let offset = match self.arrays {
            Some(arrays) => arrays.push(run, i, is_bool, 1)?,
            None => 0,
        };
        match u32::try_from(offset) {
            Ok(offset) if offset < ESCAPE => self.out.u32(offset),
            _ => {
                self.out.u32(ESCAPE);
                self.out.i64(offset as i64);
            }
        }
        Ok(())
    }

    fn direct(&mut self, run: &Run<'_>) {
        match run.data {
            Data::Strings(strings) => strings.iter().for_each(|text| {
                self.out.string_bytes(text);
                self.n += 1;
            }),
            Data::Fixed(bytes) if self.column.data_type == DataType::Bool && self.column.is_array => {
                let cells = bytes.chunks((bytes.len() / run.n_cell.max(1)).max(1));
                cells.for_each(|cell| pack(cell.iter().map(|&b| b != 0), &mut self.out.bytes));
                self.n += bytes.len();
            }
            Data::Fixed(bytes) if self.column.data_type == DataType::Bool => {
                self.flags.extend(bytes.iter().map(|&b| b != 0));
                self.n += bytes.len();
            }
            Data::Fixed(bytes) => {
                self.out.bytes.extend_from_slice(bytes);
                self.n += bytes.len() / self.column.data_type.size().unwrap_or(1);
            }
        }
    }
}

impl Sink for Values<'_> {
    fn defined(&mut self, run: Run<'_>) -> Result<(), Error> {
        for _ in 0..run.repeat {
            if self.column.direct {
                self.direct(&run);
            } else {
                (0..run.n_cell).try_for_each(|i| self.offset(&run, i))?;
            }
        }
        Ok(())
    }

    fn undefined(&mut self, n: u64) -> Result<(), Error> {
        (0..n).for_each(|_| self.out.u32(0));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_that_32_bits_do_not_hold_are_refused() {
        let check = |n, n_byte| check_counts(Path::new("t"), n, n_byte);
        assert!(check(0, 0).is_ok() && check(u32::MAX as usize, 3 << 30).is_ok());
        for (n, n_byte) in [(1 << 32, 1 << 29), (10, 1 << 32), (10, u32::MAX as usize)] {
            let message = check(n, n_byte).unwrap_err().to_string();
            assert!(message.contains("StManAipsIO holds fewer than 2³² values"), "{message}");
        }
    }
}
