//! Triangles of matrices.

use crate::error::scope::called;
use crate::error::{Error, OrRaise};
use crate::ops::Select;
use crate::rule::algebra::{Algebra, Args};
use crate::rule::case::{Case, Function};
use crate::shape::{Shape, product};
use crate::tensor::Tensor;
use crate::tensor::sizes::signed;

/// The methods that keep a triangle. What is cut off gets no gradient, not even NaN.
pub trait TriangleExt: Algebra {
    /// The lower triangle of the last two axes: elements `[…, i, j]` with `j ≤ i + offset`, else 0.
    ///
    /// # Panics
    /// If the rank is below 2.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// let x = Tensor::from([[1.0, 2.0], [3.0, 4.0]]);
    /// assert_eq!(x.tril(0), Tensor::from([[1.0, 0.0], [3.0, 4.0]]));
    /// assert_eq!(x.tril(-1), Tensor::from([[0.0, 0.0], [3.0, 0.0]]));
    /// ```
    #[track_caller]
    fn tril(&self, offset: isize) -> Self {
        let _called = called("tril");
        triangle("tril", self, |i, j| j <= i.saturating_add(offset))
    }

    /// The upper triangle of the last two axes: elements `[…, i, j]` with `j ≥ i + offset`, else 0.
    ///
    /// # Panics
    /// If the rank is below 2.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// let x = Tensor::from([[1.0, 2.0], [3.0, 4.0]]);
    /// assert_eq!(x.triu(1), Tensor::from([[0.0, 2.0], [0.0, 0.0]]));
    /// ```
    #[track_caller]
    fn triu(&self, offset: isize) -> Self {
        let _called = called("triu");
        triangle("triu", self, |i, j| j >= i.saturating_add(offset))
    }
}

impl<A: Algebra> TriangleExt for A {}

#[track_caller]
fn triangle<A: Algebra>(op: &str, x: &A, kept: impl Fn(isize, isize) -> bool) -> A {
    let shape = x.shape();
    let Some(batch) = shape.rank().checked_sub(2) else {
        Error::shape(op, format!("a tensor of shape {shape} has fewer than two axes")).raise()
    };
    let (n, m) = (shape[batch], shape[batch + 1]);
    let mask = (0..product(&[n, m])).map(|k| kept(signed(k / m), signed(k % m)));
    let mask = Tensor::made(op, Shape::from([n, m]), mask).or_raise();
    Select::of(&x.mask(mask), x, &x.full(Shape::scalar(), 0.0))
}

/// [`TriangleExt::tril`], as the tests of all functions see it.
#[derive(Clone, Debug)]
pub struct Tril(isize);

impl Function for Tril {
    const NAME: &'static str = "tril";
    const TEXT: &'static str = "x[…, i, j] where j ≤ i + offset, else 0";
    fn call<A: Algebra>(&self, a: Args<'_, A>) -> A {
        a[0].tril(self.0)
    }
    #[inline]
    fn cases() -> Vec<(Self, Case)> {
        let case = |offset, x: &[usize]| (Tril(offset), Case::function().real(x));
        vec![case(0, &[3, 5]), case(1, &[2, 3, 3]), case(-1, &[3, 2]), case(0, &[0, 3])]
    }
}

/// [`TriangleExt::triu`], as the tests of all functions see it.
#[derive(Clone, Debug)]
pub struct Triu(isize);

impl Function for Triu {
    const NAME: &'static str = "triu";
    const TEXT: &'static str = "x[…, i, j] where j ≥ i + offset, else 0";
    fn call<A: Algebra>(&self, a: Args<'_, A>) -> A {
        a[0].triu(self.0)
    }
    #[inline]
    fn cases() -> Vec<(Self, Case)> {
        let case = |offset, x: &[usize]| (Triu(offset), Case::function().real(x));
        vec![case(0, &[3, 5]), case(1, &[2, 3, 3]), case(-1, &[3, 2]), case(0, &[3, 0])]
    }
}
