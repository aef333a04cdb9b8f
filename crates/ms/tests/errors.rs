//! Every way of asking for what is not there ends in a message that says what there is.

mod common;

use common::{chunks, fixture, message, read, select};
use facette_ms::{Error, FieldRef, Ms, Selection};

/// Each line of a message, with the directory cut off.
fn lines(message: &str) -> Vec<String> {
    let fixtures = testkit::fixture("README.md").display().to_string().replace("README.md", "");
    let cut = |line: &str| line.replace(&fixtures, "");
    message.lines().map(cut).collect()
}

#[test]
fn what_is_not_a_table_or_not_a_measurement_set_is_named() {
    let empty = tempfile::tempdir().unwrap();
    let text = message(Ms::open(empty.path()));
    assert!(text.contains("not a table") && text.contains(&empty.path().display().to_string()), "{text}");
    assert!(message(Ms::open("/no/such.ms")).contains("/no/such.ms"));
    let text = message(Ms::open(testkit::fixture("tiny.ms").join("ANTENNA")));
    assert!(
        text.contains("ANTENNA is a table but no MeasurementSet: it has no columns ANTENNA1, ANTENNA2"),
        "{text}"
    );
}

#[test]
fn a_subtable_that_is_missing_is_named() {
    let copy = tempfile::tempdir().unwrap();
    let main = testkit::fixture("mixed.ms");
    testkit::copy_tree(&main, copy.path());
    std::fs::remove_dir_all(copy.path().join("SPECTRAL_WINDOW")).unwrap();
    let text = message(Ms::open(copy.path()));
    assert!(text.starts_with("cannot open the subtable SPECTRAL_WINDOW of "), "{text}");

    testkit::copy_tree(&main.join("SPECTRAL_WINDOW"), &copy.path().join("SPECTRAL_WINDOW"));
    std::fs::remove_dir_all(copy.path().join("SOURCE")).unwrap();
    let ms = Ms::open(copy.path()).unwrap();
    assert_eq!(select(&ms, 0, 0, "DATA").unwrap().rest_freq_hz(), None);
}

#[test]
fn fields_that_are_not_there_or_not_one_are_listed() {
    let ms = fixture("mixed.ms");
    let by_name = |name: &str| {
        let field = FieldRef::Name(name.to_owned());
        lines(&message(ms.select(&Selection { field, ..Selection::default() })))
    };
    let listed = "  it has the fields 0 `A`, 1 `B`, 2 `A`, 3 `moving`";
    assert_eq!(by_name("C"), ["no field `C` in mixed.ms", listed, "  try: --field 0"]);
    assert_eq!(by_name("A"), ["2 fields called `A` in mixed.ms", listed, "  try: --field 0"]);
    assert_eq!(lines(&message(select(&ms, 4, 0, "DATA")))[0], "no field 4 in mixed.ms");
}

#[test]
fn data_descriptions_and_channels_out_of_range_say_the_range() {
    let ms = fixture("mixed.ms");
    let text = lines(&message(select(&ms, 0, 9, "DATA")));
    assert_eq!(text[..2], ["no data description 9 in mixed.ms", "  it has the data descriptions 0 to 3"]);
    let text = message(select(&ms, 0, 3, "DATA"));
    assert!(text.contains("data description 3 needs row 7 of SPECTRAL_WINDOW, which has 3 rows"), "{text}");
    for chan in [(0, Some(5)), (2, Some(2)), (4, None), (3, Some(1))] {
        let text = message(ms.select(&Selection { chan, ..Selection::default() }));
        assert!(
            text.contains("spectral window 0 has 4 channels\n  try: --chan-start 0 --chan-end 4"),
            "{text}"
        );
    }
}

#[test]
fn columns_that_are_not_there_or_hold_no_visibilities_list_those_that_do() {
    let ms = fixture("tiny.ms");
    let has = ["  it has DATA, CORRECTED_DATA (complex, 4 × 4)", "  try: --column DATA"];
    let text = lines(&message(select(&ms, 0, 0, "MODEL_DATA")));
    assert_eq!(text, ["no column MODEL_DATA in tiny.ms", has[0], has[1]]);
    let text = lines(&message(select(&ms, 0, 0, "WEIGHT")));
    assert_eq!(text, ["the column WEIGHT (Float, 4) does not hold visibilities in tiny.ms", has[0], has[1]]);
}

#[test]
fn a_selection_without_rows_says_how_many_there_are_of_each() {
    let ms = fixture("mixed.ms");
    let text = lines(&message(select(&ms, 3, 1, "DATA")));
    assert_eq!(text[0], "no cross-correlations of field 3 with data description 1 in mixed.ms");
    assert_eq!(text[1], "  of its 72 rows 0 belong to field 3, 24 to data description 1, 0 to both");
    assert_eq!(text[2], "  try: --field 0 --ddid 0");
}

#[test]
fn a_phase_center_that_images_cannot_have_is_refused() {
    let text = lines(&message(select(&fixture("mixed.ms"), 2, 0, "DATA")));
    assert_eq!(text[0], "the phase center of field 2 `A` in mixed.ms is given in AZEL");
}

#[test]
fn cells_without_value_or_of_another_shape_name_their_row() {
    let ms = fixture("mixed.ms");
    for read_rows in [1, 10, 100] {
        let selected = select(&ms, 1, 1, "CORRECTED_DATA").unwrap();
        let err = chunks(&selected, read(100, read_rows)).unwrap_err();
        assert!(
            matches!(&err, Error::UndefinedCell { column, row: 61, .. } if column == "CORRECTED_DATA"),
            "{err}"
        );
        // The rows before it can be had.
        assert_eq!(selected.chunks(read(3, read_rows)).unwrap().next().unwrap().unwrap().n_row(), 3);
    }
    let err = select(&ms, 1, 0, "MODEL_DATA").err().unwrap();
    assert!(
        matches!(&err, Error::CellShape { row: 19, got, expected, .. } if got == "2 × 2" && expected == "4 × 2"),
        "{err}"
    );
}

#[test]
fn a_table_file_cut_short_is_an_error_and_names_the_file() {
    let copy = tempfile::tempdir().unwrap();
    testkit::copy_tree(&testkit::fixture("tiny.ms"), copy.path());
    for (name, kept) in
        [("table.f0", 0.0), ("table.f0", 0.02), ("table.f0", 0.5), ("table.f0i", 0.0), ("table.f0i", 0.5)]
    {
        let (whole, file) = (testkit::fixture("tiny.ms").join(name), copy.path().join(name));
        let length = std::fs::metadata(&whole).unwrap().len() as f64 * kept;
        std::fs::OpenOptions::new().write(true).open(&file).unwrap().set_len(length as u64).unwrap();
        let read_all = |ms: Ms| chunks(&ms.select(&Selection::default())?, read(20, 30));
        let text = message(Ms::open(copy.path()).and_then(read_all));
        assert!(text.contains("table.f0"), "{name} {kept}: {text}");
        std::fs::copy(&whole, &file).unwrap();
    }
}
