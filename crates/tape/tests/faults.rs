//! The property loop of differences fails for every operation of the registry and every fault that applies to it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use wengert_tape::check::{Checker, Fault, Faulty, Verdict};
use wengert_tape::ops::AnyOp;
use wengert_tape::prelude::*;
use wengert_tape::{Any, Arg, Args, Case, Kind, Op};

/// The cases of differentiable operations, away from kinks.
fn cases() -> impl Iterator<Item = (AnyOp, Case)> {
    let cases = AnyOp::registered_cases().into_iter().filter(|case| !case.kink);
    cases.filter_map(|case| Some((case.op.clone()?, case))).filter(|(op, case)| {
        let differentiable = (0..case.args.len()).any(|k| op.active(k) && case.args[k].as_real().is_some());
        differentiable && op.output() == Kind::Real
    })
}

/// Whether a fault makes any difference to the cotangents of a case. A transposed zero is still right.
fn matters(op: &AnyOp, fault: Fault, case: &Case) -> bool {
    let args: Vec<Arg<'_, Tensor>> = case.args.iter().map(Any::as_arg).collect();
    let y = Tensor::apply(op.clone(), &args).real();
    let g = y.map(|y| 1.0 + 0.3 * (y + 1.0).sin());
    let faulty = Faulty::new(op.clone(), fault);
    let g = Tensor::new(g.shape(), (0..g.len()).map(|i| g.data()[i] + 0.1 * (i as f64).sin()).collect());
    (0..args.len()).filter(|k| op.active(*k) && case.args[*k].as_real().is_some()).any(|k| {
        let right = op.vjp(k, g.clone(), Args(&args), &y);
        let wrong = faulty.vjp(k, g.clone(), Args(&args), &y);
        let size = right.data().iter().chain(wrong.data()).fold(0.0_f64, |m, x| m.max(x.abs()));
        right.data().iter().zip(wrong.data()).any(|(a, b)| (a - b).abs() > 1e-9 * size)
    })
}

/// The name of an operation's type.
fn kind(op: &AnyOp) -> String {
    format!("{op:?}").split(['(', ' ', '{']).next().unwrap_or_default().into()
}

#[test]
fn right_rules_pass_and_faulty_ones_fail() {
    let mut failures = String::new();
    // For each type of operation and each fault: in how many of its cases it applies.
    let mut applied: BTreeMap<String, BTreeMap<String, usize>> = BTreeMap::new();
    // The types with a cotangent other than 0. One that is 0 everywhere stays right when it is scaled, moved or cut.
    let mut moving: BTreeSet<String> = BTreeSet::new();
    for (op, case) in cases() {
        let report = Checker::new().report_op(op.clone(), &case.args).unwrap();
        if !matches!(report.verdict, Verdict::Pass) {
            writeln!(failures, "{}: {report}", case.label()).unwrap();
        }
        let row = applied.entry(kind(&op)).or_default();
        for fault in Fault::ALL {
            let count = row.entry(fault.name()).or_default();
            if !matters(&op, fault, &case) {
                continue;
            }
            moving.insert(kind(&op));
            *count += 1;
            let report = Checker::new().report_op(Faulty::new(op.clone(), fault), &case.args).unwrap();
            if report.verdict != Verdict::Fail || report.wrong_operations().next().is_none() {
                writeln!(failures, "{} with fault {}: {report}", case.label(), fault.name()).unwrap();
            }
        }
    }
    let mut table = String::new();
    for fault in Fault::ALL {
        let share = applied.values().filter(|row| row[&fault.name()] > 0).count();
        writeln!(table, "{:12} applies to {share} of {} operations", fault.name(), applied.len()).unwrap();
    }
    println!("{table}");
    for (op, row) in applied.iter().filter(|(op, _)| moving.contains(*op)) {
        let kinds = row.values().filter(|n| **n > 0).count();
        if kinds < 3 {
            writeln!(failures, "{op}: only {kinds} kinds of fault apply").unwrap();
        }
    }
    assert!(applied.len() > 35, "{} operations", applied.len());
    assert!(failures.is_empty(), "\n{failures}");
}
