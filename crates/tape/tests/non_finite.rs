//! NaN and infinity: where they came from, and that what was not taken leaks none.

use wengert_tape::prelude::*;
use wengert_tape::{Elementwise, OnNonFinite, ops};

/// Functions that are not finite, or whose derivative is not, where the choice drops them.
fn dropped() -> Vec<(&'static str, fn(Var) -> Var)> {
    vec![
        ("ln", |x| select(x.greater(0.0), &x.ln(), x)),
        ("sqrt", |x| select(x.greater(0.0), &x.sqrt(), x)),
        ("1/x", |x| select(x.greater(0.0), &(1.0 / x), x)),
        ("pow", |x| select(x.greater(0.0), &x.powf(0.3), x)),
        ("ln of sqrt", |x| select(x.greater(0.0), &x.sqrt().ln(), x)),
        ("x ln x", |x| select(x.greater(0.0), &(x * x.ln()), 0.0)),
    ]
}

#[test]
fn a_choice_never_leaks_from_the_branch_not_taken() {
    let mut failures = Vec::new();
    let x0 = Tensor::from([2.0, 0.0, -1.5]);
    for (name, f) in dropped() {
        let tape = Tape::new();
        let x = tape.var(x0.clone());
        let numbers = f(x).sum().backward()[x].clone();
        let recorded = f(x).sum().backward_recorded()[x];
        let second = (recorded * recorded).sum().backward();
        let twice = second.get(x).cloned().unwrap_or_else(|_| Tensor::zeros([3]));
        let product = hvp(|x: Var| f(x).sum(), &x0, &Tensor::from([1.0, 2.0, 3.0])).unwrap();
        let (_, tangent) = jvp(f, &x0, &Tensor::from([1.0, 0.0, 0.0])).unwrap();
        for (mode, found) in
            [("numbers", &numbers), ("recorded", &recorded.value()), ("second order", &twice), ("hvp", &product)]
        {
            if !found.data().iter().all(|g| g.is_finite()) {
                failures.push(format!("{name}, {mode}: {found}"));
            }
        }
        if !tangent.data()[0].is_finite() || tangent.data()[1..].iter().any(|d| *d != 0.0) {
            failures.push(format!("{name}, tangent: {tangent}"));
        }
        if numbers != recorded.value() {
            failures.push(format!("{name}: {numbers} on numbers, {} recorded", recorded.value()));
        }
    }
    assert!(failures.is_empty(), "\n{}", failures.join("\n"));
}

#[test]
fn scalars_and_tensors_are_named_alike() {
    let tape = Tape::new();
    let a = tape.scalar(0.0);
    let (line, y) = (line!(), a.ln() + 1.0);
    let found = tape.first_non_finite().unwrap().unwrap();
    assert_eq!((found.op.as_str(), found.cause.as_str(), found.value), ("ln", "ln of 0", f64::NEG_INFINITY));
    assert_eq!(found.line.unwrap().line(), line);
    assert!(y.try_backward().is_ok(), "the policy is off");
    tape.on_non_finite(OnNonFinite::Error);
    let error = y.try_backward().unwrap_err().to_string();
    assert!(error.contains("ln (") && error.contains("value -inf: ln of 0"), "{error}");
}

#[test]
fn what_came_from_outside_is_named_so() {
    let tape = Tape::new();
    tape.on_non_finite(OnNonFinite::Error);
    let x = tape.input(Tensor::from([[1.0, f64::NAN]]));
    let w = tape.var(Tensor::from([[1.0], [2.0]]));
    let error = x.matmul(w).sum().try_backward().unwrap_err().to_string();
    assert!(error.contains("input (") && error.contains("value NaN at [0, 1]: it was given"), "{error}");
}

#[test]
fn a_sum_that_overflows_says_how_large_its_operands_are() {
    let tape = Tape::of::<f32>();
    tape.on_non_finite(OnNonFinite::Error);
    let half = 2.0_f32.powi(127);
    let x = tape.var(Tensor::from([half, half]));
    let error = x.sum().try_backward().unwrap_err().to_string();
    assert!(error.contains("operand 0 of shape [2] is finite, its largest magnitude 1.7014118346046923e38"), "{error}");
}

#[test]
fn the_rule_that_made_a_gradient_infinite_is_named() {
    let tape = Tape::new();
    tape.on_non_finite(OnNonFinite::Error);
    let x = tape.var(Tensor::from([4.0, 0.0]));
    let (line, y) = (line!(), x.sqrt());
    let error = (y * 2.0).sum().try_backward().unwrap_err().to_string();
    assert!(error.contains("gradient of operand 0 is inf at [1]: sqrt of 0"), "{error}");
    assert!(error.contains(&format!("non_finite.rs:{line}:")), "{error}");
    // A gradient-only tape has no graph to look at, and says so.
    let fast = Tape::gradient_only::<f64>();
    fast.on_non_finite(OnNonFinite::Error);
    let a = fast.scalar(0.0);
    assert!(matches!(a.sqrt().try_backward(), Err(Error::NoGraph { .. })));
    // A tape that was cleared keeps its policy.
    let mut tape = tape;
    tape.clear();
    assert!(tape.scalar(0.0).ln().try_backward().is_err());
}

#[test]
fn zero_absorbs_what_it_meets_in_the_chain_rule_alone() {
    let product = |g: f64, p: f64| Scalar::constant(g).value() * p;
    assert!(product(0.0, f64::INFINITY).is_nan());
    let tape = Tape::new();
    let (g, p) = (tape.var(Tensor::from([0.0, 2.0])), tape.constant(Tensor::from([f64::INFINITY, 3.0])));
    let y = Var::pointwise(ops::Chain, [&g, &p]);
    assert_eq!(y.value().data(), [0.0, 6.0]);
    assert!((g * p).value().data()[0].is_nan());
}
