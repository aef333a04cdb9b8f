//! Baseline coordinates, times and flags of rows: what a survey of the data needs before gridding is planned.

use crate::{Error, cells::Cells, scan::Scan, selected::Resolved};

/// Baseline coordinates and times of some selected rows, flagged ones included.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GeometryChunk {
    /// Baseline coordinates, metres, one triple a row.
    pub uvw_m: Vec<[f64; 3]>,
    /// TIME, the middle of the integration, seconds of modified Julian date, UTC.
    pub time_s: Vec<f64>,
    /// INTERVAL, the length of the integration, seconds.
    pub interval_s: Vec<f64>,
    /// True where FLAG_ROW or all flags of the selected channels are set: such a row counts for nothing.
    pub flagged: Vec<bool>,
    /// All rows looked at for this chunk, selected or not.
    pub n_row_read: u64,
}

/// A stream of [`GeometryChunk`]s in the order of the main table.
pub struct Geometry {
    scan: Scan,
    uvw: Cells<f64>,
    time: Cells<f64>,
    interval: Cells<f64>,
    flag_row: Cells<bool>,
    flag: Cells<bool>,
    /// Flags of a row.
    n_flag: usize,
}

impl Geometry {
    pub(crate) fn open(selected: &Resolved, read_rows: usize) -> Result<Self, Error> {
        let ms = &selected.ms;
        let open = |name, shape: &[usize]| -> Result<_, Error> {
            Ok(Cells::whole(ms, ms.main().column(name)?, shape, 1))
        };
        let flag = Cells::whole(ms, ms.main().column("FLAG")?, &selected.cell_shape, 1);
        Ok(Geometry {
            scan: Scan::open(
                ms,
                selected.filter.clone(),
                selected.rows.as_deref(),
                selected.rows_at_a_time(read_rows),
            )?,
            uvw: open("UVW", &[3])?,
            time: open("TIME", &[])?,
            interval: open("INTERVAL", &[])?,
            flag_row: Cells::whole(ms, ms.main().column("FLAG_ROW")?, &[], 1),
            flag: flag.part(selected.chan.clone()),
            n_flag: selected.chan.len() * selected.cell_shape[1],
        })
    }

    /// The next chunk, which may be empty where no row of a read is selected; `None` behind the last row.
    ///
    /// # Errors
    /// When a cell is undefined or cannot be read. The stream is then useless.
    #[expect(
        clippy::should_implement_trait,
        reason = "an iterator over results would hide that an error ends it"
    )]
    pub fn next(&mut self) -> Result<Option<GeometryChunk>, Error> {
        let Some(block) = self.scan.next()? else { return Ok(None) };
        let mut chunk = GeometryChunk { n_row_read: block.n_row, ..GeometryChunk::default() };
        if block.spans.is_empty() {
            return Ok(Some(chunk));
        }
        let mut uvw = Vec::new();
        self.uvw.read(&block.all, &mut uvw)?;
        chunk.uvw_m = uvw.as_chunks().0.to_vec();
        self.time.read(&block.all, &mut chunk.time_s)?;
        self.interval.read(&block.all, &mut chunk.interval_s)?;
        self.flag_row.read(&block.all, &mut chunk.flagged)?;
        let mut flags = Vec::new();
        block.spans.iter().try_for_each(|span| self.flag.read(span, &mut flags))?;
        for (row, flags) in chunk.flagged.iter_mut().zip(flags.chunks_exact(self.n_flag)) {
            *row |= flags.iter().all(|flag| *flag);
        }
        Ok(Some(chunk))
    }
}
