//! Chains made at random equal a model that knows nothing of threads.

use std::sync::Arc;

use facette_flow::{
    Chain, Error, Execution, Output, PerChunk, PerChunkScope, Run, Socket,
    closures::{fold, iterate, map, replicable},
};
use proptest::{prelude::*, sample::Index};

use crate::support::{jitter, watched};

/// What is declared inside a stream; `Index` picks among the sockets that there are.
#[derive(Clone, Debug)]
enum Op {
    /// A task of one or two inputs; moves the last socket instead of cloning it, if told so.
    Then {
        inputs: Vec<Index>,
        is_replicable: bool,
        is_moved: bool,
        fails_at: Option<u64>,
    },
    /// A task that also reads what the pass before has accumulated.
    Held {
        input: Index,
    },
    /// Shares a value, reads it twice.
    Share {
        input: Index,
    },
    Accumulate {
        input: Index,
    },
}

fn op() -> impl Strategy<Value = Op> {
    let fails_at = prop_oneof![9 => Just(None), 1 => (0..12_u64).prop_map(Some)];
    let inputs = prop::collection::vec(any::<Index>(), 1..=2);
    prop_oneof![
        5 => (inputs, any::<bool>(), any::<bool>(), fails_at).prop_map(|(inputs, is_replicable, is_moved, fails_at)| {
            Op::Then { inputs, is_replicable, is_moved, fails_at }
        }),
        1 => any::<Index>().prop_map(|input| Op::Held { input }),
        1 => any::<Index>().prop_map(|input| Op::Share { input }),
        2 => any::<Index>().prop_map(|input| Op::Accumulate { input }),
    ]
}

#[derive(Clone, Debug)]
struct PassCase {
    n_chunks: u64,
    ops: Vec<Op>,
}

fn pass() -> impl Strategy<Value = PassCase> {
    (0..10_u64, prop::collection::vec(op(), 0..9)).prop_map(|(n_chunks, ops)| PassCase { n_chunks, ops })
}

fn mix(a: u64, b: u64) -> u64 {
    (a ^ b.rotate_left(17)).wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(b)
}

/// The result of each accumulator, or task and chunk of the first failure.
type Outcome = Result<Vec<u64>, (String, u64)>;

/// Plain loops. Sockets that were moved are out of the list, as in the chain.
fn model(cases: &[PassCase]) -> Outcome {
    let (mut results, mut held) = (Vec::new(), 1_u64);
    for case in cases {
        let mut sums = vec![0_u64; case.ops.iter().filter(|op| matches!(op, Op::Accumulate { .. })).count()];
        for chunk in 0..case.n_chunks {
            let (mut values, mut i_sum) = (vec![chunk], 0);
            for (i_op, op) in case.ops.iter().enumerate() {
                match op {
                    Op::Then { inputs, is_moved, fails_at, .. } => {
                        if *fails_at == Some(chunk) {
                            return Err((format!("t{i_op}"), chunk));
                        }
                        let picked: Vec<usize> =
                            inputs.iter().map(|input| input.index(values.len())).collect();
                        let result = picked.iter().fold(i_op as u64, |sum, &i| mix(sum, values[i]));
                        if *is_moved && picked[picked.len() - 1] > 0 {
                            values.remove(picked[picked.len() - 1]);
                        }
                        values.push(result);
                    }
                    Op::Held { input } => values.push(mix(held, values[input.index(values.len())])),
                    Op::Share { input } => {
                        let value = values[input.index(values.len())];
                        values.push(mix(value, value));
                    }
                    Op::Accumulate { input } => {
                        sums[i_sum] = mix(sums[i_sum], values[input.index(values.len())]);
                        i_sum += 1;
                    }
                }
            }
        }
        held = sums.iter().fold(held, |a, b| mix(a, *b));
        results.extend(sums);
    }
    Ok(results)
}

type Live<'s> = Vec<Socket<PerChunk<'s>, u64>>;

fn declare_then<'s>(c: &mut PerChunkScope<'s>, live: &mut Live<'s>, i_op: usize, op: &Op) {
    let Op::Then { inputs, is_replicable, is_moved, fails_at } = op else { return };
    let (name, fails_at) = (format!("t{i_op}"), *fails_at);
    let work = move |chunk: Option<u64>, values: &[u64]| {
        jitter(values[0]);
        match chunk.is_some() && chunk == fails_at {
            true => Err("asked for".into()),
            false => Ok(values.iter().fold(i_op as u64, |sum, &value| mix(sum, value))),
        }
    };
    // Tasks do not know their chunk, so it comes along as a value: socket 0 stays, as nothing moves the first one.
    let picked: Vec<usize> = inputs.iter().map(|input| input.index(live.len())).collect();
    let mut sockets: Vec<_> = picked.iter().map(|&i| live[i].clone()).collect();
    let chunk = live[0].clone();
    if *is_moved && picked[picked.len() - 1] > 0 {
        let original = live.remove(picked[picked.len() - 1]);
        sockets.pop();
        sockets.push(original);
    }
    let last = sockets.remove(sockets.len() - 1);
    let result = match (sockets.pop(), is_replicable) {
        (None, true) => {
            c.then((chunk, last), replicable(&name, move |(n, a): (u64, u64)| work(Some(n), &[a])))
        }
        (None, false) => c.then((chunk, last), map(&name, move |(n, a): (u64, u64)| work(Some(n), &[a]))),
        (Some(a), true) => c.then(
            (chunk, a, last),
            replicable(&name, move |(n, a, b): (u64, u64, u64)| work(Some(n), &[a, b])),
        ),
        (Some(a), false) => {
            c.then((chunk, a, last), map(&name, move |(n, a, b): (u64, u64, u64)| work(Some(n), &[a, b])))
        }
    };
    live.push(result);
}

fn declare(cases: &[PassCase]) -> (Chain, Vec<Output<u64>>) {
    let mut chain = Chain::new();
    let (mut held, mut outputs) = (chain.constant(1_u64), Vec::new());
    for case in cases {
        let shared = chain.share(held.clone());
        let sums = chain.per_chunk(iterate("Count", 0..case.n_chunks), |c, first| {
            let (mut live, mut sums) = (vec![first], Vec::new());
            for (i_op, op) in case.ops.iter().enumerate() {
                match op {
                    Op::Then { .. } => declare_then(c, &mut live, i_op, op),
                    Op::Held { input } => {
                        let value = live[input.index(live.len())].clone();
                        let task = replicable("held", |(h, v): (Arc<u64>, u64)| Ok(mix(*h, v)));
                        live.push(c.then((c.hold(shared.clone()), value), task));
                    }
                    Op::Share { input } => {
                        let value = live[input.index(live.len())].clone();
                        let value = c.share(value);
                        let task = map("share", |(a, b): (Arc<u64>, Arc<u64>)| Ok(mix(*a, *b)));
                        live.push(c.then((value.clone(), value), task));
                    }
                    Op::Accumulate { input } => {
                        let value = live[input.index(live.len())].clone();
                        let sum = fold("sum", 0, |sum: &mut u64, value: u64| {
                            *sum = mix(*sum, value);
                            Ok(())
                        });
                        sums.push(c.accumulate(value, sum));
                    }
                }
            }
            sums
        });
        for sum in sums {
            held = chain.then((held, sum.clone()), map("mix", |(a, b): (u64, u64)| Ok(mix(a, b))));
            outputs.push(chain.output(sum));
        }
    }
    (chain, outputs)
}

fn execute(cases: &[PassCase], run: &Run) -> Outcome {
    let (chain, outputs) = declare(cases);
    match chain.run(run) {
        Ok(_) => Ok(outputs.iter().map(|output| output.take().unwrap()).collect()),
        Err(Error::Task { task, chunk: Some(chunk), .. }) => Err((task, chunk)),
        Err(other) => panic!("{other:?}"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_chain_equals_the_model(
        cases in prop::collection::vec(pass(), 1..3),
        threads in 1..5_usize,
        depth in 1..4_usize,
    ) {
        let want = model(&cases);
        for execution in [Execution::Sequential, Execution::Pipeline] {
            let run = Run { execution, depth, ..Run::pipeline(threads) };
            let inner = cases.clone();
            let got = watched(format!("{cases:?} {run:?}"), move || execute(&inner, &run));
            prop_assert_eq!(&got, &want);
        }
    }
}
