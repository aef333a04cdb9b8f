//! What all storage managers have in common when they are written, and which writer serves which.

use std::ops::Range;
use std::path::{Path, PathBuf};

use crate::Error;
use crate::bytes::Order;
use crate::cells::Sink;
use crate::dysco::KIND;
use crate::storage::StoredColumn;
use crate::write::antennas::Noted;
use crate::write::disk::{Disk, NewFile};
use crate::write::dysco::Around;
use crate::write::source::Source;
use crate::write::stage::Stage;
use crate::write::tiled::OldTiles;
use crate::write::{aipsio, dysco, incremental, standard, tiled};

/// Bytes of cells that writers ask a source for at once.
pub(crate) const TOGETHER: usize = 1 << 20;

/// The files of one storage manager to be written.
pub(crate) struct NewFiles<'a> {
    pub(crate) disk: &'a Disk,
    pub(crate) table: &'a Path,
    pub(crate) seqnr: u32,
    pub(crate) stage: &'a Stage,
    pub(crate) order: Order,
    pub(crate) n_row: u64,
    /// The manager's name, which for tiled ones is that of the hypercolumn.
    pub(crate) name: &'a str,
    pub(crate) tile_rows: Option<usize>,
    /// Of a Dysco one.
    pub(crate) around: Option<Around>,
}

impl NewFiles<'_> {
    /// The name, for now, of what will be `table.fN` with something appended; it is to be made.
    pub(crate) fn path(&self, suffix: &str) -> PathBuf {
        let path = self.table.join(format!("{}{suffix}", self.stage.stem(self.seqnr)));
        self.stage.expect(&path);
        path
    }

    pub(crate) fn create(&self, suffix: &str) -> Result<NewFile, Error> {
        self.disk.create(self.path(suffix))
    }
}

/// One of the columns of a storage manager to be written.
pub(crate) struct NewColumn<'a> {
    pub(crate) stored: StoredColumn,
    pub(crate) source: Source<'a>,
    /// Where its values are noted as well.
    pub(crate) noted: Option<Noted>,
}

impl NewColumn<'_> {
    pub(crate) fn cells(&mut self, rows: Range<u64>, sink: &mut dyn Sink) -> Result<(), Error> {
        match &self.noted {
            Some(noted) => self.source.cells(rows, &mut noted.on_the_way(self.source.target.order, sink)),
            None => self.source.cells(rows, sink),
        }
    }
}

/// Storage managers that are written.
const WRITTEN: [&str; 6] =
    ["StandardStMan", "StManAipsIO", "IncrementalStMan", "TiledColumnStMan", "TiledShapeStMan", KIND];

pub(crate) fn is_written(kind: &str) -> bool {
    WRITTEN.contains(&kind)
}

/// Writes complete, durable files of a storage manager, a tiled one going on in `old` if it can; its private bytes for
/// table.dat.
pub(crate) fn write(
    kind: &str,
    files: &NewFiles<'_>,
    columns: &mut [NewColumn<'_>],
    old: Option<&OldTiles>,
) -> Result<Vec<u8>, Error> {
    match kind {
        "StandardStMan" => standard::write(files, columns),
        "IncrementalStMan" => incremental::write(files, columns),
        "StManAipsIO" => aipsio::write(files, columns),
        "TiledColumnStMan" | "TiledShapeStMan" => tiled::write(files, kind, columns, old),
        other => match &files.around {
            Some(around) => dysco::write(files, columns, around),
            None => Err(Error::Refused {
                table: files.table.to_owned(),
                reason: format!("{other} is not written"),
            }),
        },
    }
}
