//! A recorded graph as data: written, read, and run again.
#![cfg(feature = "json")]

use wengert_tape::ops::AnyOp;
use wengert_tape::prelude::*;
use wengert_tape::{Any, Arg, Kind, Op, Replay, Value};

/// The graph of an operation at a case's operands, numbers being leaves.
fn graph(op: &AnyOp, args: &[Value<f64>]) -> Option<Replay> {
    let tape = Tape::new();
    let operands: Vec<Any<Var>> = args
        .iter()
        .map(|a| match a {
            Any::Real(t) => Any::Real(tape.var(t.clone())),
            Any::Index(t) => Any::Index(tape.input(t.clone())),
            Any::Mask(t) => Any::Mask(tape.input(t.clone())),
        })
        .collect();
    let args: Vec<Arg<'_, Var>> = operands.iter().map(Any::as_arg).collect();
    match Var::apply(op.clone(), &args) {
        Any::Real(y) => Replay::of(y).ok(),
        _ => None,
    }
}

#[test]
fn every_operation_survives() {
    let mut failures = Vec::new();
    let mut count = 0;
    for case in AnyOp::registered_cases() {
        let Some(op) = case.op.as_ref().filter(|op| op.output() == Kind::Real) else { continue };
        let Some(replay) = graph(op, &case.args) else { continue };
        count += 1;
        let again = match replay.to_json().and_then(|text| Replay::<f64>::from_json(&text)) {
            Ok(again) => again,
            Err(e) => {
                failures.push(format!("{}: {e}", case.label()));
                continue;
            }
        };
        let same = |a: &Tensor, b: &Tensor| {
            a.shape() == b.shape() && a.data().iter().zip(b.data()).all(|(a, b)| a.to_bits() == b.to_bits())
        };
        let seed = Tensor::ones(replay.output().shape());
        let gradients = |r: &Replay| r.leaves().into_iter().map(|k| r.cotangents(seed.clone())[k].clone()).collect();
        let (a, b): (Vec<Option<Tensor>>, Vec<Option<Tensor>>) = (gradients(&replay), gradients(&again));
        let equal = a.iter().zip(&b).all(|pair| match pair {
            (Some(a), Some(b)) => same(a, b),
            (a, b) => a.is_none() && b.is_none(),
        });
        if !same(replay.output(), again.output()) || !equal {
            failures.push(format!("{}: other numbers", case.label()));
        }
    }
    assert!(count > 50, "{count} cases");
    assert!(failures.is_empty(), "\n{}", failures.join("\n"));
}

#[test]
fn numbers_that_json_does_not_have_survive() {
    let tape = Tape::new();
    let x = tape.var(Tensor::from([f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -0.0, 1.0 / 3.0]));
    let text = Replay::of(x.abs()).unwrap().to_json().unwrap();
    let again = Replay::<f64>::from_json(&text).unwrap();
    let Any::Real(x) = &again.values()[0] else { panic!("numbers") };
    let bits: Vec<u64> = x.data()[1..].iter().map(|x| x.to_bits()).collect();
    assert_eq!(bits, [f64::INFINITY, f64::NEG_INFINITY, -0.0, 1.0 / 3.0].map(f64::to_bits));
    assert!(x.data()[0].is_nan());
}

#[test]
fn a_file_is_read_in_another_float_type() {
    let tape = Tape::of::<f32>();
    let x = tape.scalar(1e-9);
    let text = Replay::of(Var::from((x + 1.0) - 1.0)).unwrap().to_json().unwrap();
    assert_eq!(Replay::<f32>::from_json(&text).unwrap().output().item(), 0.0);
    let wide = Replay::<f64>::from_json(&text).unwrap().output().item();
    // 10⁻⁹ was rounded to f32 when it was recorded, and 1 + 10⁻⁹ to f64 here.
    assert!((wide - 1e-9).abs() < 1e-16, "{wide}");
}

#[test]
fn what_is_not_a_graph_is_refused() {
    let file = |nodes: &str| format!(r#"{{"format": "wengert graph 1", "float": "f64", "nodes": [{nodes}]}}"#);
    let x = r#"{"node": "var", "shape": [2], "numbers": [1, 2]}"#;
    let m = r#"{"node": "input", "shape": [2], "truths": [true, false]}"#;
    let table = [
        ("no JSON".to_owned(), "expected"),
        (file(""), "there are no nodes"),
        (file(x).replace("graph 1", "graph 9"), "the format is `wengert graph 9`"),
        (file(r#"{"node": "var", "shape": [3], "numbers": [1, 2]}"#), "shape [3] has 3 elements"),
        (file(r#"{"node": "var", "shape": [1], "numbers": ["much"]}"#), "`much` is not a number"),
        (
            file(&format!(r#"{x}, {{"node": "op", "op": "Sorcery", "operands": [0]}}"#)),
            "there is no operation `Sorcery`",
        ),
        (
            file(&format!(r#"{x}, {{"node": "op", "op": "Tanh", "operands": [1]}}"#)),
            "operand 1 does not stand before it",
        ),
        (
            file(&format!(r#"{x}, {{"node": "op", "op": "Add", "operands": [0]}}"#)),
            "add: it takes numbers, numbers; given are numbers",
        ),
        (
            file(&format!(r#"{x}, {{"node": "op", "op": "Tanh", "operands": []}}"#)),
            "tanh: it takes numbers; given are nothing",
        ),
        (
            file(&format!(r#"{x}, {m}, {{"node": "op", "op": "Add", "operands": [0, 1]}}"#)),
            "add: it takes numbers, numbers; given are numbers, truth values",
        ),
        (file(&format!(r#"{x}, {{"node": "op", "op": "Powi", "operands": [0]}}"#)), "`Powi`"),
        (file(&format!(r#"{x}, {{"node": "op", "op": "MatMul", "operands": [0, 0]}}"#)), "matmul"),
    ];
    for (text, expected) in table {
        let error = Replay::<f64>::from_json(&text).unwrap_err().to_string();
        assert!(error.contains(expected), "{text}\n{error}");
    }
}
