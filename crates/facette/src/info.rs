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
use types::{ImageGeometry, SpectralFrame, format_angle, format_count};

/// Rows read at a time.
const READ_ROWS: usize = 65_536;

/// Description of a MeasurementSet in lines of label and text.
///
/// # Errors
/// When it cannot be read. A selection that cannot be imaged is not an error here: the lines say why.
pub fn info(path: &Path, session: &Session) -> Result<Vec<(String, String)>, Error> {
    let ms = open_ms(&path.to_owned())?;
    let info = ms.info()?;
    let mut lines = overview(&info, ms.n_row());
    lines.extend(info.fields.iter().enumerate().map(|(i, f)| {
        let direction = f.phase_center.map_or("no phase center".to_owned(), |d| d.sexagesimal());
        (format!("field {i}"), format!("{} · {direction} {}", f.name, f.frame_name))
    }));
    lines.extend(setups(&info));
    lines.extend(suggestions(&ms, &info, session));
    lines.extend(info.columns.iter().map(|c| (format!("column {}", c.name), column(c))));
    Ok(lines)
}

fn line(label: &str, text: String) -> (String, String) {
    (label.to_owned(), text)
}

fn overview(info: &Info, n_row: u64) -> Vec<(String, String)> {
    let observed = info.time_range_mjd_s.map_or("no rows".to_owned(), |(start, end)| {
        let length = crate::open::duration(end - start);
        format!("{} to {} UTC ({length})", fits::iso_date(start), fits::iso_date(end))
    });
    let names: Vec<_> = info.antennas.iter().map(|a| a.name.as_str()).collect();
    let shown = names.iter().take(8).copied().collect::<Vec<_>>().join(" ");
    let more = if names.len() > 8 { " …" } else { "" };
    vec![
        line(
            "telescope",
            format!(
                "{} · observer {} · project {}",
                info.telescope,
                or_none(&info.observer),
                or_none(&info.project)
            ),
        ),
        line("times", observed),
        line("antennas", format!("{}: {shown}{more}", names.len())),
        line("rows", format_count(n_row)),
    ]
}

fn or_none(text: &str) -> &str {
    if text.trim().is_empty() { "not given" } else { text }
}

/// One line a data description: its spectral window and correlations.
fn setups(info: &Info) -> Vec<(String, String)> {
    let describe = |(i, d): (usize, &ms::DataDescription)| {
        let spw = usize::try_from(d.spw).ok().and_then(|i| info.spws.get(i));
        let corrs = usize::try_from(d.polarization).ok().and_then(|i| info.polarizations.get(i));
        let spw = spw.map_or("missing spectral window".to_owned(), |s| {
            let (low, high) = freq_range(&s.freq_hz);
            let frame =
                if s.frame == SpectralFrame::Undefined { String::new() } else { format!(" {:?}", s.frame) };
            format!("{} channels {:.1}–{:.1} MHz{frame}", s.freq_hz.len(), low / 1e6, high / 1e6)
        });
        let corrs = corrs.map_or("missing polarization".to_owned(), correlations);
        (format!("ddid {i}"), format!("{spw} × {corrs}"))
    };
    info.data_descriptions.iter().enumerate().map(describe).collect()
}

fn correlations(p: &ms::Polarization) -> String {
    let name = |(code, c): (&i32, &Option<types::Correlation>)| {
        c.map_or(format!("code {code}"), |c| c.name().to_owned())
    };
    p.codes.iter().zip(&p.correlations).map(name).collect::<Vec<_>>().join(" ")
}

fn column(c: &ms::ColumnSummary) -> String {
    let shape: Vec<_> = c.shape.iter().flatten().map(usize::to_string).collect();
    let shape = if shape.is_empty() { String::new() } else { format!(" {}", shape.join(" × ")) };
    format!("{}{shape} · {}", c.data_type, c.storage_manager)
}

/// Suggested cell and size of every data description with rows of field 0.
fn suggestions(ms: &Ms, info: &Info, session: &Session) -> Vec<(String, String)> {
    let suggest = |ddid: usize| match suggestion(ms, info, ddid, session) {
        Ok((extent, g)) => line(
            &format!("image ddid {ddid}"),
            format!(
                "--cell {}arcsec --npix {} ({} wide; {} rows of field 0, baselines to {:.0} m, w to {:.0} m)",
                (g.cell_rad / types::ARCSEC_RAD * 1e6).round() / 1e6,
                g.nx,
                format_angle(g.nx as f64 * g.cell_rad),
                format_count(extent.n_row),
                extent.max_uv_m,
                extent.max_w_m
            ),
        ),
        Err(e) => line(
            &format!("image ddid {ddid}"),
            format!("none: {}", e.to_string().lines().next().unwrap_or("")),
        ),
    };
    (0..info.data_descriptions.len()).map(suggest).collect()
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
