//! Entries moved around an axis.

use crate::algebra::{Algebra, Args};
use crate::case::{Case, Function};
use crate::error::OrRaise;
use crate::ops::axes::axis;
use crate::ops::{SliceExt, concat};
use crate::scope::called;
use crate::sizes::signed;

/// The method that moves entries around an axis.
pub trait RollExt: Algebra {
    /// The entries of an axis moved on by `shift` places; those that leave at one end come in at the other.
    ///
    /// # Panics
    /// If the axis is out of range.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// let x = Tensor::from([1.0, 2.0, 3.0, 4.0]);
    /// assert_eq!(x.roll(0, 1).data(), [4.0, 1.0, 2.0, 3.0]);
    /// assert_eq!(x.roll(0, -1).data(), [2.0, 3.0, 4.0, 1.0]);
    /// ```
    #[track_caller]
    fn roll(&self, at: isize, shift: isize) -> Self {
        let _called = called("roll");
        let axis = axis("roll", at, self.shape().rank()).or_raise();
        let n = self.shape()[axis];
        let shift = if n == 0 { 0 } else { shift.rem_euclid(signed(n)) as usize };
        if shift == 0 {
            return self.clone();
        }
        let axis = signed(axis);
        concat(&[&self.slice(axis, n - shift..n), &self.slice(axis, 0..n - shift)], axis)
    }
}

impl<A: Algebra> RollExt for A {}

/// [`RollExt::roll`], as the tests of all functions see it.
#[derive(Clone, Debug)]
pub struct Roll {
    axis: isize,
    shift: isize,
}

impl Function for Roll {
    const NAME: &'static str = "roll";
    const TEXT: &'static str = "x moved on around an axis";
    fn call<A: Algebra>(&self, a: Args<'_, A>) -> A {
        a[0].roll(self.axis, self.shift)
    }
    #[inline]
    fn cases() -> Vec<(Self, Case)> {
        let case = |axis, shift, x: &[usize]| (Roll { axis, shift }, Case::function().real(x));
        vec![case(0, 1, &[5, 2]), case(-1, -1, &[2, 3]), case(1, 7, &[2, 3, 2]), case(0, 1, &[0, 2]), case(0, 5, &[5])]
    }
}
