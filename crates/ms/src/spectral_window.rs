//! The SPECTRAL_WINDOW subtable: frequencies of channels.

use crate::{Error, measure, subtable::Subtable};
use types::SpectralFrame;

/// Casacore's codes of frequencies (`MFrequency::Types`) and the frames they name.
const FRAMES: [(i64, &str, SpectralFrame); 10] = [
    (0, "REST", SpectralFrame::Rest),
    (1, "LSRK", SpectralFrame::LsrK),
    (2, "LSRD", SpectralFrame::LsrD),
    (3, "BARY", SpectralFrame::Bary),
    (4, "GEO", SpectralFrame::Geo),
    (5, "TOPO", SpectralFrame::Topo),
    (6, "GALACTO", SpectralFrame::Galacto),
    (7, "LGROUP", SpectralFrame::Lgroup),
    (8, "CMB", SpectralFrame::Cmb),
    (64, "UNDEFINED", SpectralFrame::Undefined),
];

/// One row of SPECTRAL_WINDOW.
#[derive(Clone, Debug, PartialEq)]
pub struct SpectralWindow {
    /// NAME.
    pub name: String,
    /// CHAN_FREQ, the middle of each channel, Hz, in the order of the data; empty where it has no value.
    pub freq_hz: Vec<f64>,
    /// CHAN_WIDTH, Hz, one a channel; negative where the writer counted downwards.
    pub chan_width_hz: Vec<f64>,
    /// Frame of `freq_hz`.
    pub frame: SpectralFrame,
}

pub(crate) fn read(subtable: &Subtable) -> Result<Vec<SpectralWindow>, Error> {
    let names = subtable.scalars_or("NAME", String::new())?;
    let freqs = subtable.cells::<f64>("CHAN_FREQ")?;
    let widths = subtable.cells::<f64>("CHAN_WIDTH")?;
    let frames = frames(subtable)?;
    let rows = names.into_iter().zip(freqs).zip(widths).zip(frames);
    let spw = |(((name, freq_hz), chan_width_hz), frame): (((_, Option<_>), Option<_>), _)| SpectralWindow {
        name,
        freq_hz: freq_hz.unwrap_or_default(),
        chan_width_hz: chan_width_hz.unwrap_or_default(),
        frame,
    };
    Ok(rows.map(spw).collect())
}

impl SpectralWindow {
    /// What keeps its channels from being imaged: column, what it says, and what it should.
    pub(crate) fn fault(&self) -> Option<(&'static str, String, &'static str)> {
        let n = self.freq_hz.len();
        if n == 0 {
            return Some(("CHAN_FREQ", "empty".to_owned(), "the frequencies of its channels"));
        }
        if let Some(bad) = self.freq_hz.iter().find(|f| !(f.is_finite() && **f > 0.0)) {
            return Some(("CHAN_FREQ", format!("{bad} Hz"), "positive frequencies"));
        }
        let n_width = self.chan_width_hz.len();
        (n_width != n).then(|| ("CHAN_WIDTH", format!("{n_width} values"), "as many values as CHAN_FREQ"))
    }
}

/// The frame of every row: what CHAN_FREQ's MEASINFO says, else the codes of MEAS_FREQ_REF.
fn frames(subtable: &Subtable) -> Result<Vec<SpectralFrame>, Error> {
    let codes = FRAMES.map(|(code, name, _)| (code, name));
    let by_name = |name: &str| FRAMES.iter().find(|f| f.1 == name).map(|f| f.2);
    let by_code = |code: i32| FRAMES.iter().find(|f| f.0 == i64::from(code)).map(|f| f.2);
    let names = measure::frames(subtable, "CHAN_FREQ", &codes)?;
    let references = subtable.scalars_or("MEAS_FREQ_REF", 64)?;
    let frame = |(name, code): (Option<String>, i32)| match name {
        Some(name) => by_name(&name).unwrap_or(SpectralFrame::Undefined),
        None => by_code(code).unwrap_or(SpectralFrame::Undefined),
    };
    Ok(names.into_iter().zip(references).map(frame).collect())
}
