//! What a table and its columns are to be.

use crate::desc::{ColumnDesc, Written};
use crate::dysco::KIND;
use crate::value::{Array, Elements, Record, Value};
use crate::write::dat::zero;
use crate::{ByteOrder, ColumnInfo, DataType, DyscoSettings, TableInfo};

/// Bits of a column's option: kept inside the buckets, all of one shape.
const DIRECT: i32 = 1;
const FIXED_SHAPE: i32 = 4;

/// Which storage manager keeps a column.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum StorageKind {
    /// StandardStMan: for scalars, strings and arrays of any shape.
    Standard,
    /// IncrementalStMan: for values that stay the same over many rows.
    Incremental,
    /// TiledColumnStMan where the shape is fixed, else TiledShapeStMan: for large arrays of numbers or flags.
    Tiled {
        /// Rows of a tile; `None` for tiles of about 1 MiB.
        tile_rows: Option<usize>,
    },
    /// DyscoStMan: lossy compression of complex columns and of WEIGHT_SPECTRUM, of one shape [channel, correlation].
    Dysco(DyscoSettings),
    /// StManAipsIO, the first storage manager there was: only for tables that very old software reads.
    Aipsio,
}

/// A column to be made.
#[derive(Clone, Debug)]
pub struct ColumnSpec {
    pub(crate) name: String,
    pub(crate) data_type: DataType,
    is_array: bool,
    shape: Option<Vec<usize>>,
    n_axis: Option<usize>,
    comment: String,
    pub(crate) keywords: Record,
    pub(crate) storage: StorageKind,
    group: Option<String>,
}

impl ColumnSpec {
    /// A column of one value a row, or of one record.
    pub fn scalar(name: impl Into<String>, data_type: DataType) -> Self {
        ColumnSpec {
            name: name.into(),
            data_type,
            is_array: false,
            shape: None,
            n_axis: None,
            comment: String::new(),
            keywords: Record::default(),
            storage: StorageKind::Standard,
            group: None,
        }
    }

    /// A column of arrays of any shape, or of none.
    pub fn array(name: impl Into<String>, data_type: DataType) -> Self {
        ColumnSpec { is_array: true, ..Self::scalar(name, data_type) }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// All cells have this shape, slowest axis first.
    #[must_use]
    pub fn shape(mut self, shape: &[usize]) -> Self {
        self.n_axis = Some(shape.len());
        self.shape = Some(shape.to_vec());
        self
    }

    /// All cells have this many axes.
    #[must_use]
    pub fn axes(mut self, n_axis: usize) -> Self {
        self.n_axis = Some(n_axis);
        self
    }

    /// Text for people.
    #[must_use]
    pub fn comment(mut self, comment: impl Into<String>) -> Self {
        self.comment = comment.into();
        self
    }

    /// A keyword of the column; one of the same name is replaced.
    #[must_use]
    pub fn keyword(mut self, name: impl Into<String>, value: Value) -> Self {
        self.keywords.set(name.into(), value);
        self
    }

    /// The units (`QuantumUnits`): one for all elements, or one for each.
    #[must_use]
    pub fn units(self, units: &[&str]) -> Self {
        let elements = Elements::String(units.iter().map(|&u| u.to_owned()).collect());
        self.keyword("QuantumUnits", Value::Array(Array { shape: vec![units.len()], elements }))
    }

    /// What is measured and in which frame (`MEASINFO`), such as `epoch` and `UTC`.
    #[must_use]
    pub fn measure(self, kind: &str, frame: &str) -> Self {
        let text = |v: &str| Value::String(v.to_owned());
        let info = [("type".to_owned(), text(kind)), ("Ref".to_owned(), text(frame))];
        self.keyword("MEASINFO", Value::Record(info.into_iter().collect()))
    }

    /// The storage manager's type; StandardStMan if nothing is said.
    #[must_use]
    pub fn storage(mut self, storage: StorageKind) -> Self {
        self.storage = storage;
        self
    }

    /// The name of the storage manager; columns with the same type and name share one.
    ///
    /// If nothing is said, all standard columns share one, all incremental ones too, and tiled ones have their own.
    #[must_use]
    pub fn group(mut self, group: impl Into<String>) -> Self {
        self.group = Some(group.into());
        self
    }

    /// Casacore's name of the storage manager's type.
    pub(crate) fn storage_kind(&self) -> &'static str {
        match self.storage {
            StorageKind::Standard => "StandardStMan",
            StorageKind::Incremental => "IncrementalStMan",
            StorageKind::Aipsio => "StManAipsIO",
            StorageKind::Dysco(_) => KIND,
            StorageKind::Tiled { .. } if self.shape.is_some() || !self.is_array => "TiledColumnStMan",
            StorageKind::Tiled { .. } => "TiledShapeStMan",
        }
    }

    pub(crate) fn storage_name(&self) -> String {
        match (&self.group, self.storage) {
            (Some(group), _) => group.clone(),
            (None, StorageKind::Standard) => "SSMData".to_owned(),
            (None, StorageKind::Incremental) => "ISMData".to_owned(),
            (None, StorageKind::Aipsio) => "AipsIO".to_owned(),
            (None, StorageKind::Dysco(_)) => format!("Dysco{}", self.name),
            (None, StorageKind::Tiled { .. }) => format!("Tiled{}", self.name),
        }
    }

    pub(crate) fn describe(&self, storage: usize) -> ColumnDesc {
        let fixed = self.is_array && self.shape.is_some();
        let stored_axes = self.shape.iter().flatten().rev().map(|&n| n as i64).collect();
        let info = ColumnInfo {
            name: self.name.clone(),
            data_type: self.data_type,
            is_array: self.is_array,
            shape: self.shape.clone().filter(|_| self.is_array),
            n_axis: self.n_axis.filter(|_| self.is_array),
            comment: self.comment.clone(),
            storage_manager: self.storage_kind().to_owned(),
            keywords: self.keywords.clone(),
        };
        let written = Written {
            dm_type: self.storage_kind().to_owned(),
            dm_group: self.storage_name(),
            option: if fixed { DIRECT | FIXED_SHAPE } else { 0 },
            n_axis: match (self.is_array, self.n_axis) {
                (false, _) => 0,
                (true, None) => -1,
                (true, Some(n)) => n as i32,
            },
            shape: stored_axes,
            default: (!self.is_array && self.data_type != DataType::Record).then(|| zero(self.data_type)),
            original_name: self.name.clone(),
        };
        ColumnDesc { info, direct: fixed, max_length: 0, storage, written }
    }
}

/// A table to be made.
#[derive(Clone, Debug, Default)]
pub struct TableSpec {
    pub(crate) info: TableInfo,
    pub(crate) comment: String,
    pub(crate) order: ByteOrder,
    pub(crate) keywords: Record,
    pub(crate) columns: Vec<ColumnSpec>,
    pub(crate) subtables: Vec<(String, TableSpec)>,
}

impl TableSpec {
    /// A table without columns, little-endian.
    pub fn new() -> Self {
        Self::default()
    }

    /// What table.info says: type and subtype, such as `Measurement Set` and nothing.
    #[must_use]
    pub fn info(mut self, table_type: impl Into<String>, sub_type: impl Into<String>) -> Self {
        self.info = TableInfo { table_type: table_type.into(), sub_type: sub_type.into() };
        self
    }

    /// Text for people.
    #[must_use]
    pub fn comment(mut self, comment: impl Into<String>) -> Self {
        self.comment = comment.into();
        self
    }

    /// The byte order of the data files.
    #[must_use]
    pub fn byte_order(mut self, order: ByteOrder) -> Self {
        self.order = order;
        self
    }

    /// A keyword of the table; one of the same name is replaced.
    #[must_use]
    pub fn keyword(mut self, name: impl Into<String>, value: Value) -> Self {
        self.keywords.set(name.into(), value);
        self
    }

    /// One more column.
    #[must_use]
    pub fn column(mut self, column: ColumnSpec) -> Self {
        self.columns.push(column);
        self
    }

    /// A table inside this one's directory, which a keyword of its name refers to.
    #[must_use]
    pub fn subtable(mut self, name: impl Into<String>, spec: TableSpec) -> Self {
        self.subtables.push((name.into(), spec));
        self
    }
}
