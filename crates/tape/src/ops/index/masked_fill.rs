//! A number written where a mask holds.

use crate::error::scope::called;
use crate::ops::Select;
use crate::rule::algebra::{Algebra, Args};
use crate::rule::case::{Case, Function};
use crate::rule::operand::{MaskOperand, Operand};
use crate::tensor::Tensor;

/// The method that fills.
pub trait MaskedFillExt: Algebra {
    /// `value` where the mask holds, else this value. What is overwritten gets no gradient, not even NaN.
    ///
    /// # Panics
    /// If the shapes do not broadcast.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// let x = Tensor::from([1.0, -2.0, 3.0]);
    /// assert_eq!(x.masked_fill(x.less(0.0), 0.0).data(), [1.0, 0.0, 3.0]);
    /// ```
    #[track_caller]
    fn masked_fill(&self, mask: impl MaskOperand<Self>, value: impl Operand<Self>) -> Self {
        let _called = called("masked_fill");
        Select::of(&mask.beside(self), &value.beside(self), self)
    }
}

impl<A: Algebra> MaskedFillExt for A {}

/// [`MaskedFillExt::masked_fill`], as the tests of all functions see it.
#[derive(Clone, Debug)]
pub struct MaskedFill;

impl Function for MaskedFill {
    const NAME: &'static str = "masked_fill";
    const TEXT: &'static str = "a number where a mask holds, else x";
    fn call<A: Algebra>(&self, a: Args<'_, A>) -> A {
        a[0].masked_fill(a.mask(1).clone(), &a[2])
    }
    #[inline]
    fn cases() -> Vec<(Self, Case)> {
        let case = |x: &[usize], mask: Tensor<bool>, value: &[usize]| {
            (MaskedFill, Case::function().real(x).exactly(mask).real(value))
        };
        vec![
            case(&[2, 3], Tensor::from([[true, false, true], [false, false, true]]), &[]),
            case(&[2, 3], Tensor::from([true, false, true]), &[2, 1]),
            case(&[0, 3], Tensor::from(true), &[]),
        ]
    }
}
