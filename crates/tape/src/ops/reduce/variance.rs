//! The variance and the standard deviation: means of squares.

use crate::error::scope::called;
use crate::ops::mean::terms;
use crate::ops::sum::reduced;
use crate::ops::{Axes, MeanTo, ReshapeExt, RootMeanSquare, SquareExt};
use crate::rule::algebra::{Algebra, Args};
use crate::rule::case::{Case, Function};
use crate::shape::Shape;
use crate::tensor::Tensor;

/// The methods that measure spread. `correction` is what is taken from the number of elements before dividing: 1 for
/// PyTorch's usual (Bessel's correction), 0 for the mean of squares. With fewer elements left than one, the divisor
/// is 0.
pub trait VarianceExt: Algebra {
    /// The variance of all elements, of rank 0.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// let x = Tensor::from([1.0, 2.0, 6.0]);
    /// assert_eq!((x.var(1.0).item(), x.std(1.0).item()), (7.0, 7f64.sqrt()));
    /// ```
    #[track_caller]
    fn var(&self, correction: f64) -> Self {
        let _called = called("var");
        variance(self, &Shape::scalar(), correction)
    }

    /// The variance over some axes, which are removed.
    ///
    /// # Panics
    /// If an axis is out of range or named twice.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// let x = Tensor::from([[1.0, 3.0], [2.0, 2.0]]);
    /// assert_eq!(x.var_over(1, 0.0).data(), [1.0, 0.0]);
    /// ```
    #[track_caller]
    fn var_over(&self, axes: impl Into<Axes>, correction: f64) -> Self {
        let _called = called("var_over");
        let (kept, removed) = reduced("var_over", &self.shape(), &axes.into());
        ReshapeExt::reshape(&variance(self, &kept, correction), removed)
    }

    /// The variance over some axes, which stay with length 1.
    ///
    /// # Panics
    /// If an axis is out of range or named twice.
    #[track_caller]
    fn var_keeping(&self, axes: impl Into<Axes>, correction: f64) -> Self {
        let _called = called("var_keeping");
        variance(self, &reduced("var_keeping", &self.shape(), &axes.into()).0, correction)
    }

    /// The standard deviation of all elements, of rank 0. Where it is 0 its derivative is 0.
    #[track_caller]
    fn std(&self, correction: f64) -> Self {
        let _called = called("std");
        deviation(self, &Shape::scalar(), correction)
    }

    /// The standard deviation over some axes, which are removed. Where it is 0 its derivative is 0.
    ///
    /// # Panics
    /// If an axis is out of range or named twice.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// let x = Tensor::from([[1.0, 3.0], [2.0, 2.0]]);
    /// assert_eq!(x.std_over(1, 0.0).data(), [1.0, 0.0]);
    /// ```
    #[track_caller]
    fn std_over(&self, axes: impl Into<Axes>, correction: f64) -> Self {
        let _called = called("std_over");
        let (kept, removed) = reduced("std_over", &self.shape(), &axes.into());
        ReshapeExt::reshape(&deviation(self, &kept, correction), removed)
    }

    /// The standard deviation over some axes, which stay with length 1. Where it is 0 its derivative is 0.
    ///
    /// # Panics
    /// If an axis is out of range or named twice.
    #[track_caller]
    fn std_keeping(&self, axes: impl Into<Axes>, correction: f64) -> Self {
        let _called = called("std_keeping");
        deviation(self, &reduced("std_keeping", &self.shape(), &axes.into()).0, correction)
    }
}

impl<A: Algebra> VarianceExt for A {}

/// The mean of the squares of what differs from the mean over the axes that make `shape` of the shape of `x`.
#[track_caller]
fn variance<A: Algebra>(x: &A, shape: &Shape, correction: f64) -> A {
    let d = x.clone() - MeanTo::of(shape, x);
    MeanTo { shape: shape.clone(), terms: left(x, shape, correction) }.apply(&d.square())
}

/// The root of the variance, whose squares need not be numbers.
#[track_caller]
fn deviation<A: Algebra>(x: &A, shape: &Shape, correction: f64) -> A {
    let d = x.clone() - MeanTo::of(shape, x);
    RootMeanSquare { shape: shape.clone(), terms: left(x, shape, correction) }.of(&d)
}

/// The number of terms of each mean, less the correction; not below 0.
fn left<A: Algebra>(x: &A, shape: &Shape, correction: f64) -> f64 {
    (terms(&x.shape(), shape) - correction).max(0.0)
}

/// [`VarianceExt::var_over`], as the tests of all functions see it.
#[derive(Clone, Debug)]
pub struct VarOver(Axes, f64);

impl Function for VarOver {
    const NAME: &'static str = "var_over";
    const TEXT: &'static str = "Σ (x − mean(x))²/(n − correction)";
    fn call<A: Algebra>(&self, a: Args<'_, A>) -> A {
        a[0].var_over(self.0.clone(), self.1)
    }
    #[inline]
    fn cases() -> Vec<(Self, Case)> {
        let x = || Case::function().real([2, 3, 5]);
        vec![(VarOver(1.into(), 1.0), x()), (VarOver([0, 2].into(), 0.0), x())]
    }
}

/// [`VarianceExt::std_over`], as the tests of all functions see it.
#[derive(Clone, Debug)]
pub struct StdOver(Axes, f64);

impl Function for StdOver {
    const NAME: &'static str = "std_over";
    const TEXT: &'static str = "√(Σ (x − mean(x))²/(n − correction))";
    fn call<A: Algebra>(&self, a: Args<'_, A>) -> A {
        a[0].std_over(self.0.clone(), self.1)
    }
    #[inline]
    fn cases() -> Vec<(Self, Case)> {
        let x = || Case::function().real([2, 3, 5]);
        let constant = Tensor::from([[2.0, 2.0], [1.0, 3.0]]);
        vec![
            (StdOver(1.into(), 1.0), x()),
            (StdOver([0, 2].into(), 0.0), x()),
            (StdOver(1.into(), 1.0), Case::function().exactly(constant).at_kink()),
        ]
    }
}
