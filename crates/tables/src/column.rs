//! A column of a table: what it holds, and its cells as Arrow arrays or in a vector of the caller's.

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use arrow_array::ArrayRef;

use crate::arrow::Form;
use crate::bytes::{Order, Reader};
use crate::cells::{Data, Run, Sink, element_count};
use crate::desc::ColumnDesc;
use crate::element::sealed::{Decode, Fixed};
use crate::fill::Fill;
use crate::live::Located;
use crate::storage::ShapeOf;
use crate::swapped::Swapped;
use crate::table::{Inner, listed};
use crate::value::Record;
use crate::{DataType, Element, Error, Values, arrow};

/// A column's description.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct ColumnInfo {
    /// Its name.
    pub name: String,
    /// Type of its elements.
    pub data_type: DataType,
    /// Whether cells are arrays.
    pub is_array: bool,
    /// The shape of all cells if it is fixed, slowest axis first; `None` for scalars.
    pub shape: Option<Vec<usize>>,
    /// Number of axes of all cells if it is fixed; `None` for scalars.
    pub n_axis: Option<usize>,
    /// Text for people.
    pub comment: String,
    /// Type of the storage manager that keeps it, such as `TiledShapeStMan`.
    pub storage_manager: String,
    /// Its keywords, such as `QuantumUnits` and `MEASINFO`.
    pub keywords: Record,
}

/// A column of an open table.
#[derive(Clone)]
pub struct Column {
    table: Arc<Inner>,
    index: usize,
    /// Whoever reads holds the table's lock already.
    is_held: bool,
}

/// Reserved at most before the first cells arrived; what a file says must not ask for more memory than it fills.
const RESERVED: usize = 1 << 22;

impl Column {
    pub(crate) fn new(table: Arc<Inner>, index: usize) -> Self {
        Column { table, index, is_held: false }
    }

    /// The same column for who holds the table's lock while it is read.
    pub(crate) fn held(self) -> Self {
        Column { is_held: true, ..self }
    }

    /// A column by name.
    pub(crate) fn find(table: &Arc<Inner>, name: &str) -> Result<Self, Error> {
        let names = || table.dat.columns.iter().map(|c| c.info.name.as_str());
        match names().position(|n| n == name) {
            Some(i) => Ok(Column::new(Arc::clone(table), i)),
            None => Err(Error::NoColumn {
                table: table.path.clone(),
                column: name.to_owned(),
                has: listed(names()),
            }),
        }
    }

    pub(crate) fn desc(&self) -> &ColumnDesc {
        &self.table.dat.columns[self.index]
    }

    /// What the column holds.
    pub fn info(&self) -> &ColumnInfo {
        &self.table.dat.columns[self.index].info
    }

    /// Whether the cell has a value. Scalars and records always have.
    ///
    /// # Errors
    /// As [`Column::cell_shape`].
    pub fn is_defined(&self, row: u64) -> Result<bool, Error> {
        Ok(self.cell_shape(row)?.is_some())
    }

    /// The shape of a cell, slowest axis first: empty for scalars, `None` for a cell without a value.
    ///
    /// # Errors
    /// When the row is not in the table, the storage manager is not supported or its files are damaged.
    pub fn cell_shape(&self, row: u64) -> Result<Option<Vec<usize>>, Error> {
        let mut sink = ShapeOf::default();
        self.scan(row..row.saturating_add(1), &mut sink)?;
        Ok(if self.info().data_type == DataType::Record { Some(Vec::new()) } else { sink.shape })
    }

    /// The shapes of the cells of `rows`, in runs of cells of one shape (or without a value). Values are not read.
    ///
    /// # Errors
    /// As [`Column::cell_shape`].
    pub fn shapes(&self, rows: Range<u64>) -> Result<Vec<ShapeRun>, Error> {
        let mut runs = Shapes { runs: Vec::new() };
        self.scan(rows, &mut runs)?;
        Ok(runs.runs)
    }

    /// The cells of `rows` as one Arrow array of that length.
    ///
    /// Scalars become a primitive or Boolean array, strings Utf8, or Binary if one of them is not UTF-8. Complex
    /// numbers are `FixedSizeList<float, 2>`. Array cells that all have one shape (and elements) become nested
    /// `FixedSizeList`s, slowest axis outermost. If shapes change or a cell has no value, they become nested
    /// `List`s: no value is null, a cell without elements an empty list, and cells of fewer axes than others get
    /// leading axes of length 1 ([`Column::cell_shape`] tells the truth). Record columns give the bytes they are
    /// stored as, none for an empty record; [`Column::record`] decodes them.
    ///
    /// # Errors
    /// When rows are not in the table, the storage manager is not supported, its files are damaged, or the array
    /// would have more than 2³¹ − 1 elements on one level.
    pub fn read(&self, rows: Range<u64>) -> Result<ArrayRef, Error> {
        self.read_on(1, rows)
    }

    /// As [`Column::read`], by so many threads where the cells are many numbers of one shape.
    ///
    /// # Errors
    /// As [`Column::read`].
    pub fn read_on(&self, threads: usize, rows: Range<u64>) -> Result<ArrayRef, Error> {
        let info = self.info();
        if let Some((shape, values)) = self.fresh(threads, &rows)? {
            let n_row = (rows.end - rows.start) as usize;
            return arrow::of_one_shape(info, &shape, n_row, values).map_err(|e| self.named_size(e));
        }
        arrow::read(info, self.table.dat.order, None, |sink| self.scan(rows.clone(), sink))
            .map_err(|e| self.named_size(e))
    }

    /// The form of arrays that suits all cells of `rows`: shapes are looked at, and strings read.
    pub(crate) fn form(&self, rows: Range<u64>) -> Result<Form, Error> {
        let info = self.info();
        let mut runs: Vec<ShapeRun> = Vec::new();
        let mut binary = false;
        for block in self.blocks(rows.end).filter(|b| b.end > rows.start) {
            let block = block.start.max(rows.start)..block.end;
            if info.is_array {
                // What matters is which shapes there are, not where.
                let new = self.shapes(block.clone())?;
                new.into_iter().for_each(|run| {
                    if runs.iter().all(|r| r.shape != run.shape) {
                        runs.push(run);
                    }
                });
            }
            if info.data_type == DataType::String && !binary {
                let mut strings: Vec<Vec<u8>> = Vec::new();
                self.texts(block, &mut strings)?;
                binary = strings.iter().any(|s| std::str::from_utf8(s).is_err());
            }
        }
        let nesting = arrow::nesting(info, runs.iter().map(|run| run.shape.as_deref()));
        Ok(Form { nesting, binary })
    }

    /// The strings of cells of any shape.
    fn texts(&self, rows: Range<u64>, out: &mut Vec<Vec<u8>>) -> Result<(), Error> {
        if let Values::Texts(texts) = self.cells(rows)?.values() {
            out.extend(texts.iter().cloned());
        }
        Ok(())
    }

    /// The cells of `rows` as an array of a form that was fixed before; without rows an empty one of its type.
    pub(crate) fn read_as(&self, form: &Form, rows: Range<u64>) -> Result<ArrayRef, Error> {
        let scan = |sink: &mut dyn Sink| if rows.is_empty() { Ok(()) } else { self.scan(rows.clone(), sink) };
        arrow::read(self.info(), self.table.dat.order, Some(form), scan).map_err(|e| self.named_size(e))
    }

    /// Appends the elements of all cells of `rows` to `out`, row by row, last axis fastest; the cells' shape.
    ///
    /// For complex columns, read as `f32` or `f64`, the shape has a last axis of length 2. For no rows, the shape
    /// is the column's fixed one, or empty. After an error `out` is as it was.
    ///
    /// # Errors
    /// As [`Column::read`], and when a cell has no value or another shape than those before (the error says in
    /// which row), or the elements do not read as `T` (see [`Element`]).
    pub fn read_flat<T: Element>(&self, rows: Range<u64>, out: &mut Vec<T>) -> Result<Vec<usize>, Error> {
        let info = self.info();
        let decode = self.decode()?;
        let before = out.len();
        let mut flat = Flat { column: self, out, decode, shape: None, rows: rows.clone() };
        let result = self.scan(rows, &mut flat);
        let shape = flat.shape.or_else(|| info.shape.clone()).unwrap_or_default();
        if let Err(error) = result {
            out.truncate(before);
            return Err(error);
        }
        Ok(self.with_parts(shape))
    }

    /// Fills `out` with the elements of all cells of `rows`, as [`Column::read_flat`] would append them; the cells'
    /// shape. Where tiles hold whole cells of numbers, they go from the file to where they are wanted in one step.
    ///
    /// Several threads may fill parts of one buffer side by side.
    ///
    /// # Errors
    /// As [`Column::read_flat`], and when `out` does not have as many elements as the cells. `out` may then hold some.
    pub fn read_into<T: Element>(&self, rows: Range<u64>, out: &mut [T]) -> Result<Vec<usize>, Error> {
        let mut fill = Fill::new(self, self.decode()?, rows.clone(), out);
        self.scan(rows, &mut fill)?;
        let (n_filled, shape) = (fill.n_filled(), fill.shape.take());
        let shape = shape.or_else(|| self.info().shape.clone()).unwrap_or_default();
        if n_filled < out.len() {
            return Err(self.other_size(out.len(), Some(n_filled), &shape));
        }
        Ok(self.with_parts(shape))
    }

    fn decode<T: Element>(&self) -> Result<Decode<T>, Error> {
        let info = self.info();
        T::decode(info.data_type, self.table.dat.order).ok_or_else(|| Error::Type {
            table: self.table.path.clone(),
            column: info.name.clone(),
            data_type: info.data_type.to_string(),
            wanted: T::NAME,
        })
    }

    /// The shape of what is read of cells of a shape: complex numbers are pairs.
    fn with_parts(&self, mut shape: Vec<usize>) -> Vec<usize> {
        if self.info().data_type.is_complex() {
            shape.push(2);
        }
        shape
    }

    pub(crate) fn no_value(&self, row: u64) -> Error {
        Error::Undefined { table: self.table.path.clone(), column: self.info().name.clone(), row }
    }

    pub(crate) fn other_shape(&self, row: u64, expected: &[usize], found: &[usize]) -> Error {
        Error::Shape {
            table: self.table.path.clone(),
            column: self.info().name.clone(),
            row,
            expected: expected.to_vec(),
            found: found.to_vec(),
        }
    }

    pub(crate) fn other_size(&self, n_element: usize, n_want: Option<usize>, shape: &[usize]) -> Error {
        Error::Size {
            table: self.table.path.clone(),
            column: self.info().name.clone(),
            shape: shape.to_vec(),
            n_element,
            n_want: n_want.unwrap_or(usize::MAX),
        }
    }

    /// The record in a cell of a Record column; `None` if the column holds something else.
    ///
    /// # Errors
    /// As [`Column::read`].
    pub fn record(&self, row: u64) -> Result<Option<Record>, Error> {
        if self.info().data_type != DataType::Record {
            return Ok(None);
        }
        let mut bytes = RecordBytes::default();
        self.scan(row..row.saturating_add(1), &mut bytes)?;
        let bytes = bytes.cells.pop().unwrap_or_default();
        if bytes.is_empty() {
            return Ok(Some(Record::default()));
        }
        let path = self.table.path.join(format!("(column {}, row {row})", self.info().name));
        Reader::new(&path, 0, &bytes, Order::Big).record().map(Some)
    }

    /// Hands the cells of `rows` to `sink`, with their numbers in the byte order `order`.
    pub(crate) fn scan_as(&self, order: Order, rows: Range<u64>, sink: &mut dyn Sink) -> Result<(), Error> {
        if order == self.table.dat.order {
            return self.scan(rows, sink);
        }
        self.scan(rows, &mut Swapped::new(self.info().data_type, sink))
    }

    /// Checks that this column's cells can stand for those of a column of `table`.
    pub(crate) fn must_suit(&self, table: &Path, info: &ColumnInfo) -> Result<(), Error> {
        let kind = |info: &ColumnInfo| {
            format!("{}{}", if info.is_array { "arrays of " } else { "" }, info.data_type)
        };
        let (expected, found) = (kind(info), kind(self.info()));
        if expected == found {
            return Ok(());
        }
        let (table, column, other) = (table.to_owned(), info.name.clone(), self.table.path.clone());
        let types = format!("holds {expected} and the other {found}");
        Err(Error::Mismatch { table, column, other, types })
    }

    pub(crate) fn table_rows(&self) -> u64 {
        self.table.n_row
    }

    /// Hands the cells of `rows` to `sink`.
    pub(crate) fn scan(&self, rows: Range<u64>, sink: &mut dyn Sink) -> Result<(), Error> {
        let table = &self.table;
        table.options().still_wanted(&table.path)?;
        if rows.start > rows.end || rows.end > table.n_row {
            return Err(Error::Rows { table: table.path.clone(), rows, n_row: table.n_row });
        }
        let desc = &table.dat.columns[self.index];
        let reading = if self.is_held { None } else { table.reading()? };
        let Located { storage, i_column } =
            table.locate(desc, reading.as_ref()).map_err(|e| self.named(e))?;
        let storage = storage.ok_or_else(|| Error::UnsupportedStorage {
            table: table.path.clone(),
            column: desc.info.name.clone(),
            storage_manager: desc.info.storage_manager.clone(),
        })?;
        let stored = storage.n_row(i_column);
        if rows.end > stored && !rows.is_empty() {
            return Err(Error::MissingRows {
                table: table.path.clone(),
                column: desc.info.name.clone(),
                stored,
                n_row: table.n_row,
            });
        }
        storage.read(i_column, rows, sink).map_err(|e| self.named(e))
    }

    /// The error with the column's name, if it only has that of a file.
    fn named(&self, error: Error) -> Error {
        match error {
            Error::Corrupt { .. } | Error::Io { .. } => Error::Column {
                table: self.table.path.clone(),
                column: self.info().name.clone(),
                source: Box::new(error),
            },
            other => other,
        }
    }

    fn named_size(&self, error: arrow::ReadError) -> Error {
        match error {
            arrow::ReadError::Scan(error) => error,
            arrow::ReadError::Changed => Error::Corrupt {
                file: self.table.path.clone(),
                offset: 0,
                expected: format!("cells of column {} of one shape, as before", self.info().name),
                found: "others: something writes into the table".to_owned(),
            },
            arrow::ReadError::TooLarge(n_element) => Error::TooLarge {
                table: self.table.path.clone(),
                column: self.info().name.clone(),
                n_element,
            },
        }
    }
}

/// Consecutive cells of one shape.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShapeRun {
    /// Slowest axis first, empty for scalars; `None` where cells have no value.
    pub shape: Option<Vec<usize>>,
    /// How many cells.
    pub n: u64,
}

/// Notes the shapes of cells.
struct Shapes {
    runs: Vec<ShapeRun>,
}

impl Shapes {
    fn push(&mut self, shape: Option<&[usize]>, n: u64) {
        match self.runs.last_mut() {
            Some(last) if last.shape.as_deref() == shape => last.n += n,
            _ => self.runs.push(ShapeRun { shape: shape.map(<[usize]>::to_vec), n }),
        }
    }
}

impl Sink for Shapes {
    fn defined(&mut self, run: Run<'_>) -> Result<(), Error> {
        self.push(Some(run.shape), (run.n_cell as u64).saturating_mul(run.repeat as u64));
        Ok(())
    }

    fn undefined(&mut self, n: u64) -> Result<(), Error> {
        self.push(None, n);
        Ok(())
    }

    fn shape_only(&self) -> bool {
        true
    }
}

/// Appends cells of one shape to a vector.
struct Flat<'a, T> {
    column: &'a Column,
    out: &'a mut Vec<T>,
    decode: Decode<T>,
    shape: Option<Vec<usize>>,
    /// Rows still to come.
    rows: Range<u64>,
}

impl<T: Element> Flat<'_, T> {
    fn check_shape(&mut self, shape: &[usize]) -> Result<(), Error> {
        let Some(expected) = &self.shape else {
            let n =
                element_count(shape).unwrap_or(0).saturating_mul((self.rows.end - self.rows.start) as usize);
            self.out.reserve(n.min(RESERVED));
            self.shape = Some(shape.to_vec());
            return Ok(());
        };
        if expected == shape {
            return Ok(());
        }
        Err(self.column.other_shape(self.rows.start, expected, shape))
    }
}

impl<T: Element> Sink for Flat<'_, T> {
    fn defined(&mut self, run: Run<'_>) -> Result<(), Error> {
        self.check_shape(run.shape)?;
        let before = self.out.len();
        match (&self.decode, run.data) {
            (Decode::Fixed(decode), Data::Fixed(bytes)) => (decode.append)(bytes, self.out),
            (Decode::Text(decode), Data::Strings(strings)) => self.out.extend(strings.iter().map(decode)),
            // The column's type decided both.
            _ => {}
        }
        repeat_from(self.out, before, run.repeat);
        self.rows.start += run.n_cell as u64 * run.repeat as u64;
        Ok(())
    }

    fn bits(
        &mut self,
        shape: &[usize],
        n_cell: usize,
        (packed, skip): (&[u8], usize),
    ) -> Result<bool, Error> {
        let Decode::Fixed(Fixed { unpack: Some(unpack), .. }) = self.decode else { return Ok(false) };
        self.check_shape(shape)?;
        let before = self.out.len();
        self.out.resize(before + element_count(shape).unwrap_or(0) * n_cell, T::default());
        unpack(packed, skip, &mut self.out[before..]);
        self.rows.start += n_cell as u64;
        Ok(true)
    }

    fn undefined(&mut self, _n: u64) -> Result<(), Error> {
        Err(self.column.no_value(self.rows.start))
    }
}

/// Makes what follows `start` appear `times` times.
pub(crate) fn repeat_from<T: Clone>(out: &mut Vec<T>, start: usize, times: usize) {
    if out.len() == start + 1 {
        let value = out[start].clone();
        out.resize(start + times, value);
        return;
    }
    let end = out.len();
    for _ in 1..times {
        out.extend_from_within(start..end);
    }
}

/// Takes the bytes of record cells; a record without fields may have none.
#[derive(Default)]
pub(crate) struct RecordBytes {
    pub(crate) cells: Vec<Vec<u8>>,
}

impl Sink for RecordBytes {
    fn defined(&mut self, run: Run<'_>) -> Result<(), Error> {
        let n_byte = element_count(run.shape).unwrap_or(0);
        for _ in 0..run.repeat {
            for i in 0..run.n_cell {
                let cell = match run.data {
                    Data::Fixed(bytes) => bytes.get(i * n_byte..(i + 1) * n_byte),
                    Data::Strings(_) => None,
                };
                self.cells.push(cell.unwrap_or_default().to_vec());
            }
        }
        Ok(())
    }

    fn undefined(&mut self, n: u64) -> Result<(), Error> {
        self.cells.extend((0..n).map(|_| Vec::new()));
        Ok(())
    }
}
