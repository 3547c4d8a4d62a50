//! Comparisons: truth values without derivatives.

use crate::error::Error;
use crate::kernels::elementwise;
use crate::rule::algebra::{Algebra, Arg, Args};
use crate::rule::case::Case;
use crate::rule::op::{Kind, Op, Takes, Value};
use crate::rule::operand::Operand;
use crate::rule::pointwise::broadcast;
use crate::rule::real::Real;
use crate::rule::role::Role;
use crate::rule::written::Formula;
use crate::shape::Shape;
use crate::tensor::Tensor;
use crate::tensor::float::Float;

/// A comparison of two tensors, element by element, with broadcasting. A comparison with NaN does not hold, but for
/// `NotEqual`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
pub enum Compare {
    /// `a < b`
    Less,
    /// `a ≤ b`
    LessEqual,
    /// `a > b`
    Greater,
    /// `a ≥ b`
    GreaterEqual,
    /// `a = b`
    Equal,
    /// `a ≠ b`
    NotEqual,
}

impl Compare {
    /// The comparison of `a` with `b`.
    #[track_caller]
    pub fn of<A: Algebra>(self, a: &A, b: &A) -> A::Mask {
        A::apply(self, &[Arg::Real(a), Arg::Real(b)]).mask()
    }
}

impl Op for Compare {
    #[inline]
    fn name(&self) -> String {
        match self {
            Compare::Less => "less",
            Compare::LessEqual => "less_equal",
            Compare::Greater => "greater",
            Compare::GreaterEqual => "greater_equal",
            Compare::Equal => "equal",
            Compare::NotEqual => "not_equal",
        }
        .into()
    }

    #[inline]
    fn text(&self, args: &[&str]) -> String {
        let sign = match self {
            Compare::Less => "<",
            Compare::LessEqual => "≤",
            Compare::Greater => ">",
            Compare::GreaterEqual => "≥",
            Compare::Equal => "=",
            Compare::NotEqual => "≠",
        };
        format!("{} {sign} {}", args[0], args[1])
    }

    #[inline]
    fn takes(&self) -> Takes {
        Takes::TWO
    }

    #[inline]
    fn shape(&self, args: &[&Shape]) -> Result<Shape, Error> {
        broadcast(&self.name(), args)
    }

    #[inline]
    fn output(&self) -> Kind {
        Kind::Mask
    }

    fn forward<F: Float>(&self, a: Args<'_, Tensor<F>>) -> Value<F> {
        let holds: fn(&F, &F) -> bool = match self {
            Compare::Less => |a, b| a < b,
            Compare::LessEqual => |a, b| a <= b,
            Compare::Greater => |a, b| a > b,
            Compare::GreaterEqual => |a, b| a >= b,
            Compare::Equal => |a, b| a == b,
            Compare::NotEqual => |a, b| a != b,
        };
        elementwise::zip(&a[0], &a[1], holds).into()
    }

    #[inline]
    fn role(&self, _operands: usize) -> Role {
        Role::Elementwise(Formula::of_operands(2, |x| match self {
            Compare::Less => x[0].lt(x[1]),
            Compare::LessEqual => x[0].le(x[1]),
            Compare::Greater => x[1].lt(x[0]),
            Compare::GreaterEqual => x[1].le(x[0]),
            Compare::Equal => x[0].eq(x[1]),
            Compare::NotEqual => Real::select(x[0].eq(x[1]), x[0].number(0.0), x[0].number(1.0)),
        }))
    }

    #[inline]
    fn active(&self, _arg: usize) -> bool {
        false
    }

    #[inline]
    fn cases() -> Vec<Case> {
        use Compare::*;
        [Less, LessEqual, Greater, GreaterEqual, Equal, NotEqual]
            .into_iter()
            .flat_map(|op| [Case::of(op).real([2, 3]).real([2, 3]), Case::of(op).real([2, 1]).real([3])])
            .collect()
    }
}

/// The methods of [`Compare`], named as NumPy names them.
pub trait CompareExt: Algebra {
    /// Where this is smaller.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// assert_eq!(Tensor::from([1.0, 2.0]).less(1.5).data(), [true, false]);
    /// ```
    #[track_caller]
    fn less(&self, rhs: impl Operand<Self>) -> Self::Mask {
        Compare::Less.of(self, &rhs.beside(self))
    }
    /// Where this is smaller or equal.
    #[track_caller]
    fn less_equal(&self, rhs: impl Operand<Self>) -> Self::Mask {
        Compare::LessEqual.of(self, &rhs.beside(self))
    }
    /// Where this is larger.
    #[track_caller]
    fn greater(&self, rhs: impl Operand<Self>) -> Self::Mask {
        Compare::Greater.of(self, &rhs.beside(self))
    }
    /// Where this is larger or equal.
    #[track_caller]
    fn greater_equal(&self, rhs: impl Operand<Self>) -> Self::Mask {
        Compare::GreaterEqual.of(self, &rhs.beside(self))
    }
    /// Where the two are equal.
    #[track_caller]
    fn equal(&self, rhs: impl Operand<Self>) -> Self::Mask {
        Compare::Equal.of(self, &rhs.beside(self))
    }
    /// Where the two differ.
    #[track_caller]
    fn not_equal(&self, rhs: impl Operand<Self>) -> Self::Mask {
        Compare::NotEqual.of(self, &rhs.beside(self))
    }
}

impl<A: Algebra> CompareExt for A {}
