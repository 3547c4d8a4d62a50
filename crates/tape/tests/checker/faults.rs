//! Every fault that applies to a rule is found, for every operation of the registry: alone, and in a graph of other
//! operations, where exactly the faulty one is named. What does not apply is declared in the operation's file.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::fmt::Write;

use wengert_tape::check::{Checker, Fault, Faulty, Verdict};
use wengert_tape::ops::AnyOp;
use wengert_tape::prelude::*;
use wengert_tape::{Algebra, Any, Arg, Args, Case, Kind, Lift, Op, Replay};

/// The cases of differentiable operations, away from kinks.
fn cases() -> impl Iterator<Item = (AnyOp, Case)> {
    let cases = AnyOp::registered_cases().into_iter().filter(|case| !case.kink);
    cases.filter_map(|case| Some((case.op.clone()?, case))).filter(|(op, case)| {
        let differentiable = (0..case.args.len()).any(|k| op.active(k) && case.args[k].as_real().is_some());
        differentiable && op.output() == Kind::Real
    })
}

/// Whether a fault makes any difference to the cotangents or tangents of a case. A transposed zero is still right.
fn matters(op: &AnyOp, fault: Fault, case: &Case) -> bool {
    let args: Vec<Arg<'_, Tensor>> = case.args.iter().map(Any::as_arg).collect();
    let y = Tensor::apply(op.clone(), &args).real();
    let g = y.map(|y| 1.0 + 0.3 * (y + 1.0).sin());
    let faulty = Faulty::new(op.clone(), fault);
    let g = Tensor::new(g.shape(), (0..g.len()).map(|i| g.data()[i] + 0.1 * (i as f64).sin()).collect());
    (0..args.len()).filter(|k| op.active(*k)).any(|k| {
        let Some(x) = case.args[k].as_real() else { return false };
        let (right, wrong) = match fault {
            Fault::Forward => {
                let d = x.map(|x| 1.0 + 0.5 * x.sin());
                (op.jvp(k, d.clone(), Args(&args), &y), faulty.jvp(k, d, Args(&args), &y))
            }
            _ => {
                // A cutoff is one of large cotangents.
                let g = if fault == Fault::Cutoff { &g * 10.0 } else { g.clone() };
                (op.vjp(k, g.clone(), Args(&args), &y), faulty.vjp(k, g, Args(&args), &y))
            }
        };
        let size = right.data().iter().chain(wrong.data()).fold(0.0_f64, |m, x| m.max(x.abs()));
        right.data().iter().zip(wrong.data()).any(|(a, b)| (a - b).abs() > 1e-9 * size)
    })
}

/// The name of an operation's type.
fn kind(op: &AnyOp) -> String {
    op.registered_name().unwrap_or("not registered").into()
}

/// For each type of operation the cases of it in which each fault makes a difference, the smallest first. Without those
/// whose cotangents are zero everywhere, such as rounding: scaled, moved or cut they stay right.
fn applied() -> BTreeMap<String, BTreeMap<String, Vec<(AnyOp, Fault, Case)>>> {
    let mut applied: BTreeMap<String, BTreeMap<String, Vec<_>>> = BTreeMap::new();
    for (op, case) in cases() {
        let row = applied.entry(kind(&op)).or_default();
        for fault in Fault::ALL {
            let of_fault = row.entry(fault.name()).or_default();
            if matters(&op, fault, &case) {
                of_fault.push((op.clone(), fault, case.clone()));
            }
        }
    }
    applied.retain(|op, row| {
        let moving = row.values().any(|cases| !cases.is_empty());
        if !moving {
            println!("{op}: its cotangents are zero");
        }
        moving
    });
    let size = |case: &Case| case.shapes().iter().map(|s| s.len_elements()).sum::<usize>();
    applied.values_mut().flat_map(BTreeMap::values_mut).for_each(|cases| cases.sort_by_key(|(.., case)| size(case)));
    applied
}

#[test]
fn what_does_not_apply_is_declared() {
    let (mut failures, applied) = (String::new(), applied());
    let mut immune: BTreeMap<String, Vec<(&str, &str)>> = BTreeMap::new();
    for (op, _) in cases() {
        immune.entry(kind(&op)).or_insert_with(|| op.immune().to_vec());
    }
    for (op, row) in &applied {
        for (fault, cases) in row {
            let declared = immune[op].iter().any(|(name, reason)| name == fault && !reason.is_empty());
            match (cases.is_empty(), declared) {
                (true, false) => writeln!(
                    failures,
                    "{op}: the fault `{fault}` makes no difference in any case: add a case, or say why in `immune`"
                ),
                (false, true) => writeln!(failures, "{op}: the fault `{fault}` makes a difference: not immune"),
                _ => Ok(()),
            }
            .unwrap();
        }
        let kinds = row.values().filter(|cases| !cases.is_empty()).count();
        if kinds < 3 {
            writeln!(failures, "{op}: only {kinds} kinds of fault apply").unwrap();
        }
    }
    let names = Fault::ALL.map(|fault| fault.name());
    let unknown = immune.iter().flat_map(|(op, list)| list.iter().map(move |(name, _)| (op, name)));
    for (op, name) in unknown.filter(|(_, name)| !names.iter().any(|known| known == *name)) {
        writeln!(failures, "{op}: immune against `{name}`, which is no fault").unwrap();
    }
    let all = applied.len();
    for name in &names {
        let applies = applied.values().filter(|row| !row[name].is_empty()).count();
        println!("{name:12} applies to {applies} of {all} operations, {} % are immune", 100 * (all - applies) / all);
    }
    assert!(all > 35, "{all} operations");
    assert!(failures.is_empty(), "\n{failures}");
}

#[test]
fn right_rules_pass_and_faulty_ones_fail() {
    let mut failures = String::new();
    for (op, case) in cases() {
        let report = Checker::new().report_op(op.clone(), &case.args).unwrap();
        if !matches!(report.verdict, Verdict::Pass) {
            writeln!(failures, "{}: {report}", case.label()).unwrap();
        }
    }
    for (op, fault, case) in applied().into_values().flat_map(BTreeMap::into_values).flatten() {
        let report = Checker::new().report_op(Faulty::new(op, fault), &case.args).unwrap();
        if report.verdict != Verdict::Fail || report.wrong_operations().next().is_none() {
            writeln!(failures, "{} with fault {}: {report}", case.label(), fault.name()).unwrap();
        }
    }
    assert!(failures.is_empty(), "\n{failures}");
}

/// The numbers of a case that are differentiated, halved: leaves of the graph below.
fn leaves(op: &AnyOp, case: &Case) -> Vec<Tensor> {
    let active = (0..case.args.len()).filter(|k| op.active(*k));
    active.filter_map(|k| Some(case.args[k].as_real()? * 0.5)).collect()
}

/// An operation in the middle of a graph of some twenty others; `line` becomes that of the operation.
fn graph(op: &AnyOp, case: &Case, leaves: &[Var], saturated: bool, line: &Cell<u32>) -> Var {
    let mut left = leaves.iter();
    let any = leaves[0];
    let before: Vec<Any<Var>> = (0..case.args.len())
        .map(|k| match &case.args[k] {
            // Halves times two are exact, so that the operation has the case's numbers.
            Any::Real(_) if op.active(k) => Any::Real(*left.next().unwrap() * 2.0),
            Any::Real(t) => Any::Real(Lift::constant(&any, t.clone())),
            Any::Index(i) => Any::Index(any.index(i.clone())),
            Any::Mask(m) => Any::Mask(any.mask(m.clone())),
        })
        .collect();
    let args: Vec<Arg<'_, Var>> = before.iter().map(Any::as_arg).collect();
    line.set(line!() + 1);
    let y = Var::apply(op.clone(), &args).real();
    let weights = (0..y.shape().len_elements()).map(|i| 0.7 + 0.2 * (i as f64).sin()).collect();
    let weighted = y * y.constant(Tensor::new(y.shape(), weights));
    let waves = (weighted * 0.3).sin() + weighted.tanh() * 0.7;
    let mut loss = ((waves * waves + 1.0).ln() * 1.5).sum() + (weighted * 0.1).sigmoid().sum();
    if saturated {
        // 40 and more: the slope of tanh is 0 there
        loss = (loss * loss + 40.0).tanh();
    }
    // The leaves reach the output on other ways too.
    leaves.iter().fold(loss, |loss, x| loss + (x.sin() + (*x * 0.5).tanh()).sum())
}

/// Runs a check on each operation, with each fault, in a graph, and counts how often exactly the faulty operation is
/// named.
fn named_in_graphs(saturated: bool, faults: &[Fault]) {
    let (mut failures, mut named, mut all) = (String::new(), 0, 0);
    for of_fault in applied().into_values().flat_map(BTreeMap::into_values) {
        let Some((op, fault, case)) = of_fault.into_iter().find(|(_, fault, _)| faults.contains(fault)) else {
            continue;
        };
        let faulty = AnyOp::new(Faulty::new(op.clone(), fault));
        let (line, nodes) = (Cell::new(0), Cell::new(0));
        let f = |x: Vec<Var>| {
            let loss = graph(&faulty, &case, &x, saturated, &line);
            nodes.set(Replay::of(loss).unwrap().len());
            loss
        };
        let report = Checker::new().report(f, &leaves(&op, &case)[..]).unwrap();
        let wrong: Vec<_> = report.wrong_operations().collect();
        let here = |line_of: Option<u32>| line_of == Some(line.get());
        let right = !wrong.is_empty() && wrong.iter().all(|o| here(o.line.map(|l| l.line())) && o.name == op.name());
        all += 1;
        named += usize::from(right && report.verdict == Verdict::Fail);
        if nodes.get() < 20 {
            writeln!(failures, "{}: a graph of {} nodes", case.label(), nodes.get()).unwrap();
        }
        if !right || report.verdict != Verdict::Fail {
            writeln!(failures, "{} with fault {}: {report}", case.label(), fault.name()).unwrap();
        }
    }
    println!("{named} of {all} faulty operations named");
    assert!(named * 100 >= all * 99 && all > 100, "{named} of {all} named\n{failures}");
}

#[test]
fn in_a_graph_the_faulty_operation_is_named() {
    named_in_graphs(false, &Fault::ALL);
}

#[test]
fn behind_a_saturated_operation_the_faulty_one_is_named() {
    named_in_graphs(true, &[Fault::Sign, Fault::Factor(2.0), Fault::OffByOne]);
}

#[test]
fn right_operations_in_graphs_pass() {
    let mut failures = String::new();
    for (op, _, case) in applied().into_values().filter_map(|row| row.into_values().flatten().next()) {
        let line = Cell::new(0);
        let f = |x: Vec<Var>| graph(&op, &case, &x, false, &line);
        let report = Checker::new().report(f, &leaves(&op, &case)[..]).unwrap();
        if report.verdict != Verdict::Pass {
            writeln!(failures, "{}: {report}", case.label()).unwrap();
        }
    }
    assert!(failures.is_empty(), "\n{failures}");
}
