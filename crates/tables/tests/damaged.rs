//! Damaged tables end in an error or in other values, never in a panic, and never ask for much memory.
//!
//! Every file of every table of the committed MeasurementSet (and, where they are, of real ones with incremental and
//! tiled storage) is cut at many lengths, has single bytes changed, and has 32-bit words replaced by the numbers
//! that hurt most; after each the table is opened and every column read. `FACETTE_SLOW=1` does it ten times as
//! often.

use std::ops::Range;
use std::path::{Path, PathBuf};

use facette_tables::{Column, Table};

const CUTS: usize = 24;
const FLIPS: usize = 60;
const WORDS: usize = 40;
const HURTFUL: [u32; 7] = [0, 1, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff, 0x0001_0000, 0xbebe_bebe];
/// Address space the whole test may take beyond what it starts with.
const MEMORY: u64 = 1 << 30;

#[test]
fn the_fixture_damaged_in_many_ways() {
    damage_all(&testkit::fixture("tiny.ms"), 1);
}

#[test]
fn tables_of_every_manager_damaged_in_many_ways() {
    let before = address_space();
    let mut random = Random(3);
    let names = ["engines_little.tab", "engines_big.tab", "aips_little.tab", "aips_big.tab", "tiles_big.tab"];
    let views = ["selected.tab", "multi.mms", "forward.tab"];
    let mut n = 0;
    for name in names.iter().chain(&views) {
        n += damage_table(&testkit::fixture("managers").join(name), &mut random);
    }
    n += damage_table(&testkit::fixture("byhand/scaled.tab"), &mut random);
    assert!(n > 3000, "{n} cases only");
    assert!(address_space() < before + MEMORY, "{} bytes", address_space() - before);
}

#[test]
fn a_small_table_with_each_word_replaced() {
    let before = address_space();
    let copy = tempfile::tempdir().unwrap();
    for file in copy_files(&testkit::fixture("tiny.ms/POLARIZATION"), copy.path()) {
        let sound = std::fs::read(&file).unwrap();
        for at in 0..sound.len() {
            for word in [[0xff; 4], [0x7f, 0xff, 0xff, 0xff], [0xff, 0xff, 0xff, 0x7f], [0; 4]] {
                let mut bytes = sound.clone();
                let end = bytes.len().min(at + 4);
                bytes[at..end].copy_from_slice(&word[..end - at]);
                std::fs::write(&file, &bytes).unwrap();
                read_all(copy.path());
            }
        }
        std::fs::write(&file, &sound).unwrap();
    }
    assert!(address_space() < before + MEMORY, "{} bytes", address_space() - before);
}

#[test]
fn incremental_and_tiled_columns_damaged_in_many_ways() {
    let test = "incremental_and_tiled_columns_damaged_in_many_ways";
    for (i, name) in ["ms/wsrt_ndppp.ms", "ms/paper_zen.ms"].iter().enumerate() {
        let Some(path) = testkit::real_data(test, name) else { return };
        let before = address_space();
        let n = damage_table(&path, &mut Random(10 + i as u64));
        assert!(n > 500, "{n} cases only");
        assert!(address_space() < before + MEMORY, "{} bytes", address_space() - before);
    }
}

fn damage_all(root: &Path, seed: u64) {
    let before = address_space();
    let mut random = Random(seed);
    let mut n = damage_table(root, &mut random);
    for entry in std::fs::read_dir(root).unwrap() {
        let path = entry.unwrap().path();
        if path.join("table.dat").exists() {
            n += damage_table(&path, &mut random);
        }
    }
    assert!(n > 3000, "{n} cases only");
    assert!(address_space() < before + MEMORY, "{} bytes", address_space() - before);
}

/// Damages a copy of one table; the number of ways.
fn damage_table(table: &Path, random: &mut Random) -> usize {
    let copy = tempfile::tempdir().unwrap();
    let files = copy_files(table, copy.path());
    read_all(copy.path());
    let mut n = 0;
    for file in files {
        let sound = std::fs::read(&file).unwrap();
        let mut attempt = |bytes: &[u8]| {
            std::fs::write(&file, bytes).unwrap();
            read_all(copy.path());
            n += 1;
        };
        for i in 0..CUTS * effort() {
            let at = if i < 8 { i * 8 } else { random.below(sound.len()) };
            attempt(&sound[..at.min(sound.len())]);
        }
        for i in 0..(FLIPS + WORDS) * effort() {
            let mut bytes = sound.clone();
            // Heads of files matter most.
            let near = if i % 2 == 0 { bytes.len() } else { bytes.len().min(600) };
            let at = random.below(near);
            if i < FLIPS * effort() {
                bytes[at] ^= 1 << random.below(8);
            } else {
                let word = HURTFUL[random.below(HURTFUL.len())].to_be_bytes();
                let end = bytes.len().min(at + 4);
                bytes[at..end].copy_from_slice(&word[..end - at]);
            }
            attempt(&bytes);
        }
        std::fs::write(&file, &sound).unwrap();
    }
    n
}

fn effort() -> usize {
    if std::env::var_os("FACETTE_SLOW").is_some() { 10 } else { 1 }
}

fn copy_files(from: &Path, to: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        // An empty file has nothing to damage; a large one is all data.
        if entry.file_type().unwrap().is_file() {
            let target = to.join(entry.file_name());
            std::fs::write(&target, std::fs::read(entry.path()).unwrap()).unwrap();
            files.push(target);
        }
    }
    files.retain(|file| std::fs::metadata(file).unwrap().len() > 0);
    files.sort();
    files
}

/// Reads what can be read of a table; errors are welcome.
fn read_all(path: &Path) {
    let Ok(table) = Table::open(path) else { return };
    let names: Vec<String> = table.column_names().map(str::to_owned).collect();
    for name in names {
        let column = table.column(&name).unwrap();
        read_column(&column, 0..table.n_row().min(40));
        read_column(&column, table.n_row().saturating_sub(3)..table.n_row());
    }
}

fn read_column(column: &Column, rows: Range<u64>) {
    let _ = column.read(0..0);
    if let Ok(array) = column.read(rows.clone()) {
        assert_eq!(array.len() as u64, rows.end - rows.start, "{}", column.info().name);
    }
    let _ = column.record(rows.start);
    let _ = column.cell_shape(rows.start);
    let (mut numbers, mut strings) = (Vec::<f64>::new(), Vec::<String>::new());
    if let Ok(shape) = column.read_flat(rows.clone(), &mut numbers) {
        assert_eq!(numbers.len(), shape.iter().product::<usize>() * (rows.end - rows.start) as usize);
    }
    let _ = column.read_flat(rows, &mut strings);
}

/// Bytes of address space that this process ever took (0 where the system does not say).
fn address_space() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmPeak:"));
    peak.and_then(|v| v.trim().strip_suffix(" kB")?.parse::<u64>().ok()).unwrap_or(0) << 10
}

/// SplitMix64: the same damage every time.
struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % n.max(1) as u64) as usize
    }
}
