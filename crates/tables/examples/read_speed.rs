//! How fast a column is read: what `cargo xtask bench tables` measures beside casacore and arcae.
//!
//! `read_speed TABLE COLUMN WAY THREADS RUNS` reads the whole column, or the files it is kept in, and prints one line of
//! JSON: seconds of each run, bytes of the elements in memory, and their sum as a check. WAY:
//!
//! ```text
//! into    into a buffer that is used again
//! fresh   into memory that is new each time
//! pread   the plain files of COLUMN (a comma between them) into a buffer that is used again, nothing decoded
//! open    opens the table and its subtables
//! ```
#![expect(clippy::print_stdout, reason = "an example prints")]

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::time::Instant;

use facette_tables::{Column, DataType, Element, Table, Value};

type Failure = Box<dyn std::error::Error + Send + Sync>;

fn main() -> Result<(), Failure> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [path, column, way, threads, runs] = &words[..] else {
        return Err("give TABLE COLUMN into|fresh|pread|open THREADS RUNS".into());
    };
    let (threads, runs): (usize, usize) = (threads.parse()?, runs.parse()?);
    let (seconds, bytes, sum) = match way.as_str() {
        "pread" => plain(path, column, threads, runs)?,
        "open" => open(path, runs)?,
        "into" | "fresh" => read(path, column, way == "fresh", (threads, runs))?,
        other => return Err(format!("{other} is not into, fresh, pread or open").into()),
    };
    println!(
        r#"{{"column": "{column}", "way": "{way}", "threads": {threads}, "seconds": {seconds:?}, "bytes": {bytes}, "sum": {sum:?}}}"#
    );
    Ok(())
}

type Measured = (Vec<f64>, usize, f64);

fn read(path: &str, column: &str, is_fresh: bool, how: (usize, usize)) -> Result<Measured, Failure> {
    let table = Table::open(path)?;
    let column = table.column(column)?;
    match column.info().data_type {
        DataType::Bool => cells(&table, &column, is_fresh, how, |&b: &bool| f64::from(u8::from(b))),
        DataType::Int => cells(&table, &column, is_fresh, how, |&n: &i32| f64::from(n)),
        DataType::Double => cells(&table, &column, is_fresh, how, |&x: &f64| x),
        _ => cells(&table, &column, is_fresh, how, |&x: &f32| f64::from(x)),
    }
}

fn cells<T: Element + Copy + Sync>(
    table: &Table,
    column: &Column,
    is_fresh: bool,
    (threads, runs): (usize, usize),
    number: fn(&T) -> f64,
) -> Result<Measured, Failure> {
    let mut first = Vec::<T>::new();
    column.read_flat(0..1, &mut first)?;
    let (each, n_row) = (first.len(), table.n_row());
    let (mut seconds, mut sum) = (Vec::new(), 0.0);
    let mut kept = vec![T::default(); if is_fresh { 0 } else { each * n_row as usize }];
    let rows = 0..n_row;
    for _ in 0..runs {
        let started = Instant::now();
        let fresh = if !is_fresh {
            column.read_into_on(threads, rows.clone(), &mut kept)?;
            None
        } else {
            Some(column.read_on(threads, rows.clone())?)
        };
        seconds.push(started.elapsed().as_secs_f64());
        match fresh {
            // The check of an Arrow array reads it the other way.
            Some(array) if array.len() as u64 != n_row => return Err("rows are missing".into()),
            Some(_) => column.read_flat(rows.clone(), &mut kept).map(drop)?,
            None => {}
        }
        sum = kept.iter().map(number).sum();
        if is_fresh {
            kept = Vec::new();
        }
    }
    Ok((seconds, each * n_row as usize * size_of::<T>(), sum))
}

/// What reading cannot be faster than.
fn plain(path: &str, files: &str, threads: usize, runs: usize) -> Result<Measured, Failure> {
    let files: Vec<File> =
        files.split(',').map(|f| File::open(format!("{path}/{f}"))).collect::<Result<_, _>>()?;
    let sizes: Vec<usize> =
        files.iter().map(|f| Ok(f.metadata()?.len() as usize)).collect::<Result<_, std::io::Error>>()?;
    let mut kept = vec![0_u8; sizes.iter().sum()];
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
