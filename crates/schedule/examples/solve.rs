//! Solves the chains of a file with every published algorithm, one JSON line per chain and algorithm.
//!
//! `cargo run --release -p facette-schedule --example solve -- FILE.json [--explain] [ALGORITHM…]`
//!
//! The file is a list of chains. One core type: `{"weights": [8, 23], "replicable": [true, false], "cores": 4}`. Two:
//! `{"weights_big": […], "weights_little": […], "replicable": […], "big": 2, "little": 3}`. Other keys are ignored. An
//! algorithm for one core type takes the better of two. With `--explain` the bottleneck of each plan follows on stderr.

use anyhow::{Context, Result, anyhow, bail};
use facette_schedule::{Algorithm, CoreType, Kind, Plan, Problem, Task, algorithm, explain, frontier};
use serde_json::Value;

const ALGORITHMS: [&str; 6] = ["otac", "fertac", "2catac", "herad", "exact", "nicol"];

#[expect(clippy::print_stdout, clippy::print_stderr, reason = "an example prints what it found")]
fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (options, words): (Vec<_>, Vec<_>) = arguments.iter().partition(|a| a.starts_with("--"));
    if let Some(unknown) = options.iter().find(|o| **o != "--explain") {
        bail!("there is no option {unknown}; there is --explain");
    }
    let (path, names) =
        words.split_first().context("give a file: solve FILE.json [--explain] [ALGORITHM…]")?;
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {path}"))?;
    let chains: Vec<Value> =
        serde_json::from_str(&text).with_context(|| format!("{path} is no list of chains"))?;
    let algorithms = chosen(names)?;
    for (index, chain) in chains.iter().enumerate() {
        let problem = problem(chain).with_context(|| format!("chain {index} of {path}"))?;
        for algorithm in &algorithms {
            let plan =
                algorithm.solve(&problem).with_context(|| format!("chain {index}, {}", algorithm.name))?;
            println!("{}", line(index, algorithm, &problem, &plan)?);
            if !options.is_empty() {
                eprintln!("{index} {}: {}", algorithm.name, explain(&problem, &plan)?);
            }
        }
    }
    Ok(())
}

fn chosen(names: &[&String]) -> Result<Vec<&'static Algorithm>> {
    let all: Vec<&str> =
        if names.is_empty() { ALGORITHMS.to_vec() } else { names.iter().map(|n| n.as_str()).collect() };
    all.into_iter().map(|n| algorithm(n).ok_or_else(|| anyhow!("there is no algorithm {n}"))).collect()
}

fn problem(chain: &Value) -> Result<Problem> {
    let columns = match chain.get("weights") {
        Some(_) => vec![("weights", "cores", "core")],
        None => vec![("weights_big", "big", "big"), ("weights_little", "little", "little")],
    };
    let replicable = list(chain, "replicable")?;
    let replicable: Vec<bool> = replicable
        .iter()
        .map(|r| r.as_bool().context("replicable: no truth value"))
        .collect::<Result<_>>()?;
    let (mut costs, mut cores) = (vec![Vec::new(); replicable.len()], Vec::new());
    for (weights, count, name) in columns {
        let column = list(chain, weights)?;
        if column.len() != replicable.len() {
            bail!("{} {weights} for {} values of replicable", column.len(), replicable.len());
        }
        for (costs, weight) in costs.iter_mut().zip(column) {
            costs.push(weight.as_f64().with_context(|| format!("{weights}: {weight} is no number"))?);
        }
        let there = chain.get(count).and_then(Value::as_u64).and_then(|c| u32::try_from(c).ok());
        cores.push(CoreType::new(name, there.with_context(|| format!("{count}: no number of cores"))?));
    }
    let kind = |replicable| if replicable { Kind::Replicable } else { Kind::Sequential };
    let tasks = costs.into_iter().zip(replicable).enumerate();
    let tasks = tasks.map(|(i, (costs, replicable))| Task::new(format!("t{i}"), costs, kind(replicable)));
    Ok(Problem::new(tasks.collect(), cores)?)
}

fn list<'a>(chain: &'a Value, key: &str) -> Result<&'a Vec<Value>> {
    chain.get(key).and_then(Value::as_array).with_context(|| format!("no list {key}"))
}

/// Keys in the order of the format, which a JSON library would sort.
fn line(index: usize, algorithm: &Algorithm, problem: &Problem, plan: &Plan) -> Result<String> {
    let (name, num, den) = (algorithm.name, plan.period.num(), plan.period.den());
    let cores = match plan.cores[..] {
        [cores] => format!(r#""cores": {cores}"#),
        _ => format!(r#""big": {}, "little": {}"#, plan.cores[0], plan.cores[1]),
    };
    let mut pareto = String::new();
    if name == "exact" && plan.cores.len() > 1 {
        let points: Vec<_> = frontier(problem)?.plans.into_iter().map(|p| p.cores).collect();
        pareto = format!(r#", "pareto": {points:?}"#);
    }
    Ok(format!(r#"{{"index": {index}, "algorithm": "{name}", "period": [{num}, {den}], {cores}{pareto}}}"#))
}
