//! Running products along an axis.

use crate::error::{Error, OrRaise};
use crate::kernels::scaled::Scaled;
use crate::ops::axes::{axis, existing, number_as_vector, vector_as_number};
use crate::ops::recurrence::{for_each_step, shifted};
use crate::ops::{Recurrence, chain};
use crate::rule::algebra::{Algebra, Arg, Args};
use crate::rule::case::Case;
use crate::rule::complex::Analytic;
use crate::rule::op::{Op, Takes, Value};
use crate::shape::Shape;
use crate::tensor::Tensor;
use crate::tensor::buffer::Buffer;
use crate::tensor::float::Float;

/// `y[i] = x[0] ⋯ x[i]` along an axis, or from its end. A product is finite wherever it can be, also behind one that is not, and
/// every derivative right where factors are 0, however many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
pub struct Cumprod {
    /// The axis.
    pub axis: usize,
    /// Whether the products begin at the end of the axis.
    pub from_end: bool,
}

impl Cumprod {
    #[track_caller]
    pub(crate) fn of<A: Algebra>(self, x: &A) -> A {
        A::apply(self, &[Arg::Real(x)]).real()
    }

    /// The tangent of the products `y` along `d`.
    #[track_caller]
    pub(crate) fn tangent<A: Algebra>(self, d: &A, x: &A, y: &A) -> A {
        let Cumprod { axis, from_end } = self;
        Recurrence { axis, from_end }.of(x, &chain(d, &shifted(y, axis, from_end, 1.0)))
    }
}

impl Op for Cumprod {
    #[inline]
    fn name(&self) -> String {
        "cumprod".into()
    }

    #[inline]
    fn text(&self, args: &[&str]) -> String {
        let from_end = if self.from_end { " from its end" } else { "" };
        format!("cumprod({}, axis {}{from_end})", args[0], self.axis)
    }

    #[inline]
    fn takes(&self) -> Takes {
        Takes::ONE
    }

    #[inline]
    fn shape(&self, args: &[&Shape]) -> Result<Shape, Error> {
        existing("cumprod", self.axis, args[0].rank()).map(|_| args[0].clone())
    }

    fn forward<F: Float>(&self, a: Args<'_, Tensor<F>>) -> Value<F> {
        let (x, shape) = (a[0].data(), Tensor::shape(&a[0]));
        let mut products = vec![Scaled::ONE; x.len()];
        let mut y = Buffer::any(x.len());
        for_each_step(shape, self.axis, self.from_end, |at, before| {
            let before = before.map_or(Scaled::ONE, |before| products[before]);
            products[at] = before.times(Scaled::new(x[at].to_f64()));
            y[at] = F::from_f64(products[at].value());
        });
        Tensor::from_parts(shape.clone(), y).into()
    }

    fn vjp<A: Algebra>(&self, _arg: usize, g: A, a: Args<'_, A>, y: &A) -> A {
        // A factor meets the product of those before it, and what those behind it make of the cotangents.
        let Cumprod { axis, from_end } = *self;
        let behind = Recurrence { axis, from_end: !from_end }.of(&shifted(&a[0], axis, !from_end, 0.0), &g);
        chain(&behind, &shifted(y, axis, from_end, 1.0))
    }

    fn jvp<A: Algebra>(&self, _arg: usize, d: A, a: Args<'_, A>, y: &A) -> A {
        self.tangent(&d, &a[0], y)
    }

    fn composed<A: Algebra>(&self, a: Args<'_, A>) -> Option<A> {
        // y[i] = x[i] · y[i − 1] + b[i], where b is x[0] and then nothing
        let x = &a[0];
        let first = shifted(&x.full(x.shape(), 0.0), self.axis, self.from_end, 1.0);
        Some(Recurrence { axis: self.axis, from_end: self.from_end }.step_by_step(x, &(first * x)))
    }

    #[inline]
    fn analytic(&self) -> Analytic {
        Analytic::Composed
    }

    #[inline]
    fn flops(&self, args: &[&Shape], _y: &Shape) -> u64 {
        args[0].len_elements() as u64
    }

    #[inline]
    fn cases() -> Vec<Case> {
        let case = |axis, from_end| Case::of(Cumprod { axis, from_end });
        let zeros = Tensor::from([[2.0, 0.0, 3.0, -1.0, 0.5], [0.0, 1.5, 0.0, 2.0, 3.0]]);
        vec![
            case(1, false).real([2, 3, 5]),
            case(1, true).real([3, 5]),
            case(0, false).real([0, 3]),
            case(1, false).exactly(zeros),
        ]
    }
}

/// The method of [`Cumprod`].
pub trait CumprodExt: Algebra {
    /// `y[i] = x[0] ⋯ x[i]` along an axis. A product is finite wherever it can be, also behind one that is not, and every
    /// derivative right where factors are 0, however many.
    ///
    /// # Panics
    /// If the axis is out of range.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// assert_eq!(Tensor::from([2.0, 3.0, 0.0, 4.0]).cumprod(0).data(), [2.0, 6.0, 0.0, 0.0]);
    /// assert_eq!(Tensor::from([0.0, 1e200, 1e200]).cumprod(0).data(), [0.0, 0.0, 0.0]);
    /// ```
    #[track_caller]
    fn cumprod(&self, at: isize) -> Self {
        if let Some(x) = number_as_vector(self, at) {
            return vector_as_number(&x.cumprod(0));
        }
        let axis = axis("cumprod", at, self.shape().rank()).or_raise();
        Cumprod { axis, from_end: false }.of(self)
    }
}

impl<A: Algebra> CumprodExt for A {}
