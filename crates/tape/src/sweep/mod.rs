//! One pass over a tape: cotangents backwards, tangents forwards, the gradients that a pass collects, and the watch for numbers
//! that are not finite.
//!
//! It knows the tape, and nothing that calls it.
//!
//! The way from `y.backward()` to its [`Gradients`](crate::Gradients): [`methods`] asks whether there is something to differentiate;
//! [`non_finite`] keeps watch, if the tape was told to; [`backward`] walks once over the tape and collects; [`gradients`] are
//! what it found. What is differentiated again goes through [`over_algebra`] in the place of `backward`.

mod backward;
pub(crate) mod engine;
pub(crate) mod gradients;
mod hooks;
mod methods;
pub(crate) mod non_finite;
mod over_algebra;
mod part;
mod reach;
mod stops;
mod tangents;

use crate::error::Error;
use crate::ops::AnyOp;
use crate::rule::op::Op;
use crate::shape::Shape;

pub(crate) use backward::{backward, backward_onto};
pub(crate) use over_algebra::{arguments, backward_recorded, handle, sweep, sweep_to};
pub(crate) use reach::{Reach, why_inactive};
pub(crate) use tangents::tangents;

/// An error if a rule gives something of another shape than it must: a user's own may forget a sum, and what is then
/// repeated would be a wrong gradient.
pub(crate) fn expect_shape(op: &AnyOp, rule: &str, arg: usize, found: &Shape, expected: &Shape) -> Result<(), Error> {
    if found == expected {
        return Ok(());
    }
    let of = if rule == "vjp" { "an argument" } else { "a value" };
    let message = format!("its {rule} by argument {arg} returns shape {found} for {of} of shape {expected}");
    Err(Error::Shape { op: op.name(), message })
}
