//! What PyTorch and JAX say: values, gradients and second-order products of the cases in `tests/reference/`.
//!
//! `tests/reference/README.md` says how cases are made and how to add a family.

mod convolution;
mod einsum;
mod elementwise;
mod linalg;
mod losses;
mod reductions;
mod sample;
mod shapes;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use sample::{Array, Sample, cotangent, weight};
use serde_json::Value;
use wengert_tape::prelude::*;
use wengert_tape::{Any, Tape, Var};

/// The families, each with its table.
const FAMILIES: &[(&str, &[Row])] = &[
    ("elementwise", elementwise::TABLE),
    ("losses", losses::TABLE),
    ("reductions", reductions::TABLE),
    ("convolution", convolution::TABLE),
    ("einsum", einsum::TABLE),
    ("linalg", linalg::TABLE),
    ("shapes", shapes::TABLE),
];

/// An entry by the name that users call, and the call.
pub(crate) type Row = (&'static str, fn(&Sample, &Inputs) -> Vec<Any<Var>>);

/// The inputs of a case on a tape. Each kind has its own name: `x.real(0)`, `x.index(1)`, `x.mask(0)`.
pub(crate) struct Inputs(Vec<Any<Var>>);

impl Inputs {
    pub(crate) fn real(&self, k: usize) -> Var {
        self.0[k].clone().real()
    }
    pub(crate) fn index(&self, k: usize) -> Var<f64, i64> {
        self.0[k].clone().index()
    }
    pub(crate) fn mask(&self, k: usize) -> Var<f64, bool> {
        self.0[k].clone().mask()
    }
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }
}

/// One output of numbers.
pub(crate) fn real(y: Var) -> Vec<Any<Var>> {
    vec![Any::Real(y)]
}

/// One output of positions.
pub(crate) fn index(y: Var<f64, i64>) -> Vec<Any<Var>> {
    vec![Any::Index(y)]
}

/// One output of truth values.
pub(crate) fn mask(y: Var<f64, bool>) -> Vec<Any<Var>> {
    vec![Any::Mask(y)]
}

/// The file of a family: its cases, without the first line, which says what made them.
fn samples(family: &str) -> Vec<Sample> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../../tests/reference/{family}.jsonl"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    text.lines().skip(1).map(Sample::read).collect()
}

/// The bounds looser than 1e-10 that files of operations declare, with their reasons:
/// `// reference bound: NAME 1e-8: REASON`.
fn declared_bounds() -> BTreeMap<String, f64> {
    let mut bounds = BTreeMap::new();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/ops");
    let mut folders = vec![folder];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let text = std::fs::read_to_string(&path).unwrap();
            for line in text.lines().filter_map(|l| l.trim().strip_prefix("// reference bound: ")) {
                let (what, reason) = line.split_once(": ").unwrap_or((line, ""));
                let (name, bound) = what.split_once(' ').unwrap_or((what, ""));
                let bound: f64 = bound.parse().unwrap_or_else(|_| panic!("{}: {line}", path.display()));
                assert!(bound > 1e-10 && bound <= 1e-6, "{name}: a bound of {bound}");
                assert!(reason.len() > 10, "{name}: no reason for its bound");
                bounds.insert(name.to_owned(), bound);
            }
        }
    }
    bounds
}

/// Compares two arrays; appends what differs.
fn compare(what: &str, found: &Array, expected: &Array, bound: f64, out: &mut String) {
    match (found, expected) {
        (Any::Real(f), Any::Real(e)) if f.shape() == e.shape() => {
            // Relative to each element; an element that is small beside the others is as good as they are.
            let largest = e.data().iter().filter(|x| x.is_finite()).fold(0.0_f64, |m, x| m.max(x.abs()));
            let scale = if largest == 0.0 { 1.0 } else { largest.min(1.0) };
            for (i, (f, e)) in f.data().iter().zip(e.data()).enumerate() {
                let same = f == e || f.is_nan() && e.is_nan();
                let near = e.is_finite() && (f - e).abs() <= bound * e.abs().max(scale);
                if !same && !near {
                    writeln!(out, "  {what}, element {i}: {f:?} instead of {e:?}").unwrap();
                }
            }
        }
        (Any::Index(f), Any::Index(e)) if f == e => {}
        (Any::Mask(f), Any::Mask(e)) if f == e => {}
        _ => writeln!(out, "  {what}: {found:?} instead of {expected:?}").unwrap(),
    }
}

/// The value of a recorded output.
fn value(y: &Any<Var>) -> Array {
    match y {
        Any::Real(y) => Any::Real(y.value()),
        Any::Index(y) => Any::Index(y.value()),
        Any::Mask(y) => Any::Mask(y.value()),
    }
}

/// What a case gets wrong.
fn check(sample: &Sample, call: fn(&Sample, &Inputs) -> Vec<Any<Var>>, bound: f64) -> String {
    let mut out = String::new();
    let tape = Tape::new();
    let active: Vec<usize> = sample.active();
    let inputs: Vec<Any<Var>> = sample
        .inputs
        .iter()
        .enumerate()
        .map(|(k, x)| match x {
            Any::Real(t) if active.contains(&k) => Any::Real(tape.var(t.clone())),
            Any::Real(t) => Any::Real(tape.input(t.clone())),
            Any::Index(t) => Any::Index(tape.input(t.clone())),
            Any::Mask(t) => Any::Mask(tape.input(t.clone())),
        })
        .collect();
    let leaf = |k: usize| inputs[k].clone().real();
    let inputs = Inputs(inputs.clone());
    let outputs = call(sample, &inputs);
    if outputs.len() != sample.outputs.len() {
        return format!("  {} outputs instead of {}\n", outputs.len(), sample.outputs.len());
    }
    for (k, (y, expected)) in outputs.iter().zip(&sample.outputs).enumerate() {
        compare(&format!("output {k}"), &value(y), expected, bound, &mut out);
    }
    if active.is_empty() || !out.is_empty() {
        return out;
    }
    let parts = outputs.iter().enumerate().filter_map(|(k, y)| match y {
        Any::Real(y) => Some((*y * cotangent(&y.shape(), k)).sum()),
        _ => None,
    });
    let s = parts.fold(None, |sum: Option<Var>, part| Some(sum.map_or(part, |sum| sum + part)));
    let s = s.expect("an output of numbers");
    let gradients = s.try_backward_recorded().ok();
    let gradient = |k: usize| gradients.as_ref().and_then(|g| g.get(leaf(k)).ok().copied());
    let zeros = |k: usize| Tensor::zeros(leaf(k).shape());
    for k in &active {
        let found = gradient(*k).map_or_else(|| zeros(*k), |g| g.value());
        let expected = sample.gradients[*k].as_ref().unwrap();
        compare(&format!("gradient by input {k}"), &Any::Real(found), expected, bound, &mut out);
    }
    // The sweep over plain numbers gives the same.
    if let Ok(numeric) = s.try_backward() {
        for k in &active {
            let Ok(found) = numeric.get(leaf(*k)) else { continue };
            let expected = sample.gradients[*k].as_ref().unwrap();
            compare(&format!("numeric gradient by input {k}"), &Any::Real(found.clone()), expected, bound, &mut out);
        }
    }
    if sample.second.is_empty() || !out.is_empty() {
        return out;
    }
    let parts = active.iter().filter_map(|k| gradient(*k).map(|g| (g * weight(&g.shape(), *k)).sum()));
    let t = parts.fold(None, |sum: Option<Var>, part| Some(sum.map_or(part, |sum| sum + part)));
    let second = t.and_then(|t| t.try_backward().ok());
    for k in &active {
        let found = second.as_ref().and_then(|g| g.get(leaf(*k)).ok().cloned()).unwrap_or_else(|| zeros(*k));
        let expected = sample.second[*k].as_ref().unwrap();
        compare(&format!("second-order product by input {k}"), &Any::Real(found), expected, bound, &mut out);
    }
    out
}

#[test]
fn values_gradients_and_second_order_products_agree_with_pytorch_and_jax() {
    let bounds = declared_bounds();
    let (mut failures, mut count, mut decided) = (String::new(), 0, String::new());
    for (family, table) in FAMILIES {
        for sample in samples(family) {
            count += 1;
            let Some((_, call)) = table.iter().find(|(name, _)| *name == sample.entry) else {
                writeln!(failures, "{family}: {} is not in the table", sample.entry).unwrap();
                continue;
            };
            let bound = bounds.get(&sample.entry).copied().unwrap_or(1e-10);
            let found = catch_unwind(AssertUnwindSafe(|| check(&sample, *call, bound))).unwrap_or_else(|panic| {
                let message = panic.downcast_ref::<String>().cloned().unwrap_or_default();
                format!("  panic: {message}\n")
            });
            if !found.is_empty() {
                writeln!(failures, "{family}: {}\n{found}", sample.label()).unwrap();
            }
            if let Some(because) = &sample.because {
                writeln!(decided, "{}: {because}", sample.label()).unwrap();
            }
        }
    }
    println!("{count} cases\nwhere we decide otherwise:\n{decided}");
    assert!(failures.is_empty(), "\n{failures}");
}

#[test]
fn every_entry_has_six_cases_two_values_of_each_attribute_and_an_edge() {
    let mut failures = String::new();
    let mut entries = 0;
    for (family, table) in FAMILIES {
        let samples = samples(family);
        entries += table.len();
        for (name, _) in *table {
            let cases: Vec<&Sample> = samples.iter().filter(|s| s.entry == *name).collect();
            println!("{family}: {name}: {} cases", cases.len());
            if cases.len() < 6 {
                writeln!(failures, "{family}: {name}: {} cases, 6 are asked", cases.len()).unwrap();
            }
            if cases.iter().all(|s| s.edge.is_none()) {
                writeln!(failures, "{family}: {name}: no edge").unwrap();
            }
            let names: BTreeSet<&String> = cases.iter().flat_map(|s| s.attributes.keys()).collect();
            for attribute in names {
                // An attribute that a case leaves out has its usual value there, which is one.
                let values: BTreeSet<String> =
                    cases.iter().map(|s| s.attributes.get(attribute).unwrap_or(&Value::Null).to_string()).collect();
                if values.len() < 2 {
                    writeln!(failures, "{family}: {name}: one value of `{attribute}`, {values:?}").unwrap();
                }
            }
        }
    }
    let loose = declared_bounds();
    if loose.len() * 20 > entries {
        writeln!(failures, "{} of {entries} entries have a loose bound, at most 5 % may: {loose:?}", loose.len())
            .unwrap();
    }
    assert!(failures.is_empty(), "\n{failures}");
}
