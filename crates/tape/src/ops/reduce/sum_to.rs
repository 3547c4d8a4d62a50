//! The inverse of broadcasting: sums over the axes along which a smaller tensor would repeat.

use crate::error::Error;
use crate::kernels::reduce;
use crate::ops::BroadcastToExt;
use crate::rule::algebra::{Algebra, Arg, Args};
use crate::rule::case::Case;
use crate::rule::complex::Analytic;
use crate::rule::op::{Op, Takes, Value};
use crate::rule::role::Role;
use crate::shape::Shape;
use crate::tensor::Tensor;
use crate::tensor::float::Float;

/// The sum of `x` over the axes along which a tensor of the given shape would repeat. [`BroadcastTo`](crate::ops::BroadcastTo)
/// is its rule, and it is that one's.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
pub struct SumTo {
    /// The shape of the result, which broadcasts to that of `x`.
    pub shape: Shape,
}

impl SumTo {
    /// The operation on `x`, or `x` itself where it changes nothing.
    #[track_caller]
    fn of<A: Algebra>(self, x: &A) -> A {
        if x.shape() == self.shape {
            return x.clone();
        }
        A::apply(self, &[Arg::Real(x)]).real()
    }
}

impl Op for SumTo {
    #[inline]
    fn name(&self) -> String {
        "sum_to".into()
    }

    #[inline]
    fn text(&self, args: &[&str]) -> String {
        format!("sum_to({}, {})", args[0], self.shape)
    }

    #[inline]
    fn takes(&self) -> Takes {
        Takes::ONE
    }

    #[inline]
    fn shape(&self, args: &[&Shape]) -> Result<Shape, Error> {
        match self.shape.broadcasts_to(args[0]) {
            true => Ok(self.shape.clone()),
            false => Err(Error::shape("sum_to", format!("{} does not broadcast to {}", self.shape, args[0]))),
        }
    }

    fn forward<F: Float>(&self, a: Args<'_, Tensor<F>>) -> Value<F> {
        reduce::sum_to(&a[0], &self.shape).into()
    }

    fn forward_into<F: Float>(&self, a: Args<'_, Tensor<F>>, out: &mut [F]) {
        reduce::sum_into(&a[0], &self.shape, out);
    }

    #[inline]
    fn role(&self, _operands: usize) -> Role {
        Role::Summed
    }

    fn vjp<A: Algebra>(&self, _arg: usize, g: A, a: Args<'_, A>, _y: &A) -> A {
        g.broadcast_to(a[0].shape())
    }

    fn jvp<A: Algebra>(&self, _arg: usize, d: A, _a: Args<'_, A>, _y: &A) -> A {
        d.sum_to(&self.shape)
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
        let table: &[(&[usize], &[usize])] = &[
            (&[2, 3, 5], &[3, 1]),
            (&[2, 3], &[]),
            (&[2, 3], &[2, 1]),
            (&[2, 3], &[3]),
            (&[0, 3], &[1, 3]),
            (&[3], &[1]),
        ];
        let case = |(x, to): &(&[usize], &[usize])| Case::of(SumTo { shape: Shape::from(*to) }).real(*x);
        table.iter().map(case).collect()
    }
}

/// The method of [`SumTo`].
pub trait SumToExt: Algebra {
    /// The sum over the axes along which a tensor of shape `shape` would repeat.
    ///
    /// # Panics
    /// If `shape` does not broadcast to this value's shape.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// let x = Tensor::from([[1.0, 2.0], [3.0, 4.0]]);
    /// assert_eq!(x.sum_to([2, 1]), Tensor::from([[3.0], [7.0]]));
    /// assert_eq!(x.sum_to([2]), Tensor::from([4.0, 6.0]));
    /// ```
    #[track_caller]
    fn sum_to(&self, shape: impl Into<Shape>) -> Self {
        SumTo { shape: shape.into() }.of(self)
    }
}

impl<A: Algebra> SumToExt for A {}
