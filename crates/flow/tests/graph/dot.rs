//! Graphs as Graphviz's text.

use std::{
    io::Write,
    process::{Command, Stdio},
};

use facette_flow::{
    BuildError,
    closures::{iterate, map, replicable},
    graph::{Graph, Module, Select, Stage, Waiting},
};

use crate::{machines::skipped, support::Add};

/// Two outputs that join, one of them in place, a binding that only orders, and names that need care.
fn small() -> Graph {
    let mut graph = Graph::new();
    let number = graph.source(iterate("Count", 0..9_u64));
    let text =
        graph.task(number.clone(), replicable("Text \"a|b\" \\ <c>", |n: u64| Ok(vec![n.to_string()])));
    let more = graph.forward(number, Add(1));
    let end = graph.task((text, more), map("End\n&", |_: (Vec<String>, u64)| Ok(())));
    let last = graph.task((), map("Last", |(): ()| Ok(())));
    graph.order(&end, &last);
    graph
}

const EDGES: &str = r#"  t0:o0 -> t1:i0 [label="u64"];
  t0:o0 -> t2:i0 [label="u64"];
  t1:o0 -> t3:i0 [label="Vec\<String\>"];
  t2:o0 -> t3:i1 [label="u64"];
  t3 -> t4 [style=dashed];
}
"#;

#[test]
fn tasks_have_sockets_and_edges_have_types() {
    let nodes = r#"digraph flow {
  node [shape=record];
  t0 [label="{Count|{<o0> out}}"];
  t1 [label="{{<i0> in}|Text \"a\|b\" \\ \<c\>|{<o0> out}}"];
  t2 [label="{{<i0> forward}|Add|{<o0> forward}}"];
  t3 [label="{{<i0> in 0|<i1> in 1}|End\n&amp;}"];
  t4 [label="{Last}"];
"#;
    let text = small().to_dot();
    assert_eq!(text, format!("{nodes}{EDGES}"));
    draw(&text);
}

#[test]
fn stages_are_drawn_around_their_tasks() {
    let nodes = r#"digraph flow {
  node [shape=record];
  subgraph cluster_0 {
    label="stage 0\n1 replica on cores 3\ndepth 4, spin";
    t0 [label="{Count|{<o0> out}}"];
  }
  subgraph cluster_1 {
    label="stage 1\n2 replicas on cores 0-1; any\ndepth 16, spin then park";
    t1 [label="{{<i0> in}|Text \"a\|b\" \\ \<c\>|{<o0> out}}"];
    t2 [label="{{<i0> forward}|Add|{<o0> forward}}"];
  }
  subgraph cluster_2 {
    label="stage 2\n1 replica";
    t3 [label="{{<i0> in 0|<i1> in 1}|End\n&amp;}"];
    t4 [label="{Last}"];
  }
"#;
    let stages = [
        Stage::new(1).depth(4).waiting(Waiting::Spin).cores(&[3]),
        Stage::new(2).replicas(2).pin(&[[0, 1].into_iter().collect(), Default::default()]),
        Stage::new(2),
    ];
    let text = small().to_dot_stages(&stages).unwrap();
    assert_eq!(text, format!("{nodes}{EDGES}"));
    draw(&text);
    let error = small().to_dot_stages(&stages[..2]);
    assert_eq!(error, Err(BuildError::StageTasks { expected: 5, got: 3 }));
    let error = small().to_dot_stages(&[Stage::new(usize::MAX), Stage::new(9)]);
    assert_eq!(error, Err(BuildError::StageTasks { expected: 5, got: usize::MAX }));
}

#[test]
fn loops_have_their_shape_and_number_their_paths() {
    let mut graph = Graph::new();
    let start = graph.source(iterate("Start", [0_u64]));
    let end = graph.repeat_times(start, 3, |graph, n| graph.forward(n, Add(1)));
    graph.task(end, map("End", |_: u64| Ok(())));
    let want = r#"digraph flow {
  node [shape=record];
  t0 [label="{Start|{<o0> out}}"];
  t1 [shape=invtrapezium, label="select"];
  t2 [shape=trapezium, label="branch"];
  t3 [label="{{<i0> forward}|Add|{<o0> forward}}"];
  t4 [label="{{<i0> in}|End}"];
  t3:o0 -> t1 [label="u64", headlabel="0"];
  t0:o0 -> t1 [label="u64", headlabel="1"];
  t1 -> t2 [label="u64"];
  t2 -> t3:i0 [label="u64", taillabel="0"];
  t2 -> t4:i0 [label="u64", taillabel="1"];
}
"#;
    assert_eq!(graph.to_dot(), want);
    draw(want);
}

#[test]
fn modules_are_numbered_and_open_inputs_shown() {
    struct Data;
    impl Module for Data {}
    let mut graph = Graph::new();
    let data = graph.module(Data);
    let (_input, weights) = graph.open::<f32>("weights");
    let sum = graph.codelet(data, "add", weights, |_, x: f32| Ok(x));
    // Bound in a circle, and only half a select.
    let (one, socket) = graph.open::<f32>("one");
    let (other, back) = graph.open::<f32>("other");
    graph.bind(back, one);
    graph.bind(socket.clone(), other);
    let Select { inputs, .. } = graph.select(2);
    graph.bind(sum, inputs.into_iter().next().unwrap());
    graph.task(socket, map("Turn", |_: f32| Ok(())));
    let text = graph.to_dot();
    let want = r#"digraph flow {
  node [shape=record];
  t0 [label="{{<i0> weights}|add\nmodule 0|{<o0> out}}"];
  t1 [shape=invtrapezium, label="select"];
  t2 [label="{{<i0> one}|Turn}"];
  s0 [shape=plaintext, label="weights is not bound"];
  s0 -> t0:i0 [label="f32", style=dotted];
  t0:o0 -> t1 [label="f32", headlabel="0"];
"#;
    assert!(text.starts_with(want), "{text}");
    assert!(text.contains("select input 1 is not bound") && text.contains("-> t2:i0"), "{text}");
    draw(&text);
}

/// Where Graphviz is there, it must understand the text.
fn draw(text: &str) {
    let dot = Command::new("dot").arg("-Tsvg").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
    let Ok(mut dot) = dot else {
        return skipped("Graphviz is not installed");
    };
    dot.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let output = dot.wait_with_output().unwrap();
    assert!(output.status.success(), "dot refuses:\n{text}");
    assert!(String::from_utf8_lossy(&output.stdout).contains("<svg"), "{text}");
}
