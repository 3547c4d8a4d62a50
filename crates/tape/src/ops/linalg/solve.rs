//! Systems of linear equations.

use crate::error::scope::called;
use crate::error::{Error, OrRaise};
use crate::kernels::elementwise::for_each_row;
use crate::kernels::factor::{lu_of, matrices};
use crate::ops::{MatMulExt, PermuteExt, ReshapeExt, SumToExt};
use crate::rule::algebra::{Algebra, Arg, Args};
use crate::rule::case::{Case, Function};
use crate::rule::op::{Op, Takes, Value};
use crate::rule::operand::Operand;
use crate::shape::{Shape, work};
use crate::tensor::Tensor;
use crate::tensor::float::Float;

use super::{inverse::is_regular, matrix, regular, square};

/// `a⁻¹·b`, the `x` with `a·x = b`: `[…, n, n]` and `[…, n, k]`, the leading axes broadcast.
///
/// Rules (Giles 2008, section 2.3.1): for `b` it is `h = a⁻ᵀ·g`, for `a` `−h·yᵀ`; forwards, `a⁻¹·(db − da·y)`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
pub struct Solve;

impl Solve {
    #[track_caller]
    fn of<A: Algebra>(a: &A, b: &A) -> A {
        A::apply(Solve, &[Arg::Real(a), Arg::Real(b)]).real()
    }
}

/// The shape of `a⁻¹·b`.
pub(super) fn solution(op: &str, a: &Shape, b: &Shape) -> Result<Shape, Error> {
    let (batch, n) = square(op, a)?;
    let (others, m, k) = matrix(op, b)?;
    if m != n {
        return Err(Error::shape(op, format!("{n} equations, {m} right-hand sides: {a} and {b}")));
    }
    let Some(mut y) = batch.broadcast(&others) else {
        return Err(Error::shape(op, format!("batches do not broadcast: {a} and {b}")));
    };
    y.push(n);
    y.push(k);
    Ok(y)
}

/// Calls `f` for each matrix of the result of shape `y`, with which matrices of `a` and `b` it comes from.
pub(super) fn for_each_pair(a: &Shape, b: &Shape, y: &Shape, mut f: impl FnMut(usize, usize)) {
    let batch = |s: &Shape| Shape::from(&s[..s.rank() - 2]);
    let (a, b, all) = (batch(a), batch(b), batch(y));
    // An axis of length 1 makes each run a single matrix.
    let mut each = all.clone();
    each.push(1);
    for_each_row(&each, [&a.steps_in(&all), &b.steps_in(&all)], |[i, j]| f(i, j));
}

impl Op for Solve {
    #[inline]
    fn name(&self) -> String {
        "solve".into()
    }

    #[inline]
    fn takes(&self) -> Takes {
        Takes::TWO
    }

    #[inline]
    fn shape(&self, args: &[&Shape]) -> Result<Shape, Error> {
        solution("solve", args[0], args[1])
    }

    fn check<F: Float>(&self, a: Args<'_, Tensor<F>>) -> Result<(), Error> {
        is_regular("solve", &a[0])
    }

    fn forward<F: Float>(&self, args: Args<'_, Tensor<F>>) -> Value<F> {
        let (a, b) = (&args[0], &args[1]);
        let y = solution("solve", Tensor::shape(a), Tensor::shape(b)).or_raise();
        let (lu, sides) = (lu_of(a), matrices(b).collect::<Vec<_>>());
        let mut x = Vec::with_capacity(y.len_elements());
        for_each_pair(Tensor::shape(a), Tensor::shape(b), &y, |i, j| {
            x.extend(lu[i].solve(sides[j], y[y.rank() - 1]));
        });
        Tensor::from_parts(y, x).into()
    }

    #[inline]
    fn immune(&self) -> &'static [(&'static str, &'static str)] {
        &[]
    }

    fn vjp<A: Algebra>(&self, arg: usize, g: A, a: Args<'_, A>, y: &A) -> A {
        let h = Solve::of(&a[0].t(), &g);
        match arg {
            0 => (-h.matmul(y.t())).sum_to(a[0].shape()),
            _ => h.sum_to(a[1].shape()),
        }
    }

    fn jvp<A: Algebra>(&self, arg: usize, d: A, a: Args<'_, A>, y: &A) -> A {
        match arg {
            0 => -Solve::of(&a[0], &d.matmul(y)),
            _ => Solve::of(&a[0], &d),
        }
    }

    #[inline]
    fn flops(&self, args: &[&Shape], y: &Shape) -> u64 {
        let n = args[0].last().copied().unwrap_or(0);
        (work([2, args[0].len_elements(), n]) / 3).saturating_add(work([2, y.len_elements(), n]))
    }

    #[inline]
    fn cases() -> Vec<Case> {
        let case = |a: Tensor<f64>, b: &[usize]| Case::of(Solve).exactly(a).real(b);
        vec![
            case(regular(&[3, 3], 0.2), &[3, 2]),
            case(regular(&[2, 2, 2], 0.5), &[2, 3]),
            case(regular(&[2, 2], 0.9), &[3, 2, 1]),
            case(regular(&[2, 1, 2, 2], 0.1), &[3, 2, 1]),
            case(Tensor::from([[0.0, 2.0], [-1.5, 0.0]]), &[2, 1]),
            case(Tensor::zeros([0, 0]), &[0, 2]),
            case(regular(&[2, 2], 0.4), &[2, 0]),
        ]
    }
}

/// The method of [`Solve`].
pub trait SolveExt: Algebra {
    /// The `x` with `self · x = b`.
    ///
    /// | `self` | `b` | result |
    /// | --- | --- | --- |
    /// | `[n, n]` | `[n]` | `[n]` |
    /// | `[…, n, n]` | `[n]` | `[…, n]` |
    /// | `[…, n, n]` | `[…, n, k]` | `[…, n, k]`, the leading axes broadcast |
    ///
    /// Only a `b` of rank 1 is a vector, as in NumPy; PyTorch also takes one of rank 2 for a batch of vectors where it
    /// fits, which makes the meaning depend on lengths. Cost: `⅔·n³ + 2·n²·k` operations for each. Cotangents: `h = selfᵀ⁻¹·g`
    /// of `b`, `−h·xᵀ` of this.
    ///
    /// # Panics
    /// If the shapes do not fit, or a matrix is singular ([`Error::Singular`]).
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// let a = Tensor::from([[2.0, 0.0], [1.0, 4.0]]);
    /// assert_eq!(a.solve(Tensor::from([2.0, 9.0])).data(), [1.0, 2.0]);
    /// ```
    #[track_caller]
    fn solve(&self, b: impl Operand<Self>) -> Self {
        let _called = called("solve");
        let b = b.beside(self);
        let (b, vector) = vectors_as_matrices(&*b);
        matrices_as_vectors(Solve::of(self, &b), vector)
    }
}

impl<A: Algebra> SolveExt for A {}

/// Matrices, a vector as one of one column, and whether it was a vector.
#[track_caller]
pub(super) fn vectors_as_matrices<A: Algebra>(b: &A) -> (A, bool) {
    match b.shape().rank() {
        1 => (super::column(b), true),
        _ => (b.clone(), false),
    }
}

/// A solution as vectors again, if they were.
#[track_caller]
pub(super) fn matrices_as_vectors<A: Algebra>(x: A, vector: bool) -> A {
    let shape = x.shape();
    match vector {
        true => ReshapeExt::reshape(&x, shape.without(shape.rank() - 1)),
        false => x,
    }
}

/// [`SolveExt::solve`] for vectors, as the tests of all functions see it.
#[derive(Clone, Debug)]
pub struct SolveOfVectors;

impl Function for SolveOfVectors {
    const NAME: &'static str = "solve";
    const TEXT: &'static str = "a⁻¹ · b, a vector as a column";
    fn call<A: Algebra>(&self, a: Args<'_, A>) -> A {
        a[0].solve(&a[1])
    }
    #[inline]
    fn cases() -> Vec<(Self, Case)> {
        let case = |a: &[usize]| (SolveOfVectors, Case::function().exactly(regular(a, 0.3)).real([2]));
        vec![case(&[2, 2]), case(&[3, 2, 2])]
    }
}
