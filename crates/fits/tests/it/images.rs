//! Images written, looked at byte by byte, and read back.

use crate::example::{cards, header, pixels};
use facette_fits::{Error, read_image, write_image};
use ndarray::Array2;
use std::{fs, path::Path};
use types::{Beam, ImageGeometry, ImageHeader, RaDec, SkyFrame, SpectralFrame, Stokes};

fn geometry(nx: usize, ny: usize) -> ImageGeometry {
    ImageGeometry { nx, ny, cell_rad: 2.0 * types::ARCSEC_RAD }
}

fn names(directory: &Path) -> Vec<String> {
    let name = |e: std::io::Result<fs::DirEntry>| e.unwrap().file_name().to_string_lossy().into_owned();
    let mut all: Vec<_> = fs::read_dir(directory).unwrap().map(name).collect();
    all.sort();
    all
}

#[test]
fn images_of_any_size_and_precision_come_back_bit_for_bit() {
    let dir = tempfile::tempdir().unwrap();
    for (nx, ny) in [(1, 1), (5, 5), (8, 8), (7, 4), (4, 7), (720, 3), (300, 301)] {
        let (g, path) = (geometry(nx, ny), dir.path().join(format!("{nx}x{ny}.fits")));
        let double = pixels(&g);
        write_image(&path, &header(), &g, &double, false).unwrap();
        assert_eq!(read_image(&path).unwrap().pixels, double);

        let single = double.mapv(|v| v as f32);
        write_image(&path, &header(), &g, &single, true).unwrap();
        assert_eq!(read_image(&path).unwrap().pixels, single.mapv(f64::from));
        let bytes = fs::read(&path).unwrap();
        let data = &bytes[cards(&bytes).1..];
        assert_eq!(data.len(), (nx * ny * 4).next_multiple_of(2880));
        let raw: Vec<f32> =
            data[..nx * ny * 4].chunks(4).map(|b| f32::from_be_bytes(b.try_into().unwrap())).collect();
        assert_eq!(raw, single.iter().copied().collect::<Vec<_>>());
        assert!(data[nx * ny * 4..].iter().all(|&b| b == 0));
    }
}

#[test]
fn columns_first_arrays_and_special_values_are_written_as_they_are() {
    let dir = tempfile::tempdir().unwrap();
    let (g, path) = (geometry(6, 4), dir.path().join("a.fits"));
    let mut image = pixels(&geometry(4, 6)).reversed_axes();
    image[[0, 0]] = f64::NAN;
    image[[1, 2]] = f64::NEG_INFINITY;
    image[[3, 5]] = -0.0;
    write_image(&path, &header(), &g, &image, false).unwrap();
    let bits = |a: &Array2<f64>| a.iter().map(|v| v.to_bits()).collect::<Vec<_>>();
    assert_eq!(bits(&read_image(&path).unwrap().pixels), bits(&image));
}

#[test]
fn the_same_image_gives_the_same_bytes() {
    let dir = tempfile::tempdir().unwrap();
    let g = geometry(32, 33);
    let write = |name: &str| {
        write_image(&dir.path().join(name), &header(), &g, &pixels(&g), false).unwrap();
        fs::read(dir.path().join(name)).unwrap()
    };
    assert_eq!(write("a.fits"), write("b.fits"));
}

#[test]
fn headers_come_back() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.fits");
    let g = geometry(16, 15);
    let frames = [SkyFrame::J2000, SkyFrame::B1950, SkyFrame::Icrs];
    use SpectralFrame::*;
    let spectral = [Rest, LsrK, LsrD, Bary, Geo, Topo, Galacto, Lgroup, Cmb, Undefined];
    let stokes = [Stokes::I, Stokes::Q, Stokes::U, Stokes::V];
    for (i, spectral_frame) in spectral.into_iter().enumerate() {
        let want = ImageHeader { frame: frames[i % 3], spectral_frame, stokes: stokes[i % 4], ..header() };
        write_image(&path, &want, &g, &pixels(&g), true).unwrap();
        let got = read_image(&path).unwrap();
        assert!((got.geometry.cell_rad / g.cell_rad - 1.0).abs() < 1e-15);
        assert_eq!((got.geometry.nx, got.geometry.ny), (16, 15));
        assert!(got.header.phase_center.separation_rad(want.phase_center) < 1e-15);
        assert!((got.header.start_mjd_s - want.start_mjd_s).abs() < 1e-5);
        assert!((got.header.end_mjd_s - want.end_mjd_s).abs() < 1e-5);
        let (a, b) = (got.header.beam.unwrap(), want.beam.unwrap());
        assert!((a.bmaj_rad - b.bmaj_rad).abs() < 1e-18 && (a.bpa_rad - b.bpa_rad).abs() < 1e-15);
        // What goes through other units is compared above.
        let rounded = ImageHeader {
            phase_center: want.phase_center,
            start_mjd_s: want.start_mjd_s,
            end_mjd_s: want.end_mjd_s,
            beam: want.beam,
            ..got.header
        };
        assert_eq!(rounded, want);
    }
}

/// The value of a card, by its bytes.
fn card<'a>(cards: &'a [String], key: &str) -> Option<&'a str> {
    let mut found = cards.iter().filter(|c| c.starts_with(&format!("{key:<8}=")));
    let value = found.next().map(|c| c[10..].split(" / ").next().unwrap().trim());
    assert!(found.next().is_none(), "{key} twice");
    value
}

/// The cards of an image written with this header, in single precision.
fn written(g: &ImageGeometry, header: &ImageHeader) -> Vec<String> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.fits");
    write_image(&path, header, g, &pixels(g).mapv(|v| v as f32), true).unwrap();
    cards(&fs::read(&path).unwrap()).0
}

/// Compares values; `-` for a card that must not be there.
fn check_cards(cards: &[String], want: &str) {
    for line in want.lines().map(str::trim).filter(|l| !l.is_empty()) {
        let (key, value) = line.split_once(' ').unwrap();
        assert_eq!(card(cards, key).unwrap_or("-"), value.trim(), "{key}");
    }
}

#[test]
fn cards_say_what_the_standard_wants() {
    let c = written(&geometry(8, 6), &header());
    check_cards(
        &c,
        "SIMPLE T
         BITPIX -32
         NAXIS  4
         NAXIS1 8
         NAXIS2 6
         NAXIS3 1
         NAXIS4 1
         CTYPE1 'RA---SIN'
         CTYPE2 'DEC--SIN'
         CTYPE3 'STOKES  '
         CTYPE4 'FREQ    '
         CRPIX1 5.0
         CRPIX2 4.0
         CRPIX3 1.0
         CRPIX4 1.0
         CUNIT1 'deg     '
         CUNIT2 'deg     '
         CUNIT4 'Hz      '
         CRVAL3 1.0
         CRVAL4 1284000000.0
         CDELT3 1.0
         CDELT4 50000000.0
         RADESYS 'FK5     '
         EQUINOX 2000.0
         SPECSYS 'TOPOCENT'
         RESTFRQ 1420405751.768
         TIMESYS 'UTC     '
         DATE-OBS '2015-03-21T04:05:06.7'
         DATE-BEG '2015-03-21T04:05:06.7'
         DATE-END '2015-03-21T05:05:06.7'
         BUNIT 'Jy/beam '
         BTYPE 'Intensity'
         OBJECT 'O''Brien ?'
         TELESCOP 'MeerKAT '
         OBSERVER 'nobody  '
         EXTNAME -",
    );
    let number = |key: &str| card(&c, key).unwrap().parse::<f64>().unwrap();
    for (key, want) in [
        ("CDELT1", -2.0 / 3600.0),
        ("CDELT2", 2.0 / 3600.0),
        ("CRVAL1", 1.5_f64.to_degrees()),
        ("CRVAL2", -0.7_f64.to_degrees()),
        ("BMAJ", 6.0 / 3600.0),
        ("BMIN", 4.0 / 3600.0),
        ("BPA", 30.0),
        ("MJD-OBS", header().start_mjd_s / 86_400.0),
    ] {
        assert!((number(key) / want - 1.0).abs() < 1e-15, "{key}");
    }
    assert_eq!(c.iter().filter(|c| c.starts_with("HISTORY ")).count(), 4);
    assert_eq!(c.iter().filter(|c| c.starts_with("END ")).count(), 1);
}

#[test]
fn what_is_not_known_has_no_card() {
    let plain = ImageHeader {
        beam: None,
        rest_freq_hz: None,
        spectral_frame: SpectralFrame::Undefined,
        frame: SkyFrame::Icrs,
        bandwidth_hz: 0.0,
        start_mjd_s: f64::NAN,
        end_mjd_s: f64::NAN,
        object: String::new(),
        ..header()
    };
    check_cards(
        &written(&geometry(7, 5), &plain),
        "CRPIX1 4.0
         CRPIX2 3.0
         RADESYS 'ICRS    '
         EQUINOX -
         SPECSYS -
         BMAJ -
         RESTFRQ 1284000000.0
         CDELT4 1.0
         DATE-OBS -
         DATE-END -
         MJD-END -
         OBJECT -",
    );
}

#[test]
fn an_existing_file_is_kept_unless_overwrite() {
    let dir = tempfile::tempdir().unwrap();
    let (g, path) = (geometry(4, 4), dir.path().join("a.fits"));
    fs::write(&path, "precious").unwrap();
    let error = write_image(&path, &header(), &g, &pixels(&g), false).unwrap_err();
    assert!(matches!(error, Error::Exists { .. }) && error.to_string().contains("--overwrite"), "{error}");
    assert_eq!(fs::read(&path).unwrap(), b"precious");
    write_image(&path, &header(), &g, &pixels(&g), true).unwrap();
    assert!(read_image(&path).is_ok());
    assert_eq!(names(dir.path()), ["a.fits"]);
}

#[test]
fn headers_without_sense_are_refused_and_leave_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let (g, path) = (geometry(4, 4), dir.path().join("a.fits"));
    let write =
        |h: ImageHeader, g: ImageGeometry| write_image(&path, &h, &g, &pixels(&geometry(4, 4)), false);
    let beam = Some(Beam { bmaj_rad: f64::NAN, bmin_rad: 1.0, bpa_rad: 0.0 });
    for bad in [
        ImageHeader { freq_hz: f64::NAN, ..header() },
        ImageHeader { freq_hz: 0.0, ..header() },
        ImageHeader { phase_center: RaDec { ra_rad: f64::INFINITY, dec_rad: 0.0 }, ..header() },
        ImageHeader { phase_center: RaDec { ra_rad: 0.0, dec_rad: 2.0 }, ..header() },
        ImageHeader { beam, ..header() },
    ] {
        assert!(matches!(write(bad, g), Err(Error::Value { .. })));
    }
    assert!(matches!(write(header(), ImageGeometry { cell_rad: -1.0, ..g }), Err(Error::Value { .. })));
    assert!(matches!(write(header(), geometry(4, 5)), Err(Error::Shape { .. })));
    let none = Array2::<f32>::zeros((0, 0));
    assert!(matches!(write_image(&path, &header(), &geometry(0, 0), &none, false), Err(Error::Shape { .. })));
    assert!(names(dir.path()).is_empty());
}
