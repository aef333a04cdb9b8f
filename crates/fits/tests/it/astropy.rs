//! What astropy reads in our headers: the world coordinates of pixels, and whether the standard is kept.

use crate::example::{header, pixels};
use facette_fits::write_image;
use std::{f64::consts::FRAC_PI_2, path::Path, process::Command};
use types::{ARCSEC_RAD, ImageGeometry, ImageHeader, RaDec, SkyFrame, Stokes};

/// Prints one line a pixel: ra, dec (degrees), Stokes code, frequency; then frame, equinox, time and unit.
const SCRIPT: &str = r#"
import sys, warnings
from astropy.io import fits
from astropy.wcs import WCS
warnings.simplefilter("error")
path, *pixels = sys.argv[1:]
with fits.open(path) as hdus:
    assert len(hdus) == 1
    hdus.verify("exception")
    header = hdus[0].header
    wcs = WCS(header)
for x, y in zip(pixels[::2], pixels[1::2]):
    print(*map(repr, map(float, wcs.wcs_pix2world([[float(x), float(y), 0, 0]], 0)[0])))
print(wcs.wcs.radesys, wcs.wcs.equinox, wcs.wcs.specsys, wcs.wcs.dateobs, header["BUNIT"], *header["HISTORY"])
"#;

/// Runs a script; `None`, said aloud, where there is no Python with astropy.
#[expect(clippy::print_stderr, reason = "a skipped test is said aloud")]
fn astropy(test: &str, arguments: &[String]) -> Option<String> {
    let python = std::env::var("FACETTE_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let present =
        Command::new(&python).args(["-c", "import astropy"]).output().is_ok_and(|o| o.status.success());
    if !present {
        eprintln!("SKIPPED {test}: {python} (FACETTE_PYTHON) has no astropy");
        return None;
    }
    let output = Command::new(&python).args(["-c", SCRIPT]).args(arguments).output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{errors}");
    Some(String::from_utf8(output.stdout).unwrap())
}

fn check(path: &Path, header: &ImageHeader, g: &ImageGeometry) -> Option<String> {
    write_image(path, header, g, &pixels(g), true).unwrap();
    let (nx, ny) = (g.nx as f64, g.ny as f64);
    let points = [
        (0.0, 0.0),
        (nx - 1.0, 0.0),
        (0.5, ny - 1.0),
        ((g.nx / 2) as f64, (g.ny / 2) as f64),
        (nx / 3.0, ny / 1.7),
    ];
    let mut arguments = vec![path.to_str().unwrap().to_owned()];
    arguments.extend(points.iter().flat_map(|p| [p.0.to_string(), p.1.to_string()]));
    let text = astropy("world_coordinates_are_those_of_astropy", &arguments)?;
    let mut lines = text.lines();
    for (point, line) in points.into_iter().zip(&mut lines) {
        let got: Vec<f64> = line.split(' ').map(|v| v.parse().unwrap()).collect();
        let want = RaDec::from_lm(header.phase_center, g.l(point.0), g.m(point.1)).unwrap();
        let got_dir = RaDec { ra_rad: got[0].to_radians(), dec_rad: got[1].to_radians() };
        let off_deg = want.separation_rad(got_dir).to_degrees();
        assert!(off_deg < 1e-9, "{point:?} of {g:?}: {got_dir:?}, want {want:?}");
        assert_eq!((got[2], got[3]), (f64::from(header.stokes.fits_code()), header.freq_hz));
    }
    Some(lines.next().unwrap().to_owned())
}

#[test]
fn world_coordinates_are_those_of_astropy() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.fits");
    // Narrow; 4 degrees; most of the hemisphere; at the pole; across zero hours.
    for (i, (ra_rad, dec_rad, cell_rad)) in [
        (1.5, -0.7, ARCSEC_RAD),
        (4.0, 0.9, 5e-4),
        (3.0, 0.2, 9e-3),
        (2.0, FRAC_PI_2 - 1e-6, 1e-3),
        (0.0, 0.0, 1e-3),
    ]
    .into_iter()
    .enumerate()
    {
        let g = ImageGeometry { nx: 141 + i, ny: 100 - i, cell_rad };
        let frame = [SkyFrame::J2000, SkyFrame::B1950, SkyFrame::Icrs][i % 3];
        let stokes = [Stokes::I, Stokes::Q, Stokes::U, Stokes::V][i % 4];
        let header = ImageHeader { phase_center: RaDec { ra_rad, dec_rad }, frame, stokes, ..header() };
        let Some(about) = check(&path, &header, &g) else { return };
        let want = ["FK5 2000.0", "FK4 1950.0", "ICRS nan"][i % 3];
        let times = "TOPOCENT 2015-03-21T04:05:06.7 Jy/beam";
        let history = header.history.join(" ");
        assert_eq!(about, format!("{want} {times} {history}"));
    }
}
