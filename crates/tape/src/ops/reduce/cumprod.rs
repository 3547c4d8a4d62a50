//! Running products: each round multiplies every entry with the one a power of two before it.

use crate::algebra::{Algebra, Args};
use crate::case::{Case, Function};
use crate::error::OrRaise;
use crate::ops::axes::axis;
use crate::ops::{SliceExt, concat};
use crate::scope::called;
use crate::sizes::signed;
use crate::tensor::Tensor;

/// The method that multiplies along an axis.
pub trait CumprodExt: Algebra {
    /// `y[i] = x[0] ⋯ x[i]` along an axis. Every derivative is right where factors are 0, however many.
    ///
    /// # Panics
    /// If the axis is out of range.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// assert_eq!(Tensor::from([2.0, 3.0, 0.0, 4.0]).cumprod(0).data(), [2.0, 6.0, 0.0, 0.0]);
    /// ```
    #[track_caller]
    fn cumprod(&self, at: isize) -> Self {
        let _called = called("cumprod");
        let shape = self.shape();
        let axis = axis("cumprod", at, shape.rank()).or_raise();
        let n = shape[axis];
        let mut y = self.clone();
        // Entry i is the product of up to `step` entries that end there.
        let mut step = 1;
        while step < n {
            let at = signed(axis);
            let grown = y.slice(at, step..n) * y.slice(at, 0..n - step);
            y = concat(&[&y.slice(at, 0..step), &grown], at);
            step *= 2;
        }
        y
    }
}

impl<A: Algebra> CumprodExt for A {}

/// [`CumprodExt::cumprod`], as the tests of all functions see it.
#[derive(Clone, Debug)]
pub struct Cumprod(isize);

impl Function for Cumprod {
    const NAME: &'static str = "cumprod";
    const TEXT: &'static str = "y[i] = x[0] ⋯ x[i] along an axis";
    fn call<A: Algebra>(&self, a: Args<'_, A>) -> A {
        a[0].cumprod(self.0)
    }
    #[inline]
    fn cases() -> Vec<(Self, Case)> {
        let zeros = Tensor::from([[2.0, 0.0, 3.0, -1.0, 0.5], [0.0, 1.5, 0.0, 2.0, 3.0]]);
        vec![
            (Cumprod(1), Case::function().real([2, 3, 5])),
            (Cumprod(-1), Case::function().real([3, 5])),
            (Cumprod(0), Case::function().real([0, 3])),
            (Cumprod(1), Case::function().exactly(zeros)),
        ]
    }
}
