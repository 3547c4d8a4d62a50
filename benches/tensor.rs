//! Tensors on the tape, each beside the same work in plain Rust or by the matrix-product crate alone.
//!
//! `cargo bench --bench tensor`; names are `op/size/pass`. Read the ratios, not the times.

#![allow(missing_docs)] // the macro makes a function without docs

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use wengert::prelude::*;
use wengert::set_threads;

/// Numbers between −1 and 1.
fn numbers(shape: impl Into<Shape>) -> Tensor<f32> {
    let shape = shape.into();
    let n = shape.len_elements();
    Tensor::new(shape, (0..n).map(|i| ((i * 7919 % 1013) as f32 / 506.5 - 1.0) * 0.3).collect())
}

/// `c ← a·b` by the crate that the engine uses, with the row strides of `a` and `b`, or of their transposes.
fn gemm([m, k, n]: [usize; 3], a: &[f32], ta: bool, b: &[f32], tb: bool, c: &mut [f32]) {
    assert_eq!((a.len(), b.len(), c.len()), (m * k, k * n, m * n));
    let stride = |t: bool, rows: usize, columns: usize| if t { [1, rows as isize] } else { [columns as isize, 1] };
    let ([ar, ac], [br, bc]) = (stride(ta, m, k), stride(tb, k, n));
    #[allow(unsafe_code)] // the library is called with pointers
    // SAFETY: the lengths asserted above are what the strides reach; `c` is a unique reference.
    unsafe {
        gemm_f32::gemm::f32::get_gemm_fn()(
            n,
            m,
            k,
            c.as_mut_ptr(),
            n as isize,
            1,
            false,
            b.as_ptr(),
            br,
            bc,
            a.as_ptr(),
            ar,
            ac,
            1.0,
            1.0,
            false,
            false,
            false,
            gemm_common::Parallelism::None,
        );
    }
}

fn small(c: &mut Criterion) {
    // what stands beside it is on one thread too
    set_threads(1);
    let (x0, g0) = (numbers([4]), numbers([4]));
    let mut group = c.benchmark_group("exp/4");
    group.bench_function("forward+backward", |b| {
        let mut tape = Tape::of::<f32>();
        b.iter(|| {
            tape.clear();
            let x = tape.var(x0.clone());
            black_box(x.exp().backward_from(g0.clone()).unwrap())
        });
    });
    group.bench_function("plain Rust", |b| {
        b.iter(|| {
            let y: Vec<f32> = black_box(x0.data()).iter().map(|x| x.exp()).collect();
            black_box(g0.data().iter().zip(&y).map(|(g, y)| g * y).collect::<Vec<f32>>())
        });
    });
    group.finish();
    let mut group = c.benchmark_group("mul/4");
    group.bench_function("forward+backward", |b| {
        let mut tape = Tape::of::<f32>();
        b.iter(|| {
            tape.clear();
            let (x, w) = (tape.var(x0.clone()), tape.var(g0.clone()));
            black_box((x * w).backward_from(g0.clone()).unwrap())
        });
    });
    group.finish();
}

fn matmul(c: &mut Criterion) {
    for n in [64, 256] {
        let (a, b, g) = (numbers([n, n]), numbers([n, n]), numbers([n, n]));
        let mut group = c.benchmark_group(format!("matmul/{n}"));
        group.bench_function("forward+backward", |bench| {
            let mut tape = Tape::of::<f32>();
            bench.iter(|| {
                tape.clear();
                let (a, b) = (tape.var(a.clone()), tape.var(b.clone()));
                black_box(a.matmul(b).backward_from(g.clone()).unwrap())
            });
        });
        group.bench_function("three products alone", |bench| {
            let mut out = [vec![0.0; n * n], vec![0.0; n * n], vec![0.0; n * n]];
            let size = [n; 3];
            bench.iter(|| {
                gemm(size, a.data(), false, b.data(), false, &mut out[0]);
                gemm(size, g.data(), false, b.data(), true, &mut out[1]);
                gemm(size, a.data(), true, g.data(), false, &mut out[2]);
                black_box(&out);
            });
        });
        group.finish();
    }
}

/// Convolution of images `[batch, channels, side, side]` with `filters` squares of `size`, beside the three matrix products
/// that it consists of, by the crate that the engine uses.
fn conv_of(c: &mut Criterion, [batch, channels, side]: [usize; 3], [filters, size]: [usize; 2], padding: usize) {
    let (x, w) = (numbers([batch, channels, side, side]), numbers([filters, channels, size, size]));
    let out = side + 2 * padding + 1 - size;
    let g = numbers([batch, filters, out, out]);
    let name = format!("conv2d/{batch}x{channels}x{side}x{side}·{filters}x{channels}x{size}x{size}");
    let mut group = c.benchmark_group(name);
    let options = || Conv::default().padding(padding);
    group.bench_function("forward", |bench| {
        bench.iter(|| black_box(x.conv2d(&w, options())));
    });
    group.bench_function("forward+backward", |bench| {
        let mut tape = Tape::of::<f32>();
        bench.iter(|| {
            tape.clear();
            let (x, w) = (tape.var(x.clone()), tape.var(w.clone()));
            black_box(x.conv2d(w, options()).backward_from(g.clone()).unwrap())
        });
    });
    group.bench_function("its products alone", |bench| {
        let (rows, columns) = (channels * size * size, out * out);
        let matrix = numbers([rows, columns]);
        let (mut y, mut dx, mut dw) =
            (vec![0.0; filters * columns], vec![0.0; rows * columns], vec![0.0; filters * rows]);
        let g = &g.data()[..filters * columns];
        bench.iter(|| {
            for _ in 0..batch {
                gemm([filters, rows, columns], w.data(), false, matrix.data(), false, &mut y);
                gemm([rows, filters, columns], w.data(), true, g, false, &mut dx);
                gemm([filters, columns, rows], g, false, matrix.data(), true, &mut dw);
            }
            black_box((&y, &dx, &dw));
        });
    });
    group.finish();
}

fn conv(c: &mut Criterion) {
    conv_of(c, [16, 16, 14], [32, 3], 1);
    // The two layers of a network for MNIST.
    conv_of(c, [10, 1, 28], [20, 5], 0);
    conv_of(c, [10, 20, 12], [40, 5], 0);
    let x = numbers([10, 20, 24, 24]);
    let mut group = c.benchmark_group("max_pool2d/10x20x24x24");
    group.bench_function("forward+backward", |bench| {
        let mut tape = Tape::of::<f32>();
        let g = numbers([10, 20, 12, 12]);
        bench.iter(|| {
            tape.clear();
            black_box(tape.var(x.clone()).max_pool2d(2, 2).backward_from(g.clone()).unwrap())
        });
    });
    group.finish();
}

fn step(c: &mut Criterion) {
    let (x, y) = (numbers([10, 784]), numbers([10, 10]));
    let shapes = [(784, 30), (30, 10)];
    let weights = shapes.map(|(n, m)| Param::new(numbers([n, m])));
    let biases = shapes.map(|(_, m)| Param::new(numbers([m])));
    let mut group = c.benchmark_group("step/784-30-10/batch 10");
    group.bench_function("forward+backward", |bench| {
        let mut tape = Tape::of::<f32>();
        bench.iter(|| {
            tape.clear();
            let (mut a, y) = (tape.input(x.clone()), tape.input(y.clone()));
            for (w, b) in weights.iter().zip(&biases) {
                a = (a.matmul(a.lift(w)) + a.lift(b)).sigmoid();
            }
            let cost = (a - y).powi(2).sum() * 0.05;
            black_box(cost.backward())
        });
    });
    group.bench_function("by hand", |bench| {
        let sigmoid = |z: &mut [f32], b: &[f32]| {
            for row in z.chunks_exact_mut(b.len()) {
                row.iter_mut().zip(b).for_each(|(z, b)| *z = 1.0 / (1.0 + (-(*z + b)).exp()));
            }
        };
        let [w1, w2] = weights.each_ref().map(|w| w.value().data());
        let [b1, b2] = biases.each_ref().map(|b| b.value().data());
        let (mut a1, mut a2, mut d1) = (vec![0.0; 300], vec![0.0; 100], vec![0.0; 300]);
        let (mut g1, mut g2) = (vec![0.0; 784 * 30], vec![0.0; 300]);
        let (mut gb1, mut gb2) = (vec![0.0; 30], vec![0.0; 10]);
        bench.iter(|| {
            gemm([10, 784, 30], x.data(), false, w1, false, &mut a1);
            sigmoid(&mut a1, b1);
            gemm([10, 30, 10], &a1, false, w2, false, &mut a2);
            sigmoid(&mut a2, b2);
            a2.iter_mut().zip(y.data()).for_each(|(a, y)| *a = 0.1 * (*a - y) * *a * (1.0 - *a));
            gemm([30, 10, 10], &a1, true, &a2, false, &mut g2);
            gemm([10, 10, 30], &a2, false, w2, true, &mut d1);
            d1.iter_mut().zip(&a1).for_each(|(d, a)| *d *= a * (1.0 - a));
            gemm([784, 10, 30], x.data(), true, &d1, false, &mut g1);
            gb1.fill(0.0);
            d1.chunks_exact(30).for_each(|row| gb1.iter_mut().zip(row).for_each(|(g, d)| *g += d));
            gb2.fill(0.0);
            a2.chunks_exact(10).for_each(|row| gb2.iter_mut().zip(row).for_each(|(g, d)| *g += d));
            black_box((&g1, &g2, &gb1, &gb2));
        });
    });
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(30);
    targets = small, matmul, conv, step
}
criterion_main!(benches);
