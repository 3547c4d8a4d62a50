//! Where the smallest element along an axis is.

use crate::algebra::{Algebra, Arg, Args};
use crate::case::Case;
use crate::error::{Error, OrRaise};
use crate::float::Float;
use crate::op::{Kind, Op, Takes, Value};
use crate::ops::ArgMax;
use crate::ops::axes::{axis, existing};
use crate::shape::Shape;
use crate::tensor::Tensor;

/// The position of the smallest element along an axis, which is removed; the first of several, and the first NaN if
/// there is one. Positions have no derivative.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
pub struct ArgMin {
    /// The axis.
    pub axis: usize,
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
        Ok(args[0].without(self.axis))
    }

    #[inline]
    fn output(&self) -> Kind {
        Kind::Index
    }

    fn forward<F: Float>(&self, a: Args<'_, Tensor<F>>) -> Value<F> {
        // The smallest is the largest of what is negated.
        let negated = a[0].map(|x| -x);
        ArgMax { axis: self.axis }.forward(Args(&[Arg::Real(&negated)]))
    }

    #[inline]
    fn active(&self, _arg: usize) -> bool {
        false
    }

    #[inline]
    fn cases() -> Vec<Case> {
        vec![Case::of(ArgMin { axis: 1 }).real([2, 3]), Case::of(ArgMin { axis: 0 }).real([3, 2, 5])]
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
        let axis = axis("arg_min", at, self.shape().rank()).or_raise();
        Self::apply(ArgMin { axis }, &[Arg::Real(self)]).index()
    }
}

impl<A: Algebra> ArgMinExt for A {}
