//! The table of operations in the documentation is what the registry says.
//!
//! Run with `WENGERT_BLESS=1` to write it anew.

use std::fmt::Write;

use wengert_tape::ops::{AnyFunction, AnyOp};
use wengert_tape::prelude::*;
use wengert_tape::{Any, Arg, Args, Case, Kind, Op, Text, Value};

const PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/ops.md");

/// The arguments by name: `a`, `b`, `c`; positions `i`, masks `m`.
fn named(case: &Case) -> Vec<Any<Text>> {
    let name = |k: usize| match &case.args[k] {
        Any::Real(_) => ["a", "b", "c", "d", "e"][k],
        Any::Index(_) => "i",
        Any::Mask(_) => "m",
    };
    (0..case.args.len())
        .map(|k| {
            let text = Text::new(name(k), &case.shapes()[k]);
            match &case.args[k] {
                Any::Real(_) => Any::Real(text),
                Any::Index(_) => Any::Index(text),
                Any::Mask(_) => Any::Mask(text),
            }
        })
        .collect()
}

fn args<A: Algebra>(values: &[Any<A>]) -> Vec<Arg<'_, A>> {
    values.iter().map(Any::as_arg).collect()
}

/// What each argument's cotangent is, by the rule itself.
fn rule(op: &AnyOp, case: &Case) -> String {
    let texts = named(case);
    let Any::Real(y) = Text::apply(op.clone(), &args(&texts)) else { return "none".into() };
    let active: Vec<usize> = (0..texts.len()).filter(|k| op.active(*k) && matches!(texts[*k], Any::Real(_))).collect();
    if active.is_empty() {
        return "none".into();
    }
    active
        .iter()
        .map(|k| {
            let g = op.vjp(*k, Text::new("g", y.shape()), Args(&args(&texts)), &Text::new("y", y.shape()));
            format!("{}: `{g}`", ["a", "b", "c", "d", "e"][*k])
        })
        .collect::<Vec<_>>()
        .join("<br>")
}

fn row(op: &AnyOp, case: &Case) -> String {
    let texts = named(case);
    let operands = args(&texts);
    let formula = match Text::apply(op.clone(), &operands) {
        Any::Real(t) | Any::Index(t) | Any::Mask(t) => t,
    };
    let shapes: Vec<String> = case.shapes().iter().map(ToString::to_string).collect();
    let refs: Vec<_> = case.shapes();
    let y = op.shape(&refs.iter().collect::<Vec<_>>()).unwrap();
    let kind = match op.output() {
        Kind::Real => "",
        Kind::Index => " (positions)",
        Kind::Mask => " (mask)",
    };
    let flops = op.flops(&refs.iter().collect::<Vec<_>>(), &y);
    let kinks = if op.at_kinks().is_empty() { "smooth" } else { op.at_kinks() };
    let kinks = if rule(op, case) == "none" { "no derivative" } else { kinks };
    // A bar would end the cell.
    let (formula, rule) = (formula.to_string().replace('|', "\\|"), rule(op, case).replace('|', "\\|"));
    format!("| {} | `{formula}` | {rule} | {} → {y}{kind} | {kinks} | {flops} |", op.name(), shapes.join(", "))
}

fn table() -> String {
    let mut text = String::from(
        "# Operations\n\nWritten by the registry; `crates/tape/tests/ops_table.rs` keeps it true. The cotangent of each \
         argument is printed by the derivative rule itself, from the cotangent `g` and the value `y`, for the sample \
         shapes beside it. Cost is in floating point operations for those shapes.\n\n\
         | operation | formula | cotangents | sample shapes | where there is no derivative | cost |\n\
         | --- | --- | --- | --- | --- | --- |\n",
    );
    let mut last = String::new();
    for case in AnyOp::registered_cases().iter().filter(|c| !c.kink) {
        let op = case.op.as_ref().unwrap();
        if op.name() != last {
            last = op.name();
            writeln!(text, "{}", row(op, case)).unwrap();
        }
    }
    text.push_str(
        "\n## Functions composed of them\n\n| function | what it is | sample shapes |\n| --- | --- | --- |\n",
    );
    let mut last = "";
    for (f, case) in AnyFunction::registered_cases() {
        let (name, what) = f.describe();
        if name != last {
            last = name;
            let shapes: Vec<String> = case.shapes().iter().map(ToString::to_string).collect();
            let values: Vec<Value<f64>> = case.args.clone();
            let y = f.call(Args(&args(&values)));
            writeln!(text, "| {name} | `{what}` | {} → {} |", shapes.join(", "), y.shape()).unwrap();
        }
    }
    text
}

#[test]
fn the_table_of_operations_is_true() {
    let table = table();
    if std::env::var_os("WENGERT_BLESS").is_some() {
        std::fs::write(PATH, &table).unwrap();
    }
    let written = std::fs::read_to_string(PATH).unwrap_or_default();
    assert!(written == table, "docs/ops.md is not what the registry says; run this test with WENGERT_BLESS=1");
}
