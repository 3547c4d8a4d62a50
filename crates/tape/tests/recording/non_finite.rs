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

/// What a sweep under [`OnNonFinite::Error`] says of a function; nothing, if it is allowed.
fn refused(f: impl Fn(Var) -> Var, x: Tensor) -> Option<String> {
    let tape = Tape::new();
    tape.on_non_finite(OnNonFinite::Error);
    let y = f(tape.var(x));
    let (plain, recorded) = (y.try_backward().map(drop), y.try_backward_recorded().map(drop));
    let text = |e: Result<(), Error>| e.err().map(|e| e.to_string());
    let (plain, recorded) = (text(plain), text(recorded));
    assert_eq!(plain, recorded, "a recorded sweep is under the same policy");
    plain
}

/// A harmless infinity before it hides no real one: the branch not taken, after any number of operations, in any position.
#[test]
fn every_find_is_looked_at() {
    let x = || Tensor::from([4.0, 0.0, -1.0]);
    let untaken: [(&str, fn(Var) -> Var); 5] = [
        ("select", |x| select(x.greater(0.0), &x.ln(), 0.0)),
        ("chain", |x| select(x.greater(0.0), &((x.ln() * 2.0).sin() + 1.0), 0.0)),
        ("masked_select", |x| x.ln().masked_select(x.greater(0.0)).sum() * x),
        ("slice", |x| x.ln().slice(0, ..1).sum() * x),
        ("gather", |x| x.ln().index_select(0, Tensor::from([0, 0])).sum() * x),
    ];
    let mut failures = Vec::new();
    for (name, f) in untaken {
        if let Some(error) = refused(|x| f(x).sum(), x()) {
            failures.push(format!("{name} alone: {error}"));
        }
        let both = refused(|x| f(x).sum() + (x * 1e200 * 1e200).sum(), x());
        if !both.as_ref().is_some_and(|e| e.contains("mul (") && e.contains("value inf at [0]")) {
            failures.push(format!("{name} before an overflow: {both:?}"));
        }
    }
    // The same values, taken.
    let taken: [(&str, fn(Var) -> Var, &str); 4] = [
        ("select", |x| select(x.greater(-2.0), &x.ln(), 0.0), "value -inf at [1]: ln of 0"),
        ("masked_select", |x| x.ln().masked_select(x.greater(-0.5)), "value -inf at [1]: ln of 0"),
        ("the second of two", |x| select(x.less(-0.5), &x.ln(), 0.0), "value NaN at [2]: ln of -1"),
        ("used twice", |x| select(x.greater(0.0), &x.ln(), 0.0) + x.ln() * 1e-3, "value -inf at [1]: ln of 0"),
    ];
    for (name, f, expected) in taken {
        let found = refused(|x| f(x).sum(), x());
        if !found.as_ref().is_some_and(|e| e.contains(expected) && !e.contains("not taken")) {
            failures.push(format!("{name}: {found:?}, not {expected}"));
        }
    }
    assert!(failures.is_empty(), "\n{}", failures.join("\n"));
}

/// Masking with −∞ is no mistake, however it is written; NaN and an overflow beside it are.
#[test]
fn a_mask_of_minus_infinity_is_allowed() {
    let inf = f64::NEG_INFINITY;
    let scores = || Tensor::from([[1.0, 2.0, 3.0], [0.5, -1.0, 0.0]]);
    let mask = || Tensor::from([[true, false, true], [false, true, true]]);
    let additive = || Tensor::from([[0.0, -f64::INFINITY, 0.0], [-f64::INFINITY, 0.0, 0.0]]);
    let weights = || Tensor::from([[1.0, -2.0, 0.5], [3.0, 1.0, 2.0]]);
    let masked: [(&str, Box<dyn Fn(Var) -> Var>); 5] = [
        ("select", Box::new(move |x| select(mask(), &x, inf))),
        ("masked_fill", Box::new(move |x| x.masked_fill(mask(), inf))),
        ("added constant", Box::new(move |x| x + additive())),
        ("scaled", Box::new(move |x| (x + additive()) * 0.5)),
        ("-∞ alone", Box::new(move |x| x + x.constant(additive()))),
    ];
    let mut failures = Vec::new();
    for (name, f) in &masked {
        let softmax = refused(|x| (f(x).softmax(1) * weights()).sum(), scores());
        let lse = refused(|x| f(x).log_sum_exp(1).sum(), scores());
        failures.extend([softmax, lse].into_iter().flatten().map(|e| format!("{name}: {e}")));
        let overflow = refused(|x| ((f(x) * 1e200).softmax(1) * weights()).sum() + (x * 1e300 * 1e300).sum(), scores());
        if !overflow.as_ref().is_some_and(|e| e.contains("value inf at [0, 0]: mul of")) {
            failures.push(format!("{name} beside an overflow: {overflow:?}"));
        }
        // A NaN of two infinities is one, and so is an output that is infinite.
        let nan = refused(|x| (f(x) - f(x)).exp().sum(), scores());
        if !nan.as_ref().is_some_and(|e| e.contains("sub (") && e.contains("value NaN")) {
            failures.push(format!("{name}, ∞ − ∞: {nan:?}"));
        }
        let output = refused(|x| f(x).sum(), scores());
        if !output.as_ref().is_some_and(|e| e.contains("value -inf at [0, ")) {
            failures.push(format!("{name}, as the output: {output:?}"));
        }
    }
    assert!(failures.is_empty(), "\n{}", failures.join("\n"));
    // Of an input, too; and one element that an operation made beside it is still found.
    let tape = Tape::new();
    tape.on_non_finite(OnNonFinite::Error);
    let (x, m) = (tape.var(scores()), tape.input(additive()));
    ((x + m).softmax(1) * weights()).sum().try_backward().unwrap();
    let made = tape.var(Tensor::from([f64::NEG_INFINITY, 0.0])).exp().reciprocal();
    let error = made.sum().try_backward().unwrap_err().to_string();
    assert!(error.contains("value inf at [0]: reciprocal of 0"), "{error}");
}

/// The cause names what the number was made of, and in few digits.
#[test]
fn the_cause_is_the_cause() {
    let huge = || Tensor::from([[1.0, 1e300], [2.0, 4.0]]);
    let product = refused(|x| x.matmul(x * 1e8).sum(), huge()).unwrap();
    assert!(product.contains("operand 0 of shape [2, 2] is finite, its largest magnitude 1e300"), "{product}");
    assert!(!product.contains("matmul of"), "{product}");
    let square = refused(|x| (x * x).sum(), huge()).unwrap();
    assert!(square.ends_with("value inf at [0, 1]: mul of 1e300 and 1e300"), "{square}");
    let small = refused(|x| (1.0 / x).sum(), Tensor::from([1e-310, 1.0])).unwrap();
    assert!(small.contains("of 1 and 1e-310") && small.len() < 200, "{small}");
    // A sum of cotangents that are finite each.
    let sum = refused(|x| (x * 1.5e308).sum() + (x * 1.2e308).sum(), Tensor::from([1e-3])).unwrap();
    assert!(sum.contains("gradient of operand 0 is inf at [0]: the sum over several uses"), "{sum}");
    // On numbers as on tensors.
    let tape = Tape::new();
    tape.on_non_finite(OnNonFinite::Error);
    let a = tape.scalar(1e300);
    let error = (a * a).try_backward().unwrap_err().to_string();
    assert!(error.ends_with("value inf: mul of 1e300 and 1e300"), "{error}");
}
