//! Smooth functions of a tensor.

use wengert_tape::prelude::*;

use super::Category::Smooth;
use super::Row;
use super::Subject::Tensor as Of;

const SIX: &[f64] = &[0.3, -0.7, 1.1, 0.9, -1.6, 0.4];
const EIGHT: &[f64] = &[0.3, -0.7, 1.1, 0.9, -1.6, 0.4, 2.1, -0.2];
const TWELVE: &[f64] = &[0.3, -0.7, 1.1, 0.9, -1.6, 0.4, 2.1, -0.2, 0.8, -1.3, 0.6, 1.7];

/// Numbers beside the argument.
fn other(x: Var, shape: &[usize]) -> Var {
    let n: usize = shape.iter().product();
    x.constant(Tensor::new(shape, (0..n).map(|i| ((i as f64) * 1.7 + 0.4).sin()).collect()))
}

pub(crate) const ROWS: &[Row] = &[
    ("sum of squares", Smooth, Of(|x| (x * x).sum(), &[6], SIX)),
    ("norm", Smooth, Of(|x| (x * x).sum().sqrt(), &[6], SIX)),
    ("mean", Smooth, Of(|x| (x.mean() - 0.3).powi(2), &[6], SIX)),
    ("variance", Smooth, Of(|x| ((x - x.mean()) * (x - x.mean())).mean(), &[6], SIX)),
    ("product with a matrix", Smooth, Of(|x| x.matmul(other(x, &[3, 4])).tanh().sum(), &[2, 3], SIX)),
    ("product with its transpose", Smooth, Of(|x| x.matmul(x.t()).sum(), &[2, 3], SIX)),
    ("batch of products", Smooth, Of(|x| x.matmul(other(x, &[2, 3, 2])).sin().sum(), &[2, 2, 3], TWELVE)),
    ("a vector's product", Smooth, Of(|x| x.matmul(other(x, &[6, 2])).exp().sum(), &[6], SIX)),
    ("softmax", Smooth, Of(|x| (x.softmax(1) * other(x, &[2, 3])).sum(), &[2, 3], SIX)),
    ("log-softmax", Smooth, Of(|x| (x.log_softmax(1) * other(x, &[2, 3])).sum(), &[2, 3], SIX)),
    ("log-sum-exp over rows", Smooth, Of(|x| (x.log_sum_exp(1) * other(x, &[2])).sum(), &[2, 3], SIX)),
    (
        "negative log-likelihood",
        Smooth,
        Of(|x| -x.log_softmax(1).gather(1, Tensor::from([[2], [0]])).mean(), &[2, 3], SIX),
    ),
    ("sums over rows", Smooth, Of(|x| (x.sum_over(1).exp() * other(x, &[2])).sum(), &[2, 3], SIX)),
    ("means over columns", Smooth, Of(|x| x.mean_over(0).powi(2).sum(), &[2, 3], SIX)),
    ("the largest of each row", Smooth, Of(|x| x.max_over(1).powi(3).sum(), &[2, 3], SIX)),
    ("broadcast row", Smooth, Of(|x| (x * other(x, &[4, 3])).sin().sum(), &[1, 3], &[0.3, -0.7, 1.1])),
    ("broadcast column", Smooth, Of(|x| (x + other(x, &[2, 4])).tanh().sum(), &[2, 1], &[0.3, -0.7])),
    ("broadcast number", Smooth, Of(|x| (x * other(x, &[2, 3])).exp().sum(), &[], &[0.3])),
    ("permuted", Smooth, Of(|x| (x.permute([2, 0, 1]) * other(x, &[3, 2, 2])).sin().sum(), &[2, 2, 3], TWELVE)),
    ("reshaped", Smooth, Of(|x| x.reshape([3, 2]).matmul(other(x, &[2, 2])).powi(2).sum(), &[2, 3], SIX)),
    ("sliced", Smooth, Of(|x| (x.slice(1, 1..3) * 2.0).exp().sum() + x.sum(), &[2, 3], SIX)),
    ("joined", Smooth, Of(|x| (concat(&[&x, &(x * x)], 0) * other(x, &[4, 3])).sum(), &[2, 3], SIX)),
    ("gathered twice", Smooth, Of(|x| x.gather(0, Tensor::from([0, 5, 5, 2])).powi(2).sum(), &[6], SIX)),
    ("chosen by a mask", Smooth, Of(|x| select(x.greater(0.5), &x.exp(), x * 3.0).sum(), &[6], SIX)),
    ("larger of two", Smooth, Of(|x| x.maximum(other(x, &[6])).powi(2).sum(), &[6], SIX)),
    ("smaller of two", Smooth, Of(|x| x.minimum(other(x, &[6])).sin().sum(), &[6], SIX)),
    ("power by a tensor", Smooth, Of(|x| x.exp().pow(other(x, &[6])).sum(), &[6], SIX)),
    ("divided by a tensor", Smooth, Of(|x| (other(x, &[2, 3]) / x).sum(), &[2, 3], SIX)),
    ("convolution", Smooth, Of(|x| x.conv(other(x, &[2, 1, 3]), Conv::default()).tanh().sum(), &[1, 1, 8], EIGHT)),
    ("average pool", Smooth, Of(|x| x.average_pool2d(2, 1).powi(3).sum(), &[1, 1, 2, 4], EIGHT)),
    ("max pool", Smooth, Of(|x| x.max_pool2d(2, 1).powi(3).sum(), &[1, 1, 2, 4], EIGHT)),
    ("attention", Smooth, Of(|x| (x.matmul(x.t()) / 3f64.sqrt()).softmax(1).matmul(x).powi(2).sum(), &[4, 3], TWELVE)),
    (
        "layer norm",
        Smooth,
        Of(
            |x| {
                let centred = x - x.mean_over(1).reshape([2, 1]);
                let spread = ((centred * centred).mean_over(1) + 1e-5).sqrt().reshape([2, 1]);
                (centred / spread * other(x, &[2, 3])).sum()
            },
            &[2, 3],
            SIX,
        ),
    ),
    (
        "two layers",
        Smooth,
        Of(|x| x.matmul(other(x, &[3, 4])).gelu().matmul(other(x, &[4, 2])).log_softmax(1).sum(), &[2, 3], SIX),
    ),
    (
        "cosine similarity",
        Smooth,
        Of(
            |x| {
                let w = other(x, &[6]);
                (x * w).sum() / ((x * x).sum() * (w * w).sum()).sqrt()
            },
            &[6],
            SIX,
        ),
    ),
    ("quadratic form", Smooth, Of(|x| x.matmul(other(x, &[6, 6])).matmul(x), &[6], SIX)),
    ("more than one number", Smooth, Of(|x| x.matmul(other(x, &[3, 2])).sigmoid(), &[2, 3], SIX)),
];
