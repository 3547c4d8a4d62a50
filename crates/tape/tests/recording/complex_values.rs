//! Every operation that declares a formula on complex numbers, far from the real axis, beside mpmath: on the principal branch,
//! `cbrt` on that of the real function on each half plane, and `softplus`, `log_sigmoid` and `mish` on that which continues
//! the real function upwards and downwards.

mod table;

use std::collections::BTreeSet;
use std::fmt::Write;

use wengert_tape::ops::AnyOp;
use wengert_tape::prelude::*;
use wengert_tape::{Algebra, Analytic, Arg, Op, Replay};

/// Name, attribute where it is not the usual one, and arguments with their value.
pub(crate) type Row = (&'static str, Option<f64>, &'static [(&'static [(f64, f64)], (f64, f64))]);

fn op(name: &str, attribute: Option<f64>) -> AnyOp {
    let named = AnyOp::named().into_iter().find(|op| op.name == name).unwrap_or_else(|| panic!("{name}"));
    (named.make)(attribute.or(named.attribute).unwrap_or(0.0)).unwrap()
}

/// The value of an operation at complex arguments, by a graph that was recorded at ones.
fn at(op: &AnyOp, args: &[(f64, f64)]) -> Result<(f64, f64), Error> {
    let tape = Tape::new();
    // 0.5 lies in the domain of most; at 1.5 the others begin.
    let leaves = |x: f64| args.iter().map(|_| tape.var(Tensor::from(x))).collect::<Vec<Var>>();
    let record = |leaves: &[Var]| {
        let args: Vec<Arg<'_, Var>> = leaves.iter().map(Arg::Real).collect();
        Var::try_apply(op.clone(), &args).map(|y| y.real())
    };
    let leaves = leaves(0.5);
    let replay = Replay::of(record(&leaves)?)?;
    let given: Vec<_> = leaves
        .iter()
        .zip(args)
        .map(|(leaf, (re, im))| (replay.position(*leaf).unwrap(), [Tensor::from(*re), Tensor::from(*im)]))
        .collect();
    let [re, im] = replay.on_complex(&given)?;
    Ok((re.item(), im.item()))
}

#[test]
fn formulas_hold_far_from_the_real_axis() {
    let mut failures = String::new();
    for (name, attribute, rows) in table::TABLE {
        let op = op(name, *attribute);
        for (args, (re, im)) in *rows {
            let found = at(&op, args).unwrap();
            let (size, apart) = (re.hypot(*im), (found.0 - re).hypot(found.1 - im));
            if !(apart <= 2e-14 * size) {
                writeln!(failures, "{name} at {args:?}: {found:?} instead of {:?}", (re, im)).unwrap();
            }
        }
    }
    assert!(failures.is_empty(), "\n{failures}");
}

#[test]
fn every_formula_has_its_values() {
    let with_values: BTreeSet<&str> = table::TABLE.iter().map(|row| row.0).collect();
    let named = AnyOp::named();
    let analytic = named.iter().filter(|named| {
        let op = (named.make)(named.attribute.unwrap_or(0.0)).unwrap();
        op.analytic() == Analytic::Formula
    });
    let without: Vec<&str> = analytic.map(|named| named.name).filter(|name| !with_values.contains(name)).collect();
    assert!(without.is_empty(), "tests/complex_values/table.rs has no values of {without:?}");
}

/// On the real axis, where the real function has a value, it is that; where it has none, it is that above the cut.
#[test]
fn on_the_real_axis_they_are_the_real_functions() {
    let mut failures = String::new();
    for (name, attribute, rows) in table::TABLE {
        let op = op(name, *attribute);
        for (args, _) in *rows {
            let reals: Vec<(f64, f64)> = args.iter().map(|(re, _)| (*re, 0.0)).collect();
            let tensors: Vec<Tensor> = args.iter().map(|(re, _)| Tensor::from(*re)).collect();
            let plain = Tensor::apply(op.clone(), &tensors.iter().map(Arg::Real).collect::<Vec<_>>()).real().item();
            let (re, im) = at(&op, &reals).unwrap();
            let same = (re - plain).abs() <= 4e-13 * plain.abs() && im.abs() <= 1e-15 * plain.abs();
            if plain.is_finite() && !same {
                writeln!(failures, "{name} at {reals:?}: {re} + {im} i instead of {plain}").unwrap();
            }
        }
    }
    assert!(failures.is_empty(), "\n{failures}");
}

#[test]
fn what_the_issue_says_and_the_cuts() {
    let near = |found: Result<(f64, f64), Error>, expected: (f64, f64)| {
        let found = found.unwrap();
        assert!((found.0 - expected.0).hypot(found.1 - expected.1) < 1e-14, "{found:?} instead of {expected:?}");
    };
    // NumPy: arctan(1+1j), arcsin(2+0j), arcsin(2-0j), arccos(-2+0j), arccosh(-2+0j), arctanh(2+0j), sqrt(-4-0j), log(-1+0j)
    near(at(&op("atan", None), &[(1.0, 1.0)]), (1.0172219678978514, 0.402359478108525));
    near(at(&op("asin", None), &[(2.0, 0.0)]), (std::f64::consts::FRAC_PI_2, 1.3169578969248166));
    near(at(&op("asin", None), &[(2.0, -0.0)]), (std::f64::consts::FRAC_PI_2, -1.3169578969248166));
    near(at(&op("acos", None), &[(-2.0, 0.0)]), (std::f64::consts::PI, -1.3169578969248166));
    near(at(&op("acosh", None), &[(-2.0, 0.0)]), (1.3169578969248166, std::f64::consts::PI));
    near(at(&op("atanh", None), &[(2.0, 0.0)]), (0.5493061443340549, std::f64::consts::FRAC_PI_2));
    near(at(&op("sqrt", None), &[(-4.0, -0.0)]), (0.0, -2.0));
    near(at(&op("ln", None), &[(-1.0, 0.0)]), (0.0, std::f64::consts::PI));
    // A zero of a divisor: no value, by name.
    let error = at(&op("div", None), &[(0.0, 0.0), (0.0, 0.0)]).unwrap_err().to_string();
    assert!(error.starts_with("div: it has no value at these complex numbers"), "{error}");
}

/// Huge numbers: what fits is not lost to a square or an exponential on the way.
#[test]
fn large_parts_do_not_overflow_on_the_way() {
    // Each row: name, argument, value. By asymptotics: tan → i; tanh → 1; atan z → π/2 − 1/z; asinh z → ln 2z; sqrt.
    let ln2 = std::f64::consts::LN_2;
    let table: &[(&str, (f64, f64), (f64, f64))] = &[
        ("tan", (0.3, 800.0), (0.0, 1.0)),
        ("tanh", (800.0, 0.3), (1.0, 0.0)),
        ("atan", (1e200, 1e200), (std::f64::consts::FRAC_PI_2, 0.5e-200)),
        ("sqrt", (1.5e308, 0.0), (1.5e308_f64.sqrt(), 0.0)),
        ("ln", (0.0, 1e300), (1e300_f64.ln(), std::f64::consts::FRAC_PI_2)),
        ("asinh", (1e10, 0.0), (1e10_f64.ln() + ln2, 0.0)),
        ("sigmoid", (-800.0, 1.0), (0.0, 0.0)),
        ("erf", (30.0, 5.0), (1.0, 0.0)),
        ("sin", (0.0, 1.0), (0.0, 1.0_f64.sinh())),
    ];
    for (name, z, (re, im)) in table {
        let found = at(&op(name, None), &[*z]).unwrap();
        let size = re.hypot(*im).max(1.0);
        assert!((found.0 - re).hypot(found.1 - im) <= 1e-14 * size, "{name} at {z:?}: {found:?}");
    }
}
