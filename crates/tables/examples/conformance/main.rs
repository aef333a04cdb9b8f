//! Compares every table below a folder with what casacore reads, and says what could not be compared.
//!
//! `cargo run --release -p facette-tables --example conformance -- DIR`, or `cargo xtask conformance DIR`; the digests
//! are in `DIR.digest.json`. Ends with exit code 1 if anything differs.
#![expect(clippy::print_stdout, reason = "its purpose")]

mod canonical;
mod compare;

use std::error::Error;
use std::path::PathBuf;

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [folder] = &args[..] else { return Err("usage: conformance DIR".into()) };
    // A slash at the end would hide the digests beside the folder.
    let folder: PathBuf = PathBuf::from(folder).components().collect();
    let tally = compare::compare(&folder)?;
    println!(
        "{} tables read, {} skipped, {} columns compared",
        tally.tables,
        tally.skipped.len(),
        tally.columns
    );
    if tally.only_here > 0 {
        println!("{} more columns read that casacore could not", tally.only_here);
    }
    tally.skipped.iter().for_each(|what| println!("skipped: {what}"));
    for (manager, n) in &tally.unsupported {
        println!("{n} columns not compared: {manager} is not supported");
    }
    tally.wrong.iter().for_each(|what| println!("wrong: {what}"));
    println!("{} mismatches", tally.wrong.len());
    if tally.wrong.is_empty() { Ok(()) } else { Err(format!("{} mismatches", tally.wrong.len()).into()) }
}
