//! One table into one file.

use crate::Error;
use arrow_ipc::writer::FileWriter;
use parquet::arrow::ArrowWriter;
use std::{fs::File, io::BufWriter, path::Path};
use tables::Batches;

/// A file format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Arrow IPC files, which are also Feather files of version 2: fast, not compressed, can be mapped.
    Ipc,
    /// Parquet: encoded and smaller, slower to write.
    Parquet,
}

/// Encoded bytes of a row group, at which the next one is begun.
const GROUP_BYTES: usize = 64 << 20;

impl Format {
    /// The extension of its files.
    pub fn extension(self) -> &'static str {
        match self {
            Format::Ipc => "arrow",
            Format::Parquet => "parquet",
        }
    }
}

/// Writes all batches into a new file and waits until it is on disk.
pub(crate) fn write(path: &Path, format: Format, batches: Batches) -> Result<(), Error> {
    let io = |source| Error::Io { path: path.to_owned(), source };
    let encode = |e: &dyn std::error::Error| Error::Encode { path: path.to_owned(), problem: e.to_string() };
    let file = File::create_new(path).map_err(io)?;
    match format {
        Format::Ipc => {
            let mut writer =
                FileWriter::try_new(BufWriter::new(&file), &batches.schema()).map_err(|e| encode(&e))?;
            for batch in batches {
                writer.write(&batch.map_err(|e| encode(&e))?).map_err(|e| encode(&e))?;
            }
            writer.finish().map_err(|e| encode(&e))?;
        }
        Format::Parquet => {
            let mut writer = ArrowWriter::try_new(BufWriter::new(&file), batches.schema(), None)
                .map_err(|e| encode(&e))?;
            for batch in batches {
                writer.write(&batch.map_err(|e| encode(&e))?).map_err(|e| encode(&e))?;
                if writer.in_progress_size() >= GROUP_BYTES {
                    writer.flush().map_err(|e| encode(&e))?;
                }
            }
            writer.close().map_err(|e| encode(&e))?;
        }
    }
    file.sync_all().map_err(io)
}
