//! Beside casacore: what it wrote is read to the bit, our blocks are no coarser than its own, and it reads them.
//!
//! Skipped aloud where there is no python-casacore.

use std::ops::Range;
use std::path::{Path, PathBuf};

use super::write::{BlockRows, NewFile, append, rows_per_block, write};
use super::*;
use crate::Table;

const SCRIPT: &str = include_str!("peer_tests.py");
const N_CHAN: usize = 64;
const N_CORR: usize = 4;

/// Runs the script; `None` when there is no casacore.
fn script(args: &[&str]) -> Option<String> {
    let mut python = testkit::python("dysco::beside_casacore", "casacore.tables")?;
    let output = python.args(["-c", SCRIPT]).args(args).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Some(String::from_utf8(output.stdout).unwrap())
}

fn floats(path: impl AsRef<Path>) -> Vec<f32> {
    let bytes = std::fs::read(path).unwrap();
    bytes.as_chunks().0.iter().map(|&b| f32::from_le_bytes(b)).collect()
}

fn column(table: &Path, name: &str) -> Vec<f32> {
    let table = Table::open(table).unwrap();
    let mut out = Vec::new();
    table.column(name).unwrap().read_flat(0..table.n_row(), &mut out).unwrap();
    out
}

fn assert_same_bits(got: &[f32], want: &[f32], what: &Path) {
    assert_eq!(got.len(), want.len());
    let other =
        got.iter().zip(want).filter(|(g, w)| g.to_bits() != w.to_bits() && !(g.is_nan() && w.is_nan()));
    assert_eq!(other.count(), 0, "values of {} are not those of casacore", what.display());
}

/// The settings that a name such as `AF_Uniform_8_noise` stands for, and the kind of data.
fn settings(table: &Path) -> (DyscoSettings, String) {
    let name = table.file_name().unwrap().to_str().unwrap();
    let words: Vec<&str> = name.split('_').collect();
    let bits = words[2].parse().unwrap();
    let settings = DyscoSettings {
        data_bits: bits,
        weight_bits: bits,
        distribution: match words[1] {
            "Gaussian" => DyscoDistribution::Gaussian,
            "Uniform" => DyscoDistribution::Uniform,
            "StudentT" => DyscoDistribution::StudentT { nu: 5.0 },
            _ => DyscoDistribution::TruncatedGaussian { truncation: 2.5 },
        },
        normalization: match words[0] {
            "AF" => DyscoNormalization::AntennaFrequency,
            "RF" => DyscoNormalization::RowFrequency,
            _ => DyscoNormalization::Row,
        },
        seed: 1,
    };
    (settings, name.to_owned())
}

/// Mean square of the difference where both are finite, and its standard error; what is not must be so in both.
fn square_error(got: &[f32], want: &[f32]) -> (f64, f64) {
    let (mut sum, mut fourth, mut n) = (0.0, 0.0, 0_u32);
    for (g, w) in got.iter().zip(want) {
        assert_eq!(g.is_finite(), w.is_finite());
        if w.is_finite() {
            let square = (f64::from(*g) - f64::from(*w)).powi(2);
            sum += square;
            fourth += square * square;
            n += 1;
        }
    }
    let (mean, n) = (sum / f64::from(n), f64::from(n));
    (mean, ((fourth / n - mean * mean) / n).sqrt())
}

/// The file of the manager of a column.
fn storage_file(table: &Path, column: &str) -> PathBuf {
    let dat = crate::desc::Description::read_plain(table).unwrap();
    let i = dat.columns.iter().find(|c| c.info.name == column).unwrap().storage;
    table.join(format!("table.f{}", dat.storages[i].seqnr))
}

/// Mean square of the errors that dither makes on average with the factors in the file of DATA.
fn expected(table: &Path, want: &[f32]) -> f64 {
    let file = DataFile::open(storage_file(table, "DATA")).unwrap();
    let header = Header::read(&file, &[(false, N_CHAN, N_CORR)]).unwrap();
    let (part, geometry) = (header.parts[0].clone(), header.geometry);
    let dictionary = Dictionary::new(header.distribution, geometry.data_bits);
    let mut encoder = encode::Encoder::new(geometry, header.parts.clone(), dictionary, 1);
    let (pairs, per_block) = (antennas(table), geometry.rows_per_block);
    let (mut sum, mut raw) = (0.0, Vec::new());
    for (i, values) in want.chunks(per_block * 2 * N_CHAN * N_CORR).enumerate() {
        file.read(header.size + i as u64 * header.block_size, part.factor_bytes(), &mut raw).unwrap();
        let factors: Vec<f32> = raw.as_chunks().0.iter().map(|&b| f32::from_le_bytes(b)).collect();
        sum += encoder.expected(values, &factors, &pairs[i * per_block..]);
    }
    sum / want.iter().filter(|v| v.is_finite()).count() as f64
}

fn antennas(table: &Path) -> Vec<(usize, usize)> {
    let of = Table::open(table).unwrap();
    let (mut first, mut second) = (Vec::<i32>::new(), Vec::<i32>::new());
    of.column("ANTENNA1").unwrap().read_flat(0..of.n_row(), &mut first).unwrap();
    of.column("ANTENNA2").unwrap().read_flat(0..of.n_row(), &mut second).unwrap();
    first.iter().zip(&second).map(|(&a, &b)| (a as usize, b as usize)).collect()
}

/// Puts a file with our blocks of the same values in the place of casacore's.
fn replace(table: &Path, settings: &DyscoSettings, column: &str, name: &str) {
    let of = Table::open(table).unwrap();
    let (n_row, is_weight) = (of.n_row(), column == "WEIGHT_SPECTRUM");
    let values = floats(table.join(if is_weight { "weight.bin" } else { "data.bin" }));
    let pairs = antennas(table);
    let per_row = values.len() / n_row as usize;
    let path = storage_file(table, column);
    std::fs::remove_file(&path).unwrap();
    let rows_per_block = rows_per_block(n_row, 70) as usize;
    assert_eq!(rows_per_block, 66);
    let columns = [(is_weight, N_CHAN, N_CORR)];
    let new = NewFile { name, n_row, rows_per_block, n_antenna: 12, columns: &columns };
    let mut source = |rows: Range<u64>, block: &mut BlockRows| {
        let rows = rows.start as usize..rows.end as usize;
        block.pairs = pairs[rows.clone()].to_vec();
        block.values[0] = values[rows.start * per_row..rows.end * per_row].to_vec();
        Ok(())
    };
    let (mut bytes, mut copy) = (Vec::new(), Vec::new());
    let mut push = |piece: &[u8]| {
        bytes.extend_from_slice(piece);
        Ok(())
    };
    write(&mut push, settings, new, &mut source).unwrap();
    std::fs::write(&path, &bytes).unwrap();
    let mut push = |piece: &[u8]| {
        copy.extend_from_slice(piece);
        Ok(())
    };
    append(&mut push, &path, &columns, (n_row / 2..n_row, settings.seed), &mut source).unwrap();
    assert!(copy == bytes, "half of it copied, half written anew");
}

#[test]
#[expect(clippy::print_stdout, reason = "the table of errors is what the test is for")]
fn beside_casacore() {
    let dir = tempfile::tempdir().unwrap();
    let Some(tables) = script(&["make", dir.path().to_str().unwrap()]) else { return };
    let tables: Vec<PathBuf> = tables.lines().map(PathBuf::from).collect();
    assert_eq!(tables.len(), 102);
    let mut coarse = Vec::new();
    for table in &tables {
        assert_same_bits(&column(table, "DATA"), &floats(table.join("data.read")), table);
        assert_same_bits(&column(table, "WEIGHT_SPECTRUM"), &floats(table.join("weight.read")), table);
        let (settings, name) = settings(table);
        let want = floats(table.join("data.bin"));
        let theirs = square_error(&column(table, "DATA"), &want);
        let they_expect = expected(table, &want);
        let their_weights = floats(table.join("weight.read"));
        replace(table, &settings, "DATA", "DyscoData");
        replace(table, &settings, "WEIGHT_SPECTRUM", "DyscoWeight");
        let ours = square_error(&column(table, "DATA"), &want);
        let (error, ratio) = (theirs.0.sqrt(), (ours.0 / theirs.0).sqrt());
        // One dither is chance where few samples make most of the error, as with heavy tails and outliers; what factors
        // make of it on average is not.
        let we_expect = expected(table, &want);
        let by_factors = (we_expect / they_expect).sqrt();
        println!(
            "{name:<32} casacore {error:.4e}, ours {:.4e}: {ratio:.3}, on average {by_factors:.3}",
            ours.0.sqrt()
        );
        for ((mean, spread), expected, slack) in [(ours, we_expect, 0.02), (theirs, they_expect, 0.1)] {
            let is_near = (mean - expected).abs() < 6.0 * spread + slack * expected;
            assert!(is_near, "{name}: {mean} ± {spread} instead of {expected}");
        }
        if by_factors > 1.05 {
            coarse.push(name);
        }
        let weights = column(table, "WEIGHT_SPECTRUM");
        let step = their_weights.iter().copied().fold(0.0, f32::max)
            / f32::from((1_u16 << settings.weight_bits.min(15)) - 1);
        let far = weights.iter().zip(&their_weights).filter(|(a, b)| (**a - **b).abs() > 1.01 * step).count();
        assert_eq!(far, 0, "weights of {}", table.display());
    }
    let paths: Vec<&str> = tables.iter().map(|t| t.to_str().unwrap()).collect();
    script(&[&["read"], &paths[..]].concat()).unwrap();
    for table in &tables {
        assert_same_bits(&column(table, "DATA"), &floats(table.join("data.read")), table);
        assert_same_bits(&column(table, "WEIGHT_SPECTRUM"), &floats(table.join("weight.read")), table);
    }
    assert!(coarse.is_empty(), "coarser than casacore by more than 5 %: {coarse:?}");
}
