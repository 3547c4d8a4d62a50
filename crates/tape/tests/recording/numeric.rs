//! Code that was written for floats, on recorded numbers: `num_traits::Float` in every function.

use std::fmt::Write;

use num_traits::{Float as NumFloat, FloatConst, NumCast, One, Signed, ToPrimitive, Zero};
use wengert_tape::prelude::*;
use wengert_tape::{Elementwise, Num, Number, Scalar};

/// A function of `num_traits::Float`, on plain and on recorded numbers, and where it is tried.
type Row = (&'static str, fn(f64) -> f64, fn(Scalar) -> Scalar, &'static [f64]);

/// The same function of both.
macro_rules! rows {
    ($($name:ident at $points:expr;)*) => {
        vec![$((stringify!($name), <f64 as NumFloat>::$name, <Scalar as NumFloat>::$name, &$points)),*]
    };
}

fn functions() -> Vec<Row> {
    let mut rows: Vec<Row> = rows! {
        abs at [-1.5, 0.5]; acos at [-0.5, 0.3]; acosh at [1.5, 3.0]; asin at [-0.5, 0.3]; asinh at [-1.5, 0.5];
        atan at [-1.5, 0.5]; atanh at [-0.5, 0.3]; cbrt at [-1.5, 0.5]; ceil at [-1.5, 0.5]; cos at [-1.5, 0.5];
        cosh at [-1.5, 0.5]; exp at [-1.5, 0.5]; exp2 at [-1.5, 0.5]; exp_m1 at [-1.5, 0.5]; floor at [-1.5, 0.5];
        fract at [-1.75, 0.25]; ln at [0.5, 3.0]; ln_1p at [-0.5, 3.0]; log10 at [0.5, 3.0]; log2 at [0.5, 3.0];
        recip at [-1.5, 0.5]; round at [-1.75, 0.25, 1.75]; signum at [-1.5, 0.5]; sin at [-1.5, 0.5]; sinh at [-1.5, 0.5];
        sqrt at [0.5, 3.0]; tan at [-1.0, 0.5]; tanh at [-1.5, 0.5]; trunc at [-1.75, 0.25];
    };
    let more: [Row; 12] = [
        ("powi", |x| NumFloat::powi(x, -3), |x| NumFloat::powi(x, -3), &[-1.5, 0.5]),
        ("powf", |x| NumFloat::powf(x, 2.5), |x| NumFloat::powf(x, Scalar::constant(2.5)), &[0.5, 3.0]),
        ("powf of itself", |x| NumFloat::powf(x, x), |x| NumFloat::powf(x, x), &[0.5, 3.0]),
        ("log", |x| NumFloat::log(x, 3.0), |x| NumFloat::log(x, Scalar::constant(3.0)), &[0.5, 3.0]),
        ("max", |x| NumFloat::max(x, 0.1), |x| NumFloat::max(x, Scalar::constant(0.1)), &[-1.5, 0.5]),
        ("min", |x| NumFloat::min(x, 0.1), |x| NumFloat::min(x, Scalar::constant(0.1)), &[-1.5, 0.5]),
        ("hypot", |x| NumFloat::hypot(x, 2.0), |x| NumFloat::hypot(x, Scalar::constant(2.0)), &[-1.5, 0.5]),
        ("atan2", |x| NumFloat::atan2(x, -2.0), |x| NumFloat::atan2(x, Scalar::constant(-2.0)), &[-1.5, 0.5]),
        ("sin_cos", |x| NumFloat::sin_cos(x).0 * x.cos(), |x| NumFloat::sin_cos(x).0 * NumFloat::sin_cos(x).1, &[0.5]),
        ("mul_add", |x| NumFloat::mul_add(x, x, x), |x| NumFloat::mul_add(x, x, x), &[-1.5, 0.5]),
        ("copysign", |x| NumFloat::copysign(x, -2.0), |x| NumFloat::copysign(x, Scalar::constant(-2.0)), &[-1.5, 0.5]),
        ("%", |x| x % 0.7, |x| x % Scalar::constant(0.7), &[-1.5, 0.5]),
    ];
    rows.extend(more);
    rows
}

#[test]
fn every_function_of_float_agrees_with_floats_and_with_differences() {
    let mut wrong = String::new();
    for (name, plain, recorded, points) in functions() {
        for &x0 in points {
            for tape in [Tape::new(), Tape::gradient_only()] {
                let x = tape.scalar(x0);
                let y = recorded(x);
                // by its own rule, and 0 where it is a constant
                let slope = y.try_backward().ok().and_then(|g| g.get(x).ok().copied()).unwrap_or(0.0);
                let central = |h: f64| (plain(x0 + h) - plain(x0 - h)) / (2.0 * h);
                let expected = (4.0 * central(1e-4) - central(2e-4)) / 3.0;
                if (y.value() - plain(x0)).abs() > 4e-16 * plain(x0).abs() {
                    writeln!(wrong, "{name}({x0}) = {}, of floats {}", y.value(), plain(x0)).unwrap();
                }
                if !((slope - expected).abs() <= 1e-9 * (1.0 + expected.abs())) {
                    writeln!(wrong, "{name}′({x0}) = {slope}, by differences {expected}").unwrap();
                }
            }
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}

#[test]
fn edges_are_those_of_floats() {
    let c = Scalar::<f64>::constant;
    let nan = f64::NAN;
    // functions that look at the sign or at NaN, and constants
    let table: [(&str, f64, f64); 12] = [
        ("max(NaN, 1)", NumFloat::max(c(nan), c(1.0)).value(), 1.0),
        ("max(1, NaN)", NumFloat::max(c(1.0), c(nan)).value(), 1.0),
        ("min(NaN, 1)", NumFloat::min(c(nan), c(1.0)).value(), 1.0),
        ("signum(0)", NumFloat::signum(c(0.0)).value(), 1.0),
        ("signum(−0)", NumFloat::signum(c(-0.0)).value(), -1.0),
        ("round(2.5)", NumFloat::round(c(2.5)).value(), 3.0),
        ("round(−2.5)", NumFloat::round(c(-2.5)).value(), -3.0),
        ("round just below 1/2", NumFloat::round(c(0.499_999_999_999_999_94)).value(), 0.0),
        ("abs_sub", Signed::abs_sub(&c(5.0), &c(3.0)).value(), 2.0),
        ("epsilon", <Scalar as NumFloat>::epsilon().value(), f64::EPSILON),
        ("zero + one", (Scalar::<f64>::zero() + Scalar::one()).value(), 1.0),
        ("π", Scalar::<f64>::PI().value(), std::f64::consts::PI),
    ];
    for (name, found, expected) in table {
        assert!(found == expected, "{name}: {found}");
    }
    assert!(NumFloat::signum(c(nan)).value().is_nan());
    // the tensor's rounding is PyTorch's, to even
    assert_eq!((c(2.5).round().value(), NumFloat::round(c(2.5)).value()), (2.0, 3.0));
}

#[test]
fn what_leaves_the_tape_is_counted() {
    let mut tape = Tape::new();
    let x = tape.scalar(2.0);
    assert_eq!(tape.stats().taken, 0);
    assert_eq!(ToPrimitive::to_f64(&(x * x)), Some(4.0));
    let cast: Scalar = NumCast::from(x).unwrap();
    assert_eq!(cast.value(), 2.0);
    assert_eq!(tape.stats().taken, 2);
    // a number that left the tape has no gradient
    assert!(matches!(cast.try_backward(), Err(Error::NotConnected { .. })));
    // constants belong to no tape, and a tape that is cleared counts anew
    let _ = ToPrimitive::to_i64(&Scalar::constant(3.0));
    tape.clear();
    assert_eq!(tape.stats().taken, 0);
    // a number of a cleared tape is still a number
    assert_eq!(ToPrimitive::to_i64(&x), Some(2));
}

/// Newton's method for √a, written for any float.
fn root<T: NumFloat>(a: T) -> T {
    let two = T::one() + T::one();
    let mut x = a;
    while (x * x - a).abs() > a * T::epsilon() * two {
        x = (x + a / x) / two;
    }
    x
}

#[test]
fn a_program_for_floats_is_differentiated_as_it_is() {
    for tape in [Tape::new(), Tape::gradient_only()] {
        let a = tape.scalar(3.0);
        let y = root(a);
        assert!((y.value() - 3f64.sqrt()).abs() < 1e-15);
        assert!((y.backward()[a] - 0.5 / 3f64.sqrt()).abs() < 1e-12);
    }
    let tape = Tape::of::<f32>();
    let a = tape.scalar(3.0);
    assert!((root(a).backward()[a] - 0.5 / 3f32.sqrt()).abs() < 1e-6);
}

#[test]
fn scalars_and_tensors_are_in_one_graph() {
    let tape = Tape::new();
    let (a, b) = (tape.scalar(2.0), tape.scalar(3.0));
    // scalars stacked into a tensor, through an operation on it, and one element back to a scalar
    let v = stack(&[&Var::from(a), &Var::from(b), &Var::from(a * b)], 0);
    assert_eq!(v.value().data(), [2.0, 3.0, 6.0]);
    let s = v.softmax(0);
    let first = s.slice(0, 0..1).sum().scalar();
    let y = (first * a).ln();
    let g = y.backward();
    // y = ln p₀ + ln a with p = softmax(a, b, ab): ∂y/∂a = 1 − p₀ − p₂ b + 1/a, ∂y/∂b = −p₁ − p₂ a
    let p = s.value();
    let p = p.data();
    assert!((g[a] - (1.0 - p[0] - p[2] * 3.0 + 0.5)).abs() < 1e-14);
    assert!((g[b] - (-p[1] - p[2] * 2.0)).abs() < 1e-14);
}

#[test]
fn a_formula_of_ones_own_takes_recorded_numbers_beside_float() {
    // Both traits in scope, no ambiguity: the methods of `Scalar` come first.
    let tape = Tape::new();
    let x = tape.scalar(0.5);
    let y = x.sin() + x.exp() * x.abs().sqrt() + x.max(Scalar::constant(0.1)).powi(2);
    let expected = 0.5f64.sin() + 0.5f64.exp() * 0.5f64.sqrt() + 0.25;
    assert!((y.value() - expected).abs() < 1e-15);
    fn square<A: Elementwise + std::ops::Mul<Output = A>>(x: A) -> A {
        x.clone() * x
    }
    assert_eq!(square(x).value(), 0.25);
    assert_eq!(Number::abs(Num(-2.0_f64)), Num(2.0));
}
