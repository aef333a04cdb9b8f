//! How fast a column is read: what `cargo xtask bench tables` measures beside casacore and arcae.
//!
//! `read_speed TABLE COLUMN WAY THREADS RUNS` reads the whole column, or the files it is kept in, and prints one line of
//! JSON: seconds of each run, bytes of the elements in memory, and their sum as a check. WAY:
//!
//! ```text
//! into    into a buffer that is used again
//! chunks  into such a buffer, 4096 rows at a time
//! fresh   into memory that is new each time
//! pread   the plain files of COLUMN (a comma between them) into a buffer that is used again, nothing decoded
//! open    opens the table and its subtables
//! ```
#![expect(clippy::print_stdout, reason = "an example prints")]

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::time::Instant;

use arrow_array::ArrayRef;
use arrow_array::cast::AsArray;
use arrow_array::types::{Float32Type, Float64Type};
use bytemuck::{CheckedBitPattern, NoUninit, checked::cast_slice_mut};
use facette_tables::{DataType, Element, Table, Value};
use memmap2::MmapMut;

/// Rows of a chunk.
const CHUNK_ROWS: u64 = 4096;

type Failure = Box<dyn std::error::Error + Send + Sync>;

fn main() -> Result<(), Failure> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [path, column, way, threads, runs] = &words[..] else {
        return Err("give TABLE COLUMN into|chunks|fresh|pread|open THREADS RUNS".into());
    };
    let (threads, runs): (usize, usize) = (threads.parse()?, runs.parse()?);
    let (seconds, bytes, sum) = match way.as_str() {
        "pread" => plain(path, column, threads, runs)?,
        "open" => open(path, runs)?,
        "into" | "chunks" | "fresh" => read(&Read { path, column, way, threads, runs })?,
        other => return Err(format!("{other} is not into, chunks, fresh, pread or open").into()),
    };
    println!(
        r#"{{"column": "{column}", "way": "{way}", "threads": {threads}, "seconds": {seconds:?}, "bytes": {bytes}, "sum": {sum:?}}}"#
    );
    Ok(())
}

type Measured = (Vec<f64>, usize, f64);

/// What is read, and how.
struct Read<'a> {
    path: &'a str,
    column: &'a str,
    way: &'a str,
    threads: usize,
    runs: usize,
}

fn read(what: &Read<'_>) -> Result<Measured, Failure> {
    match Table::open(what.path)?.column(what.column)?.info().data_type {
        DataType::Bool => cells(what, |&b: &bool| f64::from(u8::from(b))),
        DataType::Int => cells(what, |&n: &i32| f64::from(n)),
        DataType::Double => cells(what, |&x: &f64| x),
        _ => cells(what, |&x: &f32| f64::from(x)),
    }
}

fn cells<T: Kept>(what: &Read<'_>, number: fn(&T) -> f64) -> Result<Measured, Failure> {
    let (n_row, each) = size::<T>(what)?;
    let n = each * n_row as usize;
    let (mut seconds, mut sum) = (Vec::new(), 0.0);
    let is_fresh = what.way == "fresh";
    let mut memory = memory(if is_fresh { 0 } else { n * size_of::<T>() })?;
    let kept: &mut [T] = cast_slice_mut(&mut memory);
    for _ in 0..what.runs {
        // Opened anew, so that what was read before is in the system's cache, but not in ours.
        let column = Table::open(what.path)?.column(what.column)?;
        let started = Instant::now();
        if is_fresh {
            let array = column.read_on(what.threads, 0..n_row)?;
            seconds.push(started.elapsed().as_secs_f64());
            sum = sum_of(&array);
        } else {
            let rows = if what.way == "chunks" { CHUNK_ROWS } else { n_row.max(1) };
            for (first, part) in (0..n_row).step_by(rows as usize).zip(kept.chunks_mut(each * rows as usize))
            {
                column.read_into_on(what.threads, first..n_row.min(first + rows), part)?;
            }
            seconds.push(started.elapsed().as_secs_f64());
            sum = kept.iter().map(number).sum();
        }
    }
    Ok((seconds, n * size_of::<T>(), sum))
}

/// What memory of zeros can hold.
trait Kept: Element + CheckedBitPattern + NoUninit + Sync {}
impl<T: Element + CheckedBitPattern + NoUninit + Sync> Kept for T {}

/// Memory that is used again, in large pages, as numpy has its arrays.
fn memory(n_byte: usize) -> std::io::Result<MmapMut> {
    let map = MmapMut::map_anon(n_byte.max(1))?;
    #[cfg(target_os = "linux")]
    map.advise(memmap2::Advice::HugePage)?;
    Ok(map)
}

/// Rows, and values of a row.
fn size<T: Element>(what: &Read<'_>) -> Result<(u64, usize), Failure> {
    let (table, mut first) = (Table::open(what.path)?, Vec::<T>::new());
    table.column(what.column)?.read_flat(0..1, &mut first)?;
    Ok((table.n_row(), first.len()))
}

/// The sum of the values in nested lists.
fn sum_of(array: &ArrayRef) -> f64 {
    if let Some(list) = array.as_fixed_size_list_opt() {
        return sum_of(list.values());
    }
    if let Some(flags) = array.as_boolean_opt() {
        return flags.true_count() as f64;
    }
    if let Some(numbers) = array.as_primitive_opt::<Float64Type>() {
        return numbers.values().iter().sum();
    }
    let numbers = array.as_primitive_opt::<Float32Type>().map(|numbers| numbers.values());
    numbers.map_or(f64::NAN, |numbers| numbers.iter().map(|&x| f64::from(x)).sum())
}

/// What reading cannot be faster than.
fn plain(path: &str, files: &str, threads: usize, runs: usize) -> Result<Measured, Failure> {
    let files: Vec<File> =
        files.split(',').map(|f| File::open(format!("{path}/{f}"))).collect::<Result<_, _>>()?;
    let sizes: Vec<usize> =
        files.iter().map(|f| Ok(f.metadata()?.len() as usize)).collect::<Result<_, std::io::Error>>()?;
    let mut kept = memory(sizes.iter().sum())?;
    let mut seconds = Vec::new();
    for _ in 0..runs {
        let started = Instant::now();
        let mut rest = &mut kept[..];
        for (file, &n) in files.iter().zip(&sizes) {
            let (out, others) = rest.split_at_mut(n);
            rest = others;
            let each = n.div_ceil(threads).max(1);
            std::thread::scope(|scope| {
                for (i, part) in out.chunks_mut(each).enumerate() {
                    scope.spawn(move || {
                        file.read_exact_at(part, (i * each) as u64).expect("the file stays as it is")
                    });
                }
            });
        }
        seconds.push(started.elapsed().as_secs_f64());
    }
    let sum = kept.iter().map(|&b| f64::from(b)).sum();
    Ok((seconds, kept.len(), sum))
}

fn open(path: &str, runs: usize) -> Result<Measured, Failure> {
    let (mut seconds, mut rows) = (Vec::new(), 0);
    for _ in 0..runs {
        let started = Instant::now();
        let table = Table::open(path)?;
        rows = table.n_row();
        for (name, value) in table.keywords().iter() {
            if matches!(value, Value::Table(_)) {
                rows += table.subtable(name)?.n_row();
            }
        }
        seconds.push(started.elapsed().as_secs_f64());
    }
    Ok((seconds, 0, rows as f64))
}
