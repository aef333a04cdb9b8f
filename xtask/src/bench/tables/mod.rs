//! `cargo xtask bench tables`: how fast columns are read and written and tables opened, beside casacore, arcae and the
//! plain files.
//!
//! Ours is the example `read_speed` of facette-tables, theirs `bench/tables/peers.py`; `bench/tables/make.py` has
//! casacore write the table. All go in turn, round by round.

mod open;
mod write;

use super::median;
use crate::{repo, run};
use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::Command;

/// A column, how it is read, and what is asked of the ratio to each peer when all threads read.
struct Row {
    column: &'static str,
    way: &'static str,
    /// The plain file that it is kept in, where that is the measure.
    file: Option<&'static str>,
    casacore: f64,
    arcae: f64,
}

const fn row(column: &'static str, way: &'static str) -> Row {
    Row { column, way, file: None, casacore: 3.0, arcae: 1.5 }
}

const ROWS: &[Row] = &[
    Row { file: Some("table.f1_TSM1"), casacore: 2.0, arcae: 1.3, ..row("DATA", "into") },
    Row { file: Some("table.f1_TSM1"), casacore: 2.0, arcae: 1.3, ..row("DATA", "chunks") },
    Row { arcae: 1.0, ..row("DATA", "fresh") },
    row("FLAG", "into"),
    row("FLAG", "chunks"),
    row("FLAG", "fresh"),
    Row { file: Some("table.f6_TSM0"), ..row("UVW", "into") },
    row("UVW", "fresh"),
    row("UVW_INCREMENTAL", "into"),
    row("UVW_INCREMENTAL", "fresh"),
    Row { file: Some("table.f5_TSM1"), ..row("WEIGHT_SPECTRUM", "into") },
    row("WEIGHT_SPECTRUM", "fresh"),
    Row { casacore: 1.0, arcae: 1.0, ..row("DATA_STANDARD", "into") },
    Row { casacore: 1.0, arcae: 1.0, ..row("DATA_STANDARD", "chunks") },
    Row { casacore: 1.0, arcae: 1.0, ..row("DATA_STANDARD", "fresh") },
    row("DATA_DYSCO", "into"),
    row("DATA_DYSCO", "chunks"),
    row("DATA_DYSCO", "fresh"),
];

/// The share of a plain read's speed that is asked for, on one thread and on all.
const OF_PLAIN: [f64; 2] = [0.9, 0.85];
/// Runs of a program in a round; the first does not count.
const RUNS_OF_ROUND: &str = "4";

struct Options {
    rounds: usize,
    rows: String,
    table: PathBuf,
    json: PathBuf,
    words: Vec<String>,
}

impl Options {
    fn wants(&self, word: &str) -> bool {
        self.words.is_empty() || self.words.iter().any(|w| w == word)
    }
}

/// Measures, prints the table row by row, and stores it.
///
/// # Errors
/// When a program fails, or reads other values than the others, or a target is missed.
pub(super) fn run(args: &[String]) -> Result<()> {
    let options = parse(args)?;
    let peers = Peers::prepare(&options)?;
    println!(
        "MB/s of elements in memory, medians of {} rounds; × is ours / theirs in the same round\n",
        options.rounds
    );
    println!(
        "{:<16} {:<6} {:>7} {:>9} {:>9} {:>9} {:>9}  {:>9} {:>9} {:>9}",
        "column", "way", "threads", "ours", "casacore", "arcae", "plain", "×casacore", "×arcae", "×plain"
    );
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let mut stored = Vec::new();
    let mut n_missed = 0;
    for row in ROWS.iter().filter(|row| options.wants(row.column)) {
        for (is_all, threads) in [(false, 1), (true, threads)] {
            let measured = peers.measure(row, threads, options.rounds)?;
            let missed = measured.missed(row, is_all);
            n_missed += missed.len();
            println!(
                "{}{}",
                measured.text(row, threads),
                missed.iter().map(|m| format!("  missed: {m}")).collect::<String>()
            );
            stored.push(measured.json(row, threads, &missed));
        }
    }
    let mut opened = Value::Null;
    if options.wants("open") {
        opened = open::measure(&peers, options.rounds, &mut n_missed)?;
    }
    let mut written = Vec::new();
    if options.wants("write") {
        written = write::measure(&peers, &options, &mut n_missed)?;
    }
    let all = json!({"rounds": options.rounds, "rows": stored, "open": opened, "write": written});
    let text = format!("{all:#}\n");
    create_parent(&options.json)?;
    std::fs::write(&options.json, text)
        .with_context(|| format!("cannot write {}", options.json.display()))?;
    println!("\nevery run is in {}", options.json.display());
    ensure!(n_missed == 0, "{n_missed} targets missed");
    Ok(())
}

fn parse(args: &[String]) -> Result<Options> {
    let folder = repo::target().join("bench");
    let (table, json) = (folder.join("tables.ms"), folder.join("tables.json"));
    let mut options = Options { rounds: 5, rows: "264740".to_owned(), table, json, words: Vec::new() };
    let mut args = args.iter();
    while let Some(arg) = args.next() {
        let mut value = || args.next().with_context(|| format!("{arg} needs a value; see --help"));
        match arg.as_str() {
            "--rounds" => {
                options.rounds =
                    value()?.parse().ok().filter(|n| *n > 0).context("--rounds: a number from 1")?
            }
            "--rows" => options.rows = value()?.clone(),
            "--table" => options.table = value()?.into(),
            "--json" => options.json = value()?.into(),
            option if option.starts_with('-') => bail!("`{option}` is not understood; see --help"),
            column => options.words.push(column.to_owned()),
        }
    }
    Ok(options)
}

/// The programs and the table.
struct Peers {
    python: PathBuf,
    ours: PathBuf,
    table: PathBuf,
}

impl Peers {
    fn prepare(options: &Options) -> Result<Self> {
        let home = std::env::var_os("HOME").map(PathBuf::from).unwrap_or_default();
        let made = home.join(".cache/facette-peers/core/bin/python");
        let python = std::env::var_os("FACETTE_PYTHON").map_or(made, PathBuf::from);
        ensure!(
            python.exists(),
            "NOT RUN: no Python with python-casacore and arcae at {} (FACETTE_PYTHON)",
            python.display()
        );
        let package = ["build", "--locked", "--release", "--package", "facette-tables", "--examples"];
        run::run(run::cargo().args(package))?;
        let ours = repo::target().join("release/examples/read_speed");
        let table = options.table.clone();
        if !table.exists() {
            create_parent(&table)?;
            let make = repo::root().join("bench/tables/make.py");
            run::run(Command::new(&python).arg(make).arg(&table).arg(&options.rows))?;
        }
        Ok(Peers { python, ours, table })
    }

    /// All programs in turn, round by round.
    fn measure(&self, row: &Row, threads: usize, rounds: usize) -> Result<Measured> {
        let mut measured = Measured::default();
        for _ in 0..rounds {
            let ours = self.ours(&[row.column, row.way], threads)?;
            let casacore = self.theirs(row, "casacore", 1)?;
            let arcae = self.theirs(row, "arcae", threads)?;
            let same = |a: &Round, b: &Round| {
                a.bytes == b.bytes && (a.sum - b.sum).abs() <= 1e-6 * a.sum.abs().max(1.0)
            };
            ensure!(
                same(&ours, &casacore) && same(&ours, &arcae),
                "{}: the values differ: {} {} {}",
                row.column,
                ours.sum,
                casacore.sum,
                arcae.sum
            );
            if let Some(file) = row.file {
                measured.plain.push(self.ours(&[file, "pread"], threads)?.mb_s());
            }
            measured.ours.push(ours.mb_s());
            measured.casacore.push(casacore.mb_s());
            measured.arcae.push(arcae.mb_s());
        }
        Ok(measured)
    }

    fn ours(&self, what: &[&str; 2], threads: usize) -> Result<Round> {
        let mut command = Command::new(&self.ours);
        Round::of(command.arg(&self.table).args(what).arg(threads.to_string()).arg(RUNS_OF_ROUND))
    }

    fn theirs(&self, row: &Row, engine: &str, threads: usize) -> Result<Round> {
        let mut command = Command::new(&self.python);
        command.arg(repo::root().join("bench/tables/peers.py")).arg(&self.table);
        Round::of(command.args([row.column, engine, row.way, &threads.to_string(), RUNS_OF_ROUND]))
    }
}

/// What a program printed.
struct Round {
    seconds: f64,
    bytes: f64,
    sum: f64,
}

impl Round {
    fn of(command: &mut Command) -> Result<Round> {
        let line: Value = serde_json::from_str(&run::stdout(command)?).context("a line of JSON")?;
        let number = |key: &str| line[key].as_f64().with_context(|| format!("{key} in {line}"));
        let seconds: Vec<f64> =
            line["seconds"].as_array().into_iter().flatten().filter_map(Value::as_f64).collect();
        ensure!(seconds.len() > 1, "no seconds in {line}");
        Ok(Round { seconds: median(&seconds[1..]), bytes: number("bytes")?, sum: number("sum")? })
    }

    fn mb_s(&self) -> f64 {
        self.bytes / self.seconds / 1e6
    }
}

/// MB/s, round by round.
#[derive(Default)]
struct Measured {
    ours: Vec<f64>,
    casacore: Vec<f64>,
    arcae: Vec<f64>,
    plain: Vec<f64>,
}

impl Measured {
    /// The median of the ratios to others.
    fn ratio(&self, others: &[f64]) -> f64 {
        median(&self.ours.iter().zip(others).map(|(ours, other)| ours / other).collect::<Vec<_>>())
    }

    fn missed(&self, row: &Row, is_all: bool) -> Vec<String> {
        let mut asked = Vec::new();
        if is_all {
            asked.extend([("casacore", &self.casacore, row.casacore), ("arcae", &self.arcae, row.arcae)]);
        }
        if !self.plain.is_empty() {
            asked.push(("plain", &self.plain, OF_PLAIN[usize::from(is_all)]));
        }
        let missed = asked.into_iter().filter(|(_, others, target)| self.ratio(others) < *target);
        missed.map(|(name, _, target)| format!("{target} × {name}")).collect()
    }

    fn text(&self, row: &Row, threads: usize) -> String {
        let all = [&self.ours, &self.casacore, &self.arcae, &self.plain];
        let speeds = all
            .map(|speeds| if speeds.is_empty() { "–".to_owned() } else { format!("{:.0}", median(speeds)) });
        let ratio = |others: &Vec<f64>| {
            if others.is_empty() { "–".to_owned() } else { format!("{:.2}", self.ratio(others)) }
        };
        let [ours, casacore, arcae, plain] = speeds;
        format!(
            "{:<16} {:<6} {threads:>7} {ours:>9} {casacore:>9} {arcae:>9} {plain:>9}  {:>9} {:>9} {:>9}",
            row.column,
            row.way,
            ratio(&self.casacore),
            ratio(&self.arcae),
            ratio(&self.plain)
        )
    }

    fn json(&self, row: &Row, threads: usize, missed: &[String]) -> Value {
        json!({
            "column": row.column, "way": row.way, "threads": threads, "missed": missed,
            "ours_mb_s": self.ours, "casacore_mb_s": self.casacore, "arcae_mb_s": self.arcae, "plain_mb_s": self.plain,
        })
    }
}

fn create_parent(path: &Path) -> Result<()> {
    let parent = path.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(parent).with_context(|| format!("cannot make {}", parent.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ratios_are_taken_round_by_round_and_judged() {
        // A slow moment of the computer in the last round counts for both.
        let measured = Measured {
            ours: vec![10.0, 10.0, 1.0],
            casacore: vec![5.0, 4.0, 0.5],
            arcae: vec![9.0, 9.0, 0.9],
            plain: vec![11.0, 11.0, 1.1],
        };
        assert!((measured.ratio(&measured.casacore) - 2.0).abs() < 1e-12);
        let row = Row { file: Some("f"), ..row("DATA", "into") };
        assert_eq!(measured.missed(&row, true), ["3 × casacore", "1.5 × arcae"]);
        assert!(measured.missed(&row, false).is_empty(), "0.909 of plain is enough on one thread");
        assert!(measured.text(&row, 2).contains("2.00"));
    }

    #[test]
    fn options() {
        let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        let options = parse(&words("--rounds 3 DATA --rows 100")).unwrap();
        assert_eq!((options.rounds, options.rows.as_str(), options.words), (3, "100", words("DATA")));
        assert!(parse(&words("--rounds 0")).is_err() && parse(&words("--nonsense")).is_err());
    }
}
