//! How fast columns are written: to the page cache (without the time of `fsync`) and durable (with it), as JSON lines.
//! `bench/tables/write_peers.py` prints the same of casacore.
//!
//! usage: write_speed TABLE ROWS CHANNELS CORRELATIONS

use std::error::Error;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use facette_tables::{Cells, ColumnSpec, DataType, DiskCall, DiskHook, StorageKind, Table, TableSpec};

/// Rows that a source gives at once.
const TOGETHER: usize = 4096;

/// Adds up the time of calls that make something durable: each ends before the next call.
#[derive(Default)]
struct Syncs {
    since: Option<Instant>,
    total: Duration,
}

impl Syncs {
    fn next(&mut self, is_sync: bool) {
        self.total += self.since.take().map_or(Duration::ZERO, |since| since.elapsed());
        self.since = is_sync.then(Instant::now);
    }
}

#[expect(clippy::print_stdout, reason = "an example says what it measured")]
fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().collect();
    let [_, path, n_row, n_chan, n_corr] = &args[..] else {
        return Err("TABLE ROWS CHANNELS CORRELATIONS".into());
    };
    let (n_row, shape): (u64, [usize; 2]) = (n_row.parse()?, [n_chan.parse()?, n_corr.parse()?]);
    let n = shape[0] * shape[1];
    let tiled = StorageKind::Tiled { tile_rows: None };
    let columns = [
        (ColumnSpec::array("DATA", DataType::Complex).axes(2).storage(tiled), 8 * n),
        (ColumnSpec::array("FLAG", DataType::Bool).axes(2).storage(tiled), n),
        (ColumnSpec::array("WEIGHT_SPECTRUM", DataType::Float).axes(2).storage(tiled), 4 * n),
        (ColumnSpec::array("UVW", DataType::Double).shape(&[3]).storage(tiled), 24),
        (ColumnSpec::array("DATA_STANDARD", DataType::Complex).axes(2), 8 * n),
        (ColumnSpec::scalar("TIME", DataType::Double), 8),
        (ColumnSpec::scalar("TIME_INCREMENTAL", DataType::Double).storage(StorageKind::Incremental), 8),
    ];
    // The first is written twice: the first time the system has to find memory for its page cache.
    for (i, (column, row_bytes)) in columns[..1].iter().chain(&columns).enumerate() {
        let target = format!("{path}.{}", column.name());
        let n_byte = *row_bytes as f64 * n_row as f64;
        let said = measure(Path::new(&target), column.clone(), (n_row, &shape), n_byte)?;
        if i > 0 {
            println!("{said}");
        }
        std::fs::remove_dir_all(&target)?;
    }
    Ok(())
}

fn measure(
    target: &Path,
    column: ColumnSpec,
    (n_row, shape): (u64, &[usize]),
    n_byte: f64,
) -> Result<String, Box<dyn Error>> {
    let name = column.name().to_owned();
    let syncs = Arc::new(Mutex::new(Syncs::default()));
    let kept = Arc::clone(&syncs);
    let hook: DiskHook = Arc::new(move |call, _: &Path| {
        kept.lock().unwrap_or_else(PoisonError::into_inner).next(call == DiskCall::Sync);
        Ok(())
    });
    let mut give = source(&name, shape);
    let begin = Instant::now();
    let mut editor = Table::create_hooked(target, &TableSpec::new().column(column), hook)?;
    editor.add_rows(n_row);
    editor.write(&name, 0..n_row, |rows, cells| {
        let mut start = rows.start;
        while start < rows.end {
            let end = rows.end.min(start + TOGETHER as u64);
            give(start, (end - start) as usize, cells)?;
            start = end;
        }
        Ok(())
    })?;
    editor.commit()?;
    let durable = begin.elapsed();
    let mut syncs = syncs.lock().unwrap_or_else(PoisonError::into_inner);
    syncs.next(false);
    let rate = |time: Duration| (n_byte / 1e6 / time.as_secs_f64()).round();
    Ok(format!(
        "{{\"writer\": \"facette\", \"column\": \"{name}\", \"mb\": {:.1}, \"to_page_cache_mb_s\": {}, \
         \"durable_mb_s\": {}}}",
        n_byte / 1e6,
        rate(durable - syncs.total),
        rate(durable)
    ))
}

/// Gives some rows from the first on.
type Give = Box<dyn FnMut(u64, usize, &mut Cells<'_>) -> Result<(), facette_tables::Error>>;

fn source(name: &str, shape: &[usize]) -> Give {
    let (shape, n) = (shape.to_vec(), shape.iter().product::<usize>());
    match name {
        "FLAG" => {
            let flags: Vec<bool> = (0..n * TOGETHER).map(|i| i % 7 == 0).collect();
            Box::new(move |_, k, cells| cells.push(&shape, &flags[..k * n]))
        }
        "WEIGHT_SPECTRUM" => {
            let weights: Vec<f32> = (0..n * TOGETHER).map(|i| i as f32).collect();
            Box::new(move |_, k, cells| cells.push(&shape, &weights[..k * n]))
        }
        "UVW" => {
            let uvw: Vec<f64> = (0..3 * TOGETHER).map(|i| i as f64).collect();
            Box::new(move |_, k, cells| cells.push(&[3], &uvw[..3 * k]))
        }
        "TIME" | "TIME_INCREMENTAL" => {
            let mut times = Vec::new();
            Box::new(move |start, k, cells| {
                times.clear();
                times.extend((start..start + k as u64).map(|row| (row / 2000) as f64));
                cells.push(&[], &times)
            })
        }
        _ => {
            let data: Vec<[f32; 2]> = (0..n * TOGETHER).map(|i| [i as f32, 1.0]).collect();
            Box::new(move |_, k, cells| cells.push(&shape, &data[..k * n]))
        }
    }
}
