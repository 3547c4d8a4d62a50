//! Sums of many numbers of `f32`: however many, and along whatever axis, they are right to six digits.

use std::fmt::Write;

use wengert_tape::prelude::*;

/// The nearest `f32` to 0.1, as what is added.
const TENTH: f32 = 0.1;

fn tenths(shape: impl Into<Shape>) -> Tensor<f32> {
    Tensor::full(shape, TENTH)
}

/// Notes what is not as expected.
fn near(what: &str, found: f32, expected: f64, out: &mut String) {
    if !((f64::from(found) / expected - 1.0).abs() < 1e-6) {
        writeln!(out, "  {what}: {found} instead of {expected}").unwrap();
    }
}

fn all_near(what: &str, found: &Tensor<f32>, expected: f64, out: &mut String) {
    found.data().iter().for_each(|x| near(what, *x, expected, out));
}

#[test]
fn sums_and_means_along_every_axis() {
    let mut out = String::new();
    near("sum", tenths([10_000_000]).sum().item(), 1e7 * f64::from(TENTH), &mut out);
    near("mean", tenths([10_000_000]).mean().item(), f64::from(TENTH), &mut out);
    let shapes: &[&[usize]] =
        &[&[1_000_000], &[1_000_000, 2], &[2, 1_000_000], &[3, 300_000, 2], &[100_000, 3, 10], &[10, 3, 100_000]];
    for shape in shapes {
        let x = tenths(Shape::from(*shape));
        for axis in 0..shape.len() {
            let (what, at, n) = (format!("{shape:?} over {axis}"), axis as isize, shape[axis] as f64);
            all_near(&format!("{what}: sum"), &x.sum_over(at), n * f64::from(TENTH), &mut out);
            all_near(&format!("{what}: mean"), &x.mean_over(at), f64::from(TENTH), &mut out);
            all_near(&format!("{what}: norm"), &x.norm_over(at, 2.0), n.sqrt() * f64::from(TENTH), &mut out);
        }
        if let [a, _, c] = shape {
            let sums = x.sum_over([0, 2]);
            all_near(&format!("{shape:?} over 0 and 2"), &sums, (a * c) as f64 * f64::from(TENTH), &mut out);
        }
    }
    assert!(out.is_empty(), "\n{out}");
}

#[test]
fn a_variance_of_numbers_beside_1000_is_1() {
    let n = 1_000_000;
    let data =
        |width: usize| (0..n * width).map(|i| if (i / width).is_multiple_of(2) { 999.0 } else { 1001.0 }).collect();
    for width in [1, 3] {
        let x = Tensor::<f32>::new([n, width], data(width));
        assert!(x.var_over(0, 0.0).data().iter().all(|v| (v - 1.0).abs() < 1e-6), "{}", x.var_over(0, 0.0));
        assert!(x.std_over(0, 0.0).data().iter().all(|v| (v - 1.0).abs() < 1e-6));
        let y = x.normalise(0, 0.0);
        assert!(y.data().iter().all(|y| (y.abs() - 1.0).abs() < 1e-6));
    }
}

#[test]
fn products_losses_and_denominators() {
    let n = 1_000_000;
    let (x, zero) = (tenths([n]), Tensor::<f32>::zeros([n]));
    let (tenth, count, mut out) = (f64::from(TENTH), n as f64, String::new());
    near("dot", x.dot(&x).item(), count * tenth * tenth, &mut out);
    // Matrix products add 4,096 products one after the other, which equal ones make the worst of.
    let products = [x.reshape([1, n]).matmul(tenths([n, 2])), tenths([2, n]).matmul(tenths([n, 3]))];
    for y in products.iter().flat_map(|y| y.data()) {
        assert!((f64::from(*y) / (count * tenth * tenth) - 1.0).abs() < 1e-4, "{y}");
    }
    near("l1", x.l1_loss(&zero, Reduction::Sum).item(), count * tenth, &mut out);
    near("mse", x.mse_loss(&zero, Reduction::Mean).item(), tenth * tenth, &mut out);
    near("log_sum_exp", zero.log_sum_exp(0).item(), count.ln(), &mut out);
    near("softmax", zero.softmax(0).sum().item(), 1.0, &mut out);
    near("log_softmax", zero.log_softmax(0).data()[7], -count.ln(), &mut out);
    let targets = Tensor::<f32>::full([n], 1e-6);
    near(
        "soft cross-entropy",
        zero.soft_cross_entropy(&targets, Reduction::Sum).item(),
        1e-6_f32 as f64 * count * count.ln(),
        &mut out,
    );
    let running = x.cumsum(0);
    for k in [99, 9_999, 999_999] {
        near("cumsum", running.data()[k], (k + 1) as f64 * tenth, &mut out);
    }
    assert!(out.is_empty(), "\n{out}");
}

#[test]
fn gradients_that_are_sums_of_many() {
    let (n, mut out) = (1_000_000, String::new());
    let tape = Tape::of::<f32>();
    let (bias, table, x) = (tape.var(tenths([2])), tape.var(tenths([2, 2])), tenths([n, 2]));
    let index = Tensor::new([n], (0..n as i64).map(|i| i % 2).collect());
    let loss = (x.clone() * (tape.constant(x.clone()) + bias)).sum() + (table.embedding(index.clone()) * &x).sum();
    let g = loss.backward();
    all_near("bias", &g[bias], n as f64 * f64::from(TENTH), &mut out);
    all_near("embedding", &g[table], n as f64 / 2.0 * f64::from(TENTH), &mut out);
    all_near("index_add", &x.index_add(0, 2, index.clone()), n as f64 / 2.0 * f64::from(TENTH), &mut out);
    let scattered = tenths([n]).scatter_add([2], 0, index);
    all_near("scatter_add", &scattered, n as f64 / 2.0 * f64::from(TENTH), &mut out);
    // filters are differentiated over a batch
    let images = tenths([n / 4, 1, 2]);
    let filter = tape.var(tenths([1, 1, 2]));
    let g = tape.constant(images).conv(filter, Conv::default()).sum().backward();
    all_near("filter", &g[filter], n as f64 / 4.0 * f64::from(TENTH), &mut out);
    all_near("average_pool", &tenths([1, 1, n]).adaptive_average_pool(1), f64::from(TENTH), &mut out);
    let above = tape.var(tenths([1, 1, 1]));
    let g = above.interpolate(n, Interpolation::Nearest).sum().backward();
    all_near("interpolate", &(g[above].clone() * 0.1), n as f64 * 0.1, &mut out);
    assert!(out.is_empty(), "\n{out}");
}

#[test]
fn sums_of_recorded_numbers() {
    let (n, mut out) = (3_000_000, String::new());
    for tape in [Tape::of::<f32>(), Tape::gradient_only::<f32>()] {
        let x = tape.scalars(&vec![TENTH; n]);
        near("sum", x.iter().sum::<Scalar<f32>>().value(), n as f64 * f64::from(TENTH), &mut out);
        let half = &x[..n / 3];
        near("dot", Scalar::dot(half, half).value(), half.len() as f64 * f64::from(TENTH).powi(2), &mut out);
        let level = Scalar::log_sum_exp_of(half).value();
        near("log_sum_exp", level, f64::from(TENTH) + (half.len() as f64).ln(), &mut out);
    }
    assert!(out.is_empty(), "\n{out}");
}
