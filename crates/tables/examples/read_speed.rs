//! Read throughput of a column: `cargo run --release -p facette-tables --example read_speed -- TABLE COLUMN`.
//!
//! Reads the whole column into one reused buffer, some rows at a time, and prints decoded bytes per second: the
//! first pass (page cache as it is), then the best of six.
#![expect(clippy::print_stdout, reason = "its purpose")]

use std::error::Error;
use std::mem::size_of;
use std::time::Instant;

use facette_tables::{Column, DataType, Element, Table};

/// Decoded bytes that one read should give, about.
const CHUNK: u64 = 32 << 20;

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [path, name] = &args[..] else { return Err("usage: read_speed TABLE COLUMN".into()) };
    let table = Table::open(path)?;
    let column = table.column(name)?;
    match column.info().data_type {
        DataType::Bool => measure::<bool>(&table, &column),
        DataType::Float | DataType::Complex => measure::<f32>(&table, &column),
        DataType::Double | DataType::DComplex => measure::<f64>(&table, &column),
        DataType::Int => measure::<i32>(&table, &column),
        other => Err(format!("column {name} holds {other}, of which speed says little").into()),
    }
}

fn measure<T: Element>(table: &Table, column: &Column) -> Result<(), Box<dyn Error>> {
    let mut buffer: Vec<T> = Vec::new();
    let shape = column.read_flat(0..table.n_row().min(1), &mut buffer)?;
    let row_bytes = (buffer.len() * size_of::<T>()).max(1) as u64;
    let rows_per_read = (CHUNK / row_bytes).max(1);
    let total = row_bytes * table.n_row();
    let mut best = f64::INFINITY;
    for pass in 0..6 {
        let start = Instant::now();
        let mut row = 0;
        while row < table.n_row() {
            let end = table.n_row().min(row + rows_per_read);
            buffer.clear();
            column.read_flat(row..end, &mut buffer)?;
            row = end;
        }
        let rate = total as f64 / start.elapsed().as_secs_f64() / 1e6;
        if pass == 0 {
            print!(
                "{} {} {shape:?} {} rows: first {rate:.0} MB/s",
                column.info().name,
                column.info().storage_manager,
                table.n_row()
            );
        }
        best = best.min(start.elapsed().as_secs_f64());
    }
    println!(", best of six {:.0} MB/s", total as f64 / best / 1e6);
    Ok(())
}
