//! Entries moved around an axis.

use crate::error::scope::called;
use crate::error::{Error, OrRaise};
use crate::ops::axes::axis;
use crate::ops::{Axes, SliceExt, concat};
use crate::rule::algebra::{Algebra, Args};
use crate::rule::case::{Case, Function};
use crate::tensor::sizes::signed;

/// The method that moves entries around an axis.
pub trait RollExt: Algebra {
    /// The entries of an axis, or of several, moved on by as many places as `shifts` says for each; those that leave at one
    /// end come in at the other.
    ///
    /// # Panics
    /// If an axis is out of range, or there is not a shift for each.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// let x = Tensor::from([1.0, 2.0, 3.0, 4.0]);
    /// assert_eq!(x.roll(0, 1).data(), [4.0, 1.0, 2.0, 3.0]);
    /// assert_eq!(x.roll(0, -1).data(), [2.0, 3.0, 4.0, 1.0]);
    /// let x = Tensor::from([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]);
    /// assert_eq!(x.roll([0, 1], [1, 1]).data(), [6.0, 5.0, 2.0, 1.0, 4.0, 3.0]);
    /// ```
    #[track_caller]
    fn roll(&self, axes: impl Into<Axes>, shifts: impl Into<Axes>) -> Self {
        let _called = called("roll");
        let (axes, shifts) = (axes.into(), shifts.into());
        let rank = self.shape().rank();
        let shifts = shifts.as_slice();
        let named = axes.as_slice();
        if named.len() != shifts.len() {
            Error::shape("roll", format!("{} shifts for {} axes", shifts.len(), named.len())).raise()
        }
        if rank == 0 && matches!(named, [0 | -1]) {
            return self.clone();
        }
        let mut y = self.clone();
        for (at, shift) in named.iter().zip(shifts) {
            // An axis may be named twice: it is moved on twice.
            y = rolled(&y, axis("roll", *at, rank).or_raise(), *shift);
        }
        y
    }
}

#[track_caller]
fn rolled<A: Algebra>(x: &A, axis: usize, shift: isize) -> A {
    let n = x.shape()[axis];
    let shift = if n == 0 { 0 } else { shift.rem_euclid(signed(n)) as usize };
    if shift == 0 {
        return x.clone();
    }
    let axis = signed(axis);
    concat(&[&x.slice(axis, n - shift..n), &x.slice(axis, 0..n - shift)], axis)
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
