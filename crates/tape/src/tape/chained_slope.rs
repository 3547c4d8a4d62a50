//! Slopes of numbers that a gradient-only tape folds: chained, with 0 absorbing what is infinite (decision 0008).

use super::rarely::rarely;
use crate::rule::number::Num;
use crate::rule::real::Real;
use crate::tensor::float::Float;

/// A derivative, and whether it is known to be neither 0 nor infinite: beside a literal the compiler knows, and drops the check.
#[derive(Clone, Copy)]
pub(super) struct Slope<F> {
    pub(super) by: F,
    pub(super) is_plain: bool,
}

impl<F: Float> Slope<F> {
    /// A derivative beside a plain number, which most often is a literal.
    #[inline(always)]
    pub(super) fn known(by: F) -> Self {
        Slope { by, is_plain: by != F::zero() && is_finite(by) }
    }

    /// The chain of a slope and this one.
    #[inline(always)]
    pub(super) fn behind(self, slope: F) -> F {
        if self.is_plain { slope * self.by } else { times(slope, self.by) }
    }
}

/// A chain of two slopes. A zero derivative absorbs an infinite slope, as a full tape skips a zero adjoint; a zero slope
/// absorbs an infinite derivative, which comes to it as a cotangent.
#[inline(always)]
pub(crate) fn times<F: Float>(slope: F, derivative: F) -> F {
    let product = slope * derivative;
    if num_traits::Float::is_nan(product) { absorb(slope, derivative) } else { product }
}

/// Whether two numbers are finite. (If the sum is not, though they are, that is told too, and does no harm.)
#[inline(always)]
pub(crate) fn are_finite<F: Float>(a: F, b: F) -> bool {
    is_finite(a + b)
}

/// In three instructions instead of six: ∞ · 0 is NaN.
#[inline(always)]
pub(super) fn is_finite<F: Float>(x: F) -> bool {
    !num_traits::Float::is_nan(x * F::zero())
}

rarely! {
    /// Called, so that the way around it is a branch that is not taken and not ten instructions that choose.
    extern fn absorb<F: Float>(slope: F, derivative: F) -> F {
        Num(derivative).chain(Num(slope)).0
    }
}
