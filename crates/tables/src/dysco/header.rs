//! The header of a Dysco file, little-endian whatever the table is.
//!
//! ```text
//! u32 headerSize, columnHeaderOffset, columnCount; u32 n, n bytes of name; u32 rowsPerBlock, antennaCount, blockSize
//! u16 major (1), minor (0); u8 dataBits, weightBits, distribution, normalization; f64 ν, truncation
//! at columnHeaderOffset, per column: u32 size (12), blockSize, antennaCount
//! ```
//! Casacore leaves 12 more bytes per column free. rowsPerBlock is 0 until the first block is complete.

use super::layout::{Geometry, Part, block_bytes, parts};
use super::settings::{BITS, DyscoDistribution, DyscoNormalization, DyscoSettings};
use crate::Error;
use crate::bytes::{Order, Reader};
use crate::file::DataFile;

/// Bytes before and after the name, up to the column headers.
const FIXED: u32 = 16 + 40 - 4;
const COLUMN: u32 = 12;
const FREE: u32 = 12;
/// Bytes that any sensible header fits.
const MOST: usize = 1 << 20;

/// What a header says, checked.
#[derive(Debug, PartialEq)]
pub(super) struct Header {
    pub(super) size: u64,
    pub(super) geometry: Geometry,
    pub(super) distribution: DyscoDistribution,
    /// Of the columns; empty while there is no block.
    pub(super) parts: Vec<Part>,
    pub(super) block_size: u64,
}

impl Header {
    /// Reads the header of a file with columns of these kinds (see [`super::layout::kind`]).
    pub(super) fn read(file: &DataFile, columns: &[(bool, usize, usize)]) -> Result<Header, Error> {
        let mut bytes = Vec::new();
        file.read_up_to(0, MOST, &mut bytes)?;
        let mut r = Reader::new(file.path(), 0, &bytes, Order::Little);
        let (size, column_offset, n_column) = (u64::from(r.u32()?), r.u32()? as usize, r.u32()? as usize);
        if size > file.len() || column_offset as u64 > size || n_column != columns.len() {
            let expected = format!("a header inside the file, of {} columns", columns.len());
            return Err(
                r.fail(expected, format!("{size} bytes, columns at {column_offset}, {n_column} columns"))
            );
        }
        r.string_bytes()?;
        let (rows_per_block, n_antenna, block_size) = (r.u32()? as usize, r.u32()? as usize, r.u32()?);
        let version = (r.u16()?, r.u16()?);
        if version != (1, 0) {
            return Err(r.fail("version 1.0 of Dysco's format", format!("{}.{}", version.0, version.1)));
        }
        let (data_bits, weight_bits) = (bit_count(&mut r)?, bit_count(&mut r)?);
        let (distribution, normalization) = (r.u8()?, normalization(&mut r)?);
        let distribution = checked_distribution(&mut r, distribution)?;
        let geometry = Geometry { rows_per_block, n_antenna, normalization, data_bits, weight_bits };
        let mut header =
            Header { size, geometry, distribution, parts: Vec::new(), block_size: block_size.into() };
        if rows_per_block > 0 {
            let mut r = Reader::at(file.path(), &bytes, Order::Little, column_offset);
            header.parts = checked_parts(&mut r, &header, columns)?;
        }
        Ok(header)
    }

    /// Whole blocks in a file of `n_byte` bytes, and whether there is a piece of another.
    pub(super) fn n_block(&self, n_byte: u64) -> (u64, bool) {
        if self.parts.is_empty() || self.block_size == 0 {
            return (0, false);
        }
        let data = n_byte.saturating_sub(self.size);
        (data / self.block_size, !data.is_multiple_of(self.block_size))
    }

    /// The header of a new file; `None` when blocks are larger than the format can count.
    pub(super) fn bytes(
        name: &str,
        settings: &DyscoSettings,
        of: Geometry,
        parts: &[Part],
    ) -> Option<Vec<u8>> {
        let n_name = u32::try_from(name.len()).ok().filter(|&n| n < 1 << 16)?;
        let n_column = u32::try_from(parts.len()).ok().filter(|&n| n < 1 << 10)?;
        let (n_row, n_antenna) = (u32::try_from(of.rows_per_block).ok()?, u32::try_from(of.n_antenna).ok()?);
        let block_size = u32::try_from(block_bytes(parts)).ok()?;
        let columns_at = FIXED + n_name;
        let size = columns_at + n_column * (COLUMN + FREE);
        let mut out = Vec::with_capacity(size as usize);
        put(&mut out, &[size, columns_at, n_column, n_name]);
        out.extend_from_slice(name.as_bytes());
        put(&mut out, &[n_row, n_antenna, block_size]);
        out.extend_from_slice(&[1, 0, 0, 0, of.data_bits, of.weight_bits]);
        let (kind, nu, truncation) = match settings.distribution {
            DyscoDistribution::Gaussian => (0, 0.0, 0.0),
            DyscoDistribution::Uniform => (1, 0.0, 0.0),
            DyscoDistribution::StudentT { nu } => (2, nu, 0.0),
            DyscoDistribution::TruncatedGaussian { truncation } => (3, 0.0, truncation),
        };
        out.extend_from_slice(&[kind, of.normalization as u8]);
        out.extend([nu, truncation].iter().flat_map(|v| v.to_le_bytes()));
        for part in parts {
            put(&mut out, &[COLUMN, u32::try_from(part.n_byte).ok()?, n_antenna]);
        }
        out.resize(size as usize, 0);
        Some(out)
    }
}

fn put(out: &mut Vec<u8>, numbers: &[u32]) {
    out.extend(numbers.iter().flat_map(|n| n.to_le_bytes()));
}

fn bit_count(r: &mut Reader<'_>) -> Result<u8, Error> {
    let bits = r.u8()?;
    if BITS.contains(&bits) {
        Ok(bits)
    } else {
        Err(r.fail(format!("one of {BITS:?} bits"), bits.to_string()))
    }
}

fn normalization(r: &mut Reader<'_>) -> Result<DyscoNormalization, Error> {
    match r.u8()? {
        0 => Ok(DyscoNormalization::AntennaFrequency),
        1 => Ok(DyscoNormalization::RowFrequency),
        2 => Ok(DyscoNormalization::Row),
        other => Err(r.fail("a normalization of 0 to 2", other.to_string())),
    }
}

fn checked_distribution(r: &mut Reader<'_>, number: u8) -> Result<DyscoDistribution, Error> {
    let (nu, truncation) = (r.f64()?, r.f64()?);
    let distribution = match number {
        0 => DyscoDistribution::Gaussian,
        1 => DyscoDistribution::Uniform,
        2 => DyscoDistribution::StudentT { nu },
        3 => DyscoDistribution::TruncatedGaussian { truncation },
        other => return Err(r.fail("a distribution of 0 to 3", other.to_string())),
    };
    if distribution.is_valid() {
        Ok(distribution)
    } else {
        Err(r.fail("ν from 0.01 to 1e6 and a truncation above 0", format!("{distribution:?}")))
    }
}

/// The parts as the columns' shapes give them, which must be what the headers say.
fn checked_parts(
    r: &mut Reader<'_>,
    header: &Header,
    columns: &[(bool, usize, usize)],
) -> Result<Vec<Part>, Error> {
    let all = parts(header.geometry, columns)
        .filter(|parts| block_bytes(parts) == header.block_size)
        .ok_or_else(|| {
            let found = format!("{} for {} rows", header.block_size, header.geometry.rows_per_block);
            r.fail("a block size that suits rows, antennas and the columns' shapes", found)
        })?;
    for part in &all {
        let start = r.position();
        let (size, block_size, n_antenna) = (r.u32()?, r.u32()?, r.u32()? as usize);
        let needs_antennas =
            !part.is_weight && header.geometry.normalization == DyscoNormalization::AntennaFrequency;
        if u64::from(block_size) != part.n_byte || needs_antennas && n_antenna != header.geometry.n_antenna {
            let expected =
                format!("{} bytes a block for {} antennas", part.n_byte, header.geometry.n_antenna);
            return Err(r.fail(expected, format!("{block_size} for {n_antenna}")));
        }
        let read = r.position() - start;
        r.take((size as usize).saturating_sub(read))?;
    }
    Ok(all)
}
