//! `cargo xtask bench`: how fast it is, one file per kind of bench.

mod flow;
mod kernels;
mod read;
mod tables;

use anyhow::Result;

pub(crate) const COMMAND: crate::Command = crate::Command {
    name: "bench",
    about: "runs the criterion benches of the kernels, or compares the flow runtime or the tables with their peers, or finds the share of reading",
    help: "usage: cargo xtask bench [--list] [NAME]… [-- OPTIONS OF CRITERION]\n       \
           cargo xtask bench flow [--list] [--runs N] [--json FILE] [WORD]…\n       \
           cargo xtask bench tables [--rounds N] [--rows N] [--table DIR] [--json FILE] [COLUMN|open|write]…\n       \
           cargo xtask bench read [--rounds N] [MEASUREMENTSET]\n\n\
           The first runs crates/kernels/benches/NAME.rs, or all of them.\n\n  \
           --list  prints the names\n\n\
           The second measures what the flow runtime itself costs and prints a table: StreamPU's figures as they were\n\
           recorded, then oneTBB and crossbeam-channel measured run by run between ours, then ours (median, best, and\n\
           how far the runs lie apart), the target, and whether it holds. Everything keeps to two cores, and every\n\
           program checks what arrives at the end. Before and after it is measured what the second core is worth: rows that\n\
           need it are not judged where that is less than 1.6, and those that miss are measured once more at the end.\n\
           It takes about five minutes; leave the computer alone meanwhile.\n\n  \
           --list       prints the cases\n  \
           --runs N     runs of each program; fewer than 7 (the default) are for a look only\n  \
           --json FILE  where every run is stored; else bench/flow.json in the build folder\n  \
           WORD…        only cases that contain one of the words\n\n\
           oneTBB needs a C++ compiler (the variable CXX, else c++) and libtbb-dev, which is installed with apt-get when\n\
           it is missing and the user is root; where it cannot be had, its column says NOT RUN and why.\n\n\
           The third reads each column of a table of 1.5 GB that casacore writes (once, to bench/tables.ms in the build\n\
           folder), in turn with python-casacore and arcae and beside a plain read of the same file, on one thread and on\n\
           all: into memory that is used again, at once and in chunks of rows, and into new memory. Then it opens an MS, and\n\
           writes columns beside casacore. It fails where a target is missed. It needs their Python (FACETTE_PYTHON, else the one\n\
           that peers/setup.sh makes) and about ten minutes.\n\n\
           The fourth runs `facette dirty` and `facette psf` on an observation of 1 GB that it simulates once (or another),\n\
           with options that ask for little and for much work, and fails where no stage works longer than the one that reads.",
    run,
};

/// The middle one; the mean of the two middle ones of an even number.
fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let n = sorted.len();
    if n == 0 { f64::NAN } else { f64::midpoint(sorted[(n - 1) / 2], sorted[n / 2]) }
}

fn run(args: &[String]) -> Result<()> {
    match args.first().map(String::as_str) {
        Some("flow") => flow::run(&args[1..]),
        Some("tables") => tables::run(&args[1..]),
        Some("read") => read::run(&args[1..]),
        _ => kernels::run(args),
    }
}
