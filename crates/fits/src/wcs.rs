//! The four axes of an image: RA---SIN, DEC--SIN, STOKES, FREQ, in this order (as DDFacet and CASA write them).
//!
//! The slant orthographic projection without slant (Calabretta & Greisen 2002, §5.1.5) is that of the direction
//! cosines: a step of one pixel is a step of `cell_rad` in l or m, written in degrees as the standard asks.

use crate::{Error, cards::Cards};
use types::{ImageGeometry, ImageHeader, SkyFrame, SpectralFrame};

/// Adds the cards of the axes and of their frames.
///
/// # Errors
/// When a number of the header is not finite or out of its range.
pub(crate) fn axes(cards: &mut Cards, header: &ImageHeader, geometry: &ImageGeometry) -> Result<(), Error> {
    let cell_deg = positive("the cell, radians", geometry.cell_rad)?.to_degrees();
    let (ra, dec) = (header.phase_center.ra_rad, header.phase_center.dec_rad);
    let ra_deg = finite("the right ascension, radians", ra)?.rem_euclid(std::f64::consts::TAU).to_degrees();
    let dec_deg = declination(dec)?.to_degrees();
    let freq_hz = positive("the effective frequency, Hz", header.freq_hz)?;
    // A scale of zero would make the transformation singular and the file unreadable to WCS libraries.
    let width_hz =
        if header.bandwidth_hz > 0.0 && header.bandwidth_hz.is_finite() { header.bandwidth_hz } else { 1.0 };

    let (x, y) = geometry.center();
    let axis = |value, step, pixel: usize| Axis { value, step, pixel: pixel as f64 + 1.0 };
    celestial(cards, 1, "RA---SIN", &axis(ra_deg, -cell_deg, x));
    celestial(cards, 2, "DEC--SIN", &axis(dec_deg, cell_deg, y));
    Axis { value: header.stokes.fits_code().into(), step: 1.0, pixel: 1.0 }.write(cards, 3, "STOKES", "");
    Axis { value: freq_hz, step: width_hz, pixel: 1.0 }.write(cards, 4, "FREQ", "Hz");
    cards.float("LONPOLE", 180.0, "native longitude of the celestial pole, deg");
    cards.float("LATPOLE", dec_deg, "native latitude of the celestial pole, deg");
    sky_frame(cards, header.frame);
    if let Some(name) = spectral_name(header.spectral_frame) {
        cards.text("SPECSYS", name, "rest frame of the frequencies");
    }
    let rest_hz = header.rest_freq_hz.filter(|&f| f > 0.0 && f.is_finite()).unwrap_or(freq_hz);
    cards.float("RESTFRQ", rest_hz, "Hz; the effective frequency if no line is named");
    Ok(())
}

struct Axis {
    value: f64,
    step: f64,
    pixel: f64,
}

impl Axis {
    fn write(&self, cards: &mut Cards, number: usize, kind: &str, unit: &str) {
        let key = |name: &str| format!("{name}{number}");
        cards.text(&key("CTYPE"), kind, "");
        cards.float(&key("CRVAL"), self.value, "");
        cards.float(&key("CDELT"), self.step, "");
        cards.float(&key("CRPIX"), self.pixel, "");
        cards.text(&key("CUNIT"), unit, "");
    }
}

fn celestial(cards: &mut Cards, number: usize, kind: &str, axis: &Axis) {
    axis.write(cards, number, kind, "deg");
}

fn sky_frame(cards: &mut Cards, frame: SkyFrame) {
    let (name, equinox) = match frame {
        SkyFrame::J2000 => ("FK5", Some(2000.0)),
        SkyFrame::B1950 => ("FK4", Some(1950.0)),
        SkyFrame::Icrs => ("ICRS", None),
    };
    cards.text("RADESYS", name, "celestial reference frame");
    if let Some(year) = equinox {
        cards.float("EQUINOX", year, "year of the mean equator and equinox");
    }
}

/// Spectral frames by their names in the standard (Greisen et al. 2006, table 9).
pub(crate) const SPECTRAL_NAMES: [(SpectralFrame, &str); 9] = [
    (SpectralFrame::Rest, "SOURCE"),
    (SpectralFrame::LsrK, "LSRK"),
    (SpectralFrame::LsrD, "LSRD"),
    (SpectralFrame::Bary, "BARYCENT"),
    (SpectralFrame::Geo, "GEOCENTR"),
    (SpectralFrame::Topo, "TOPOCENT"),
    (SpectralFrame::Galacto, "GALACTOC"),
    (SpectralFrame::Lgroup, "LOCALGRP"),
    (SpectralFrame::Cmb, "CMBDIPOL"),
];

fn spectral_name(frame: SpectralFrame) -> Option<&'static str> {
    SPECTRAL_NAMES.iter().find(|n| n.0 == frame).map(|n| n.1)
}

fn finite(what: &'static str, value: f64) -> Result<f64, Error> {
    if value.is_finite() { Ok(value) } else { Err(Error::Value { what, value, expected: "a finite number" }) }
}

fn positive(what: &'static str, value: f64) -> Result<f64, Error> {
    let good = value > 0.0 && value.is_finite();
    if good { Ok(value) } else { Err(Error::Value { what, value, expected: "a positive number" }) }
}

fn declination(value: f64) -> Result<f64, Error> {
    let what = "the declination, radians";
    let good = value.abs() <= std::f64::consts::FRAC_PI_2 + 1e-12;
    if good { Ok(value) } else { Err(Error::Value { what, value, expected: "a number from -π/2 to π/2" }) }
}
