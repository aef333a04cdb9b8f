//! A selection that was found to be there.

use crate::{
    Chunks, DataDescription, Error, Geometry, Ms, Part, Read, Selection, SpectralWindow,
    columns::open_data,
    scan::{RowFilter, Scan, count_parts},
    selection::{list_data_descriptions, resolve_channels, resolve_field},
    subtable::Subtable,
    visibilities::Visibilities,
};
use std::{ops::Range, sync::Arc};
use types::{Correlation, RaDec, Setup, SkyFrame, SpectralFrame};

/// Most bytes read at a time.
const MAX_READ_BYTES: usize = 16 << 20;

/// A selection of a MeasurementSet with everything a header needs; holds no data, cheap to clone.
#[derive(Clone)]
pub struct Selected {
    inner: Arc<Resolved>,
}

/// What readers need to know.
#[derive(Clone)]
pub(crate) struct Resolved {
    pub(crate) ms: Ms,
    pub(crate) setup: Arc<Setup>,
    pub(crate) filter: RowFilter,
    /// Rows of the table that are looked at; all if there are none.
    pub(crate) rows: Option<Arc<[Range<u64>]>>,
    pub(crate) column: String,
    pub(crate) chan: Range<usize>,
    /// Shape [channel][correlation] of the cells in the table.
    pub(crate) cell_shape: [usize; 2],
    field: usize,
    ddid: usize,
    spw: usize,
    phase_center: RaDec,
    frame: SkyFrame,
    rest_freq_hz: Option<f64>,
}

impl Selected {
    pub(crate) fn resolve(ms: &Ms, selection: &Selection) -> Result<Self, Error> {
        let field = resolve_field(ms, &selection.field)?;
        let (phase_center, frame) = direction(ms, field)?;
        let ddid = selection.ddid;
        let (spw, cell_shape, correlations) = axes(ms, ddid)?;
        let chan = resolve_channels(ms, selection.chan, spw, cell_shape[0])?;
        open_data(ms, &selection.column)?;
        let freq_hz = ms.description().spws[spw].freq_hz[chan.clone()].into();
        let selected = Resolved {
            ms: ms.clone(),
            setup: Arc::new(Setup { freq_hz, correlations }),
            filter: filter(ms, field, ddid, cell_shape),
            rows: None,
            column: selection.column.clone(),
            chan,
            cell_shape,
            field,
            ddid,
            spw,
            phase_center,
            frame,
            // An image is as good without: whatever is wrong with the optional table must not stop it.
            rest_freq_hz: rest_freq_hz(ms, field, spw).unwrap_or(None),
        };
        selected.check_first_row()?;
        Ok(Selected { inner: Arc::new(selected) })
    }

    /// The MeasurementSet.
    pub fn ms(&self) -> &Ms {
        &self.inner.ms
    }

    /// Frequencies of the selected channels, and the correlations.
    pub fn setup(&self) -> &Arc<Setup> {
        &self.inner.setup
    }

    /// Widths of the selected channels, Hz; negative where the writer counted downwards.
    pub fn chan_width_hz(&self) -> &[f64] {
        &self.spectral_window().chan_width_hz[self.inner.chan.clone()]
    }

    /// The selected channels, counted in the spectral window.
    pub fn chan(&self) -> Range<usize> {
        self.inner.chan.clone()
    }

    /// Where visibilities of a source of unit flux are 1.
    pub fn phase_center(&self) -> RaDec {
        self.inner.phase_center
    }

    /// Frame of the phase center.
    pub fn frame(&self) -> SkyFrame {
        self.inner.frame
    }

    /// Frame of the frequencies.
    pub fn spectral_frame(&self) -> SpectralFrame {
        self.spectral_window().frame
    }

    /// Number of the field.
    pub fn field_id(&self) -> usize {
        self.inner.field
    }

    /// Name of the field.
    pub fn field_name(&self) -> &str {
        &self.inner.ms.description().fields[self.inner.field].name
    }

    /// Number of the data description.
    pub fn ddid(&self) -> usize {
        self.inner.ddid
    }

    /// The column of visibilities.
    pub fn column(&self) -> &str {
        &self.inner.column
    }

    /// Name of the telescope, from the first row of OBSERVATION.
    pub fn telescope(&self) -> &str {
        &self.inner.ms.description().observation.telescope
    }

    /// Name of the observer, from the first row of OBSERVATION.
    pub fn observer(&self) -> &str {
        &self.inner.ms.description().observation.observer
    }

    /// Rest frequency of the field's first spectral line, Hz, where SOURCE gives a positive one.
    pub fn rest_freq_hz(&self) -> Option<f64> {
        self.inner.rest_freq_hz
    }

    /// Whether there are other fields or data descriptions, whose rows may lie between the selected ones.
    pub fn is_mixed(&self) -> bool {
        let description = self.inner.ms.description();
        description.fields.len() > 1 || description.data_descriptions.len() > 1
    }

    /// Rows of the whole MeasurementSet, selected or not.
    pub fn n_row_total(&self) -> u64 {
        self.inner.ms.n_row()
    }

    /// The same selection of some rows of the table alone: a sample. Ranges must ascend and not overlap; what lies
    /// behind the end of the table is left out.
    pub fn part(&self, rows: &[Range<u64>]) -> Self {
        let n_row = self.inner.ms.n_row();
        let rows = rows.iter().map(|rows| rows.start.min(n_row)..rows.end.min(n_row)).collect();
        Selected { inner: Arc::new(Resolved { rows: Some(rows), ..(*self.inner).clone() }) }
    }

    /// Bytes that a reader asked for `read_rows` rows at a time holds besides its chunks.
    pub fn read_bytes(&self, read_rows: usize) -> u64 {
        (self.inner.rows_at_a_time(read_rows) * self.inner.row_bytes()) as u64
    }

    /// Streams baseline coordinates, times and flags of rows, looking at `read_rows` rows of the table at a time.
    ///
    /// # Errors
    /// When a column cannot be opened.
    pub fn geometry(&self, read_rows: usize) -> Result<Geometry, Error> {
        Geometry::open(&self.inner, read_rows)
    }

    /// Streams visibilities with flags and weights.
    ///
    /// # Errors
    /// When a column cannot be opened.
    pub fn chunks(&self, read: Read) -> Result<Chunks, Error> {
        Chunks::open(&self.inner, read)
    }

    fn spectral_window(&self) -> &SpectralWindow {
        &self.inner.ms.description().spws[self.inner.spw]
    }
}

impl Resolved {
    /// Bytes of one row with data, flags and weights, all channels of the table, as they are read.
    fn row_bytes(&self) -> usize {
        let sample = size_of::<[f32; 2]>() + size_of::<bool>() + size_of::<f32>();
        self.cell_shape.iter().product::<usize>() * sample + size_of::<[f64; 5]>()
    }

    /// Rows to read at a time when `asked` are wanted: as many as 16 MiB hold, one at least.
    pub(crate) fn rows_at_a_time(&self, asked: usize) -> usize {
        asked.min(MAX_READ_BYTES / self.row_bytes()).max(1)
    }

    /// Looks for the first selected row, which usually is among the first ones, and whether its data can be read: so
    /// that what fails at once fails before anything is planned.
    fn check_first_row(&self) -> Result<(), Error> {
        const READ_ROWS: usize = 1 << 12;
        let mut scan = Scan::open(&self.ms, self.filter.clone(), self.rows.as_deref(), READ_ROWS)?;
        while let Some(block) = scan.next()? {
            if let Some(span) = block.spans.into_iter().next().map(|mut s| s.split_first(1)) {
                return Visibilities::open(self)?.read(&span, &mut Vec::new());
            }
        }
        Err(self.nothing_selected(&count_parts(&self.ms)?))
    }

    fn nothing_selected(&self, parts: &[Part]) -> Error {
        let (field, ddid) = (self.filter.field, self.filter.ddid);
        let sum = |keep: &dyn Fn(&Part) -> bool| {
            types::format_count(parts.iter().filter(|p| keep(p)).map(|p| p.n_cross + p.n_auto).sum())
        };
        let both = sum(&|p| p.field == field && p.ddid == ddid);
        let counts = format!(
            "of its {} rows {} belong to field {field}, {} to data description {ddid}, {both} to both{}",
            sum(&|_| true),
            sum(&|p| p.field == field),
            sum(&|p| p.ddid == ddid),
            if both == "0" { "" } else { ", but these are auto-correlations" },
        );
        let hint = parts
            .iter()
            .find(|p| p.n_cross > 0)
            .map_or_else(String::new, |p| format!("\n  try: --field {} --ddid {}", p.field, p.ddid));
        Error::NothingSelected {
            path: self.ms.path().to_owned(),
            field: self.field,
            ddid: self.ddid,
            counts,
            hint,
        }
    }
}

fn direction(ms: &Ms, field: usize) -> Result<(RaDec, SkyFrame), Error> {
    let entry = &ms.description().fields[field];
    let Some(frame) = entry.frame else {
        return Err(Error::Frame {
            path: ms.path().to_owned(),
            field,
            name: entry.name.clone(),
            frame: entry.frame_name.clone(),
        });
    };
    let phase_center = entry.phase_center.ok_or_else(|| Error::Invalid {
        path: ms.path().to_owned(),
        what: format!("PHASE_DIR in row {field} of FIELD"),
        got: "undefined, not finite, or with a declination beyond ±90°".to_owned(),
        expected: "right ascension and declination in radians".to_owned(),
    })?;
    Ok((phase_center, frame))
}

/// Spectral window, shape of cells, and correlations of a data description.
fn axes(ms: &Ms, ddid: usize) -> Result<(usize, [usize; 2], Vec<Correlation>), Error> {
    let description = ms.description();
    let Some(&DataDescription { spw, polarization }) = description.data_descriptions.get(ddid) else {
        let (path, found) = (ms.path().to_owned(), list_data_descriptions(ms));
        return Err(Error::DataDescription { path, ddid, found });
    };
    let row = |subtable, row: i32, n_row: usize| {
        usize::try_from(row).ok().filter(|&r| r < n_row).ok_or_else(|| Error::MissingRow {
            path: ms.path().to_owned(),
            wanted_by: format!("data description {ddid}"),
            subtable,
            row: row.into(),
            n_row,
        })
    };
    let spw = row("SPECTRAL_WINDOW", spw, description.spws.len())?;
    let polarization = row("POLARIZATION", polarization, description.polarizations.len())?;
    if let Some((column, got, expected)) = description.spws[spw].fault() {
        let what = format!("{column} in row {spw} of SPECTRAL_WINDOW");
        return Err(Error::Invalid { path: ms.path().to_owned(), what, got, expected: expected.to_owned() });
    }
    let codes = &description.polarizations[polarization].codes;
    let correlations: Option<Vec<_>> =
        description.polarizations[polarization].correlations.iter().copied().collect();
    let correlations = correlations.filter(|c| !c.is_empty()).ok_or_else(|| Error::Invalid {
        path: ms.path().to_owned(),
        what: format!("CORR_TYPE in row {polarization} of POLARIZATION"),
        got: format!("{codes:?}"),
        expected: "codes of I Q U V (1 to 4), RR RL LR LL (5 to 8) or XX XY YX YY (9 to 12)".to_owned(),
    })?;
    Ok((spw, [description.spws[spw].freq_hz.len(), correlations.len()], correlations))
}

fn filter(ms: &Ms, field: usize, ddid: usize, cell_shape: [usize; 2]) -> RowFilter {
    let description = ms.description();
    let same_shape = |d: &DataDescription| description.cell_shape(*d) == Some(cell_shape);
    RowFilter {
        field: field as i32,
        ddid: ddid as i32,
        same_shape: description.data_descriptions.iter().map(same_shape).collect(),
    }
}

/// REST_FREQUENCY of the row of SOURCE for this field and spectral window (−1 there means any).
fn rest_freq_hz(ms: &Ms, field: usize, spw: usize) -> Result<Option<f64>, Error> {
    let source_id = ms.description().fields[field].source_id;
    if source_id < 0 || ms.main().keywords().get("SOURCE").is_none() {
        return Ok(None);
    }
    // An optional table, wanted for one header card: where it is missing the image is as good.
    let Ok(source) = Subtable::open(ms.main(), "SOURCE") else { return Ok(None) };
    if !source.has("REST_FREQUENCY") {
        return Ok(None);
    }
    let source_ids = source.scalars::<i32>("SOURCE_ID")?;
    let spws = source.scalars_or("SPECTRAL_WINDOW_ID", -1)?;
    let is_ours =
        |row: &usize| source_ids[*row] == source_id && (spws[*row] < 0 || spws[*row] as usize == spw);
    let Some(row) = (0..source.n_row()).find(is_ours) else { return Ok(None) };
    let lines = source.cells::<f64>("REST_FREQUENCY")?.swap_remove(row);
    Ok(lines.and_then(|l| l.first().copied()).filter(|f| f.is_finite() && *f > 0.0))
}
