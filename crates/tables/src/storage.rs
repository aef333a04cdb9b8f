//! What every storage manager offers, and which one a column needs.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Weak};

use crate::aips::Aips;
use crate::bytes::{Order, Reader};
use crate::cells::{Run, Sink, element_count};
use crate::desc::{ColumnDesc, StorageDesc, TableDat};
use crate::dysco::{self, Dysco};
use crate::engine::Engine;
use crate::file::DataFile;
use crate::forward::Forward;
use crate::ism::Incremental;
use crate::ssm::Standard;
use crate::table::Inner;
use crate::tsm::Tiled;
use crate::tsm_header::Header;
use crate::{
    Column, DataType, Error, Table, bit_flags, compress_complex, compress_float, mapped_array, scaled_array,
    scaled_complex,
};

/// The open files of one storage manager. Columns are numbered within it.
pub(crate) trait Storage: Send + Sync {
    /// Rows that its files hold for a column.
    fn n_row(&self, i_column: usize) -> u64;

    /// Hands the cells of `rows`, all below `n_row`, to `sink` in order.
    fn read(&self, i_column: usize, rows: Range<u64>, sink: &mut dyn Sink) -> Result<(), Error>;

    /// Where the elements of a cell stand, if it has that shape now and can be overwritten where it is; whether it can.
    fn spots<'a>(
        &'a self,
        _i_column: usize,
        _row: u64,
        _shape: &[usize],
        _spots: &mut Vec<Spot<'a>>,
    ) -> Result<bool, Error> {
        Ok(false)
    }
}

/// Where some elements of a cell follow each other in a file.
pub(crate) struct Spot<'a> {
    pub(crate) file: &'a Path,
    /// Flags in bits, numbers in bytes.
    pub(crate) at: u64,
    /// Counted in the cell.
    pub(crate) elements: Range<usize>,
}

/// A column as its storage manager sees it.
#[derive(Clone)]
pub(crate) struct StoredColumn {
    pub(crate) name: String,
    /// UChar for record columns, whose cells are arrays of bytes.
    pub(crate) data_type: DataType,
    pub(crate) is_array: bool,
    /// Scalar, or array kept inside the buckets; else cells are in the array file.
    pub(crate) direct: bool,
    /// The shape of all cells, slowest axis first; empty for scalars.
    pub(crate) shape: Option<Vec<usize>>,
    pub(crate) max_length: usize,
}

impl StoredColumn {
    pub(crate) fn new(desc: &ColumnDesc) -> Self {
        let is_record = desc.info.data_type == DataType::Record;
        let is_array = desc.info.is_array || is_record;
        StoredColumn {
            name: desc.info.name.clone(),
            data_type: if is_record { DataType::UChar } else { desc.info.data_type },
            is_array,
            direct: !is_array || desc.direct,
            shape: if is_array { desc.info.shape.clone() } else { Some(Vec::new()) },
            max_length: desc.max_length,
        }
    }

    /// Shape and element count of a direct column's cells.
    pub(crate) fn direct_shape(&self, file: &DataFile) -> Result<(&[usize], usize), Error> {
        let shape = self.shape.as_deref();
        let counted = shape.and_then(|s| element_count(s).map(|n| (s, n)));
        counted.ok_or_else(|| {
            let expected = format!("a fixed shape of column {}", self.name);
            file.fail(0, expected, format!("{:?}", self.shape))
        })
    }
}

/// Where a storage manager's files are and what the table says of them.
pub(crate) struct Place<'a> {
    pub(crate) table: &'a Path,
    pub(crate) desc: &'a StorageDesc,
    pub(crate) columns: Vec<StoredColumn>,
    pub(crate) dat: &'a TableDat,
    pub(crate) order: Order,
    pub(crate) siblings: Siblings,
}

impl<'a> Place<'a> {
    /// That of storage manager `i` of a table.
    fn of(table: &'a Arc<Inner>, dat: &'a TableDat, i: usize) -> Self {
        let desc = &dat.storages[i];
        let columns = desc.columns.iter().map(|&c| StoredColumn::new(&dat.columns[c])).collect();
        let siblings = Siblings { table: Arc::downgrade(table), path: table.path.clone() };
        Place { table: &table.path, desc, columns, dat, order: dat.order, siblings }
    }

    /// `table.fN` with something appended.
    pub(crate) fn path(&self, suffix: &str) -> PathBuf {
        self.table.join(format!("table.f{}{suffix}", self.desc.seqnr))
    }

    pub(crate) fn table_dat(&self) -> PathBuf {
        self.table.join("table.dat")
    }

    /// A column's keyword, without which a virtual column has no cells, is not there.
    pub(crate) fn no_keyword(&self, column: &str, keyword: &str) -> Error {
        let expected = format!("a keyword {keyword} of column {column}, which {} needs", self.desc.kind);
        Error::corrupt(&self.table_dat(), 0, expected, "none")
    }
}

/// The other columns of a table, for columns that are computed from them.
///
/// Storage managers belong to their table, so they must not own it in turn; whoever reads owns it.
#[derive(Clone)]
pub(crate) struct Siblings {
    table: Weak<Inner>,
    path: PathBuf,
}

impl Siblings {
    pub(crate) fn path(&self) -> PathBuf {
        self.path.clone()
    }

    fn table(&self) -> Result<Arc<Inner>, Error> {
        self.table.upgrade().ok_or_else(|| Error::NotATable { path: self.path.clone() })
    }

    /// A column of the table, for whoever reads another of its columns and so holds its lock.
    pub(crate) fn column(&self, name: &str) -> Result<Column, Error> {
        Column::find(&self.table()?, name).map(Column::held)
    }

    /// Another table that this one refers to.
    pub(crate) fn open_other(&self, path: &Path) -> Result<Table, Error> {
        let failed = |source| Error::Reference { table: self.path.clone(), source: Box::new(source) };
        let table = self.table()?;
        Table::open_below(path, &table.above, table.options()).map_err(failed)
    }
}

/// Opens the files of one kind of storage manager.
type Open = fn(Place<'_>) -> Result<Box<dyn Storage>, Error>;

/// Every kind that can be read, by its name without template arguments: a kind is a file and a line here.
const ALL: &[(&str, Open)] = &[
    ("StandardStMan", |place| Ok(Box::new(Standard::open(place)?))),
    ("IncrementalStMan", |place| Ok(Box::new(Incremental::open(place)?))),
    ("TiledColumnStMan", |place| Ok(Box::new(Tiled::open(place)?))),
    ("TiledShapeStMan", |place| Ok(Box::new(Tiled::open(place)?))),
    ("TiledCellStMan", |place| Ok(Box::new(Tiled::open(place)?))),
    ("TiledDataStMan", |place| Ok(Box::new(Tiled::open(place)?))),
    ("StManAipsIO", |place| Ok(Box::new(Aips::open(place)?))),
    ("ForwardColumnEngine", |place| Ok(Box::new(Forward::open(place)?))),
    ("ForwardColumnIndexedRowEngine", |place| Ok(Box::new(Forward::open(place)?))),
    (dysco::KIND, |place| Ok(Box::new(Dysco::open(place)?))),
    ("CompressFloat", |place| Ok(Box::new(Engine::open(place, compress_float::recipe)?))),
    ("CompressComplex", |place| Ok(Box::new(Engine::open(place, compress_complex::recipe)?))),
    ("CompressComplexSD", |place| Ok(Box::new(Engine::open(place, compress_complex::recipe)?))),
    ("ScaledArrayEngine", |place| Ok(Box::new(Engine::open(place, scaled_array::recipe)?))),
    ("ScaledComplexData", |place| Ok(Box::new(Engine::open(place, scaled_complex::recipe)?))),
    ("MappedArrayEngine", |place| Ok(Box::new(Engine::open(place, mapped_array::recipe)?))),
    ("RetypedArrayEngine", |place| Ok(Box::new(Engine::open(place, mapped_array::recipe)?))),
    ("BitFlagsEngine", |place| Ok(Box::new(Engine::open(place, bit_flags::recipe)?))),
];

/// Opens the files of storage manager `i` of a table; `None` when its kind is not known.
pub(crate) fn open(table: &Arc<Inner>, dat: &TableDat, i: usize) -> Result<Option<Box<dyn Storage>>, Error> {
    let name = dat.storages[i].kind.split('<').next().unwrap_or_default();
    let Some((_, open)) = ALL.iter().find(|kind| kind.0 == name) else { return Ok(None) };
    open(Place::of(table, dat, i)).map(Some)
}

/// The name of storage manager `i`, which for tiled ones is that of the hypercolumn.
pub(crate) fn name(table: &Table, i: usize) -> Result<String, Error> {
    let dat = table.dat();
    let desc = &dat.storages[i];
    let place = Place::of(table.inner(), dat, i);
    match desc.kind.as_str() {
        "TiledColumnStMan" | "TiledShapeStMan" => Ok(Header::read(&place)?.hypercolumn),
        "StandardStMan" | "IncrementalStMan" => {
            let path = place.table_dat();
            let mut r = Reader::new(&path, 0, &desc.private, Order::Big);
            r.open_object()?;
            r.string()
        }
        _ => Ok(desc.columns.first().map_or(String::new(), |&c| dat.columns[c].written.dm_group.clone())),
    }
}

/// The header of tiled storage manager `i` and its columns in the order of their parts.
pub(crate) fn tiled(table: &Table, i: usize) -> Result<Tiled, Error> {
    Tiled::open(Place::of(table.inner(), table.dat(), i))
}

/// Notes the shape of one cell.
#[derive(Default)]
pub(crate) struct ShapeOf {
    pub(crate) shape: Option<Vec<usize>>,
}

impl Sink for ShapeOf {
    fn defined(&mut self, run: Run<'_>) -> Result<(), Error> {
        self.shape = Some(run.shape.to_vec());
        Ok(())
    }

    fn undefined(&mut self, _n: u64) -> Result<(), Error> {
        Ok(())
    }

    fn shape_only(&self) -> bool {
        true
    }
}
