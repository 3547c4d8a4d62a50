//! The elements at which a mask holds.

use crate::error::{Error, OrRaise};
use crate::kernels::reduce;
use crate::ops::{BroadcastToExt, MaskedScatter};
use crate::rule::algebra::{Algebra, Arg, Args};
use crate::rule::case::Case;
use crate::rule::complex::Analytic;
use crate::rule::op::{Kind, Op, Takes, Value};
use crate::rule::operand::MaskOperand;
use crate::shape::Shape;
use crate::tensor::Tensor;
use crate::tensor::buffer::Buffer;
use crate::tensor::float::Float;

/// The elements of `x` at which a mask holds, in row-major order. How many there are depends on the mask's values, so
/// the number is part of the operation: on a mask with another number it is an error. [`MaskedScatter`] is its rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
pub struct MaskedSelect {
    /// The number of elements.
    pub count: usize,
}

/// Whether a mask, repeated to `shape`, holds at `count` elements.
#[inline]
pub(crate) fn holds_at(op: &str, mask: &Tensor<bool>, shape: &Shape, count: usize) -> Result<(), Error> {
    let repeats = if mask.is_empty() { 0 } else { shape.len_elements() / mask.len() };
    match mask.data().iter().filter(|m| **m).count() * repeats {
        found if found == count => Ok(()),
        found => Err(Error::shape(op, format!("the mask holds at {found} elements, not at {count} as when recorded"))),
    }
}

impl Op for MaskedSelect {
    #[inline]
    fn name(&self) -> String {
        "masked_select".into()
    }

    #[inline]
    fn takes(&self) -> Takes {
        Takes::Any(&[&[Kind::Real, Kind::Mask]])
    }

    #[inline]
    fn shape(&self, args: &[&Shape]) -> Result<Shape, Error> {
        match args[1].broadcasts_to(args[0]) {
            true => Ok(Shape::from(self.count)),
            false => Err(Error::shape("masked_select", format!("a mask of shape {} for {}", args[1], args[0]))),
        }
    }

    fn check<F: Float>(&self, a: Args<'_, Tensor<F>>) -> Result<(), Error> {
        holds_at("masked_select", a.mask(1), Tensor::shape(&a[0]), self.count)
    }

    fn forward<F: Float>(&self, a: Args<'_, Tensor<F>>) -> Value<F> {
        let mask = reduce::broadcast_to(a.mask(1), Tensor::shape(&a[0]));
        let mut out = Buffer::room(self.count);
        out.extend(a[0].data().iter().zip(mask.data()).filter(|(_, m)| **m).map(|(x, _)| *x));
        Tensor::from_parts(Shape::from(self.count), out).into()
    }

    #[inline]
    fn active(&self, arg: usize) -> bool {
        arg == 0
    }

    fn vjp<A: Algebra>(&self, _arg: usize, g: A, a: Args<'_, A>, _y: &A) -> A {
        A::apply(MaskedScatter { shape: a[0].shape() }, &[Arg::Real(&g), Arg::Mask(a.mask(1))]).real()
    }

    fn jvp<A: Algebra>(&self, _arg: usize, d: A, a: Args<'_, A>, _y: &A) -> A {
        A::apply(*self, &[Arg::Real(&d), Arg::Mask(a.mask(1))]).real()
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
        let case = |count, x: &[usize], mask: Tensor<bool>| Case::of(MaskedSelect { count }).real(x).exactly(mask);
        vec![
            case(3, &[2, 3], Tensor::from([[true, false, true], [false, false, true]])),
            case(4, &[2, 3], Tensor::from([true, false, true])),
            case(2, &[2], Tensor::from(true)),
            case(0, &[2, 3], Tensor::from(false)),
        ]
    }
}

/// The method of [`MaskedSelect`].
pub trait MaskedSelectExt: Algebra {
    /// The elements at which the mask holds, in row-major order, along one axis.
    ///
    /// The shape of the result depends on the values of the mask. A replay with a mask that holds at another number of
    /// elements is an error, and so is this method where shapes alone are known; a sum over a part of a tensor needs
    /// neither as `select(mask, x, 0.0).sum()`.
    ///
    /// # Panics
    /// If the shapes do not broadcast, or the values of the mask are not known.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// let x = Tensor::from([[1.0, -2.0], [-3.0, 4.0]]);
    /// assert_eq!(x.masked_select(x.greater(0.0)).data(), [1.0, 4.0]);
    /// ```
    #[track_caller]
    fn masked_select(&self, mask: impl MaskOperand<Self>) -> Self {
        let mask = mask.beside(self);
        let holds = Self::known_mask("masked_select", &mask).or_raise();
        let Some(shape) = self.shape().broadcast(holds.shape()) else {
            Error::shape("masked_select", format!("a mask of shape {} for {}", holds.shape(), self.shape())).raise()
        };
        let repeats = if holds.is_empty() { 0 } else { shape.len_elements() / holds.len() };
        let count = holds.data().iter().filter(|m| **m).count() * repeats;
        let x = self.broadcast_to(shape);
        Self::apply(MaskedSelect { count }, &[Arg::Real(&x), Arg::Mask(&mask)]).real()
    }
}

impl<A: Algebra> MaskedSelectExt for A {}

#[cfg(test)]
mod tests {
    use crate::prelude::*;

    #[test]
    #[should_panic(expected = "masked_select: the shape of the result depends on the values of a mask")]
    fn a_shape_that_depends_on_data_is_refused_by_name() {
        let x = Shape::from([2, 3]);
        let _ = x.masked_select(x.mask(Tensor::from(true)));
    }

    #[test]
    #[should_panic(expected = "masked_select: a mask of shape [2] for [3]")]
    fn a_mask_that_does_not_fit_is_named() {
        let _ = Tensor::<f64>::zeros([3]).masked_select(Tensor::from([true, false]));
    }
}
