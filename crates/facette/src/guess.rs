//! Cell and size of an image when the user gives none.

use types::{ARCSEC_RAD, ImageGeometry, SPEED_OF_LIGHT_M_S};

/// Cells per resolution element.
const CELLS_PER_BEAM: f64 = 3.0;
/// Guessed sizes stay between these.
const NPIX_RANGE: (f64, f64) = (256.0, 8192.0);
/// Half width of the largest guessed image, direction cosine: well inside the hemisphere.
const MAX_HALF_WIDTH: f64 = 0.6;

/// What the data say about a good image.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reach {
    /// Longest projected baseline, metres.
    pub max_uv_m: f64,
    /// Highest frequency, Hz.
    pub max_freq_hz: f64,
    /// Lowest frequency, Hz.
    pub min_freq_hz: f64,
    /// Smallest antenna, metres; `None` where the antennas have no dish.
    pub diameter_m: Option<f64>,
}

/// A third of the resolution at the highest frequency, rounded down to a number people would choose.
pub(crate) fn cell_rad(reach: &Reach) -> f64 {
    let resolution = SPEED_OF_LIGHT_M_S / reach.max_freq_hz / reach.max_uv_m.max(1.0);
    let arcsec = (resolution / CELLS_PER_BEAM).min(0.1) / ARCSEC_RAD;
    let decade = 10f64.powf(arcsec.log10().floor());
    let nice = [1.0, 1.2, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0];
    // The epsilon keeps 2.0000000001 from becoming 1.5.
    let step = nice.iter().rev().find(|&&s| s <= arcsec / decade * (1.0 + 1e-9)).unwrap_or(&1.0);
    step * decade * ARCSEC_RAD
}

/// Pixels across one and a half primary beams at the lowest frequency, a multiple of 64.
pub(crate) fn npix(reach: &Reach, cell_rad: f64) -> usize {
    let beam_rad = reach.diameter_m.map_or(0.1, |d| 1.2 * SPEED_OF_LIGHT_M_S / reach.min_freq_hz / d);
    let width = (1.5 * beam_rad).min(2.0 * MAX_HALF_WIDTH);
    let wanted = (width / cell_rad).clamp(NPIX_RANGE.0, NPIX_RANGE.1);
    let fits_sphere = (2.0 * MAX_HALF_WIDTH / cell_rad).max(2.0);
    let n = (wanted.min(fits_sphere) / 64.0).round() * 64.0;
    if n < 64.0 { fits_sphere.floor() as usize } else { n as usize }
}

/// The geometry that holds, and what to announce.
pub(crate) fn geometry(
    npix_given: Option<(usize, usize)>,
    cell_given: Option<f64>,
    reach: &Reach,
) -> (ImageGeometry, Vec<String>) {
    let mut notes = Vec::new();
    let cell = cell_given.unwrap_or_else(|| {
        let cell = cell_rad(reach);
        notes.push(format!(
            "cell not given: {}, a third of the resolution at the highest frequency",
            types::format_angle(cell)
        ));
        cell
    });
    let (nx, ny) = npix_given.unwrap_or_else(|| {
        let n = npix(reach, cell);
        notes.push(format!(
            "npix not given: {n}, which covers {}: one and a half primary beams, as far as 8192 pixels and the sky allow",
            types::format_angle(n as f64 * cell)
        ));
        (n, n)
    });
    let resolution = SPEED_OF_LIGHT_M_S / reach.max_freq_hz / reach.max_uv_m.max(1.0);
    if cell > resolution / 2.0 {
        notes.push(format!(
            "the cell of {} is coarser than half the resolution of {}: the image will not show all that the data hold",
            types::format_angle(cell),
            types::format_angle(resolution)
        ));
    }
    (ImageGeometry { nx, ny, cell_rad: cell }, notes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MEERKAT: Reach =
        Reach { max_uv_m: 7700.0, max_freq_hz: 1.337e9, min_freq_hz: 1.284e9, diameter_m: Some(13.5) };

    #[test]
    fn a_meerkat_observation_gets_a_cell_and_size_an_astronomer_would_choose() {
        let (g, notes) = geometry(None, None, &MEERKAT);
        assert!((g.cell_rad / ARCSEC_RAD - 2.0).abs() < 1e-9, "{}", g.cell_rad / ARCSEC_RAD);
        assert!(g.nx % 64 == 0 && g.nx > 2048 && g.nx <= 8192, "{}", g.nx);
        assert_eq!(notes.len(), 2);
    }

    #[test]
    fn what_is_given_is_kept_and_not_announced() {
        let (g, notes) = geometry(Some((100, 51)), Some(1e-5), &MEERKAT);
        assert_eq!((g.nx, g.ny, g.cell_rad, notes.len()), (100, 51, 1e-5, 0));
        let (_, notes) = geometry(Some((100, 51)), Some(0.01), &MEERKAT);
        assert!(notes[0].contains("coarser"), "{notes:?}");
    }

    #[test]
    fn dipoles_at_low_frequency_stay_on_the_sphere() {
        let reach = Reach { max_uv_m: 200.0, max_freq_hz: 30e6, min_freq_hz: 27e6, diameter_m: None };
        let (g, _) = geometry(None, None, &reach);
        assert!(g.max_r2() < 1.0 && g.nx >= 2, "{g:?}");
    }
}
