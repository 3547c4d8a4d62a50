//! Axes of length 1 made longer.

use crate::error::Error;
use crate::error::scope::called;
use crate::ops::BroadcastToExt;
use crate::rule::algebra::{Algebra, Args};
use crate::rule::case::{Case, Function};
use crate::shape::Shape;
use crate::tensor::sizes::Sizes;

/// The method that expands.
pub trait ExpandExt: Algebra {
    /// This value repeated to the lengths `sizes`, by NumPy's rules; −1 leaves an axis as it is.
    ///
    /// # Panics
    /// If it does not broadcast to those lengths, or a new axis is left open.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// let x = Tensor::<f64>::zeros([3, 1]);
    /// assert_eq!(x.expand([-1, 4]).shape(), &[3, 4]);
    /// assert_eq!(x.expand([2, -1, 4]).shape(), &[2, 3, 4]);
    /// ```
    #[track_caller]
    fn expand(&self, sizes: impl Into<Sizes>) -> Self {
        let _called = called("expand");
        let (shape, sizes) = (self.shape(), sizes.into());
        let lengths = sizes.lengths();
        let length = |k: usize| match (lengths[k], (k + shape.rank()).checked_sub(lengths.len())) {
            (-1, Some(axis)) => Some(shape[axis]),
            (n, _) => usize::try_from(n).ok(),
        };
        let to: Option<Shape> = (0..lengths.len()).map(length).collect();
        let Some(to) = to.filter(|to| shape.broadcasts_to(to)) else {
            Error::shape("expand", format!("{shape} does not expand to {lengths:?}")).raise()
        };
        self.broadcast_to(to)
    }
}

impl<A: Algebra> ExpandExt for A {}

/// [`ExpandExt::expand`], as the tests of all functions see it.
#[derive(Clone, Debug)]
pub struct Expand(Sizes);

impl Function for Expand {
    const NAME: &'static str = "expand";
    const TEXT: &'static str = "x repeated along axes of length 1";
    fn call<A: Algebra>(&self, a: Args<'_, A>) -> A {
        a[0].expand(self.0.clone())
    }
    #[inline]
    fn cases() -> Vec<(Self, Case)> {
        let case = |sizes: &[i32], x: &[usize]| (Expand(sizes.into()), Case::function().real(x));
        vec![case(&[-1, 5], &[3, 1]), case(&[2, -1, 5], &[3, 1]), case(&[2, 3], &[]), case(&[0, 3], &[1, 3])]
    }
}
