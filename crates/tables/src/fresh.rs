//! New memory for many values, in pages as large as the system has them: most of the time that a large column takes
//! otherwise goes into one page fault for every 4 KiB.

use std::ops::Range;

use arrow_buffer::Buffer;
use bytemuck::Pod;
use bytes::Bytes;
use memmap2::MmapMut;

use crate::cells::element_count;
use crate::{Column, DataType, Element, Error};

/// From here on, bytes of memory are mapped.
const LARGE: usize = 4 << 20;

/// Mapped memory of the process's own: no file lies behind it.
struct Fresh(MmapMut);

impl Fresh {
    /// Memory of zeros; `None` for little, which the allocator has at hand, and where the system has not as much.
    fn new(n_byte: usize) -> Option<Self> {
        if n_byte < LARGE {
            return None;
        }
        let map = MmapMut::map_anon(n_byte).ok()?;
        // Where there are no large pages, small ones do.
        #[cfg(target_os = "linux")]
        let _ = map.advise(memmap2::Advice::HugePage);
        Some(Fresh(map))
    }

    /// The memory as Arrow takes it, not copied.
    fn into_buffer(self) -> Buffer {
        Buffer::from(Bytes::from_owner(self.0))
    }
}

/// A range of rows, and the threads that read it.
type Work<'a> = (&'a Column, usize, Range<u64>);

impl Column {
    /// The shape and the elements of many cells of numbers that have one shape; `None` for others.
    pub(crate) fn fresh(
        &self,
        threads: usize,
        rows: &Range<u64>,
    ) -> Result<Option<(Vec<usize>, Buffer)>, Error> {
        let data_type = self.info().data_type;
        let Some(size) = data_type.size().filter(|_| data_type != DataType::Bool && !rows.is_empty()) else {
            return Ok(None);
        };
        let Some(shape) = self.first_shape(rows.start)? else { return Ok(None) };
        let n_row = usize::try_from(rows.end - rows.start).ok();
        let n_byte = element_count(&shape).and_then(|n| n.checked_mul(size)?.checked_mul(n_row?));
        let Some(Fresh(mut map)) = n_byte.and_then(Fresh::new) else { return Ok(None) };
        match fill(data_type, (self, threads, rows.clone()), &mut map) {
            Ok(_) => Ok(Some((shape, Fresh(map).into_buffer()))),
            // Cells of other shapes or without a value: an array of another kind.
            Err(Error::Shape { .. } | Error::Size { .. } | Error::Undefined { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The shape of a cell, looked up in the files only where the description does not say it.
    fn first_shape(&self, row: u64) -> Result<Option<Vec<usize>>, Error> {
        match &self.info().shape {
            _ if !self.info().is_array => Ok(Some(Vec::new())),
            Some(shape) => Ok(Some(shape.clone())),
            None => self.cell_shape(row),
        }
    }
}

/// Fills memory with values of the width that they are stored in.
fn fill(data_type: DataType, work: Work<'_>, memory: &mut [u8]) -> Result<Vec<usize>, Error> {
    match data_type {
        DataType::Char => fill_with::<i8>(work, memory),
        DataType::Short => fill_with::<i16>(work, memory),
        DataType::UShort => fill_with::<u16>(work, memory),
        DataType::Int => fill_with::<i32>(work, memory),
        DataType::UInt => fill_with::<u32>(work, memory),
        DataType::Int64 => fill_with::<i64>(work, memory),
        DataType::Float | DataType::Complex => fill_with::<f32>(work, memory),
        DataType::Double | DataType::DComplex => fill_with::<f64>(work, memory),
        DataType::Bool | DataType::UChar | DataType::String | DataType::Record => {
            fill_with::<u8>(work, memory)
        }
    }
}

fn fill_with<T: Element + Pod>(
    (column, threads, rows): Work<'_>,
    memory: &mut [u8],
) -> Result<Vec<usize>, Error> {
    // A map begins with a page, so values of any width are aligned in it.
    column.read_into_on(threads, rows, bytemuck::cast_slice_mut::<u8, T>(memory))
}
