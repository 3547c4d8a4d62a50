//! Formulas written down are what the operations compute.

use wengert_tape::ops::AnyOp;
use wengert_tape::prelude::*;
use wengert_tape::{Any, Arg, Args, Formula, Num, Number, Op, Real, Term, try_with};

/// The value of a formula at some numbers, term by term.
fn value(formula: &Formula, x: &[f64], y: f64) -> f64 {
    let mut made: Vec<Num<f64>> = Vec::new();
    for term in &formula.terms {
        made.push(match term {
            Term::Argument(k) => Num(x[*k]),
            Term::Value => Num(y),
            Term::Number(x) => Num(*x),
            Term::Apply(function, operands) => {
                let operands: Vec<Num<f64>> = operands.iter().map(|k| made[*k]).collect();
                apply(function, &operands)
            }
        });
    }
    made.pop().expect("a formula has terms").0
}

fn apply(function: &str, x: &[Num<f64>]) -> Num<f64> {
    let truth = |holds: bool| Num(f64::from(u8::from(holds)));
    match (function, x) {
        ("add", [a, b]) => *a + *b,
        ("sub", [a, b]) => *a - *b,
        ("mul", [a, b]) => *a * *b,
        ("div", [a, b]) => *a / *b,
        ("neg", [a]) => -*a,
        ("chain", [a, b]) => a.chain(*b),
        ("exp", [a]) => a.exp(),
        ("ln", [a]) => a.ln(),
        ("sqrt", [a]) => a.sqrt(),
        ("sin", [a]) => a.sin(),
        ("cos", [a]) => a.cos(),
        ("sinh", [a]) => a.sinh(),
        ("cosh", [a]) => a.cosh(),
        ("erf", [a]) => a.erf(),
        ("erfc", [a]) => a.erfc(),
        ("polygamma", [a, order]) => a.polygamma(order.0 as u32),
        ("floor", [a]) => a.floor(),
        ("sigmoid", [a]) => a.sigmoid(),
        ("pow", [a, b]) => a.pow(*b),
        ("powf", [a, exponent]) => a.powf(exponent.0),
        ("powi", [a, n]) => a.powi(n.0 as i32),
        ("lt", [a, b]) => truth(Real::lt(*a, *b)),
        ("le", [a, b]) => truth(Real::le(*a, *b)),
        ("eq", [a, b]) => truth(Real::eq(*a, *b)),
        ("select", [mask, a, b]) => {
            if mask.0 == 0.0 {
                *b
            } else {
                *a
            }
        }
        ("exp_m1", [a]) => a.exp_m1(),
        ("ln_1p", [a]) => a.ln_1p(),
        ("exp2", [a]) => a.exp2(),
        ("log2", [a]) => a.log2(),
        ("log10", [a]) => a.log10(),
        ("cbrt", [a]) => a.cbrt(),
        ("tan", [a]) => a.tan(),
        ("asin", [a]) => a.asin(),
        ("acos", [a]) => a.acos(),
        ("atan", [a]) => a.atan(),
        ("atan2", [a, b]) => a.atan2(*b),
        ("tanh", [a]) => a.tanh(),
        ("asinh", [a]) => a.asinh(),
        ("acosh", [a]) => a.acosh(),
        ("atanh", [a]) => a.atanh(),
        ("erfinv", [a]) => a.erfinv(),
        ("lgamma", [a]) => a.lgamma(),
        ("abs", [a]) => a.abs(),
        ("ceil", [a]) => a.ceil(),
        ("round", [a]) => a.round(),
        ("trunc", [a]) => a.trunc(),
        ("fmod", [a, b]) => a.fmod(*b),
        ("hypot", [a, b]) => a.hypot(*b),
        _ => panic!("{function} of {} is no function of numbers", x.len()),
    }
}

/// Every case of every operation that acts element by element, at its kinks too: value and derivatives, and terms each of which is
/// used.
#[test]
fn a_formula_written_down_is_what_the_operation_computes() {
    let (mut wrong, mut tried) = (Vec::new(), 0);
    let near = |a: f64, b: f64| a == b || a.is_nan() && b.is_nan() || (a - b).abs() <= 1e-13 * b.abs().max(1e-3);
    for case in AnyOp::registered_cases() {
        let Some(op) = &case.op else { continue };
        let Some(formulas) = op.formulas() else { continue };
        let args: Vec<Tensor> = case.args.iter().map(|arg| arg.clone().real()).collect();
        if args.iter().any(|arg| arg.is_empty()) || args.iter().any(|arg| arg.shape() != args[0].shape()) {
            continue;
        }
        let operands: Vec<Arg<'_, Tensor>> = args.iter().map(Arg::Real).collect();
        let Any::Real(y) = op.forward(Args(&operands)) else { continue };
        tried += 1;
        for element in 0..y.len() {
            let x: Vec<f64> = args.iter().map(|arg| arg.data()[element]).collect();
            let (found, due) = (value(&formulas.value, &x, f64::NAN), y.data()[element]);
            if !near(found, due) {
                wrong.push(format!("{op:?} of {x:?}: {found} in place of {due}"));
            }
        }
        for (arg, partial) in formulas.partials.iter().enumerate().filter(|(arg, _)| op.active(*arg)) {
            let ones = Tensor::full(y.shape().clone(), 1.0);
            let Ok(g) = try_with(|| op.vjp(arg, ones, Args(&operands), &y)) else { continue };
            for element in 0..y.len() {
                let x: Vec<f64> = args.iter().map(|arg| arg.data()[element]).collect();
                let (found, due) = (value(partial, &x, y.data()[element]), g.data()[element]);
                if !near(found, due) {
                    wrong.push(format!("{op:?} of {x:?} by operand {arg}: {found} in place of {due}"));
                }
            }
        }
        for formula in [&formulas.value].into_iter().chain(&formulas.partials) {
            let mut used: Vec<bool> = formula.terms.iter().map(|_| false).collect();
            *used.last_mut().expect("a formula has terms") = true;
            for term in &formula.terms {
                if let Term::Apply(_, operands) = term {
                    operands.iter().for_each(|k| used[*k] = true);
                }
            }
            if used.contains(&false) {
                wrong.push(format!("{op:?}: a term that nothing is made of: {formula:?}"));
            }
        }
    }
    assert!(tried > 150, "{tried} cases");
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}
