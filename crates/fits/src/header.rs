//! The header of an image, as cards.

use crate::{
    Error,
    cards::Cards,
    time::{date_text, iso_date},
    wcs,
};
use types::{Beam, ImageGeometry, ImageHeader};

const DAY_S: f64 = 86_400.0;

/// All cards of an image of `bitpix` bits a pixel (negative for floating point), ready for the file.
///
/// There is no DATE: the same image gives the same bytes. What is not known has no card (empty names, times that
/// are not finite, an undefined spectral frame); RESTFRQ alone has a stand-in, the effective frequency, because
/// viewers need it to turn frequencies into velocities, as images of CASA do.
///
/// # Errors
/// When a number that positions or frequencies need is not finite or out of its range.
pub(crate) fn header_bytes(
    header: &ImageHeader,
    geometry: &ImageGeometry,
    bitpix: i32,
) -> Result<Vec<u8>, Error> {
    let mut cards = Cards::default();
    shape(&mut cards, geometry, bitpix);
    cards.text("BUNIT", &header.unit, "unit of the pixels");
    cards.text("BTYPE", "Intensity", "");
    if let Some(beam) = header.beam {
        beam_cards(&mut cards, beam)?;
    }
    wcs::axes(&mut cards, header, geometry)?;
    origin(&mut cards, header);
    times(&mut cards, header);
    header.history.iter().for_each(|line| cards.history(line));
    Ok(cards.into_bytes())
}

fn shape(cards: &mut Cards, geometry: &ImageGeometry, bitpix: i32) {
    cards.fixed("SIMPLE", "T", "conforms to the FITS standard");
    cards.fixed("BITPIX", bitpix, "IEEE floating point, big-endian");
    cards.fixed("NAXIS", 4, "");
    cards.fixed("NAXIS1", geometry.nx, "");
    cards.fixed("NAXIS2", geometry.ny, "");
    cards.fixed("NAXIS3", 1, "");
    cards.fixed("NAXIS4", 1, "");
}

fn beam_cards(cards: &mut Cards, beam: Beam) -> Result<(), Error> {
    for (key, value, comment) in [
        ("BMAJ", beam.bmaj_rad, "beam, major axis (FWHM), deg"),
        ("BMIN", beam.bmin_rad, "beam, minor axis (FWHM), deg"),
        ("BPA", beam.bpa_rad, "beam, position angle from North through East, deg"),
    ] {
        if !value.is_finite() {
            return Err(Error::Value {
                what: "an axis or angle of the beam",
                value,
                expected: "a finite number",
            });
        }
        cards.float(key, value.to_degrees(), comment);
    }
    Ok(())
}

fn origin(cards: &mut Cards, header: &ImageHeader) {
    for (key, value) in
        [("OBJECT", &header.object), ("TELESCOP", &header.telescope), ("OBSERVER", &header.observer)]
    {
        if !value.trim().is_empty() {
            cards.text(key, value, "");
        }
    }
    cards.text("ORIGIN", concat!("Facette ", env!("CARGO_PKG_VERSION")), "");
}

fn times(cards: &mut Cards, header: &ImageHeader) {
    cards.text("TIMESYS", "UTC", "time scale");
    let begin = header.start_mjd_s;
    if date_text(begin).is_some() {
        cards.text("DATE-OBS", &iso_date(begin), "start of the observation");
        cards.float("MJD-OBS", begin / DAY_S, "the same, days");
        cards.text("DATE-BEG", &iso_date(begin), "start of the selection");
        cards.float("MJD-BEG", begin / DAY_S, "the same, days");
    }
    let end = header.end_mjd_s;
    if date_text(end).is_some() {
        cards.text("DATE-END", &iso_date(end), "end of the selection");
        cards.float("MJD-END", end / DAY_S, "the same, days");
    }
}
