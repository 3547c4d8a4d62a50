//! Linear algebra: the factorisations of `faer`, with derivative rules of our own. The feature `linalg` has it.
//!
//! All work on the last two axes, over any number of axes before them. `docs/decisions/0011-linear-algebra.md` says how
//! a factorisation of several results fits operations of one.

use crate::error::Error;
use crate::ops::ReshapeExt;
use crate::rule::algebra::Algebra;
use crate::shape::Shape;

mod away_from_zero;
mod cholesky;
mod cofactors;
mod cofactors_slope;
mod det;
mod eigh;
mod gaps;
mod inverse;
mod matrix_exp;
mod power_of_two;
mod qr;
mod slogdet;
mod solve;
mod svd;
mod triangular_solve;

family! {
    // file           operations          compositions     what users write
    away_from_zero:   [AwayFromZero]      []               []
    cholesky:         [Cholesky]          []               [CholeskyExt]
    cofactors:        [Cofactors]         []               []
    cofactors_slope:  [CofactorsSlope]    []               []
    det:              [Det]               []               [DetExt]
    eigh:             [Eigh]              []               [EighExt]
    gaps:             [Gaps]              []               []
    inverse:          [Inverse]           []               [InverseExt]
    matrix_exp:       [MatrixExp]         []               [MatrixExpExt]
    power_of_two:     [PowerOfTwo]        []               []
    qr:               [QrFactor]          [Qr]             [QrExt]
    slogdet:          [LogAbsDet DetSign] []               [SlogdetExt]
    solve:            [Solve]             [SolveOfVectors] [SolveExt]
    svd:              [Svd]               []               [SvdExt]
    triangular_solve: [TriangularSolve]   []               [TriangularSolveExt Triangle]
}

/// The axes before the last two, and those two: `[…, m, n]`.
fn matrix(op: &str, a: &Shape) -> Result<(Shape, usize, usize), Error> {
    match a[..] {
        [ref batch @ .., m, n] => Ok((Shape::from(batch), m, n)),
        _ => Err(Error::shape(op, format!("matrices are needed, not a tensor of shape {a}"))),
    }
}

/// The axes before the last two, and the side of the square matrices.
fn square(op: &str, a: &Shape) -> Result<(Shape, usize), Error> {
    match matrix(op, a)? {
        (batch, m, n) if m == n => Ok((batch, n)),
        _ => Err(Error::shape(op, format!("square matrices are needed, not {a}"))),
    }
}

/// How a matrix of a batch is called in a message.
fn which(k: usize, a: &Shape) -> String {
    match a.rank() {
        2 => "the matrix".into(),
        _ => format!("matrix {k} of the batch {a}"),
    }
}

/// Vectors `[…, k]` as matrices of one column, `[…, k, 1]`.
#[track_caller]
fn column<A: Algebra>(x: &A) -> A {
    let mut shape = x.shape();
    shape.push(1);
    ReshapeExt::reshape(x, shape)
}

/// Vectors `[…, k]` as matrices of one row, `[…, 1, k]`.
#[track_caller]
fn row<A: Algebra>(x: &A) -> A {
    let shape = x.shape();
    let (last, batch) = shape.split_last().map_or((1, &[][..]), |(last, batch)| (*last, batch));
    ReshapeExt::reshape(x, batch.iter().copied().chain([1, last]).collect::<Shape>())
}

/// Numbers `[…]` as matrices of one element, `[…, 1, 1]`.
#[track_caller]
fn element<A: Algebra>(x: &A) -> A {
    column(&column(x))
}

/// `(x + xᵀ)/2`
#[track_caller]
fn symmetric<A: Algebra>(x: &A) -> A {
    use crate::ops::PermuteExt;
    (x.t() + x) * 0.5
}

/// Matrices for cases that are far from singular, the same for each shape: ones on the diagonal are added to small
/// numbers.
#[inline]
fn regular(shape: &[usize], seed: f64) -> crate::tensor::Tensor<f64> {
    let n = shape[shape.len() - 1];
    let count = Shape::from(shape).len_elements();
    let size = shape[shape.len() - 2] * n;
    let element = |k: usize| {
        let (i, j) = (k % size / n, k % n);
        let small = (seed + 1.7 * k as f64).sin() * 0.4;
        if i == j { 1.0 + 0.5 * i as f64 + small } else { small }
    };
    crate::tensor::Tensor::new(shape, (0..count).map(element).collect())
}

/// Symmetric positive definite matrices for cases: `b·bᵀ` of [`regular`] ones.
#[inline]
fn definite(shape: &[usize], seed: f64) -> crate::tensor::Tensor<f64> {
    use crate::ops::{MatMulExt, PermuteExt};
    let b = regular(shape, seed);
    b.matmul(b.t())
}
