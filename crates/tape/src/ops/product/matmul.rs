//! The matrix product.

use crate::error::Error;
use crate::error::scope::called;
use crate::kernels::elementwise::for_each_row;
use crate::kernels::gemm::{Matrix, multiply};
use crate::kernels::threads;
use crate::ops::{PermuteExt, ReshapeExt, SumToExt};
use crate::rule::algebra::{Algebra, Arg, Args};
use crate::rule::case::{Case, Function};
use crate::rule::complex::Analytic;
use crate::rule::op::{Op, Takes, Value};
use crate::rule::operand::Operand;
use crate::shape::{self, Shape, work};
use crate::tensor::Tensor;
use crate::tensor::buffer::Buffer;
use crate::tensor::float::Float;

/// The matrix product of the last two axes, with the axes before them broadcast: `[…, m, k] · […, k, n] = […, m, n]`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
pub struct MatMul;

impl MatMul {
    /// The product of two matrices, or of stacks of matrices.
    #[track_caller]
    fn of<A: Algebra>(a: &A, b: &A) -> A {
        A::apply(MatMul, &[Arg::Real(a), Arg::Real(b)]).real()
    }
}

/// The axes before the last two.
#[inline]
fn batch(s: &Shape) -> Shape {
    Shape::from(&s[..s.rank() - 2])
}

/// The last two axes of a tensor as one matrix of its batch.
fn matrix<F: Float>(t: &Tensor<F>) -> Matrix<'_, F> {
    let shape = t.shape();
    let (data, transposed) = t.layout();
    let [rows, columns] = [shape[shape.rank() - 2], shape[shape.rank() - 1]];
    Matrix { data, rows, columns, transposed }
}

impl Op for MatMul {
    #[inline]
    fn name(&self) -> String {
        "matmul".into()
    }

    #[inline]
    fn text(&self, args: &[&str]) -> String {
        format!("{} · {}", args[0], args[1])
    }

    #[inline]
    fn takes(&self) -> Takes {
        Takes::TWO
    }

    #[inline]
    fn shape(&self, args: &[&Shape]) -> Result<Shape, Error> {
        let (a, b) = (args[0], args[1]);
        if a.rank() < 2 || b.rank() < 2 {
            return Err(Error::shape("matmul", format!("{a} · {b}: an operand has fewer than two axes")));
        }
        let (k, l) = (a[a.rank() - 1], b[b.rank() - 2]);
        if k != l {
            return Err(Error::shape("matmul", format!("inner dimensions differ: {a} · {b} ({k} ≠ {l})")));
        }
        let Some(mut y) = batch(a).broadcast(&batch(b)) else {
            return Err(Error::shape("matmul", format!("batches do not broadcast: {a} · {b}")));
        };
        y.push(a[a.rank() - 2]);
        y.push(b[b.rank() - 1]);
        Ok(y)
    }

    fn forward<F: Float>(&self, a: Args<'_, Tensor<F>>) -> Value<F> {
        let (x, w) = (a[0].shape(), a[1].shape());
        let mut shape = batch(x).broadcast(&batch(w)).unwrap_or_default();
        shape.push(x[x.rank() - 2]);
        shape.push(w[w.rank() - 1]);
        let mut out = Buffer::any(shape.len_elements());
        self.forward_into(a, &mut out);
        Tensor::from_parts(shape, out).into()
    }

    fn forward_into<F: Float>(&self, a: Args<'_, Tensor<F>>, out: &mut [F]) {
        let (x, w) = (&a[0], &a[1]);
        let (mut mx, mw) = (matrix(x), matrix(w));
        let (m, k, n) = (mx.rows, mx.columns, mw.columns);
        if k == 0 || out.is_empty() {
            return out.fill(F::zero());
        }
        let (bx, bw) = (batch(Tensor::shape(x)), batch(Tensor::shape(w)));
        if bw.len_elements() == 1 && !mx.transposed {
            // One matrix for the whole batch: all rows in one product.
            mx.rows = mx.data.len() / k;
            return multiply(mx, mw, out, false);
        }
        if bx.len_elements() == 1 && bw.len_elements() == 1 {
            return multiply(mx, mw, out, false);
        }
        let (dx, dw) = (mx.data, mw.data);
        // An axis of length 1 makes each run a single matrix.
        let mut each = bx.broadcast(&bw).unwrap_or_default();
        each.push(1);
        let mut places = Vec::with_capacity(out.len() / (m * n));
        for_each_row(&each, [&bx.steps_in(&batch_of(&each)), &bw.steps_in(&batch_of(&each))], |at| places.push(at));
        let operands = (mx, mw);
        let work = work([places.len(), m, k, n]);
        threads::each_or_inside(out.chunks_exact_mut(m * n).zip(places), work, |(c, [ix, iw])| {
            let (mut mx, mut mw) = operands;
            mx.data = &dx[ix * m * k..][..m * k];
            mw.data = &dw[iw * k * n..][..k * n];
            multiply(mx, mw, c, false);
        });
    }

    fn vjp<A: Algebra>(&self, arg: usize, g: A, a: Args<'_, A>, _y: &A) -> A {
        let shape = a[arg].shape();
        let other = &a[1 - arg];
        match arg {
            // It lies as the operand does: that of a transposed matrix is the transpose of the transposed product, so that what
            // was transposed has it as it is stored.
            0 if shape.rank() == 2 && other.shape().rank() == 2 && a[0].lies_transposed() => {
                MatMul::of(other, &g.t()).t()
            }
            0 => g.matmul(other.t()).sum_to(shape),
            // One matrix for the whole batch: its gradient is the product over all rows.
            _ if shape.rank() == 2 && a[1].lies_transposed() => rows(&g).t().matmul(rows(other)).t(),
            _ if shape.rank() == 2 => rows(other).t().matmul(rows(&g)),
            _ => other.t().matmul(g).sum_to(shape),
        }
    }

    fn jvp<A: Algebra>(&self, arg: usize, d: A, a: Args<'_, A>, _y: &A) -> A {
        match arg {
            0 => d.matmul(&a[1]),
            _ => a[0].matmul(d),
        }
    }

    #[inline]
    fn flops(&self, args: &[&Shape], y: &Shape) -> u64 {
        work([2, y.len_elements(), args[0].last().copied().unwrap_or(0)])
    }

    #[inline]
    fn analytic(&self) -> Analytic {
        Analytic::Bilinear
    }

    #[inline]
    fn cases() -> Vec<Case> {
        let case = |a: &[usize], b: &[usize]| Case::of(MatMul).real(a).real(b);
        vec![
            case(&[2, 3], &[3, 5]),
            case(&[2, 5, 3], &[3, 2]),
            case(&[2, 5, 3], &[2, 3, 4]),
            case(&[5, 3], &[2, 3, 4]),
            case(&[2, 1, 3, 2], &[5, 2, 4]),
            case(&[2, 0], &[0, 3]),
            case(&[0, 2], &[2, 3]),
            case(&[9, 17], &[17, 8]),
        ]
    }
}

/// The shape without its last axis.
#[inline]
fn batch_of(s: &Shape) -> Shape {
    Shape::from(&s[..s.rank() - 1])
}

/// All rows of a batch of matrices as one matrix.
#[track_caller]
fn rows<A: Algebra>(x: &A) -> A {
    let shape = x.shape();
    let columns = shape[shape.rank() - 1];
    let rows = shape::product(&shape[..shape.rank() - 1]);
    ReshapeExt::reshape(x, [rows, columns])
}

/// The method of [`MatMul`].
pub trait MatMulExt: Algebra {
    /// The matrix product, with NumPy's meaning at every rank.
    ///
    /// | `self` | `rhs` | result |
    /// | --- | --- | --- |
    /// | `[m, k]` | `[k, n]` | `[m, n]` |
    /// | `[k]` | `[k, n]` | `[n]` |
    /// | `[m, k]` | `[k]` | `[m]` |
    /// | `[k]` | `[k]` | `[]` |
    /// | `[…, m, k]` | `[…, k, n]` | `[…, m, n]`, the leading axes broadcast |
    ///
    /// The cotangents are `g · rhsᵀ` and `selfᵀ · g`.
    ///
    /// # Panics
    /// If the inner lengths differ, the leading axes do not broadcast, or an operand has rank 0.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// let a = Tensor::from([[1.0, 2.0], [3.0, 4.0]]);
    /// assert_eq!(a.matmul(Tensor::from([1.0, 10.0])).data(), [21.0, 43.0]);
    /// ```
    #[track_caller]
    fn matmul(&self, rhs: impl Operand<Self>) -> Self {
        let _called = called("matmul");
        product(self, &rhs.beside(self))
    }
}

#[track_caller]
fn product<A: Algebra>(a: &A, b: &A) -> A {
    let (left, right) = (a.shape(), b.shape());
    if left.rank() >= 2 && right.rank() >= 2 {
        return MatMul::of(a, b);
    }
    // A vector is a matrix of one row on the left and of one column on the right; that axis is removed again.
    let a = if left.rank() == 1 { ReshapeExt::reshape(a, [1, left[0]]) } else { a.clone() };
    let b = if right.rank() == 1 { ReshapeExt::reshape(b, [right[0], 1]) } else { b.clone() };
    let y = MatMul::of(&a, &b);
    let mut shape = y.shape();
    if right.rank() == 1 {
        shape = shape.without(shape.rank() - 1);
    }
    if left.rank() == 1 {
        shape = shape.without(shape.rank() - 1 - usize::from(right.rank() != 1));
    }
    ReshapeExt::reshape(&y, shape)
}

impl<A: Algebra> MatMulExt for A {}

/// [`MatMulExt::matmul`] with vectors, as the tests of all functions see it.
#[derive(Clone, Debug)]
pub struct MatMulOfVectors;

impl Function for MatMulOfVectors {
    const NAME: &'static str = "matmul";
    const TEXT: &'static str = "the matrix product, with vectors as rows and columns";
    fn call<A: Algebra>(&self, a: Args<'_, A>) -> A {
        a[0].matmul(&a[1])
    }
    #[inline]
    fn cases() -> Vec<(Self, Case)> {
        let case = |a: &[usize], b: &[usize]| (MatMulOfVectors, Case::function().real(a).real(b));
        vec![case(&[3], &[3]), case(&[3], &[3, 2]), case(&[2, 3], &[3]), case(&[3], &[5, 3, 2]), case(&[5, 2, 3], &[3])]
    }
}
