//! Writing an image.

use crate::{
    Error,
    cards::BLOCK,
    error::refused,
    header::header_bytes,
    part::{Part, check_absent},
};
use fitsio::{FitsFile, images::WriteImage};
use ndarray::Array2;
use std::{borrow::Cow, io::Write, path::Path};
use types::{ImageGeometry, ImageHeader};

/// Types of pixels: `f32` (BITPIX −32) and `f64` (BITPIX −64).
pub trait Pixel: WriteImage + Copy + sealed::Bits {}

impl Pixel for f32 {}
impl Pixel for f64 {}

mod sealed {
    /// FITS' code of a type.
    pub trait Bits {
        /// The value of BITPIX.
        const BITPIX: i32;
    }

    impl Bits for f32 {
        const BITPIX: i32 = -32;
    }

    impl Bits for f64 {
        const BITPIX: i32 = -64;
    }
}

/// Writes one plane `[ny, nx]` of one Stokes parameter and one frequency as a FITS image of four axes.
///
/// Until it is complete and on the disk the file has the name `<name>.<process>.part`, in the same directory; on any
/// error that file is removed, and what stood at `path` before is untouched. The same input gives the same bytes.
///
/// # Errors
/// When `path` exists and `overwrite` is false, when shapes disagree, when a number of the header is not usable, or
/// when the system or CFITSIO refuse.
pub fn write_image<T: Pixel>(
    path: &Path,
    header: &ImageHeader,
    geometry: &ImageGeometry,
    pixels: &Array2<T>,
    overwrite: bool,
) -> Result<(), Error> {
    let (got_ny, got_nx) = pixels.dim();
    if (got_nx, got_ny) != (geometry.nx, geometry.ny) || pixels.is_empty() {
        return Err(Error::Shape { nx: geometry.nx, ny: geometry.ny, got_nx, got_ny });
    }
    check_absent(path, overwrite)?;
    let cards = header_bytes(header, geometry, T::BITPIX)?;
    let mut part = Part::create(path)?;
    part.file().write_all(&cards).map_err(|source| Error::Io {
        action: "write",
        path: path.to_owned(),
        source,
    })?;
    write_pixels(path, &part, &row_major(pixels))?;
    check_length(path, &mut part, cards.len() + pixels.len() * size_of::<T>())?;
    part.finish(overwrite)
}

/// The pixels in the order of the file, without a copy where they lie so already.
fn row_major<T: Copy>(pixels: &Array2<T>) -> Cow<'_, [T]> {
    pixels.as_slice().map_or_else(|| pixels.iter().copied().collect::<Vec<_>>().into(), Cow::from)
}

fn write_pixels<T: Pixel>(path: &Path, part: &Part, pixels: &[T]) -> Result<(), Error> {
    let mut fits = FitsFile::edit(part.cfitsio_name()?).map_err(refused("open", path))?;
    let hdu = fits.primary_hdu().map_err(refused("open", path))?;
    hdu.write_image(&mut fits, pixels).map_err(refused("write", path))
}

/// Closing a `FitsFile` flushes its last blocks and cannot report an error, so the length of the file is looked at.
fn check_length(path: &Path, part: &mut Part, content: usize) -> Result<(), Error> {
    let expected = content.next_multiple_of(BLOCK) as u64;
    let meta = part.file().metadata().map_err(|source| Error::Io {
        action: "write",
        path: path.to_owned(),
        source,
    })?;
    let got = meta.len();
    if got == expected { Ok(()) } else { Err(Error::Short { path: path.to_owned(), expected, got }) }
}
