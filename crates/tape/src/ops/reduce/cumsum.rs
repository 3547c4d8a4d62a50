//! Running sums along an axis.

use crate::error::{Error, OrRaise};
use crate::kernels::rows::map_rows;
use crate::kernels::running::Running;
use crate::ops::axes::{axis, existing, number_as_vector, vector_as_number};
use crate::rule::algebra::{Algebra, Arg, Args};
use crate::rule::case::Case;
use crate::rule::complex::Analytic;
use crate::rule::op::{Op, Takes, Value};
use crate::shape::Shape;
use crate::tensor::Tensor;
use crate::tensor::float::Float;

/// `y[i] = x[0] + … + x[i]` along an axis, or from its end. Each direction is the other's rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
pub struct Cumsum {
    /// The axis.
    pub axis: usize,
    /// Whether the sums begin at the end of the axis.
    pub from_end: bool,
}

impl Op for Cumsum {
    #[inline]
    fn name(&self) -> String {
        "cumsum".into()
    }

    #[inline]
    fn text(&self, args: &[&str]) -> String {
        let from_end = if self.from_end { " from its end" } else { "" };
        format!("cumsum({}, axis {}{from_end})", args[0], self.axis)
    }

    #[inline]
    fn takes(&self) -> Takes {
        Takes::ONE
    }

    #[inline]
    fn shape(&self, args: &[&Shape]) -> Result<Shape, Error> {
        existing("cumsum", self.axis, args[0].rank()).map(|_| args[0].clone())
    }

    fn forward<F: Float>(&self, a: Args<'_, Tensor<F>>) -> Value<F> {
        map_rows(&a[0], self.axis, |row| {
            let mut sum = Running::new();
            let mut add = |x: &mut F| {
                sum.add(*x);
                *x = sum.value();
            };
            match self.from_end {
                false => row.iter_mut().for_each(&mut add),
                true => row.iter_mut().rev().for_each(&mut add),
            }
        })
        .into()
    }

    fn vjp<A: Algebra>(&self, _arg: usize, g: A, _a: Args<'_, A>, _y: &A) -> A {
        A::apply(Cumsum { from_end: !self.from_end, ..*self }, &[Arg::Real(&g)]).real()
    }

    fn jvp<A: Algebra>(&self, _arg: usize, d: A, _a: Args<'_, A>, _y: &A) -> A {
        A::apply(*self, &[Arg::Real(&d)]).real()
    }

    #[inline]
    fn analytic(&self) -> Analytic {
        Analytic::Linear
    }

    #[inline]
    fn cases() -> Vec<Case> {
        let case = |axis, from_end, x: &[usize]| Case::of(Cumsum { axis, from_end }).real(x);
        vec![
            case(1, false, &[2, 3]),
            case(1, false, &[2, 3, 5]),
            case(0, true, &[3, 2]),
            case(0, false, &[5]),
            case(0, false, &[0, 3]),
        ]
    }
}

/// The method of [`Cumsum`].
pub trait CumsumExt: Algebra {
    /// `y[i] = x[0] + … + x[i]` along an axis.
    ///
    /// # Panics
    /// If the axis is out of range.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// assert_eq!(Tensor::from([1.0, 2.0, 4.0]).cumsum(0).data(), [1.0, 3.0, 7.0]);
    /// ```
    #[track_caller]
    fn cumsum(&self, at: isize) -> Self {
        if let Some(x) = number_as_vector(self, at) {
            return vector_as_number(&x.cumsum(0));
        }
        let axis = axis("cumsum", at, self.shape().rank()).or_raise();
        Self::apply(Cumsum { axis, from_end: false }, &[Arg::Real(self)]).real()
    }
}

impl<A: Algebra> CumsumExt for A {}
