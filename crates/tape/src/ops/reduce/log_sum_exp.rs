//! The logarithm of a sum of exponentials.

use crate::error::Error;
use crate::error::scope::called;
use crate::kernels::elementwise::for_each_row;
use crate::kernels::groups::Groups;
use crate::ops::sum::reduced;
use crate::ops::{Axes, BroadcastToExt, CompareExt, ExpExt, LnExt, ReshapeExt, SumTo, SumToExt, chain, select};
use crate::rule::algebra::{Algebra, Arg, Args};
use crate::rule::case::{Case, Function};
use crate::rule::complex::Analytic;
use crate::rule::op::{Op, Takes, Value};
use crate::shape::{Shape, work};
use crate::tensor::Tensor;
use crate::tensor::buffer::Buffer;
use crate::tensor::float::Float;

/// `y = ln Σ exp(x)` over the axes along which a tensor of the given shape would repeat. The largest term is taken out
/// first, so that nothing overflows.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
pub struct LogSumExp {
    /// The shape of the result, which broadcasts to that of `x`.
    pub shape: Shape,
}

impl LogSumExp {
    /// The derivative by each term: `exp(x − y)` over the sum of them, which would be 1 if `y` were not rounded. Where all
    /// terms are −∞ it is 0, and terms that are ∞ share it.
    #[track_caller]
    fn weights<A: Algebra>(&self, x: &A, y: &A) -> A {
        let [zero, one] = [0.0, 1.0].map(|c| x.full(Shape::scalar(), c));
        let level = select(y.equal(f64::NEG_INFINITY), &zero, y);
        let exp = select(x.equal(&level), &zero, x.clone() - &level).exp();
        let total = exp.sum_to(&self.shape);
        exp / select(total.equal(0.0), &one, &total)
    }
}

impl Op for LogSumExp {
    #[inline]
    fn name(&self) -> String {
        "log_sum_exp".into()
    }

    #[inline]
    fn text(&self, args: &[&str]) -> String {
        format!("log_sum_exp({}, {})", args[0], self.shape)
    }

    #[inline]
    fn takes(&self) -> Takes {
        Takes::ONE
    }

    #[inline]
    fn shape(&self, args: &[&Shape]) -> Result<Shape, Error> {
        SumTo { shape: self.shape.clone() }.shape(args)
    }

    fn forward<F: Float>(&self, a: Args<'_, Tensor<F>>) -> Value<F> {
        let (x, shape) = (&a[0], Tensor::shape(&a[0]));
        let steps = self.shape.steps_in(shape);
        let (width, inner) = (shape.last().copied().unwrap_or(1), steps.last().copied().unwrap_or(0));
        let mut largest = Buffer::filled(self.shape.len_elements(), F::neg_infinity());
        let mut flat = 0;
        for_each_row(shape, [&steps[..]], |[at]| {
            for j in 0..width {
                let m = &mut largest[at + j * inner];
                *m = num_traits::Float::max(*m, x.data()[flat]);
                flat += 1;
            }
        });
        // With no finite largest term there is nothing to take out, and ∞ − ∞ must not arise.
        largest.iter_mut().filter(|m| !num_traits::Float::is_finite(**m)).for_each(|m| *m = F::zero());
        let exp = |[x]: [F; 1], [largest]: [F; 1]| [num_traits::Float::exp(x - largest)];
        let [sums] = Groups::new(shape, &self.shape).sums([x.data()], [&largest], exp);
        let y = sums.iter().zip(&largest).map(|(s, m)| num_traits::Float::ln(*s) + *m);
        let y = Tensor::collect(self.shape.clone(), y);
        Buffer::recycle(sums);
        Buffer::recycle(largest);
        y.into()
    }

    fn vjp<A: Algebra>(&self, _arg: usize, g: A, a: Args<'_, A>, y: &A) -> A {
        chain(&g, &self.weights(&a[0], y))
    }

    fn jvp<A: Algebra>(&self, _arg: usize, d: A, a: Args<'_, A>, y: &A) -> A {
        chain(&d, &self.weights(&a[0], y)).sum_to(&self.shape)
    }

    fn composed<A: Algebra>(&self, a: Args<'_, A>) -> Option<A> {
        Some(a[0].exp().sum_to(&self.shape).ln())
    }

    #[inline]
    fn flops(&self, args: &[&Shape], _y: &Shape) -> u64 {
        work([22, args[0].len_elements()])
    }

    #[inline]
    fn analytic(&self) -> Analytic {
        Analytic::Composed
    }

    #[inline]
    fn cases() -> Vec<Case> {
        let table: &[(&[usize], &[usize])] =
            &[(&[2, 3], &[2, 1]), (&[2, 3], &[1, 3]), (&[2, 3, 5], &[3, 1]), (&[3], &[])];
        let case = |(x, to): &(&[usize], &[usize])| Case::of(LogSumExp { shape: Shape::from(*to) }).real(*x);
        table.iter().map(case).collect()
    }
}

/// The methods of [`LogSumExp`].
pub trait LogSumExpExt: Algebra {
    /// `ln Σ exp(x)` over some axes, which are removed. It does not overflow.
    ///
    /// # Panics
    /// If an axis is out of range or named twice.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// let x = Tensor::from([1000.0, 1000.0]);
    /// assert_eq!(x.log_sum_exp(0).item(), 1000.0 + 2.0_f64.ln());
    /// ```
    #[track_caller]
    fn log_sum_exp(&self, axes: impl Into<Axes>) -> Self {
        let _called = called("log_sum_exp");
        let (shape, removed) = reduced("log_sum_exp", &self.shape(), &axes.into());
        let y = Self::apply(LogSumExp { shape }, &[Arg::Real(self)]).real();
        ReshapeExt::reshape(&y, removed)
    }

    /// `ln Σ exp(x)` over some axes, which stay with length 1: PyTorch's `keepdim`.
    ///
    /// # Panics
    /// If an axis is out of range or named twice.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// let x = Tensor::from([[1000.0, 1000.0]]);
    /// assert_eq!(x.log_sum_exp_keeping(1), Tensor::from([[1000.0 + 2.0_f64.ln()]]));
    /// ```
    #[track_caller]
    fn log_sum_exp_keeping(&self, axes: impl Into<Axes>) -> Self {
        let _called = called("log_sum_exp_keeping");
        let (shape, _) = reduced("log_sum_exp_keeping", &self.shape(), &axes.into());
        let kept = Shape::from(&[&[1].repeat(self.shape().rank() - shape.rank())[..], &shape[..]].concat()[..]);
        ReshapeExt::reshape(&Self::apply(LogSumExp { shape }, &[Arg::Real(self)]).real(), kept)
    }

    /// `ln Σ exp(x)` over some axes, repeated to the shape of `x`.
    ///
    /// # Panics
    /// If an axis is out of range or named twice.
    #[track_caller]
    fn log_sum_exp_like(&self, axes: impl Into<Axes>) -> Self {
        let _called = called("log_sum_exp_like");
        let (shape, _) = reduced("log_sum_exp", &self.shape(), &axes.into());
        Self::apply(LogSumExp { shape }, &[Arg::Real(self)]).real().broadcast_to(self.shape())
    }
}

impl<A: Algebra> LogSumExpExt for A {}

/// [`LogSumExpExt::log_sum_exp_keeping`], as the tests of all functions see it.
#[derive(Clone, Debug)]
pub struct LogSumExpKeeping(Axes);

impl Function for LogSumExpKeeping {
    const NAME: &'static str = "log_sum_exp_keeping";
    const TEXT: &'static str = "log_sum_exp, the axes kept with length 1";
    fn call<A: Algebra>(&self, a: Args<'_, A>) -> A {
        a[0].log_sum_exp_keeping(self.0.clone())
    }
    #[inline]
    fn cases() -> Vec<(Self, Case)> {
        let case = |axis: isize, x: &[usize]| (LogSumExpKeeping(axis.into()), Case::function().real(x));
        vec![case(0, &[2, 3]), case(-1, &[2, 3, 5]), case(0, &[])]
    }
}
