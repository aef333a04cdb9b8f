//! `facette ms info` and `facette info`: what a MeasurementSet holds.

use super::{args::InfoArgs, columns, open, place, print};
use crate::output::Failure;
use facette::{
    Session, fits,
    info::{Information, Suggestion, channel_range, duration},
    ms::{self, ScanSummary, SpectralWindow},
    sim::Site,
    tables::{Table, Value},
    types::{ARCSEC_RAD, SpectralFrame, format_angle, format_bytes, format_count},
};
use serde_json::{Value as Json, json};

pub(crate) fn run(args: &InfoArgs, session: &Session) -> Result<(), Failure> {
    let table = open::table(&args.ms, session)?;
    let is_ms = table.keywords().get("MS_VERSION").is_some() || table.info().table_type == "Measurement Set";
    if !is_ms {
        return if args.json { print::json(&table_json(&table)) } else { other_table(&table) };
    }
    let information = facette::info::info(table.path(), session)?;
    if args.json {
        return print::json(&as_json(&information));
    }
    lines(&information).iter().try_for_each(|(label, text)| print::labelled(label, text))
}

type Lines = Vec<(String, String)>;

fn line(label: impl Into<String>, text: impl Into<String>) -> (String, String) {
    (label.into(), text.into())
}

fn lines(i: &Information) -> Lines {
    let mut lines = overview(i);
    lines.extend(i.ms.scans.iter().map(|s| line(format!("scan {}", s.number), scan(s, &i.ms))));
    lines.extend(i.ms.fields.iter().enumerate().map(|(n, f)| {
        let direction = f.phase_center.map_or("no phase center".to_owned(), |d| d.sexagesimal());
        let rows: u64 = i.ms.parts.iter().filter(|p| p.field == n as i32).map(|p| p.n_cross + p.n_auto).sum();
        line(
            format!("field {n}"),
            format!("{} · {direction} {} · {} rows", f.name, f.frame_name, format_count(rows)),
        )
    }));
    lines.extend(i.ms.sources.iter().map(|s| line(format!("source {}", s.source_id), source(s))));
    lines.extend(i.ms.spws.iter().enumerate().map(|(n, s)| line(format!("spw {n}"), window(s))));
    lines.extend(setups(&i.ms));
    lines.extend(i.ms.antennas.iter().enumerate().map(|(n, a)| line(format!("antenna {n}"), antenna(a))));
    lines.extend(i.images.iter().enumerate().map(|(n, s)| line(format!("image ddid {n}"), suggestion(s))));
    lines.extend(i.ms.columns.iter().map(|c| line(format!("column {}", c.name), column(c))));
    lines
}

fn overview(i: &Information) -> Lines {
    let info = &i.ms;
    let observed = info.time_range_mjd_s.map_or("no rows".to_owned(), |(start, end)| {
        format!("{} to {} UTC ({})", fits::iso_date(start), fits::iso_date(end), duration(end - start))
    });
    let names: Vec<_> = info.antennas.iter().map(|a| a.name.as_str()).collect();
    let shown = names.iter().take(8).copied().collect::<Vec<_>>().join(" ");
    let more = if names.len() > 8 { " …" } else { "" };
    let middle = place::middle(&info.antennas).map(|site| line("array", place::text(&site)));
    let mut lines = vec![
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
    ];
    lines.extend(middle);
    lines.extend([line("rows", format_count(info.n_row)), line("size", format_bytes(i.size_bytes))]);
    lines
}

/// `F0 · spw 0 · rest 1420.4058 MHz · system velocity 12.000 km/s`
fn source(s: &ms::Source) -> String {
    let all = |values: &[f64], scale: f64, digits: usize| {
        values.iter().map(|v| format!("{:.digits$}", v / scale)).collect::<Vec<_>>().join(", ")
    };
    let mut words = vec![s.name.clone()];
    words.push(if s.spw < 0 { "all spws".to_owned() } else { format!("spw {}", s.spw) });
    if !s.rest_freq_hz.is_empty() {
        words.push(format!("rest {} MHz", all(&s.rest_freq_hz, 1e6, 4)));
    }
    if !s.system_velocity_m_s.is_empty() {
        words.push(format!("system velocity {} km/s", all(&s.system_velocity_m_s, 1e3, 3)));
    }
    words.join(" · ")
}

fn or_none(text: &str) -> &str {
    if text.trim().is_empty() { "not given" } else { text }
}

fn numbers(ids: &[i32]) -> String {
    ids.iter().map(i32::to_string).collect::<Vec<_>>().join(" ")
}

/// `2020-06-27T18:40:00.0 to 18:44:00.0 (4.0 min) · field 0 F0 · ddid 0 · 84 rows of 60 s · OBSERVE_TARGET`
fn scan(s: &ScanSummary, info: &ms::Info) -> String {
    let (start, end) = (fits::iso_date(s.time_range_mjd_s.0), fits::iso_date(s.time_range_mjd_s.1));
    // The date is said once where both have it.
    let end = match (start.split_once('T'), end.split_once('T')) {
        (Some((a, _)), Some((b, time))) if a == b => time.to_owned(),
        _ => end,
    };
    let field = |&f: &i32| {
        let name = usize::try_from(f).ok().and_then(|i| info.fields.get(i)).map_or("", |f| f.name.as_str());
        format!("{f} {name}")
    };
    let fields: Vec<String> = s.fields.iter().map(field).collect();
    let mut text = format!(
        "{start} to {end} ({}) · field {} · ddid {} · {} rows of {:.3} s",
        duration(s.time_range_mjd_s.1 - s.time_range_mjd_s.0),
        fields.join(", "),
        numbers(&s.ddids),
        format_count(s.n_row),
        s.interval_s
    );
    for intent in intents(s, info) {
        text.push_str(&format!(" · {intent}"));
    }
    if s.observation != 0 || s.array != 0 {
        text.push_str(&format!(" · observation {}, array {}", s.observation, s.array));
    }
    text
}

/// What the telescope was doing, where the MeasurementSet says so.
fn intents<'a>(s: &ScanSummary, info: &'a ms::Info) -> Vec<&'a str> {
    let of = |&state: &i32| usize::try_from(state).ok().and_then(|i| info.intents.get(i)).map(String::as_str);
    let mut found: Vec<&str> = s.states.iter().filter_map(of).filter(|t| !t.trim().is_empty()).collect();
    found.dedup();
    found
}

/// `name · 64 channels of 208.984 kHz · 1284.0–1297.2 MHz TOPO · 13.375 MHz wide`
fn window(s: &SpectralWindow) -> String {
    let (low, high) = channel_range(&s.freq_hz);
    let width_hz = s.chan_width_hz.first().copied().unwrap_or(f64::NAN).abs();
    let order = match s.freq_hz.first().zip(s.freq_hz.last()) {
        Some((first, last)) if first > last => ", descending",
        _ => "",
    };
    let total_mhz = s.chan_width_hz.iter().map(|w| w.abs()).sum::<f64>() / 1e6;
    format!(
        "{}{} channels of {:.3} kHz · {:.4}–{:.4} MHz{order}{} · {total_mhz:.3} MHz in all",
        if s.name.trim().is_empty() { String::new() } else { format!("{} · ", s.name) },
        s.freq_hz.len(),
        width_hz / 1e3,
        low / 1e6,
        high / 1e6,
        frame(s)
    )
}

fn frame(s: &SpectralWindow) -> String {
    if s.frame == SpectralFrame::Undefined { String::new() } else { format!(" {:?}", s.frame) }
}

/// One line a data description: its spectral window and correlations.
fn setups(info: &ms::Info) -> Lines {
    let describe = |(i, d): (usize, &ms::DataDescription)| {
        let spw = usize::try_from(d.spw).ok().and_then(|i| info.spws.get(i));
        let corrs = usize::try_from(d.polarization).ok().and_then(|i| info.polarizations.get(i));
        let spw = spw.map_or("missing spectral window".to_owned(), |s| {
            let (low, high) = channel_range(&s.freq_hz);
            format!("{} channels {:.1}–{:.1} MHz{}", s.freq_hz.len(), low / 1e6, high / 1e6, frame(s))
        });
        let corrs = corrs.map_or("missing polarization".to_owned(), |p| correlations(p).join(" "));
        line(format!("ddid {i}"), format!("{spw} × {corrs} · spw {}", d.spw))
    };
    info.data_descriptions.iter().enumerate().map(describe).collect()
}

fn correlations(p: &ms::Polarization) -> Vec<String> {
    let names = p.codes.iter().zip(&p.correlations);
    names.map(|(code, c)| c.map_or(format!("code {code}"), |c| c.name().to_owned())).collect()
}

fn antenna(a: &ms::Antenna) -> String {
    let station = if a.station.is_empty() || a.station == a.name {
        String::new()
    } else {
        format!(" at {}", a.station)
    };
    let position =
        a.position_m.map_or("no position".to_owned(), |[x, y, z]| format!("{x:.3} {y:.3} {z:.3} m"));
    let place =
        a.position_m.and_then(Site::of).map_or_else(String::new, |s| format!(" · {}", place::text(&s)));
    let dish = if a.diameter_m > 0.0 { format!(" · {} m", a.diameter_m) } else { String::new() };
    format!("{}{station} · {position}{place}{dish}", a.name)
}

fn column(c: &ms::ColumnSummary) -> String {
    let shape: Vec<_> = c.shape.iter().flatten().map(usize::to_string).collect();
    let shape = if shape.is_empty() { String::new() } else { format!(" {}", shape.join(" × ")) };
    format!("{}{shape} · {}", c.data_type, c.storage_manager)
}

fn cell_arcsec(cell_rad: f64) -> f64 {
    (cell_rad / ARCSEC_RAD * 1e6).round() / 1e6
}

fn suggestion(s: &Suggestion) -> String {
    match s {
        Suggestion::Image { cell_rad, npix, n_row, max_uv_m, max_w_m } => format!(
            "--cell {}arcsec --npix {npix} ({} wide; {} rows of field 0, baselines to {max_uv_m:.0} m, w to {max_w_m:.0} m)",
            cell_arcsec(*cell_rad),
            format_angle(*npix as f64 * cell_rad),
            format_count(*n_row),
        ),
        Suggestion::None(why) => format!("none: {why}"),
    }
}

/// What there is to say of a table that is no MeasurementSet.
fn other_table(table: &Table) -> Result<(), Failure> {
    let info = table.info();
    let kind = [info.table_type.as_str(), info.sub_type.as_str()].join(" ");
    print::labelled("table", &format!("{} · {}", table.path().display(), or_none(kind.trim())))?;
    print::labelled("rows", &format_count(table.n_row()))?;
    print::labelled("size", &format_bytes(facette::info::size_bytes(table.path())))?;
    for (name, value) in table.keywords().iter() {
        let text = match value {
            Value::Table(stored) => format!("table {stored}"),
            other => other.to_json().to_string(),
        };
        print::labelled(&format!("keyword {name}"), &text)?;
    }
    print::lines(&columns::rows(table))
}

fn table_json(table: &Table) -> Json {
    let columns = table.column_names().filter_map(|name| table.column(name).ok());
    let columns: Vec<Json> = columns
        .map(|c| {
            let info = c.info();
            json!({
                "name": info.name,
                "type": info.data_type.to_string(),
                "shape": info.shape,
                "storage": info.storage_manager,
                "comment": info.comment,
                "keywords": info.keywords.to_json(),
            })
        })
        .collect();
    json!({
        "format": 1,
        "table": table.path().display().to_string(),
        "type": table.info().table_type,
        "rows": table.n_row(),
        "size_bytes": facette::info::size_bytes(table.path()),
        "keywords": table.keywords().to_json(),
        "columns": columns,
    })
}

fn as_json(i: &Information) -> Json {
    let info = &i.ms;
    let scan = |s: &ScanSummary| {
        json!({
            "scan": s.number,
            "observation": s.observation,
            "array": s.array,
            "start_mjd_s": s.time_range_mjd_s.0,
            "end_mjd_s": s.time_range_mjd_s.1,
            "rows": s.n_row,
            "interval_s": s.interval_s,
            "fields": s.fields,
            "data_descriptions": s.ddids,
            "intents": intents(s, info),
        })
    };
    json!({
        "format": 1,
        "telescope": info.telescope,
        "observer": info.observer,
        "project": info.project,
        "rows": info.n_row,
        "size_bytes": i.size_bytes,
        "start_mjd_s": info.time_range_mjd_s.map(|t| t.0),
        "end_mjd_s": info.time_range_mjd_s.map(|t| t.1),
        "start_utc": info.time_range_mjd_s.map(|t| fits::iso_date(t.0)),
        "end_utc": info.time_range_mjd_s.map(|t| fits::iso_date(t.1)),
        "scans": info.scans.iter().map(scan).collect::<Vec<_>>(),
        "fields": info.fields.iter().map(field_json).collect::<Vec<_>>(),
        "array": place::middle(&info.antennas).as_ref().map(place::as_json),
        "sources": info.sources.iter().map(source_json).collect::<Vec<_>>(),
        "spectral_windows": info.spws.iter().map(window_json).collect::<Vec<_>>(),
        "data_descriptions": info.data_descriptions.iter().map(|d| setup_json(d, info)).collect::<Vec<_>>(),
        "antennas": info.antennas.iter().map(antenna_json).collect::<Vec<_>>(),
        "columns": info.columns.iter().map(column_json).collect::<Vec<_>>(),
        "images": i.images.iter().map(image_json).collect::<Vec<_>>(),
    })
}

fn field_json(f: &ms::Field) -> Json {
    json!({
        "name": f.name,
        "ra_rad": f.phase_center.map(|d| d.ra_rad),
        "dec_rad": f.phase_center.map(|d| d.dec_rad),
        "frame": f.frame_name,
        "source": f.source_id,
    })
}

fn source_json(s: &ms::Source) -> Json {
    json!({
        "source": s.source_id,
        "spectral_window": s.spw,
        "name": s.name,
        "rest_freq_hz": s.rest_freq_hz,
        "system_velocity_m_s": s.system_velocity_m_s,
    })
}

fn window_json(s: &SpectralWindow) -> Json {
    json!({
        "name": s.name,
        "channels": s.freq_hz.len(),
        "freq_hz": s.freq_hz,
        "chan_width_hz": s.chan_width_hz,
        "frame": format!("{:?}", s.frame),
    })
}

fn setup_json(d: &ms::DataDescription, info: &ms::Info) -> Json {
    let polarization = usize::try_from(d.polarization).ok().and_then(|i| info.polarizations.get(i));
    json!({ "spectral_window": d.spw, "polarization": d.polarization, "correlations": polarization.map(correlations) })
}

fn antenna_json(a: &ms::Antenna) -> Json {
    json!({
        "name": a.name,
        "station": a.station,
        "mount": a.mount,
        "position_m": a.position_m,
        "place": a.position_m.and_then(Site::of).as_ref().map(place::as_json),
        "diameter_m": a.diameter_m,
    })
}

fn column_json(c: &ms::ColumnSummary) -> Json {
    json!({ "name": c.name, "type": c.data_type, "shape": c.shape, "storage": c.storage_manager })
}

fn image_json(s: &Suggestion) -> Json {
    match s {
        Suggestion::Image { cell_rad, npix, n_row, max_uv_m, max_w_m } => json!({
            "cell_rad": cell_rad,
            "npix": npix,
            "rows": n_row,
            "max_uv_m": max_uv_m,
            "max_w_m": max_w_m,
        }),
        Suggestion::None(why) => json!({ "none": why }),
    }
}
