//! Every operation that does not act element by element: values, gradients and tangents with arguments from 1e-25 to 1e25 in `f32`
//! against the same operation in `f64`, whose range is far wider; and with arguments of 1e±150 in `f64` against what is known of
//! functions that are homogeneous: `f(s x) = sᵈ f(x)`.

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

/// The arguments with those numbers changed that belong to one of `which`.
fn changed(case: &Case, which: &[usize], by: impl Fn(f64) -> f64) -> Vec<Value<f64>> {
    let change = |(k, value): (usize, &Value<f64>)| match value {
        Any::Real(t) if which.contains(&k) => Any::Real(t.map(&by)),
        other => other.clone(),
    };
    case.args.iter().enumerate().map(change).collect()
}

/// The same, each number as an `f32` has it.
fn in_single(values: &[Value<f64>]) -> Vec<Value<f64>> {
    let round = |value: &Value<f64>| match value {
        Any::Real(t) => Any::Real(t.map(|x| f64::from(x as f32))),
        other => other.clone(),
    };
    values.iter().map(round).collect()
}

/// The cases of operations that are looked at here, with the arguments of numbers, and those that have a derivative.
fn cases() -> impl Iterator<Item = (Case, AnyOp, Vec<usize>, Vec<usize>)> {
    AnyOp::registered_cases().into_iter().filter_map(|case| {
        let op = case.op.clone()?;
        let numbers: Vec<usize> = (0..case.args.len()).filter(|k| case.args[*k].as_real().is_some()).collect();
        let active = numbers.iter().copied().filter(|k| op.active(*k)).collect();
        let is_looked_at = !case.kink && op.output() == Kind::Real && !elementwise(&op) && !numbers.is_empty();
        is_looked_at.then_some((case, op, numbers, active))
    })
}

/// Whether the operation refuses these arguments.
fn refuses(op: &AnyOp, values: &[Value<f64>]) -> bool {
    op.check(Args(&values.iter().map(Any::as_arg).collect::<Vec<_>>())).is_err()
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
    let (mut out, mut compared) = (String::new(), 0);
    for (case, op, numbers, active) in cases() {
        for (which, scale) in scales(&op, &numbers) {
            let values = in_single(&changed(&case, &which, |x| x * scale));
            let near = moved(&values);
            if refuses(&op, &values) || refuses(&op, &near) {
                continue;
            }
            let expected = evaluate::<f64>(&op, &values, &active);
            if !is_held(&expected[0].1) {
                continue;
            }
            let (found, near) = (evaluate::<f32>(&op, &values, &active), evaluate::<f64>(&op, &near, &active));
            for (((what, found), (_, expected)), (_, near)) in found.iter().zip(&expected).zip(&near) {
                if !is_held(expected) {
                    continue;
                }
                compared += 1;
                if let Some(wrong) = compare(found, expected, near) {
                    writeln!(out, "  {} with {which:?} times {scale:e}, {what}: {wrong}", case.label()).unwrap();
                }
            }
        }
    }
    assert!(compared > 2000, "{compared}");
    assert!(out.is_empty(), "\n{out}");
}

/// Two powers of two at which a function is looked at to see whether it is homogeneous, and how far the arguments are brought then:
/// to about 1e±150, where no product of three is a number.
const NEAR: [i32; 2] = [8, 16];
const FAR: [i32; 2] = [498, -498];

/// The whole number `d` for which `far` is `2^(power · d)` times `one`, if there is one; 0 of zeros.
fn degree(one: &Tensor<f64>, far: &Tensor<f64>, power: i32) -> Option<i32> {
    if largest(one) == 0.0 && largest(far) == 0.0 {
        return Some(0);
    }
    let d = ((largest(far) / largest(one)).log2() / f64::from(power)).round();
    let d = d.is_finite().then_some(d as i32)?;
    let scale = 2f64.powi(power * d);
    let bar = 1e-10 * largest(far);
    one.data().iter().zip(far.data()).all(|(a, b)| (a * scale - b).abs() <= bar).then_some(d)
}

#[test]
fn in_f64_where_the_degree_is_known() {
    let (mut out, mut compared) = (String::new(), 0);
    for (case, op, numbers, active) in cases() {
        let each = active.iter().map(|k| vec![*k]);
        for which in each.chain([numbers.clone()]) {
            let at = |power: i32| {
                let values = changed(&case, &which, |x| x * 2f64.powi(power));
                (!refuses(&op, &values)).then(|| evaluate::<f64>(&op, &values, &active))
            };
            let (Some(one), [Some(near), Some(nearer)]) = (at(0), NEAR.map(at)) else { continue };
            let degrees: Vec<Option<i32>> = (0..one.len())
                .map(|k| {
                    let d = degree(&one[k].1, &near[k].1, NEAR[0])?;
                    (degree(&one[k].1, &nearer[k].1, NEAR[1]) == Some(d)).then_some(d)
                })
                .collect();
            for power in FAR {
                let expected = |k: usize| -> Option<Tensor<f64>> {
                    // In two steps, since the power alone may be no number.
                    let half = 2f64.powi(power / 2 * degrees[k]?);
                    let expected = one[k].1.map(|x| x * half * half);
                    let held = |(x, y): (&f64, &f64)| x.abs() < f64::MAX / 8.0 && (*x == 0.0) == (*y == 0.0);
                    let normal = expected.data().iter().all(|x| *x == 0.0 || x.abs() > 1e-290);
                    (normal && expected.data().iter().zip(one[k].1.data()).all(held)).then_some(expected)
                };
                if expected(0).is_none() {
                    continue;
                }
                let Some(found) = at(power) else {
                    writeln!(out, "  {} with {which:?} times 2^{power}: refused", case.label()).unwrap();
                    continue;
                };
                for (k, (what, found)) in found.iter().enumerate() {
                    let Some(expected) = expected(k) else { continue };
                    compared += 1;
                    let bar = 1e-9 * largest(&expected);
                    let pairs = || found.data().iter().zip(expected.data());
                    if let Some((found, right)) = pairs().find(|(a, b)| !((**a - **b).abs() <= bar)) {
                        let label = case.label();
                        writeln!(
                            out,
                            "  {label} with {which:?} times 2^{power}, {what}: {found:e} instead of {right:e}"
                        )
                        .unwrap();
                    }
                }
            }
        }
    }
    assert!(out.is_empty(), "\n{out}");
    assert!(compared > 1000, "{compared} comparisons");
}
