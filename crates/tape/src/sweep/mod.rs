//! One pass over a tape: cotangents backwards, tangents forwards, and the gradients that a pass collects.
//!
//! It knows the tape, and nothing that calls it.

mod backward;
pub(crate) mod gradients;
mod hooks;
mod part;

pub(crate) use backward::*;
