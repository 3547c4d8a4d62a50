//! Every operation that does not act element by element, with arguments from 1e-25 to 1e25 in `f32` against the same operation in
//! `f64`, whose range is far wider: values, gradients and tangents.

use std::fmt::Write;

use wengert_tape::ops::AnyOp;
use wengert_tape::prelude::*;
use wengert_tape::{Algebra, Any, Arg, Args, Case, Kind, Op, Stored, Value};

/// The sizes that one argument is brought to.
const SCALES: [f64; 5] = [1e-25, 1e-12, 1.0, 1e12, 1e25];
/// The sizes that all are brought to: products of three are numbers of an `f32` still.
const SCALES_OF_ALL: [f64; 2] = [1e-12, 1e12];

/// The operations that have a row in `ends.jsonl` are compared there.
fn elementwise(op: &AnyOp) -> bool {
    AnyOp::named().iter().any(|named| named.name == op.name())
}

/// The arguments in `F`.
fn given<F: Float>(values: &[Value<f64>]) -> Vec<Value<F>> {
    let given = |value: &Value<f64>| match value {
        Any::Real(t) => Any::Real(t.cast::<F>()),
        Any::Index(t) => Any::Index(t.clone()),
        Any::Mask(t) => Any::Mask(t.clone()),
    };
    values.iter().map(given).collect()
}

/// The value, the gradient of its sum with weights by each active argument, and its tangent along each.
fn evaluate<F: Float>(op: &AnyOp, values: &[Value<f64>], active: &[usize]) -> Vec<(String, Tensor<f64>)>
where
    i64: Stored<F>,
    bool: Stored<F>,
{
    let (tape, values) = (Tape::of::<F>(), given::<F>(values));
    let recorded: Vec<Any<Var<F>>> = values
        .iter()
        .enumerate()
        .map(|(k, value)| match value {
            Any::Real(t) if active.contains(&k) => Any::Real(tape.var(t.clone())),
            Any::Real(t) => Any::Real(tape.input(t.clone())),
            Any::Index(t) => Any::Index(tape.input(t.clone())),
            Any::Mask(t) => Any::Mask(tape.input(t.clone())),
        })
        .collect();
    let y = Var::apply(op.clone(), &recorded.iter().map(Any::as_arg).collect::<Vec<_>>()).real();
    let mut found = vec![("value".to_string(), y.value().cast())];
    if active.is_empty() {
        return found;
    }
    // far from what a rule maps to 0, such as equal numbers
    let weight = |i: usize| F::from_f64(f64::from((1.3 * i as f64 + 0.4).sin() as f32) + 0.25);
    let weights = |n: usize| (0..n).map(weight).collect::<Vec<F>>();
    let g = y.backward_from(Tensor::new(y.shape(), weights(y.shape().len_elements()))).unwrap();
    for k in active {
        found.push((format!("gradient {k}"), g[recorded[*k].clone().real()].cast()));
        let args: Vec<Arg<'_, Tensor<F>>> = values.iter().map(Any::as_arg).collect();
        let direction = Tensor::new(args[*k].shape(), weights(args[*k].shape().len_elements()));
        found.push((format!("tangent {k}"), op.jvp(*k, direction, Args(&args), &y.value()).cast()));
    }
    found
}

/// The arguments with those of numbers that `which` names times `scale`, each a number of `f32`.
fn scaled(case: &Case, which: &[usize], scale: f64) -> Vec<Value<f64>> {
    let scaled = |(k, value): (usize, &Value<f64>)| match value {
        Any::Real(t) if which.contains(&k) => Any::Real(t.map(|x| f64::from((x * scale) as f32))),
        Any::Real(t) => Any::Real(t.map(|x| f64::from(x as f32))),
        other => other.clone(),
    };
    case.args.iter().enumerate().map(scaled).collect()
}

/// The arguments, each number moved by about a rounding of an `f32`.
fn moved(values: &[Value<f64>]) -> Vec<Value<f64>> {
    let moved = |value: &Value<f64>| match value {
        Any::Real(t) => {
            let sign = |i: usize| (37.0 * (i + 1) as f64).sin();
            let data = t.data().iter().enumerate().map(|(i, x)| x * (1.0 + 2.0 * f64::from(f32::EPSILON) * sign(i)));
            Any::Real(Tensor::new(t.shape(), data.collect()))
        }
        other => other.clone(),
    };
    values.iter().map(moved).collect()
}

fn largest(t: &Tensor<f64>) -> f64 {
    t.data().iter().fold(0.0, |m: f64, x| m.max(x.abs()))
}

/// Where the numbers of `f32` are not those of `f64`, to some hundred roundings of the largest, or to what roundings of the
/// arguments change.
fn compare(found: &Tensor<f64>, expected: &Tensor<f64>, moved: &Tensor<f64>) -> Option<String> {
    let change = expected.data().iter().zip(moved.data()).fold(0.0, |m: f64, (a, b)| m.max((a - b).abs()));
    let bar = 500.0 * f64::from(f32::EPSILON) * largest(expected) + 100.0 * change + 1e-36;
    let wrong = |(found, expected): &(&f64, &f64)| !((**found - **expected).abs() <= bar);
    let (found, expected) = found.data().iter().zip(expected.data()).find(wrong)?;
    Some(format!("{found:e} instead of {expected:e} ± {bar:e}"))
}

/// Whether it, and what is made of it, are numbers of an `f32`.
fn is_held(t: &Tensor<f64>) -> bool {
    t.data().iter().all(|x| x.abs() < f64::from(f32::MAX) / 8.0)
}

/// Which arguments are scaled, and by what. An argument of numbers that has no derivative belongs to another, as its size does: then
/// all are scaled together.
fn scales(op: &AnyOp, numbers: &[usize]) -> Vec<(Vec<usize>, f64)> {
    let apart = numbers.iter().all(|k| op.active(*k));
    let each = numbers.iter().filter(|_| apart).flat_map(|k| SCALES.map(|scale| (vec![*k], scale)));
    let all = SCALES_OF_ALL.map(|scale| (numbers.to_vec(), scale));
    each.chain(all).collect()
}

#[test]
fn in_f32_against_f64() {
    let mut out = String::new();
    for case in AnyOp::registered_cases() {
        let op = case.op.clone().unwrap();
        let numbers: Vec<usize> = (0..case.args.len()).filter(|k| case.args[*k].as_real().is_some()).collect();
        if case.kink || op.output() != Kind::Real || elementwise(&op) || numbers.is_empty() {
            continue;
        }
        let active: Vec<usize> = numbers.iter().copied().filter(|k| op.active(*k)).collect();
        for (which, scale) in scales(&op, &numbers) {
            let values = scaled(&case, &which, scale);
            let near = moved(&values);
            let refused =
                |values: &[Value<f64>]| op.check(Args(&values.iter().map(Any::as_arg).collect::<Vec<_>>())).is_err();
            if refused(&values) || refused(&near) {
                continue;
            }
            let expected = evaluate::<f64>(&op, &values, &active);
            if !is_held(&expected[0].1) {
                continue;
            }
            let (found, near) = (evaluate::<f32>(&op, &values, &active), evaluate::<f64>(&op, &near, &active));
            for (((what, found), (_, expected)), (_, near)) in found.iter().zip(&expected).zip(&near) {
                let wrong = if is_held(expected) { compare(found, expected, near) } else { None };
                if let Some(wrong) = wrong {
                    writeln!(out, "  {} with {which:?} times {scale:e}, {what}: {wrong}", case.label()).unwrap();
                }
            }
        }
    }
    assert!(out.is_empty(), "\n{out}");
}
