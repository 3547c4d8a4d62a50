//! Means over axes.

use crate::error::Error;
use crate::error::scope::called;
use crate::kernels::groups::Groups;
use crate::ops::sum::reduced;
use crate::ops::{Axes, BroadcastToExt, ReshapeExt, SumTo};
use crate::rule::algebra::{Algebra, Arg, Args};
use crate::rule::case::{Case, Function};
use crate::rule::complex::Analytic;
use crate::rule::op::{Op, Takes, Value};
use crate::shape::Shape;
use crate::tensor::Tensor;
use crate::tensor::float::Float;

/// `y = Σ x / terms` over the axes along which a tensor of the given shape would repeat: the mean, if that is how many terms
/// there are. It is right where the sum overflows.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
pub struct MeanTo {
    /// The shape of the result, which broadcasts to that of `x`.
    pub shape: Shape,
    /// What the sum is divided by.
    pub terms: f64,
}

/// How many elements of a tensor of shape `x` meet each of one of shape `to`; 1 if there are none of these.
pub(crate) fn terms(x: &Shape, to: &Shape) -> f64 {
    match to.len_elements() {
        0 => 1.0,
        count => x.len_elements() as f64 / count as f64,
    }
}

impl MeanTo {
    /// The mean over the axes that make `shape` of the shape of `x`.
    #[track_caller]
    pub(crate) fn of<A: Algebra>(shape: &Shape, x: &A) -> A {
        MeanTo { shape: shape.clone(), terms: terms(&x.shape(), shape) }.apply(x)
    }

    #[track_caller]
    pub(crate) fn apply<A: Algebra>(self, x: &A) -> A {
        A::apply(self, &[Arg::Real(x)]).real()
    }
}

impl Op for MeanTo {
    #[inline]
    fn name(&self) -> String {
        "mean_to".into()
    }

    #[inline]
    fn text(&self, args: &[&str]) -> String {
        format!("sum_to({}, {}) / {}", args[0], self.shape, self.terms)
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
        let groups = Groups::new(Tensor::shape(&a[0]), &self.shape);
        Tensor::from_parts(self.shape.clone(), groups.means(a[0].data(), self.terms)).into()
    }

    fn vjp<A: Algebra>(&self, _arg: usize, g: A, a: Args<'_, A>, _y: &A) -> A {
        (g / self.terms).broadcast_to(a[0].shape())
    }

    fn jvp<A: Algebra>(&self, _arg: usize, d: A, _a: Args<'_, A>, _y: &A) -> A {
        self.clone().apply(&d)
    }

    #[inline]
    fn flops(&self, args: &[&Shape], _y: &Shape) -> u64 {
        args[0].len_elements() as u64
    }

    #[inline]
    fn analytic(&self) -> Analytic {
        Analytic::Linear
    }

    #[inline]
    fn cases() -> Vec<Case> {
        let table: &[(&[usize], &[usize], f64)] = &[
            (&[2, 3, 5], &[3, 1], 10.0),
            (&[2, 3], &[], 6.0),
            (&[2, 3], &[2, 1], 2.0),
            (&[2, 3], &[3], 1.5),
            (&[0, 3], &[1, 3], 1.0),
        ];
        let case = |(x, to, terms): &(&[usize], &[usize], f64)| {
            Case::of(MeanTo { shape: Shape::from(*to), terms: *terms }).real(*x)
        };
        table.iter().map(case).collect()
    }
}

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
        MeanTo::of(&Shape::scalar(), self)
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
        let (kept, removed) = reduced("mean_over", &self.shape(), &axes.into());
        ReshapeExt::reshape(&MeanTo::of(&kept, self), removed)
    }

    /// The mean over some axes, which stay with length 1.
    ///
    /// # Panics
    /// If an axis is out of range or named twice.
    #[track_caller]
    fn mean_keeping(&self, axes: impl Into<Axes>) -> Self {
        let _called = called("mean_keeping");
        MeanTo::of(&reduced("mean_keeping", &self.shape(), &axes.into()).0, self)
    }
}

impl<A: Algebra> MeanExt for A {}

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
