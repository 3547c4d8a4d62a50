//! Every operation that acts element by element, at the ends of the number range.
//!
//! In `f64` from 1e-300 to 1e300 against `tests/reference/ends.jsonl`, which mpmath wrote with 60 digits; in `f32` from 1e-30 to
//! 1e30 against the same operation in `f64`. An operation of the registry that the file lacks fails.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

use wengert_tape::ops::AnyOp;
use wengert_tape::prelude::*;
use wengert_tape::{Algebra, Arg, Args, Op};

/// Arguments, the value, and the derivatives.
struct Row {
    args: Vec<f64>,
    value: f64,
    slopes: Vec<f64>,
}

fn numbers(text: &str) -> Vec<f64> {
    text.split_whitespace().map(|x| x.parse().unwrap()).collect()
}

/// The rows of each operation, with the number that sets it apart.
fn reference() -> BTreeMap<String, Vec<(Option<f64>, Vec<Row>)>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/reference/ends.jsonl");
    let mut all = BTreeMap::<String, Vec<_>>::new();
    for line in std::fs::read_to_string(path).unwrap().lines() {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        let rows = line["rows"].as_array().unwrap().iter().map(|row| {
            let (args, rest) = row.as_str().unwrap().split_once("->").unwrap();
            let (value, slopes) = rest.split_once(':').unwrap();
            Row { args: numbers(args), value: numbers(value)[0], slopes: numbers(slopes) }
        });
        let name = line["op"].as_str().unwrap().to_string();
        all.entry(name).or_default().push((line["attribute"].as_f64(), rows.collect()));
    }
    all
}

/// The value of an operation at some numbers, and its derivatives backwards and forwards.
fn evaluate<F: Float>(op: &AnyOp, args: &[f64]) -> (f64, Vec<[f64; 2]>) {
    let args: Vec<Tensor<F>> = args.iter().map(|x| Tensor::from(F::from_f64(*x))).collect();
    let given: Vec<_> = args.iter().map(Arg::Real).collect();
    let y = Tensor::<F>::apply(op.clone(), &given).real();
    let item = |t: Tensor<F>| Float::to_f64(t.item());
    let one = Tensor::from(F::one());
    let slope = |k: usize| {
        let (back, forth) = (op.vjp(k, one.clone(), Args(&given), &y), op.jvp(k, one.clone(), Args(&given), &y));
        [item(back), item(forth)]
    };
    let slopes = (0..args.len()).map(slope).collect();
    (item(y), slopes)
}

/// Whether two numbers are the same to some digits, or to what is nothing beside 1 in that number type.
fn same(found: f64, expected: f64, tolerance: f64, nothing: f64) -> bool {
    found == expected
        || found.is_nan() && expected.is_nan()
        || (found - expected).abs() <= tolerance * expected.abs() + nothing
}

#[test]
fn in_f64_against_sixty_digits() {
    let reference = reference();
    let mut out = String::new();
    for named in AnyOp::named() {
        let Some(versions) = reference.get(named.name) else {
            writeln!(out, "  {}: tests/reference/ends.py lacks it", named.name).unwrap();
            continue;
        };
        for (attribute, rows) in versions {
            let op = (named.make)(attribute.or(named.attribute).unwrap_or(0.0)).unwrap();
            for Row { args, value, slopes } in rows {
                let (found, found_slopes) = evaluate::<f64>(&op, args);
                // Where there is no number, there is none to compare with.
                if !value.is_nan() && !same(found, *value, 1e-13, 1e-320) {
                    writeln!(out, "  {op:?}{args:?}: {found} instead of {value}").unwrap();
                }
                for (k, (found, expected)) in found_slopes.iter().zip(slopes).enumerate() {
                    let right = found.iter().all(|found| same(*found, *expected, 1e-12, 1e-320));
                    if !value.is_nan() && !expected.is_nan() && !right {
                        writeln!(out, "  {op:?}{args:?} by {k}: {found:?} instead of {expected}").unwrap();
                    }
                }
            }
        }
    }
    assert!(out.is_empty(), "\n{out}");
}

#[test]
fn in_f32_against_f64() {
    // of no two is the product near 1, whose difference from 1 an f32 does not hold
    let sizes = [4e-30, 3e-20, 1e-10, 2e-5, 0.3, 3.0, 20.0, 1e5, 5e10, 1e20, 1e30];
    let points: Vec<f64> = sizes.iter().flat_map(|x| [*x, -*x]).map(|x| f64::from(x as f32)).collect();
    let mut out = String::new();
    for named in AnyOp::named() {
        let op = (named.make)(named.attribute.unwrap_or(0.0)).unwrap();
        // as many arguments as it has, each of all points, or of every third one if there are three
        let few: Vec<f64> = points.iter().copied().step_by(if named.operands == 3 { 3 } else { 1 }).collect();
        let mut all = vec![Vec::new()];
        for _ in 0..named.operands {
            all = all.iter().flat_map(|args| few.iter().map(|x| [&args[..], &[*x]].concat())).collect();
        }
        for args in all {
            let given = args.iter().map(|x| Tensor::from(*x)).collect::<Vec<Tensor>>();
            if op.check(Args(&given.iter().map(Arg::Real).collect::<Vec<_>>())).is_err() {
                continue; // bounds in the wrong order
            }
            let ((found, found_slopes), (expected, slopes)) =
                (evaluate::<f32>(&op, &args), evaluate::<f64>(&op, &args));
            let mut note = |what: String, found: f64, expected: f64| {
                // what an f32 holds of it
                let expected = f64::from(expected as f32);
                if !same(found, expected, 1e-5, 1e-37) {
                    writeln!(out, "  {op:?}{args:?}{what}: {found} instead of {expected}").unwrap();
                }
            };
            note(String::new(), found, expected);
            for (k, (found, expected)) in found_slopes.iter().zip(&slopes).enumerate() {
                note(format!(" by {k}"), found[0], expected[0]);
                note(format!(" by {k} forwards"), found[1], expected[1]);
            }
        }
    }
    assert!(out.is_empty(), "\n{out}");
}
