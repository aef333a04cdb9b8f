//! Virtual columns: cells that are computed from those of a stored column of the same table.
//!
//! The keyword `_BaseMappedArrayEngine_Name` of the virtual column names the stored one. Cells have the same shape; a
//! stored cell without a value gives a virtual one without. What differs is a [`Formula`], one file each.

use std::ops::Range;

use crate::bytes::Order;
use crate::cells::{Data, Run, Sink, element_count};
use crate::desc::TableDat;
use crate::storage::{Place, Siblings, Storage};
use crate::value::Record;
use crate::{ColumnInfo, DataType, Error, forward};

/// Keyword with the name of the stored column.
const STORED: &str = "_BaseMappedArrayEngine_Name";
/// Rows for which scales and offsets are read at once.
const ROWS_TOGETHER: u64 = 4096;
/// Bytes that are computed before they are handed on.
const BLOCK: usize = 256 << 10;

/// Computed columns that may stand behind one.
const MOST_VIRTUAL: usize = 32;

/// How an engine computes elements.
pub(crate) trait Formula: Send + Sync {
    /// Appends what the stored elements mean, in the same byte order.
    fn apply(&self, stored: &[u8], order: Order, factors: Factors, out: &mut Vec<u8>);

    /// The virtual cell's shape, slowest axis first; `None` if a stored cell of this shape means nothing.
    fn shape(&self, stored: &[usize]) -> Option<Vec<usize>> {
        Some(stored.to_vec())
    }
}

/// Scale and offset of a cell: real and imaginary part where they are complex.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Factors {
    pub(crate) scale: [f64; 2],
    pub(crate) offset: [f64; 2],
}

impl Factors {
    /// They change nothing.
    pub(crate) const NONE: Factors = Factors { scale: [1.0, 0.0], offset: [0.0, 0.0] };
}

/// A scale or an offset: for all rows, or a column with one for each.
pub(crate) enum Factor {
    Fixed([f64; 2]),
    Column(String),
}

/// A virtual column.
pub(crate) struct Engine {
    siblings: Siblings,
    order: Order,
    stored: String,
    scale: Factor,
    offset: Factor,
    formula: Box<dyn Formula>,
}

/// What makes an engine of one kind, from the description of its column and the type of the stored one.
pub(crate) struct Recipe {
    pub(crate) scale: Factor,
    pub(crate) offset: Factor,
    pub(crate) formula: Box<dyn Formula>,
}

impl Engine {
    /// `recipe` has `None` where it cannot compute the virtual type from the stored one.
    pub(crate) fn open(
        place: Place<'_>,
        recipe: impl FnOnce(&Place<'_>, &ColumnInfo, &ColumnInfo) -> Result<Option<Recipe>, Error>,
    ) -> Result<Self, Error> {
        let [index] = place.desc.columns[..] else {
            let expected = format!("one column of {}", place.desc.kind);
            return Err(Error::corrupt(
                &place.table_dat(),
                0,
                expected,
                place.desc.columns.len().to_string(),
            ));
        };
        let info = &place.dat.columns[index].info;
        let name = info.keywords.str(STORED).ok_or_else(|| place.no_keyword(&info.name, STORED))?;
        refuse_circles(&place, index)?;
        let stored = place.siblings.column(name)?;
        let Some(Recipe { scale, offset, formula }) = recipe(&place, info, stored.info())? else {
            let expected = format!("types that {} can compute", place.desc.kind);
            let found = format!("{} from {}", info.data_type, stored.info().data_type);
            return Err(Error::corrupt(&place.table_dat(), 0, expected, found));
        };
        Ok(Engine {
            order: place.order,
            stored: name.to_owned(),
            scale,
            offset,
            formula,
            siblings: place.siblings.clone(),
        })
    }

    fn factors(&self, rows: Range<u64>) -> Result<Option<Vec<Factors>>, Error> {
        // Not by how many there are: of one row, a column has one too.
        if self.is_fixed() {
            return Ok(None);
        }
        let (scale, offset) = (self.factor(&self.scale, &rows)?, self.factor(&self.offset, &rows)?);
        let n = (rows.end - rows.start) as usize;
        let at = |of: &[[f64; 2]], i: usize| if of.len() == 1 { of[0] } else { of[i] };
        Ok(Some((0..n).map(|i| Factors { scale: at(&scale, i), offset: at(&offset, i) }).collect()))
    }

    /// One for all rows, or one for each.
    fn factor(&self, factor: &Factor, rows: &Range<u64>) -> Result<Vec<[f64; 2]>, Error> {
        let name = match factor {
            Factor::Fixed(value) => return Ok(vec![*value]),
            Factor::Column(name) => name,
        };
        let column = self.siblings.column(name)?;
        let mut numbers = Vec::<f64>::new();
        let shape = match column.info().data_type {
            DataType::Int64 | DataType::Int | DataType::Short | DataType::UChar | DataType::UInt => {
                let mut whole = Vec::<i64>::new();
                let shape = column.read_flat(rows.clone(), &mut whole)?;
                numbers.extend(whole.iter().map(|&v| v as f64));
                shape
            }
            _ => column.read_flat(rows.clone(), &mut numbers)?,
        };
        match shape.iter().product() {
            1 => Ok(numbers.iter().map(|&re| [re, 0.0]).collect()),
            2 => Ok(numbers.as_chunks().0.to_vec()),
            _ => Err(Error::Shape {
                table: self.siblings.path(),
                column: name.clone(),
                row: rows.start,
                expected: vec![1],
                found: shape,
            }),
        }
    }

    /// Whether no row has factors of its own.
    fn is_fixed(&self) -> bool {
        matches!((&self.scale, &self.offset), (Factor::Fixed(_), Factor::Fixed(_)))
    }

    fn fixed(&self) -> Factors {
        let value = |factor: &Factor, none| if let Factor::Fixed(value) = factor { *value } else { none };
        let none = Factors::NONE;
        Factors { scale: value(&self.scale, none.scale), offset: value(&self.offset, none.offset) }
    }
}

impl Storage for Engine {
    /// Any row may be asked for; the stored column says what it has.
    fn n_row(&self, _i_column: usize) -> u64 {
        u64::MAX
    }

    fn read(&self, _i_column: usize, rows: Range<u64>, sink: &mut dyn Sink) -> Result<(), Error> {
        let stored = self.siblings.column(&self.stored)?;
        let mut start = rows.start;
        loop {
            let end =
                if self.is_fixed() { rows.end } else { rows.end.min(start.saturating_add(ROWS_TOGETHER)) };
            let per_row = if sink.shape_only() { None } else { self.factors(start..end)? };
            let fixed = self.fixed();
            let mut computed = Computed { engine: self, sink, fixed, per_row, row: 0, out: Vec::new() };
            stored.scan(start..end, &mut computed)?;
            start = end;
            if start >= rows.end {
                return Ok(());
            }
        }
    }
}

/// Computes virtual cells from stored ones.
struct Computed<'a> {
    engine: &'a Engine,
    sink: &'a mut dyn Sink,
    fixed: Factors,
    /// Where they differ from row to row.
    per_row: Option<Vec<Factors>>,
    /// Rows that came, counted from those of `per_row`.
    row: usize,
    out: Vec<u8>,
}

impl Sink for Computed<'_> {
    fn defined(&mut self, run: Run<'_>) -> Result<(), Error> {
        let n = run.n_cell * run.repeat;
        let engine = self.engine;
        let shape = engine.formula.shape(run.shape).ok_or_else(|| Error::Shape {
            table: engine.siblings.path(),
            column: engine.stored.clone(),
            row: 0,
            expected: vec![2],
            found: run.shape.to_vec(),
        })?;
        let Data::Fixed(stored) = run.data else { return self.undefined(n as u64) };
        self.out.clear();
        if self.sink.shape_only() {
            self.row += n;
            return self.sink.defined(Run { shape: &shape, ..run });
        }
        let Some(per_row) = &self.per_row else {
            engine.formula.apply(stored, engine.order, self.fixed, &mut self.out);
            return self.sink.defined(Run { shape: &shape, data: Data::Fixed(&self.out), ..run });
        };
        let elements = element_count(run.shape).unwrap_or(0);
        let cell_bytes = if elements == 0 { 0 } else { stored.len() / run.n_cell.max(1) };
        let mut n_cell = 0;
        for i in 0..n {
            let cell = i % run.n_cell * cell_bytes;
            let factors = per_row.get(self.row + i).copied().unwrap_or(self.fixed);
            engine.formula.apply(&stored[cell..cell + cell_bytes], engine.order, factors, &mut self.out);
            n_cell += 1;
            // A cell may stand for many rows, each with factors of its own.
            if self.out.len() >= BLOCK || i + 1 == n {
                let data = Data::Fixed(&self.out);
                self.sink.defined(Run { shape: &shape, n_cell, repeat: 1, data })?;
                self.out.clear();
                n_cell = 0;
            }
        }
        self.row += n;
        Ok(())
    }

    fn undefined(&mut self, n: u64) -> Result<(), Error> {
        self.row += n as usize;
        self.sink.undefined(n)
    }

    fn shape_only(&self) -> bool {
        self.sink.shape_only()
    }
}

/// Scale and offset of an engine whose keywords are `_<engine>_Scale`, `…ScaleName`, `…FixedScale` and those of the
/// offset; `None` for stored elements that are no plain numbers.
pub(crate) fn scale_and_offset(info: &ColumnInfo, stored: DataType, engine: &str) -> Option<[Factor; 2]> {
    if stored.size().is_none() || stored.is_complex() {
        return None;
    }
    let key = |what: &str| format!("_{engine}_{what}");
    let of = |what: &str| {
        let (name, fixed) = (key(&format!("{what}Name")), key(&format!("Fixed{what}")));
        factor(&info.keywords, &key(what), &name, Some(&fixed))
    };
    Some([of("Scale"), of("Offset")])
}

/// A scale or offset that is fixed in keyword `value` unless keyword `name` names a column.
pub(crate) fn factor(keywords: &Record, value: &str, name: &str, fixed: Option<&str>) -> Factor {
    let column = keywords.str(name).filter(|n| !n.is_empty());
    let is_fixed = fixed.and_then(|key| keywords.bool(key)).unwrap_or(column.is_none());
    match column {
        Some(column) if !is_fixed => Factor::Column(column.to_owned()),
        _ => Factor::Fixed(complex(keywords, value)),
    }
}

fn complex(keywords: &Record, name: &str) -> [f64; 2] {
    match keywords.get(name) {
        Some(crate::Value::Complex([re, im])) => [(*re).into(), (*im).into()],
        Some(crate::Value::DComplex(both)) => *both,
        Some(real) => [real.as_float().unwrap_or(0.0), 0.0],
        None => [0.0, 0.0],
    }
}

/// Columns that are computed from each other in a circle have no values.
///
/// Nor may too many stand behind one: each is read by way of the one before, which takes some of the stack.
pub(crate) fn refuse_circles(place: &Place<'_>, start: usize) -> Result<(), Error> {
    let mut todo = sources(place.dat, start);
    let mut seen = vec![false; place.dat.columns.len()];
    let mut n_virtual = 0;
    let name = |column: usize| &place.dat.columns[column].info.name;
    while let Some(column) = todo.pop() {
        if column == start {
            let by = format!("column {}", name(start));
            return Err(Error::Cycle { table: place.table.to_owned(), by });
        }
        if !std::mem::replace(&mut seen[column], true) {
            let behind = sources(place.dat, column);
            n_virtual += usize::from(!behind.is_empty());
            todo.extend(behind);
        }
        if n_virtual > MOST_VIRTUAL {
            let expected = format!("at most {MOST_VIRTUAL} computed columns behind column {}", name(start));
            return Err(Error::corrupt(&place.table_dat(), 0, expected, "more"));
        }
    }
    Ok(())
}

/// The columns that a virtual column's keywords name, and the one with the rows of a forwarded column.
fn sources(dat: &TableDat, column: usize) -> Vec<usize> {
    let keywords = dat.columns[column].info.keywords.iter();
    let names = keywords.filter(|(key, _)| key.starts_with('_') && key.ends_with("Name"));
    let index = |name: &str| dat.columns.iter().position(|c| c.info.name == name);
    let rows = dat.storages.iter().find(|s| s.kind == forward::INDEXED && s.columns.contains(&column));
    let rows = rows.and_then(|s| dat.keywords.str(&forward::row_keyword(s.seqnr)));
    names.filter_map(|(_, value)| value.as_str()).chain(rows).filter_map(index).collect()
}
