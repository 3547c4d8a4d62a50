//! Functions of f32.

use wengert_tape::prelude::*;

use super::Category::F32;
use super::Row;
use super::Subject::{Single, SingleTensor};

const SIX: &[f32] = &[0.3, -0.7, 1.1, 0.9, -1.6, 0.4];

/// Numbers beside the argument.
fn other(x: Var<f32>, shape: &[usize]) -> Var<f32> {
    let n: usize = shape.iter().product();
    x.constant(Tensor::new(shape, (0..n).map(|i| ((i as f32) * 1.7 + 0.4).sin()).collect()))
}

pub(crate) const ROWS: &[Row] = &[
    ("sin in f32", F32, Single(|x| x[0].sin(), &[0.7])),
    ("exp in f32", F32, Single(|x| x[0].exp(), &[1.3])),
    ("ln in f32", F32, Single(|x| x[0].ln(), &[0.4])),
    ("sqrt in f32", F32, Single(|x| x[0].sqrt(), &[2.5])),
    ("tanh in f32", F32, Single(|x| x[0].tanh(), &[-0.8])),
    ("saturating tanh in f32", F32, Single(|x| x[0].tanh(), &[4.0])),
    ("sigmoid in f32", F32, Single(|x| x[0].sigmoid(), &[1.9])),
    ("softplus in f32", F32, Single(|x| x[0].softplus(), &[-0.6])),
    ("gelu in f32", F32, Single(|x| x[0].gelu(), &[0.9])),
    ("erf in f32", F32, Single(|x| x[0].erf(), &[0.35])),
    ("cube in f32", F32, Single(|x| x[0].powi(3), &[-1.7])),
    ("power in f32", F32, Single(|x| x[0].powf(1.5), &[0.8])),
    ("leaky rectifier in f32", F32, Single(|x| x[0].leaky_relu(0.1), &[-0.6])),
    ("product in f32", F32, Single(|x| x[0] * x[1] + x[1] / x[0], &[0.3, -2.0])),
    ("bell in f32", F32, Single(|x| (-x[0] * x[0]).exp(), &[0.6])),
    ("polynomial in f32", F32, Single(|x| ((2.0 * x[0] - 3.0) * x[0] + 0.5) * x[0] - 1.0, &[0.9])),
    ("Rosenbrock in f32", F32, Single(|x| (1.0 - x[0]).powi(2) + 100.0 * (x[1] - x[0] * x[0]).powi(2), &[-1.2, 1.0])),
    ("fast wave in f32", F32, Single(|x| (100.0 * x[0]).sin(), &[0.9])),
    ("large in f32", F32, Single(|x| x[0] * x[0], &[3e8])),
    ("tiny in f32", F32, Single(|x| x[0] * x[0], &[3e-12])),
    ("twelve links in f32", F32, Single(|x| (0..12).fold(x[0], |y, _| (y * 1.1).sin() + 0.2 * x[0]), &[0.5])),
    ("norm in f32", F32, SingleTensor(|x| (x * x).sum().sqrt(), &[6], SIX)),
    ("product with a matrix in f32", F32, SingleTensor(|x| x.matmul(other(x, &[3, 4])).tanh().sum(), &[2, 3], SIX)),
    ("softmax in f32", F32, SingleTensor(|x| (x.softmax(1) * other(x, &[2, 3])).sum(), &[2, 3], SIX)),
    (
        "cross-entropy in f32",
        F32,
        SingleTensor(|x| -x.log_softmax(1).gather(1, Tensor::from([[2], [0]])).mean(), &[2, 3], SIX),
    ),
    ("broadcast in f32", F32, SingleTensor(|x| (x * other(x, &[4, 3])).sin().sum(), &[1, 3], &[0.3, -0.7, 1.1])),
    (
        "two layers in f32",
        F32,
        SingleTensor(
            |x| x.matmul(other(x, &[3, 4])).gelu().matmul(other(x, &[4, 2])).log_softmax(1).sum(),
            &[2, 3],
            SIX,
        ),
    ),
    ("a cancellation in f32", F32, Single(|x| (x[0] + 1e4) - 1e4, &[0.7])),
    ("a hard cancellation in f32", F32, Single(|x| ((x[0] + 1e4) - 1e4).exp(), &[0.7])),
    ("1 − tanh² in f32", F32, Single(|x| x[0].tanh(), &[7.0])),
];
