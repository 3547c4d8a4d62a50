//! The softmax.

use crate::error::{Error, OrRaise};
use crate::kernels::rows::map_rows;
use crate::kernels::running::sum;
use crate::ops::axes::{axis, existing, number_as_vector, vector_as_number};
use crate::ops::{ArgMax, ExpExt, Gather, LogSumExpExt, SumToExt, chain};
use crate::rule::algebra::{Algebra, Arg, Args};
use crate::rule::case::Case;
use crate::rule::complex::Analytic;
use crate::rule::op::{Op, Takes, Value};
use crate::shape::{Shape, work};
use crate::tensor::Tensor;
use crate::tensor::float::Float;

/// `y = exp(x) / Σ exp(x)` along an axis. The largest term is taken out first, so that nothing overflows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
pub struct Softmax {
    /// The axis.
    pub axis: usize,
}

/// The shape with axis `axis` of length 1.
#[track_caller]
fn kept<A: Algebra>(x: &A, axis: usize) -> Shape {
    x.shape().with(axis, 1)
}

/// `x` less its entry where the probability `y` is largest. Of what a softmax's derivative is taken of, a number that is the same
/// along the axis says nothing; without that one, the share `1 − y` of a class that is nearly sure is the sum of the others' and
/// no difference, which would have lost its digits.
#[track_caller]
pub(crate) fn beside_likeliest<A: Algebra>(x: &A, y: &A, axis: usize) -> A {
    if y.shape()[axis] == 0 {
        return x.clone();
    }
    let at = A::apply(ArgMax { axis, keep: true }, &[Arg::Real(y)]).index();
    x.clone() - A::apply(Gather { axis }, &[Arg::Real(x), Arg::Index(&at)]).real()
}

/// `y ∘ (g − Σ y g)` along an axis: what the derivative, a symmetric map, makes of a cotangent or tangent.
#[track_caller]
pub(crate) fn centred<A: Algebra>(g: &A, y: &A, axis: usize) -> A {
    let product = chain(&beside_likeliest(g, y, axis), y);
    let total = product.sum_to(kept(y, axis));
    product - chain(&total, y)
}

impl Op for Softmax {
    #[inline]
    fn name(&self) -> String {
        "softmax".into()
    }

    #[inline]
    fn text(&self, args: &[&str]) -> String {
        format!("softmax({}, axis {})", args[0], self.axis)
    }

    #[inline]
    fn takes(&self) -> Takes {
        Takes::ONE
    }

    #[inline]
    fn shape(&self, args: &[&Shape]) -> Result<Shape, Error> {
        existing("softmax", self.axis, args[0].rank()).map(|_| args[0].clone())
    }

    fn forward<F: Float>(&self, a: Args<'_, Tensor<F>>) -> Value<F> {
        map_rows(&a[0], self.axis, |row| {
            let largest = row.iter().copied().fold(F::neg_infinity(), num_traits::Float::max);
            if !row.is_empty() {
                row.iter_mut().for_each(|x| *x = num_traits::Float::exp(*x - largest));
                let sum = sum(row);
                row.iter_mut().for_each(|x| *x /= sum);
            }
        })
        .into()
    }

    fn vjp<A: Algebra>(&self, _arg: usize, g: A, _a: Args<'_, A>, y: &A) -> A {
        centred(&g, y, self.axis)
    }

    fn jvp<A: Algebra>(&self, _arg: usize, d: A, _a: Args<'_, A>, y: &A) -> A {
        centred(&d, y, self.axis)
    }

    fn composed<A: Algebra>(&self, a: Args<'_, A>) -> Option<A> {
        Some((a[0].clone() - a[0].log_sum_exp_like(self.axis)).exp())
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
            Case::of(Softmax { axis: 1 }).real([2, 3]),
            Case::of(Softmax { axis: 0 }).real([3, 2]),
            Case::of(Softmax { axis: 1 }).real([2, 3, 5]),
            Case::of(Softmax { axis: 0 }).real([3]),
            Case::of(Softmax { axis: 1 }).real([0, 3]),
        ]
    }
}

/// The method of [`Softmax`].
pub trait SoftmaxExt: Algebra {
    /// `y = exp(x) / Σ exp(x)` along an axis. The largest term is taken out first, so that nothing overflows.
    ///
    /// # Panics
    /// If the axis is out of range.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// let y = Tensor::from([[1000.0, 1000.0], [0.0, -1000.0]]).softmax(1);
    /// assert_eq!(y.data(), [0.5, 0.5, 1.0, 0.0]);
    /// ```
    #[track_caller]
    fn softmax(&self, at: isize) -> Self {
        if let Some(x) = number_as_vector(self, at) {
            return vector_as_number(&x.softmax(0));
        }
        let axis = axis("softmax", at, self.shape().rank()).or_raise();
        Self::apply(Softmax { axis }, &[Arg::Real(self)]).real()
    }
}

impl<A: Algebra> SoftmaxExt for A {}
