//! Means over axes: a sum divided by the number of its terms.

use crate::algebra::{Algebra, Args};
use crate::case::{Case, Function};
use crate::ops::{Axes, SumExt};
use crate::scope::called;

/// The methods that average. The mean of nothing is NaN, as in PyTorch.
pub trait MeanExt: Algebra {
    /// The mean of all elements, of rank 0.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// assert_eq!(Tensor::from([1.0, 2.0, 6.0]).mean().item(), 3.0);
    /// ```
    #[track_caller]
    fn mean(&self) -> Self {
        let _called = called("mean");
        self.sum() / self.shape().len_elements() as f64
    }

    /// The mean over some axes, which are removed.
    ///
    /// # Panics
    /// If an axis is out of range or named twice.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// let x = Tensor::from([[1.0, 2.0], [3.0, 4.0]]);
    /// assert_eq!(x.mean_over(0).data(), [2.0, 3.0]);
    /// ```
    #[track_caller]
    fn mean_over(&self, axes: impl Into<Axes>) -> Self {
        let _called = called("mean_over");
        let sum = self.sum_over(axes);
        let terms = ratio(self, &sum);
        sum / terms
    }

    /// The mean over some axes, which stay with length 1.
    ///
    /// # Panics
    /// If an axis is out of range or named twice.
    #[track_caller]
    fn mean_keeping(&self, axes: impl Into<Axes>) -> Self {
        let _called = called("mean_keeping");
        let sum = self.sum_keeping(axes);
        let terms = ratio(self, &sum);
        sum / terms
    }
}

impl<A: Algebra> MeanExt for A {}

/// How many terms each sum has.
#[track_caller]
fn ratio<A: Algebra>(x: &A, sum: &A) -> f64 {
    x.shape().len_elements() as f64 / sum.shape().len_elements() as f64
}

/// [`MeanExt::mean_over`], as the tests of all functions see it.
#[derive(Clone, Debug)]
pub struct MeanOver(Axes);

impl Function for MeanOver {
    const NAME: &'static str = "mean_over";
    const TEXT: &'static str = "Σ x / n over some axes";
    fn call<A: Algebra>(&self, a: Args<'_, A>) -> A {
        a[0].mean_over(self.0.clone())
    }
    #[inline]
    fn cases() -> Vec<(Self, Case)> {
        let x = || Case::function().real([2, 3, 5]);
        vec![(MeanOver(1.into()), x()), (MeanOver([0, 2].into()), x())]
    }
}
