//! What a MeasurementSet holds, and which image would suit it.

use crate::{
    Error, Session, execute, guess,
    open::{freq_range, open_ms},
    resources,
    watch::Watch,
};
use ms::{FieldRef, Info, Ms, Selection};
use std::path::Path;
use tasks::{Data, Extent};
use types::ImageGeometry;

pub use crate::open::{duration, freq_range as channel_range};

/// Rows read at a time.
const READ_ROWS: usize = 65_536;

/// What a MeasurementSet holds, and what images of it would be like.
pub struct Information {
    /// What it holds.
    pub ms: Info,
    /// Bytes of all its files, those of subtables included.
    pub size_bytes: u64,
    /// An image of field 0 for every data description.
    pub images: Vec<Suggestion>,
}

/// An image of field 0 that would suit a data description.
pub enum Suggestion {
    /// Cell and size.
    Image {
        /// Side of a pixel, radians.
        cell_rad: f64,
        /// Pixels on a side.
        npix: usize,
        /// Rows of field 0.
        n_row: u64,
        /// The longest projected baseline, metres.
        max_uv_m: f64,
        /// The largest |w|, metres.
        max_w_m: f64,
    },
    /// Why there is none.
    None(String),
}

/// Description of a MeasurementSet.
///
/// # Errors
/// When it cannot be read. A selection that cannot be imaged is not an error here: the suggestions say why.
pub fn info(path: &Path, session: &Session) -> Result<Information, Error> {
    let ms = open_ms(path, session)?;
    let info = ms.info()?;
    let images = (0..info.data_descriptions.len()).map(|ddid| suggest(&ms, &info, ddid, session)).collect();
    Ok(Information { ms: info, size_bytes: size_bytes(path), images })
}

/// Bytes of all files below a folder; what cannot be looked at counts nothing.
pub fn size_bytes(folder: &Path) -> u64 {
    let entries = std::fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok);
    let size = |entry: std::fs::DirEntry| match entry.file_type() {
        Ok(kind) if kind.is_dir() => size_bytes(&entry.path()),
        Ok(kind) if kind.is_file() => entry.metadata().map_or(0, |m| m.len()),
        _ => 0,
    };
    entries.map(size).sum()
}

fn suggest(ms: &Ms, info: &Info, ddid: usize, session: &Session) -> Suggestion {
    match suggestion(ms, info, ddid, session) {
        Ok((extent, g)) => Suggestion::Image {
            cell_rad: g.cell_rad,
            npix: g.nx,
            n_row: extent.n_row,
            max_uv_m: extent.max_uv_m,
            max_w_m: extent.max_w_m,
        },
        Err(e) => Suggestion::None(e.to_string().lines().next().unwrap_or("").to_owned()),
    }
}

fn suggestion(
    ms: &Ms,
    info: &Info,
    ddid: usize,
    session: &Session,
) -> Result<(Extent, ImageGeometry), Error> {
    let selection =
        Selection { field: FieldRef::Id(0), ddid, column: data_column(info), ..Selection::default() };
    let selected = ms.select(&selection)?;
    let (min_freq_hz, max_freq_hz) = freq_range(&selected.setup().freq_hz);
    let data = Data::MeasurementSets { selected: vec![selected], read_rows: READ_ROWS };
    let surveyed = execute::survey(&data, 1, session, resources::n_threads(), &Watch::default())?;
    let extent = surveyed.extents.into_iter().next().unwrap_or_default();
    let diameter_m = info.antennas.iter().map(|a| a.diameter_m).filter(|d| *d > 0.0).reduce(f64::min);
    let reach = guess::Reach { max_uv_m: extent.max_uv_m, max_freq_hz, min_freq_hz, diameter_m };
    Ok((extent, guess::geometry(None, None, &reach).0))
}

/// DATA, or the first column that could stand for it.
fn data_column(info: &Info) -> String {
    let other = || info.columns.iter().find(|c| c.is_data()).map_or("DATA".to_owned(), |c| c.name.clone());
    if info.columns.iter().any(|c| c.name == "DATA") { "DATA".to_owned() } else { other() }
}
