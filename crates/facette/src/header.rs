//! What the FITS header says of an image's origin.

use crate::{Request, open::Opened, request::Resolved};
use types::ImageHeader;

/// The header of an image made of `opened`; the history holds all that decides its pixels.
pub(crate) fn header(request: &Request, opened: &Opened, options: &Resolved, n_passes: usize) -> ImageHeader {
    let (first, surveyed) = (&opened.selected[0], &opened.surveyed);
    let (freq_hz, bandwidth_hz) = band(&opened.selected);
    let program = format!("facette {} {}", env!("CARGO_PKG_VERSION"), request.product.name());
    let mut history = vec![program, format!("n_passes = {n_passes}")];
    history.extend(options.image.iter().map(|(k, v)| format!("{k} = {v}")));
    ImageHeader {
        object: first.field_name().to_owned(),
        telescope: first.telescope().to_owned(),
        observer: first.observer().to_owned(),
        phase_center: first.phase_center(),
        frame: first.frame(),
        freq_hz,
        bandwidth_hz,
        rest_freq_hz: first.rest_freq_hz(),
        spectral_frame: first.spectral_frame(),
        start_mjd_s: surveyed.start_mjd_s,
        end_mjd_s: surveyed.end_mjd_s,
        stokes: request.stokes,
        unit: "Jy/beam".to_owned(),
        beam: None,
        history,
    }
}

/// Effective frequency (mean of all channels, weighted by their widths) and total width of the selection, Hz.
fn band(selected: &[ms::Selected]) -> (f64, f64) {
    let (mut low, mut high) = (f64::INFINITY, 0.0_f64);
    let (mut sum, mut sum_width) = (0.0, 0.0);
    for s in selected {
        for (&freq, &width) in s.setup().freq_hz.iter().zip(s.chan_width_hz()) {
            // A width of zero must not drop the channel from the mean.
            let width = width.abs().max(1.0);
            low = low.min(freq - width / 2.0);
            high = high.max(freq + width / 2.0);
            sum += freq * width;
            sum_width += width;
        }
    }
    (sum / sum_width, high - low)
}
