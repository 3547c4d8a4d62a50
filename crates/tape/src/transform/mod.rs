//! Functions of functions: points and their gradients, differential operators, and recorded graphs that are computed anew, in
//! other numbers, in pieces, or from a file.
//!
//! It knows tapes and their sweeps from outside, and no operation by its name.

pub(crate) mod checkpoint;
pub(crate) mod differential;
#[cfg(feature = "json")]
pub(crate) mod json;
pub(crate) mod per_sample;
pub(crate) mod point;
pub(crate) mod replay;
pub(crate) mod replay_complex;
pub(crate) mod taylor;
