//! Derivatives of pointwise operations by their formula, for readers whose values are cheap to copy.

use crate::ops::{BroadcastToExt, SumToExt};
use crate::rule::algebra::Algebra;
use crate::rule::pointwise::{Arity, Of, Pointwise};
use crate::rule::real::Real;

/// `g` times the derivative, summed to the shape of the argument.
#[track_caller]
pub(crate) fn vjp<A: Algebra + Real, P: Pointwise>(op: &P, arg: usize, g: A, x: Of<P, &A>, y: &A) -> A {
    times_partial(op, arg, g, x, y).sum_to(x.as_ref()[arg].shape())
}

/// `d` times the derivative, in the shape of the result.
#[track_caller]
pub(crate) fn jvp<A: Algebra + Real, P: Pointwise>(op: &P, arg: usize, d: A, x: Of<P, &A>, y: &A) -> A {
    times_partial(op, arg, d, x, y).broadcast_to(y.shape())
}

#[track_caller]
fn times_partial<A: Algebra + Real, P: Pointwise>(op: &P, arg: usize, g: A, x: Of<P, &A>, y: &A) -> A {
    match op.slope(arg) {
        Some(1.0) => g,
        Some(-1.0) => -g,
        Some(0.0) => g.chain(g.number(0.0)),
        Some(c) => g * c,
        None => g.chain(op.partial(arg, P::Arity::from_fn(|k| *x.as_ref()[k]), *y)),
    }
}
