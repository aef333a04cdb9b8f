//! What every storage manager offers, and which one a column needs.

use std::ops::Range;
use std::path::{Path, PathBuf};

use crate::bytes::{Order, Reader};
use crate::cells::{Run, Sink, element_count};
use crate::desc::{ColumnDesc, StorageDesc, TableDat};
use crate::file::DataFile;
use crate::ism::Incremental;
use crate::ssm::Standard;
use crate::tsm::Tiled;
use crate::tsm_header::Header;
use crate::{DataType, Error};

/// The open files of one storage manager. Columns are numbered within it.
pub(crate) trait Storage: Send + Sync {
    /// Rows that its files hold for a column.
    fn n_row(&self, i_column: usize) -> u64;

    /// Hands the cells of `rows`, all below `n_row`, to `sink` in order.
    fn read(&self, i_column: usize, rows: Range<u64>, sink: &mut dyn Sink) -> Result<(), Error>;
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
    table: &'a Path,
    pub(crate) desc: &'a StorageDesc,
    pub(crate) columns: Vec<StoredColumn>,
    pub(crate) dat: &'a TableDat,
    pub(crate) order: Order,
}

impl Place<'_> {
    /// `table.fN` with something appended.
    pub(crate) fn path(&self, suffix: &str) -> PathBuf {
        self.table.join(format!("table.f{}{suffix}", self.desc.seqnr))
    }

    pub(crate) fn table_dat(&self) -> PathBuf {
        self.table.join("table.dat")
    }
}

/// Opens the files of storage manager `i` of a table; `None` when its kind is not known.
pub(crate) fn open(table: &Path, dat: &TableDat, i: usize) -> Result<Option<Box<dyn Storage>>, Error> {
    let desc = &dat.storages[i];
    let columns = desc.columns.iter().map(|&c| StoredColumn::new(&dat.columns[c])).collect();
    let place = Place { table, desc, columns, dat, order: dat.order };
    Ok(Some(match desc.kind.as_str() {
        "StandardStMan" => Box::new(Standard::open(place)?),
        "IncrementalStMan" => Box::new(Incremental::open(place)?),
        "TiledColumnStMan" | "TiledShapeStMan" => Box::new(Tiled::open(place)?),
        _ => return Ok(None),
    }))
}

/// The name of storage manager `i`, which for tiled ones is that of the hypercolumn.
pub(crate) fn name(table: &Path, dat: &TableDat, i: usize) -> Result<String, Error> {
    let desc = &dat.storages[i];
    let columns = desc.columns.iter().map(|&c| StoredColumn::new(&dat.columns[c])).collect();
    let place = Place { table, desc, columns, dat, order: dat.order };
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
pub(crate) fn tiled_header(table: &Path, dat: &TableDat, i: usize) -> Result<(Header, Vec<usize>), Error> {
    let desc = &dat.storages[i];
    let columns = desc.columns.iter().map(|&c| StoredColumn::new(&dat.columns[c])).collect();
    let place = Place { table, desc, columns, dat, order: dat.order };
    let header = Header::read(&place)?;
    let order = crate::tsm::parts(&place, &header.hypercolumn);
    Ok((header, order))
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
