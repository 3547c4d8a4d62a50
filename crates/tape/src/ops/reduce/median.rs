//! The median and other quantiles: elements of the sorted axis.

use crate::error::scope::called;
use crate::error::{Error, OrRaise};
use crate::ops::axes::axis;
use crate::ops::axes::number_as_vector;
use crate::ops::{CompareExt, LerpExt, ReshapeExt, SliceExt, SortExt, select};
use crate::rule::algebra::{Algebra, Args};
use crate::rule::case::{Case, Function};
use crate::tensor::sizes::signed;

/// The methods that find a quantile. NaN if there is one, as in PyTorch.
pub trait MedianExt: Algebra {
    /// The element in the middle, of rank 0; of two, the smaller one, as in PyTorch. It has the whole gradient; among
    /// equal elements the first does, while PyTorch's `median()` without an axis shares it.
    ///
    /// # Panics
    /// If there are no elements.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// assert_eq!(Tensor::from([4.0, 1.0, 3.0, 2.0]).median().item(), 2.0);
    /// ```
    #[track_caller]
    fn median(&self) -> Self {
        let _called = called("median");
        self.flatten(0).median_over(0)
    }

    /// The element in the middle along an axis, which is removed; of two, the smaller one.
    ///
    /// # Panics
    /// If the axis is out of range or empty.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// let x = Tensor::from([[4.0, 1.0, 3.0], [7.0, 8.0, 0.0]]);
    /// assert_eq!(x.median_over(1).data(), [3.0, 7.0]);
    /// ```
    #[track_caller]
    fn median_over(&self, at: isize) -> Self {
        let _called = called("median_over");
        if let Some(x) = number_as_vector(self, at) {
            return x.median_over(0);
        }
        let (sorted, n) = sorted("median", self, at);
        sorted((n - 1) / 2)
    }

    /// The quantile `q` along an axis, which is removed: what is at `q (n − 1)` in the order of the elements,
    /// interpolated linearly between neighbours. One `q` for each call; PyTorch takes several.
    ///
    /// # Panics
    /// If the axis is out of range or empty, or `q` is not in [0, 1].
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// assert_eq!(Tensor::from([4.0, 1.0, 3.0, 2.0]).quantile(0.5, 0).item(), 2.5);
    /// ```
    #[track_caller]
    fn quantile(&self, q: f64, at: isize) -> Self {
        let _called = called("quantile");
        if let Some(x) = number_as_vector(self, at) {
            return x.quantile(q, 0);
        }
        if !(0.0..=1.0).contains(&q) {
            Error::shape("quantile", format!("{q} is not between 0 and 1")).raise()
        }
        let (sorted, n) = sorted("quantile", self, at);
        let place = q * (n - 1) as f64;
        let low = place.floor();
        match place - low {
            0.0 => sorted(low as usize),
            share => {
                let (a, b) = (sorted(low as usize), sorted(low as usize + 1));
                a.lerp(b, share)
            }
        }
    }
}

impl<A: Algebra> MedianExt for A {}

/// What gives entry `i` of the axis in order, without the axis, and the length of the axis.
#[track_caller]
fn sorted<A: Algebra>(op: &str, x: &A, at: isize) -> (impl Fn(usize) -> A, usize) {
    let shape = x.shape();
    let axis = axis(op, at, shape.rank()).or_raise();
    let n = shape[axis];
    if n == 0 {
        Error::shape(op, format!("axis {axis} of {shape} is empty")).raise()
    }
    let sorted = x.sort(at, false).0;
    let entry = move |i: usize| {
        let entry = |i: usize| ReshapeExt::reshape(&sorted.slice(signed(axis), i..i + 1), shape.without(axis));
        // NaN is the last in order, and alone differs from itself.
        let last = entry(n - 1);
        select(last.equal(&last), &entry(i), &last)
    };
    (entry, n)
}

/// [`MedianExt::median_over`], as the tests of all functions see it.
#[derive(Clone, Debug)]
pub struct Median(isize);

impl Function for Median {
    const NAME: &'static str = "median_over";
    const TEXT: &'static str = "sort(x)[(n − 1)/2]";
    fn call<A: Algebra>(&self, a: Args<'_, A>) -> A {
        a[0].median_over(self.0)
    }
    #[inline]
    fn cases() -> Vec<(Self, Case)> {
        let x = || Case::function().real([2, 3, 5]);
        vec![(Median(0), x()), (Median(1), x()), (Median(-1), x())]
    }
}

/// [`MedianExt::quantile`], as the tests of all functions see it.
#[derive(Clone, Debug)]
pub struct Quantile(f64, isize);

impl Function for Quantile {
    const NAME: &'static str = "quantile";
    const TEXT: &'static str = "sort(x)[q (n − 1)], interpolated";
    fn call<A: Algebra>(&self, a: Args<'_, A>) -> A {
        a[0].quantile(self.0, self.1)
    }
    #[inline]
    fn cases() -> Vec<(Self, Case)> {
        let x = || Case::function().real([2, 3, 5]);
        vec![(Quantile(0.3, 0), x()), (Quantile(0.5, 1), x()), (Quantile(1.0, -1), x()), (Quantile(0.8, 2), x())]
    }
}
