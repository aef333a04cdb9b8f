//! Cells as Arrow arrays.

use std::sync::Arc;

use arrow_array::types::{
    ArrowPrimitiveType, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, UInt8Type,
    UInt16Type, UInt32Type,
};
use arrow_array::{
    Array, ArrayRef, BinaryArray, BooleanArray, FixedSizeListArray, ListArray, PrimitiveArray, StringArray,
};
use arrow_buffer::{BooleanBuffer, BooleanBufferBuilder, Buffer, NullBuffer, OffsetBuffer};
use arrow_schema::{ArrowError, Field, FieldRef};

use crate::bytes::Order;
use crate::cells::{Data, Run, Sink, Strings, element_count};
use crate::column::{RecordBytes, repeat_from};
use crate::element::sealed::{Decode, Fixed};
use crate::{ColumnInfo, DataType, Element, Error};

/// Why there is no array.
pub(crate) enum ReadError {
    Scan(Error),
    /// This many elements are too many for Arrow's offsets.
    TooLarge(usize),
    /// Cells have another shape than when they were looked at before.
    Changed,
}

impl From<Error> for ReadError {
    fn from(error: Error) -> Self {
        ReadError::Scan(error)
    }
}

/// What an array looks like: its type depends on nothing else but the column's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Form {
    pub(crate) nesting: Nesting,
    /// Strings are given as bytes, because some are not UTF-8.
    pub(crate) binary: bool,
}

/// How array cells are nested.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Nesting {
    /// Fixed-size lists: all cells have this shape.
    Fixed(Vec<usize>),
    /// Lists of this many levels.
    Lists(usize),
}

/// The array of the cells that `scan` hands out, in a form that was fixed before or in the one that suits them.
pub(crate) fn read(
    info: &ColumnInfo,
    order: Order,
    form: Option<&Form>,
    scan: impl FnOnce(&mut dyn Sink) -> Result<(), Error>,
) -> Result<ArrayRef, ReadError> {
    let task = Task { info, order, form };
    match info.data_type {
        DataType::Bool => task.bits(scan),
        DataType::Char => task.numbers::<Int8Type>(scan),
        DataType::UChar => task.numbers::<UInt8Type>(scan),
        DataType::Short => task.numbers::<Int16Type>(scan),
        DataType::UShort => task.numbers::<UInt16Type>(scan),
        DataType::Int => task.numbers::<Int32Type>(scan),
        DataType::UInt => task.numbers::<UInt32Type>(scan),
        DataType::Int64 => task.numbers::<Int64Type>(scan),
        DataType::Float | DataType::Complex => task.numbers::<Float32Type>(scan),
        DataType::Double | DataType::DComplex => task.numbers::<Float64Type>(scan),
        DataType::String => task.strings(scan),
        DataType::Record => Ok(records(scan)?),
    }
}

/// What is read.
struct Task<'a> {
    info: &'a ColumnInfo,
    order: Order,
    form: Option<&'a Form>,
}

impl Task<'_> {
    fn numbers<P: ArrowPrimitiveType<Native: Element>>(
        &self,
        scan: impl FnOnce(&mut dyn Sink) -> Result<(), Error>,
    ) -> Result<ArrayRef, ReadError> {
        self.values(scan, |values: Vec<P::Native>, nulls| {
            Arc::new(PrimitiveArray::<P>::new(values.into(), nulls))
        })
    }

    fn values<T: Element>(
        &self,
        scan: impl FnOnce(&mut dyn Sink) -> Result<(), Error>,
        leaf: impl FnOnce(Vec<T>, Option<NullBuffer>) -> ArrayRef,
    ) -> Result<ArrayRef, ReadError> {
        let stored = self.info.data_type;
        let width = if stored.is_complex() { 2 } else { 1 };
        let Some(Decode::Fixed(decode)) = T::decode(stored, self.order) else {
            return Err(ReadError::TooLarge(0));
        };
        let mut gather = Gather { values: Numbers { out: Vec::new(), decode, width }, cells: self.cells() };
        scan(&mut gather)?;
        let Gather { values, cells } = gather;
        let nulls = cells.scalar_nulls();
        if width == 1 {
            return cells.nest(self.info, self.form, leaf(values.out, nulls));
        }
        let pairs = fixed_list(2, leaf(values.out, None), nulls)?;
        cells.nest(self.info, self.form, pairs)
    }

    fn bits(&self, scan: impl FnOnce(&mut dyn Sink) -> Result<(), Error>) -> Result<ArrayRef, ReadError> {
        let mut gather = Gather { values: Bits(BooleanBufferBuilder::new(0)), cells: self.cells() };
        scan(&mut gather)?;
        let Gather { values: Bits(mut bits), cells } = gather;
        cells.nest(self.info, self.form, Arc::new(BooleanArray::new(bits.finish(), cells.scalar_nulls())))
    }

    fn strings(&self, scan: impl FnOnce(&mut dyn Sink) -> Result<(), Error>) -> Result<ArrayRef, ReadError> {
        let texts = Texts { bytes: Vec::new(), ends: vec![0] };
        let mut gather = Gather { values: texts, cells: self.cells() };
        scan(&mut gather)?;
        let Gather { values, cells } = gather;
        let ends = values.ends.iter().map(|&end| i32::try_from(end)).collect::<Result<Vec<_>, _>>();
        let ends = OffsetBuffer::new(ends.map_err(|_| ReadError::TooLarge(values.bytes.len()))?.into());
        let (bytes, nulls) = (Buffer::from(values.bytes), cells.scalar_nulls());
        let as_text = match self.form {
            Some(Form { binary: true, .. }) => None,
            _ => StringArray::try_new(ends.clone(), bytes.clone(), nulls.clone()).ok(),
        };
        let leaf: ArrayRef = match as_text {
            Some(strings) => Arc::new(strings),
            None => Arc::new(BinaryArray::try_new(ends, bytes, nulls).map_err(|e| too_large(&e))?),
        };
        cells.nest(self.info, self.form, leaf)
    }

    fn cells(&self) -> Cells {
        Cells { runs: Vec::new(), is_array: self.info.is_array }
    }
}

/// The bytes of record cells.
fn records(scan: impl FnOnce(&mut dyn Sink) -> Result<(), Error>) -> Result<ArrayRef, Error> {
    let mut cells = RecordBytes::default();
    scan(&mut cells)?;
    Ok(Arc::new(BinaryArray::from_iter_values(cells.cells)))
}

/// The array of cells of one shape whose elements are numbers that lie in `values` row by row.
pub(crate) fn of_one_shape(
    info: &ColumnInfo,
    shape: &[usize],
    n_row: usize,
    values: Buffer,
) -> Result<ArrayRef, ReadError> {
    let cells =
        Cells { runs: vec![CellRun { shape: Some(shape.to_vec()), n: n_row }], is_array: info.is_array };
    let leaf = match info.data_type {
        DataType::Char => leaf::<Int8Type>(values),
        DataType::UChar => leaf::<UInt8Type>(values),
        DataType::Short => leaf::<Int16Type>(values),
        DataType::UShort => leaf::<UInt16Type>(values),
        DataType::Int => leaf::<Int32Type>(values),
        DataType::UInt => leaf::<UInt32Type>(values),
        DataType::Int64 => leaf::<Int64Type>(values),
        DataType::Double | DataType::DComplex => leaf::<Float64Type>(values),
        _ => leaf::<Float32Type>(values),
    };
    let is_pair = info.data_type.is_complex();
    cells.nest(info, None, if is_pair { fixed_list(2, leaf, None)? } else { leaf })
}

fn leaf<P: ArrowPrimitiveType>(values: Buffer) -> ArrayRef {
    Arc::new(PrimitiveArray::<P>::new(values.into(), None))
}

/// Where elements are collected.
trait Values {
    fn append(&mut self, data: Data<'_>, repeat: usize);
    /// Elements that stand for scalars without a value.
    fn fill(&mut self, n: usize);
    /// Appends elements that are bits, after some that are skipped, if these values are.
    fn append_bits(&mut self, _packed: &[u8], _skip: usize, _n: usize) -> bool {
        false
    }
}

/// Bool as Arrow keeps it, which is as tiles do.
struct Bits(BooleanBufferBuilder);

impl Values for Bits {
    fn append(&mut self, data: Data<'_>, repeat: usize) {
        if let Data::Fixed(bytes) = data {
            let cells = (0..repeat).flat_map(|_| bytes);
            cells.for_each(|&byte| self.0.append(byte != 0));
        }
    }

    fn fill(&mut self, n: usize) {
        self.0.append_n(n, false);
    }

    fn append_bits(&mut self, packed: &[u8], skip: usize, n: usize) -> bool {
        self.0.append_packed_range(skip..skip + n, packed);
        true
    }
}

struct Numbers<T> {
    out: Vec<T>,
    decode: Fixed<T>,
    /// Numbers per element.
    width: usize,
}

impl<T: Element> Values for Numbers<T> {
    fn append(&mut self, data: Data<'_>, repeat: usize) {
        if let Data::Fixed(bytes) = data {
            let start = self.out.len();
            (self.decode.append)(bytes, &mut self.out);
            repeat_from(&mut self.out, start, repeat);
        }
    }

    fn fill(&mut self, n: usize) {
        self.out.resize(self.out.len() + n * self.width, T::default());
    }
}

struct Texts {
    bytes: Vec<u8>,
    /// Where each string ends; starts with 0.
    ends: Vec<usize>,
}

impl Texts {
    fn push_all(&mut self, strings: &Strings) {
        for string in strings.iter() {
            self.bytes.extend_from_slice(string);
            self.ends.push(self.bytes.len());
        }
    }
}

impl Values for Texts {
    fn append(&mut self, data: Data<'_>, repeat: usize) {
        if let Data::Strings(strings) = data {
            (0..repeat).for_each(|_| self.push_all(strings));
        }
    }

    fn fill(&mut self, n: usize) {
        self.ends.resize(self.ends.len() + n, self.bytes.len());
    }
}

/// Rows of one shape.
struct CellRun {
    shape: Option<Vec<usize>>,
    n: usize,
}

/// The shapes of all cells.
struct Cells {
    runs: Vec<CellRun>,
    is_array: bool,
}

struct Gather<V> {
    values: V,
    cells: Cells,
}

impl<V: Values> Sink for Gather<V> {
    fn defined(&mut self, run: Run<'_>) -> Result<(), Error> {
        self.cells.push(Some(run.shape), run.n_cell * run.repeat);
        self.values.append(run.data, run.repeat);
        Ok(())
    }

    fn bits(
        &mut self,
        shape: &[usize],
        n_cell: usize,
        (packed, skip): (&[u8], usize),
    ) -> Result<bool, Error> {
        let n = element_count(shape).unwrap_or(0) * n_cell;
        let are_taken = self.values.append_bits(packed, skip, n);
        if are_taken {
            self.cells.push(Some(shape), n_cell);
        }
        Ok(are_taken)
    }

    fn undefined(&mut self, n: u64) -> Result<(), Error> {
        self.cells.push(None, n as usize);
        if !self.cells.is_array {
            self.values.fill(n as usize);
        }
        Ok(())
    }
}

impl Cells {
    fn push(&mut self, shape: Option<&[usize]>, n: usize) {
        match self.runs.last_mut() {
            Some(last) if last.shape.as_deref() == shape => last.n += n,
            _ => self.runs.push(CellRun { shape: shape.map(<[usize]>::to_vec), n }),
        }
    }

    fn nulls(&self) -> Option<NullBuffer> {
        if self.runs.iter().all(|run| run.shape.is_some()) {
            return None;
        }
        let valid = self.runs.iter().flat_map(|run| std::iter::repeat_n(run.shape.is_some(), run.n));
        Some(NullBuffer::new(BooleanBuffer::from_iter(valid)))
    }

    fn scalar_nulls(&self) -> Option<NullBuffer> {
        if self.is_array { None } else { self.nulls() }
    }

    /// The leaf's elements in lists as the cells' shapes say, or the form.
    fn nest(&self, info: &ColumnInfo, form: Option<&Form>, leaf: ArrayRef) -> Result<ArrayRef, ReadError> {
        if !self.is_array {
            return Ok(leaf);
        }
        let nesting = form.map_or_else(|| self.nesting(info), |form| form.nesting.clone());
        match nesting {
            Nesting::Fixed(shape) if self.runs.iter().all(|r| r.shape.as_ref() == Some(&shape)) => {
                shape.iter().rev().try_fold(leaf, |inner, &n| fixed_list(n, inner, None))
            }
            Nesting::Fixed(_) => Err(ReadError::Changed),
            Nesting::Lists(n_axis) => self.nest_lists(n_axis, leaf),
        }
    }

    /// The nesting that suits the cells.
    fn nesting(&self, info: &ColumnInfo) -> Nesting {
        nesting(info, self.runs.iter().map(|run| run.shape.as_deref()))
    }

    fn nest_lists(&self, n_axis: usize, leaf: ArrayRef) -> Result<ArrayRef, ReadError> {
        let mut inner = leaf;
        for level in (0..n_axis).rev() {
            let offsets = self.offsets(level, n_axis).ok_or(ReadError::TooLarge(inner.len()))?;
            let nulls = if level == 0 { self.nulls() } else { None };
            let list = ListArray::try_new(item(&inner), offsets, inner, nulls);
            inner = Arc::new(list.map_err(|e| too_large(&e))?);
        }
        Ok(inner)
    }

    /// Offsets of the lists on a level, 0 the outermost.
    fn offsets(&self, level: usize, n_axis: usize) -> Option<OffsetBuffer<i32>> {
        let mut offsets = vec![0_i32];
        let mut end = 0_i32;
        for run in &self.runs {
            let shape = run.shape.as_deref().unwrap_or_default();
            let empty = run.shape.is_none() || element_count(shape) == Some(0);
            let padded = |axis: usize| match (axis + shape.len()).checked_sub(n_axis) {
                _ if empty => 0,
                Some(own) => shape[own],
                None => 1,
            };
            let lists = run.n.checked_mul((0..level).map(padded).product())?;
            let length = i32::try_from(padded(level)).ok()?;
            i32::try_from(lists).ok()?;
            for _ in 0..lists {
                end = end.checked_add(length)?;
                offsets.push(end);
            }
        }
        Some(OffsetBuffer::new(offsets.into()))
    }
}

/// The nesting that suits cells of these shapes.
pub(crate) fn nesting<'a>(info: &ColumnInfo, shapes: impl Iterator<Item = Option<&'a [usize]>>) -> Nesting {
    let (mut only, mut most, mut n_run) = (None, None, 0_usize);
    for shape in shapes {
        only = if n_run == 0 || only == shape { shape } else { None };
        most = most.max(shape.map(<[usize]>::len));
        n_run += 1;
    }
    let one_shape = if n_run == 0 { info.shape.as_deref() } else { only };
    match one_shape.filter(|shape| element_count(shape).is_some_and(|n| n > 0)) {
        Some(shape) => Nesting::Fixed(shape.to_vec()),
        None => {
            Nesting::Lists(most.or(info.shape.as_ref().map(Vec::len)).or(info.n_axis).unwrap_or(1).max(1))
        }
    }
}

fn item(inner: &ArrayRef) -> FieldRef {
    Arc::new(Field::new_list_field(inner.data_type().clone(), true))
}

fn fixed_list(n: usize, inner: ArrayRef, nulls: Option<NullBuffer>) -> Result<ArrayRef, ReadError> {
    let size = i32::try_from(n).map_err(|_| ReadError::TooLarge(inner.len()))?;
    let list = FixedSizeListArray::try_new(item(&inner), size, inner, nulls);
    Ok(Arc::new(list.map_err(|e| too_large(&e))?))
}

/// Lengths are counted above, so Arrow only refuses what overflows its offsets.
fn too_large(_error: &ArrowError) -> ReadError {
    ReadError::TooLarge(usize::MAX)
}

#[cfg(test)]
mod tests {
    use arrow_array::cast::AsArray;
    use arrow_schema::DataType as Arrow;

    use super::*;
    use crate::Record;

    fn info(data_type: DataType, is_array: bool) -> ColumnInfo {
        ColumnInfo {
            name: "C".to_owned(),
            data_type,
            is_array,
            shape: None,
            n_axis: None,
            comment: String::new(),
            storage_manager: String::new(),
            keywords: Record::default(),
        }
    }

    fn array(info: &ColumnInfo, runs: &[Option<(&[usize], &[u8])>]) -> ArrayRef {
        let scan = |sink: &mut dyn Sink| {
            for run in runs {
                match run {
                    None => sink.undefined(1)?,
                    Some((shape, bytes)) => {
                        let data = Data::Fixed(bytes);
                        sink.defined(Run { shape, n_cell: 1, repeat: 1, data })?;
                    }
                }
            }
            Ok(())
        };
        read(info, Order::Little, None, scan).ok().expect("an array")
    }

    #[test]
    fn one_shape_gives_fixed_lists_slowest_axis_outermost() {
        let cells =
            array(&info(DataType::UChar, true), &[Some((&[2, 1], &[1, 2])), Some((&[2, 1], &[3, 4]))]);
        assert_eq!(cells.len(), 2);
        let Arrow::FixedSizeList(outer, 2) = cells.data_type() else { panic!("{}", cells.data_type()) };
        assert!(matches!(outer.data_type(), Arrow::FixedSizeList(_, 1)));
    }

    #[test]
    fn changing_shapes_nulls_and_empty_cells_give_lists() {
        let runs = [Some((&[2, 1][..], &[1, 2][..])), None, Some((&[3], &[3, 4, 5])), Some((&[5, 0], &[]))];
        let cells = array(&info(DataType::UChar, true), &runs);
        let outer = cells.as_list::<i32>();
        assert_eq!((outer.len(), outer.null_count(), outer.is_null(1)), (4, 1, true));
        assert_eq!((0..4).map(|i| outer.value_length(i)).collect::<Vec<_>>(), [2, 0, 1, 0]);
        let inner = outer.values().as_list::<i32>();
        assert_eq!((0..3).map(|i| inner.value_length(i)).collect::<Vec<_>>(), [1, 1, 3]);
        assert_eq!(inner.values().len(), 5);
    }

    #[test]
    fn scalars_without_a_value_are_null_and_pairs_are_complex() {
        let cells = array(&info(DataType::Short, false), &[Some((&[], &[1, 0])), None]);
        assert_eq!((cells.len(), cells.null_count()), (2, 1));
        let pair = [0, 0, 128, 63, 0, 0, 0, 64];
        let cells = array(&info(DataType::Complex, false), &[Some((&[], &pair)), None]);
        assert_eq!((cells.len(), cells.null_count()), (2, 1));
        let first = cells.as_fixed_size_list().value(0);
        assert_eq!(first.as_primitive::<Float32Type>().values()[..], [1.0, 2.0]);
    }

    #[test]
    fn no_rows_keep_the_type() {
        let cells = array(&ColumnInfo { shape: Some(vec![3]), ..info(DataType::Double, true) }, &[]);
        assert!(matches!(cells.data_type(), Arrow::FixedSizeList(_, 3)));
        assert_eq!(array(&info(DataType::String, false), &[]).data_type(), &Arrow::Utf8);
    }
}
