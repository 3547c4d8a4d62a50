//! The smallest element over axes: the largest of what is negated, negated.

use crate::error::scope::called;
use crate::ops::{Axes, MaxOverExt};
use crate::rule::algebra::{Algebra, Args};
use crate::rule::case::{Case, Function};
use crate::tensor::Tensor;

/// The methods that find the smallest element. Elements that are equally small share the gradient equally (PyTorch's
/// `amin`).
pub trait MinExt: Algebra {
    /// The smallest element, of rank 0; NaN if there is one.
    ///
    /// # Panics
    /// If there are no elements.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// assert_eq!(Tensor::from([4.0, 1.0, 3.0]).min().item(), 1.0);
    /// ```
    #[track_caller]
    fn min(&self) -> Self {
        let _called = called("min");
        -(-self.clone()).max()
    }

    /// The smallest element over some axes, which are removed.
    ///
    /// # Panics
    /// If an axis is out of range or named twice, or one of the axes has nothing to choose from.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// let x = Tensor::from([[1.0, 5.0], [7.0, 3.0]]);
    /// assert_eq!(x.min_over(1).data(), [1.0, 3.0]);
    /// ```
    #[track_caller]
    fn min_over(&self, axes: impl Into<Axes>) -> Self {
        let _called = called("min_over");
        -(-self.clone()).max_over(axes)
    }

    /// The smallest element over some axes, which stay with length 1.
    ///
    /// # Panics
    /// If an axis is out of range or named twice, or one of the axes has nothing to choose from.
    #[track_caller]
    fn min_keeping(&self, axes: impl Into<Axes>) -> Self {
        let _called = called("min_keeping");
        -(-self.clone()).max_keeping(axes)
    }
}

impl<A: Algebra> MinExt for A {}

/// [`MinExt::min_over`], as the tests of all functions see it.
#[derive(Clone, Debug)]
pub struct MinOver(Axes);

impl Function for MinOver {
    const NAME: &'static str = "min_over";
    const TEXT: &'static str = "−max(−x) over some axes";
    fn call<A: Algebra>(&self, a: Args<'_, A>) -> A {
        a[0].min_over(self.0.clone())
    }
    #[inline]
    fn cases() -> Vec<(Self, Case)> {
        let x = || Case::function().real([2, 3, 5]);
        let ties = Tensor::from([[1.0, 1.0, 3.0], [2.0, 2.0, 2.0]]);
        vec![
            (MinOver(1.into()), x()),
            (MinOver([0, 2].into()), x()),
            (MinOver(1.into()), Case::function().exactly(ties).at_kink()),
        ]
    }
}
