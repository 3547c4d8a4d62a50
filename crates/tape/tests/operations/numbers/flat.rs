//! A flat function before an infinite slope: what does not move has the gradient 0, forwards, backwards, and recorded.

use std::fmt::Write;

use wengert_tape::prelude::*;

/// A function of a recorded number, as a tensor and as a scalar.
struct Entry<F: Float> {
    name: &'static str,
    tensor: fn(Var<F>) -> Var<F>,
    scalar: fn(Scalar<F>) -> Scalar<F>,
}

macro_rules! table {
    ($float:ty; $($name:literal |$x:ident| $body:expr;)*) => {
        vec![$(Entry::<$float> { name: $name, tensor: |$x| $body, scalar: |$x| $body }),*]
    };
}

macro_rules! functions {
    ($float:ident) => {
        mod $float {
            use super::*;

            /// Functions that are 0 where they are asked, with derivative 0, and where that is.
            fn flat() -> Vec<(f64, Entry<$float>)> {
                let at = [-1.0, -1.0, -1.0, 1.0, -1.0, -4.0, 0.0, 0.0, 0.0, 0.3, 0.3, 0.0, -1.0, 0.0, 0.0, 0.0, 0.0];
                let table = table! { $float;
                    "relu" |x| x.relu();
                    "clamp" |x| x.clamp(0.0, 2.0);
                    "maximum" |x| x.maximum(0.0);
                    "minimum" |x| x.minimum(0.0);
                    "hardtanh" |x| x.hardtanh(0.0, 2.0);
                    "hardsigmoid" |x| x.hardsigmoid();
                    "abs" |x| x.abs();
                    "square" |x| x.square();
                    "powi" |x| x.powi(3);
                    "floor" |x| x.floor();
                    "trunc" |x| x.trunc();
                    "sign" |x| x.sign();
                    "leaky_relu" |x| x.leaky_relu(0.0) + 0.0;
                    "product" |x| x * x;
                    "cos" |x| x.cos() - 1.0;
                    "cosh" |x| x.cosh() - 1.0;
                    "hypot" |x| x.hypot(0.0);
                };
                at.into_iter().zip(table).collect()
            }

            /// Functions whose slope is infinite at 0.
            fn steep() -> Vec<Entry<$float>> {
                table! { $float;
                    "sqrt" |x| x.sqrt();
                    "ln" |x| x.ln();
                    "rsqrt" |x| x.rsqrt();
                    "cbrt" |x| x.cbrt();
                    "powf" |x| x.powf(0.3);
                    "powf below 0" |x| x.powf(-1.5);
                    "reciprocal" |x| x.reciprocal();
                    "log2" |x| x.log2();
                    "log10" |x| x.log10();
                    "log1p" |x| (x - 1.0).log1p();
                    "asin" |x| (x + 1.0).asin();
                    "acos" |x| (x + 1.0).acos();
                    "acosh" |x| (x + 1.0).acosh();
                    "atanh" |x| (x + 1.0).atanh();
                    "erfinv" |x| (x + 1.0).erfinv();
                    "logit" |x| x.logit();
                    "digamma" |x| x.digamma();
                    "division" |x| 1.0 / x;
                    "sqrt twice" |x| x.sqrt().sqrt();
                }
            }

            #[test]
            fn gradients_are_zero_in_every_mode() {
                let mut out = String::new();
                for (at, inner) in flat() {
                    for outer in steep() {
                        let at = at as $float;
                        let mut note = |mode: &str, found: $float| {
                            if found != 0.0 {
                                writeln!(out, "  {} of {} at {at}, {mode}: {found}", outer.name, inner.name).unwrap();
                            }
                        };
                        let f = |x: Var<$float>| (outer.tensor)((inner.tensor)(x)).sum();
                        let x = Tensor::<$float>::full([2], at);
                        note("reverse", grad(f, &x).unwrap().data()[1]);
                        note("forward", jvp(f, &x, &Tensor::ones([2])).unwrap().1.item());
                        let tape = Tape::of::<$float>();
                        let v = tape.var(x.clone());
                        note("recorded", f(v).backward_recorded()[v].value().data()[0]);
                        for (kind, tape) in [("full", Tape::of::<$float>()), ("gradient-only", Tape::gradient_only())] {
                            let (v, w) = (tape.scalar(at), tape.scalar(at));
                            note(kind, (outer.scalar)((inner.scalar)(v)).backward()[v]);
                            // with a record between, and behind
                            let y = (outer.scalar)((inner.scalar)(v) + (inner.scalar)(w) * 2.0) + w * 0.0;
                            let g = y.backward();
                            note(kind, g[v] + g[w]);
                        }
                    }
                }
                assert!(out.is_empty(), "\n{out}");
            }
        }
    };
}
functions!(f32);
functions!(f64);

#[test]
fn the_rectifier_before_a_root() {
    let g = grad(|x| x.relu().sqrt().sum(), &Tensor::from([-1.0, -2.0, 0.25])).unwrap();
    assert_eq!(g.data(), [0.0, 0.0, 1.0]);
    let hinge =
        |x: Var| (Lift::constant(&x, Tensor::from([1.0, 1.0])).hinge_loss(x, 1.0, Reduction::None)).sqrt().sum();
    assert_eq!(grad(hinge, &Tensor::from([3.0, 0.0])).unwrap().data(), [0.0, -0.5]);
}

/// A product with 0 has the other factor as its slope, and none by it.
#[test]
fn a_factor_beside_zero_has_no_gradient() {
    for tape in [Tape::new(), Tape::gradient_only()] {
        let (a, b, c) = (tape.scalar(0.0), tape.scalar(3.0), tape.scalar(1.0));
        let g = ((a * b).sqrt() + c * c).backward();
        assert_eq!((g[a], g[b], g[c]), (f64::INFINITY, 0.0, 2.0));
        let g = Scalar::dot(&[a, a, c], &[b, b, a]).sqrt().backward();
        assert_eq!((g[a], g[b], g[c]), (f64::INFINITY, 0.0, 0.0));
        let g = ([a, b, c].into_iter().product::<Scalar>().sqrt() + c).backward();
        assert_eq!((g[a], g[b], g[c]), (f64::INFINITY, 0.0, 1.0));
    }
}

/// What is shared out keeps to itself what does not count: each of these is 0 here and has an entry with the share 0.
#[test]
fn reductions_before_a_root() {
    let table: Vec<(&str, fn(Var) -> Var, [f64; 2])> = vec![
        ("max", |x| x.max(), [0.0, -1.0]),
        ("min", |x| x.min(), [0.0, 1.0]),
        ("median", |x| x.median(), [0.0, 1.0]),
        ("log_sum_exp", |x| x.log_sum_exp(0), [0.0, -2000.0]),
        ("prod", |x| x.prod(), [0.0, 5.0]),
        ("cumprod", |x| x.cumprod(0).slice(0, 1..2).sum(), [0.0, 5.0]),
        ("cumsum", |x| x.cumsum(0).slice(0, 0..1).sum(), [0.0, 5.0]),
        ("quantile", |x| x.quantile(0.0, 0), [0.0, 1.0]),
    ];
    let mut out = String::new();
    for (name, f, at) in table {
        let f = |x: Var| f(x).sqrt();
        let g = grad(f, &Tensor::from(at)).unwrap();
        let (_, d) = jvp(f, &Tensor::from(at), &Tensor::from([0.0, 1.0])).unwrap();
        if g.data() != [f64::INFINITY, 0.0] || d.item() != 0.0 {
            writeln!(out, "  {name}: {g}, forwards {d}").unwrap();
        }
    }
    assert!(out.is_empty(), "\n{out}");
}

/// NaN is never taken for nothing: only a zero cotangent does away with it.
#[test]
fn a_nan_cotangent_stays() {
    let nan = f64::NAN;
    let g = vjp(|x: Var| x.relu(), &Tensor::from([-1.0, 1.0]), &Tensor::from([nan, nan])).unwrap().1;
    assert!(g.data().iter().all(|g| g.is_nan()), "{g}");
    for tape in [Tape::new(), Tape::gradient_only()] {
        let x = tape.scalar(-1.0);
        assert!((x.relu() * nan).backward()[x].is_nan());
        assert!((x * 1.0 + x.relu() * nan).backward()[x].is_nan());
    }
}
