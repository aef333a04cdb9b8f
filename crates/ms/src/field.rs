//! The FIELD subtable: directions that were observed.

use crate::{Error, measure, subtable::Subtable};
use std::f64::consts::FRAC_PI_2;
use types::{RaDec, SkyFrame};

/// Casacore's codes of directions (`MDirection::Types`), for tables that do not bring their own.
const CODES: [(i64, &str); 22] = [
    (0, "J2000"),
    (1, "JMEAN"),
    (2, "JTRUE"),
    (3, "APP"),
    (4, "B1950"),
    (5, "B1950_VLA"),
    (6, "BMEAN"),
    (7, "BTRUE"),
    (8, "GALACTIC"),
    (9, "HADEC"),
    (10, "AZEL"),
    (11, "AZELSW"),
    (12, "AZELGEO"),
    (13, "AZELSWGEO"),
    (14, "JNAT"),
    (15, "ECLIPTIC"),
    (16, "MECLIPTIC"),
    (17, "TECLIPTIC"),
    (18, "SUPERGAL"),
    (19, "ITRF"),
    (20, "TOPO"),
    (21, "ICRS"),
];

/// One row of FIELD.
#[derive(Clone, Debug, PartialEq)]
pub struct Field {
    /// NAME.
    pub name: String,
    /// PHASE_DIR, the constant term where it moves as a polynomial; `None` where it has no
    /// usable value.
    pub phase_center: Option<RaDec>,
    /// Frame of `phase_center`; `None` for one that images cannot be made in.
    pub frame: Option<SkyFrame>,
    /// The frame as the MeasurementSet calls it.
    pub frame_name: String,
    /// SOURCE_ID, −1 for none.
    pub source_id: i32,
}

pub(crate) fn read(subtable: &Subtable) -> Result<Vec<Field>, Error> {
    let names = subtable.scalars_or("NAME", String::new())?;
    let source_ids = subtable.scalars_or("SOURCE_ID", -1)?;
    let ephemeris_ids = subtable.scalars_or("EPHEMERIS_ID", -1)?;
    let directions = subtable.cells::<f64>("PHASE_DIR")?;
    let frames = measure::frames(subtable, "PHASE_DIR", &CODES)?;
    let rows = names.into_iter().zip(source_ids).zip(ephemeris_ids).zip(directions).zip(frames);
    let field = |((((name, source_id), ephemeris_id), direction), frame)| {
        let phase_center = Option::as_deref(&direction).and_then(constant_term);
        let frame_name = frame_name(frame, ephemeris_id);
        Field { name, phase_center, frame: sky_frame(&frame_name), frame_name, source_id }
    };
    Ok(rows.map(field).collect())
}

/// PHASE_DIR is `[term][ra, dec]`, the constant term first; `None` for what is no direction.
fn constant_term(direction: &[f64]) -> Option<RaDec> {
    match *direction {
        [ra_rad, dec_rad, ..] if ra_rad.is_finite() && dec_rad.abs() <= FRAC_PI_2 => {
            Some(RaDec { ra_rad, dec_rad })
        }
        _ => None,
    }
}

/// Columns that say nothing are in casacore's default frame, J2000. With an ephemeris, PHASE_DIR is an offset from a
/// body that moves.
fn frame_name(frame: Option<String>, ephemeris_id: i32) -> String {
    if ephemeris_id >= 0 {
        return format!("offsets from ephemeris {ephemeris_id}");
    }
    frame.unwrap_or_else(|| "J2000".to_owned())
}

fn sky_frame(name: &str) -> Option<SkyFrame> {
    match name {
        "J2000" | "FK5" => Some(SkyFrame::J2000),
        "ICRS" => Some(SkyFrame::Icrs),
        "B1950" => Some(SkyFrame::B1950),
        _ => None,
    }
}
