//! Where the largest element along an axis is.

use crate::error::scope::called;
use crate::error::{Error, OrRaise};
use crate::kernels::reduce::exceeds;
use crate::ops::axes::{axis, existing, number_as_vector};
use crate::rule::algebra::{Algebra, Arg, Args};
use crate::rule::case::Case;
use crate::rule::op::{Kind, Op, Takes, Value};
use crate::shape::{Shape, product};
use crate::tensor::Tensor;
use crate::tensor::float::Float;

/// The position of the largest element along an axis, which is removed; the first of several, and the first NaN if there
/// is one. Positions have no derivative.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
pub struct ArgMax {
    /// The axis.
    pub axis: usize,
    /// Whether it stays, with length 1.
    #[cfg_attr(feature = "json", serde(default))]
    pub keep: bool,
}

impl Op for ArgMax {
    #[inline]
    fn name(&self) -> String {
        "arg_max".into()
    }

    #[inline]
    fn text(&self, args: &[&str]) -> String {
        format!("arg_max({}, axis {})", args[0], self.axis)
    }

    #[inline]
    fn takes(&self) -> Takes {
        Takes::ONE
    }

    #[inline]
    fn shape(&self, args: &[&Shape]) -> Result<Shape, Error> {
        existing("arg_max", self.axis, args[0].rank())?;
        if args[0][self.axis] == 0 {
            return Err(Error::shape("arg_max", format!("axis {} of {} is empty", self.axis, args[0])));
        }
        Ok(if self.keep { args[0].with(self.axis, 1) } else { args[0].without(self.axis) })
    }

    #[inline]
    fn output(&self) -> Kind {
        Kind::Index
    }

    fn forward<F: Float>(&self, a: Args<'_, Tensor<F>>) -> Value<F> {
        let (x, shape) = (&a[0], Tensor::shape(&a[0]));
        let (n, width) = (shape[self.axis], product(&shape[self.axis + 1..]));
        let blocks = if width == 0 { 0 } else { x.len() / (n * width) };
        let mut out = Vec::with_capacity(blocks * width);
        for block in 0..blocks {
            for j in 0..width {
                let at = |i: usize| x.data()[(block * n + i) * width + j];
                let mut best = 0;
                for i in 1..n {
                    if exceeds(at(i), at(best)) {
                        best = i;
                    }
                }
                out.push(best as i64);
            }
        }
        let made = if self.keep { shape.with(self.axis, 1) } else { shape.without(self.axis) };
        Tensor::new(made, out).into()
    }

    #[inline]
    fn active(&self, _arg: usize) -> bool {
        false
    }

    #[inline]
    fn cases() -> Vec<Case> {
        let case = |axis, keep, x: &[usize]| Case::of(ArgMax { axis, keep }).real(x);
        vec![case(1, false, &[2, 3]), case(0, false, &[3, 2, 5]), case(1, true, &[3, 2, 5])]
    }
}

/// The method of [`ArgMax`].
pub trait ArgMaxExt: Algebra {
    /// The position of the largest element along an axis, which is removed; the first of several.
    ///
    /// # Panics
    /// If the axis is out of range or empty.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// let x = Tensor::from([[1.0, 5.0, 3.0], [9.0, 2.0, 9.0]]);
    /// assert_eq!(x.arg_max(-1).data(), [1, 0]);
    /// ```
    #[track_caller]
    fn arg_max(&self, at: isize) -> Self::Index {
        if let Some(x) = number_as_vector(self, at) {
            return x.arg_max(0);
        }
        let axis = axis("arg_max", at, self.shape().rank()).or_raise();
        Self::apply(ArgMax { axis, keep: false }, &[Arg::Real(self)]).index()
    }

    /// The position of the largest element along an axis, which stays with length 1: PyTorch's `keepdim`.
    ///
    /// # Panics
    /// If the axis is out of range or empty.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// let x = Tensor::from([[1.0, 5.0, 3.0], [9.0, 2.0, 9.0]]);
    /// assert_eq!(x.arg_max_keeping(1).shape(), &[2, 1]);
    /// ```
    #[track_caller]
    fn arg_max_keeping(&self, at: isize) -> Self::Index {
        if let Some(x) = number_as_vector(self, at) {
            return x.arg_max(0);
        }
        let axis = axis("arg_max_keeping", at, self.shape().rank()).or_raise();
        let _called = called("arg_max_keeping");
        Self::apply(ArgMax { axis, keep: true }, &[Arg::Real(self)]).index()
    }
}

impl<A: Algebra> ArgMaxExt for A {}
