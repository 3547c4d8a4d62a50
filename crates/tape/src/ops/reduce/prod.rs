//! Products over axes: halves are multiplied with each other until one entry is left.

use crate::algebra::{Algebra, Arg, Args};
use crate::case::{Case, Function};
use crate::error::OrRaise;
use crate::ops::sum::reduced;
use crate::ops::{Axes, Permute, ReshapeExt, SliceExt};
use crate::scope::called;
use crate::shape::Shape;
use crate::tensor::Tensor;

/// The methods that multiply. The product of nothing is 1. Every derivative is right where factors are 0, however many.
pub trait ProdExt: Algebra {
    /// The product of all elements, of rank 0.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// let tape = Tape::new();
    /// let x = tape.var(Tensor::from([2.0, 0.0, 4.0]));
    /// let y = x.prod();
    /// assert_eq!((y.item(), y.backward()[x].data()), (0.0, &[0.0, 8.0, 0.0][..]));
    /// ```
    #[track_caller]
    fn prod(&self) -> Self {
        let _called = called("prod");
        last_axis(self.flatten(0)).reshape(Shape::scalar())
    }

    /// The product over some axes, which are removed.
    ///
    /// # Panics
    /// If an axis is out of range or named twice.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// let x = Tensor::from([[1.0, 2.0], [3.0, 4.0]]);
    /// assert_eq!(x.prod_over(0).data(), [3.0, 8.0]);
    /// ```
    #[track_caller]
    fn prod_over(&self, axes: impl Into<Axes>) -> Self {
        let _called = called("prod_over");
        let axes = axes.into();
        let removed = reduced("prod_over", &self.shape(), &axes).1;
        last_axis(with_axes_last("prod_over", self, &axes)).reshape(removed)
    }

    /// The product over some axes, which stay with length 1.
    ///
    /// # Panics
    /// If an axis is out of range or named twice.
    #[track_caller]
    fn prod_keeping(&self, axes: impl Into<Axes>) -> Self {
        let _called = called("prod_keeping");
        let axes = axes.into();
        let kept = reduced("prod_keeping", &self.shape(), &axes).0;
        last_axis(with_axes_last("prod_keeping", self, &axes)).reshape(kept)
    }
}

impl<A: Algebra> ProdExt for A {}

/// The other axes, then the named ones as one.
#[track_caller]
pub(crate) fn with_axes_last<A: Algebra>(op: &str, x: &A, axes: &Axes) -> A {
    let shape = x.shape();
    let named = axes.resolve(op, shape.rank()).or_raise();
    let order: Vec<usize> = (0..shape.rank()).filter(|k| !named.contains(k)).chain(named.iter().copied()).collect();
    let first = shape.rank() - named.len();
    match order.is_sorted() {
        true => x.flatten(first),
        false => A::apply(Permute { axes: order.into() }, &[Arg::Real(x)]).real().flatten(first),
    }
}

/// The product along the last axis, which stays with length 1.
#[track_caller]
fn last_axis<A: Algebra>(x: A) -> A {
    let mut x = x;
    let axis = x.shape().rank() - 1;
    let mut n = x.shape()[axis];
    if n == 0 {
        let ones = x.shape().with(axis, 1);
        return x.full(ones, 1.0);
    }
    let mut rest = None;
    while n > 1 {
        let half = n / 2;
        if n % 2 == 1 {
            let last = x.slice(-1, n - 1..n);
            rest = Some(match rest {
                None => last,
                Some(rest) => last * rest,
            });
        }
        x = x.slice(-1, 0..half) * x.slice(-1, half..2 * half);
        n = half;
    }
    match rest {
        None => x,
        Some(rest) => x * rest,
    }
}

/// [`ProdExt::prod_over`], as the tests of all functions see it.
#[derive(Clone, Debug)]
pub struct ProdOver(Axes);

impl Function for ProdOver {
    const NAME: &'static str = "prod_over";
    const TEXT: &'static str = "Π x over some axes";
    fn call<A: Algebra>(&self, a: Args<'_, A>) -> A {
        a[0].prod_over(self.0.clone())
    }
    #[inline]
    fn cases() -> Vec<(Self, Case)> {
        let x = || Case::function().real([2, 3, 5]);
        let zeros = Tensor::from([[2.0, 0.0, 3.0, -1.0, 0.5], [0.0, 1.5, 0.0, 2.0, 3.0]]);
        vec![
            (ProdOver(1.into()), x()),
            (ProdOver([0, 2].into()), x()),
            (ProdOver(0.into()), x()),
            (ProdOver(1.into()), Case::function().exactly(zeros)),
        ]
    }
}
