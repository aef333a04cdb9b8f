//! What locks cost: `cargo run --release -p facette-tables --example lock_cost -- TABLE COLUMN [ROWS_PER_READ]`.
//!
//! Reads the whole column into one reused buffer, some rows at a time (1 unless told otherwise), with locks and
//! without in turn, and prints the best time of a read of each and their difference; and the same of opening.
#![expect(clippy::print_stdout, reason = "its purpose")]

use std::error::Error;
use std::time::Instant;

use facette_tables::{LockOption, OpenOptions, Table};

const PASSES: usize = 15;

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let (Some(path), Some(name)) = (args.first(), args.get(1)) else {
        return Err("usage: lock_cost TABLE COLUMN [ROWS_PER_READ]".into());
    };
    let rows: u64 = args.get(2).map_or(Ok(1), |n| n.parse())?;
    let options = |lock| OpenOptions { lock, ..OpenOptions::default() };
    let mut best = [[f64::INFINITY; 2]; 2];
    for _ in 0..PASSES {
        for (best, lock) in best.iter_mut().zip([LockOption::Auto, LockOption::NoLock]) {
            let start = Instant::now();
            let table = Table::open_with(path, &options(lock))?;
            best[0] = best[0].min(start.elapsed().as_secs_f64());
            best[1] = best[1].min(seconds_per_read(&table, name, rows.max(1))?);
        }
    }
    let [locked, free] = best;
    for (what, i) in [("open", 0), ("read", 1)] {
        let (a, b) = (locked[i] * 1e6, free[i] * 1e6);
        println!("{what}: {a:.2} us with locks, {b:.2} us without, {:.2} us more", a - b);
    }
    Ok(())
}

fn seconds_per_read(table: &Table, name: &str, rows: u64) -> Result<f64, Box<dyn Error>> {
    let column = table.column(name)?;
    let (mut buffer, mut n_read) = (Vec::<f64>::new(), 0);
    column.read_flat(0..table.n_row().min(1), &mut buffer)?;
    let start = Instant::now();
    for row in (0..table.n_row()).step_by(rows as usize) {
        buffer.clear();
        column.read_flat(row..table.n_row().min(row + rows), &mut buffer)?;
        n_read += 1;
    }
    Ok(start.elapsed().as_secs_f64() / f64::from(n_read.max(1)))
}
