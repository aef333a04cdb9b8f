//! New Dysco files: header and blocks from a stream, or the blocks of another file as they are.
//!
//! A file is written whole under a name that no table refers to yet, and synced; the table's description then makes
//! it visible. Nothing is compressed twice: copies take blocks byte for byte.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::ops::Range;
use std::path::Path;

use super::dictionary::Dictionary;
use super::encode::{BlockColumn, Encoder};
use super::header::Header;
use super::layout::{Geometry, parts};
use super::settings::DyscoSettings;
use crate::Error;
use crate::file::DataFile;

/// The rows of a new file.
#[derive(Clone, Copy)]
pub(crate) struct NewFile<'a> {
    /// Name of the storage manager in its table.
    pub(crate) name: &'a str,
    /// A multiple of `rows_per_block`: casacore reads no block that is not full.
    pub(crate) n_row: u64,
    /// Rows of one time, so that a block is what was observed at once. See [`rows_per_block`].
    pub(crate) rows_per_block: usize,
    /// More than the largest number in ANTENNA1 and ANTENNA2.
    pub(crate) n_antenna: usize,
    /// Per column whether it is WEIGHT_SPECTRUM, its channels and its correlations.
    pub(crate) columns: &'a [(bool, usize, usize)],
}

/// One block's rows, filled by the source.
#[derive(Default)]
pub(crate) struct BlockRows {
    /// ANTENNA1 and ANTENNA2 of each row.
    pub(crate) pairs: Vec<(usize, usize)>,
    /// Per column complex [row, channel, correlation, (re, im)] or weights [row, channel, correlation].
    pub(crate) values: Vec<Vec<f32>>,
    /// Per column flags [row, channel, correlation] of samples to be stored as not finite, or nothing.
    pub(crate) flags: Vec<Vec<bool>>,
}

/// Fills the block of these rows; what was in it before is that of the block before.
pub(crate) type Source<'a> = dyn FnMut(Range<u64>, &mut BlockRows) -> Result<(), Error> + 'a;

/// Writes and syncs a file; it must not exist yet. After an error it is gone.
///
/// # Errors
/// When settings, sizes or values do not go together, the source fails, or the file cannot be written.
pub(crate) fn write(
    path: &Path,
    settings: &DyscoSettings,
    new: NewFile<'_>,
    source: &mut Source<'_>,
) -> Result<(), Error> {
    settings.check()?;
    let per_block = new.rows_per_block as u64;
    if per_block == 0 || !new.n_row.is_multiple_of(per_block) {
        let what = format!("{} rows are not whole blocks of {per_block}", new.n_row);
        return Err(Error::Compression { what });
    }
    let (mut encoder, header) = prepare(settings, new)?;
    create(path, |out| {
        out.write_all(&header).map_err(|e| Error::io(path, e))?;
        let (mut rows, mut bytes) = (BlockRows::default(), Vec::new());
        rows.values.resize(new.columns.len(), Vec::new());
        rows.flags.resize(new.columns.len(), Vec::new());
        for block in 0..new.n_row / per_block {
            source(block * per_block..(block + 1) * per_block, &mut rows)?;
            let columns = rows.values.iter().zip(&rows.flags);
            let columns: Vec<_> = columns.map(|(values, flags)| BlockColumn { values, flags }).collect();
            bytes.clear();
            encoder.block(block, &rows.pairs, &columns, &mut bytes)?;
            out.write_all(&bytes).map_err(|e| Error::io(path, e))?;
        }
        Ok(())
    })
}

/// Writes and syncs a file with some blocks of another one and its header, all byte for byte.
///
/// # Errors
/// When the source has no such blocks, or a file cannot be read or written.
pub(crate) fn copy_blocks(
    from: &Path,
    columns: &[(bool, usize, usize)],
    blocks: Range<u64>,
    to: &Path,
) -> Result<(), Error> {
    let file = DataFile::open(from.to_owned())?;
    let header = Header::read(&file, columns)?;
    let (n_block, _) = header.n_block(file.len());
    if blocks.start > blocks.end || blocks.end > n_block {
        return Err(file.fail(header.size, format!("blocks {blocks:?}"), format!("{n_block} blocks")));
    }
    create(to, |out| {
        let mut bytes = Vec::new();
        let mut copy = |offset, n| {
            file.read(offset, n as usize, &mut bytes)?;
            out.write_all(&bytes).map_err(|e| Error::io(to, e))
        };
        copy(0, header.size)?;
        for block in blocks {
            copy(header.size + block * header.block_size, header.block_size)?;
        }
        Ok(())
    })
}

/// The number of rows nearest to `wanted` that divides `n_row`: the rows of a block, which must all be full.
pub(crate) fn rows_per_block(n_row: u64, wanted: u64) -> u64 {
    let (n_row, wanted) = (n_row.max(1), wanted.max(1) as f64);
    let pairs = (1..).take_while(|d| d * d <= n_row).filter(|d| n_row % d == 0);
    let distance = |d: u64| (d as f64 / wanted).ln().abs();
    pairs.flat_map(|d| [d, n_row / d]).min_by(|&a, &b| distance(a).total_cmp(&distance(b))).unwrap_or(1)
}

fn prepare(settings: &DyscoSettings, new: NewFile<'_>) -> Result<(Encoder, Vec<u8>), Error> {
    let geometry = Geometry {
        rows_per_block: new.rows_per_block,
        n_antenna: new.n_antenna,
        normalization: settings.normalization,
        data_bits: settings.data_bits,
        weight_bits: settings.weight_bits,
    };
    let is_shape = |&(_, n_chan, n_corr): &(bool, usize, usize)| n_chan > 0 && (1..=16).contains(&n_corr);
    let made = new.columns.iter().all(is_shape).then_some(()).and_then(|()| {
        let parts = parts(geometry, new.columns)?;
        let header = Header::bytes(new.name, settings, geometry, &parts)?;
        let dictionary = Dictionary::new(settings.distribution, settings.data_bits);
        Some((Encoder::new(geometry, parts, dictionary, settings.seed), header))
    });
    made.ok_or_else(|| Error::Compression {
        what: format!(
            "columns {:?} with {} rows in a block of at most 4 GiB",
            new.columns, new.rows_per_block
        ),
    })
}

/// Makes a new file by `fill`, syncs it, and takes it away again if anything fails.
fn create(path: &Path, fill: impl FnOnce(&mut BufWriter<File>) -> Result<(), Error>) -> Result<(), Error> {
    let failed = |e| Error::io(path, e);
    let mut out = BufWriter::with_capacity(1 << 20, File::create_new(path).map_err(failed)?);
    let done = fill(&mut out).and_then(|()| {
        out.flush().map_err(failed)?;
        out.get_ref().sync_all().map_err(failed)
    });
    if done.is_err() {
        drop(out);
        // The first error is the one to tell.
        let _ = std::fs::remove_file(path);
    }
    done
}
