//! What a MeasurementSet and a selection say about themselves.

mod common;

use common::{fixture, select};
use facette_ms::{FieldRef, Selection};
use types::{Correlation::*, RaDec, SkyFrame, SpectralFrame};

#[test]
fn a_selection_knows_what_a_header_needs() {
    let ms = fixture("mixed.ms");
    let first = select(&ms, 0, 0, "DATA").unwrap();
    assert_eq!(first.setup().correlations, [XX, YY]);
    assert_eq!(first.setup().freq_hz[..], [1.400e9, 1.401e9, 1.402e9, 1.403e9]);
    assert_eq!(first.chan_width_hz(), [1e6; 4]);
    assert_eq!(
        (first.phase_center(), first.frame()),
        (RaDec { ra_rad: 0.5, dec_rad: -0.25 }, SkyFrame::J2000)
    );
    assert_eq!((first.telescope(), first.observer(), first.field_name()), ("MIXED", "nobody", "A"));
    assert_eq!((first.spectral_frame(), first.rest_freq_hz()), (SpectralFrame::Topo, Some(1.42e9)));
    assert_eq!((first.n_row_total(), first.field_id(), first.ddid(), first.column()), (72, 0, 0, "DATA"));

    let second = select(&ms, 1, 1, "DATA").unwrap();
    assert_eq!(second.setup().correlations, [RR, RL, LR, LL]);
    assert_eq!(second.setup().freq_hz[..], [1.600e9, 1.598e9, 1.596e9]);
    assert_eq!(second.frame(), SkyFrame::B1950);
    // Row 0 of SOURCE holds for any spectral window.
    assert_eq!((second.spectral_frame(), second.rest_freq_hz()), (SpectralFrame::LsrK, Some(1.6e9)));

    let third = select(&ms, 0, 2, "DATA").unwrap();
    assert_eq!((third.spectral_frame(), third.rest_freq_hz()), (SpectralFrame::Rest, None));
}

#[test]
fn a_field_is_found_by_its_name() {
    let selection = Selection { field: FieldRef::Name("B".to_owned()), ..Selection::default() };
    assert_eq!(fixture("mixed.ms").select(&selection).unwrap().field_id(), 1);
}

#[test]
fn info_lists_everything() {
    let info = fixture("mixed.ms").info().unwrap();
    assert_eq!((info.n_row, info.time_range_mjd_s), (72, Some((5e9 - 5.0, 5e9 + 35.0))));
    assert_eq!(
        (info.telescope.as_str(), info.observer.as_str(), info.project.as_str()),
        ("MIXED", "nobody", "fixture")
    );
    let antennas: Vec<_> = info.antennas.iter().map(|a| (a.name.as_str(), a.diameter_m)).collect();
    assert_eq!(antennas, [("M0", 12.0), ("M1", 13.5), ("P2", 25.0)]);
    let frames: Vec<_> =
        info.fields.iter().map(|f| (f.name.as_str(), f.frame_name.as_str(), f.frame)).collect();
    let azel = ("A", "AZEL", None);
    let moving = ("moving", "ICRS", Some(SkyFrame::Icrs));
    assert_eq!(
        frames,
        [("A", "J2000", Some(SkyFrame::J2000)), ("B", "B1950", Some(SkyFrame::B1950)), azel, moving]
    );
    // The constant term of the polynomial.
    assert_eq!(info.fields[3].phase_center, Some(RaDec { ra_rad: 2.0, dec_rad: -1.0 }));
    let spws: Vec<_> = info.spws.iter().map(|s| (s.name.as_str(), s.freq_hz.len(), s.frame)).collect();
    assert_eq!(
        spws,
        [("low", 4, SpectralFrame::Topo), ("down", 3, SpectralFrame::LsrK), ("high", 4, SpectralFrame::Rest)]
    );
    assert_eq!(info.polarizations[1].correlations, [Some(RR), Some(RL), Some(LR), Some(LL)]);
    assert_eq!((info.data_descriptions[1].spw, info.data_descriptions[1].polarization), (1, 1));
    let parts: Vec<_> = info.parts.iter().map(|p| (p.field, p.ddid, p.n_cross, p.n_auto)).collect();
    let each = |field, ddid| (field, ddid, 6, 6);
    assert_eq!(parts, [each(0, 0), each(0, 1), each(0, 2), each(1, 0), each(1, 1), each(1, 2)]);
}

#[test]
fn info_lists_columns_with_type_shape_and_storage() {
    let info = fixture("tiny.ms").info().unwrap();
    let column = |name: &str| {
        let c = info.columns.iter().find(|c| c.name == name).unwrap();
        (c.data_type.as_str(), c.shape.clone(), c.storage_manager.as_str(), c.is_data())
    };
    assert_eq!(column("DATA"), ("Complex", Some(vec![4, 4]), "StandardStMan", true));
    assert_eq!(column("UVW"), ("Double", Some(vec![3]), "StandardStMan", false));
    assert_eq!(column("FLAG_ROW"), ("Bool", Some(vec![]), "StandardStMan", false));
}
