//! Parameters at the ends of the range, and beyond that of `f32`: what a function tends to, and no NaN.

use std::fmt::Write;

use wengert_tape::ops::AnyOp;
use wengert_tape::prelude::*;
use wengert_tape::{Algebra, Arg};

fn near(what: &str, found: f64, expected: f64, tolerance: f64, out: &mut String) {
    if !(found == expected || (found - expected).abs() <= tolerance * expected.abs()) {
        writeln!(out, "  {what}: {found:e} instead of {expected:e}").unwrap();
    }
}

/// The value and the derivative of an elementwise function at a number.
fn at<F: Float>(f: impl Fn(Var<F>) -> Var<F>, x: f64) -> [f64; 2] {
    let (y, g) = value_and_grad(|x: Var<F>| f(x).sum(), &Tensor::from([F::from_f64(x)])).unwrap();
    [Float::to_f64(y), Float::to_f64(g.data()[0])]
}

/// `|d| − β/2` far from 0 with the derivative of `|d|`, `d²/2β` near 0 with `d/β`.
fn smooth_l1<F: Float>(betas: &[f64], tolerance: f64, out: &mut String) {
    let smallest = Float::to_f64(F::min_positive_value());
    for beta in betas {
        for x in [0.0, 1.0, -2.0, 0.5 * beta, -0.25 * beta, 3.0 * beta] {
            let given = Float::to_f64(F::from_f64(x));
            if !given.is_finite() || given != 0.0 && given.abs() < smallest {
                continue;
            }
            let is_near = x.abs() < *beta;
            let value = if is_near { 0.5 * given.abs() * (given.abs() / beta) } else { given.abs() - beta / 2.0 };
            let slope = if is_near || given == 0.0 { given / beta } else { given.signum() };
            let [y, d] =
                at::<F>(|x| x.smooth_l1_loss(Lift::constant(&x, Tensor::zeros([1])), *beta, Reduction::Sum), given);
            let what = format!("smooth_l1 of {} with beta {beta:e} at {x:e}", F::NAME);
            // What an F holds of it.
            let held = |x: f64| if x.abs() < smallest { 0.0 } else { x };
            near(&what, held(y), held(value), tolerance, out);
            near(&format!("{what}, slope"), held(d), held(slope), tolerance, out);
        }
    }
}

#[test]
fn smooth_l1_with_a_beta_of_any_size() {
    let mut out = String::new();
    smooth_l1::<f64>(&[1e-310, 1e-300, 1e-160, 1.0, 1e160, 1e300], 1e-15, &mut out);
    smooth_l1::<f32>(&[1e-300, 1e-38, 1e-30, 1.0, 1e30, 1e38, 1e300], 1e-6, &mut out);
    assert!(out.is_empty(), "\n{out}");
}

/// Far from 0, where the parameter is small, and near it, where that is large, they are the identity or a bound.
fn units<F: Float>(scales: &[f64], tolerance: f64, out: &mut String) {
    for a in scales.iter().copied() {
        let what = |name: &str| format!("{name} of {} with {a:e}", F::NAME);
        // α (exp(−1) − 1) at −α
        if F::from_f64(a).is_normal() {
            let [y, d] = at::<F>(|x| x.celu(a), -Float::to_f64(F::from_f64(a)));
            near(&what("celu at −α"), y, a * (-1f64).exp_m1(), tolerance, out);
            near(&what("celu at −α, slope"), d, (-1f64).exp(), tolerance, out);
        }
        // A smaller parameter than an F holds is the smallest that it does.
        let held = a.max(Float::to_f64(F::min_positive_value()));
        for (x, value) in [(1.0, 1.0), (-1.0, if a > 1.0 { -1.0 } else { -held })] {
            let [y, _] = at::<F>(|x| x.celu(a), x);
            near(&what(&format!("celu at {x}")), y, value, tolerance, out);
        }
        // ln 2 / β at 0, and the derivative ½; far from it the rectifier
        let held = held.min(Float::to_f64(F::max_value()));
        let [y, d] = at::<F>(|x| x.softplus_with(a, 20.0), 0.0);
        near(&what("softplus at 0"), y, 2f64.ln() / held, tolerance, out);
        near(&what("softplus at 0, slope"), d, 0.5, tolerance, out);
        if a > 1.0 {
            for (x, value, slope) in [(3.0, 3.0, 1.0), (-3.0, 0.0, 0.0)] {
                let [y, d] = at::<F>(|x| x.softplus_with(a, 20.0), x);
                near(&what(&format!("softplus at {x}")), y, value, tolerance, out);
                near(&what(&format!("softplus at {x}, slope")), d, slope, tolerance, out);
            }
        }
    }
}

#[test]
fn activations_with_a_parameter_of_any_size() {
    let mut out = String::new();
    units::<f64>(&[1e-300, 1e-160, 1e160, 1e300], 1e-14, &mut out);
    units::<f32>(&[1e-300, 1e-30, 1e-20, 1e20, 1e30, 1e300], 1e-6, &mut out);
    assert!(out.is_empty(), "\n{out}");
}

/// The number of an `f32` that is nearest to one and, as it is, neither 0 nor infinite.
fn held(x: f64) -> f64 {
    let size = x.abs().clamp(f64::from(f32::MIN_POSITIVE), f64::from(f32::MAX));
    f64::from(size as f32).copysign(x)
}

/// In `f32` every operation with a parameter that an `f32` cannot hold is what it is in `f64` with the nearest one that it can.
#[test]
fn parameters_that_an_f32_does_not_hold() {
    let mut out = String::new();
    for named in AnyOp::named().into_iter().filter(|named| named.attribute.is_some()) {
        for size in [1e-300, 1e-60, 1e60, 1e300].into_iter().flat_map(|size| [size, -size]) {
            let (Some(op), Some(nearest)) = ((named.make)(size), (named.make)(held(size))) else { continue };
            for x in [-2.0, -0.5, 0.0, 0.5, 2.0] {
                let args = [x, 0.25];
                let wide = at_both::<f64>(&nearest, &args[..named.operands]);
                let narrow = at_both::<f32>(&op, &args[..named.operands]);
                let (Ok(wide), Ok(narrow)) = (wide, narrow) else { continue };
                for (k, (found, expected)) in narrow.into_iter().zip(wide).enumerate() {
                    let what = format!("{} of {size:e} at {x}, {k}", named.name);
                    if expected.abs() < f64::from(f32::MAX) / 4.0 {
                        let bar = 1e-5 * expected.abs() + 1e-36;
                        if !((found - expected).abs() <= bar) {
                            writeln!(out, "  {what}: {found:e} instead of {expected:e}").unwrap();
                        }
                    } else if found.is_nan() && !expected.is_nan() {
                        writeln!(out, "  {what}: NaN instead of {expected:e}").unwrap();
                    }
                }
            }
        }
    }
    assert!(out.is_empty(), "\n{out}");
}

/// The value of an operation at numbers, and its derivative by the first.
fn at_both<F: Float>(op: &AnyOp, args: &[f64]) -> Result<[f64; 2], Error> {
    let tape = Tape::of::<F>();
    let args: Vec<Var<F>> = args.iter().map(|x| tape.var(Tensor::from([F::from_f64(*x)]))).collect();
    try_with(|| {
        let y = Var::apply(op.clone(), &args.iter().map(Arg::Real).collect::<Vec<_>>()).real();
        [y.value().data()[0], y.sum().backward()[args[0]].data()[0]].map(Float::to_f64)
    })
}

#[test]
fn evenly_spaced_numbers_between_ends_of_any_size() {
    for size in [1e-300, 1.0, 1e300, f64::MAX] {
        let numbers = Tensor::<f64>::linspace(-size, size, 3);
        assert_eq!(numbers.data(), [-size, 0.0, size], "{size}");
        let numbers = Tensor::<f64>::linspace(size, -size, 5);
        assert_eq!((numbers.data()[0], numbers.data()[2], numbers.data()[4]), (size, 0.0, -size), "{size}");
        assert!(numbers.data().windows(2).all(|pair| pair[0] >= pair[1]), "{numbers}");
    }
    let numbers = Tensor::<f32>::linspace(f64::from(f32::MIN), f64::from(f32::MAX), 3);
    assert_eq!(numbers.data(), [f32::MIN, 0.0, f32::MAX]);
}

/// `ln(1 + exp(−x))` and `−exp(−x) / (1 + exp(−x))`: where the class is nearly sure, 1 would take all their digits.
#[test]
fn a_loss_of_what_is_nearly_sure_keeps_its_digits() {
    let mut out = String::new();
    for x in [1.0_f64, 10.0, 20.0, 40.0, 100.0, 700.0] {
        let (loss, slope) = ((-x).exp().ln_1p(), (-x).exp() / (1.0 + (-x).exp()));
        let logits = Tensor::from([[x, 0.0]]);
        let (y, g) =
            value_and_grad(|x: Var| x.cross_entropy(Tensor::from([0]), &CrossEntropy::default()), &logits).unwrap();
        near(&format!("cross_entropy at {x}"), y, loss, 1e-14, &mut out);
        near(&format!("cross_entropy at {x}, by the class"), g.data()[0], -slope, 1e-14, &mut out);
        near(&format!("cross_entropy at {x}, by the other"), g.data()[1], slope, 1e-14, &mut out);
        let soft = |x: Var| x.soft_cross_entropy(Lift::constant(&x, Tensor::from([[1.0, 0.0]])), Reduction::Sum);
        let (y, g) = value_and_grad(soft, &logits).unwrap();
        near(&format!("soft_cross_entropy at {x}"), y, loss, 1e-14, &mut out);
        near(&format!("soft_cross_entropy at {x}, by the class"), g.data()[0], -slope, 1e-14, &mut out);
        near(&format!("log_softmax at {x}"), logits.log_softmax(1).data()[0], -loss, 1e-14, &mut out);
        if x < 80.0 {
            let f = |x: Var<f32>| x.cross_entropy(Tensor::from([0]), &CrossEntropy::default());
            let (y, g) = value_and_grad(f, &logits.cast::<f32>()).unwrap();
            near(&format!("cross_entropy of f32 at {x}"), f64::from(y), loss, 1e-6, &mut out);
            near(&format!("cross_entropy of f32 at {x}, by the class"), f64::from(g.data()[0]), -slope, 1e-6, &mut out);
        }
    }
    // p = ½ each but for what is nothing beside it; smoothed targets are as sure as their share
    let three = Tensor::from([[0.0, 0.0, -50.0]]);
    let g = grad(|x: Var| x.cross_entropy(Tensor::from([1]), &CrossEntropy::default()), &three).unwrap();
    near("by another of two equal ones", g.data()[0], 0.5, 1e-15, &mut out);
    near("by one of two equal ones", g.data()[1], -0.5, 1e-15, &mut out);
    assert!(out.is_empty(), "\n{out}");
}

/// Sums of 10⁶ products in `f32`, whatever the shape of the result: rows, columns, few and many.
#[test]
fn long_products_keep_their_digits() {
    let k = 300_000;
    let mut out = String::new();
    for (m, n) in [(1, 1), (1, 2), (1, 8), (8, 1), (2, 2), (3, 5)] {
        let a = Tensor::<f32>::full([m, k], 0.1);
        let right = f64::from(0.1f32) * k as f64;
        for b in [Tensor::<f32>::ones([k, n]), Tensor::<f32>::ones([n, k]).t()] {
            let y = a.matmul(&b);
            let worst = y.data().iter().map(|y| (f64::from(*y) / right - 1.0).abs()).fold(0.0, f64::max);
            near(&format!("[{m}, {k}] · [{k}, {n}]"), 1.0 + worst, 1.0, 5e-6, &mut out);
        }
    }
    assert!(out.is_empty(), "\n{out}");
}
