//! A header with everything in it, pixels, and a reader of raw cards.

use ndarray::Array2;
use types::{ARCSEC_RAD, Beam, ImageGeometry, ImageHeader, RaDec, SkyFrame, SpectralFrame, Stokes};

/// 2015-03-21, 04:05:06.7 UTC.
pub(crate) const START_MJD_S: f64 = 57_102.0 * 86_400.0 + 14_706.7;

/// All fields set, HISTORY of four cards.
pub(crate) fn header() -> ImageHeader {
    let beam =
        Beam { bmaj_rad: 6.0 * ARCSEC_RAD, bmin_rad: 4.0 * ARCSEC_RAD, bpa_rad: 30.0_f64.to_radians() };
    ImageHeader {
        object: "O'Brien ?".to_owned(),
        telescope: "MeerKAT".to_owned(),
        observer: "nobody".to_owned(),
        phase_center: RaDec { ra_rad: 1.5, dec_rad: -0.7 },
        frame: SkyFrame::J2000,
        freq_hz: 1.284e9,
        bandwidth_hz: 5e7,
        rest_freq_hz: Some(1_420_405_751.768),
        spectral_frame: SpectralFrame::Topo,
        start_mjd_s: START_MJD_S,
        end_mjd_s: START_MJD_S + 3600.0,
        stokes: Stokes::I,
        unit: "Jy/beam".to_owned(),
        beam: Some(beam),
        history: ["facette 0.1.0", "x".repeat(72).as_str(), "weight = briggs", "END"]
            .map(str::to_owned)
            .to_vec(),
    }
}

/// Different values everywhere, exact in single precision.
pub(crate) fn pixels(geometry: &ImageGeometry) -> Array2<f64> {
    Array2::from_shape_fn((geometry.ny, geometry.nx), |(y, x)| y as f64 - 0.125 * x as f64)
}

/// The 80-byte cards up to END, and where the data begin.
pub(crate) fn cards(bytes: &[u8]) -> (Vec<String>, usize) {
    let mut cards: Vec<String> = Vec::new();
    for card in bytes.chunks_exact(80) {
        assert!(card.iter().all(|b| (b' '..=b'~').contains(b)));
        cards.push(String::from_utf8(card.to_vec()).unwrap());
        if card.starts_with(b"END     ") {
            break;
        }
    }
    let end = (cards.len() * 80).next_multiple_of(2880);
    (cards, end)
}
