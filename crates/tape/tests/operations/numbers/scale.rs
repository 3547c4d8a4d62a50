//! A power of two changes no digit: functions that grow with their argument, or do not, at sizes at which squares overflow or
//! vanish.

use std::fmt::Write;

use wengert_tape::prelude::*;

/// Name, function, and the power of the scale by which it grows.
type Row<F> = (&'static str, fn(Var<F>) -> Var<F>, i32);

fn table<F: Float>() -> Vec<Row<F>> {
    vec![
        ("sum", |x| x.sum(), 1),
        ("mean", |x| x.mean(), 1),
        ("mean_over", |x| x.mean_over(0), 1),
        ("max", |x| x.max_over(1), 1),
        ("median", |x| x.median_over(1), 1),
        ("quantile", |x| x.quantile(0.3, 1), 1),
        ("cumsum", |x| x.cumsum(1), 1),
        ("std", |x| x.std(1.0), 1),
        ("std_over", |x| x.std_over(0, 0.0), 1),
        ("norm 1", |x| x.norm(1.0), 1),
        ("norm 2", |x| x.norm(2.0), 1),
        ("norm 2 over an axis", |x| x.norm_over(0, 2.0), 1),
        ("norm ∞", |x| x.norm(f64::INFINITY), 1),
        ("hypot", |x| x.slice(0, 0..1).hypot(x.slice(0, 1..2)), 1),
        ("lerp", |x| x.slice(0, 0..1).lerp(x.slice(0, 1..2), 0.3), 1),
        ("l1_loss", |x| x.l1_loss(x * 0.5, Reduction::Mean), 1),
        ("atan2", |x| x.slice(0, 0..1).atan2(x.slice(0, 1..2)), 0),
        ("cosine_similarity", |x| x.slice(0, 0..1).cosine_similarity(x.slice(0, 1..2), 1, 0.0), 0),
        ("normalise", |x| x.normalise(1, 0.0), 0),
        ("normalise over axis 0", |x| x.normalise(0, 0.0), 0),
        ("rms_normalise", |x| x.rms_normalise(1, 0.0), 0),
        ("layer_norm", |x| x.layer_norm([3], 2.0, 1.0, 0.0), 0),
        ("batch_norm", |x| x.batch_norm(2.0, 1.0, 0.0), 0),
        ("group_norm", |x| x.group_norm(1, 2.0, 1.0, 0.0), 0),
        ("sign", |x| x.sign(), 0),
        ("quotient", |x| x.slice(0, 0..1) / x.slice(0, 1..2), 0),
        ("softsign of a quotient", |x| (x.slice(0, 0..1) / x.slice(0, 1..2)).softsign(), 0),
    ]
}

fn check<F: Float>(exponents: &[i32], tolerance: f64) {
    let numbers = [0.7, -1.3, 2.1, 0.4, 1.9, -0.6, -2.3, 1.1, 0.9].map(F::from_f64);
    let x = Tensor::<F>::new([3, 3], numbers.to_vec());
    let mut out = String::new();
    for (name, f, power) in table::<F>() {
        let weighted = |x: Var<F>| {
            let y = f(x);
            let n = y.shape().len_elements();
            (y.flatten(0) * Tensor::<F>::linspace(1.0, 2.0, n)).sum()
        };
        let (_, d) = jvp(f, &x, &Tensor::ones([3, 3])).unwrap();
        let plain = (f(Tape::of::<F>().var(x.clone())).value(), grad(weighted, &x).unwrap(), d);
        for exponent in exponents {
            let scale = F::from_f64(f64::powi(2.0, *exponent));
            let scaled = Tensor::new([3, 3], x.data().iter().map(|x| *x * scale).collect());
            let (_, d) = jvp(f, &scaled, &Tensor::ones([3, 3])).unwrap();
            let found = (f(Tape::of::<F>().var(scaled.clone())).value(), grad(weighted, &scaled).unwrap(), d);
            let mut same = |what: &str, found: &Tensor<F>, plain: &Tensor<F>, power: i32| {
                let largest = plain.data().iter().fold(0.0, |m: f64, x| m.max(Float::to_f64(*x).abs()));
                for (a, b) in found.data().iter().zip(plain.data()) {
                    // the scale is taken out of the wide range first
                    let a = Float::to_f64(*a) * f64::powi(2.0, -exponent * power);
                    if !((a - Float::to_f64(*b)).abs() <= tolerance * largest) {
                        writeln!(out, "  {name} times 2^{exponent}, {what}: {a} instead of {b}").unwrap();
                    }
                }
            };
            same("value", &found.0, &plain.0, power);
            same("gradient", &found.1, &plain.1, power - 1);
            same("tangent", &found.2, &plain.2, power - 1);
        }
    }
    assert!(out.is_empty(), "\n{out}");
}

#[test]
fn in_f32() {
    check::<f32>(&[-100, -60, 60, 100], 1e-6);
}

#[test]
fn in_f64() {
    check::<f64>(&[-900, -500, 500, 900], 1e-14);
}
