//! New Dysco files: header and blocks from a stream, or the blocks of another file as they are.
//!
//! Nothing is compressed twice: copies and appends take blocks byte for byte.

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

/// Takes the bytes of a file, one piece after another.
pub(crate) type Output<'a> = dyn FnMut(&[u8]) -> Result<(), Error> + 'a;

/// Writes a new file.
///
/// # Errors
/// When settings, sizes or values do not go together, or the source or the output fails.
pub(crate) fn write(
    out: &mut Output<'_>,
    settings: &DyscoSettings,
    new: NewFile<'_>,
    source: &mut Source<'_>,
) -> Result<(), Error> {
    settings.check()?;
    let n_block = whole_blocks(new.n_row, new.rows_per_block)?;
    let (mut encoder, header) = prepare(settings, new)?;
    out(&header)?;
    encode(&mut encoder, 0..n_block, new.columns.len(), (source, out))
}

/// Writes the file `from`, which has `n_old` rows, with as many more as the source has until there are `n_row`; what
/// there was is copied byte for byte.
///
/// # Errors
/// When rows are not whole blocks, values do not suit the file, or the source, the output or the old file fails.
pub(crate) fn append(
    out: &mut Output<'_>,
    from: &Path,
    columns: &[(bool, usize, usize)],
    (rows, seed): (Range<u64>, u64),
    source: &mut Source<'_>,
) -> Result<(), Error> {
    let header = Header::read(&DataFile::open(from.to_owned())?, columns)?;
    let geometry = header.geometry;
    let n_old = whole_blocks(rows.start, geometry.rows_per_block)?;
    let n_block = whole_blocks(rows.end, geometry.rows_per_block)?;
    copy_blocks(from, columns, 0..n_old, out)?;
    let dictionary = Dictionary::new(header.distribution, geometry.data_bits);
    let mut encoder = Encoder::new(geometry, header.parts, dictionary, seed);
    encode(&mut encoder, n_old..n_block, columns.len(), (source, out))
}

fn whole_blocks(n_row: u64, per_block: usize) -> Result<u64, Error> {
    let per_block = per_block as u64;
    if per_block == 0 || !n_row.is_multiple_of(per_block) {
        let what = format!("{n_row} rows are not whole blocks of {per_block}");
        return Err(Error::Compression { what });
    }
    Ok(n_row / per_block)
}

fn encode(
    encoder: &mut Encoder,
    blocks: Range<u64>,
    n_column: usize,
    (source, out): (&mut Source<'_>, &mut Output<'_>),
) -> Result<(), Error> {
    let per_block = encoder.rows_per_block() as u64;
    let (mut rows, mut bytes) = (BlockRows::default(), Vec::new());
    rows.values.resize(n_column, Vec::new());
    rows.flags.resize(n_column, Vec::new());
    for block in blocks {
        source(block * per_block..(block + 1) * per_block, &mut rows)?;
        let columns = rows.values.iter().zip(&rows.flags);
        let columns: Vec<_> = columns.map(|(values, flags)| BlockColumn { values, flags }).collect();
        bytes.clear();
        encoder.block(block, &rows.pairs, &columns, &mut bytes)?;
        out(&bytes)?;
    }
    Ok(())
}

/// Writes some blocks of another file and its header, all byte for byte.
///
/// # Errors
/// When the source has no such blocks, or a file cannot be read or written.
fn copy_blocks(
    from: &Path,
    columns: &[(bool, usize, usize)],
    blocks: Range<u64>,
    out: &mut Output<'_>,
) -> Result<(), Error> {
    let file = DataFile::open(from.to_owned())?;
    let header = Header::read(&file, columns)?;
    let (n_block, _) = header.n_block(file.len());
    if blocks.start > blocks.end || blocks.end > n_block {
        return Err(file.fail(header.size, format!("blocks {blocks:?}"), format!("{n_block} blocks")));
    }
    let mut bytes = Vec::new();
    let mut copy = |offset, n| {
        file.read(offset, n as usize, &mut bytes)?;
        out(&bytes)
    };
    copy(0, header.size)?;
    for block in blocks {
        copy(header.size + block * header.block_size, header.block_size)?;
    }
    Ok(())
}

/// The settings and the rows of a block of a file.
///
/// # Errors
/// When it is damaged.
pub(crate) fn settings_of(
    file: &Path,
    columns: &[(bool, usize, usize)],
) -> Result<(DyscoSettings, usize), Error> {
    let Header { geometry, distribution, .. } = Header::read(&DataFile::open(file.to_owned())?, columns)?;
    let settings = DyscoSettings {
        data_bits: geometry.data_bits,
        weight_bits: geometry.weight_bits,
        distribution,
        normalization: geometry.normalization,
        ..DyscoSettings::default()
    };
    Ok((settings, geometry.rows_per_block))
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
