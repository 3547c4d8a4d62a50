//! Norms of any order.

use crate::error::scope::called;
use crate::ops::sum::reduced;
use crate::ops::{
    AbsExt, Axes, CompareExt, MaxOverExt, MinExt, PowfExt, ReshapeExt, RootMeanSquare, SignExt, SquareExt,
    StopGradientExt, SumExt, select,
};
use crate::rule::algebra::{Algebra, Args};
use crate::rule::case::{Case, Function};
use crate::shape::Shape;
use crate::tensor::Tensor;

/// The methods that measure length: `(Σ |x|ᵖ)^(1/p)`, PyTorch's `vector_norm`.
///
/// | order | norm | where elements or the norm are 0 |
/// | --- | --- | --- |
/// | 2 | the root of the sum of squares | where the norm is 0, its derivative is 0 |
/// | 1 | the sum of absolute values | an element that is 0 has derivative 0 |
/// | 0 | the number of elements that are not 0 | the derivative is 0 everywhere |
/// | ∞, −∞ | the largest, the smallest absolute value | equal elements share the derivative |
/// | another | by the formula | an element that is 0 has derivative 0, and so has a norm that is 0 |
pub trait NormExt: Algebra {
    /// The norm of all elements, of rank 0.
    ///
    /// # Panics
    /// If there are no elements and the order is infinite.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// let x = Tensor::from([3.0, 0.0, -4.0]);
    /// let norms = [2.0, 1.0, 0.0, f64::INFINITY].map(|order| x.norm(order).item());
    /// assert_eq!(norms, [5.0, 7.0, 2.0, 4.0]);
    /// ```
    #[track_caller]
    fn norm(&self, order: f64) -> Self {
        let _called = called("norm");
        ReshapeExt::reshape(&self.flatten(0).norm_over(0, order), Shape::scalar())
    }

    /// The norm over some axes, which are removed.
    ///
    /// # Panics
    /// If an axis is out of range or named twice, or there are no elements and the order is infinite.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// let x = Tensor::from([[3.0, 4.0], [0.0, -2.0]]);
    /// assert_eq!(x.norm_over(1, 2.0).data(), [5.0, 2.0]);
    /// ```
    #[track_caller]
    fn norm_over(&self, axes: impl Into<Axes>, order: f64) -> Self {
        let _called = called("norm_over");
        let axes = axes.into();
        let removed = reduced("norm_over", &self.shape(), &axes).1;
        ReshapeExt::reshape(&self.norm_keeping(axes, order), removed)
    }

    /// The norm over some axes, which stay with length 1.
    ///
    /// # Panics
    /// If an axis is out of range or named twice, or there are no elements and the order is infinite.
    #[track_caller]
    fn norm_keeping(&self, axes: impl Into<Axes>, order: f64) -> Self {
        let _called = called("norm_keeping");
        let axes = axes.into();
        match order {
            2.0 => RootMeanSquare { shape: reduced("norm_keeping", &self.shape(), &axes).0, terms: 1.0 }.of(self),
            1.0 => self.abs().sum_keeping(axes),
            // NaN has the sign 0, and is not 0.
            0.0 => select(self.equal(self), &self.sign().square(), 1.0).sum_keeping(axes),
            f64::INFINITY => self.abs().max_keeping(axes),
            f64::NEG_INFINITY => self.abs().min_keeping(axes),
            p => {
                // In units of what counts most, so that no power overflows or vanishes where the norm does not.
                let size = self.abs();
                let unit = unit(&size, axes.clone(), p);
                let powers = power(&(size / &unit), p, if p > 0.0 { 0.0 } else { f64::INFINITY });
                power_of_sum(&powers.sum_keeping(axes), 1.0 / p) * unit
            }
        }
    }
}

impl<A: Algebra> NormExt for A {}

/// The largest of some sizes, for a negative power the smallest, as a constant; 1 where that is 0 or not finite, and of none.
#[track_caller]
fn unit<A: Algebra>(size: &A, axes: Axes, p: f64) -> A {
    let one = size.full(Shape::scalar(), 1.0);
    if size.shape().len_elements() == 0 {
        return one;
    }
    let unit = if p > 0.0 { size.max_keeping(axes) } else { size.min_keeping(axes) }.stop_gradient();
    // 0, ∞ and NaN are what becomes another number when it is divided by itself
    select((unit.clone() / &unit).equal(1.0), &unit, &one)
}

/// `xᵖ`, which is `at_zero`, with derivative 0, where `x = 0`.
fn power<A: Algebra>(x: &A, p: f64, at_zero: f64) -> A {
    let zero = x.equal(0.0);
    let one = x.full(Shape::scalar(), 1.0);
    let value = x.full(Shape::scalar(), at_zero);
    select(zero.clone(), &value, select(zero, &one, x).powf(p))
}

/// `sᵖ` of a sum of powers, with derivative 0 where the sum is 0.
fn power_of_sum<A: Algebra>(s: &A, p: f64) -> A {
    power(s, p, if p > 0.0 { 0.0 } else { f64::INFINITY })
}

/// [`NormExt::norm_over`], as the tests of all functions see it.
#[derive(Clone, Debug)]
pub struct NormOver(Axes, f64);

impl Function for NormOver {
    const NAME: &'static str = "norm_over";
    const TEXT: &'static str = "(Σ |x|ᵖ)^(1/p)";
    fn call<A: Algebra>(&self, a: Args<'_, A>) -> A {
        a[0].norm_over(self.0.clone(), self.1)
    }
    #[inline]
    fn cases() -> Vec<(Self, Case)> {
        let orders = [2.0, 1.0, 0.0, 3.0, 1.5, 0.5, -2.0, f64::INFINITY, f64::NEG_INFINITY];
        let mut cases: Vec<(Self, Case)> = Vec::new();
        for order in orders {
            cases.push((NormOver(1.into(), order), Case::function().real([2, 3])));
            let zeros = Tensor::from([[0.0, 0.0], [0.0, 1.5]]);
            cases.push((NormOver(1.into(), order), Case::function().exactly(zeros).at_kink()));
        }
        cases.push((NormOver([0, 2].into(), 2.0), Case::function().real([2, 3, 5])));
        cases
    }
}
