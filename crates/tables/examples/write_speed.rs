//! How fast a DATA, a FLAG and scalar columns are written, durable ones and not counting the sync.
//!
//! usage: write_speed TABLE ROWS CHANNELS CORRELATIONS

use std::error::Error;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use facette_tables::{ColumnSpec, DataType, DiskCall, StorageKind, Table, TableSpec};

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
        (ColumnSpec::array("DATA_SSM", DataType::Complex).axes(2), 8 * n),
        (ColumnSpec::scalar("TIME", DataType::Double), 8),
        (ColumnSpec::scalar("ISM_TIME", DataType::Double).storage(StorageKind::Incremental), 8),
    ];
    for (column, row_bytes) in columns {
        let name = column.name().to_owned();
        let synced = Arc::new(Mutex::new(None::<Instant>));
        let first_sync = Arc::clone(&synced);
        let hook = move |call, file: &std::path::Path| {
            let is_data = file.to_string_lossy().contains("table.f");
            if call == DiskCall::Sync
                && is_data
                && let Ok(mut at) = first_sync.lock()
            {
                *at = at.or(Some(Instant::now()));
            }
            Ok(())
        };
        let data = vec![[1.0_f32, 2.0]; n * 512];
        let flags = vec![true; n * 512];
        let target = format!("{path}.{name}");
        let mut editor = Table::create_hooked(&target, &TableSpec::new().column(column), Arc::new(hook))?;
        editor.add_rows(n_row);
        editor.write(&name, 0..n_row, |rows, cells| {
            let mut left = (rows.end - rows.start) as usize;
            while left > 0 {
                let k = left.min(512);
                match name.as_str() {
                    "FLAG" => cells.push(&shape, &flags[..k * n])?,
                    "TIME" | "ISM_TIME" => cells.push(&[], &vec![(left / 1000) as f64; k])?,
                    _ => cells.push(&shape, &data[..k * n])?,
                }
                left -= k;
            }
            Ok(())
        })?;
        let begin = Instant::now();
        editor.commit()?;
        let all = begin.elapsed();
        let written = synced.lock().map_or(None, |at| *at).map_or(Duration::ZERO, |at| at - begin);
        let n_byte = n_row as f64 * row_bytes as f64;
        let rate = |time: Duration| n_byte / 1e6 / time.as_secs_f64();
        println!(
            "{name:8} {:7.1} MB: {:6.0} MB/s to the page cache, {:6.0} MB/s durable",
            n_byte / 1e6,
            rate(written),
            rate(all)
        );
        std::fs::remove_dir_all(&target)?;
    }
    Ok(())
}
