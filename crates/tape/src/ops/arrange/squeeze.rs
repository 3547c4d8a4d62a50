//! Axes of length 1, taken away and put in: reshapes.

use crate::error::scope::called;
use crate::error::{Error, OrRaise};
use crate::ops::{Axes, ReshapeExt};
use crate::rule::algebra::{Algebra, Args};
use crate::rule::case::{Case, Function};
use crate::shape::Shape;
use crate::tensor::sizes::signed;

/// The methods that remove and insert axes of length 1.
pub trait SqueezeExt: Algebra {
    /// Without those of the named axes that have length 1; the others stay, as in PyTorch.
    ///
    /// # Panics
    /// If an axis is out of range or named twice.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// let x = Tensor::<f64>::zeros([2, 1, 3, 1]);
    /// assert_eq!(x.squeeze(-1).shape(), &[2, 1, 3]);
    /// assert_eq!(x.squeeze([1, 2, 3]).shape(), &[2, 3]);
    /// ```
    #[track_caller]
    fn squeeze(&self, axes: impl Into<Axes>) -> Self {
        let _called = called("squeeze");
        let shape = self.shape();
        let axes = axes.into().resolve("squeeze", shape.rank()).or_raise();
        let kept = (0..shape.rank()).filter(|k| shape[*k] != 1 || !axes.contains(k));
        ReshapeExt::reshape(self, kept.map(|k| shape[k]).collect::<Shape>())
    }

    /// Without any axis of length 1.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// assert_eq!(Tensor::<f64>::zeros([2, 1, 3, 1]).squeeze_all().shape(), &[2, 3]);
    /// ```
    #[track_caller]
    fn squeeze_all(&self) -> Self {
        let _called = called("squeeze_all");
        ReshapeExt::reshape(self, self.shape().iter().copied().filter(|n| *n != 1).collect::<Shape>())
    }

    /// With an axis of length 1 more, which is axis `at` of the result; −1 is the last.
    ///
    /// # Panics
    /// If the result has no such axis.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// let x = Tensor::<f64>::zeros([2, 3]);
    /// assert_eq!(x.unsqueeze(0).shape(), &[1, 2, 3]);
    /// assert_eq!(x.unsqueeze(-1).shape(), &[2, 3, 1]);
    /// ```
    #[track_caller]
    fn unsqueeze(&self, at: isize) -> Self {
        let _called = called("unsqueeze");
        let shape = self.shape();
        let axis = inserted("unsqueeze", at, shape.rank()).or_raise();
        let lengths = shape[..axis].iter().copied().chain([1]).chain(shape[axis..].iter().copied());
        ReshapeExt::reshape(self, lengths.collect::<Shape>())
    }
}

impl<A: Algebra> SqueezeExt for A {}

/// The position of an axis that is added to `rank` others.
#[inline]
pub(crate) fn inserted(op: &str, at: isize, rank: usize) -> Result<usize, Error> {
    let axis = if at < 0 { at + signed(rank) + 1 } else { at };
    match (0..=signed(rank)).contains(&axis) {
        true => Ok(axis as usize),
        false => Err(Error::shape(op, format!("axis {at} of a tensor of rank {}", rank + 1))),
    }
}

/// [`SqueezeExt::squeeze`], as the tests of all functions see it.
#[derive(Clone, Debug)]
pub struct Squeeze(Axes);

impl Function for Squeeze {
    const NAME: &'static str = "squeeze";
    const TEXT: &'static str = "x without some axes of length 1";
    fn call<A: Algebra>(&self, a: Args<'_, A>) -> A {
        a[0].squeeze(self.0.clone())
    }
    #[inline]
    fn cases() -> Vec<(Self, Case)> {
        vec![
            (Squeeze(1.into()), Case::function().real([2, 1, 3])),
            (Squeeze([0, 2].into()), Case::function().real([1, 3, 1])),
            (Squeeze(0.into()), Case::function().real([2, 3])),
        ]
    }
}

/// [`SqueezeExt::unsqueeze`], as the tests of all functions see it.
#[derive(Clone, Debug)]
pub struct Unsqueeze(isize);

impl Function for Unsqueeze {
    const NAME: &'static str = "unsqueeze";
    const TEXT: &'static str = "x with one more axis of length 1";
    fn call<A: Algebra>(&self, a: Args<'_, A>) -> A {
        a[0].unsqueeze(self.0)
    }
    #[inline]
    fn cases() -> Vec<(Self, Case)> {
        let case = |at, x: &[usize]| (Unsqueeze(at), Case::function().real(x));
        vec![case(0, &[2, 3]), case(-1, &[2, 3]), case(1, &[2, 0]), case(0, &[])]
    }
}

/// [`SqueezeExt::squeeze_all`], as the tests of all functions see it.
#[derive(Clone, Debug)]
pub struct SqueezeAll;

impl Function for SqueezeAll {
    const NAME: &'static str = "squeeze_all";
    const TEXT: &'static str = "x without any axis of length 1";
    fn call<A: Algebra>(&self, a: Args<'_, A>) -> A {
        a[0].squeeze_all()
    }
    #[inline]
    fn cases() -> Vec<(Self, Case)> {
        [&[2, 1, 3][..], &[1, 1], &[2, 3], &[1, 0]].map(|x| (SqueezeAll, Case::function().real(x))).to_vec()
    }
}
