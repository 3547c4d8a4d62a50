//! Formulas as JavaScript, term by term, as the engine computes them.

use std::fmt::Write;

use wengert_tape::{Float, Formula, Formulas, Term};

/// `{value: (a0, a1) => …, partials: [(a0, a1, y) => …, …]}`. In `f32` every term is rounded.
pub(crate) fn script<F: Float>(formulas: &Formulas) -> String {
    let arguments: Vec<String> = (0..formulas.partials.len()).map(|k| format!("a{k}")).collect();
    let arguments = arguments.join(",");
    let partials: Vec<String> =
        formulas.partials.iter().map(|partial| format!("({arguments},y)=>{}", body::<F>(partial))).collect();
    format!("{{value:({arguments})=>{},partials:[{}]}}", body::<F>(&formulas.value), partials.join(","))
}

fn body<F: Float>(formula: &Formula) -> String {
    let mut terms = String::new();
    let mut names: Vec<String> = Vec::new();
    for (k, term) in formula.terms.iter().enumerate() {
        names.push(match term {
            Term::Argument(k) => format!("a{k}"),
            Term::Value => "y".into(),
            Term::Number(x) => number::<F>(*x),
            Term::Apply(function, operands) => {
                let operands: Vec<&str> = operands.iter().map(|k| names[*k].as_str()).collect();
                let _ = write!(terms, "const t{k}={};", applied::<F>(function, &operands));
                format!("t{k}")
            }
        });
    }
    format!("{{{terms}return {}}}", names.last().map_or("0", String::as_str))
}

fn applied<F: Float>(function: &str, operands: &[&str]) -> String {
    let (plain, rounds) = match (function, operands) {
        ("add", [a, b]) => (format!("{a}+{b}"), true),
        ("sub", [a, b]) => (format!("{a}-{b}"), true),
        ("mul", [a, b]) => (format!("{a}*{b}"), true),
        ("div", [a, b]) => (format!("{a}/{b}"), true),
        ("neg", [a]) => (format!("-({a})"), false),
        ("lt", [a, b]) => (format!("{a}<{b}"), false),
        ("le", [a, b]) => (format!("{a}<={b}"), false),
        ("eq", [a, b]) => (format!("{a}==={b}"), false),
        ("select", [m, a, b]) => (format!("{m}?{a}:{b}"), false),
        (name, operands) => (format!("Numbers.{name}({})", operands.join(",")), true),
    };
    if rounds && F::NAME == "f32" { format!("Math.fround({plain})") } else { plain }
}

/// A number, in parentheses if it is negative. One that is too large or too small for `F` is the nearest that is neither
/// infinite nor 0, as in the engine.
fn number<F: Float>(x: f64) -> String {
    let nearest = Float::to_f64(F::from_f64(x));
    let x = match nearest {
        n if n == 0.0 && x != 0.0 => x.signum() * Float::to_f64(F::min_positive_value()),
        n if n.is_infinite() && x.is_finite() => x.signum() * Float::to_f64(F::max_value()),
        n => n,
    };
    match x {
        x if x.is_nan() => "NaN".into(),
        x if x == f64::INFINITY => "Infinity".into(),
        x if x == f64::NEG_INFINITY => "(-Infinity)".into(),
        x if x.is_sign_negative() => format!("({x:?})"),
        x => format!("{x:?}"),
    }
}
