//! Sums over axes: compositions of [`SumTo`](super::SumTo) and a reshape.

use crate::error::OrRaise;
use crate::error::scope::called;
use crate::ops::{Axes, ReshapeExt, SumToExt};
use crate::rule::algebra::{Algebra, Args};
use crate::rule::case::{Case, Function};
use crate::shape::Shape;

/// The methods that sum.
pub trait SumExt: Algebra {
    /// The sum of all elements, of rank 0.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// assert_eq!(Tensor::from([1.0, 2.0, 4.0]).sum().item(), 7.0);
    /// ```
    #[track_caller]
    fn sum(&self) -> Self {
        let _called = called("sum");
        self.sum_to([])
    }

    /// The sum over some axes, which are removed.
    ///
    /// # Panics
    /// If an axis is out of range or named twice.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// let x = Tensor::from([[1.0, 2.0], [3.0, 4.0]]);
    /// assert_eq!(x.sum_over(0).data(), [4.0, 6.0]);
    /// assert_eq!(x.sum_over(-1).data(), [3.0, 7.0]);
    /// ```
    #[track_caller]
    fn sum_over(&self, axes: impl Into<Axes>) -> Self {
        let _called = called("sum_over");
        let (kept, removed) = reduced("sum_over", &self.shape(), &axes.into());
        self.sum_to(kept).reshape(removed)
    }

    /// The sum over some axes, which stay with length 1.
    ///
    /// # Panics
    /// If an axis is out of range or named twice.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// let x = Tensor::from([[1.0, 2.0], [3.0, 4.0]]);
    /// assert_eq!(x.sum_keeping(1), Tensor::from([[3.0], [7.0]]));
    /// ```
    #[track_caller]
    fn sum_keeping(&self, axes: impl Into<Axes>) -> Self {
        let _called = called("sum_keeping");
        self.sum_to(reduced("sum_keeping", &self.shape(), &axes.into()).0)
    }
}

impl<A: Algebra> SumExt for A {}

/// The shape with the axes of length 1, and without them.
#[track_caller]
#[inline]
pub(crate) fn reduced(op: &str, shape: &Shape, axes: &Axes) -> (Shape, Shape) {
    let axes = axes.resolve(op, shape.rank()).or_raise();
    let kept = axes.iter().fold(shape.clone(), |s, k| s.with(*k, 1));
    let removed = (0..shape.rank()).filter(|k| !axes.contains(k)).map(|k| shape[k]).collect();
    (kept, removed)
}

/// [`SumExt::sum_over`], as the tests of all functions see it.
#[derive(Clone, Debug)]
pub struct SumOver(Axes);

impl Function for SumOver {
    const NAME: &'static str = "sum_over";
    const TEXT: &'static str = "Σ x over some axes";
    fn call<A: Algebra>(&self, a: Args<'_, A>) -> A {
        a[0].sum_over(self.0.clone())
    }
    #[inline]
    fn cases() -> Vec<(Self, Case)> {
        let x = || Case::function().real([2, 3, 5]);
        vec![(SumOver(0.into()), x()), (SumOver([2, 0].into()), x()), (SumOver((-1).into()), x())]
    }
}
