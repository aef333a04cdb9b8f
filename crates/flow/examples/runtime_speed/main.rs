//! What the runtime itself costs: `cargo run --release -p facette-flow --example runtime_speed -- [--list] [CASE]…`.
//!
//! Each case runs once, after a short run to warm up, and prints one line of JSON: seconds per frame, task or whatever
//! the case counts. Tasks are chosen at run time and called through boxes, every task changes its frame, and what
//! arrives at the end is checked. The whole program keeps to two cores. Cases named `crossbeam-…` do the same with two
//! threads and the channels of crossbeam. `cargo xtask bench flow` repeats the cases, sets other programs between
//! them, and draws the table.

mod channels;
mod cores;
mod frames;
mod pipelines;
mod sequences;
mod work;

use std::{env, error::Error, process::ExitCode};

/// Seconds for one of what the case counts, or why there are none.
type Timed = Result<f64, Box<dyn Error>>;

/// A name and the measurement behind it.
struct Case {
    name: String,
    run: Box<dyn Fn() -> Timed>,
}

impl Case {
    fn new(name: impl Into<String>, run: impl Fn() -> Timed + 'static) -> Self {
        Case { name: name.into(), run: Box::new(run) }
    }
}

/// All cases, in the order of the table.
fn cases() -> Vec<Case> {
    [sequences::cases(), pipelines::cases(), work::cases(), channels::cases()].into_iter().flatten().collect()
}

fn main() -> ExitCode {
    match answer(&env::args().skip(1).collect::<Vec<_>>()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say_error(&*error);
            ExitCode::FAILURE
        }
    }
}

fn answer(words: &[String]) -> Result<(), Box<dyn Error>> {
    cores::keep_to_two();
    let cases = cases();
    if words == ["--list"] {
        cases.iter().for_each(|case| say(&case.name));
        return Ok(());
    }
    if words == ["--cores"] {
        say(&cores::as_json());
        return Ok(());
    }
    if let Some(unknown) = words.iter().find(|word| cases.iter().all(|case| case.name != **word)) {
        return Err(format!("no case `{unknown}`; `--list` names them").into());
    }
    for case in cases.iter().filter(|case| words.is_empty() || words.contains(&case.name)) {
        let seconds = (case.run)().map_err(|error| format!("{}: {error}", case.name))?;
        say(&format!("{{\"case\":\"{}\",\"seconds\":{seconds:.6e}}}", case.name));
    }
    Ok(())
}

#[expect(clippy::print_stdout, reason = "the program's product")]
fn say(line: &str) {
    println!("{line}");
}

#[expect(clippy::print_stderr, reason = "the program's last words")]
fn say_error(error: &dyn Error) {
    eprintln!("error: {error}");
}
