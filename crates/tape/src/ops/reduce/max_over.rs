//! The largest element over axes.

use crate::error::Error;
use crate::error::scope::called;
use crate::kernels::elementwise::for_each_row;
use crate::kernels::reduce::exceeds;
use crate::ops::sum::reduced;
use crate::ops::{Axes, CompareExt, ReshapeExt, Select, SumTo, SumToExt, chain};
use crate::rule::algebra::{Algebra, Arg, Args};
use crate::rule::case::Case;
use crate::rule::op::{Op, Takes, Value};
use crate::shape::Shape;
use crate::tensor::Tensor;
use crate::tensor::buffer::Buffer;
use crate::tensor::float::Float;

/// The largest element over the axes along which a tensor of the given shape would repeat; NaN if there is one.
/// Elements that are equally large share the gradient equally (PyTorch's `amax`).
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
pub struct MaxOver {
    /// The shape of the result, which broadcasts to that of `x`.
    pub shape: Shape,
}

impl MaxOver {
    /// How much each element counts: 1 for the largest alone, equal parts if there are several, else 0.
    #[track_caller]
    fn shares<A: Algebra>(&self, x: &A, y: &A) -> A {
        let hit = x.equal(y);
        let one = x.full(Shape::scalar(), 1.0);
        let zero = x.full(Shape::scalar(), 0.0);
        let hits = Select::of(&hit, &one, &zero);
        let count = hits.sum_to(&self.shape);
        hits / count
    }
}

impl Op for MaxOver {
    #[inline]
    fn name(&self) -> String {
        "max_over".into()
    }

    #[inline]
    fn text(&self, args: &[&str]) -> String {
        format!("max({}, {})", args[0], self.shape)
    }

    #[inline]
    fn takes(&self) -> Takes {
        Takes::ONE
    }

    #[inline]
    fn shape(&self, args: &[&Shape]) -> Result<Shape, Error> {
        let y = SumTo { shape: self.shape.clone() }.shape(args)?;
        let chosen = args[0].iter().rev().zip(y.iter().rev().map(Some).chain(std::iter::repeat(None)));
        if chosen.into_iter().any(|(n, kept)| *n == 0 && kept != Some(&0)) {
            return Err(Error::shape("max_over", format!("nothing to choose from: {} is empty", args[0])));
        }
        Ok(y)
    }

    fn forward<F: Float>(&self, a: Args<'_, Tensor<F>>) -> Value<F> {
        let (x, shape) = (&a[0], Tensor::shape(&a[0]));
        let steps = self.shape.steps_in(shape);
        let (width, inner) = (shape.last().copied().unwrap_or(1), steps.last().copied().unwrap_or(0));
        let mut out = Buffer::filled(self.shape.len_elements(), F::neg_infinity());
        let mut flat = 0;
        for_each_row(shape, [&steps[..]], |[at]| {
            for j in 0..width {
                let (m, x) = (&mut out[at + j * inner], x.data()[flat]);
                if exceeds(x, *m) {
                    *m = x;
                }
                flat += 1;
            }
        });
        Tensor::from_parts(self.shape.clone(), out).into()
    }

    fn vjp<A: Algebra>(&self, _arg: usize, g: A, a: Args<'_, A>, y: &A) -> A {
        chain(&g, &self.shares(&a[0], y))
    }

    fn jvp<A: Algebra>(&self, _arg: usize, d: A, a: Args<'_, A>, y: &A) -> A {
        chain(&d, &self.shares(&a[0], y)).sum_to(&self.shape)
    }

    #[inline]
    fn at_kinks(&self) -> &'static str {
        "Elements that are equally large share the derivative equally."
    }

    #[inline]
    fn flops(&self, args: &[&Shape], _y: &Shape) -> u64 {
        args[0].len_elements() as u64
    }

    #[inline]
    fn cases() -> Vec<Case> {
        let case = |to: &[usize]| Case::of(MaxOver { shape: Shape::from(to) });
        vec![
            case(&[2, 1]).real([2, 3]),
            case(&[1, 3]).real([2, 3]),
            case(&[3, 1]).real([2, 3, 5]),
            case(&[]).real([3]),
            case(&[2, 1]).exactly(Tensor::from([[1.0, 1.0, 0.0], [2.0, 2.0, 2.0]])).at_kink(),
        ]
    }
}

/// The methods of [`MaxOver`].
pub trait MaxOverExt: Algebra {
    /// The largest element, of rank 0. Elements that are equally large share the gradient equally.
    ///
    /// # Panics
    /// If there are no elements.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// assert_eq!(Tensor::from([1.0, 5.0, 3.0]).max().item(), 5.0);
    /// ```
    #[track_caller]
    fn max(&self) -> Self {
        let _called = called("max");
        Self::apply(MaxOver { shape: Shape::scalar() }, &[Arg::Real(self)]).real()
    }

    /// The largest element over some axes, which are removed.
    ///
    /// # Panics
    /// If an axis is out of range or named twice, or one of the axes has nothing to choose from.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// let x = Tensor::from([[1.0, 5.0], [7.0, 3.0]]);
    /// assert_eq!(x.max_over(1).data(), [5.0, 7.0]);
    /// ```
    #[track_caller]
    fn max_over(&self, axes: impl Into<Axes>) -> Self {
        let _called = called("max_over");
        let (shape, removed) = reduced("max_over", &self.shape(), &axes.into());
        ReshapeExt::reshape(&Self::apply(MaxOver { shape }, &[Arg::Real(self)]).real(), removed)
    }

    /// The largest element over some axes, which stay with length 1.
    ///
    /// # Panics
    /// If an axis is out of range or named twice, or one of the axes has nothing to choose from.
    #[track_caller]
    fn max_keeping(&self, axes: impl Into<Axes>) -> Self {
        let _called = called("max_keeping");
        let shape = reduced("max_keeping", &self.shape(), &axes.into()).0;
        Self::apply(MaxOver { shape }, &[Arg::Real(self)]).real()
    }
}

impl<A: Algebra> MaxOverExt for A {}
