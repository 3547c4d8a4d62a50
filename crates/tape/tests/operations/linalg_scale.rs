//! Linear algebra at any scale: what a matrix times a power of two gives is what the matrix gives times a power of it, in
//! values and gradients, in both float types.

use std::fmt::Write;

use wengert_tape::prelude::*;

/// A function of a matrix whose value is homogeneous: `f(s·a) = s^degree · f(a)`; its gradient then is so of the degree below.
struct Row {
    name: &'static str,
    call: fn(&dyn Reader, Var) -> Var,
    single: fn(&dyn Reader, Var<f32>) -> Var<f32>,
    degree: f64,
    matrix: Tensor,
}

/// Nothing but a reason for one closure to be two functions.
trait Reader {}
struct Both;
impl Reader for Both {}

macro_rules! rows {
    ($($name:literal $degree:literal $matrix:expr, |$a:ident| $body:expr;)*) => {
        vec![$(Row {
            name: $name,
            call: |_, $a: Var| $body,
            single: |_, $a: Var<f32>| $body,
            degree: $degree,
            matrix: $matrix,
        }),*]
    };
}

fn table() -> Vec<Row> {
    let square = || Tensor::from([[2.0, 0.5, -1.0], [0.25, 3.0, 0.5], [1.5, -0.75, 5.0]]);
    let definite = || Tensor::from([[4.0, 1.0, 0.5], [1.0, 3.0, -0.25], [0.5, -0.25, 2.0]]);
    let tall = || Tensor::from([[3.0, 0.5], [0.2, 1.0], [-0.4, 0.3]]);
    let wide = || Tensor::from([[3.0, 0.2, -0.4], [0.5, 1.0, 0.3]]);
    rows! {
        "svdvals" 1.0 square(), |a| a.svdvals();
        "svdvals of a tall one" 1.0 tall(), |a| a.svdvals();
        "left vectors" 0.0 square(), |a| a.svd().0;
        "left vectors of a tall one" 0.0 tall(), |a| a.svd().0;
        "right vectors" 0.0 square(), |a| a.svd().2;
        "right vectors of a wide one" 0.0 wide(), |a| a.svd().2;
        "eigvalsh" 1.0 definite(), |a| a.eigvalsh();
        "eigenvectors" 0.0 definite(), |a| a.eigh().1;
        "q" 0.0 tall(), |a| a.qr().0;
        "r" 1.0 tall(), |a| a.qr().1;
        "cholesky" 0.5 definite(), |a| a.cholesky();
        "inverse" -1.0 square(), |a| a.inverse();
        "solve" -1.0 square(), |a| a.solve(Tensor::from([1.0, -2.0, 0.5]).cast());
        "solve_triangular" -1.0 square(), |a| a.solve_triangular(Triangle::Upper, Tensor::from([1.0, -2.0, 0.5]).cast());
        "det of one number" 1.0 Tensor::from([[3.0]]), |a| a.det();
        "the logarithm of a determinant, but for its shift" 0.0 square(), |a| {
            let (first, second) = (a.slogdet().1, (a * 2.0).slogdet().1);
            second - first
        };
    }
}

/// Compares a value and the gradient of a weighted sum of it with those of the matrix as it is.
fn compare<F: Float>(row: &Row, f: &dyn Fn(Var<F>) -> Var<F>, power: i32, tolerance: f64, out: &mut String) {
    let run = |x: Tensor<F>| {
        let tape = Tape::of::<F>();
        let leaf = tape.var(x);
        let y = f(leaf);
        let weights = (0..y.shape().len_elements()).map(|i| F::from_f64(0.7 + 0.2 * (i as f64).sin())).collect();
        let g = y.backward_from(Tensor::new(y.shape(), weights)).unwrap();
        (y.value(), g[leaf].clone())
    };
    let scale = 2f64.powi(power);
    let (y0, g0) = run(row.matrix.cast());
    let (y, g) = run(row.matrix.map(|x| x * scale).cast());
    let degree = row.degree;
    for (what, found, plain, degree) in [("value", &y, &y0, degree), ("gradient", &g, &g0, degree - 1.0)] {
        // The exponent in two halves, since the whole may be out of range.
        let half = (0.5 * degree * f64::from(power)).exp2();
        for i in 0..plain.len() {
            let expected = Float::to_f64(plain.data()[i]) * half * half;
            // What no float of the type can hold is not asked for.
            let holds = |x: f64| {
                (Float::to_f64(<F as num_traits::Float>::min_positive_value()) * 1e8
                    ..Float::to_f64(<F as num_traits::Float>::max_value()))
                    .contains(&x.abs())
            };
            if !plain.data().iter().all(|x| holds(Float::to_f64(*x) * half * half)) {
                continue;
            }
            let size = plain.data().iter().map(|x| Float::to_f64(*x).abs()).fold(0.0, f64::max) * half * half;
            let found = Float::to_f64(found.data()[i]);
            if !((found - expected).abs() <= tolerance * size) {
                writeln!(out, "{} {} at 2^{power}, {what} {i}: {found:e} instead of {expected:e}", F::NAME, row.name)
                    .unwrap();
            }
        }
    }
}

#[test]
fn values_and_gradients_are_as_right_at_any_scale() {
    let mut failures = String::new();
    for row in &table() {
        for power in [-664, -520, -330, -200, -60, 60, 200, 330, 520, 664] {
            compare::<f64>(row, &|a| (row.call)(&Both, a), power, 1e-12, &mut failures);
        }
        for power in [-100, -84, -60, -24, 24, 60, 84, 100] {
            compare::<f32>(row, &|a| (row.single)(&Both, a), power, 1e-4, &mut failures);
        }
    }
    assert!(failures.is_empty(), "\n{failures}");
}

#[test]
fn what_the_issue_says() {
    let a = Tensor::from([[2.0, 1.0], [1.0, 2.0]]);
    for scale in [1e-200, 1e-155, 1e155, 1e200] {
        let s = (&a * scale).svdvals();
        let (w, near) = ((&a * scale).eigvalsh(), |x: f64, y: f64| (x / scale - y).abs() < 1e-14);
        assert!(near(s[[0]], 3.0) && near(s[[1]], 1.0), "{s}");
        assert!(near(w[[0]], 1.0) && near(w[[1]], 3.0), "{w}");
    }
    for scale in [1e-30_f32, 1e-25, 1e20, 1e30] {
        let s = (a.cast::<f32>() * f64::from(scale)).svdvals();
        assert!((s[[0]] / scale - 3.0).abs() < 1e-5 && (s[[1]] / scale - 1.0).abs() < 1e-5, "{s}");
    }
}

/// Second derivatives at scale: `Σ s³`, whose Hessian product is homogeneous of degree 2.
#[test]
fn second_derivatives_too() {
    let a = Tensor::from([[3.0, 0.5], [0.2, 1.0], [-0.4, 0.3]]);
    let d = Tensor::from([[0.1, -0.4], [0.7, 0.3], [0.2, -0.5]]);
    let plain = hvp(|a: Var| a.svdvals().powi(3).sum(), &a, &d).unwrap();
    for scale in [2f64.powi(-330), 2f64.powi(-200), 2f64.powi(200), 2f64.powi(330)] {
        let found = hvp(|a: Var| (a.svdvals() / scale).powi(3).sum(), &(&a * scale), &(&d * scale)).unwrap();
        for (x, y) in found.data().iter().zip(plain.data()) {
            assert!((x * scale - y).abs() < 1e-12, "{scale}: {found} {plain}");
        }
    }
}

/// The exponential is not homogeneous, but its derivative is in the direction: of any size, to the last digit.
#[test]
fn the_derivative_of_an_exponential_is_linear_in_its_direction() {
    // exp of [[0, t], [0, 0]] is [[1, t], [0, 1]]: all of the direction, and nothing else.
    let a = Tensor::from([[0.0, 1.0], [0.0, 0.0]]);
    let general = Tensor::from([[0.4, -1.2, 0.3], [0.8, 0.1, -0.5], [-0.6, 0.9, 0.2]]);
    let d = Tensor::from([[0.3, 0.7, -0.2], [0.5, -0.9, 0.4], [0.1, 0.6, -0.8]]);
    for exponent in [-900, -27, 13, 27, 900] {
        let scale = 2f64.powi(exponent);
        let (_, along) = jvp(|a: Var| a.matrix_exp(), &a, &(&a * scale)).unwrap();
        assert_eq!(along.data(), [0.0, scale, 0.0, 0.0]);
        let plain = jvp(|a: Var| a.matrix_exp(), &general, &d).unwrap().1;
        assert_eq!(jvp(|a: Var| a.matrix_exp(), &general, &(&d * scale)).unwrap().1, &plain * scale);
        let (_, g) = vjp(|a: Var| a.matrix_exp(), &general, &d).unwrap();
        assert_eq!(vjp(|a: Var| a.matrix_exp(), &general, &(&d * scale)).unwrap().1, g * scale);
    }
    // The loss times 10⁸ in f32.
    let single = general.cast::<f32>();
    let plain = grad(|a: Var<f32>| a.matrix_exp().sum(), &single).unwrap();
    let large = grad(|a: Var<f32>| a.matrix_exp().sum() * 1e8, &single).unwrap();
    let exact = grad(|a: Var| a.matrix_exp().sum(), &general).unwrap();
    for ((x, y), z) in large.data().iter().zip(plain.data()).zip(exact.data()) {
        assert!((f64::from(*x) / 1e8 - z).abs() < 1e-5 && (f64::from(*y) - z).abs() < 1e-5, "{large} {exact}");
    }
    // Matrices of any size: exp(0 + tiny) is 1 + tiny, and a rotation by a large angle is one.
    let tiny = &general * 1e-200;
    let gradient = grad(|a: Var| a.matrix_exp().sum(), &tiny).unwrap();
    assert!(gradient.data().iter().all(|x| (x - 1.0).abs() < 1e-15), "{gradient}");
}

#[test]
fn gradients_are_clipped_at_any_scale() {
    for scale in [1e-200, 1e-100, 1e-9, 1.0, 1e9, 1e100, 1e200, 1e300] {
        let run = |limit: f64| {
            let tape = Tape::new();
            let w = tape.var(Tensor::from([1.0, 1.0]));
            let mut g = (w * Tensor::from([3.0 * scale, 4.0 * scale])).sum().backward();
            let before = g.clip_norm(limit);
            (before, g[w].to_vec())
        };
        let (before, g) = run(scale);
        assert!((before / scale - 5.0).abs() < 1e-14, "{before} at {scale}");
        assert!((g[0] / scale - 0.6).abs() < 1e-6 && (g[1] / scale - 0.8).abs() < 1e-6, "{g:?} at {scale}");
        assert_eq!(run(10.0 * scale).1, [3.0 * scale, 4.0 * scale]);
    }
    let tape = Tape::of::<f32>();
    let w = tape.var(Tensor::from([1.0_f32, 1.0]));
    let mut g = (w * Tensor::from([3e38_f32, 3e38])).sum().backward();
    g.clip_norm(1.0);
    assert!(g[w].data().iter().all(|x| (x - 0.5_f32.sqrt()).abs() < 1e-6), "{}", g[w]);
}
