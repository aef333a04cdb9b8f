//! Reading an image back.

use crate::{
    Error,
    cards::{BLOCK, CARD, Parsed},
    error::refused,
    part::cfitsio_name,
    time::parse_date,
    wcs::SPECTRAL_NAMES,
};
use fitsio::FitsFile;
use ndarray::Array2;
use std::{fs::File, io::Read, path::Path};
use types::{Beam, ImageGeometry, ImageHeader, RaDec, SkyFrame, SpectralFrame, Stokes};

/// Blocks of header read before a file is given up; 36 cards each.
const MAX_HEADER_BLOCKS: usize = 10_000;
const DAY_S: f64 = 86_400.0;

/// An image with its description.
#[derive(Clone, Debug, PartialEq)]
pub struct FitsImage<T> {
    /// Everything but the pixels. What a file does not say is empty, `Undefined`, or NaN for times and frequencies.
    pub header: ImageHeader,
    /// Size and cell.
    pub geometry: ImageGeometry,
    /// Pixels `[ny, nx]`.
    pub pixels: Array2<T>,
}

/// Reads the image in the primary header and data unit of a file.
///
/// It must have square pixels in the SIN projection, right ascension and declination first, the reference pixel
/// where [`ImageGeometry`] has it, no rotation, and at most one Stokes parameter and one frequency. All pixel types
/// of FITS are read, scaled by BSCALE and BZERO.
///
/// # Errors
/// When the file cannot be read, is cut short, or is not such an image.
pub fn read_image(path: &Path) -> Result<FitsImage<f64>, Error> {
    let io = |source| Error::Io { action: "read", path: path.to_owned(), source };
    let mut file = File::open(path).map_err(io)?;
    let cards = read_cards(path, &mut file)?;
    let image = Source { path, cards: &cards };
    let geometry = image.geometry()?;
    image.check_length(&geometry, file.metadata().map_err(io)?.len())?;
    let header = image.header()?;
    let pixels = read_pixels(path, &file, &geometry)?;
    Ok(FitsImage { header, geometry, pixels })
}

fn read_cards(path: &Path, file: &mut File) -> Result<Parsed, Error> {
    let bad = |reason: &str| Error::Format { path: path.to_owned(), reason: reason.to_owned() };
    let mut cards = Parsed::default();
    let mut block = [0; BLOCK];
    for n in 0..MAX_HEADER_BLOCKS {
        file.read_exact(&mut block).map_err(|_| bad("not a FITS file: it ends before its header does"))?;
        if n == 0 && !block.starts_with(b"SIMPLE  =") {
            return Err(bad("not a FITS file: it does not begin with SIMPLE"));
        }
        if block.chunks(CARD).any(|card| !cards.take(card)) {
            cards.n_bytes = ((n + 1) * BLOCK) as u64;
            return Ok(cards);
        }
    }
    Err(bad("not a FITS file: its header has no END"))
}

fn read_pixels(path: &Path, file: &File, geometry: &ImageGeometry) -> Result<Array2<f64>, Error> {
    let mut fits = FitsFile::open(cfitsio_name(path, file)?).map_err(refused("open", path))?;
    let hdu = fits.primary_hdu().map_err(refused("read", path))?;
    let pixels: Vec<f64> =
        hdu.read_section(&mut fits, 0, geometry.n_pixels()).map_err(refused("read", path))?;
    Array2::from_shape_vec((geometry.ny, geometry.nx), pixels)
        .map_err(|e| Error::Format { path: path.to_owned(), reason: e.to_string() })
}

/// A header on its way to our nouns.
struct Source<'a> {
    path: &'a Path,
    cards: &'a Parsed,
}

impl Source<'_> {
    fn bad(&self, reason: String) -> Error {
        Error::Format { path: self.path.to_owned(), reason }
    }

    fn text(&self, key: &str) -> &str {
        self.cards.text(key).unwrap_or_default()
    }

    fn number(&self, key: &str) -> Result<f64, Error> {
        let what = || self.bad(format!("{key} is `{}`, expected a number", self.text(key)));
        self.cards.number(key).ok_or_else(what)
    }

    fn number_or(&self, key: &str, default: f64) -> f64 {
        self.cards.number(key).unwrap_or(default)
    }

    fn expect(&self, key: &str, want: f64, tolerance: f64) -> Result<(), Error> {
        let got = self.number(key)?;
        let close = (got - want).abs() <= tolerance;
        if close { Ok(()) } else { Err(self.bad(format!("{key} is {got}, expected {want}"))) }
    }

    fn geometry(&self) -> Result<ImageGeometry, Error> {
        let (nx, ny) = self.size()?;
        for (key, want) in [("CTYPE1", "RA---SIN"), ("CTYPE2", "DEC--SIN")] {
            if self.text(key) != want {
                return Err(self.bad(format!("{key} is `{}`, expected `{want}`", self.text(key))));
            }
        }
        let cell_deg = self.number("CDELT2")?;
        if cell_deg <= 0.0 {
            return Err(self.bad(format!("CDELT2 is {cell_deg}, expected a positive number")));
        }
        self.expect("CDELT1", -cell_deg, 1e-9 * cell_deg)?;
        let geometry = ImageGeometry { nx, ny, cell_rad: cell_deg.to_radians() };
        self.expect("CRPIX1", geometry.center().0 as f64 + 1.0, 1e-6)?;
        self.expect("CRPIX2", geometry.center().1 as f64 + 1.0, 1e-6)?;
        self.check_unrotated()?;
        Ok(geometry)
    }

    fn size(&self) -> Result<(usize, usize), Error> {
        let count = |key: &str| {
            let what = || self.bad(format!("{key} is `{}`, expected a count from 1", self.text(key)));
            self.cards.count(key).filter(|&n| n > 0).ok_or_else(what)
        };
        let n_axis = count("NAXIS")?;
        if !(2..=4).contains(&n_axis) {
            return Err(self.bad(format!("NAXIS is {n_axis}, expected 2 to 4")));
        }
        for i in 3..=n_axis {
            let n = count(&format!("NAXIS{i}"))?;
            if n > 1 {
                return Err(
                    self.bad(format!("NAXIS{i} is {n}, expected 1: one Stokes parameter, one frequency"))
                );
            }
        }
        Ok((count("NAXIS1")?, count("NAXIS2")?))
    }

    fn check_unrotated(&self) -> Result<(), Error> {
        for key in ["CROTA1", "CROTA2", "PC1_2", "PC2_1", "PC001002", "PC002001", "PV2_1", "PV2_2", "CD1_1"] {
            let value = self.number_or(key, 0.0);
            if value != 0.0 {
                return Err(
                    self.bad(format!("{key} is {value}, expected an image without rotation or slant"))
                );
            }
        }
        Ok(())
    }

    /// Guards the allocation of the pixels against a header that promises more than there is.
    fn check_length(&self, geometry: &ImageGeometry, length: u64) -> Result<(), Error> {
        let bits = self.cards.text("BITPIX").and_then(|t| t.parse::<i64>().ok()).unwrap_or(0).unsigned_abs();
        let need = (geometry.nx as u128) * (geometry.ny as u128) * u128::from(bits / 8);
        let have = length.saturating_sub(self.cards.n_bytes);
        if ![8, 16, 32, 64].contains(&bits) {
            return Err(
                self.bad(format!("BITPIX is `{}`, expected 8, 16, 32, 64, -32, -64", self.text("BITPIX")))
            );
        }
        if need > u128::from(have) {
            return Err(self.bad(format!("cut short: {have} bytes of pixels, the header promises {need}")));
        }
        Ok(())
    }

    fn header(&self) -> Result<ImageHeader, Error> {
        let axis = |kind: &str| (3..=4).find(|i| self.text(&format!("CTYPE{i}")).starts_with(kind));
        let of = |key: &str, i: Option<usize>| i.and_then(|i| self.cards.number(&format!("{key}{i}")));
        let freq = axis("FREQ");
        Ok(ImageHeader {
            object: self.text("OBJECT").to_owned(),
            telescope: self.text("TELESCOP").to_owned(),
            observer: self.text("OBSERVER").to_owned(),
            phase_center: RaDec {
                ra_rad: self.number("CRVAL1")?.to_radians(),
                dec_rad: self.number("CRVAL2")?.to_radians(),
            },
            frame: self.frame()?,
            freq_hz: of("CRVAL", freq).unwrap_or(f64::NAN),
            bandwidth_hz: of("CDELT", freq).unwrap_or(f64::NAN),
            rest_freq_hz: self.cards.number("RESTFRQ").or_else(|| self.cards.number("RESTFREQ")),
            spectral_frame: self.spectral_frame(),
            start_mjd_s: self.time(["MJD-BEG", "MJD-OBS"], ["DATE-BEG", "DATE-OBS"]),
            end_mjd_s: self.time(["MJD-END"; 2], ["DATE-END"; 2]),
            stokes: self.stokes(of("CRVAL", axis("STOKES")))?,
            unit: self.text("BUNIT").to_owned(),
            beam: self.beam(),
            history: self.cards.history.clone(),
        })
    }

    fn frame(&self) -> Result<SkyFrame, Error> {
        match (self.text("RADESYS"), self.cards.number("EQUINOX")) {
            ("FK5", None | Some(2000.0)) | ("", Some(2000.0)) => Ok(SkyFrame::J2000),
            ("FK4", None | Some(1950.0)) | ("", Some(1950.0)) => Ok(SkyFrame::B1950),
            ("ICRS" | "", _) => Ok(SkyFrame::Icrs),
            (name, equinox) => Err(self.bad(format!(
                "RADESYS `{name}` with EQUINOX {equinox:?}, expected FK5 (2000), FK4 (1950) or ICRS"
            ))),
        }
    }

    fn spectral_frame(&self) -> SpectralFrame {
        let name = self.text("SPECSYS");
        SPECTRAL_NAMES.iter().find(|n| n.1 == name).map_or(SpectralFrame::Undefined, |n| n.0)
    }

    fn stokes(&self, code: Option<f64>) -> Result<Stokes, Error> {
        let Some(code) = code else { return Ok(Stokes::I) };
        [Stokes::I, Stokes::Q, Stokes::U, Stokes::V]
            .into_iter()
            .find(|s| f64::from(s.fits_code()) == code)
            .ok_or_else(|| self.bad(format!("the STOKES axis is at {code}, expected 1 to 4 (I, Q, U, V)")))
    }

    fn time(&self, mjd: [&str; 2], date: [&str; 2]) -> f64 {
        let by_mjd = mjd.iter().find_map(|key| self.cards.number(key)).map(|days| days * DAY_S);
        by_mjd.or_else(|| date.iter().find_map(|key| parse_date(self.text(key)))).unwrap_or(f64::NAN)
    }

    fn beam(&self) -> Option<Beam> {
        let angle = |key| self.cards.number(key).map(f64::to_radians);
        Some(Beam { bmaj_rad: angle("BMAJ")?, bmin_rad: angle("BMIN")?, bpa_rad: angle("BPA")? })
    }
}
