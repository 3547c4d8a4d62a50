//! Broadcasting, as an operation.

use crate::error::Error;
use crate::kernels::reduce;
use crate::ops::SumToExt;
use crate::rule::algebra::{Algebra, Arg, Args};
use crate::rule::case::Case;
use crate::rule::complex::Analytic;
use crate::rule::op::{Op, Takes, Value};
use crate::rule::role::Role;
use crate::rule::written::Formula;
use crate::shape::Shape;
use crate::tensor::Tensor;
use crate::tensor::float::Float;

/// `x` repeated to the given shape. [`SumTo`](crate::ops::SumTo) is its rule, and it is that one's.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
pub struct BroadcastTo {
    /// The shape of the result.
    pub shape: Shape,
}

impl BroadcastTo {
    /// The operation on `x`, or `x` itself where it changes nothing.
    #[track_caller]
    fn of<A: Algebra>(self, x: &A) -> A {
        if x.shape() == self.shape {
            return x.clone();
        }
        A::apply(self, &[Arg::Real(x)]).real()
    }
}

impl Op for BroadcastTo {
    #[inline]
    fn name(&self) -> String {
        "broadcast_to".into()
    }

    #[inline]
    fn text(&self, args: &[&str]) -> String {
        format!("broadcast_to({}, {})", args[0], self.shape)
    }

    #[inline]
    fn takes(&self) -> Takes {
        Takes::ONE
    }

    #[inline]
    fn shape(&self, args: &[&Shape]) -> Result<Shape, Error> {
        match args[0].broadcasts_to(&self.shape) {
            true => Ok(self.shape.clone()),
            false => Err(Error::shape("broadcast_to", format!("{} does not broadcast to {}", args[0], self.shape))),
        }
    }

    fn forward<F: Float>(&self, a: Args<'_, Tensor<F>>) -> Value<F> {
        reduce::broadcast_to(&a[0], &self.shape).into()
    }

    #[inline]
    fn role(&self, _operands: usize) -> Role {
        Role::Elementwise(Formula::of_operands(1, |x| x[0]))
    }

    fn vjp<A: Algebra>(&self, _arg: usize, g: A, a: Args<'_, A>, _y: &A) -> A {
        g.sum_to(a[0].shape())
    }

    fn jvp<A: Algebra>(&self, _arg: usize, d: A, _a: Args<'_, A>, _y: &A) -> A {
        d.broadcast_to(&self.shape)
    }

    #[inline]
    fn flops(&self, _args: &[&Shape], _y: &Shape) -> u64 {
        0
    }

    #[inline]
    fn immune(&self) -> &'static [(&'static str, &'static str)] {
        &[]
    }

    #[inline]
    fn analytic(&self) -> Analytic {
        Analytic::Linear
    }

    #[inline]
    fn cases() -> Vec<Case> {
        let table: &[(&[usize], &[usize])] = &[
            (&[3, 1], &[2, 3, 5]),
            (&[], &[2, 3]),
            (&[2, 1], &[2, 3]),
            (&[3], &[2, 3]),
            (&[2, 3], &[5, 2, 3]),
            (&[1, 3], &[0, 3]),
            (&[1], &[3]),
        ];
        let case = |(x, to): &(&[usize], &[usize])| Case::of(BroadcastTo { shape: Shape::from(*to) }).real(*x);
        table.iter().map(case).collect()
    }
}

/// The method of [`BroadcastTo`].
pub trait BroadcastToExt: Algebra {
    /// This value repeated to the shape `shape`, by NumPy's rules.
    ///
    /// # Panics
    /// If it does not broadcast to that shape.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// let x = Tensor::from([1.0, 2.0]);
    /// assert_eq!(x.broadcast_to([2, 2]), Tensor::from([[1.0, 2.0], [1.0, 2.0]]));
    /// ```
    #[track_caller]
    fn broadcast_to(&self, shape: impl Into<Shape>) -> Self {
        BroadcastTo { shape: shape.into() }.of(self)
    }
}

impl<A: Algebra> BroadcastToExt for A {}
