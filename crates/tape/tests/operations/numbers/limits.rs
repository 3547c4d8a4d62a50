//! Values at the limits: infinite arguments, sizes at which squares and sums overflow, and digits that are easily lost.

use std::fmt::Write;

use wengert_tape::prelude::*;

const INF: f64 = f64::INFINITY;

fn near(what: &str, found: f64, expected: f64, tolerance: f64, out: &mut String) {
    let same = found == expected || (found - expected).abs() <= tolerance * expected.abs();
    if !(same || found.is_nan() && expected.is_nan()) {
        writeln!(out, "  {what}: {found} instead of {expected}").unwrap();
    }
}

fn each_near<F: Float>(what: &str, found: &Tensor<F>, expected: &[f64], tolerance: f64, out: &mut String) {
    assert_eq!(found.len(), expected.len(), "{what}");
    for (i, (found, expected)) in found.data().iter().zip(expected).enumerate() {
        near(&format!("{what}[{i}]"), Float::to_f64(*found), *expected, tolerance, out);
    }
}

/// Three equal logits share the gradient, and have a third of the probability each.
fn thirds<F: Float>(sizes: &[f64], tolerance: f64, out: &mut String) {
    for size in sizes.iter().flat_map(|size| [*size, -*size]) {
        let x = Tensor::<F>::full([3], F::from_f64(size));
        let third = [1.0 / 3.0; 3];
        let what = |name: &str| format!("{name} of {} {size}", F::NAME);
        each_near(&what("log_sum_exp"), &grad(|x: Var<F>| x.log_sum_exp(0), &x).unwrap(), &third, tolerance, out);
        let tape = Tape::of::<F>();
        let v = tape.var(x.clone());
        let recorded = v.log_sum_exp(0).backward_recorded()[v];
        each_near(&what("recorded log_sum_exp"), &recorded.value(), &third, tolerance, out);
        let (_, tangent) = jvp(|x: Var<F>| x.log_sum_exp(0), &x, &Tensor::ones([3])).unwrap();
        near(&what("log_sum_exp forwards"), Float::to_f64(tangent.item()), 1.0, tolerance, out);
        each_near(&what("log_softmax"), &x.log_softmax(0), &[-(3f64.ln()); 3], tolerance, out);
        each_near(&what("softmax"), &x.softmax(0), &third, tolerance, out);
        let loss = x.cross_entropy(Tensor::from(0), &CrossEntropy::default());
        near(&what("cross_entropy"), Float::to_f64(loss.item()), 3f64.ln(), tolerance, out);
        for tape in [Tape::of::<F>(), Tape::gradient_only::<F>()] {
            let x = tape.scalars(x.data());
            let y = Scalar::log_sum_exp_of(&x);
            let g = y.backward();
            x.iter()
                .for_each(|x| near(&what("log_sum_exp of scalars"), Float::to_f64(g[*x]), 1.0 / 3.0, tolerance, out));
        }
        let tape = Tape::of::<F>();
        let x = tape.scalars(x.data());
        let g = Scalar::log_sum_exp_of(&x).backward_recorded();
        let part = Float::to_f64(g[x[1]].value());
        near(&what("recorded log_sum_exp of scalars"), part, 1.0 / 3.0, tolerance, out);
    }
}

#[test]
fn equal_logits_of_any_size_share() {
    let mut out = String::new();
    thirds::<f32>(&[1.0, 1e5, 1e6, 1e7, 1e8, 1e20, 1e30], 1e-6, &mut out);
    thirds::<f64>(&[1.0, 1e8, 1e16, 1e30, 1e200, 1e300], 1e-15, &mut out);
    assert!(out.is_empty(), "\n{out}");
}

#[test]
fn log_sum_exp_of_infinities() {
    let of = |x: [f64; 2]| value_and_grad(|x: Var| x.log_sum_exp(0), &Tensor::from(x)).unwrap();
    let (y, g) = of([-INF, -INF]);
    assert_eq!((y, g.data()), (-INF, &[0.0, 0.0][..]));
    let (y, g) = of([-INF, 2.0]);
    assert_eq!((y, g.data()), (2.0, &[0.0, 1.0][..]));
    let (y, g) = of([INF, 2.0]);
    assert_eq!((y, g.data()), (INF, &[1.0, 0.0][..]));
}

/// What numbers of one size are normalised to does not depend on the size.
#[test]
fn normalised_numbers_of_any_size() {
    let mut out = String::new();
    let half = 0.5f64.sqrt();
    // of (1, −1, 1) less its mean ⅓, by √(8/9)
    let centred = [half, -2.0 * half, half];
    for size in [1e-30, 1e-20, 1.0, 1e20, 1e30] {
        let x = Tensor::<f32>::from([1.0, -1.0, 1.0].map(|x| (x * size) as f32));
        let column = x.reshape([3, 1]);
        each_near("layer_norm", &x.layer_norm([3], 1.0, 0.0, 0.0), &centred, 1e-6, &mut out);
        each_near("batch_norm", &column.batch_norm(1.0, 0.0, 0.0), &centred, 1e-6, &mut out);
        each_near("rms_norm", &x.rms_norm([3], 1.0, 0.0), &[1.0, -1.0, 1.0], 1e-6, &mut out);
        each_near("group_norm", &x.reshape([1, 3]).group_norm(1, 1.0, 0.0, 0.0), &centred, 1e-6, &mut out);
    }
    // As issue 13 has it, with the usual ε.
    let x = Tensor::<f32>::from([1e20, -1e20, 1e20]);
    each_near("layer_norm", &x.layer_norm([3], 1.0, 0.0, 1e-5), &centred, 1e-6, &mut out);
    let x = Tensor::<f64>::from([1e200, -1e200, 1e200]);
    let g = grad(|x: Var| (x.layer_norm([3], 1.0, 0.0, 1e-5) * Tensor::from([1.0, 0.0, 0.0])).sum(), &x).unwrap();
    // (1/σ)(e₀ − mean − y · y₀/n), with σ = √(8/9) · 1e200 and y as above
    let expected = [0, 1, 2].map(|i| {
        let direct = if i == 0 { 1.0 } else { 0.0 };
        (direct - 1.0 / 3.0 - centred[i] * centred[0] / 3.0) / ((8f64 / 9.0).sqrt() * 1e200)
    });
    for (found, expected) in g.data().iter().zip(expected) {
        assert!((found - expected).abs() < 1e-14 * 1e-200, "{g} instead of {expected:?}");
    }
    assert!(out.is_empty(), "\n{out}");
}

#[test]
fn evaluation_of_batch_norm_keeps_the_digits_of_what_differs_from_the_mean() {
    let x = Tensor::<f32>::from([[1e6 + 1.0], [1e6 - 1.0]]);
    let y = x.batch_norm_with(Tensor::from([1e6]), Tensor::from([1.0]), 1.0, 0.0, 0.0);
    assert_eq!(y.data(), [1.0, -1.0]);
}

#[test]
fn lengths_of_any_size() {
    let mut out = String::new();
    for size in [1e-300, 1e-200, 1e-160, 1.0, 1e160, 1e200, 1e300] {
        let x = Tensor::from([3.0 * size, 4.0 * size]);
        let what = format!("(3, 4) times {size}");
        for order in [2.0, 3.0, 1.5, 0.5, -2.0] {
            let (y, g) = value_and_grad(|x: Var| x.norm(order), &x).unwrap();
            let norm = (3f64.powf(order) + 4f64.powf(order)).powf(1.0 / order);
            let slopes = [3f64, 4.0].map(|x| (x / norm).powf(order - 1.0));
            near(&format!("{what}: norm {order}"), y, norm * size, 1e-14, &mut out);
            each_near(&format!("{what}: norm {order} by"), &g, &slopes, 1e-14, &mut out);
        }
        let (_, tangent) = jvp(|x: Var| x.norm(2.0), &x, &Tensor::from([1.0, 0.0])).unwrap();
        near(&format!("{what}: norm forwards"), tangent.item(), 0.6, 1e-15, &mut out);
        let (y, g) = value_and_grad(|x: Var| x.std(0.0), &x).unwrap();
        near(&format!("{what}: std"), y, 0.5 * size, 1e-14, &mut out);
        each_near(&format!("{what}: std by"), &g, &[-0.5, 0.5], 1e-14, &mut out);
        let f = |a: Var| a.slice(0, 0..1).hypot(a.slice(0, 1..2)).sum();
        let (y, g) = value_and_grad(f, &x).unwrap();
        near(&format!("{what}: hypot"), y, 5.0 * size, 1e-14, &mut out);
        each_near(&format!("{what}: hypot by"), &g, &[0.6, 0.8], 1e-14, &mut out);
        let f = |a: Var| a.slice(0, 0..1).atan2(a.slice(0, 1..2)).sum();
        let (y, g) = value_and_grad(f, &x).unwrap();
        near(&format!("{what}: atan2"), y, 0.75f64.atan(), 1e-15, &mut out);
        each_near(&format!("{what}: atan2 by"), &g, &[4.0 / 25.0 / size, -3.0 / 25.0 / size], 1e-14, &mut out);
        let other = Tensor::from([4.0 * size, 3.0 * size]);
        let f = |a: Var| a.cosine_similarity(Lift::constant(&a, other.clone()), 0, 0.0);
        let (y, g) = value_and_grad(f, &x).unwrap();
        near(&format!("{what}: cosine_similarity"), y, 24.0 / 25.0, 1e-14, &mut out);
        // (b/‖b‖ − y a/‖a‖) / ‖a‖
        let slopes = [(0.8 - 0.96 * 0.6) / 5.0, (0.6 - 0.96 * 0.8) / 5.0].map(|s| s / size);
        each_near(&format!("{what}: cosine_similarity by"), &g, &slopes, 1e-13, &mut out);
        for tape in [Tape::new(), Tape::gradient_only()] {
            let w = tape.scalars(x.data());
            let mut g = (w[0] * (3.0 * size) + w[1] * (4.0 * size)).backward();
            near(&format!("{what}: norm of gradients"), g.norm(), 5.0 * size, 1e-14, &mut out);
            if size > 1.0 {
                g.clip_norm(1.0);
                near(&format!("{what}: clipped"), g[w[1]], 0.8, 1e-14, &mut out);
            }
        }
    }
    for size in [1e-30f32, 1e-25, 1e25, 1e30] {
        let x = Tensor::from([3.0 * size, 4.0 * size]);
        let (y, g) = value_and_grad(|x: Var<f32>| x.norm(2.0), &x).unwrap();
        near("norm in f32", f64::from(y), 5.0 * f64::from(size), 1e-6, &mut out);
        each_near("norm in f32 by", &g, &[0.6, 0.8], 1e-6, &mut out);
    }
    assert!(out.is_empty(), "\n{out}");
}

#[test]
fn means_and_spreads_where_sums_overflow() {
    let x = Tensor::from([1e308; 3]);
    assert_eq!((x.mean().item(), x.var(0.0).item(), x.std(1.0).item()), (1e308, 0.0, 0.0));
    assert_eq!(grad(|x: Var| x.std(0.0), &x).unwrap().data(), [0.0; 3]);
    let x = Tensor::<f32>::from([[3e38, 1.0], [3e38, 3.0]]);
    assert_eq!(x.mean_over(0).data(), [3e38, 2.0]);
    assert_eq!(x.var_over(0, 0.0).data(), [0.0, 1.0]);
}

#[test]
fn the_weights_of_classes_may_be_of_any_size_and_sign() {
    let x = Tensor::<f32>::from([[-2.0, -0.5], [-1.0, -3.0]]);
    let of = |weights: Vec<f64>| {
        x.nll_loss(Tensor::from([0, 1]), &CrossEntropy { weights, ..CrossEntropy::default() }).item()
    };
    // (w₀ · 2 + w₁ · 3) / (w₀ + w₁)
    assert!((of(vec![-0.5, -1.0]) - 8.0 / 3.0).abs() < 1e-6);
    assert!((of(vec![1e-39, 1e-39]) - 2.5).abs() < 1e-6);
    assert!((of(vec![1e-30, 3e-30]) - 2.75).abs() < 1e-6);
    assert!((of(vec![1e30, 1e30]) - 2.5).abs() < 1e-6);
    let none = CrossEntropy { ignore: 0, ..CrossEntropy::default() };
    let (y, g) = value_and_grad(|x: Var<f32>| x.nll_loss(Tensor::from([0, 0]), &none), &x).unwrap();
    assert!(y.is_nan() && g.data().iter().all(|g| *g == 0.0), "{y} {g}");
}

/// Name, function, and its value and derivative at −∞ and ∞.
type Activation = (&'static str, fn(Var) -> Var, [(f64, f64); 2]);

#[test]
fn activations_at_infinity() {
    let table: Vec<Activation> = vec![
        ("gelu", |x| x.gelu(), [(0.0, 0.0), (INF, 1.0)]),
        ("gelu_tanh", |x| x.gelu_tanh(), [(0.0, 0.0), (INF, 1.0)]),
        ("silu", |x| x.silu(), [(0.0, 0.0), (INF, 1.0)]),
        ("mish", |x| x.mish(), [(0.0, 0.0), (INF, 1.0)]),
        ("softsign", |x| x.softsign(), [(-1.0, 0.0), (1.0, 0.0)]),
        ("softplus", |x| x.softplus(), [(0.0, 0.0), (INF, 1.0)]),
        ("sigmoid", |x| x.sigmoid(), [(0.0, 0.0), (1.0, 0.0)]),
        ("log_sigmoid", |x| x.log_sigmoid(), [(-INF, 1.0), (0.0, 0.0)]),
        ("tanh", |x| x.tanh(), [(-1.0, 0.0), (1.0, 0.0)]),
        ("elu", |x| x.elu(1.0), [(-1.0, 0.0), (INF, 1.0)]),
        ("celu", |x| x.celu(1.0), [(-1.0, 0.0), (INF, 1.0)]),
        ("relu", |x| x.relu(), [(0.0, 0.0), (INF, 1.0)]),
        ("hardtanh", |x| x.hardtanh(-1.0, 1.0), [(-1.0, 0.0), (1.0, 0.0)]),
        ("hardsigmoid", |x| x.hardsigmoid(), [(0.0, 0.0), (1.0, 0.0)]),
        ("erf", |x| x.erf(), [(-1.0, 0.0), (1.0, 0.0)]),
        ("atan", |x| x.atan(), [(-INF.atan(), 0.0), (INF.atan(), 0.0)]),
        ("asinh", |x| x.asinh(), [(-INF, 0.0), (INF, 0.0)]),
    ];
    let mut out = String::new();
    for (name, f, ends) in table {
        for (x, (value, slope)) in [-INF, INF].into_iter().zip(ends) {
            let (y, g) = value_and_grad(|x: Var| f(x).sum(), &Tensor::from([x])).unwrap();
            near(&format!("{name}({x})"), y, value, 0.0, &mut out);
            near(&format!("{name}′({x})"), g.data()[0], slope, 0.0, &mut out);
        }
    }
    for x in [1e20f32, -1e20, 1e30, -1e30] {
        let g = grad(|x: Var<f32>| x.gelu_tanh().sum(), &Tensor::from([x])).unwrap();
        near(&format!("gelu_tanh′({x})"), f64::from(g.data()[0]), if x > 0.0 { 1.0 } else { 0.0 }, 0.0, &mut out);
    }
    near("gelu(1e308)", Tensor::from([1e308]).gelu().item(), 1e308, 0.0, &mut out);
    near("gelu(2e38)", f64::from(Tensor::from([2e38f32]).gelu().item()), f64::from(2e38f32), 0.0, &mut out);
    // x Φ(x) by the asymptotic series of Φ (Abramowitz and Stegun 26.2.12), to six terms
    let x = 20.0f64;
    let series = 1.0 - x.powi(-2) + 3.0 * x.powi(-4) - 15.0 * x.powi(-6) + 105.0 * x.powi(-8) - 945.0 * x.powi(-10);
    let tail = -(-x * x / 2.0).exp() / (2.0 * std::f64::consts::PI).sqrt() * series;
    near("gelu(−20)", Tensor::from([-x]).gelu().item(), tail, 1e-8, &mut out);
    assert!(out.is_empty(), "\n{out}");
}

#[test]
fn between_infinities() {
    for q in [0.1, 0.5, 0.9] {
        assert_eq!(Tensor::from([0.0, -INF]).quantile(q, 0).item(), -INF);
        assert_eq!(Tensor::from([0.0, INF]).quantile(q, 0).item(), INF);
        assert_eq!(Tensor::from([INF, INF]).quantile(q, 0).item(), INF);
        assert!(Tensor::from([-INF, INF]).quantile(q, 0).item().is_nan());
        assert_eq!(Tensor::from([-1e308, 1e308]).quantile(q, 0).item(), (2.0 * q - 1.0) * 1e308);
        let lerp = |a: f64, b: f64| Tensor::from(a).lerp(Tensor::from(b), q).item();
        assert_eq!((lerp(-INF, 0.0), lerp(0.0, INF), lerp(3.0, -INF)), (-INF, INF, -INF));
        let (_, g) = value_and_grad(|x: Var| x.quantile(q, 0), &Tensor::from([0.0, INF])).unwrap();
        assert!((g.data()[0] - (1.0 - q)).abs() < 1e-15 && (g.data()[1] - q).abs() < 1e-15, "{g}");
    }
    let ends = |c: f64| Tensor::from(-INF).lerp(Tensor::from(2.0), c).item();
    assert_eq!((ends(0.0), ends(1.0)), (-INF, 2.0));
    let image = Tensor::new([1, 1, 3], vec![1.0, 2.0, INF]);
    assert_eq!(image.interpolate(5, Interpolation::LinearAligned).data(), [1.0, 1.5, 2.0, INF, INF]);
}

#[test]
fn products_are_as_large_as_they_are() {
    let (big, small) = (1e200, 1e-200);
    let near = |found: &[f64], expected: &[f64]| {
        let close = |(a, b): (&f64, &f64)| a == b || (a / b - 1.0).abs() < 1e-14;
        assert!(found.iter().zip(expected).all(close), "{found:?} instead of {expected:?}");
    };
    assert_eq!(Tensor::from([0.0, big, big]).cumprod(0).data(), [0.0, 0.0, 0.0]);
    near(Tensor::from([big, big, small, small]).cumprod(0).data(), &[big, INF, big, 1.0]);
    let of = |x: [f64; 4]| value_and_grad(|x: Var| x.prod(), &Tensor::from(x)).unwrap();
    for x in [[big, small, big, small], [big, big, small, small], [small, small, big, big]] {
        let (y, g) = of(x);
        near(&[y], &[1.0]);
        near(g.data(), &x.map(|x| 1.0 / x));
    }
    let (y, g) = of([0.0, big, small, 3.0]);
    near(&[y], &[0.0]);
    near(g.data(), &[3.0, 0.0, 0.0, 0.0]);
    let (y, g) = of([small, small, 1.0, 1.0]);
    near(&[y], &[0.0]);
    near(g.data(), &[small, small, 0.0, 0.0]);
    // ∂/∂x₀ Σ y = 1 + x₁ + x₁x₂, ∂/∂x₁ = x₀ (1 + x₂), ∂/∂x₂ = x₀ x₁
    let g = grad(|x: Var| x.cumprod(0).sum(), &Tensor::from([0.0, big, small])).unwrap();
    near(g.data(), &[big, 0.0, 0.0]);
    let rows = Tensor::<f32>::full([2, 1000], 2.0).prod_over(1);
    assert_eq!(rows.data(), [f32::INFINITY; 2]);
    let balanced = Tensor::<f32>::new([400], (0..400).map(|i| if i < 200 { 2.0 } else { 0.5 }).collect());
    assert_eq!((balanced.prod().item(), balanced.cumprod(0).data()[399]), (1.0, 1.0));
}
