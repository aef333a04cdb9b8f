//! The recorded optima of 58 chains, and the published figures of the DVB-S2 receiver, from files beside the repository.

use facette_schedule::{CoreType, Kind, Plan, Problem, Task, algorithm, check, frontier};
use serde_json::Value;

fn file(test: &str, name: &str) -> Option<Vec<Value>> {
    let path = testkit::real_data(test, &format!("schedules/{name}"))?;
    Some(serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap())
}

fn numbers(chain: &Value, key: &str) -> Vec<f64> {
    chain[key].as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect()
}

fn count(value: &Value) -> u32 {
    value.as_u64().unwrap().try_into().unwrap()
}

fn tasks(chain: &Value, weights: &[&str]) -> Vec<Task> {
    let columns: Vec<Vec<f64>> = weights.iter().map(|key| numbers(chain, key)).collect();
    let replicable = chain["replicable"].as_array().unwrap().iter().enumerate();
    let task = |(i, r): (usize, &Value)| {
        let kind = if r.as_bool().unwrap() { Kind::Replicable } else { Kind::Sequential };
        Task::new(format!("task {i}"), columns.iter().map(|c| c[i]).collect::<Vec<_>>(), kind)
    };
    replicable.map(task).collect()
}

fn two_types(chain: &Value, big: u32, little: u32) -> Problem {
    let cores = vec![CoreType::new("big", big), CoreType::new("little", little)];
    Problem::new(tasks(chain, &["weights_big", "weights_little"]), cores).unwrap()
}

fn solve(problem: &Problem, name: &str) -> Plan {
    let plan = algorithm(name).unwrap().solve(problem).unwrap();
    assert_eq!(check(problem, &plan), Ok(()), "{name}");
    plan
}

#[test]
fn recorded_optima() {
    let Some(chains) = file("recorded_optima", "instances.json") else { return };
    for (i, chain) in chains.iter().enumerate() {
        let period = |p: &Plan| vec![p.period.num() as f64, p.period.den() as f64];
        let expected = numbers(chain, "period");
        if let Some(cores) = chain.get("cores") {
            let cores = vec![CoreType::new("core", count(cores))];
            let problem = Problem::new(tasks(chain, &["weights"]), cores).unwrap();
            for name in ["otac", "herad", "exact"] {
                let plan = solve(&problem, name);
                assert_eq!(period(&plan), expected, "chain {i}, {name}");
                assert_eq!(plan.cores_in_all(), count(&chain["min_cores"]), "chain {i}, {name}");
            }
            continue;
        }
        let problem = two_types(chain, count(&chain["big"]), count(&chain["little"]));
        let recorded = chain["pareto_big_little"].as_array().unwrap().iter();
        let recorded: Vec<Vec<u32>> =
            recorded.map(|point| point.as_array().unwrap().iter().map(count).collect()).collect();
        let points: Vec<_> = frontier(&problem).unwrap().plans.into_iter().map(|p| p.cores).collect();
        assert_eq!(points, recorded, "chain {i}");
        for name in ["herad", "exact"] {
            let plan = solve(&problem, name);
            assert_eq!(period(&plan), expected, "chain {i}, {name}");
            assert!(recorded.contains(&plan.cores), "chain {i}, {name}: {:?}", plan.cores);
        }
    }
}

/// One row of the published table: cores, then Mb/s for HeRAD, 2CATAC, FERTAC, OTAC on big and on little cores, the
/// period of HeRAD in µs, and the cores that are told of HeRAD, FERTAC and OTAC on big ones.
struct Row {
    platform: &'static str,
    cores: [u32; 2],
    throughput: [f64; 5],
    period_us: f64,
    used: [Option<[u32; 2]>; 3],
}

const TABLE: [Row; 4] = [
    Row {
        platform: "Intel Ultra 9 185H",
        cores: [6, 8],
        throughput: [84.8, 84.8, 73.3, 39.7, 30.4],
        period_us: 1341.9,
        used: [Some([5, 8]), None, None],
    },
    Row {
        platform: "Intel Ultra 9 185H",
        cores: [3, 4],
        throughput: [41.8, 41.8, 39.7, 18.3, 15.2],
        period_us: 2722.1,
        used: [None; 3],
    },
    Row {
        platform: "Apple M1 Ultra",
        cores: [16, 4],
        throughput: [59.9, 59.9, 59.9, 59.9, 8.8],
        period_us: 950.6,
        used: [Some([9, 4]), Some([10, 4]), Some([11, 0])],
    },
    Row {
        platform: "Apple M1 Ultra",
        cores: [8, 2],
        throughput: [50.4, 49.3, 45.0, 39.5, 5.0],
        period_us: 1128.7,
        used: [None; 3],
    },
];

/// arXiv 2502.10000 and the authors' repository: throughput to the printed digit.
#[test]
fn dvbs2_receiver() {
    let Some(platforms) = file("dvbs2_receiver", "dvbs2.json") else { return };
    for row in TABLE {
        let chain = platforms.iter().find(|p| p["platform"] == row.platform).unwrap();
        let [big, little] = row.cores;
        let problem = two_types(chain, big, little);
        let (only_big, only_little) = (two_types(chain, big, 0), two_types(chain, 0, little));
        let plans = [
            solve(&problem, "herad"),
            solve(&problem, "2catac"),
            solve(&problem, "fertac"),
            solve(&only_big, "otac"),
            solve(&only_little, "otac"),
        ];
        let bits =
            chain["frames_per_batch"].as_f64().unwrap() * chain["info_bits_per_frame"].as_f64().unwrap();
        for (plan, published) in plans.iter().zip(row.throughput) {
            // Bits in units of 10 ns are hundreds of Mb/s.
            let megabits = bits * plan.throughput() * 100.0;
            assert!((megabits - published).abs() <= 0.0501, "{big}+{little}: {megabits} for {published}");
        }
        let exact = solve(&problem, "exact");
        assert_eq!(exact.period, plans[0].period);
        assert!((exact.period.to_f64() / 100.0 - row.period_us).abs() <= 0.0501, "{}", exact.period);
        for (plan, used) in [&plans[0], &plans[2], &plans[3]].into_iter().zip(row.used) {
            assert!(used.is_none_or(|used| plan.cores == used), "{:?} for {used:?}", plan.cores);
        }
    }
}
