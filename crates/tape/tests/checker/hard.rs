//! Functions chosen to mislead a checker, as closures of which nothing is known inside, each with a right gradient and
//! with wrong ones; and the cases of `tests/reference/checkers.py`, on which the checkers of PyTorch and JAX err.

use std::fmt::Write;

use Verdict::{CannotTell, Fail, Kink, Pass};
use wengert_tape::check::{Checker, Report, Verdict};

const DOCS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/check-your-gradients.md");

fn claims(f: fn(f64) -> f64, x: f64, derivative: f64) -> Report {
    Checker::new().report_pair(|x| f(x[0]), |_| vec![derivative], &[x]).unwrap()
}

/// What it is, function, point, right derivative, verdict on that, verdict on wrong ones.
type Row = (&'static str, fn(f64) -> f64, f64, f64, Verdict, Verdict);

/// Where the verdict on wrong ones is "cannot tell", a wrong one that is far off may still fail.
const HARD: &[Row] = &[
    // nearly flat
    ("a power of 21 at 0.01", |x| x.powi(21), 0.01, 2.1e-39, Pass, Fail),
    ("exp(−1/x²) at 0.05", |x| (-1.0 / (x * x)).exp(), 0.05, 3.064_271_354_742_408_3e-170, Pass, Fail),
    ("exp(−1/x²) at 0", |x| if x == 0.0 { 0.0 } else { (-1.0 / (x * x)).exp() }, 0.0, 0.0, Pass, Fail),
    ("a constant", |_| 3.0, 0.7, 0.0, Pass, Fail),
    ("dead until a corner", |x| (x - 0.75).max(0.0), 0.7, 0.0, Pass, Fail),
    // huge and tiny
    ("near the largest number", |x| 2.0 * x, 8e307, 2.0, Pass, Fail),
    ("a square that nearly overflows", |x| x * x, 1.2e154, 2.4e154, Pass, Fail),
    ("below the smallest normal number", |x| 3.0 * x, 1e-310, 3.0, Pass, CannotTell),
    ("a value of few digits", |x| 1e-310 * x, 0.7, 1e-310, CannotTell, CannotTell),
    ("a root of 10⁻³⁰⁰", f64::sqrt, 1e-300, 5e149, Pass, Fail),
    ("a logarithm of 10⁻³⁰⁰", f64::ln, 1e-300, 1e300, Pass, Fail),
    // oscillating
    ("a wave of 10⁶", |x| (1e6 * x).sin(), 0.9, 0.0, Pass, CannotTell),
    ("a ripple on a slope", |x| x + 1e-4 * (1e4 * x).sin(), 0.9, 0.0, Pass, Fail),
    ("a ripple of 10⁹ on a slope", |x| x + 1e-9 * (1e9 * x).sin(), 0.9, 0.0, CannotTell, CannotTell),
    ("x² sin(1/x) at 0.001", |x| x * x * (1.0 / x).sin(), 1e-3, 0.0, Pass, Fail),
    ("x² sin(1/x) at 0", |x| if x == 0.0 { 0.0 } else { x * x * (1.0 / x).sin() }, 0.0, 0.0, Pass, Fail),
    (
        "a wave in step with its point",
        |x| (64.0 * std::f64::consts::TAU * x).sin(),
        1.0,
        402.123_859_659_493_6,
        Pass,
        Fail,
    ),
    // kinks and where they are near
    ("|x − 1| a billionth beside", |x| (x - 1.0).abs(), 1.0 + 1e-9, 1.0, Pass, Fail),
    ("|x − 1| 10⁻¹² beside", |x| (x - 1.0).abs(), 1.0 + 1e-12, 1.0, Pass, Fail),
    ("|x − 1| 10⁻¹⁴ beside", |x| (x - 1.0).abs(), 1.0 + 1e-14, 1.0, Kink, Fail),
    ("|x − 1| at 1", |x| (x - 1.0).abs(), 1.0, 0.5, Kink, Fail),
    ("a weak corner", |x| x * x + 1e-4 * (x - 1.0).abs(), 1.0, 2.0, Kink, Fail),
    ("a cusp", |x| x.abs().powf(2.0 / 3.0), 0.0, 0.0, CannotTell, CannotTell),
    // one-sided domains
    ("a root of 10⁻¹²", f64::sqrt, 1e-12, 5e5, Pass, Fail),
    ("a root a millionth from its edge", |x| (x - 1.0).sqrt(), 1.0 + 1e-6, 500.000_000_02, Pass, Fail),
    ("a root 10⁻¹² from its edge", |x| (x - 1.0).sqrt(), 1.0 + 1e-12, 499_977.776, CannotTell, CannotTell),
    ("a root at its edge", f64::sqrt, 0.0, f64::INFINITY, CannotTell, CannotTell),
    ("a smooth end of the domain", |x| if x < 0.0 { f64::NAN } else { x * x + 3.0 * x }, 0.0, 3.0, Kink, Fail),
    ("x ln x at 10⁻²⁰⁰", |x| x * x.ln(), 1e-200, -459.517_018_598_809_16, Pass, Fail),
    // discontinuities and steps
    ("a jump at the point", |x| if x < 0.7 { 0.0 } else { 1.0 }, 0.7, 0.0, CannotTell, CannotTell),
    ("a jump a millionth beside", |x| if x < 0.7 { 0.0 } else { 1.0 }, 0.7 + 1e-6, 0.0, Pass, Fail),
    ("a slope with a jump beside", |x| x % 1.0, 3.0 + 1e-6, 1.0, Pass, Fail),
    ("whole numbers, far from a step", |x| 2.0 * x.round(), 0.2, 0.0, Pass, Fail),
    ("steps on both sides", |x| 2.0 * x.round(), 3.2, 0.0, CannotTell, CannotTell),
    (
        "rounded to thousandths inside",
        |x| ((x * 1e3).round() * 1e-3).sin(),
        0.7,
        0.764_842_187_284_488_4,
        CannotTell,
        CannotTell,
    ),
    // values that are none
    ("NaN at the point", |x| if x == 0.7 { f64::NAN } else { x }, 0.7, 1.0, CannotTell, CannotTell),
    ("infinite at the point", |x| 1.0 / x, 0.0, 0.0, CannotTell, CannotTell),
    (
        "a hole around the point",
        |x| if x != 0.7 && (x - 0.7).abs() < 1e-3 { f64::NAN } else { x * x },
        0.7,
        1.4,
        Pass,
        Fail,
    ),
    ("defined on a short stretch", |x| if (x - 0.7).abs() > 1e-5 { f64::NAN } else { x * x }, 0.7, 1.4, Pass, Fail),
    ("noise of 10⁻⁸", |x| x.sin() + 1e-8 * (x * 1e15).sin(), 0.7, 0.764_842_187_284_488_4, CannotTell, CannotTell),
];

/// The right derivative of those rows whose formula needs a function.
fn right(name: &str, written: f64) -> f64 {
    match name {
        "a wave of 10⁶" => 1e6 * (1e6 * 0.9_f64).cos(),
        "a ripple on a slope" => 1.0 + (1e4 * 0.9_f64).cos(),
        "a ripple of 10⁹ on a slope" => 1.0 + (1e9 * 0.9_f64).cos(),
        "x² sin(1/x) at 0.001" => 2e-3 * 1e3_f64.sin() - 1e3_f64.cos(),
        "a root a millionth from its edge" => 0.5 / ((1.0_f64 + 1e-6) - 1.0).sqrt(),
        _ => written,
    }
}

#[test]
fn hard_functions_do_not_mislead() {
    let mut failures = String::new();
    for (name, f, x, derivative, on_right, on_wrong) in HARD {
        let derivative = right(name, *derivative);
        let report = claims(*f, *x, derivative);
        if report.verdict != *on_right {
            writeln!(failures, "{name}: right, and not {on_right}: {report}").unwrap();
        }
        let wrong = match derivative == 0.0 || derivative.is_infinite() {
            true => [1.0, -1.0, 0.01],
            false => [-3.0 * derivative, 3.0 * derivative, 1.000_02 * derivative],
        };
        for (k, claimed) in wrong.into_iter().enumerate() {
            // At a kink what is a little off may lie between the two sides.
            if *on_right == Kink && k == 2 {
                continue;
            }
            let report = claims(*f, *x, claimed);
            let good = report.verdict == Fail || report.verdict == *on_wrong;
            if !good {
                writeln!(failures, "{name}: {claimed} is wrong: {report}").unwrap();
            }
        }
    }
    assert!(failures.is_empty(), "\n{failures}");
}

/// What it is, whether the claim is right, function, claimed derivative, point, our verdict.
type Case = (&'static str, bool, fn(f64) -> f64, fn(f64) -> f64, f64, Verdict);

const VERSUS: &[Case] = &[
    ("sin", true, f64::sin, f64::cos, 0.7, Pass),
    ("sin, × 2", false, f64::sin, |x| 2.0 * x.cos(), 0.7, Fail),
    ("sin, 5e-4 off", false, f64::sin, |x| 1.0005 * x.cos(), 0.7, Fail),
    ("sin, 1e-5 off", false, f64::sin, |x| 1.000_01 * x.cos(), 0.7, Fail),
    ("1e-6 sin(x), × 2", false, |x| 1e-6 * x.sin(), |x| 2e-6 * x.cos(), 0.7, Fail),
    ("1e-6 sin(x), zero", false, |x| 1e-6 * x.sin(), |_| 0.0, 0.7, Fail),
    ("abs at 0, 0 claimed", true, f64::abs, |_| 0.0, 0.0, Kink),
    ("relu at 0, 0 claimed", true, |x| x.max(0.0), |_| 0.0, 0.0, Kink),
    ("abs(x − 1e-7) at 0", true, |x| (x - 1e-7).abs(), |_| -1.0, 0.0, Pass),
    ("sin(1e6 x)", true, |x| (1e6 * x).sin(), |x| 1e6 * (1e6 * x).cos(), 0.7, Pass),
    ("exp(50 x)", true, |x| (50.0 * x).exp(), |x| 50.0 * (50.0 * x).exp(), 1.0, Pass),
    ("x² at 3e8", true, |x| x * x, |x| 2.0 * x, 3e8, Pass),
    ("x² at 3e-10", true, |x| x * x, |x| 2.0 * x, 3e-10, Pass),
    ("x² at 3e-10, × 100", false, |x| x * x, |x| 200.0 * x, 3e-10, Fail),
    ("ln at 1e-7", true, f64::ln, |x| 1.0 / x, 1e-7, Pass),
    ("sqrt at 1e-12", true, f64::sqrt, |x| 0.5 / x.sqrt(), 1e-12, Pass),
    ("1e10 + sin(x), × 1.0001", false, |x| x.sin() + 1e10, |x| 1.0001 * x.cos(), 0.7, CannotTell),
    ("1e14 + sin(x)", true, |x| x.sin() + 1e14, f64::cos, 0.7, CannotTell),
];

#[test]
fn where_others_err() {
    let docs = std::fs::read_to_string(DOCS).unwrap();
    let mut failures = String::new();
    for (name, right, f, derivative, x, verdict) in VERSUS {
        let report = claims(*f, *x, derivative(*x));
        if report.verdict != *verdict {
            writeln!(failures, "{name}: not {verdict}: {report}").unwrap();
        }
        let (beginning, end) =
            (format!("| {name} | {} |", if *right { "right" } else { "wrong" }), format!("| {verdict} |"));
        if !docs.lines().any(|line| line.starts_with(&beginning) && line.ends_with(&end)) {
            writeln!(failures, "docs/check-your-gradients.md has no row `{beginning} … {end}`").unwrap();
        }
    }
    assert!(failures.is_empty(), "\n{failures}");
}
