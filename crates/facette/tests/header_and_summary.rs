//! What an image and its summary say of the small MeasurementSet, to the last card.

use facette::{Request, Session, fits, types};
use std::path::Path;
use types::{ARCSEC_RAD, SkyFrame, SpectralFrame, Stokes};

fn request(out: &Path) -> Request {
    Request {
        ms: vec![testkit::fixture("tiny.ms")],
        out: out.join("t"),
        npix: Some((128, 101)),
        cell_rad: Some(20.0 * ARCSEC_RAD),
        ..Request::default()
    }
}

/// The header of the image that `request` makes, card by card, trailing blanks removed.
fn cards(request: &Request) -> Vec<String> {
    facette::run::image(request, &Session::silent()).unwrap();
    let bytes = std::fs::read(request.output("fits")).unwrap();
    let cards = bytes.chunks(80).map(|c| String::from_utf8_lossy(c).trim_end().to_owned());
    cards.take_while(|c| c != "END").collect()
}

/// The value of a card as text, without quotes and comment.
fn value<'a>(cards: &'a [String], key: &str) -> Option<&'a str> {
    let card = cards.iter().find(|c| c[..c.len().min(8)].trim_end() == key)?;
    let value = card[10..].split(" / ").next().unwrap_or_default().trim();
    Some(value.trim_matches('\'').trim_end())
}

fn number(cards: &[String], key: &str) -> f64 {
    value(cards, key).unwrap_or_else(|| panic!("no {key}")).parse().unwrap()
}

#[test]
fn the_header_says_where_when_and_at_which_frequency() {
    let dir = tempfile::tempdir().unwrap();
    let cards = cards(&request(dir.path()));
    for (key, want) in [
        ("OBJECT", "F0"),
        ("TELESCOP", "VLA"),
        ("OBSERVER", "sim"),
        ("BUNIT", "Jy/beam"),
        ("CTYPE1", "RA---SIN"),
        ("CTYPE2", "DEC--SIN"),
        ("CTYPE3", "STOKES"),
        ("CTYPE4", "FREQ"),
        ("RADESYS", "FK5"),
        ("SPECSYS", "SOURCE"),
        ("TIMESYS", "UTC"),
        ("DATE-OBS", "2020-06-27T18:40:00.0"),
        ("DATE-BEG", "2020-06-27T18:40:00.0"),
        ("DATE-END", "2020-06-27T18:44:00.0"),
        ("BITPIX", "-32"),
    ] {
        assert_eq!(value(&cards, key), Some(want), "{key}");
    }
    for (key, want) in [
        ("NAXIS1", 128.0),
        ("NAXIS2", 101.0),
        ("CRPIX1", 65.0),
        ("CRPIX2", 51.0),
        ("CRVAL1", 180.0),
        ("CRVAL2", 45.0),
        ("CDELT1", -20.0 / 3600.0),
        ("CDELT2", 20.0 / 3600.0),
        ("CRVAL3", 1.0),
        ("CRVAL4", 1.303e9),
        ("CDELT4", 8e6),
        ("EQUINOX", 2000.0),
        ("MJD-OBS", 5.1e9 / 86_400.0),
        ("MJD-END", (5.1e9 + 240.0) / 86_400.0),
    ] {
        let got = number(&cards, key);
        assert!((got - want).abs() <= 1e-14 * want.abs(), "{key} is {got}, expected {want}");
    }
}

#[test]
fn the_history_holds_every_option_but_the_number_of_threads() {
    let dir = tempfile::tempdir().unwrap();
    let request = Request { threads: Some(3), ..request(dir.path()) };
    let cards = cards(&request);
    let history: Vec<_> = cards.iter().filter_map(|c| c.strip_prefix("HISTORY ")).collect();
    assert_eq!(history[0], format!("facette {} dirty", env!("CARGO_PKG_VERSION")));
    for line in [
        "n_passes = 1",
        "column = DATA",
        "field = 0",
        "ddid = 0",
        "stokes = I",
        "npix = 128,101",
        "weight = briggs",
        "robust = 0",
        "epsilon = 1e-4",
        "precision = single",
    ] {
        assert!(history.iter().any(|h| h.starts_with(line)), "no `{line}` in {history:#?}");
    }
    assert!(!history.iter().any(|h| h.starts_with("threads")), "{history:#?}");
}

#[test]
fn a_selection_of_channels_moves_frequency_and_bandwidth_and_counts_fewer_visibilities() {
    let dir = tempfile::tempdir().unwrap();
    let request = Request { chan_start: 1, chan_end: Some(3), ..request(dir.path()) };
    let summary = facette::run::image(&request, &Session::silent()).unwrap();
    let image = fits::read_image(&request.output("fits")).unwrap();
    assert_eq!((image.header.freq_hz, image.header.bandwidth_hz), (1.303e9, 4e6));
    assert_eq!(summary.visibilities_used, 84 * 2);
    let last = Request { chan_start: 3, chan_end: None, overwrite: true, ..request };
    facette::run::image(&last, &Session::silent()).unwrap();
    let header = fits::read_image(&last.output("fits")).unwrap().header;
    assert_eq!((header.freq_hz, header.bandwidth_hz), (1.306e9, 2e6));
}

#[test]
fn the_image_reads_back_with_the_same_description() {
    let dir = tempfile::tempdir().unwrap();
    let request = Request { stokes: Stokes::V, ..request(dir.path()) };
    facette::run::image(&request, &Session::silent()).unwrap();
    let image = fits::read_image(&request.output("fits")).unwrap();
    let (h, g) = (&image.header, &image.geometry);
    assert_eq!((g.nx, g.ny, image.pixels.dim()), (128, 101, (101, 128)));
    assert!((g.cell_rad / ARCSEC_RAD - 20.0).abs() < 1e-12);
    assert_eq!((h.object.as_str(), h.telescope.as_str(), h.observer.as_str()), ("F0", "VLA", "sim"));
    assert_eq!((h.stokes, h.frame, h.spectral_frame), (Stokes::V, SkyFrame::J2000, SpectralFrame::Rest));
    assert!((h.phase_center.ra_rad - std::f64::consts::PI).abs() < 1e-15);
    assert!((h.phase_center.dec_rad - std::f64::consts::FRAC_PI_4).abs() < 1e-15);
    assert!((h.start_mjd_s - 5.1e9).abs() < 1e-6 && (h.end_mjd_s - 5.1e9 - 240.0).abs() < 1e-6);
}

#[test]
fn the_summary_counts_rows_visibilities_and_seconds() {
    let dir = tempfile::tempdir().unwrap();
    let request = request(dir.path());
    facette::run::image(&request, &Session::silent()).unwrap();
    let text = std::fs::read_to_string(request.output("summary.json")).unwrap();
    let s: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!((&s["format"], &s["mode"]), (&1.into(), &"dirty".into()));
    assert_eq!((&s["rows_read"], &s["rows_selected"]), (&84.into(), &84.into()));
    assert_eq!((&s["visibilities_used"], &s["visibilities_flagged"]), (&336.into(), &0.into()));
    assert_eq!(s["observed_s"], 240.0);
    let (wall_s, ratio) = (s["wall_s"].as_f64().unwrap(), s["real_time_ratio"].as_f64().unwrap());
    assert!(wall_s > 0.0 && (ratio - wall_s / 240.0).abs() < 1e-12 * ratio, "{wall_s} {ratio}");
    let rate = s["visibilities_per_s"].as_f64().unwrap();
    assert!((rate - 336.0 / wall_s).abs() < 1e-9 * rate, "{rate}");
    assert_eq!((&s["gridder"]["n_passes"], &s["gridder"]["epsilon"]), (&1.into(), &1e-4.into()));
    assert_eq!(s["image"]["npix"], serde_json::json!([128, 101]));
    assert_eq!(s["options"]["weight"], "briggs");
    for kind in ["fits", "png", "summary.json"] {
        assert!(Path::new(s["outputs"][kind].as_str().unwrap()).is_file(), "{kind}");
    }
}
