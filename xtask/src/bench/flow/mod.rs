//! `cargo xtask bench flow`: what the flow runtime costs, beside StreamPU, oneTBB and crossbeam-channel.
//!
//! Ours and crossbeam's are cases of the example `runtime_speed` of facette-flow, oneTBB's is `bench/peers/onetbb.cpp`.

mod computer;
mod judge;
mod measure;
mod programs;
mod rows;
mod second_core;
mod table;

use crate::repo;
use anyhow::{Context, Result, bail};
use computer::Computer;
use judge::{Cores, Judged, Verdict};
use measure::Measured;
use programs::Programs;
use rows::{GROUPS, Group, Row};
use second_core::SecondCore;
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
    print!("{}", computer.text());
    let is_wide = chosen(&options.words).any(|(_, row)| row.on_two);
    let second_core = |when| second_core(&programs, when, is_wide);
    let mut cores = Cores { before: second_core("in front of the table")?, ..Cores::default() };
    print!("{}", table::head());
    let measured = measure_all(&options, &programs, &cores)?;
    println!();
    cores.after = second_core("behind the table")?;
    let again = measure_again(&measured, &options, &programs, &cores)?;
    if again.iter().any(Option::is_some) {
        cores.end = second_core("at the end")?;
    }
    let judged = measured.into_iter().zip(again).map(|(first, again)| Judged::new(first, again, &cores));
    let judged: Vec<Judged> = judged.collect();
    println!("\n{}", table::foot(&judged, options.runs, &programs));
    store(&options, &computer, &cores, &judged)
}

/// What the second core is worth now, if that matters.
fn second_core(programs: &Programs, when: &str, matters: bool) -> Result<Option<SecondCore>> {
    if !matters {
        return Ok(None);
    }
    let core = SecondCore::measure(programs)?;
    println!("{}", core.text(when));
    Ok(Some(core))
}

/// Measures rows that have missed their targets on two cores once more.
fn measure_again(
    measured: &[Measured],
    options: &Options,
    programs: &Programs,
    cores: &Cores,
) -> Result<Vec<Option<Measured>>> {
    if measured.iter().any(Judged::is_doubtful) {
        println!("\nonce more, as they missed and need two cores");
    }
    let again = measured.iter().map(|first| {
        if !Judged::is_doubtful(first) {
            return Ok(None);
        }
        let again = measure::row(first.row, programs, options.runs)?;
        println!("{}", table::line(&again, Verdict::of(&again, cores.in_the_end())));
        Ok(Some(again))
    });
    again.collect()
}

fn measure_all(options: &Options, programs: &Programs, cores: &Cores) -> Result<Vec<Measured>> {
    let mut measured = Vec::new();
    let mut group = "";
    for (title, row) in chosen(&options.words) {
        if title != group {
            println!("\n{title}");
            group = title;
        }
        let next = measure::row(row, programs, options.runs)?;
        println!("{}", table::line(&next, Verdict::of(&next, cores.in_table())));
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

fn store(options: &Options, computer: &Computer, cores: &Cores, judged: &[Judged]) -> Result<()> {
    let rows: Vec<_> = judged.iter().map(Judged::as_json).collect();
    let all = serde_json::json!({
        "computer": computer.as_json(), "runs": options.runs, "streampu": rows::ORIGIN, "rows": rows,
        "second_core": cores.as_json(),
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
