//! Makes a MeasurementSet: the schema, the subtables, and the rows as they stream by.

use crate::{Error, NewMs, RowHead, RowSource, fill, schema_columns, schema_spec};
use std::{f64::consts::SQRT_2, ops::Range, path::Path};
use tables::{Cells, ColumnSpec, DataType, Editor, StorageKind, Table, TableSpec, Value};
use types::Correlation;

/// Subtables that every MeasurementSet has, and SOURCE, which CASA's tasks look for.
const SUBTABLES: [&str; 13] = [
    "ANTENNA",
    "DATA_DESCRIPTION",
    "FEED",
    "FIELD",
    "FLAG_CMD",
    "HISTORY",
    "OBSERVATION",
    "POINTING",
    "POLARIZATION",
    "PROCESSOR",
    "SOURCE",
    "SPECTRAL_WINDOW",
    "STATE",
];
/// Columns with one value in all rows, or one that changes once an integration.
const STEADY: [&str; 16] = [
    "ARRAY_ID",
    "DATA_DESC_ID",
    "EXPOSURE",
    "FEED1",
    "FEED2",
    "FIELD_ID",
    "FLAG_ROW",
    "INTERVAL",
    "OBSERVATION_ID",
    "PROCESSOR_ID",
    "SCAN_NUMBER",
    "SIGMA",
    "STATE_ID",
    "TIME",
    "TIME_CENTROID",
    "WEIGHT",
];

/// Samples (channels × correlations of a row) that are asked for at once, if a row has no more.
const SAMPLES_TOGETHER: usize = 1 << 18;
/// Rows that the first piece of a tiled column has, all of which are in memory until the last of them is there.
const FIRST_ROWS: u64 = 64;

/// Bytes of memory that [`create_ms`] takes for rows of `n_sample` samples (channels × correlations), besides what the
/// source of rows and the operating system take.
pub fn create_bytes(n_sample: u64) -> u64 {
    // Visibilities as they are made, as pairs, and as bytes; tiles hold visibilities, then flags.
    let piece = n_sample.max(SAMPLES_TOGETHER as u64).saturating_mul(3 * 8);
    piece.saturating_add(n_sample.saturating_mul(FIRST_ROWS * 8))
}

/// Writes a MeasurementSet at `path`, where nothing may be; it appears there when it is complete.
///
/// # Errors
/// When something is at `path`, it cannot be written, or the source of rows fails: then nothing is at `path`.
pub fn create_ms(path: &Path, new: &NewMs, rows: &dyn RowSource) -> Result<(), Error> {
    let mut editor = Table::create(path, &spec(new))?;
    fill::subtables(&editor, new)?;
    editor.add_rows(rows.n_row());
    heads(&mut editor, new, rows)?;
    samples(&mut editor, new, rows)?;
    editor.commit()?;
    Ok(())
}

/// All tables without rows.
fn spec(new: &NewMs) -> TableSpec {
    let mut main = TableSpec::new().info("Measurement Set", "").keyword("MS_VERSION", Value::Float(2.0));
    let shape = [new.freq_hz.len(), new.correlations.len()];
    for column in schema_columns("MAIN").iter().filter(|c| c.is_required || c.name == "DATA") {
        main = main.column(match column.name {
            "DATA" => {
                ColumnSpec::array("DATA", DataType::Complex).units(&["Jy"]).shape(&shape).storage(tiled())
            }
            "FLAG" => column.spec().shape(&shape).storage(tiled()),
            "UVW" => column.spec().storage(tiled()),
            "WEIGHT" | "SIGMA" => column.spec().shape(&shape[1..]).storage(steady()),
            name if STEADY.contains(&name) => column.spec().storage(steady()),
            _ => column.spec(),
        });
    }
    SUBTABLES.iter().fold(main, |main, name| {
        let optional: &[&str] = if *name == "SOURCE" { &["REST_FREQUENCY", "SYSVEL"] } else { &[] };
        main.subtable(*name, schema_spec(name, optional))
    })
}

fn tiled() -> StorageKind {
    StorageKind::Tiled { tile_rows: None }
}

fn steady() -> StorageKind {
    StorageKind::Incremental
}

/// A column of the same value in all rows.
fn constant<T: tables::CellElement + Copy + 'static>(
    editor: &mut Editor<'_>,
    column: &str,
    value: Vec<T>,
    is_scalar: bool,
) -> Result<(), Error> {
    let shape = if is_scalar { Vec::new() } else { vec![value.len()] };
    let n = editor.n_row();
    editor.write(column, 0..n, move |rows, cells| {
        cells.push_repeated(&shape, &value, (rows.end - rows.start) as usize)
    })?;
    Ok(())
}

/// What does not depend on the sky.
fn heads<'a>(editor: &mut Editor<'a>, new: &NewMs, rows: &'a dyn RowSource) -> Result<(), Error> {
    let n = editor.n_row();
    for column in ["TIME", "TIME_CENTROID"] {
        editor.write(column, 0..n, |range, cells| {
            cells.push(&[], &rows.heads(range).iter().map(|h| h.time_s).collect::<Vec<_>>())
        })?;
    }
    editor.write("ANTENNA1", 0..n, |range, cells| {
        cells.push(&[], &rows.heads(range).iter().map(|h| h.antenna1).collect::<Vec<_>>())
    })?;
    editor.write("ANTENNA2", 0..n, |range, cells| {
        cells.push(&[], &rows.heads(range).iter().map(|h| h.antenna2).collect::<Vec<_>>())
    })?;
    editor.write("UVW", 0..n, |range, cells| cells.push(&[3], rows.uvw_m(range).as_flattened()))?;
    let zeros = [
        "ARRAY_ID",
        "DATA_DESC_ID",
        "FEED1",
        "FEED2",
        "FIELD_ID",
        "OBSERVATION_ID",
        "PROCESSOR_ID",
        "STATE_ID",
    ];
    for column in zeros {
        constant(editor, column, vec![0_i32], true)?;
    }
    constant(editor, "SCAN_NUMBER", vec![1_i32], true)?;
    constant(editor, "EXPOSURE", vec![new.interval_s], true)?;
    constant(editor, "INTERVAL", vec![new.interval_s], true)?;
    by_kind(editor, "SIGMA", rows, sigma_jy(new).map(|kind| kind.iter().map(|s| *s as f32).collect()))?;
    let weight = |s: &f64| (1.0 / (s * s)) as f32;
    by_kind(editor, "WEIGHT", rows, sigma_jy(new).map(|kind| kind.iter().map(weight).collect()))
}

/// Standard deviations of all correlations of two antennas, and of one with itself.
fn sigma_jy(new: &NewMs) -> [Vec<f64>; 2] {
    let Some(sigma_jy) = new.sigma_jy else { return [(); 2].map(|()| vec![1.0; new.correlations.len()]) };
    let is_parallel = |c: &Correlation| c.receptors().is_some_and(|(p, q)| p == q);
    let auto = |c: &Correlation| if is_parallel(c) { sigma_jy * SQRT_2 } else { sigma_jy };
    [vec![sigma_jy; new.correlations.len()], new.correlations.iter().map(auto).collect()]
}

/// A column with one value for rows of two antennas and another for those of one.
fn by_kind<'a>(
    editor: &mut Editor<'a>,
    column: &str,
    rows: &'a dyn RowSource,
    [cross, auto]: [Vec<f32>; 2],
) -> Result<(), Error> {
    let n = editor.n_row();
    editor.write(column, 0..n, move |range, cells| {
        let heads = rows.heads(range);
        for alike in heads.chunk_by(|a, b| is_auto(a) == is_auto(b)) {
            let value = if is_auto(&alike[0]) { &auto } else { &cross };
            cells.push_repeated(&[value.len()], value, alike.len())?;
        }
        Ok(())
    })?;
    Ok(())
}

fn is_auto(head: &RowHead) -> bool {
    head.antenna1 == head.antenna2
}

/// Visibilities and flags.
fn samples<'a>(editor: &mut Editor<'a>, new: &NewMs, rows: &'a dyn RowSource) -> Result<(), Error> {
    let (n, table) = (editor.n_row(), editor.path().to_owned());
    let shape = [new.freq_hz.len(), new.correlations.len()];
    let n_sample = shape[0] * shape[1];
    editor.write("DATA", 0..n, move |range, cells: &mut Cells<'_>| {
        pieces(range, n_sample).try_for_each(|piece| {
            let vis = rows.visibilities(piece).map_err(|source| {
                let column = "DATA".to_owned();
                tables::Error::Source { table: table.clone(), column, source }
            })?;
            let pairs: Vec<[f32; 2]> = vis.iter().map(|v| [v.re, v.im]).collect();
            cells.push(&shape, &pairs)
        })
    })?;
    editor.write("FLAG", 0..n, move |range, cells| {
        pieces(range, n_sample).try_for_each(|piece| cells.push(&shape, &rows.flags(piece)))
    })?;
    editor.write("FLAG_ROW", 0..n, move |range, cells| {
        pieces(range, n_sample).try_for_each(|piece| {
            let flags = rows.flags(piece);
            let whole = flags.chunks_exact(n_sample.max(1)).map(|row| row.iter().all(|f| *f));
            cells.push(&[], &whole.collect::<Vec<_>>())
        })
    })?;
    Ok(())
}

/// `rows` in pieces of few enough rows that their samples take little memory, but of one at least.
fn pieces(rows: Range<u64>, n_sample: usize) -> impl Iterator<Item = Range<u64>> {
    let together = (SAMPLES_TOGETHER / n_sample.max(1)).max(1);
    rows.clone().step_by(together).map(move |start| start..rows.end.min(start + together as u64))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{History, NewAntenna, RowError};
    use std::sync::atomic::{AtomicUsize, Ordering};
    use types::{Complex32, RaDec};

    /// Rows of many channels, and how many samples were asked for at once.
    struct Wide {
        n_row: u64,
        n_chan: usize,
        most: AtomicUsize,
    }

    impl Wide {
        fn n_sample(&self, rows: &Range<u64>) -> usize {
            let n = (rows.end - rows.start) as usize * self.n_chan;
            self.most.fetch_max(n, Ordering::Relaxed);
            n
        }
    }

    impl RowSource for Wide {
        fn n_row(&self) -> u64 {
            self.n_row
        }

        fn heads(&self, rows: Range<u64>) -> Vec<RowHead> {
            rows.map(|row| RowHead { time_s: row as f64, antenna1: 0, antenna2: 1 }).collect()
        }

        fn uvw_m(&self, rows: Range<u64>) -> Vec<[f64; 3]> {
            rows.map(|row| [row as f64; 3]).collect()
        }

        /// The first row is flagged whole, the second but for one channel.
        fn flags(&self, rows: Range<u64>) -> Vec<bool> {
            let mut flags = Vec::with_capacity(self.n_sample(&rows));
            for row in rows {
                flags.extend((0..self.n_chan).map(|i_chan| row == 0 || (row == 1 && i_chan > 0)));
            }
            flags
        }

        fn visibilities(&self, rows: Range<u64>) -> Result<Vec<Complex32>, RowError> {
            self.n_sample(&rows);
            let of = |row: u64| (0..self.n_chan).map(move |i_chan| Complex32::new(row as f32, i_chan as f32));
            Ok(rows.flat_map(of).collect())
        }
    }

    fn wide(n_chan: usize) -> NewMs {
        let antenna = |name: &str, x: f64| NewAntenna {
            name: name.to_owned(),
            station: name.to_owned(),
            position_m: [6.4e6, x, 0.0],
            diameter_m: 25.0,
            mount: "ALT-AZ".to_owned(),
        };
        NewMs {
            telescope: "VLA".to_owned(),
            observer: String::new(),
            project: String::new(),
            antennas: vec![antenna("a", 0.0), antenna("b", 100.0)],
            field: "x".to_owned(),
            phase_center: RaDec { ra_rad: 0.0, dec_rad: 0.5 },
            freq_hz: (0..n_chan).map(|i| 1e9 + 1e3 * i as f64).collect(),
            chan_width_hz: 1e3,
            correlations: vec![Correlation::XX],
            time_range_s: [0.0, 100.0],
            interval_s: 1.0,
            sigma_jy: None,
            history: History::default(),
        }
    }

    #[test]
    fn few_samples_are_made_at_once() {
        let (dir, n_chan) = (tempfile::tempdir().unwrap(), 1 << 16);
        let rows = Wide { n_row: 70, n_chan, most: AtomicUsize::new(0) };
        create_ms(&dir.path().join("x.ms"), &wide(n_chan), &rows).unwrap();
        assert_eq!(rows.most.into_inner(), SAMPLES_TOGETHER);
        let table = Table::open(dir.path().join("x.ms")).unwrap();
        let flag_row = table.column("FLAG_ROW").unwrap().cells(0..70).unwrap();
        let tables::Values::Ints(flag_row) = flag_row.values() else { panic!("not flags") };
        assert_eq!((flag_row[0], flag_row[1..].iter().sum::<i64>()), (1, 0));
        let data = table.column("DATA").unwrap().cells(69..70).unwrap();
        let tables::Values::Floats(data) = data.values() else { panic!("not numbers") };
        assert_eq!(data[..4], [69.0, 0.0, 69.0, 1.0]);
    }

    /// Rows (0, 0), (0, 1), (1, 1), over and over.
    struct Autos;

    impl RowSource for Autos {
        fn n_row(&self) -> u64 {
            6
        }

        fn heads(&self, rows: Range<u64>) -> Vec<RowHead> {
            let head = |row: u64| {
                let (antenna1, antenna2) = [(0, 0), (0, 1), (1, 1)][row as usize % 3];
                RowHead { time_s: 5e9, antenna1, antenna2 }
            };
            rows.map(head).collect()
        }

        fn uvw_m(&self, rows: Range<u64>) -> Vec<[f64; 3]> {
            rows.map(|_| [0.0; 3]).collect()
        }

        fn flags(&self, rows: Range<u64>) -> Vec<bool> {
            vec![false; (rows.end - rows.start) as usize * 4]
        }

        fn visibilities(&self, rows: Range<u64>) -> Result<Vec<Complex32>, RowError> {
            Ok(vec![Complex32::ZERO; (rows.end - rows.start) as usize * 4])
        }
    }

    #[test]
    fn parallel_hands_of_an_antenna_with_itself_have_the_noise_of_both_parts() {
        let dir = tempfile::tempdir().unwrap();
        let correlations = vec![Correlation::XX, Correlation::XY, Correlation::YX, Correlation::YY];
        for (sigma_jy, cross, parallel) in [(Some(0.3), 0.3, 0.3 * SQRT_2), (None, 1.0, 1.0)] {
            let path = dir.path().join(format!("{cross}.ms"));
            create_ms(&path, &NewMs { correlations: correlations.clone(), sigma_jy, ..wide(1) }, &Autos)
                .unwrap();
            let table = Table::open(&path).unwrap();
            let (mut sigma, mut weight) = (Vec::<f32>::new(), Vec::<f32>::new());
            table.column("SIGMA").unwrap().read_flat(0..6, &mut sigma).unwrap();
            table.column("WEIGHT").unwrap().read_flat(0..6, &mut weight).unwrap();
            let (auto, two) = ([parallel, cross, cross, parallel], [cross; 4]);
            let want = [auto, two, auto, auto, two, auto].concat();
            assert_eq!(sigma, want.iter().map(|s: &f64| *s as f32).collect::<Vec<_>>());
            assert_eq!(weight, want.iter().map(|s| (1.0 / (s * s)) as f32).collect::<Vec<_>>());
        }
    }

    #[test]
    fn pieces_are_all_rows_in_order() {
        let of = |rows, n_sample| pieces(rows, n_sample).collect::<Vec<_>>();
        assert_eq!(of(3..6, SAMPLES_TOGETHER), [3..4, 4..5, 5..6]);
        assert_eq!(of(3..6, SAMPLES_TOGETHER / 2), [3..5, 5..6]);
        assert_eq!(of(3..5, usize::MAX), [3..4, 4..5]);
        assert!(of(3..3, 0).is_empty());
    }
}
