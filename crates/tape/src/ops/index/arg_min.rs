//! Where the smallest element along an axis is.

use crate::error::scope::called;
use crate::error::{Error, OrRaise};
use crate::ops::ArgMax;
use crate::ops::axes::{axis, existing, number_as_vector};
use crate::rule::algebra::{Algebra, Arg, Args};
use crate::rule::case::Case;
use crate::rule::op::{Kind, Op, Takes, Value};
use crate::shape::Shape;
use crate::tensor::Tensor;
use crate::tensor::float::Float;

/// The position of the smallest element along an axis, which is removed; the first of several, and the first NaN if
/// there is one. Positions have no derivative.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
pub struct ArgMin {
    /// The axis.
    pub axis: usize,
    /// Whether it stays, with length 1.
    #[cfg_attr(feature = "json", serde(default))]
    pub keep: bool,
}

impl Op for ArgMin {
    #[inline]
    fn name(&self) -> String {
        "arg_min".into()
    }

    #[inline]
    fn text(&self, args: &[&str]) -> String {
        format!("arg_min({}, axis {})", args[0], self.axis)
    }

    #[inline]
    fn takes(&self) -> Takes {
        Takes::ONE
    }

    #[inline]
    fn shape(&self, args: &[&Shape]) -> Result<Shape, Error> {
        existing("arg_min", self.axis, args[0].rank())?;
        if args[0][self.axis] == 0 {
            return Err(Error::shape("arg_min", format!("axis {} of {} is empty", self.axis, args[0])));
        }
        Ok(if self.keep { args[0].with(self.axis, 1) } else { args[0].without(self.axis) })
    }

    #[inline]
    fn output(&self) -> Kind {
        Kind::Index
    }

    fn forward<F: Float>(&self, a: Args<'_, Tensor<F>>) -> Value<F> {
        // The smallest is the largest of what is negated.
        let negated = a[0].map(|x| -x);
        ArgMax { axis: self.axis, keep: self.keep }.forward(Args(&[Arg::Real(&negated)]))
    }

    #[inline]
    fn active(&self, _arg: usize) -> bool {
        false
    }

    #[inline]
    fn cases() -> Vec<Case> {
        let case = |axis, keep, x: &[usize]| Case::of(ArgMin { axis, keep }).real(x);
        vec![case(1, false, &[2, 3]), case(0, false, &[3, 2, 5]), case(1, true, &[3, 2, 5])]
    }
}

/// The method of [`ArgMin`].
pub trait ArgMinExt: Algebra {
    /// The position of the smallest element along an axis, which is removed; the first of several.
    ///
    /// # Panics
    /// If the axis is out of range or empty.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// let x = Tensor::from([[1.0, 5.0, 3.0], [9.0, 2.0, 2.0]]);
    /// assert_eq!(x.arg_min(-1).data(), [0, 1]);
    /// ```
    #[track_caller]
    fn arg_min(&self, at: isize) -> Self::Index {
        if let Some(x) = number_as_vector(self, at) {
            return x.arg_min(0);
        }
        let axis = axis("arg_min", at, self.shape().rank()).or_raise();
        Self::apply(ArgMin { axis, keep: false }, &[Arg::Real(self)]).index()
    }

    /// The position of the smallest element along an axis, which stays with length 1: PyTorch's `keepdim`.
    ///
    /// # Panics
    /// If the axis is out of range or empty.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// let x = Tensor::from([[1.0, 5.0, 3.0], [9.0, 2.0, 9.0]]);
    /// assert_eq!(x.arg_min_keeping(1).shape(), &[2, 1]);
    /// ```
    #[track_caller]
    fn arg_min_keeping(&self, at: isize) -> Self::Index {
        if let Some(x) = number_as_vector(self, at) {
            return x.arg_min(0);
        }
        let axis = axis("arg_min_keeping", at, self.shape().rank()).or_raise();
        let _called = called("arg_min_keeping");
        Self::apply(ArgMin { axis, keep: true }, &[Arg::Real(self)]).index()
    }
}

impl<A: Algebra> ArgMinExt for A {}
