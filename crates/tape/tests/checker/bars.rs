//! Error bars are honest: the derivative of the function that was meant lies within them, however the numbers were lost,
//! and what disagrees with it by more than a part in a million does not pass.

use std::fmt::Write;

use wengert_tape::check::{Checker, Report, Verdict};
use wengert_tape::ops::CrossEntropy;
use wengert_tape::prelude::*;

/// Name, function of a number, point, derivative of the function that is meant.
type Row = (&'static str, fn(Scalar) -> Scalar, f64, f64);

/// Functions that lose digits inside.
const RECORDED: &[Row] = &[
    ("sin(x) + 10⁴ − 10⁴", |x| (x.sin() + 1e4) - 1e4, 0.7, 0.764_842_187_284_488_4),
    ("sin(x + 10⁸ − 10⁸)", |x| ((x + 1e8) - 1e8).sin(), 0.7, 0.764_842_187_284_488_4),
    ("sin(x + 10¹² − 10¹²)", |x| ((x + 1e12) - 1e12).sin(), 0.7, 0.764_842_187_284_488_4),
    ("sin(x + 10¹⁴ − 10¹⁴)", |x| ((x + 1e14) - 1e14).sin(), 0.7, 0.764_842_187_284_488_4),
    ("sin(x + 10¹⁵ − 10¹⁵)", |x| ((x + 1e15) - 1e15).sin(), 0.7, 0.764_842_187_284_488_4),
    ("sin(x + 10¹⁶ − 10¹⁶)", |x| ((x + 1e16) - 1e16).sin(), 0.7, 0.764_842_187_284_488_4),
    ("cos(x + 10¹⁶ − 10¹⁶)", |x| ((x + 1e16) - 1e16).cos(), 0.7, -0.644_217_687_237_691),
    ("exp(x + 10¹⁶ − 10¹⁶)", |x| ((x + 1e16) - 1e16).exp(), 0.7, 2.013_752_707_470_476_6),
    ("(x + 10¹⁵ − 10¹⁵)²", |x| ((x + 1e15) - 1e15).powi(2), 0.7, 1.4),
    ("(x · 10¹⁶ + 1 − x · 10¹⁶) · x", |x| ((x * 1e16 + 1.0) - x * 1e16) * x, 0.7, 1.0),
    ("x³ behind 10²⁰", |x| (x.powi(3) + 1e20) - 1e20, 0.7, 1.47),
];

/// Functions of which nothing is known inside.
type Opaque = (&'static str, fn(f64) -> f64, f64, f64);

const OPAQUE: &[Opaque] = &[
    ("sin(x + 10¹² − 10¹²)", |x| ((x + 1e12) - 1e12).sin(), 0.7, 0.764_842_187_284_488_4),
    ("sin(x + 10¹⁴ − 10¹⁴)", |x| ((x + 1e14) - 1e14).sin(), 0.7, 0.764_842_187_284_488_4),
    ("sin(x + 10¹⁵ − 10¹⁵)", |x| ((x + 1e15) - 1e15).sin(), 0.7, 0.764_842_187_284_488_4),
    ("sin of thousandths", |x| ((x * 1e3).round() * 1e-3).sin(), 0.7, 0.764_842_187_284_488_4),
    ("sin of millionths", |x| ((x * 1e6).round() * 1e-6).sin(), 0.7, 0.764_842_187_284_488_4),
    ("sin in f32", |x| f64::from((x as f32).sin()), 0.7, 0.764_842_187_284_488_4),
    ("noise of 10⁻⁸", |x| x.sin() + 1e-8 * (x * 1e15).sin(), 0.7, 0.764_842_187_284_488_4),
    ("√ at a hair from its edge", |x| (x - 1.0).sqrt(), 1.0 + 1e-12, 499_977.776_336_176_26),
    ("ln at a hair from its edge", |x| (x - 1.0).ln(), 1.0 + 1e-12, 999_911_107_320.270_1),
    ("arcsine at a hair from its edge", |x: f64| x.asin(), 1.0 - 1e-12, 707_114.602_525_468_6),
];

/// Whether the report is honest about a derivative that is `truth`.
fn judge(name: &str, report: &Report, truth: f64, out: &mut String) {
    let e = &report.elements[0];
    // The truth itself is known to the digits that it is written with.
    if !((truth - e.numeric).abs() <= e.bar * (1.0 + 1e-9) + 1e-15 * truth.abs()) {
        writeln!(out, "{name}: {truth} is not in the bar: {report}").unwrap();
    }
    if (e.analytic - truth).abs() > 1e-6 * truth.abs() && e.verdict <= Verdict::Kink {
        writeln!(out, "{name}: passes, {} off: {report}", e.analytic - truth).unwrap();
    }
    // Digits that can be trusted are digits of the truth.
    let promised = 0.5 * 10f64.powi(1 - e.digits() as i32) * e.numeric.abs().max(e.analytic.abs());
    if e.digits() > 0 && (e.numeric - truth).abs() > promised {
        writeln!(out, "{name}: {} digits are promised: {report}", e.digits()).unwrap();
    }
}

#[test]
fn the_derivative_that_is_meant_is_within_the_bar() {
    let mut failures = String::new();
    for (name, f, x, truth) in RECORDED {
        judge(name, &Checker::new().report(f, *x).unwrap(), *truth, &mut failures);
    }
    for (name, f, x, truth) in OPAQUE {
        let claims = |claimed: f64| Checker::new().report_pair(|x| f(x[0]), |_| vec![claimed], &[*x]).unwrap();
        let right = claims(*truth);
        judge(name, &right, *truth, &mut failures);
        if right.verdict == Verdict::Fail {
            writeln!(failures, "{name}: what is right fails: {right}").unwrap();
        }
        for wrong in [0.0, -truth, 2.0 * truth, 1.01 * truth] {
            let report = claims(wrong);
            if report.verdict <= Verdict::Kink {
                writeln!(failures, "{name}: {wrong} passes: {report}").unwrap();
            }
        }
    }
    assert!(failures.is_empty(), "\n{failures}");
}

#[test]
fn where_no_digit_is_left_none_is_promised() {
    let report = Checker::new().report(|x: Scalar| ((x + 1e16) - 1e16).sin(), 0.7).unwrap();
    assert_eq!((report.verdict, report.elements[0].digits()), (Verdict::CannotTell, 0), "{report}");
    let report = Checker::new().report(|x: Scalar| ((x + 1e15) - 1e15).sin(), 0.7).unwrap();
    assert_eq!((report.verdict, report.elements[0].digits()), (Verdict::CannotTell, 0), "{report}");
}

#[test]
fn a_value_that_stops_gradients_is_held_still() {
    // y = stop(x) · x: by PyTorch's and JAX's differences, which move both, the gradient x is wrong.
    let x = Tensor::from([0.3, -1.7]);
    let report = check_gradients(|x: Var| (x.stop_gradient() * x).sum(), &x).unwrap();
    assert_eq!(report.verdict, Verdict::Pass, "{report}");
    assert!(report.to_string().contains("`stop_gradient`"), "{report}");
    // What is wrong beside it is still found.
    let wrong = |x: Var| (x.stop_gradient() * x + x * x.value()).sum();
    let report = Checker::new().report(wrong, &x).unwrap();
    assert_eq!(
        report.verdict,
        Verdict::Pass,
        "a number that left the tape is not seen in a replay, and the report says so"
    );
    assert!(report.unchecked.iter().any(|u| u.contains("numbers do that leave the tape")), "{report}");
}

#[test]
fn small_derivatives_of_a_smooth_model_pass() {
    let drawn = |rows: usize, columns: usize, step: f64| {
        Tensor::new([rows, columns], (0..rows * columns).map(|i| (1.0 + step * i as f64).sin()).collect())
    };
    let (x, w, v) = (drawn(6, 12, 1.7), drawn(12, 16, 2.3), drawn(16, 7, 0.9));
    let classes = Tensor::from([0_i64, 3, 6, 2, 5, 1]);
    let f = |(x, w, v): (Var, Var, Var)| {
        x.matmul(w).tanh().matmul(v).cross_entropy(classes.clone(), &CrossEntropy::default())
    };
    let report = Checker::new().report(f, (x, w, v)).unwrap();
    assert_eq!(report.verdict, Verdict::Pass, "{report}");
}
