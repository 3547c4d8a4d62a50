//! A choice between two tensors, element by element.

use crate::error::Error;
use crate::kernels::elementwise;
use crate::ops::{BroadcastToExt, SumToExt};
use crate::rule::algebra::{Algebra, Arg, Args};
use crate::rule::case::Case;
use crate::rule::complex::Analytic;
use crate::rule::op::{Kind, Op, Takes, Value};
use crate::rule::operand::{MaskOperand, Operand};
use crate::rule::pointwise::broadcast;
use crate::rule::real::Real;
use crate::rule::role::Role;
use crate::rule::written::Formula;
use crate::shape::Shape;
use crate::tensor::Tensor;
use crate::tensor::float::Float;

/// `a` where the mask holds, else `b`. The gradient goes to the one that was taken; the other gets 0, never NaN.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
pub struct Select;

impl Select {
    /// The choice between `a` and `b`.
    #[track_caller]
    pub fn of<A: Algebra>(mask: &A::Mask, a: &A, b: &A) -> A {
        A::apply(Select, &[Arg::Mask(mask), Arg::Real(a), Arg::Real(b)]).real()
    }

    /// `x` in the place of argument `arg`, and 0 in that of the other.
    #[track_caller]
    fn part<A: Algebra>(arg: usize, mask: &A::Mask, x: &A) -> A {
        let zero = x.full(Shape::scalar(), 0.0);
        match arg {
            1 => Select::of(mask, x, &zero),
            _ => Select::of(mask, &zero, x),
        }
    }
}

impl Op for Select {
    #[inline]
    fn name(&self) -> String {
        "select".into()
    }

    #[inline]
    fn takes(&self) -> Takes {
        Takes::Any(&[&[Kind::Mask, Kind::Real, Kind::Real]])
    }

    #[inline]
    fn shape(&self, args: &[&Shape]) -> Result<Shape, Error> {
        broadcast("select", args)
    }

    fn forward<F: Float>(&self, a: Args<'_, Tensor<F>>) -> Value<F> {
        elementwise::choose(a.mask(0), &a[1], &a[2]).into()
    }

    #[inline]
    fn role(&self, _operands: usize) -> Role {
        Role::Elementwise(Formula::of_operands(3, |x| Real::select(x[0], x[1], x[2])))
    }

    #[inline]
    fn active(&self, arg: usize) -> bool {
        arg > 0
    }

    fn vjp<A: Algebra>(&self, arg: usize, g: A, a: Args<'_, A>, _y: &A) -> A {
        Select::part(arg, a.mask(0), &g).sum_to(a[arg].shape())
    }

    fn jvp<A: Algebra>(&self, arg: usize, d: A, a: Args<'_, A>, y: &A) -> A {
        Select::part(arg, a.mask(0), &d).broadcast_to(y.shape())
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
        let mask = Tensor::from([[true, false, true], [false, false, true]]);
        vec![
            Case::of(Select).exactly(mask.clone()).real([2, 3]).real([2, 3]),
            Case::of(Select).exactly(mask.clone()).real([3]).real([2, 1]),
            Case::of(Select).exactly(mask).real([]).real([5, 2, 3]),
            Case::of(Select).exactly(Tensor::from(true)).real([2]).real([]),
        ]
    }
}

/// `a` where the mask holds, else `b`, with broadcasting: PyTorch's `where`, which is a keyword here.
///
/// # Panics
/// If the shapes do not broadcast.
///
/// # Examples
/// ```
/// use wengert_tape::prelude::*;
/// let x = Tensor::from([-1.0, 4.0]);
/// assert_eq!(select(x.less(0.0), &x, x.sqrt()).data(), [-1.0, 2.0]);
/// ```
#[track_caller]
pub fn select<A: Algebra>(mask: impl MaskOperand<A>, a: &A, b: impl Operand<A>) -> A {
    Select::of(&mask.beside(a), a, &b.beside(a))
}
