//! Declarations and settings that cannot be executed are refused by name before anything runs.

use std::sync::Arc;

use facette_flow::{
    BuildError, Chain, Error, Run,
    closures::{fold, iterate, map},
};

fn refused(chain: Chain, run: &Run) -> (BuildError, String) {
    let planned = chain.plan(run).unwrap_err().to_string();
    match chain.run(run) {
        Err(Error::Build(error)) => {
            assert_eq!(planned, error.to_string());
            (error, planned)
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_socket_of_another_chain() {
    let mut other = Chain::new();
    let foreign = other.constant(1_u32);
    let mut chain = Chain::new();
    let own = chain.constant(2_u32);
    chain.sink((own, foreign), map("Add", |_: (u32, u32)| panic!("must not run")));
    let (error, text) = refused(chain, &Run::sequential());
    assert_eq!(error, BuildError::ForeignSocket { task: "Add".into(), input: 1 });
    assert!(text.contains("Add") && text.contains("another chain"), "{text}");
}

#[test]
fn a_socket_of_another_chain_inside_a_stream() {
    let mut other = Chain::new();
    let foreign = other.constant(Arc::new(1_u32));
    let mut chain = Chain::new();
    chain.per_chunk(iterate("Count", 0..3_u32), |c, n| {
        c.sink((n, c.hold(foreign)), map("Add", |_: (u32, Arc<u32>)| panic!("must not run")));
    });
    let (error, _) = refused(chain, &Run::pipeline(2));
    assert_eq!(error, BuildError::ForeignSocket { task: "Add".into(), input: 1 });
}

#[test]
fn holding_what_the_same_stream_produces() {
    let mut chain = Chain::new();
    chain.per_chunk(iterate("Count", 0..3_u32), |c, n| {
        let sum = fold("Total", Arc::new(0), |sum: &mut Arc<u32>, n: u32| {
            *sum = Arc::new(**sum + n);
            Ok(())
        });
        let sum = c.accumulate(n.clone(), sum);
        c.sink((n, c.hold(sum)), map("Norm", |_: (u32, Arc<u32>)| panic!("must not run")));
    });
    let (error, text) = refused(chain, &Run::pipeline(2));
    let want = BuildError::HeldTooEarly { task: "Norm".into(), input: 1, producer: "Total".into() };
    assert_eq!(error, want);
    assert!(text.contains("second `per_chunk`"), "{text}");
}

#[test]
fn zero_threads_or_depth() {
    let (error, text) = refused(Chain::new(), &Run::pipeline(0));
    assert_eq!(error, BuildError::Zero { setting: "threads" });
    assert!(text.contains("threads"));
    let (error, _) = refused(Chain::new(), &Run { depth: 0, ..Run::pipeline(2) });
    assert_eq!(error, BuildError::Zero { setting: "depth" });
}
