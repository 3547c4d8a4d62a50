//! What may stand beside a value in a call: another value, a plain number, positions, truth values.

use std::ops::Deref;

use crate::rule::algebra::Algebra;
use crate::shape::Shape;
use crate::tensor::Tensor;

/// An operand that is here already, or was made beside another.
#[derive(Debug)]
pub enum Held<'a, A> {
    /// Made for this call.
    Own(A),
    /// The caller's.
    Borrowed(&'a A),
}

impl<A> Deref for Held<'_, A> {
    type Target = A;
    fn deref(&self) -> &A {
        match self {
            Held::Own(a) => a,
            Held::Borrowed(a) => a,
        }
    }
}

/// What may stand beside an `A` in a method: an `A`, a reference to one, a number, and plain tensors and scalars beside
/// recorded ones.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot stand beside a `{A}`",
    label = "not beside a `{A}`",
    note = "both must be of one float type: `Tensor::cast` makes one of another, `Tape::of::<f32>()` a tape of `f32`; a number is \
            written with a point, `2.0`"
)]
pub trait Operand<A> {
    /// The operand as an `A`, where `like` lives.
    #[track_caller]
    fn beside(&self, like: &A) -> Held<'_, A>;
}

impl<A: Algebra> Operand<A> for A {
    #[track_caller]
    fn beside(&self, _like: &A) -> Held<'_, A> {
        Held::Borrowed(self)
    }
}

impl<A: Algebra> Operand<A> for &A {
    #[track_caller]
    fn beside(&self, _like: &A) -> Held<'_, A> {
        Held::Borrowed(self)
    }
}

impl<A: Algebra> Operand<A> for f64 {
    #[track_caller]
    fn beside(&self, like: &A) -> Held<'_, A> {
        Held::Own(like.full(Shape::scalar(), *self))
    }
}

impl<A: Algebra> Operand<A> for f32 {
    #[track_caller]
    fn beside(&self, like: &A) -> Held<'_, A> {
        Held::Own(like.full(Shape::scalar(), f64::from(*self)))
    }
}

/// One of several tensors in a list, such as those of [`concat`](crate::ops::concat): a value, or a reference to one, so that a list
/// may own what it holds.
///
/// # Examples
/// ```
/// use wengert_tape::prelude::*;
/// let (a, b) = (Tensor::from([1.0, 2.0]), Tensor::from([3.0, 4.0]));
/// let borrowed = stack(&[&a, &b], 0);
/// assert_eq!(stack(&[a, b], 0), borrowed);
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not one of several `{A}`",
    label = "not a tensor, and no reference to one",
    note = "a list of tensors is `&[&a, &b]`, or a slice or vector of them: `&list`"
)]
pub trait Listed<A> {
    /// The tensor.
    fn listed(&self) -> &A;
}

impl<A: Algebra> Listed<A> for A {
    #[inline]
    fn listed(&self) -> &A {
        self
    }
}

impl<A: Algebra> Listed<A> for &A {
    #[inline]
    fn listed(&self) -> &A {
        self
    }
}

/// What may be given as positions beside an `A`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` gives no positions beside a `{A}`",
    label = "not a tensor of `i64`",
    note = "positions and classes are whole numbers: `Tensor::from([0, 2])`, or `tape.input(Tensor::from([0, 2]))`"
)]
pub trait IndexOperand<A: Algebra> {
    /// The positions, where `like` lives.
    #[track_caller]
    fn beside(&self, like: &A) -> A::Index;
}

impl<A: Algebra> IndexOperand<A> for Tensor<i64> {
    #[track_caller]
    fn beside(&self, like: &A) -> A::Index {
        like.index(self.clone())
    }
}

impl<A: Algebra> IndexOperand<A> for &Tensor<i64> {
    #[track_caller]
    fn beside(&self, like: &A) -> A::Index {
        like.index((*self).clone())
    }
}

/// What may be given as truth values beside an `A`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` gives no truth values beside a `{A}`",
    label = "not a tensor of `bool`",
    note = "a mask is made by a comparison, `x.less(0.0)`, or is a `Tensor::from([true, false])`"
)]
pub trait MaskOperand<A: Algebra> {
    /// The truth values, where `like` lives.
    #[track_caller]
    fn beside(&self, like: &A) -> A::Mask;
}

impl<A: Algebra> MaskOperand<A> for Tensor<bool> {
    #[track_caller]
    fn beside(&self, like: &A) -> A::Mask {
        like.mask(self.clone())
    }
}

impl<A: Algebra> MaskOperand<A> for &Tensor<bool> {
    #[track_caller]
    fn beside(&self, like: &A) -> A::Mask {
        like.mask((*self).clone())
    }
}
