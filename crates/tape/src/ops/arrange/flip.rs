//! Axes read backwards.

use smallvec::SmallVec;

use crate::error::scope::called;
use crate::error::{Error, OrRaise};
use crate::kernels::windows::for_each_index;
use crate::ops::Axes;
use crate::rule::algebra::{Algebra, Arg, Args};
use crate::rule::case::Case;
use crate::rule::complex::Analytic;
use crate::rule::op::{Op, Takes, Value};
use crate::shape::Shape;
use crate::tensor::Tensor;
use crate::tensor::buffer::Buffer;
use crate::tensor::float::Float;

/// `x` with some axes read backwards. It is its own rule.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
pub struct Flip {
    /// The axes, in ascending order.
    pub axes: SmallVec<[usize; 4]>,
}

impl Op for Flip {
    #[inline]
    fn name(&self) -> String {
        "flip".into()
    }

    #[inline]
    fn text(&self, args: &[&str]) -> String {
        format!("flip({}, {:?})", args[0], self.axes)
    }

    #[inline]
    fn takes(&self) -> Takes {
        Takes::ONE
    }

    #[inline]
    fn shape(&self, args: &[&Shape]) -> Result<Shape, Error> {
        Axes::from(&self.axes[..]).resolve("flip", args[0].rank())?;
        Ok(args[0].clone())
    }

    fn forward<F: Float>(&self, a: Args<'_, Tensor<F>>) -> Value<F> {
        let x = &a[0];
        let (shape, data) = (Tensor::shape(x), x.data());
        let width = shape.last().copied().unwrap_or(1);
        let outer = &shape[..shape.rank().saturating_sub(1)];
        let mut out = Buffer::room(x.len());
        let backwards = shape.rank() > 0 && self.axes.contains(&outer.len());
        for_each_index(outer, |index| {
            let row = index
                .iter()
                .enumerate()
                .fold(0, |row, (k, i)| row * outer[k] + if self.axes.contains(&k) { outer[k] - 1 - i } else { *i });
            let row = &data[row * width..][..width];
            match backwards {
                true => out.extend(row.iter().rev()),
                false => out.extend_from_slice(row),
            }
        });
        Tensor::from_parts(shape.clone(), out).into()
    }

    fn vjp<A: Algebra>(&self, _arg: usize, g: A, _a: Args<'_, A>, _y: &A) -> A {
        A::apply(self.clone(), &[Arg::Real(&g)]).real()
    }

    fn jvp<A: Algebra>(&self, _arg: usize, d: A, _a: Args<'_, A>, _y: &A) -> A {
        A::apply(self.clone(), &[Arg::Real(&d)]).real()
    }

    #[inline]
    fn flops(&self, _args: &[&Shape], _y: &Shape) -> u64 {
        0
    }

    #[inline]
    fn analytic(&self) -> Analytic {
        Analytic::Linear
    }

    #[inline]
    fn cases() -> Vec<Case> {
        let case = |axes: &[usize], x: &[usize]| Case::of(Flip { axes: axes.into() }).real(x);
        vec![
            case(&[0], &[2, 3]),
            case(&[1], &[2, 3]),
            case(&[0, 2], &[2, 3, 5]),
            case(&[], &[]),
            case(&[1], &[0, 3]),
            case(&[0], &[3, 0]),
        ]
    }
}

/// The method of [`Flip`].
pub trait FlipExt: Algebra {
    /// The entries of some axes in the opposite order.
    ///
    /// # Panics
    /// If an axis is out of range or named twice.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// let x = Tensor::from([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]);
    /// assert_eq!(x.flip(-1), Tensor::from([[3.0, 2.0, 1.0], [6.0, 5.0, 4.0]]));
    /// assert_eq!(x.flip([0, 1]), Tensor::from([[6.0, 5.0, 4.0], [3.0, 2.0, 1.0]]));
    /// ```
    #[track_caller]
    fn flip(&self, axes: impl Into<Axes>) -> Self {
        let _called = called("flip");
        let axes = axes.into().resolve("flip", self.shape().rank()).or_raise();
        Self::apply(Flip { axes }, &[Arg::Real(self)]).real()
    }
}

impl<A: Algebra> FlipExt for A {}
