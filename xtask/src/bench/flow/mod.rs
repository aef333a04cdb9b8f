//! `cargo xtask bench flow`: what the flow runtime costs, beside StreamPU, oneTBB and crossbeam-channel.
//!
//! Ours and crossbeam's are cases of the example `runtime_speed` of facette-flow, oneTBB's is `bench/peers/onetbb.cpp`.

mod computer;
mod measure;
mod programs;
mod rows;
mod table;

use crate::repo;
use anyhow::{Context, Result, bail};
use computer::Computer;
use measure::Measured;
use programs::Programs;
use rows::{GROUPS, Group, Row};
use std::path::PathBuf;

/// What was asked for.
#[derive(Debug, PartialEq)]
struct Options {
    list: bool,
    runs: usize,
    json: PathBuf,
    words: Vec<String>,
}

/// Runs for a median that may be quoted.
const RUNS: usize = 7;

/// Measures, prints the table row by row, and stores it.
///
/// # Errors
/// When ours or crossbeam's program fails or finds a wrong result, or the file cannot be written.
pub(super) fn run(args: &[String]) -> Result<()> {
    let options = parse(args)?;
    if options.list {
        chosen(&options.words).for_each(|(_, row)| println!("{:<36}{}", row.case, row.title));
        return Ok(());
    }
    if chosen(&options.words).next().is_none() {
        bail!("no case contains {}; `--list` prints the cases", options.words.join(" or "));
    }
    let load = computer::load();
    let programs = Programs::prepare()?;
    let computer = Computer::read(&programs, load)?;
    print!("{}{}", computer.text(), table::head());
    let measured = measure_all(&options, &programs)?;
    println!("\n{}", table::foot(&measured, options.runs, &programs));
    store(&options, &computer, &measured)
}

fn measure_all(options: &Options, programs: &Programs) -> Result<Vec<Measured>> {
    let mut measured = Vec::new();
    let mut group = "";
    for (title, row) in chosen(&options.words) {
        if title != group {
            println!("\n{title}");
            group = title;
        }
        let next = measure::row(row, programs, options.runs)?;
        println!("{}", table::line(&next));
        measured.push(next);
    }
    Ok(measured)
}

/// The rows that contain one of the words, with the titles of their groups.
fn chosen(words: &[String]) -> impl Iterator<Item = (&'static str, &'static Row)> {
    let all = GROUPS.iter().flat_map(|Group { title, rows }| rows.iter().map(move |row| (*title, row)));
    all.filter(|(title, row)| {
        let has =
            |word: &String| [title, row.title, row.case].iter().any(|text| text.contains(word.as_str()));
        words.is_empty() || words.iter().any(has)
    })
}

fn parse(args: &[String]) -> Result<Options> {
    let json = repo::target().join("bench/flow.json");
    let mut options = Options { list: false, runs: RUNS, json, words: Vec::new() };
    let mut args = args.iter();
    while let Some(arg) = args.next() {
        let mut value = || args.next().with_context(|| format!("{arg} needs a value; see --help"));
        match arg.as_str() {
            "--list" => options.list = true,
            "--json" => options.json = value()?.into(),
            "--runs" => {
                let text = value()?;
                let runs = text.parse().ok().filter(|n| *n > 0);
                options.runs = runs.with_context(|| format!("--runs {text}: a number from 1 is expected"))?;
            }
            option if option.starts_with('-') => bail!("`{option}` is not understood; see --help"),
            word => options.words.push(word.to_owned()),
        }
    }
    Ok(options)
}

fn store(options: &Options, computer: &Computer, measured: &[Measured]) -> Result<()> {
    let rows: Vec<_> = measured.iter().map(Measured::as_json).collect();
    let all = serde_json::json!({
        "computer": computer.as_json(), "runs": options.runs, "streampu": rows::ORIGIN, "rows": rows,
    });
    let path = &options.json;
    let place = || path.display().to_string();
    path.parent().map_or(Ok(()), std::fs::create_dir_all).with_context(place)?;
    std::fs::write(path, format!("{all:#}\n")).with_context(place)?;
    println!("every run is in {}", path.display());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(args: &[&str]) -> Result<Options> {
        parse(&args.iter().map(|&a| a.to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn options_are_read_and_mistakes_are_named() {
        let options = parsed(&["--runs", "3", "fused", "--json", "x.json", "loop"]).unwrap();
        let words = vec!["fused".to_owned(), "loop".to_owned()];
        assert_eq!(options, Options { list: false, runs: 3, json: "x.json".into(), words });
        assert_eq!(parsed(&[]).unwrap().runs, 7);
        for (args, part) in [
            (&["--runs", "0"][..], "--runs 0: a number from 1"),
            (&["--runs"], "--runs needs a value"),
            (&["--fast"], "`--fast` is not understood"),
        ] {
            let error = parsed(args).unwrap_err().to_string();
            assert!(error.contains(part), "{error}");
        }
    }

    #[test]
    fn words_choose_rows_by_title_and_case() {
        let of = |word: &str| chosen(&[word.to_owned()]).map(|(_, row)| row.case).collect::<Vec<_>>();
        assert_eq!(of("ten-million"), ["loop-of-ten-million"]);
        assert_eq!(of("fused"), ["fused-2", "fused-3"]);
        assert!(of("no such row").is_empty());
        assert_eq!(chosen(&[]).count(), GROUPS.iter().map(|g| g.rows.len()).sum::<usize>());
    }
}
