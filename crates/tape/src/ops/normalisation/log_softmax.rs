//! The logarithm of the softmax.

use crate::error::{Error, OrRaise};
use crate::kernels::rows::{beside_largest, map_rows};
use crate::ops::axes::{axis, existing, number_as_vector, vector_as_number};
use crate::ops::softmax::beside_likeliest;
use crate::ops::{ExpExt, LogSumExpExt, SoftmaxCrossEntropyInput, SumToExt, chain};
use crate::rule::algebra::{Algebra, Arg, Args};
use crate::rule::case::Case;
use crate::rule::complex::Analytic;
use crate::rule::op::{Op, Takes, Value};
use crate::shape::{Shape, work};
use crate::tensor::Tensor;
use crate::tensor::float::Float;

/// `y = x − ln Σ exp(x)` along an axis: the logarithm of the softmax, exact where that underflows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
pub struct LogSoftmax {
    /// The axis.
    pub axis: usize,
}

/// The shape with axis `axis` of length 1.
#[track_caller]
fn kept<A: Algebra>(x: &A, axis: usize) -> Shape {
    x.shape().with(axis, 1)
}

impl Op for LogSoftmax {
    #[inline]
    fn name(&self) -> String {
        "log_softmax".into()
    }

    #[inline]
    fn text(&self, args: &[&str]) -> String {
        format!("log_softmax({}, axis {})", args[0], self.axis)
    }

    #[inline]
    fn takes(&self) -> Takes {
        Takes::ONE
    }

    #[inline]
    fn shape(&self, args: &[&Shape]) -> Result<Shape, Error> {
        existing("log_softmax", self.axis, args[0].rank()).map(|_| args[0].clone())
    }

    fn forward<F: Float>(&self, a: Args<'_, Tensor<F>>) -> Value<F> {
        map_rows(&a[0], self.axis, |row| {
            let (at, others) = beside_largest(row);
            if let Some(largest) = row.get(at).copied() {
                // Not less the sum of the two, which has lost the digits of the logarithm where the entries are large.
                let ln = num_traits::Float::ln_1p(others);
                row.iter_mut().for_each(|x| *x = (*x - largest) - ln);
            }
        })
        .into()
    }

    fn vjp<A: Algebra>(&self, _arg: usize, g: A, a: Args<'_, A>, y: &A) -> A {
        // g − softmax(x) Σ g, in one pass, which keeps the digits of 1 − y where a class is nearly sure.
        let ones = y.full(y.shape().without(self.axis), 1.0);
        let rule = SoftmaxCrossEntropyInput { axis: self.axis };
        -A::apply(rule, &[Arg::Real(&ones), Arg::Real(&a[0]), Arg::Real(&g)]).real()
    }

    fn jvp<A: Algebra>(&self, _arg: usize, d: A, _a: Args<'_, A>, y: &A) -> A {
        let p = y.exp();
        let d = beside_likeliest(&d, &p, self.axis);
        let mean = chain(&d, &p).sum_to(kept(y, self.axis));
        d - mean
    }

    fn composed<A: Algebra>(&self, a: Args<'_, A>) -> Option<A> {
        Some(a[0].clone() - a[0].log_sum_exp_like(self.axis))
    }

    #[inline]
    fn flops(&self, args: &[&Shape], _y: &Shape) -> u64 {
        work([24, args[0].len_elements()])
    }

    #[inline]
    fn analytic(&self) -> Analytic {
        Analytic::Composed
    }

    #[inline]
    fn cases() -> Vec<Case> {
        vec![
            Case::of(LogSoftmax { axis: 1 }).real([2, 3]),
            Case::of(LogSoftmax { axis: 0 }).real([3, 2]),
            Case::of(LogSoftmax { axis: 1 }).real([2, 3, 5]),
            Case::of(LogSoftmax { axis: 0 }).real([3]),
            Case::of(LogSoftmax { axis: 1 }).real([0, 3]),
        ]
    }
}

/// The method of [`LogSoftmax`].
pub trait LogSoftmaxExt: Algebra {
    /// `y = x − ln Σ exp(x)` along an axis: the logarithm of the softmax, exact where that underflows.
    ///
    /// # Panics
    /// If the axis is out of range.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// let y = Tensor::from([[1000.0, 0.0]]).log_softmax(1);
    /// assert_eq!(y.data(), [0.0, -1000.0]);
    /// ```
    #[track_caller]
    fn log_softmax(&self, at: isize) -> Self {
        if let Some(x) = number_as_vector(self, at) {
            return vector_as_number(&x.log_softmax(0));
        }
        let axis = axis("log_softmax", at, self.shape().rank()).or_raise();
        Self::apply(LogSoftmax { axis }, &[Arg::Real(self)]).real()
    }
}

impl<A: Algebra> LogSoftmaxExt for A {}
