//! The lines of text around a picture.

use crate::canvas::text_width;
use crate::scale::{Reading, Statistics};
use types::{Beam, ImageGeometry, ImageHeader, SkyFrame, format_angle, format_freq};

/// Object, telescope, frequency, Stokes, size and cell.
pub(crate) fn subtitle(header: &ImageHeader, geometry: &ImageGeometry) -> String {
    let parts = [
        header.object.clone(),
        header.telescope.clone(),
        if header.freq_hz > 0.0 { format_freq(header.freq_hz) } else { String::new() },
        format!("Stokes {}", header.stokes.name()),
        format!("{} × {}", geometry.nx, geometry.ny),
        format_angle(geometry.cell_rad),
    ];
    let parts: Vec<&str> = parts.iter().map(|p| p.trim()).filter(|p| !p.is_empty()).collect();
    parts.join(" · ")
}

/// Name of the celestial frame, as axes are labeled with it.
pub(crate) fn frame(header: &ImageHeader) -> &'static str {
    match header.frame {
        SkyFrame::J2000 => "J2000",
        SkyFrame::B1950 => "B1950",
        SkyFrame::Icrs => "ICRS",
    }
}

/// Size and position angle of the beam.
pub(crate) fn beam(beam: &Beam) -> String {
    let (major, minor) = (format_angle(beam.bmaj_rad), format_angle(beam.bmin_rad));
    // The unit once where both axes have the same.
    let unit = minor.find(' ').map_or("", |at| &minor[at..]);
    let major = major.strip_suffix(unit).unwrap_or(&major);
    format!("beam {major} × {minor}, PA {:.0}°", beam.bpa_rad.to_degrees())
}

/// Peak and robust rms, each in the unit that suits it.
pub(crate) fn statistics(stats: &Statistics, unit: &str) -> String {
    if stats.peak.is_nan() {
        return "all pixels are blank".into();
    }
    format!("peak {} · robust rms {}", Reading::text(stats.peak, unit), Reading::text(stats.robust_rms, unit))
}

/// The text, or as much of it as fits, marked as cut.
pub(crate) fn fitted(text: &str, width: usize) -> String {
    if text_width(text) <= width {
        return text.to_owned();
    }
    let mut n_kept = text.chars().count();
    loop {
        let kept: String = text.chars().take(n_kept).collect();
        let cut = kept.trim_end().to_owned() + "...";
        if n_kept == 0 || text_width(&cut) <= width {
            return cut;
        }
        n_kept -= 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_texts_are_cut_and_marked() {
        assert_eq!(fitted("short", 100), "short");
        let cut = fitted(&"long ".repeat(50), 200);
        assert!(cut.ends_with("...") && text_width(&cut) <= 200, "{cut}");
        assert_eq!(fitted("ab", 0), "...");
    }

    #[test]
    fn a_beam_reads_as_astronomers_write_it() {
        let arcsec = types::ARCSEC_RAD;
        let b = Beam { bmaj_rad: 8.125 * arcsec, bmin_rad: 7.5 * arcsec, bpa_rad: -0.5 };
        assert_eq!(beam(&b), "beam 8.125 × 7.5 arcsec, PA -29°");
        assert_eq!(beam(&Beam { bmaj_rad: 90.0 * arcsec, ..b }), "beam 1.5 arcmin × 7.5 arcsec, PA -29°");
    }
}
